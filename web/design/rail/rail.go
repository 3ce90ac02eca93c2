// Package rail is the progress of long work: its steps with times, live, and the same after a reload.
//
// Owns: how steps of work are shown and refreshed.
// Does not own: the work.
// Reads: nothing.
// Writes: nothing.
package rail

import (
	"time"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// State of a step.
type State string

// The states.
const (
	Done    State = "done"
	Current State = "current"
	Waiting State = "waiting"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Rail is the steps of one piece of work. While URL is set it asks that address again every second and
// replaces itself by the answer (the same template); when the work ends, leave URL empty.
type Rail struct {
	ID    string // unique on the page
	Label string // "Progress of order ord_…"
	Steps []Step
	URL   string
}

// Step is one step. Took is shown when it is done.
type Step struct {
	State  State
	Name   string
	Detail string
	At     time.Time
	Took   time.Duration
}

func examples(l *locale.Locale) []part.Example {
	at := time.Date(2026, 11, 5, 14, 5, 0, 0, time.UTC)
	steps := []Step{
		{Done, l.T("example.rail.order"), l.T("example.rail.order.detail"), at, 9 * time.Millisecond},
		{Done, l.T("example.rail.place"), l.T("example.rail.place.detail"), at, 4 * time.Millisecond},
		{Current, l.T("example.rail.provision"), l.T("example.rail.provision.detail"), time.Time{}, 0},
		{Waiting, l.T("example.rail.connect"), "", time.Time{}, 0},
		{Waiting, l.T("example.rail.meter"), "", time.Time{}, 0},
	}
	failed := append([]Step{}, steps...)
	failed[2] = Step{Failed, l.T("example.rail.provision"), l.T("example.rail.failed.detail"), at.Add(time.Second), 0}
	failed[3].State, failed[4].State = Skipped, Skipped
	ended := append([]Step{}, steps...)
	ended[2] = Step{Done, l.T("example.rail.provision"), l.T("example.rail.provision.done"), at, 300 * time.Millisecond}
	ended[3] = Step{Done, l.T("example.rail.connect"), "", at, 41 * time.Millisecond}
	ended[4] = Step{Done, l.T("example.rail.meter"), "", at, 12 * time.Millisecond}
	return []part.Example{
		{Title: l.T("example.rail.running"), Template: "rail", View: Rail{ID: "rail-running", Label: l.T("example.rail.label"), Steps: steps}},
		{Title: l.T("example.rail.failed"), Template: "rail", View: Rail{ID: "rail-failed", Label: l.T("example.rail.label"), Steps: failed}},
		{Title: l.T("example.rail.done"), Template: "rail", View: Rail{ID: "rail-done", Label: l.T("example.rail.label"), Steps: ended}},
	}
}
