package collect

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/trace"
)

// The facts of this package. Those of a mandate concern customer and seller, and so do those of a debit.
const (
	FactAccount   = "collect.account_set.v1" // AccountFact
	FactPrepared  = "mandate.prepared.v1"    // MandateFact
	FactGiven     = "mandate.given.v1"       // MandateFact
	FactRevoked   = "mandate.revoked.v1"     // MandateFact
	FactExpired   = "mandate.expired.v1"     // MandateFact
	FactMade      = "collection.made.v1"     // CollectionFact
	FactChanged   = "collection.changed.v1"  // CollectionFact: something was left out
	FactHanded    = "collection.handed.v1"   // CollectionFact
	FactDropped   = "collection.dropped.v1"  // CollectionFact
	FactAnnounced = "debit.announced.v1"     // DebitFact
	FactLeftOut   = "debit.left_out.v1"      // DebitFact
	FactCollected = "debit.collected.v1"     // DebitFact
	FactFailed    = "debit.failed.v1"        // DebitFact
	FactKept      = "credit.kept.v1"         // CreditFact
	FactUsed      = "credit.used.v1"         // CreditFact
)

// AccountFact is the payload of collect.account_set.v1. The account number stands on invoices and is not repeated.
type AccountFact struct {
	Entity     string `json:"entity"`
	CreditorID string `json:"creditorId,omitempty"`
	NoticeDays int    `json:"noticeDays"`
}

// MandateFact is the payload of the facts of a mandate.
type MandateFact struct {
	Mandate   string `json:"mandate"`
	Org       string `json:"org"`
	Entity    string `json:"entity"`
	Reference string `json:"reference"`
	State     State  `json:"state"`
	Why       string `json:"why,omitempty"`
	Channel   string `json:"channel,omitempty"`
	TextHash  string `json:"textHash,omitempty"`
}

// CollectionFact is the payload of the facts of a collection.
type CollectionFact struct {
	Collection string          `json:"collection"`
	Entity     string          `json:"entity"`
	State      CollectionState `json:"state"`
	Edition    int64           `json:"edition"`
	Message    string          `json:"message"`
	Count      int64           `json:"count"`
	Total      money.Amount    `json:"total"`
}

// DebitFact is the payload of the facts of a debit.
type DebitFact struct {
	Debit      string       `json:"debit"`
	Collection string       `json:"collection"`
	Invoice    string       `json:"invoice"`
	Mandate    string       `json:"mandate"`
	Org        string       `json:"org"`
	Amount     money.Amount `json:"amount"`
	Due        string       `json:"due"`
	State      DebitState   `json:"state"`
	Code       string       `json:"code,omitempty"`
}

// CreditFact is the payload of credit.kept.v1 and credit.used.v1.
type CreditFact struct {
	Org     string       `json:"org"`
	Entity  string       `json:"entity"`
	Amount  money.Amount `json:"amount"`
	Entry   string       `json:"entry,omitempty"`   // of the bank, from which it came
	Invoice string       `json:"invoice,omitempty"` // for which it was used
}

func (s *Collects) record(tx *store.Tx, c access.Caller, kind, aggregate, owner, seller string, payload any) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: owner, Parties: []string{seller}, Actor: c.Ref(), At: s.Now(), Machine: payload})
	return err
}

func (s *Collects) recordMandate(tx *store.Tx, c access.Caller, kind string, m Mandate, seller string) error {
	return s.record(tx, c, kind, m.ID, m.Org, seller, MandateFact{Mandate: m.ID, Org: m.Org, Entity: m.Entity, Reference: m.Reference, State: m.State, Why: m.Why,
		Channel: m.Signature.Channel, TextHash: m.Signature.TextHash})
}

func (s *Collects) recordCollection(tx *store.Tx, c access.Caller, kind string, k Collection) error {
	return s.record(tx, c, kind, k.ID, k.Org, k.Org, CollectionFact{Collection: k.ID, Entity: k.Entity, State: k.State, Edition: k.Edition, Message: k.Message, Count: k.Count, Total: k.Total})
}

func (s *Collects) recordDebit(tx *store.Tx, c access.Caller, kind string, d Debit, seller string) error {
	return s.record(tx, c, kind, d.ID, d.Org, seller, DebitFact{Debit: d.ID, Collection: d.Collection, Invoice: d.Invoice, Mandate: d.Mandate, Org: d.Org, Amount: d.Amount,
		Due: d.Due.String(), State: d.State, Code: d.Code})
}
