// Package billing turns charges into invoices that never change afterwards.
//
// Owns: drafts, issued invoices and credit notes with their numbers and hash chain, payments, the proof file of an
// invoice.
// Does not own: charges (rating), tax rules (tax), who buys and sells (party), the ledger (settlement), how an invoice
// looks (web).
// Reads: charges of rating, organisations and legal entities of party; fact charges.rated.
// Writes: invoice, invoice_part, invoice_series, payment; facts invoice.issued, invoice.written_off, invoice.taken_up, payment.recorded; marks charges as billed by rating's
// command.
//
// # Life of an invoice
//
//  1. A draft is computed whenever somebody looks; nothing of it is stored.
//  2. Issuing is one transaction: prices per period are charged up to the day, the tax is decided, the number without
//     gaps is taken, the document is hashed with the hash of the one before, sealed, and the log is told its hash.
//  3. It is corrected by a credit note only.
//
// The lines of a very long invoice are kept in parts ([MostWhole]), so that a page of it opens without the rest. A month close
// issues to many customers at once: [Invoices.DraftAll] works them out on a snapshot, [Invoices.IssueAll] writes them.
//
// Charges of one buyer go on one invoice for each seller, currency and basis (net or gross prices). An invoice is issued
// by hand, when a month of the buyer's zone is over, and for a subscription once it ended and its last usage is rated.
package billing

import (
	"embed"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "billing", Files: files} }

// The facts of this package.
const (
	FactIssued  = proof.FactInvoiceIssued // payload proof.InvoiceIssued; of credit notes too
	FactPayment = "payment.recorded.v1"   // payload PaymentFact
)

// PaymentFact is the payload of payment.recorded.v1.
type PaymentFact struct {
	Payment string       `json:"payment"`
	Invoice string       `json:"invoice"`
	Org     string       `json:"org"`
	Amount  money.Amount `json:"amount"`
	Status  Status       `json:"status"` // of the invoice afterwards
}

// Status is where an issued document stands.
type Status string

// The states. Which may follow which stands in the conditions of the updates: open → paid, also when a credit note leaves
// nothing to pay, open or paid → credited; a credit note is issued and stays so.
const (
	StatusOpen     Status = "open"     // something is owed
	StatusPaid     Status = "paid"     // nothing is owed
	StatusCredited Status = "credited" // nothing is left of it after its credit notes
	StatusIssued   Status = "issued"   // of a credit note, and of charges that another system bills
)

// Series of numbers, one sequence for each legal entity.
const (
	SeriesInvoice    = "INV"
	SeriesCreditNote = "CRN"
	SeriesHandedOver = "HND" // statements of charges that another system bills
)

// Periods by default.
const (
	dueDays   = 14
	keepYears = 10 // after the end of the year: the longest of the member states' common rules (France, art. L123-22 code de commerce)
)

// Summary is an issued invoice or credit note without personal data.
type Summary struct {
	ID         string
	Org        string
	Entity     string
	Type       string // proof.TypeInvoice, proof.TypeCreditNote
	Number     string
	IssuedAt   time.Time
	Date       price.Date
	Due        price.Date
	Net        money.Amount
	VAT        money.Amount
	Gross      money.Amount
	Paid       money.Amount
	Credited   money.Amount // gross, taken back by credit notes
	Status     Status
	Lines      int
	Hash       string // SHA-256 of the canonical document, hex
	Previous   string
	Fact       string // id of invoice.issued
	Credits    string // the invoice that a credit note takes back
	CreditedBy string // the note after which nothing is left of it
}

// Owed is what is still to be paid; nothing for a credited invoice or a credit note.
func (s Summary) Owed() money.Amount {
	if s.Status != StatusOpen {
		return money.Zero(s.Gross.Currency)
	}
	return money.New(s.Gross.Minor-s.Credited.Minor-s.Paid.Minor, s.Gross.Currency)
}

// Back is what was paid beyond what is left of the invoice after its credit notes: it is the customer's.
func (s Summary) Back() money.Amount {
	return money.New(max(0, s.Paid.Minor+s.Credited.Minor-s.Gross.Minor), s.Gross.Currency)
}

// View is an invoice opened for a reader. Hidden tells that the buyer is a household whose name and address this reader
// does not see, or that the legal copy was erased when its time was over (Document is then nil).
type View struct {
	Summary
	Document *proof.Invoice
	Hidden   bool
	Payments []Payment
	Notes    []Summary // the credit notes that took back some of it, oldest first
}

// Payment is money that came in for an invoice.
type Payment struct {
	ID         string
	Invoice    string
	Reference  string // of the bank or by hand, unique for the invoice: the same twice is one payment
	Amount     money.Amount
	Received   price.Date
	Actor      string
	RecordedAt time.Time
}

// Page is some invoices, newest first; Next is the cursor of the following page, "" at the end.
type Page struct {
	Invoices []Summary
	Next     string
}

func number(series string, year, n int64) string { return fmt.Sprintf("%s-%04d-%06d", series, year, n) }

// monthStart is the first instant of the month of t in a zone.
func monthStart(t time.Time, zone *time.Location) time.Time {
	d := price.DateOf(t, zone)
	d.Day = 1
	return d.Start(zone)
}

// later is a date some days on.
func later(d price.Date, days int) price.Date {
	return price.DateOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC), time.UTC)
}
