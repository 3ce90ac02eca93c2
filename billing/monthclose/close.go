// Package monthclose issues the invoices of a month for all customers of an organisation's markets: worked out before,
// looked at by two people, then issued and sent.
//
// Owns: month closes with what each does for each customer, and the mail that tells a customer of its invoices.
// Does not own: invoices and their numbers (billing), charges (rating), how mails leave (internal/mail).
// Reads: charges that are due (rating), drafts and what was invoiced before (billing), markets and organisations (party).
// Writes: month_close, month_close_item; facts close.prepared, close.approved, close.issued, close.sent, close.discarded;
// invoices by billing's command, mails.
//
// # Life of a close
//
//  1. preparing: what would be issued is worked out for every customer, and compared with the month before.
//  2. prepared: a person looks at it. Another person than the one who prepared approves it, or it is prepared again.
//  3. issuing: each customer's invoices are issued, if they still come to what was approved; else the customer fails.
//  4. sending: each customer is written to.
//  5. sent: done. What failed says why; preparing again takes it up, and needs approval again.
//
// Steps 1, 3 and 4 are a job: it may be killed anywhere and goes on where it was. What is done for a customer and the
// note that it is done are one transaction, so that nothing happens twice and nothing is lost.
package monthclose

import (
	"embed"
	"fmt"
	"slices"
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
func Migrations() store.Migrations { return store.Migrations{Package: "monthclose", Files: files} }

// State is where a close stands.
type State string

// The states.
const (
	StatePreparing State = "preparing"
	StatePrepared  State = "prepared"
	StateIssuing   State = "issuing"
	StateSending   State = "sending"
	StateSent      State = "sent"
	StateDiscarded State = "discarded"
)

// Command is what moves a close on.
type Command string

// The commands. People give prepare, approve and discard; the others are what the job found.
const (
	CommandPrepare  Command = "prepare"
	CommandPrepared Command = "prepared"
	CommandApprove  Command = "approve"
	CommandDiscard  Command = "discard"
	CommandIssued   Command = "issued"
	CommandSent     Command = "sent"
)

// The facts of this package, each with payload Fact.
const (
	FactPrepared  = "close.prepared.v1"
	FactApproved  = "close.approved.v1"
	FactIssued    = "close.issued.v1"
	FactSent      = "close.sent.v1"
	FactDiscarded = "close.discarded.v1"
)

// Transition is one row of the table of states.
type Transition struct {
	From    State
	Command Command
	Guard   string
	To      State
	Fact    string // "" for none
}

// Transitions are all ways from one state to another; what is not here is refused.
func Transitions() []Transition {
	return []Transition{
		{StatePreparing, CommandPrepared, "every customer that is due was worked out in this round", StatePrepared, FactPrepared},
		{StatePreparing, CommandDiscard, "nothing was issued", StateDiscarded, FactDiscarded},
		{StatePrepared, CommandPrepare, "", StatePreparing, ""},
		{StatePrepared, CommandApprove, "by another person than the one who prepared this round", StateIssuing, FactApproved},
		{StatePrepared, CommandDiscard, "nothing was issued", StateDiscarded, FactDiscarded},
		{StateIssuing, CommandIssued, "every customer was issued to, or failed", StateSending, FactIssued},
		{StateSending, CommandSent, "every customer with an invoice was written to", StateSent, FactSent},
		{StateSent, CommandPrepare, "a customer failed, and no other close runs", StatePreparing, ""},
	}
}

func next(from State, c Command) (Transition, error) {
	list := Transitions()
	n := slices.IndexFunc(list, func(t Transition) bool { return t.From == from && t.Command == c })
	if n < 0 {
		return Transition{}, fail.New(fail.Conflict, "close.state", fmt.Sprintf("The close is %s: that cannot be done now.", from), "Look at where it stands.").With("state", string(from))
	}
	return list[n], nil
}

// ended tells whether another close may begin.
func (s State) ended() bool { return s == StateSent || s == StateDiscarded }

// Fact is the payload of the facts of a close.
type Fact struct {
	Close    string         `json:"close"`
	Org      string         `json:"org"`
	Month    string         `json:"month"`
	Round    int64          `json:"round"`
	State    State          `json:"state"`
	Preparer string         `json:"preparer"`
	Approver string         `json:"approver,omitempty"`
	Ready    int64          `json:"ready"` // customers, by what became of them
	Issued   int64          `json:"issued"`
	Sent     int64          `json:"sent"`
	Failed   int64          `json:"failed"`
	Totals   []money.Amount `json:"totals,omitempty"` // gross, of what was approved or prepared
}

// Close is one closing of a month.
type Close struct {
	ID         string
	Org        string // the organisation whose markets are closed
	Month      Month
	State      State
	Round      int64
	Preparer   string // access.Caller.Ref
	Approver   string
	BeganAt    time.Time
	PreparedAt time.Time
	ApprovedAt time.Time
	EndedAt    time.Time
	Summary
	Counts
}

// Counts are customers by what became of them.
type Counts struct {
	Ready, Issued, Sent, Failed, Nothing int64
}

// Due is how many customers there is something for.
func (c Counts) Due() int64 { return c.Ready + c.Issued + c.Sent + c.Failed }

// Summary is what a close comes to: worked out when it is prepared, and again when it is issued.
type Summary struct {
	Standing int64          `json:"standing"` // customers that stand out
	Totals   []money.Amount `json:"totals"`   // gross, in each currency
	Before   []money.Amount `json:"before"`   // what was invoiced in the month before
}

func (s *Summary) add(i Item) error {
	if len(i.Flags) > 0 {
		s.Standing++
	}
	for _, b := range i.Before {
		if err := add(&s.Before, b); err != nil {
			return err
		}
	}
	for _, one := range i.Invoices {
		if err := add(&s.Totals, one.Gross); err != nil {
			return err
		}
	}
	if len(i.Invoices) > 0 {
		return nil
	}
	for _, e := range i.Expected {
		if err := add(&s.Totals, e.Gross); err != nil {
			return err
		}
	}
	return nil
}

// ItemState is what became of a customer.
type ItemState string

// What can become of one.
const (
	ItemReady   ItemState = "ready"   // worked out
	ItemIssued  ItemState = "issued"  // its invoices are issued
	ItemSent    ItemState = "sent"    // and it was written to
	ItemFailed  ItemState = "failed"  // see Failure
	ItemNothing ItemState = "nothing" // nothing is to be issued
)

// Flag is why a customer stands out.
type Flag string

// The flags.
const (
	FlagNew    Flag = "new"    // it was not invoiced in the month before
	FlagGone   Flag = "gone"   // it was, and now there is nothing
	FlagMore   Flag = "more"   // half as much again, or more
	FlagLess   Flag = "less"   // half of it, or less
	FlagWaits  Flag = "waits"  // it comes to less than nothing and waits for the next invoice
	FlagFailed Flag = "failed" // it cannot be invoiced as things are
)

// Item is what a close does for one customer.
type Item struct {
	Org      string
	State    ItemState
	Expected []Expected
	Before   []money.Amount
	Flags    []Flag
	Invoices []Issued
	Mails    int64 // people that were written to
	Failure  Failure
	round    int64
	rank     int64
}

// Total is the gross amount expected, in each currency.
func (i Item) Total() ([]money.Amount, error) {
	var out []money.Amount
	for _, e := range i.Expected {
		if err := add(&out, e.Gross); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Expected is one invoice as it was worked out; it is issued if it still comes to that.
type Expected struct {
	Entity string       `json:"entity"`
	Basis  price.Basis  `json:"basis"`
	Net    money.Amount `json:"net"`
	Gross  money.Amount `json:"gross"`
	Lines  int          `json:"lines"`
}

// Issued is one invoice that was issued.
type Issued struct {
	ID     string       `json:"id"`
	Number string       `json:"number"`
	Gross  money.Amount `json:"gross"`
	Due    price.Date   `json:"due"`
}

// Failure is why a customer could not be invoiced, and what would make it pass.
type Failure struct {
	Code   string `json:"code"`
	Text   string `json:"text"`
	Remedy string `json:"remedy"`
}

// Month is a civil month.
type Month struct {
	Year  int
	Month time.Month
}

// ParseMonth reads "2026-10".
func ParseMonth(text string) (Month, error) {
	t, err := time.Parse("2006-01", text)
	if err != nil || t.Year() < 2000 {
		return Month{}, fail.New(fail.Invalid, "close.month", "This is not a month.", "Write it like 2026-10.").Field("month", "must be like 2026-10")
	}
	return Month{t.Year(), t.Month()}, nil
}

// String is "2026-10".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, m.Month) }

// First is its first day, of the month some months on.
func (m Month) First(months int) price.Date {
	return price.DateOf(time.Date(m.Year, m.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC), time.UTC)
}

// End is the first instant after it in a zone.
func (m Month) End(zone *time.Location) time.Time { return m.First(1).Start(zone) }

// add adds an amount to that of its currency.
func add(list *[]money.Amount, a money.Amount) error {
	for i := range *list {
		if (*list)[i].Currency == a.Currency {
			sum, err := (*list)[i].Add(a)
			(*list)[i] = sum
			return err
		}
	}
	*list = append(*list, a)
	return nil
}
