package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
)

// furnish leaves something running, so that the portal is not empty: another broker of Acme's, with some use.
func (s *story) furnish(ctx context.Context) error {
	quiet := *s
	quiet.out = io.Discard
	o, err := quiet.order(ctx, "m2m-broker", "flex", "personal", nil)
	if err != nil {
		return err
	}
	service, err := quiet.provision(ctx, o)
	if err != nil {
		return err
	}
	d, err := quiet.credentials(ctx, service, "sensor-1")
	if err != nil {
		return err
	}
	defer d.close()
	for i := range 50 {
		if err := d.publish(ctx, "hall/temperature", fmt.Appendf(nil, "%d", 18+i%5)); err != nil {
			return err
		}
	}
	if err := quiet.account(ctx, service); err != nil {
		return err
	}
	if err := quiet.copies(ctx, service); err != nil {
		return err
	}
	if err := quiet.licences(ctx); err != nil {
		return err
	}
	if err := quiet.payments(ctx); err != nil {
		return err
	}
	return s.visit(ctx, s.cast.household)
}

// account leaves words by which costs are split, and an event of the publisher's that waits for a decision.
func (s *story) account(ctx context.Context, service string) error {
	if _, err := s.h.subscriptions.SetTags(ctx, s.cast.acme, service, subscription.Tags{"cost-centre": "4711", "project": "cold-chain"}); err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	now := s.h.now()
	_, err := s.h.meters.Ingest(ctx, s.cast.alpes, []usage.Event{{SpecVersion: "1.0", ID: "gateway-1/1", Source: "gateways", Type: proof.TypeUsage, Subject: service,
		Data: proof.Data{Meter: "messages", Unit: "thousand-messages", Value: "12", Start: now.Add(-time.Minute).Format(time.RFC3339), End: now.Format(time.RFC3339)}}})
	if err != nil {
		return fmt.Errorf("an event with another unit: %w", err)
	}
	return nil
}

// licences leaves a supervision with floating seats, all of them taken and one refused, an own licence to be checked and
// one that ends soon; another with named seats; and a year that was bought.
func (s *story) licences(ctx context.Context) error {
	subs := map[string]string{}
	for _, plan := range []string{"floating", "named", "year"} {
		o, err := s.order(ctx, "atelier", plan, "internal", map[string]any{})
		if err != nil {
			return err
		}
		if subs[plan], err = s.provision(ctx, o); err != nil {
			return err
		}
		if err := until(ctx, "the licences of plan "+plan, func() (bool, error) {
			return s.h.licences.Licensed(ctx, s.cast.acme, subs[plan]) == nil, nil
		}); err != nil {
			return err
		}
	}
	for n, who := range []string{s.cast.acme.Person, s.cast.acmeTechnical.Person, "screen-3", "screen-4"} {
		hours := 0
		if n == 1 {
			hours = 24
		}
		_, err := s.h.licences.Take(ctx, s.cast.alpes, licence.TakeInput{Subscription: subs["floating"], Holder: who, Device: fmt.Sprintf("desk-%d", n+1), Hours: hours, Key: who})
		if err != nil && fail.CodeOf(err) != "licence.full" {
			return fmt.Errorf("a seat: %w", err)
		}
	}
	if _, err := s.h.licences.Assign(ctx, s.cast.acme, subs["named"], s.cast.acmeTechnical.Person); err != nil {
		return fmt.Errorf("a named seat: %w", err)
	}
	for n, days := range []int{20, 400} {
		l, err := s.h.licences.Declare(ctx, s.cast.acme, licence.DeclareInput{Subscription: subs["floating"], Number: fmt.Sprintf("ATL-2024-00%d71", n+4), Reference: "Atelier F3", Seats: 3,
			To: s.h.now().AddDate(0, 0, days), Attested: true})
		if err == nil && n == 0 {
			_, err = s.h.licences.Accept(ctx, s.cast.alpes, l.ID)
		}
		if err != nil {
			return fmt.Errorf("an own licence: %w", err)
		}
	}
	return s.h.licences.Look(ctx)
}

// visit orders work of a person for the household: it waits on the operator's desk.
func (s *story) visit(ctx context.Context, household access.Caller) error {
	q, err := s.h.orders.Quote(ctx, household, order.QuoteInput{Language: "fr", Items: []order.ItemInput{{Offer: "m2m-broker", Plan: "flex", DataClass: "personal",
		Parameters: json.RawMessage(`{"interval_ms":1000}`)}}})
	if err != nil {
		return fmt.Errorf("the household's quote: %w", err)
	}
	_, err = s.h.orders.Place(ctx, household, order.PlaceInput{Key: "demo-home", Quote: q.ID, Language: "fr", Total: q.Total, ConsentToStart: true})
	if err != nil {
		return fmt.Errorf("the household's order: %w", err)
	}
	_, err = s.h.orders.Place(ctx, s.cast.acme, order.PlaceInput{Key: "demo-visit", Language: "en", Items: []order.ItemInput{{Offer: "gateway-visit", Plan: "visit", DataClass: "internal",
		Parameters: json.RawMessage(`{"site":"Lyon, ward 3"}`)}}})
	if err != nil {
		return fmt.Errorf("the order of a visit: %w", err)
	}
	return nil
}
