// Package exitmark shows the way out beside the price, before buying: formats, last rehearsal, how long it took.
//
// Owns: how leaving is shown.
// Does not own: leaving (exit).
// Reads: nothing.
// Writes: nothing.
package exitmark

import (
	"time"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Mark is how well one can leave. Without Rehearsed it says that leaving was never tried.
type Mark struct {
	Formats   []string // "JSON", "PostgreSQL dump"
	Rehearsed time.Time
	Took      time.Duration
	Objects   int64  // how much was carried out and in again
	URL       string // what leaving looks like, step by step
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{
		{Title: l.T("example.exit.rehearsed"), Template: "exitmark", View: Mark{Formats: []string{"JSON", "NDJSON", "MQTT"}, Rehearsed: time.Date(2026, 10, 28, 3, 0, 0, 0, time.UTC), Took: 4*time.Minute + 12*time.Second, Objects: 10120, URL: "#exit"}},
		{Title: l.T("example.exit.never"), Template: "exitmark", View: Mark{Formats: []string{"CSV"}, URL: "#exit"}},
		{Title: l.T("example.exit.none"), Template: "exitmark", View: Mark{}},
	}
}
