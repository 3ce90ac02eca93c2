// Package bank reads what the bank says, finds the invoices that money came for, and keeps what nobody can tell for a
// person to decide.
//
// Owns: imported files, movements on the accounts of legal entities, the desk for those that did not match.
// Does not own: the form of the files (billing/sepa), debits, mandates and kept credit (billing/collect), payments
// (billing), payouts (settlement).
// Reads: debits and collections of billing/collect; invoices of billing.
// Writes: bank_file, bank_entry, bank_part; facts bank.*; the commands collect.Collected, collect.Fail, collect.Keep and
// billing.PayIn.
//
// # How a movement finds its invoice
//
//  1. The identifier that went out with a debit comes back: that debit's invoice, if amount and mandate still stand.
//  2. The number of an invoice stands in what the payer wrote. One invoice may be paid in part; what is above it is kept as
//     the customer's credit. Several are paid when the sum fits exactly.
//  3. Everything else goes to the desk. Nothing is guessed from names or amounts.
//
// The same movement counts once, in whatever file and however often it is told: its key says so.
package bank

import (
	"embed"
	"strings"
	"time"

	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "bank", Files: files} }

// Kind is what a bank file is.
type Kind string

// The kinds.
const (
	Statement Kind = "statement" // camt.053
	Report    Kind = "report"    // pain.002
)

// File is one file of the bank that was imported.
type File struct {
	ID         string
	Entity     string
	Org        string
	Digest     string // SHA-256 of its bytes, hex
	Kind       Kind
	Name       string
	Entries    int64 // movements or answers in it
	Fresh      int64 // not told before by another file
	Matched    int64 // found their invoice
	Desk       int64 // wait for a person
	Failed     int64 // debits refused or returned
	ImportedAt time.Time
	Actor      string
	Again      bool // it was imported before: nothing changed
}

// State is where a movement stands.
type State string

// The states. Desk is the only one that a person changes.
const (
	Matched  State = "matched"   // it found its invoice
	Desk     State = "desk"      // a person decides
	Assigned State = "assigned"  // a person said which invoices it pays
	Kept     State = "kept"      // it is the customer's credit
	SentBack State = "sent_back" // a person sends it back through the bank
	Noted    State = "noted"     // it is no customer's payment: a payout, a fee
)

// Why a movement lies on the desk.
const (
	WhyUnknown  = "unknown"   // no invoice is named
	WhyAmount   = "amount"    // another amount than was collected
	WhySeveral  = "several"   // several invoices, and the sum does not fit
	WhyCurrency = "currency"  // another currency than the invoice's
	WhyPaid     = "paid"      // nothing is owed for the invoice any more
	WhyMandate  = "mandate"   // collected by a mandate that was revoked
	WhyTwice    = "twice"     // the debit was collected or failed already
	WhyUntold   = "not_given" // the debit's file was never said to be at the bank
	WhyBatch    = "batch"     // a sum of many debits that does not fit
	WhyReturn   = "return"    // money came back that we do not know of
	WhyReversal = "reversal"  // the bank takes a booking back
)

// Entry is one movement. Payer, IBAN and Text are personal: "" once erased.
type Entry struct {
	ID        string
	File      string
	Entity    string
	Org       string
	Key       string
	Reference string // of the bank
	EndToEnd  string
	Amount    money.Amount // above zero
	Credit    bool         // money came in
	Date      price.Date
	Code      string // of a return (ISO 20022)
	Payer     string
	IBAN      sepa.IBAN
	Text      string
	State     State
	Why       string
	Debit     string
	Kept      money.Amount // of it, as credit
	CreatedAt time.Time
	DecidedAt time.Time
	DecidedBy string
	Parts     []Part

	sealed []byte
	batch  string
	mail   string // identifier of our file
	sign   bool   // the bank calls it a reversal
	ret    bool
}

// Ours is the identifier of our file that caused a movement, as far as the bank tells it.
func (e Entry) Ours() string {
	if e.mail != "" {
		return e.mail
	}
	message, _, _ := strings.Cut(e.batch, "-")
	return message
}

// Part is what of a movement pays one invoice.
type Part struct {
	Invoice string
	Org     string
	Amount  money.Amount
}

// personal is what is sealed of a movement.
type personal struct {
	Payer string    `json:"payer,omitempty"`
	IBAN  sepa.IBAN `json:"iban,omitempty"`
	Text  string    `json:"text,omitempty"`
}

// The facts of this package; they concern the organisation of the legal entity. What a customer has to know is in the facts
// of payments and debits.
const (
	FactImported = "bank.imported.v1" // FileFact
	FactDesk     = "bank.desk.v1"     // EntryFact: a movement waits for a person
	FactDecided  = "bank.decided.v1"  // EntryFact
)

// FileFact is the payload of bank.imported.v1.
type FileFact struct {
	File    string `json:"file"`
	Entity  string `json:"entity"`
	Digest  string `json:"digest"`
	Kind    Kind   `json:"kind"`
	Entries int64  `json:"entries"`
	Fresh   int64  `json:"fresh"`
	Matched int64  `json:"matched"`
	Desk    int64  `json:"desk"`
	Failed  int64  `json:"failed"`
}

// EntryFact is the payload of bank.desk.v1 and bank.decided.v1.
type EntryFact struct {
	Entry  string       `json:"entry"`
	Entity string       `json:"entity"`
	Amount money.Amount `json:"amount"`
	Credit bool         `json:"credit"`
	State  State        `json:"state"`
	Why    string       `json:"why,omitempty"`
	Parts  []PartFact   `json:"parts,omitempty"`
	Kept   money.Amount `json:"kept,omitzero"`
}

// PartFact is one invoice of an EntryFact.
type PartFact struct {
	Invoice string       `json:"invoice"`
	Amount  money.Amount `json:"amount"`
}
