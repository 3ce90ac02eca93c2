package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// PayeeInput is an account as people write it.
type PayeeInput struct {
	Publisher string
	Name      string // of its holder
	IBAN      string
	BIC       string // may be left out inside the European Economic Area
}

const maxHolder = 200

// SetPayee names the account that a publisher's payouts are to go to. It is used once another person approved it, or after
// Cooling; the publisher's owners and people of billing are told by mail. One that waits is replaced. The publisher's owners
// and people of billing may, as persons. Error: fail.Invalid with each wrong field.
func (s *Payouts) SetPayee(ctx context.Context, c access.Caller, in PayeeInput) (p Payee, err error) {
	h, err := in.holder()
	if err != nil {
		return Payee{}, err
	}
	payee := s.IDs.New("pee")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.PayeeSet, in.Publisher, "organisation", in.Publisher, "")
		if err != nil {
			return err
		}
		if !o.Is(party.KindPublisher) || o.Entity == "" {
			return fail.New(fail.Conflict, "payout.no_publisher", "This organisation sells nothing here, so nothing is paid out to it.", "Ask the operator to make it a publisher.")
		}
		if err := s.dropWaiting(tx, c, o.ID); err != nil {
			return err
		}
		now := s.Now()
		p = Payee{ID: payee, Publisher: o.ID, Entity: o.Entity, Name: h.Name, IBAN: h.IBAN, BIC: h.BIC, Masked: h.IBAN.Masked(), From: now.Add(Cooling), CreatedAt: now, CreatedBy: c.Ref()}
		if p.sealed, err = s.seal(tx, p.ID, o.Entity, h); err != nil {
			return err
		}
		if err := insertPayee(tx, p); err != nil {
			return err
		}
		if err := s.recordPayee(tx, c, FactPayeeSet, p); err != nil {
			return err
		}
		return s.tell(tx, "payee", o, func(lang string) map[string]string {
			return map[string]string{"publisher": o.Name, "account": p.Masked, "day": collect.Day(p.From, lang), "link": s.Site + "/publisher/account"}
		})
	})
	if err != nil {
		return Payee{}, err
	}
	return p, nil
}

func (in PayeeInput) holder() (h holder, err error) {
	e := fail.New(fail.Invalid, "payout.account", "The account cannot be taken as it is.", "Correct the fields named.")
	h.Name = strings.TrimSpace(in.Name)
	if sepa.Text(h.Name, sepa.MaxName) == "" || len(h.Name) > maxHolder {
		e = e.Field("name", "is needed, in letters that banks can write")
	}
	if h.IBAN, err = sepa.ParseIBAN(in.IBAN); err != nil {
		e = e.Field("iban", "is no account number")
	}
	if in.BIC != "" || err == nil && h.IBAN.NeedsBIC() {
		if h.BIC, err = sepa.ParseBIC(in.BIC); err != nil {
			e = e.Field("bic", "is no bank code")
		}
	}
	if len(e.Fields) > 0 {
		return holder{}, e
	}
	return h, nil
}

func payeeAAD(payee string) []byte { return []byte("payee|" + payee + "|account") }

func (s *Payouts) seal(tx *store.Tx, payee, entity string, h holder) ([]byte, error) {
	plain, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return s.Ring.Seal(tx.Context(), keys.Entity(entity), plain, payeeAAD(payee))
}

// open fills in the account, or marks it as erased.
func (s *Payouts) open(tx *store.Tx, p *Payee) error {
	plain, err := s.Ring.Open(tx.Context(), keys.Entity(p.Entity), p.sealed, payeeAAD(p.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		p.Erased = true
		return nil
	}
	var h holder
	if err == nil {
		err = json.Unmarshal(plain, &h)
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", p.ID, err)
	}
	p.Name, p.IBAN, p.BIC, p.Masked = h.Name, h.IBAN, h.BIC, h.IBAN.Masked()
	return nil
}

// ApprovePayee lets an account be used at once. Another person than the one who set it, who is an owner or of billing of
// the publisher, may. Error: fail.Conflict when it does not wait.
func (s *Payouts) ApprovePayee(ctx context.Context, c access.Caller, payee string) (Payee, error) {
	return s.move(ctx, c, access.PayeeApprove, payee, FactPayeeApproved, func(p *Payee) { p.ApprovedAt, p.ApprovedBy = s.Now(), c.Ref() })
}

// DropPayee stops an account that waits. The publisher's owners and people of billing may. Error: fail.Conflict when it
// does not wait.
func (s *Payouts) DropPayee(ctx context.Context, c access.Caller, payee string) (Payee, error) {
	return s.move(ctx, c, access.PayeeSet, payee, FactPayeeDropped, func(p *Payee) { p.DroppedAt, p.DroppedBy = s.Now(), c.Ref() })
}

func (s *Payouts) move(ctx context.Context, c access.Caller, a access.Action, payee, fact string, change func(p *Payee)) (p Payee, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if p, err = selectPayee(tx, payee); err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, a, p.Publisher, "account", p.ID, p.CreatedBy); err != nil {
			return err
		}
		if p.Usable(s.Now()) || !p.DroppedAt.IsZero() {
			return fail.New(fail.Conflict, "payout.account_state", "This account does not wait for anybody.", "Set another one when it is wrong.")
		}
		change(&p)
		if err := updatePayee(tx, p); err != nil {
			return err
		}
		if err := s.open(tx, &p); err != nil {
			return err
		}
		return s.recordPayee(tx, c, fact, p)
	})
	if err != nil {
		return Payee{}, err
	}
	return p, nil
}

// dropWaiting stops what waits, because another account comes.
func (s *Payouts) dropWaiting(tx *store.Tx, c access.Caller, publisher string) error {
	_, waiting, err := s.standing(tx, publisher)
	if err != nil || waiting == nil {
		return err
	}
	waiting.DroppedAt, waiting.DroppedBy = s.Now(), c.Ref()
	if err := updatePayee(tx, *waiting); err != nil {
		return err
	}
	return s.recordPayee(tx, c, FactPayeeDropped, *waiting)
}

// standing are the account in use and the one that waits; nil for none.
func (s *Payouts) standing(tx *store.Tx, publisher string) (used, waiting *Payee, err error) {
	list, err := selectPayees(tx, publisher)
	if err != nil {
		return nil, nil, err
	}
	for i := range list { // newest first
		p := &list[i]
		switch {
		case !p.DroppedAt.IsZero():
		case p.Usable(s.Now()) && used == nil:
			used = p
		case used == nil && waiting == nil:
			waiting = p
		}
	}
	return used, waiting, nil
}

// Payees gives the account that a publisher's payouts go to now, and the one that waits; nil for none. Its owners and
// people of billing see the number, the others who may read its statements a part of it.
func (s *Payouts) Payees(ctx context.Context, c access.Caller, publisher string) (used, waiting *Payee, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.StatementRead, publisher, "organisation", publisher, "")
		if err != nil {
			return err
		}
		if used, waiting, err = s.standing(tx, publisher); err != nil {
			return err
		}
		whole := s.Policy.Check(c, access.PayeeSet, o.Resource("organisation", o.ID)) == nil
		for _, p := range []*Payee{used, waiting} {
			if p == nil {
				continue
			}
			if err := s.open(tx, p); err != nil {
				return err
			}
			if !whole {
				p.Name, p.IBAN, p.BIC = "", "", ""
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return used, waiting, nil
}

func (s *Payouts) recordPayee(tx *store.Tx, c access.Caller, kind string, p Payee) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: p.ID, Owner: p.Publisher, Parties: []string{s.Settlements.Operator}, Actor: c.Ref(), At: s.Now(),
		Machine: PayeeFact{Payee: p.ID, Publisher: p.Publisher, From: p.From}})
	return err
}

// tell writes to the publisher's owners and people of billing.
func (s *Payouts) tell(tx *store.Tx, kind string, o party.Organisation, values func(lang string) map[string]string) error {
	return s.Collects.Write(tx, o.ID, "payout."+kind, func(p party.Person) (string, string, error) {
		return s.texts.Render(kind, p.Language, values(p.Language))
	})
}
