// Package settlement gives every cent of every invoice to whom it belongs: publisher, reseller, operator or tax.
//
// Owns: split rules in versions, how each line was shared, what is kept back, publishers' statements with their numbers
// and hash chain, payouts; through its package ledger the books.
// Does not own: invoices, credit notes and payments (billing), prices (price), disputes (meter), who sells (catalog).
// Reads: facts invoice.issued, payment.recorded, invoice.written_off, invoice.taken_up, credit.kept, credit.used and those about disputes; contracts and charges of rating, documents of
// billing, organisations and legal entities of party, offers of subscriptions.
// Writes: settlement_rule, settlement_line, settlement_hold, settlement_dispute, settlement_statement, settlement_series,
// settlement_payout and the ledger; facts split.set, statement.closed, payout.ordered, payout.paid, payout.returned,
// fee.booked,
// books.locked.
//
// # From an invoice to a payout
//
//  1. A reader takes each issued document and shares its lines by the rule in force on its date: customer's receivable
//     against the publisher's payable, the operator's revenue, the resellers' commission and the tax. A credit note takes
//     back by the shares of the lines it is about, whatever the rules say by then.
//  2. What is in dispute, and a reserve where the rule has one, is held; it is released when the dispute has ended and
//     the reserve's day has come.
//  3. A statement closes a publisher's lines up to a day. It is a self-billed invoice (UNTDID 1001: 389, below zero 261)
//     in a series of the publisher's own: what it says is due.
//  4. A payout takes what is due into transit, and from there to paid or back.
//
// Who sells decides the tax: with resale, the market's legal entity owes it; with agency, the publisher whose legal entity
// stands on the invoice. Towards a consumer a marketplace that takes part in supplying electronic services is presumed to
// sell them itself (Directive 2006/112/EC, article 28; Implementing Regulation (EU) 282/2011, article 9a), so these are
// resale whoever stands on the invoice.
package settlement

import (
	"context"
	"embed"
	"log/slog"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/paper"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package, without those of ledger.
func Migrations() store.Migrations { return store.Migrations{Package: "settlement", Files: files} }

// The accounts. Of a customer: receivable, credit (paid beyond its invoices). Of a publisher: payable (earned, on no statement yet), held, due (on a
// statement), transit (ordered at the bank). Of the operator: revenue, cost. Of a seller: bank, vat. Of a reseller:
// commission.
const (
	Receivable ledger.Code = "receivable"
	Payable    ledger.Code = "payable"
	Held       ledger.Code = "held"
	Due        ledger.Code = "due"
	Transit    ledger.Code = "transit"
	Revenue    ledger.Code = "revenue"
	Cost       ledger.Code = "cost"
	Bank       ledger.Code = "bank"
	VAT        ledger.Code = "vat"
	Commission ledger.Code = "commission"
	Credit     ledger.Code = "credit"
)

// Codes are all accounts' codes, in the order of a balance sheet.
func Codes() []ledger.Code {
	return []ledger.Code{Receivable, Credit, Bank, Payable, Held, Due, Transit, Commission, VAT, Revenue, Cost}
}

// The facts of this package.
const (
	FactSplitSet   = "split.set.v1"        // payload SplitFact; of the rule
	FactClosed     = "statement.closed.v1" // payload ClosedFact; of the statement, for the publisher too
	FactOrdered    = "payout.ordered.v1"   // payload PayoutFact; of the payout, for the publisher too
	FactPaid       = "payout.paid.v1"
	FactReturned   = "payout.returned.v1"
	FactBooksClose = "books.locked.v1" // payload LockedFact; of the operator's books
)

// SplitFact is the payload of split.set.v1.
type SplitFact struct {
	Rule      string     `json:"rule"`
	Publisher string     `json:"publisher,omitempty"`
	Offer     string     `json:"offer,omitempty"`
	Market    string     `json:"market,omitempty"`
	Number    int64      `json:"number"`
	From      price.Date `json:"from"`
	Terms     Terms      `json:"terms"`
}

// ClosedFact is the payload of statement.closed.v1.
type ClosedFact struct {
	Statement string       `json:"statement"`
	Publisher string       `json:"publisher"`
	Type      string       `json:"type"`
	Number    string       `json:"number"`
	Hash      string       `json:"hash"`
	Previous  string       `json:"previous"`
	Share     money.Amount `json:"share"`
	VAT       money.Amount `json:"vat"`
	Payable   money.Amount `json:"payable"`
}

// PayoutFact is the payload of the facts about a payout.
type PayoutFact struct {
	Payout    string       `json:"payout"`
	Publisher string       `json:"publisher"`
	Amount    money.Amount `json:"amount"`
	State     PayoutState  `json:"state"`
	Reference string       `json:"reference,omitempty"`
	Code      string       `json:"code,omitempty"` // why the bank sent it back (ISO 20022)
}

// LockedFact is the payload of books.locked.v1: the hash stands for every entry up to then.
type LockedFact struct {
	Through price.Date `json:"through"`
	Entries int64      `json:"entries"`
	Hash    string     `json:"hash"`
}

// Mode is who sells to the customer.
type Mode string

// The modes.
const (
	Resale Mode = "resale" // the market's legal entity
	Agency Mode = "agency" // the publisher's own, through the operator
)

// Config is what the service needs.
type Config struct {
	DB       *store.DB
	IDs      *id.Source
	Now      clock.Clock
	Facts    *trace.Facts
	Policy   *access.Policy
	Parties  *party.Parties
	Ratings  *rating.Ratings
	Invoices *billing.Invoices
	Tax      *tax.Table
	Log      *slog.Logger
	Operator string // organisation that runs the installation: its revenue, its books
	Share    int    // basis points that the operator keeps where no rule says otherwise
	// Offer names the offer that a subscription is of: subscription's SubscriptionIn.
	Offer func(tx *store.Tx, subscription string) (string, error)
	// Offers is Offer of many, by subscription; nil asks Offer for each.
	Offers func(tx *store.Tx, subscriptions []string) (map[string]string, error)
}

// Settlements is the service. Safe for concurrent use.
type Settlements struct {
	Config
	Book    *ledger.Book
	printer func() (*paper.Printer, error) // reads its fonts when the first statement is asked for
}

// New makes the service.
func New(c Config) *Settlements {
	return &Settlements{Config: c, Book: ledger.Open(c.DB, c.Now), printer: sync.OnceValues(paper.New)}
}

// today is the day by which things are booked that have no date of their own.
func (s *Settlements) today() price.Date { return price.DateOf(s.Now(), time.UTC) }

// open gives the first day on or after a day on which the books take entries.
func (s *Settlements) open(tx *store.Tx, day price.Date) (price.Date, error) {
	h, err := s.Book.Head(tx)
	return openDay(h, day), err
}

func openDay(h ledger.Head, day price.Date) price.Date {
	if !h.Locked.Valid() || h.Locked.Before(day) {
		return day
	}
	return price.DateOf(time.Date(h.Locked.Year, h.Locked.Month, h.Locked.Day+1, 0, 0, 0, 0, time.UTC), time.UTC)
}

// allowed reads an organisation and authorises the caller on a thing of it.
func (s *Settlements) allowed(tx *store.Tx, c access.Caller, a access.Action, org, noun, thing string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource(noun, thing))
}

// read runs f on one snapshot for a caller who may do a on what belongs to org.
func (s *Settlements) read(ctx context.Context, c access.Caller, a access.Action, org, noun string, f func(tx *store.Tx) error) error {
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, a, org, noun, org); err != nil {
			return err
		}
		return f(tx)
	})
}

// move is a transfer of an amount that may be below zero: what debit gets, credit gives.
func move(list []ledger.Transfer, debit, credit ledger.Key, amount money.Amount, line int) []ledger.Transfer {
	switch {
	case amount.Minor > 0:
		return append(list, ledger.Transfer{Debit: debit, Credit: credit, Amount: amount, Line: line})
	case amount.Minor < 0:
		return append(list, ledger.Transfer{Debit: credit, Credit: debit, Amount: money.New(-amount.Minor, amount.Currency), Line: line})
	}
	return list
}

func account(owner string, code ledger.Code, c money.Currency) ledger.Key {
	return ledger.Key{Owner: owner, Code: code, Currency: c}
}
