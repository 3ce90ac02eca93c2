// Package collect has the money for invoices taken from the customers' accounts, with their permission: mandates, files of
// direct debits, what a customer paid too much.
//
// Owns: the account of each selling legal entity, mandates, collections and their debits, credit kept for customers, the
// ways to pay.
// Does not own: invoices and payments (billing), the form of bank files (billing/sepa), what the bank answers
// (billing/bank), reminders (billing/dunning).
// Reads: invoices of billing; organisations and legal entities of party.
// Writes: collect_account, mandate, collection, collect_debit, collect_credit; facts mandate.*, collection.*, debit.*,
// credit.*; mails; the commands billing.PayIn and billing.ReturnIn.
//
// # Life of a debit
//
//  1. A run looks at the open invoices with a mandate, tells each customer amount and day, and makes a collection.
//  2. Its file is downloaded as often as needed. Whatever stopped being right until then (mandate revoked, invoice paid or
//     credited, person erased) is left out, and the file gets another name.
//  3. Somebody hands it to the bank and says so. From then on nothing of it changes.
//  4. The bank answers: collected, or failed with a reason, also weeks later. A failed debit opens its invoice again.
package collect

import (
	"embed"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/billing/sepa"
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
func Migrations() store.Migrations { return store.Migrations{Package: "collect", Files: files} }

// Days between telling the customer and the debit. The rulebook says 14 unless both agreed on less (EPC016-06, section
// 4.3.4); the text of the mandate is that agreement.
const (
	DefaultNotice = 14
	minNotice     = 5
	maxNotice     = 30
)

// idleMonths without a debit end a mandate (EPC016-06, section 4.7.2).
const idleMonths = 36

// maxTries is how often the same invoice is presented; two more may follow the first (EPC016-06, section 4.3.6 leaves it
// to the creditor; more annoys, and costs the payer fees).
const maxTries = 3

// Account is where a legal entity gets its money, and how it collects. CreditorID may be missing: then it collects nothing,
// and customers transfer.
type Account struct {
	Entity     string
	Org        string
	IBAN       sepa.IBAN
	BIC        sepa.BIC
	CreditorID sepa.CreditorID
	NoticeDays int
	Version    sepa.Version // of its files
	ChangedAt  time.Time
}

// State is where a mandate stands.
type State string

// The states of a mandate.
const (
	Pending State = "pending" // written down and not signed
	Active  State = "active"
	Revoked State = "revoked"
	Expired State = "expired" // 36 months without a debit
)

// Command moves a mandate.
type Command string

// The commands.
const (
	CommandPrepare Command = "prepare"
	CommandGive    Command = "give"
	CommandSign    Command = "sign"
	CommandRevoke  Command = "revoke"
	CommandExpire  Command = "expire"
)

// Transition is one row of the table.
type Transition struct {
	From    State // "" for none yet
	Command Command
	Guard   string
	To      State
	Fact    string
}

// Transitions are all moves that a mandate can make; no other is possible.
func Transitions() []Transition {
	return []Transition{
		{"", CommandPrepare, "", Pending, FactPrepared},
		{"", CommandGive, "signed", Active, FactGiven},
		{Pending, CommandSign, "signed", Active, FactGiven},
		{Pending, CommandRevoke, "", Revoked, FactRevoked},
		{Active, CommandRevoke, "", Revoked, FactRevoked},
		{Active, CommandExpire, "36 months without a debit", Expired, FactExpired},
	}
}

func (m Mandate) move(c Command) (Transition, error) {
	for _, t := range Transitions() {
		if t.From == m.State && t.Command == c {
			return t, nil
		}
	}
	return Transition{}, fail.New(fail.Conflict, "collect.mandate_state", fmt.Sprintf("The mandate is %s: it cannot be changed this way.", m.State), "Give a new mandate.").With("state", string(m.State))
}

// Why a mandate ended.
const (
	WhyCustomer = "customer" // its holder revoked it
	WhyReplaced = "replaced" // by another of the same customer
	WhyBank     = "bank"     // the payer's bank said that it cannot be used
	WhyIdle     = "idle"
)

// Channels by which a mandate was signed.
const (
	ChannelPortal = "portal" // ticked and sent by a person who is signed in
	ChannelPaper  = "paper"  // staff holds the signed paper
	ChannelAPI    = "api"
)

// Mandate is a customer's permission that a legal entity collects what its invoices say. Name, IBAN and BIC are personal:
// empty for those who do not see them, and once the person was erased.
type Mandate struct {
	ID        string
	Org       string
	Path      string
	Entity    string // who collects
	Reference string // unique mandate reference, at most 35 signs
	Name      string // holder of the account
	IBAN      sepa.IBAN
	BIC       sepa.BIC
	Erased    bool
	State     State
	Why       string // it ended
	Signature Signature
	Signed    price.Date
	Used      int64     // debits handed to the bank
	UsedAt    time.Time // the last of them; the signature's instant before the first
	CreatedAt time.Time
	EndedAt   time.Time

	holder string // key that seals
	sealed []byte
	etag   int64
}

// Signature is the evidence that a mandate was given: who, by what way, and the text word for word by its hash.
type Signature struct {
	Channel  string
	Signer   string // person
	Lang     string
	TextHash string // SHA-256 of MandateText, hex
}

// CollectionState is where a collection stands.
type CollectionState string

// The states of a collection: made → handed, made → dropped.
const (
	Made    CollectionState = "made"    // may be downloaded; what stops being right is left out
	Handed  CollectionState = "handed"  // at the bank: nothing of it changes any more
	Dropped CollectionState = "dropped" // never went to the bank
)

// Collection is one file of direct debits.
type Collection struct {
	ID        string
	Entity    string
	Org       string // of the legal entity
	State     CollectionState
	Edition   int64 // grows when something is left out: each has a message identifier of its own
	Taken     int64 // edition that was downloaded last; 0 for none
	Count     int64
	Total     money.Amount
	Message   string // identifier of the present edition
	CreatedAt time.Time
	Actor     string
	HandedAt  time.Time
	HandedBy  string
	Debits    []Debit // filled by Collection only
}

// DebitState is where a debit stands.
type DebitState string

// The states of a debit: announced → handed → collected → failed, announced → left_out, handed → failed.
const (
	Announced DebitState = "announced" // the customer was told
	AtBank    DebitState = "handed"
	Collected DebitState = "collected"
	Failed    DebitState = "failed" // refused or returned
	LeftOut   DebitState = "left_out"
)

// Why a debit was left out, beside the codes of banks.
const (
	OutMandate = "mandate" // revoked or expired meanwhile
	OutPaid    = "paid"    // the invoice is paid or credited, in part or whole
	OutErased  = "erased"
	OutDropped = "dropped"
)

// Debit is one amount to collect for one invoice.
type Debit struct {
	ID         string
	Collection string
	Entity     string
	Invoice    string
	Mandate    string
	Org        string
	EndToEnd   string
	Amount     money.Amount
	Due        price.Date
	Sequence   sepa.Sequence
	State      DebitState
	Code       string // why it failed (ISO 20022) or was left out
	CreatedAt  time.Time
	ChangedAt  time.Time
}

// Credit is what a customer paid above what it owed to a legal entity.
type Credit struct {
	Org    string
	Entity string
	Amount money.Amount
}
