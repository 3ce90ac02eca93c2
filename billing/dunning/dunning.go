// Package dunning reminds customers of invoices that are overdue, in steps, and tells the operator how old its debts are.
//
// Owns: by which steps a market reminds, and where each overdue invoice stands.
// Does not own: invoices (billing), debits (billing/collect), the life of a service (subscription).
// Reads: open invoices of billing; debits under way of billing/collect; the market of an organisation.
// Writes: dunning_plan, dunning_case, dunning_stop; facts dunning.*; mails; the commands subscription.Suspend and Resume.
//
// # Rules
//
//   - A step follows the one before after at least a week, however late the job runs: nobody gets two letters at once.
//   - While a debit is under way nobody is reminded.
//   - Services stop only where the market's plan says so, after a notice of at least two weeks, and only those of the unpaid
//     invoice. What stops is the running service. Signing in, reading, taking data out and leaving are never touched.
//   - What was stopped goes on as soon as the invoice is paid.
//   - No fee is asked of anybody.
package dunning

import (
	"embed"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "dunning", Files: files} }

// Kind is what a step does.
type Kind string

// The kinds, in the order in which they may follow each other.
const (
	Friendly Kind = "friendly" // it may have been overlooked
	First    Kind = "first"
	Second   Kind = "second"
	Notice   Kind = "notice" // services will stop
	Stop     Kind = "stop"   // services of the invoice stand still
)

var order = []Kind{Friendly, First, Second, Notice, Stop}

// Step is one step of a plan: so many days after the invoice was due.
type Step struct {
	Kind Kind `json:"kind"`
	Days int  `json:"days"`
}

// Plan is by what steps a market reminds from a day on.
type Plan struct {
	Market string
	From   price.Date
	Steps  []Step
}

// Default is the plan of markets that set none: three letters, and nothing stops.
func Default() []Step { return []Step{{Friendly, 3}, {First, 14}, {Second, 28}} }

const (
	maxDays = 365
	pause   = 7 * 24 * time.Hour // between two steps
	notice  = 14                 // days between the notice and the stop
)

// check refuses plans that would surprise people.
func (p Plan) check() error {
	e := fail.New(fail.Invalid, "dunning.plan", "These steps cannot be used.", "Correct the fields named.")
	if !p.From.Valid() {
		e = e.Field("from", "must be a date")
	}
	last, days, noticed := -1, 0, -1
	for n, s := range p.Steps {
		field := fmt.Sprintf("steps.%d", n)
		at := -1
		for i, k := range order {
			if k == s.Kind {
				at = i
			}
		}
		switch {
		case at < 0:
			e = e.Field(field, "use friendly, first, second, notice or stop")
		case at <= last:
			e = e.Field(field, "stands at the wrong place: each kind once, from friendly to stop")
		case s.Days <= days || s.Days > maxDays:
			e = e.Field(field, "must come later than the step before, and within a year")
		case s.Kind == Stop && (noticed < 0 || s.Days < noticed+notice):
			e = e.Field(field, "services stop only two weeks after a notice")
		}
		if s.Kind == Notice {
			noticed = s.Days
		}
		last, days = max(last, at), max(days, s.Days)
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// State is where the case of an invoice stands.
type State string

// The states.
const (
	Open    State = "open"
	Settled State = "settled" // paid or credited
)

// Case is where an overdue invoice stands.
type Case struct {
	Invoice string
	Org     string
	Entity  string
	Kind    Kind  // of the last step
	Step    int64 // how many were taken
	State   State
	At      time.Time // of the last step
}

// The facts of this package; the aggregate is the invoice, and they concern customer and seller.
const (
	FactPlan    = "dunning.plan_set.v1" // PlanFact
	FactStep    = "dunning.step.v1"     // CaseFact
	FactSettled = "dunning.settled.v1"  // CaseFact
)

// PlanFact is the payload of dunning.plan_set.v1.
type PlanFact struct {
	Market string     `json:"market"`
	From   price.Date `json:"from"`
	Steps  []Step     `json:"steps"`
}

// CaseFact is the payload of dunning.step.v1 and dunning.settled.v1.
type CaseFact struct {
	Invoice  string       `json:"invoice"`
	Org      string       `json:"org"`
	Kind     Kind         `json:"kind"`
	Owed     money.Amount `json:"owed"`
	Services []string     `json:"services,omitempty"` // that stand still, or go on, from now on
}
