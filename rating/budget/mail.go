package budget

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
)

// tell writes to everybody who may set the budget, in the transaction that acts: after a kill both are there or neither.
func (s *Budgets) tell(tx *store.Tx, b Budget, kind string, args map[string]string) error {
	people, err := s.holders(tx, b)
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
	for _, person := range people {
		p, err := s.Parties.Reach(tx, person)
		if err != nil {
			return err
		}
		if p.Erased || p.Contact.Email == "" {
			continue
		}
		all := map[string]string{"organisation": org.Name, "service": scope, "tag": b.Tag, "budget": b.Amount.Format(p.Language), "used": b.Used.Format(p.Language),
			"share": strconv.FormatInt(b.Percent(), 10), "month": b.Period, "link": s.Site + "/spending"}
		maps.Copy(all, args)
		subject, text, err := s.texts.Render(kind, p.Language, all)
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Put(tx, mail.Message{Person: person, Kind: "budget." + kind, To: p.Contact.Email, Lang: p.Language, Subject: subject, Text: text}); err != nil {
			return fmt.Errorf("budget %s: mail to %s: %w", b.ID, keys.Person(person), err)
		}
	}
	return nil
}

// holders are the owners and billing people of the budget's organisation, or of the next above it that has some.
func (s *Budgets) holders(tx *store.Tx, b Budget) ([]string, error) {
	for _, org := range order.House(b.Path) {
		var people []string
		for _, role := range []access.Role{access.RoleOwner, access.RoleBilling} {
			some, err := s.Parties.Holders(tx, org, role)
			if err != nil {
				return nil, err
			}
			people = append(people, some...)
		}
		slices.Sort(people)
		if people = slices.Compact(people); len(people) > 0 {
			return people, nil
		}
	}
	return nil, nil
}
