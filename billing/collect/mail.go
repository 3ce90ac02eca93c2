package collect

import (
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

// tell writes to those who pay for the customer, in the transaction that acts. m is opened, or its account is not named.
func (s *Collects) tell(tx *store.Tx, kind string, d Debit, m Mandate, i billing.Summary, a Account) error {
	e, err := s.Parties.Entity(tx, d.Entity)
	if err != nil {
		return err
	}
	return s.Write(tx, d.Org, "collect."+kind, func(p party.Person) (string, string, error) {
		return s.texts.Render(kind, p.Language, map[string]string{"seller": e.Name, "invoice": i.Number, "amount": d.Amount.Format(p.Language), "day": Day(d.Due.Start(time.UTC), p.Language),
			"account": m.IBAN.Masked(), "mandate": m.Reference, "creditor": string(a.CreditorID), "reason": (sepa.Reason{Code: d.Code}).Say(p.Language), "link": s.Site + "/payments"})
	})
}

// Day writes a date for a mail.
func Day(t time.Time, lang string) string {
	if lang == "fr" {
		return t.Format("02/01/2006")
	}
	return t.Format("2 January 2006")
}

// Write puts a mail for each owner and person with the role billing of an organisation, or of the next above it in its
// house that has some. For the packages of payments, in their transaction.
func (s *Collects) Write(tx *store.Tx, org, kind string, render func(p party.Person) (subject, text string, err error)) error {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return err
	}
	people, err := order.Nearest(tx, s.Parties, o.Path, access.RoleOwner, access.RoleBilling)
	if err != nil {
		return err
	}
	_, err = s.Parties.Write(tx, s.Outbox, people, kind, func(p party.Person) (m mail.Message, err error) {
		m.Subject, m.Text, err = render(p)
		return m, err
	})
	return err
}
