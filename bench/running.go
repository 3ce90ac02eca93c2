package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	runRate  = 2 // orders a second
	runCount = 40
)

// orderToRunning is from sending an order until the API says that it is completed: placed, a process started in its
// isolation, its port open, its credentials sealed, the subscription active. The application is the real one.
func orderToRunning() Figure {
	name := fmt.Sprintf("order to running, p95, processes at %d/s", runRate)
	return Figure{Name: name, Unit: "ms", Less: true, Held: 1000, Measure: func(ctx context.Context) (r Result, err error) {
		s, err := startStage(ctx, "", nil)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		n := int(span(runCount*time.Second) / time.Second)
		took, errs := make([]time.Duration, n), make([]error, n)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range n {
			due := start.Add(time.Duration(i) * time.Second / runRate)
			time.Sleep(time.Until(due))
			wg.Go(func() {
				errs[i] = s.run(ctx, i)
				took[i] = time.Since(due)
			})
		}
		wg.Wait()
		return Result{Value: ms(at(took, 0.95)), Reference: fmt.Sprintf("p50 %s ms, %d orders, all applications left running", number(ms(at(took, 0.5))), n)}, errors.Join(errs...)
	}}
}

var processBody = []byte(`{"language":"en","items":[{"offer":"m2m-broker","plan":"flex","dataClass":"internal","parameters":{"interval_ms":60000}}]}`)

// run orders a broker and waits until it is there.
func (s *stage) run(ctx context.Context, customer int) error {
	id, err := s.place(ctx, customer, fmt.Sprint("run-", keys.Add(1)), processBody)
	if err != nil {
		return err
	}
	for give := time.Now().Add(time.Minute); time.Now().Before(give); time.Sleep(10 * time.Millisecond) {
		var o struct{ State string }
		if err := s.call(ctx, s.Customers[customer%len(s.Customers)], "GET", "/api/v1/orders/"+id, jsonHeader(), nil, &o); err != nil {
			return err
		}
		if o.State == "completed" {
			return nil
		}
		if slices.Contains([]string{"failed", "rejected", "cancelled"}, o.State) {
			return fmt.Errorf("order %s is %s", id, o.State)
		}
	}
	return fmt.Errorf("order %s is not running after a minute", id)
}

// services orders so many on the engine in memory, waits for them and gives their ids.
func (s *stage) services(ctx context.Context, n int) ([]string, error) {
	for i := range n {
		if _, err := s.place(ctx, i, fmt.Sprint("service-", keys.Add(1)), orderBody); err != nil {
			return nil, err
		}
	}
	if _, all, err := s.settle(ctx, 3*time.Minute); err != nil {
		return nil, err
	} else if !all {
		return nil, errors.New("the services that are needed do not come up")
	}
	var ids []string
	for _, token := range s.Customers {
		var page struct{ Items []struct{ ID, State string } }
		if err := s.call(ctx, token, "GET", "/api/v1/services?limit=100", jsonHeader(), nil, &page); err != nil {
			return nil, err
		}
		for _, one := range page.Items {
			ids = append(ids, one.ID)
		}
	}
	if len(ids) < n {
		return nil, fmt.Errorf("%d services are there, %d were ordered", len(ids), n)
	}
	return ids, nil
}

// page is a list's answer, of which only the length matters.
type page struct{ Items []json.RawMessage }
