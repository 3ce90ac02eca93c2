// Package why is the panel that unfolds a decision into its rules and facts.
//
// Owns: how a decision is explained.
// Does not own: decisions.
// Reads: nothing.
// Writes: nothing.
package why

import (
	"time"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Outcome is what one rule said.
type Outcome string

// The outcomes.
const (
	Yes  Outcome = "yes"
	No   Outcome = "no"
	Note Outcome = "note" // said nothing for or against
)

// Panel is one decision. Texts are localised by the page.
type Panel struct {
	Question string // "Why Lyon?"
	Answer   string // one sentence
	Rules    []Rule
	Facts    []Fact
	Decided  time.Time
	Command  string // checks it in a terminal: "halle why ord_…"
	Open     bool
}

// Rule is one rule and what it said.
type Rule struct {
	Outcome Outcome
	Text    string
	Clause  string // "policy 3", "Code de la santé publique, L1111-8"
	URL     string
}

// Fact is one thing the rules looked at.
type Fact struct{ Name, Value string }

func examples(l *locale.Locale) []part.Example {
	p := Panel{Question: l.T("example.why.question"), Answer: l.T("example.why.answer"), Open: true,
		Decided: time.Date(2026, 11, 5, 14, 5, 0, 0, time.UTC), Command: "halle why ord_01k9x2m4", Rules: []Rule{
			{Yes, l.T("example.why.eea"), l.T("example.why.eea.clause"), "#policy"},
			{Yes, l.T("example.why.hds"), l.T("example.why.hds.clause"), ""},
			{No, l.T("example.why.dublin"), l.T("example.why.dublin.clause"), "#policy"},
			{Note, l.T("example.why.price"), "", ""},
		}, Facts: []Fact{{l.T("example.why.fact.class"), l.T("example.why.fact.class.value")}, {l.T("example.why.fact.regions"), l.Number(4)}}}
	closed := p
	closed.Open, closed.Question = false, l.T("example.why.question.refused")
	return []part.Example{
		{Title: l.T("example.why.open"), Template: "why", View: p, Wide: true},
		{Title: l.T("example.why.closed"), Template: "why", View: closed, Wide: true},
	}
}
