package budget

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

// tell writes to everybody who may set the budget, in the transaction that acts: after a kill both are there or neither.
func (s *Budgets) tell(tx *store.Tx, b Budget, kind string, args map[string]string) error {
	people, err := order.Nearest(tx, s.Parties, b.Path, access.RoleOwner, access.RoleBilling)
	if err != nil {
		return err
	}
	org, err := s.Parties.Lookup(tx, b.Org)
	if err != nil {
		return err
	}
	scope := ""
	if b.Service != "" {
		sub, err := s.Subscriptions.SubscriptionIn(tx, b.Service)
		if err != nil {
			return err
		}
		scope = sub.Deal.Name
	}
	_, err = s.Parties.Write(tx, s.Outbox, people, "budget."+kind, func(p party.Person) (m mail.Message, err error) {
		all := map[string]string{"organisation": org.Name, "service": scope, "tag": b.Tag, "budget": b.Amount.Format(p.Language), "used": b.Used.Format(p.Language),
			"share": strconv.FormatInt(b.Percent(), 10), "month": b.Period, "link": s.Site + "/spending"}
		maps.Copy(all, args)
		m.Subject, m.Text, err = s.texts.Render(kind, p.Language, all)
		return m, err
	})
	if err != nil {
		return fmt.Errorf("budget %s: %w", b.ID, err)
	}
	return nil
}
