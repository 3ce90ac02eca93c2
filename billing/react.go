package billing

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/trace"
)

// Readers are the readers of this package: the final invoice of a subscription, once everything is charged.
func (s *Invoices) Readers() []trace.Reader {
	return []trace.Reader{{Name: "billing.final", Types: []string{rating.FactRated}, Handle: s.onRated}}
}

func (s *Invoices) onRated(tx *store.Tx, e trace.Entry) error {
	var f rating.RatedFact
	if err := e.Into(&f); err != nil || !f.Final {
		return err
	}
	return s.issueFinal(tx, f.Org, f.Subscription)
}

// issueFinal invoices what is left of one subscription, in the caller's transaction.
func (s *Invoices) issueFinal(tx *store.Tx, org, subscription string) error {
	c := access.System("billing")
	o, err := s.allowed(tx, c, access.InvoiceIssue, org, "organisation", org)
	if err != nil {
		return err
	}
	bill, err := s.Ratings.UnbilledOf(tx, org, subscription)
	if err != nil {
		return err
	}
	_, err = s.issueAll(tx, c, o, bill, true, nil)
	return err
}
