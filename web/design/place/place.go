// Package place is the place badge: city and country, under whose law, and how well it is known.
//
// Owns: how a place and its evidence are shown.
// Does not own: regions, laws and evidence (residency).
// Reads: nothing.
// Writes: nothing.
package place

import (
	"slices"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Evidence says how well a place is known, weakest first.
type Evidence string

// The levels.
const (
	Declared  Evidence = "declared"  // the supplier says so
	Certified Evidence = "certified" // a certificate says so
	Listed    Evidence = "listed"    // a public register says so
	Measured  Evidence = "measured"  // we measured it
	OwnKey    Evidence = "own_key"   // the data is under the customer's own key
)

// Levels lists the evidence, weakest first.
func Levels() []Evidence { return []Evidence{Declared, Certified, Listed, Measured, OwnKey} }

// Badge is a place. Texts are localised by the page.
type Badge struct {
	City, Country string
	Law           string // "French law"; "US law through its owner"
	Evidence      Evidence
	Refused       bool // not allowed here for what the customer asked
	Reasons       []Reason
}

// Reason is one fact about the place, with its source.
type Reason struct {
	Text, Source string
	URL          string
}

// Steps says for each level whether the evidence reaches it.
func (b Badge) Steps() []bool {
	reached := slices.Index(Levels(), b.Evidence)
	steps := make([]bool, len(Levels()))
	for i := range steps {
		steps[i] = i <= reached
	}
	return steps
}

func examples(l *locale.Locale) []part.Example {
	lyon := Badge{City: "Lyon", Country: l.T("example.france"), Law: l.T("example.law.fr"), Evidence: Measured, Reasons: []Reason{
		{Text: l.T("example.place.owner"), Source: l.T("example.place.owner.source"), URL: "#register"},
		{Text: l.T("example.place.hds"), Source: l.T("example.place.hds.source"), URL: "#hds"},
		{Text: l.T("example.place.ping"), Source: l.T("example.place.ping.source")},
	}}
	dublin := Badge{City: "Dublin", Country: l.T("example.ireland"), Law: l.T("example.law.us"), Evidence: Declared, Refused: true,
		Reasons: []Reason{{Text: l.T("example.place.parent"), Source: l.T("example.place.parent.source")}}}
	return []part.Example{
		{Title: l.T("example.place.allowed"), Template: "place", View: lyon},
		{Title: l.T("example.place.refused"), Template: "place", View: dublin},
		{Title: l.T("example.place.plain"), Template: "place", View: Badge{City: "Strasbourg", Country: l.T("example.france"), Law: l.T("example.law.fr"), Evidence: OwnKey}},
	}
}
