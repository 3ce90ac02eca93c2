package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

// probeEvery is how far apart events are whose way into the balance is measured.
const probeEvery = 100 * time.Millisecond

// watched is a budget of one service, and that service.
type watched struct {
	service, budget string
	used            string
	took            []time.Duration
}

// budgets gives every customer a budget, so that all usage moves balances, and watches one service of the first.
func (s *stage) budgets(ctx context.Context, service string) (w watched, err error) {
	w.service = service
	for _, token := range s.Customers {
		var orders struct{ Items []struct{ Org string } }
		if err := s.call(ctx, token, "GET", "/api/v1/orders?limit=1", jsonHeader(), nil, &orders); err != nil {
			return w, err
		}
		if len(orders.Items) == 0 {
			return w, errors.New("a customer has no order")
		}
		in := map[string]any{"amount": "100000000.00 EUR"}
		for range 2 {
			body, err := json.Marshal(in)
			if err != nil {
				return w, err
			}
			var b struct{ ID, Used string }
			if err := s.call(ctx, token, "PUT", "/api/v1/organisations/"+url.PathEscape(orders.Items[0].Org)+"/budgets", jsonHeader(), body, &b); err != nil {
				return w, err
			}
			if in["service"] != nil {
				w.budget, w.used = b.ID, b.Used
			}
			if w.budget != "" {
				break
			}
			in["service"] = service
		}
	}
	return w, nil
}

// watch sends an event of the watched service now and then, and asks for the balance until it shows.
func (s *stage) watch(ctx context.Context, w *watched, long time.Duration) error {
	start := time.Now()
	for n := 0; time.Since(start) < long; n++ {
		now := time.Now().UTC()
		e := proof.Event{SpecVersion: "1.0", ID: fmt.Sprint("watched-", n), Source: "bench/" + w.service, Type: proof.TypeUsage, Subject: w.service,
			Data: proof.Data{Meter: "messages", Value: "100000000", Unit: "message", Start: now.Add(-time.Millisecond).Format(time.RFC3339Nano), End: now.Format(time.RFC3339Nano)}}
		if err := s.call(ctx, s.Publisher, "POST", "/api/v1/usage", http.Header{"Content-Type": {usage.TypeSingle}}, e.AppendCanonical(nil), nil); err != nil {
			return err
		}
		for was := w.used; w.used == was; time.Sleep(5 * time.Millisecond) {
			var b struct{ Used string }
			if err := s.call(ctx, s.Customers[0], "GET", "/api/v1/budgets/"+w.budget, jsonHeader(), nil, &b); err != nil {
				return err
			}
			if w.used = b.Used; time.Since(now) > 30*time.Second {
				return fmt.Errorf("usage of service %s does not show in its budget", w.service)
			}
		}
		w.took = append(w.took, time.Since(now))
		time.Sleep(probeEvery)
	}
	return nil
}
