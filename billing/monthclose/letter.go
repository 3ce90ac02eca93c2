package monthclose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
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
	if len(i.Invoices) > 0 && !i.handedOver() {
		people, err := order.Nearest(tx, s.Parties, org.Path, access.RoleOwner, access.RoleBilling)
		if err != nil {
			return err
		}
		sent, err := s.Parties.Write(tx, s.Outbox, people, "close.issued", func(p party.Person) (m mail.Message, err error) {
			m.Subject, m.Text, err = s.texts.Render("issued", p.Language, s.words(one, org, i, p.Language))
			return m, err
		})
		if err != nil {
			return err
		}
		i.Mails += int64(sent)
	}
	_, err = updateItem(tx, one.ID, ItemIssued, i)
	return err
}

// handedOver tells whether another system bills it, and writes to the customer.
func (i Item) handedOver() bool {
	return !slices.ContainsFunc(i.Invoices, func(one Issued) bool { return !strings.HasPrefix(one.Number, billing.SeriesHandedOver+"-") })
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
