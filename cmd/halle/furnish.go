package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/order"
)

// furnish leaves something running, so that the portal is not empty: another broker of Acme's, with some use.
func (s *story) furnish(ctx context.Context) error {
	quiet := *s
	quiet.out = io.Discard
	o, err := quiet.order(ctx, "m2m-broker", "flex", "personal", nil)
	if err != nil {
		return err
	}
	subscription, err := quiet.provision(ctx, o)
	if err != nil {
		return err
	}
	d, err := quiet.credentials(ctx, subscription, "sensor-1")
	if err != nil {
		return err
	}
	defer d.close()
	for i := range 50 {
		if err := d.publish(ctx, "hall/temperature", fmt.Appendf(nil, "%d", 18+i%5)); err != nil {
			return err
		}
	}
	return s.visit(ctx, s.cast.household)
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
