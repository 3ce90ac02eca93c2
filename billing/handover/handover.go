// Package handover gives rated charges to another billing system of the operator, and checks what became of each line.
//
// Owns: batches with their numbers, lines with what the other system answered, the reconciliation of both.
// Does not own: charges and statements of charges (rating, billing), who bills a market (billing.Billed), their proofs
// (proof): a line that was handed over is verified offline as one of an invoice is.
// Reads: fact invoice.issued of statements of charges; documents of billing.
// Writes: handover_batch, handover_line; facts handover.made, handover.answered, handover.returned.
//
// # Life of a line
//
//  1. waiting: a month close, or the end of a service, stated the charges (UNTDID 1001: 325, series HND). No invoice number
//     is used.
//  2. handed: it is in a batch. Making batches twice puts no line into two: a batch is fetched as often as one likes.
//  3. acknowledged or refused: the other system answered. A refused line waits again once a person says so.
//  4. billed: with the number of the other system's bill, and the amount that stands there.
//
// The same answer twice changes nothing. What was handed over is what waits for an answer, is acknowledged, refused or
// billed: [Handovers.Reconcile] adds it up and names each line that was billed with another amount.
package handover

import (
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations {
	return store.Migrations{Package: "billing/handover", Files: files}
}

// The facts of this package.
const (
	FactMade     = "handover.made.v1"     // payload Fact; of the batch
	FactAnswered = "handover.answered.v1" // payload Fact, with what changed
	FactReturned = "handover.returned.v1" // refused lines wait again
)

// Fact is the payload of the facts of a batch.
type Fact struct {
	Batch        string `json:"batch"`
	Market       string `json:"market"`
	Number       int64  `json:"number"`
	Lines        int64  `json:"lines"`
	Acknowledged int    `json:"acknowledged,omitempty"`
	Refused      int    `json:"refused,omitempty"`
	Billed       int    `json:"billed,omitempty"`
}

// State is where a line stands.
type State string

// The states; see the package.
const (
	Waiting      State = "waiting"
	Handed       State = "handed"
	Acknowledged State = "acknowledged"
	Refused      State = "refused"
	BilledThere  State = "billed"
)

// States are all of them in the order of a line's life.
func States() []State { return []State{Waiting, Handed, Acknowledged, Refused, BilledThere} }

// Transitions are all ways from one state to another; what is not here is refused.
func Transitions() map[State][]State {
	return map[State][]State{
		Waiting:      {Handed},                             // it got into a batch
		Handed:       {Acknowledged, Refused, BilledThere}, // the other system answered
		Acknowledged: {Refused, BilledThere},
		Refused:      {Waiting, Acknowledged}, // a person hands it over again; or the other system took it after all
		BilledThere:  {},
	}
}

// Batch is some lines that were handed over together.
type Batch struct {
	ID     string
	Market string
	Number int64 // 1, 2, 3 … of the market, without gaps
	Lines  int64
	MadeAt time.Time
	Actor  string
	org    string // that runs the market
}

// Line is one line of a statement of charges on its way.
type Line struct {
	ID       string // document and number, "inv_…/3": the key by which the other system knows it twice
	Batch    string // "" while it waits
	Document string
	No       int
	Org      string // customer
	Net      money.Amount
	State    State
	Reason   string // of a refusal
	Bill     string // number of the other system's bill
	Billed   money.Amount
	Attempt  int64 // how often it was handed over
}

// Answer is what the other system says of one line.
type Answer struct {
	Line   string       `json:"line"`
	State  State        `json:"state"` // Acknowledged, Refused or BilledThere
	Reason string       `json:"reason,omitempty"`
	Bill   string       `json:"bill,omitempty"`
	Amount money.Amount `json:"amount,omitzero"` // without tax, as it stands on the bill
}

// Outcome is what became of an answer.
type Outcome struct {
	Line    string
	Changed bool   // false when it was known already, or was not taken
	Problem string // why it was not taken
}

// Limits.
const (
	perBatch   = 10_000
	maxAnswers = 10_000
	maxText    = 200
)

func lineID(document string, no int) string { return fmt.Sprintf("%s/%d", document, no) }

// apply changes a line by an answer, or says why it cannot be.
func (l *Line) apply(a Answer) (changed bool, problem string) {
	switch {
	case !slices.Contains([]State{Acknowledged, Refused, BilledThere}, a.State):
		return false, "the state must be acknowledged, refused or billed"
	case len(a.Reason) > maxText || len(a.Bill) > maxText:
		return false, "the reason and the number of the bill have at most 200 letters"
	case a.State == Refused && a.Reason == "":
		return false, "a refusal needs its reason"
	case a.State == BilledThere && (a.Bill == "" || a.Amount.Currency != l.Net.Currency):
		return false, "a billed line needs the number of the bill and the amount without tax, in " + string(l.Net.Currency)
	}
	if a.State == l.State {
		if a.State == BilledThere && (a.Bill != l.Bill || a.Amount != l.Billed) {
			return false, "it is billed already, on " + l.Bill + " with " + l.Billed.String()
		}
		if a.State != Refused || a.Reason == l.Reason {
			return false, ""
		}
	} else if !slices.Contains(Transitions()[l.State], a.State) {
		return false, "it is " + string(l.State) + ", and cannot become " + string(a.State)
	}
	l.State, l.Reason = a.State, ""
	switch a.State {
	case Refused:
		l.Reason = a.Reason
	case BilledThere:
		l.Bill, l.Billed = a.Bill, a.Amount
	}
	return true, ""
}

func missing(id string) error { return fail.Missing("hand-over", id) }
