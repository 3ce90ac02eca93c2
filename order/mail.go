package order

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
)

// mailApproval asks every approver but the requester, or the requester alone when there is nobody else.
func (s *Orders) mailApproval(tx *store.Tx, o Order) error {
	approvers, err := s.approvers(tx, o)
	if err != nil {
		return err
	}
	if len(approvers) > 1 {
		approvers = slices.DeleteFunc(approvers, func(p string) bool { return personRef(p) == o.Requester })
	}
	return s.write(tx, approvers, "approval", o, nil)
}

const jobConfirm = "order.confirm"

// confirm has the confirmation written once the order stands: nobody who orders waits for their mail.
func (s *Orders) confirm(tx *store.Tx, o Order) error {
	return s.Queue.Enqueue(tx, job.Job{Kind: jobConfirm, Payload: []byte(o.ID)})
}

// mailConfirmation sends the requester what was agreed, with the contract texts (Directive 2011/83/EU, art. 8(7)). An
// order by a token goes to the organisation's owners. Done again it writes nothing: the order remembers.
func (s *Orders) mailConfirmation(ctx context.Context, j job.Job) error {
	order := string(j.Payload)
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := updateConfirmed(tx, order, s.Now())
		if err != nil || !fresh {
			return err
		}
		o, err := selectOrder(tx, order)
		if err != nil {
			return err
		}
		return s.writeConfirmation(tx, o)
	})
}

func (s *Orders) writeConfirmation(tx *store.Tx, o Order) error {
	people := []string{strings.TrimPrefix(o.Requester, "person:")}
	if people[0] == o.Requester {
		var err error
		if people, err = s.Parties.Holders(tx, o.Org, access.RoleOwner); err != nil {
			return err
		}
	}
	contracts, err := s.contracts(tx, o)
	if err != nil {
		return err
	}
	return s.write(tx, people, "confirmation", o, contracts)
}

func personRef(person string) string { return access.Caller{Person: person}.Ref() }

// contracts are the texts that were agreed, one file an offer version.
func (s *Orders) contracts(tx *store.Tx, o Order) ([]mail.Attachment, error) {
	var out []mail.Attachment
	seen := map[string]bool{}
	for _, i := range o.Items {
		if i.Terms.Contract == "" || seen[i.Terms.Contract] {
			continue
		}
		seen[i.Terms.Contract] = true
		v, err := s.Catalogue.VersionIn(tx, i.Terms.Version)
		if err != nil {
			return nil, err
		}
		text := v.Content.Contract[i.Terms.Language]
		out = append(out, mail.Attachment{Name: fmt.Sprintf("%s-%s.txt", i.Terms.Key, i.Terms.Language), Type: "text/plain; charset=utf-8", Data: []byte(text)})
	}
	return out, nil
}

func (s *Orders) write(tx *store.Tx, people []string, kind string, o Order, files []mail.Attachment) error {
	org, err := s.Parties.Lookup(tx, o.Org)
	if err != nil {
		return err
	}
	m, err := s.Parties.Market(tx, o.Market)
	if err != nil {
		return err
	}
	_, err = s.Parties.Write(tx, s.Outbox, people, "order."+kind, func(p party.Person) (mail.Message, error) {
		var items []string
		for _, i := range o.Items {
			items = append(items, i.Terms.Name+" / "+i.Terms.PlanName+": "+i.Terms.First.Total.Format(p.Language))
		}
		args := map[string]string{"organisation": org.Name, "brand": m.Brand, "order": o.ID, "items": strings.Join(items, "; "),
			"total": o.Total.Format(p.Language), "basis": string(o.Basis), "recurring": o.Recurring.Format(p.Language),
			"link": s.Site + "/orders/" + o.ID, "withdraw": ""}
		if !o.WithdrawBy.IsZero() {
			args["withdraw"] = o.lastDay()
		}
		subject, text, err := s.texts.Render(kind, p.Language, args)
		return mail.Message{Subject: subject, Text: text, Attachments: files}, err
	})
	if err != nil {
		return fmt.Errorf("order %s: %w", o.ID, err)
	}
	return nil
}
