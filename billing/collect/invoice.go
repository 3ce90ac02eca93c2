package collect

import (
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// PaymentIn is how an invoice of a legal entity to an organisation is paid, as it stands on the document: by the mandate
// that stands, so that nobody pays twice, else by transfer to the entity's account; nothing when it has none. The account
// that is debited is named to businesses only, whose own number it is; a household's stays under the person's key. For
// billing, in its transaction; it does not authorise.
func (s *Collects) PaymentIn(tx *store.Tx, org, entity string, c money.Currency) (p proof.InvoicePayment, err error) {
	a, found, err := selectAccount(tx, entity)
	if err != nil || !found {
		return p, err
	}
	p = proof.InvoicePayment{Means: proof.PayTransfer, IBAN: string(a.IBAN), BIC: string(a.BIC)}
	if c != money.EUR {
		return p, nil
	}
	p.Means = proof.PaySEPATransfer
	if a.CreditorID == "" {
		return p, nil
	}
	m, found, err := s.standing(tx, org, entity)
	if err != nil || !found {
		return p, err
	}
	p = proof.InvoicePayment{Means: proof.PaySEPADebit, Mandate: m.Reference, Creditor: string(a.CreditorID)}
	if m.holder == string(keys.Tenant(m.Org)) {
		if err := s.open(tx.Context(), &m); err != nil {
			return p, err
		}
		p.Debited = string(m.IBAN)
	}
	return p, nil
}
