package monthclose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

// send writes to the owners and billing people of a customer that its invoices are there, and notes it, in one
// transaction: the outbox is part of it. A customer whom nobody can be written to finds them in the portal.
func (s *Closes) send(tx *store.Tx, one Close, i Item) error {
	i.State = ItemSent
	org, err := s.Parties.Lookup(tx, i.Org)
	if err != nil {
		return err
	}
	people, err := s.readers(tx, org)
	if err != nil {
		return err
	}
	for _, person := range people {
		p, err := s.Parties.Reach(tx, person)
		if err != nil {
			return err
		}
		if p.Erased || p.Contact.Email == "" || len(i.Invoices) == 0 {
			continue
		}
		subject, text, err := s.texts.Render("issued", p.Language, s.words(one, org, i, p.Language))
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Put(tx, mail.Message{Person: person, Kind: "close.issued", To: p.Contact.Email, Lang: p.Language, Subject: subject, Text: text}); err != nil {
			return fmt.Errorf("letter to %s: %w", person, err)
		}
		i.Mails++
	}
	_, err = updateItem(tx, one.ID, ItemIssued, i)
	return err
}

func (s *Closes) words(one Close, org party.Organisation, i Item, lang string) map[string]string {
	link := s.Site + "/invoices"
	if len(i.Invoices) == 1 {
		link += "/" + i.Invoices[0].ID
	}
	var numbers, totals []string
	due := i.Invoices[0].Due
	for _, inv := range i.Invoices {
		numbers = append(numbers, inv.Number)
		if inv.Due.Before(due) {
			due = inv.Due
		}
	}
	all, _ := Item{Expected: i.Expected}.Total() // adding up worked when it was approved
	for _, a := range all {
		totals = append(totals, a.Format(lang))
	}
	return map[string]string{"organisation": org.Name, "month": one.Month.String(), "count": strconv.Itoa(len(i.Invoices)), "first": i.Invoices[0].Number,
		"numbers": strings.Join(numbers, ", "), "total": strings.Join(totals, " + "), "due": due.String(), "link": link}
}

// readers are the owners and billing people of an organisation, or of the next above it in its house that has some.
func (s *Closes) readers(tx *store.Tx, org party.Organisation) ([]string, error) {
	for _, id := range order.House(org.Path) {
		var people []string
		for _, role := range []access.Role{access.RoleOwner, access.RoleBilling} {
			some, err := s.Parties.Holders(tx, id, role)
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
