package copies

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/provision"
)

// tell writes about an incident to the owners and technical people of the customer and to the operator's staff, in the
// transaction that opens it: after a kill both are there or neither.
func (s *Register) tell(tx *store.Tx, c Copy) error {
	facts, _, err := s.Residency.Snapshot(tx)
	if err != nil {
		return err
	}
	place := c.Region
	for _, r := range facts.Regions {
		if r.Key == c.Region {
			place = r.City + " (" + r.Name + ")"
		}
	}
	org, err := s.Parties.Lookup(tx, c.Org)
	if err != nil {
		return err
	}
	args := map[string]string{"organisation": org.Name, "place": place, "service": cmp.Or(c.Subscription, c.Resource, "?"), "object": c.Object}
	if c.Org != s.Operator {
		if err := s.write(tx, Customers(c.Path), string(c.State), "/data", args, c.Kind); err != nil {
			return err
		}
	}
	return s.write(tx, []string{s.Operator}, string(c.State), "/operator/copies", args, c.Kind)
}

// Customers are the organisations on a path in which somebody can answer for the data: the unit itself, then its house.
func Customers(path string) []string { return order.House(path) }

// write mails to those who answer for the first of the organisations that has some.
func (s *Register) write(tx *store.Tx, orgs []string, kind, page string, args map[string]string, what provision.CopyKind) error {
	people, err := s.holders(tx, orgs)
	if err != nil {
		return err
	}
	for _, person := range people {
		p, err := s.Parties.Reach(tx, person)
		if err != nil {
			return err
		}
		if p.Erased || p.Contact.Email == "" {
			continue
		}
		all := map[string]string{"what": kindName(what, p.Language), "link": s.Site + page}
		for k, v := range args {
			all[k] = v
		}
		subject, text, err := s.texts.Render(kind, p.Language, all)
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Put(tx, mail.Message{Person: person, Kind: "copies." + kind, To: p.Contact.Email, Lang: p.Language, Subject: subject, Text: text}); err != nil {
			return fmt.Errorf("copies: mail to %s: %w", keys.Person(person), err)
		}
	}
	return nil
}

func (s *Register) holders(tx *store.Tx, orgs []string) ([]string, error) {
	for _, org := range orgs {
		var people []string
		for _, role := range []access.Role{access.RoleOwner, access.RoleTechnical, access.RoleOperator} {
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

// kindName says a kind in a mail.
func kindName(k provision.CopyKind, lang string) string {
	french := map[provision.CopyKind]string{provision.CopyPrimary: "données du service", provision.CopyReplica: "réplique", provision.CopySnapshot: "instantané",
		provision.CopyBackup: "sauvegarde", provision.CopyExport: "export", provision.CopyLog: "journal", provision.CopyKey: "clé", provision.CopyCache: "cache"}
	if name, ok := french[k]; ok && lang == "fr" {
		return name
	}
	if k == provision.CopyPrimary {
		return "data of the service"
	}
	return string(k)
}
