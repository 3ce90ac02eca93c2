package collect

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Ring     *keys.Ring
	IDs      *id.Source
	Now      clock.Clock
	Facts    *trace.Facts
	Policy   *access.Policy
	Parties  *party.Parties
	Invoices *billing.Invoices
	Outbox   *mail.Outbox
	Log      *slog.Logger
	Site     string // address of the portal, for links in mails
}

// Collects is the service. Safe for concurrent use.
type Collects struct {
	Config
	texts *mail.Texts
	ways  []Way
}

// New makes the service; it errors when a mail text is missing.
func New(c Config) (*Collects, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	s := &Collects{Config: c, texts: texts}
	s.ways = []Way{directDebit{s}, transfer{s}}
	return s, nil
}

// self is who acts for the jobs of this package.
func self() access.Caller { return access.System("billing") }

// AccountInput is the account of a legal entity, as people write it.
type AccountInput struct {
	Entity     string
	IBAN       string
	BIC        string // may be left out inside the European Economic Area
	CreditorID string // empty: it collects nothing
	NoticeDays int    // 0: 14
	Old        bool   // its bank still asks for pain.008.001.02
}

// SetAccount says where a legal entity gets its money and how it collects. Staff that collects may.
func (s *Collects) SetAccount(ctx context.Context, c access.Caller, in AccountInput) (a Account, err error) {
	if a, err = in.account(); err != nil {
		return a, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		e, err := s.entity(tx, c, access.CollectionRun, in.Entity)
		if err != nil {
			return err
		}
		a.Org, a.ChangedAt = e.Org, s.Now()
		if err := upsertAccount(tx, a); err != nil {
			return err
		}
		return s.record(tx, c, FactAccount, a.Entity, a.Org, a.Org, AccountFact{Entity: a.Entity, CreditorID: string(a.CreditorID), NoticeDays: a.NoticeDays})
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

func (in AccountInput) account() (a Account, err error) {
	a = Account{Entity: in.Entity, NoticeDays: in.NoticeDays, Version: sepa.DirectDebit}
	e := fail.New(fail.Invalid, "collect.account", "The account cannot be used as it is.", "Correct the fields named.")
	if in.Old {
		a.Version = sepa.DirectDebitOld
	}
	if a.IBAN, err = sepa.ParseIBAN(in.IBAN); err != nil {
		e = e.Field("iban", "is no account number")
	}
	if in.BIC != "" || a.IBAN.NeedsBIC() {
		if a.BIC, err = sepa.ParseBIC(in.BIC); err != nil {
			e = e.Field("bic", "is no bank code")
		}
	}
	if in.CreditorID != "" {
		if a.CreditorID, err = sepa.ParseCreditorID(in.CreditorID); err != nil {
			e = e.Field("creditor_id", "is no creditor identifier")
		}
	}
	if a.NoticeDays == 0 {
		a.NoticeDays = DefaultNotice
	}
	if a.NoticeDays < minNotice || a.NoticeDays > maxNotice {
		e = e.Field("notice_days", fmt.Sprintf("must be between %d and %d", minNotice, maxNotice))
	}
	if len(e.Fields) > 0 {
		return Account{}, e
	}
	return a, nil
}

// Account gives the account of a legal entity to everybody who is signed in: it stands on its invoices. found is false
// when it has none.
func (s *Collects) Account(ctx context.Context, entity string) (a Account, found bool, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		a, found, err = selectAccount(tx, entity)
		return err
	})
	return a, found, err
}

// AccountIn is Account in the transaction of a package downstream.
func (s *Collects) AccountIn(tx *store.Tx, entity string) (Account, bool, error) {
	return selectAccount(tx, entity)
}

// entity reads a legal entity and authorises the caller on what belongs to it.
func (s *Collects) entity(tx *store.Tx, c access.Caller, a access.Action, entity string) (party.Entity, error) {
	e, err := s.Parties.Entity(tx, entity)
	if err != nil {
		return e, err
	}
	o, err := s.Parties.Lookup(tx, e.Org)
	if err != nil {
		return e, err
	}
	return e, s.Policy.Check(c, a, o.Resource("legal entity", entity))
}

func (s *Collects) allowed(tx *store.Tx, c access.Caller, a access.Action, org, noun, thing string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource(noun, thing))
}
