package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// MandateInput is a mandate as a customer gives it. Without Signed it waits for its signature.
type MandateInput struct {
	Org     string
	Entity  string // who shall collect
	Name    string // holder of the account
	IBAN    string
	BIC     string
	Signed  bool   // the person agrees to MandateText
	Channel string // empty: ChannelPortal
	Lang    string // of the text that was agreed to
}

// payer is what is sealed of a mandate.
type payer struct {
	Name string    `json:"name"`
	IBAN sepa.IBAN `json:"iban"`
	BIC  sepa.BIC  `json:"bic,omitempty"`
}

// MandateText is the text that a customer agrees to, in French for a locale that begins with "fr", else in English: the
// words of the rulebook (EPC016-06, annex VII), then the days of notice.
func MandateText(locale, creditor string, id sepa.CreditorID, days int) string {
	if strings.HasPrefix(locale, "fr") {
		return fmt.Sprintf("En signant ce formulaire de mandat, vous autorisez (A) %[1]s à envoyer des instructions à votre banque pour débiter votre compte, et (B) votre banque à débiter votre compte "+
			"conformément aux instructions de %[1]s. Vous bénéficiez du droit d'être remboursé par votre banque selon les conditions décrites dans la convention que vous avez passée avec elle. "+
			"Une demande de remboursement doit être présentée dans les 8 semaines suivant la date de débit de votre compte. "+
			"Le montant et la date vous sont annoncés au moins %[2]d jours avant chaque débit. Identifiant du créancier : %[3]s. Paiement récurrent.", creditor, days, id)
	}
	return fmt.Sprintf("By signing this mandate form, you authorise (A) %[1]s to send instructions to your bank to debit your account and (B) your bank to debit your account in accordance with the "+
		"instructions from %[1]s. As part of your rights, you are entitled to a refund from your bank under the terms and conditions of your agreement with your bank. A refund must be claimed within "+
		"8 weeks starting from the date on which your account was debited. You are told the amount and the day at least %[2]d days before each debit. Creditor identifier: %[3]s. Recurrent payment.", creditor, days, id)
}

// Give takes a mandate. One is active for each customer and seller: a new one that is signed takes the place of the old.
// Owners and people with the role billing may.
func (s *Collects) Give(ctx context.Context, c access.Caller, in MandateInput) (m Mandate, err error) {
	p, err := in.payer()
	if err != nil {
		return m, err
	}
	mandate := s.IDs.New("mdt")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.MandateGive, in.Org, "organisation", in.Org)
		if err != nil {
			return err
		}
		a, e, err := s.creditor(tx, o, in.Entity)
		if err != nil {
			return err
		}
		now := s.Now()
		m = Mandate{ID: mandate, Org: o.ID, Path: o.Path, Entity: in.Entity, Reference: sepa.MessageID("M", mandate), UsedAt: now, CreatedAt: now, holder: string(keys.Tenant(o.ID))}
		if o.Form == party.FormHousehold {
			m.holder = string(keys.Person(o.Head))
		}
		command := CommandPrepare
		if in.Signed {
			command = CommandGive
			s.sign(&m, c, in.Channel, in.Lang, e.Name, a)
			if err := s.replace(tx, c, m, a.Org); err != nil {
				return err
			}
		}
		row, err := m.move(command)
		if err != nil {
			return err
		}
		m.State = row.To
		plain, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if m.sealed, err = s.Ring.Seal(tx.Context(), keys.Ref(m.holder), plain, mandateAAD(m.ID)); err != nil {
			return fmt.Errorf("mandate %s: %w", m.ID, err)
		}
		m.Name, m.IBAN, m.BIC = p.Name, p.IBAN, p.BIC
		if err := insertMandate(tx, m); err != nil {
			return err
		}
		return s.recordMandate(tx, c, row.Fact, m, a.Org)
	})
	if err != nil {
		return Mandate{}, err
	}
	return m, nil
}

func mandateAAD(mandate string) []byte { return []byte("mandate|" + mandate + "|payer") }

func (in MandateInput) payer() (p payer, err error) {
	e := fail.New(fail.Invalid, "collect.mandate", "The mandate cannot be taken as it is.", "Correct the fields named.")
	p.Name = strings.TrimSpace(in.Name)
	if sepa.Text(p.Name, sepa.MaxName) == "" || len(p.Name) > 200 {
		e = e.Field("name", "is needed")
	}
	if p.IBAN, err = sepa.ParseIBAN(in.IBAN); err != nil {
		e = e.Field("iban", "is no account number")
	}
	if in.BIC != "" || p.IBAN.NeedsBIC() {
		if p.BIC, err = sepa.ParseBIC(in.BIC); err != nil {
			e = e.Field("bic", "is no bank code")
		}
	}
	switch in.Channel {
	case "", ChannelPortal, ChannelPaper, ChannelAPI:
	default:
		e = e.Field("channel", "use portal, paper or api")
	}
	if len(e.Fields) > 0 {
		return payer{}, e
	}
	return p, nil
}

// creditor is a legal entity of an organisation above the customer, which collects.
func (s *Collects) creditor(tx *store.Tx, o party.Organisation, entity string) (Account, party.Entity, error) {
	none := fail.New(fail.Invalid, "collect.creditor", "This seller does not collect by direct debit.", "Pay its invoices by transfer.").Field("entity", "does not collect")
	a, found, err := selectAccount(tx, entity)
	if err != nil {
		return a, party.Entity{}, err
	}
	if !found || a.CreditorID == "" || !strings.Contains(o.Path, "/"+a.Org+"/") {
		return a, party.Entity{}, none
	}
	e, err := s.Parties.Entity(tx, entity)
	return a, e, err
}

// sign writes the evidence into a mandate.
func (s *Collects) sign(m *Mandate, c access.Caller, channel, lang, creditor string, a Account) {
	if channel == "" {
		channel = ChannelPortal
	}
	if !strings.HasPrefix(lang, "fr") {
		lang = "en"
	}
	h := sha256.Sum256([]byte(MandateText(lang, creditor, a.CreditorID, a.NoticeDays)))
	m.Signature = Signature{Channel: channel, Signer: c.Ref(), Lang: lang[:2], TextHash: hex.EncodeToString(h[:])}
	m.Signed, m.UsedAt = price.DateOf(s.Now(), time.UTC), s.Now()
}

// replace revokes the mandate that stands where a new one comes.
func (s *Collects) replace(tx *store.Tx, c access.Caller, m Mandate, seller string) error {
	old, found, err := selectActive(tx, m.Org, m.Entity)
	if err != nil || !found {
		return err
	}
	return s.end(tx, c, old, CommandRevoke, WhyReplaced, seller)
}

// end moves a mandate to where it is never used again.
func (s *Collects) end(tx *store.Tx, c access.Caller, m Mandate, command Command, why, seller string) error {
	row, err := m.move(command)
	if err != nil {
		return err
	}
	m.State, m.Why, m.EndedAt = row.To, why, s.Now()
	if err := updateMandate(tx, m); err != nil {
		return err
	}
	return s.recordMandate(tx, c, row.Fact, m, seller)
}

// Sign makes a mandate that waited active. Owners and people with the role billing may.
func (s *Collects) Sign(ctx context.Context, c access.Caller, mandate, channel, lang string) (m Mandate, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if m, err = s.mandate(tx, c, access.MandateGive, mandate); err != nil {
			return err
		}
		row, err := m.move(CommandSign)
		if err != nil {
			return err
		}
		o, err := s.Parties.Lookup(tx, m.Org)
		if err != nil {
			return err
		}
		a, e, err := s.creditor(tx, o, m.Entity)
		if err != nil {
			return err
		}
		s.sign(&m, c, channel, lang, e.Name, a)
		if err := s.replace(tx, c, m, a.Org); err != nil {
			return err
		}
		m.State = row.To
		if err := updateMandate(tx, m); err != nil {
			return err
		}
		return s.recordMandate(tx, c, row.Fact, m, a.Org)
	})
	if err != nil {
		return Mandate{}, err
	}
	return m, nil
}

// Revoke ends a mandate at once: debits that are not at the bank yet are left out. Its holder's owners and people with the
// role billing may, and the operator's staff.
func (s *Collects) Revoke(ctx context.Context, c access.Caller, mandate string) (m Mandate, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if m, err = s.mandate(tx, c, access.MandateRevoke, mandate); err != nil {
			return err
		}
		e, err := s.Parties.Entity(tx, m.Entity)
		if err != nil {
			return err
		}
		if err := s.end(tx, c, m, CommandRevoke, WhyCustomer, e.Org); err != nil {
			return err
		}
		m.State, m.Why, m.EndedAt = Revoked, WhyCustomer, s.Now()
		return nil
	})
	if err != nil {
		return Mandate{}, err
	}
	return m, nil
}

// mandate reads one and authorises; who may not see it learns nothing.
func (s *Collects) mandate(tx *store.Tx, c access.Caller, a access.Action, id string) (Mandate, error) {
	m, err := selectMandate(tx, id)
	if err != nil {
		return m, err
	}
	o, err := s.allowed(tx, c, a, m.Org, "mandate", id)
	if err != nil {
		return m, err
	}
	return s.shown(tx, c, o, m)
}

// shown opens the payer of a mandate. From outside a household it stays closed: the reference is enough there.
func (s *Collects) shown(tx *store.Tx, c access.Caller, o party.Organisation, m Mandate) (Mandate, error) {
	if o.Form == party.FormHousehold && c.Outside(o.Path) {
		return m, nil
	}
	err := s.open(tx.Context(), &m)
	return m, err
}

// open fills name and account, or marks the mandate as erased.
func (s *Collects) open(ctx context.Context, m *Mandate) error {
	plain, err := s.Ring.Open(ctx, keys.Ref(m.holder), m.sealed, mandateAAD(m.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		m.Erased = true
		return nil
	}
	var p payer
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	if err != nil {
		return fmt.Errorf("mandate %s: %w", m.ID, err)
	}
	m.Name, m.IBAN, m.BIC = p.Name, p.IBAN, p.BIC
	return nil
}

// Mandate gives one to those who may see it.
func (s *Collects) Mandate(ctx context.Context, c access.Caller, mandate string) (m Mandate, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		m, err = s.mandate(tx, c, access.MandateRead, mandate)
		return err
	})
	if err != nil {
		return Mandate{}, err
	}
	return m, nil
}

// Mandates lists those of an organisation, newest first, at most 100.
func (s *Collects) Mandates(ctx context.Context, c access.Caller, org string) (list []Mandate, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.MandateRead, org, "organisation", org)
		if err != nil {
			return err
		}
		if list, err = selectMandates(tx, org); err != nil {
			return err
		}
		for i := range list {
			if list[i], err = s.shown(tx, c, o, list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// standing is the mandate by which an entity collects from an organisation: its own, or of the house that it is a unit of.
func (s *Collects) standing(tx *store.Tx, org, entity string) (m Mandate, found bool, err error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return m, false, err
	}
	for _, one := range order.House(o.Path) {
		if m, found, err = selectActive(tx, one, entity); err != nil || found {
			return m, found, err
		}
	}
	return m, false, nil
}

// ExpireMandates ends those without a debit for 36 months. The job that cmd repeats.
func (s *Collects) ExpireMandates(ctx context.Context) error {
	for {
		n := 0
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			list, err := selectIdle(tx, s.Now().AddDate(0, -idleMonths, 0), 100)
			if err != nil {
				return err
			}
			n = len(list)
			for _, m := range list {
				e, err := s.Parties.Entity(tx, m.Entity)
				if err != nil {
					return err
				}
				if err := s.end(tx, self(), m, CommandExpire, WhyIdle, e.Org); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < 100 {
			return err
		}
	}
}
