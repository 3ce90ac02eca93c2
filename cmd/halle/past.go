package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	debits "github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
)

// past is the month before this one, as the demo plays it before it serves: three customers of two publishers and a
// reseller use services, are invoiced, one disputes its usage, one gets a credit note, one has its debit sent back, and the
// publishers are told and paid. Everything goes through the use cases that pages and API call, at the time that it is about.
type past struct {
	h     *house
	c     *cast
	month time.Time // its first instant
	begin time.Time // when it all starts, in the month before
	subs  map[string]string
	sold  map[string]access.Caller // publisher by subscription
}

func (h *house) past() past {
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	return past{h: h, month: month, begin: month.AddDate(0, 0, -12).Add(9 * time.Hour), subs: map[string]string{}, sold: map[string]access.Caller{}}
}

// day goes to a day of the month, at ten o'clock.
func (p *past) day(n int) { p.h.travel.to(p.month.AddDate(0, 0, n-1).Add(10 * time.Hour)) }

// play tells the month. The operator and its first customers are there.
func (h *house) play(ctx context.Context, c *cast, p past) error {
	p.c = c
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"who takes part", p.people}, {"offers", p.offers}, {"orders", p.orders}, {"usage", p.use}, {"invoices", p.invoices}, {"late usage", p.late}, {"dispute", p.dispute}, {"credit note", p.credit},
		{"payments", p.pay}, {"payouts", p.payOut}} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// people brings the reseller, the customers, and the account that money comes to.
func (p *past) people(ctx context.Context) (err error) {
	h, c := p.h, p.c
	if c.reseller, err = h.company(ctx, *c, "Rhône Télécom", "FR", "Nadia Perret", "nadia@rhone-telecom.example", party.Entity{Country: "FR", Address: "3 quai Rambaud\n69002 Lyon"}, party.KindReseller); err != nil {
		return err
	}
	if c.clinic, err = h.company(ctx, *c, "Clinique des Lilas", "FR", "Hugo Bernard", "hugo@clinique-lilas.example", party.Entity{Country: "FR", Address: "8 rue des Lilas\n38000 Grenoble"}, party.KindCustomer); err != nil {
		return err
	}
	if c.spa, err = h.company(ctx, *c, "Kurhaus Ems", "DE", "Greta Vogel", "greta@kurhaus-ems.example", party.Entity{Country: "DE", VATID: "DE136695976", Address: "Römerstraße 1\n56130 Bad Ems"}, party.KindCustomer); err != nil {
		return err
	}
	if c.bakery, err = h.companyBelow(ctx, *c, c.reseller.Org, "Boulangerie Bonnet", "FR", "Lucie Bonnet", "lucie@boulangerie-bonnet.example", party.Entity{Country: "FR", Address: "5 place Bellecour\n69002 Lyon"}, party.KindCustomer); err != nil {
		return err
	}
	if _, err := h.collects.SetAccount(ctx, c.operator, debits.AccountInput{Entity: c.seller, IBAN: demoIBAN, BIC: "AGRIFRPP", CreditorID: "FR72ZZZ123456", NoticeDays: 5}); err != nil {
		return err
	}
	_, err = h.collects.Give(ctx, c.spa, debits.MandateInput{Org: c.spa.Org, Entity: c.seller, Name: "Kurhaus Ems", IBAN: "DE89370400440532013000", Signed: true, Lang: "en"})
	return err
}

// offers records the clouds, puts two offers on the shelf and says how they are shared.
func (p *past) offers(ctx context.Context) error {
	h, c := p.h, p.c
	if err := h.clouds(ctx, *c); err != nil {
		return err
	}
	for file, publisher := range map[string]access.Caller{"archive": c.alpes, "insights": c.atlantic} {
		if err := h.publish(ctx, *c, publisher, file); err != nil {
			return err
		}
	}
	percent := func(publisher, operator, reseller int) []settlement.Clause {
		return []settlement.Clause{{Kind: settlement.Percent, Parts: settlement.Parts{Publisher: publisher, Operator: operator, Resellers: []int{reseller}}}}
	}
	for _, in := range []settlement.RuleInput{{Terms: settlement.Terms{Clauses: percent(7000, 2000, 1000)}},
		{Publisher: c.atlantic.Org, Terms: settlement.Terms{Clauses: percent(6500, 2300, 1200), Reserve: 500, ReserveDays: 90}}} {
		if _, err := h.settlements.SetRule(ctx, c.operator, in); err != nil {
			return err
		}
	}
	return nil
}

// orders lets the customers order, and the publishers do the work that starts a service.
func (p *past) orders(ctx context.Context) error {
	var placed []order.Order
	for n, one := range []struct {
		who   access.Caller
		offer string
	}{{p.c.clinic, "archive"}, {p.c.clinic, "insights"}, {p.c.spa, "archive"}, {p.c.bakery, "archive"}, {p.c.bakery, "insights"}} {
		o, err := p.h.orders.Place(ctx, one.who, order.PlaceInput{Key: fmt.Sprintf("past-%d", n), Language: "en", Items: []order.ItemInput{{Offer: one.offer, Plan: "standard", DataClass: "internal", Parameters: json.RawMessage("{}")}}})
		if err != nil {
			return err
		}
		placed = append(placed, o)
		name := one.who.OrgName + " " + one.offer
		p.subs[name] = o.Items[0].Subscription
		if p.sold[p.subs[name]] = p.c.alpes; one.offer == "insights" {
			p.sold[p.subs[name]] = p.c.atlantic
		}
	}
	owners := []access.Caller{p.c.clinic, p.c.clinic, p.c.spa, p.c.bakery, p.c.bakery}
	return until(ctx, "the start of the services", func() (bool, error) {
		if err := p.settle(ctx); err != nil {
			return false, err
		}
		for _, publisher := range []access.Caller{p.c.alpes, p.c.atlantic} {
			list, err := p.h.resources.WorkOrdersFor(ctx, publisher)
			if err != nil {
				return false, err
			}
			for _, w := range list {
				if err := p.h.resources.Answer(ctx, publisher, w.Run.ID, json.RawMessage(`{"done":true}`)); err != nil {
					return false, err
				}
			}
		}
		for n, o := range placed {
			now, err := p.h.orders.Order(ctx, owners[n], o.ID)
			if err != nil || now.State != order.StateCompleted {
				return false, err
			}
		}
		return true, nil
	})
}

// settle lets everything happen that follows from what was done, while some seconds go by.
func (p *past) settle(ctx context.Context) error {
	for range 2 {
		if err := p.h.facts.Drain(ctx, p.h.readers()...); err != nil {
			return err
		}
		if _, err := p.h.queue.Drain(ctx); err != nil {
			return err
		}
		if _, err := p.h.meters.Sync(ctx); err != nil {
			return err
		}
		p.h.travel.to(p.h.now().Add(2 * time.Second))
	}
	return nil
}

// report sends the usage of a service on some days before the month, and says that nothing more comes of it.
func (p *past) report(ctx context.Context, name, meterKey, unit string, amounts map[int]string) error {
	sub := p.subs[name]
	at := func(day int) time.Time { return p.month.AddDate(0, 0, -day).Add(11 * time.Hour) }
	var events []usage.Event
	for day, value := range amounts {
		events = append(events, usage.Event{SpecVersion: "1.0", ID: fmt.Sprintf("%s/%d", sub, day), Source: "counter", Type: proof.TypeUsage, Subject: sub,
			Data: proof.Data{Meter: meterKey, Unit: unit, Value: value, Start: at(day).Format(time.RFC3339), End: at(day).Add(30 * time.Minute).Format(time.RFC3339)}})
	}
	through := p.h.now().Truncate(time.Hour).Format(time.RFC3339)
	events = append(events, usage.Event{SpecVersion: "1.0", ID: sub + "/through-" + through, Source: "counter", Type: proof.TypeWatermark, Subject: sub, Data: proof.Data{Through: through}})
	_, err := p.h.meters.Ingest(ctx, p.sold[sub], events)
	return err
}

// windows waits until so many windows of a service are rated.
func (p *past) windows(ctx context.Context, name string, n int) (list []usage.Window, err error) {
	err = until(ctx, "the windows of "+name, func() (bool, error) {
		if err := p.settle(ctx); err != nil {
			return false, err
		}
		page, err := p.h.meters.Windows(ctx, access.System("meter"), p.subs[name], 0, 100)
		list = page.Windows
		return len(list) >= n, err
	})
	if err == nil {
		err = p.settle(ctx) // what was seen just now is rated too
	}
	return list, err
}

// use reports the usage of the last days before the month.
func (p *past) use(ctx context.Context) error {
	p.h.travel.to(p.month.Add(-time.Hour))
	for _, one := range []struct {
		name, meter, unit string
		amounts           map[int]string
	}{{"Clinique des Lilas archive", "gigabytes", "gigabyte", map[int]string{9: "410", 5: "395", 2: "428"}}, {"Clinique des Lilas insights", "rows", "row", map[int]string{8: "182000", 4: "96500"}},
		{"Kurhaus Ems archive", "gigabytes", "gigabyte", map[int]string{9: "640", 3: "655"}}, {"Boulangerie Bonnet archive", "gigabytes", "gigabyte", map[int]string{7: "120"}}, {"Boulangerie Bonnet insights", "rows", "row", map[int]string{6: "41000", 2: "38500"}}} {
		if err := p.report(ctx, one.name, one.meter, one.unit, one.amounts); err != nil {
			return err
		}
		if _, err := p.windows(ctx, one.name, len(one.amounts)); err != nil {
			return err
		}
	}
	return nil
}

// invoices lets the month begin: its first hour issues what was used before it.
func (p *past) invoices(ctx context.Context) error {
	p.day(1)
	return until(ctx, "the invoices", func() (bool, error) {
		if err := p.settle(ctx); err != nil {
			return false, err
		}
		for _, who := range []access.Caller{p.c.clinic, p.c.spa, p.c.bakery} {
			if list, err := p.issued(ctx, who); err != nil || len(list) == 0 {
				return false, err
			}
		}
		return true, nil
	})
}

// issued lists a customer's invoices, newest first.
func (p *past) issued(ctx context.Context, who access.Caller) ([]billing.Summary, error) {
	page, err := p.h.invoices.Invoices(ctx, who, who.Org, "")
	return page.Invoices, err
}

// late is usage of the month before that comes after its invoice: it is charged by a line that corrects it.
func (p *past) late(ctx context.Context) error {
	p.day(3)
	before, err := p.windows(ctx, "Clinique des Lilas archive", 1)
	if err != nil {
		return err
	}
	if err := p.report(ctx, "Clinique des Lilas archive", "gigabytes", "gigabyte", map[int]string{4: "37"}); err != nil {
		return err
	}
	if _, err := p.windows(ctx, "Clinique des Lilas archive", len(before)+1); err != nil {
		return err
	}
	p.day(4)
	_, err = p.h.invoices.Issue(ctx, p.c.operator, p.c.clinic.Org, p.h.now())
	return err
}

// dispute doubts an event that was invoiced: what the publisher has of its line is kept back until somebody decides.
func (p *past) dispute(ctx context.Context) error {
	p.day(5)
	list, err := p.windows(ctx, "Clinique des Lilas insights", 1)
	if err != nil {
		return err
	}
	_, err = p.h.meters.Dispute(ctx, p.c.clinic, meter.DisputeInput{Window: list[0].ID, Events: []meter.DisputedEvent{{ID: p.subs["Clinique des Lilas insights"] + "/8", Claim: "18200"}}, Reason: "We read ten times fewer rows that day."})
	if err != nil {
		return err
	}
	return p.settle(ctx)
}

// credit takes a part of the bakery's first line back.
func (p *past) credit(ctx context.Context) error {
	p.day(6)
	list, err := p.issued(ctx, p.c.bakery)
	if err != nil {
		return err
	}
	_, err = p.h.invoices.CreditLines(ctx, p.c.operator, list[0].ID, "The archive could not be reached for a day.", []proof.CreditLine{{Line: 1, Amount: money.New(100, money.EUR)}})
	if err != nil {
		return err
	}
	return p.settle(ctx)
}
