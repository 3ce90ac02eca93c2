// Package payout brings what is due to publishers to their bank accounts.
//
// Owns: the accounts that publishers want to be paid on, runs of payouts, their files for the bank (pain.001).
// Does not own: what is due and the payouts in the books (settlement), the form of the files (billing/sepa), how the
// bank's answers are read (billing/bank).
// Reads: organisations and legal entities of party; the operator's account of billing/collect.
// Writes: payout_payee, payout_run, payout_item; facts payee.set, payee.approved, payee.dropped, payout_run.prepared,
// payout_run.approved, payout_run.handed, payout_run.dropped; the commands settlement.OrderIn and settlement.EndIn.
//
// # How a payout is not stolen
//
//  1. Another account is not used before a second person of the publisher approved it, or seven days after all its owners
//     and people of billing were told. Until then the one before stays in use.
//  2. A run is prepared by one person of the operator and approved by another; only then it has a file. What it pays and to
//     which account does not change any more: it is dropped and prepared again instead, and a run whose publisher changed
//     the account since is not approved.
//  3. What the bank rejects or sends back is booked back and due again, and the publisher is told why.
package payout

import (
	"embed"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/trace"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "payout", Files: files} }

// Cooling is how long a new account waits when no second person approves it.
const Cooling = 7 * 24 * time.Hour

// The facts of this package. Those of an account are the publisher's and the operator's, those of a run the operator's.
const (
	FactPayeeSet      = "payee.set.v1" // PayeeFact
	FactPayeeApproved = "payee.approved.v1"
	FactPayeeDropped  = "payee.dropped.v1"
	FactPrepared      = "payout_run.prepared.v1" // RunFact
	FactApproved      = "payout_run.approved.v1"
	FactHanded        = "payout_run.handed.v1"
	FactDropped       = "payout_run.dropped.v1"
)

// PayeeFact is the payload of the facts of an account. Its number is personal and not in it.
type PayeeFact struct {
	Payee     string    `json:"payee"`
	Publisher string    `json:"publisher"`
	From      time.Time `json:"from"` // without a second person
}

// RunFact is the payload of the facts of a run.
type RunFact struct {
	Run     string       `json:"run"`
	Entity  string       `json:"entity"`
	State   RunState     `json:"state"`
	Message string       `json:"message"`
	Count   int64        `json:"count"`
	Total   money.Amount `json:"total"`
}

// Payee is an account that a publisher wants its payouts on. Name, IBAN and BIC are "" for those who do not see them, and
// once they were erased.
type Payee struct {
	ID         string
	Publisher  string
	Entity     string // legal entity under whose key it is sealed
	Name       string // holder
	IBAN       sepa.IBAN
	BIC        sepa.BIC
	Masked     string // what everybody sees of the number, "FR76 … 0189"
	Erased     bool
	From       time.Time // usable without a second person
	CreatedAt  time.Time
	CreatedBy  string
	ApprovedAt time.Time
	ApprovedBy string
	DroppedAt  time.Time
	DroppedBy  string

	sealed []byte
}

// Usable tells whether payouts may go to it at an instant.
func (p Payee) Usable(now time.Time) bool {
	return p.DroppedAt.IsZero() && (!p.ApprovedAt.IsZero() || !p.From.After(now))
}

// holder is what is sealed of an account.
type holder struct {
	Name string    `json:"name"`
	IBAN sepa.IBAN `json:"iban"`
	BIC  sepa.BIC  `json:"bic,omitempty"`
}

// RunState is where a run stands.
type RunState string

// The states of a run: prepared → approved → handed; prepared or approved → dropped.
const (
	Prepared RunState = "prepared" // another person looks at it
	Approved RunState = "approved" // its file may be taken
	Handed   RunState = "handed"   // the bank has it
	Dropped  RunState = "dropped"  // never went to the bank: all of it is due again
)

// Run is one file of credit transfers to publishers.
type Run struct {
	ID         string
	Org        string // the operator
	Entity     string // whose account pays
	State      RunState
	Message    string     // identifier of the file
	On         price.Date // when the bank carries it out
	Count      int64
	Total      money.Amount
	CreatedAt  time.Time
	CreatedBy  string
	ApprovedAt time.Time
	ApprovedBy string
	HandedAt   time.Time
	HandedBy   string
	Items      []Item // filled by Run only
}

// Item is what a run pays to one publisher.
type Item struct {
	Run      string
	EndToEnd string
	Account  string // id of the payee
	Masked   string // of its number
	Payout   settlement.Payout
}

// Candidate is a publisher to whom something is due in euros. Why says why the next run would leave it out, "" when it
// would not: "threshold", "account" (it gave none), "waiting" (its account is not usable yet), "erased".
type Candidate struct {
	Publisher string
	Amount    money.Amount
	Masked    string
	Why       string
}

// Why a publisher is left out of a run.
const (
	WhyThreshold = "threshold"
	WhyAccount   = "account"
	WhyWaiting   = "waiting"
	WhyErased    = "erased"
)

// Config is what the service stands on.
type Config struct {
	DB          *store.DB
	Ring        *keys.Ring
	IDs         *id.Source
	Now         clock.Clock
	Facts       *trace.Facts
	Policy      *access.Policy
	Parties     *party.Parties
	Collects    *collect.Collects
	Settlements *settlement.Settlements
	Site        string // address of the portal, for links in mails
}

// Payouts is the service. Safe for concurrent use.
type Payouts struct {
	Config
	texts *mail.Texts
}

// New makes the service; it errors when a mail text is missing.
func New(c Config) (*Payouts, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	return &Payouts{Config: c, texts: texts}, nil
}

// allowed reads an organisation and authorises the caller on a thing of it that author made.
func (s *Payouts) allowed(tx *store.Tx, c access.Caller, a access.Action, org, noun, thing, author string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	r := o.Resource(noun, thing)
	r.Author = author
	return o, s.Policy.Check(c, a, r)
}
