package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Orders come at a steady rate for this long, on the engine in memory.
const (
	orderRate   = 200
	orderSpan   = 10 * time.Second
	orderWarmUp = 2 * time.Second
	orderFlood  = 6 * time.Second
	flooders    = 16
)

// orderFigures measure orders over the API on one database, beside everything that an order sets off: placement,
// provisioning, subscription, mail, log. An answer is sent after the commit.
func orderFigures(engine string, open func(context.Context) (string, func(), error)) []Figure {
	measured := once(func(ctx context.Context) (ordered, error) { return measureOrders(ctx, open) })
	return []Figure{
		{Name: fmt.Sprintf("order accepted at %d/s, p99, %s", orderRate, engine), Unit: "ms", Less: true, Held: 50, Measure: func(ctx context.Context) (Result, error) {
			m, err := measured(ctx)
			return Result{Value: ms(at(m.took, 0.99)), Reference: fmt.Sprintf("p50 %s ms, %s orders/s reached; %s", number(ms(at(m.took, 0.5))), number(m.rate), m.reference)}, err
		}},
		{Name: "orders accepted, at most, " + engine, Unit: "orders/s", Held: orderRate, Measure: func(ctx context.Context) (Result, error) {
			m, err := measured(ctx)
			return Result{Value: m.most, Reference: fmt.Sprintf("%d at once, p99 %s ms; %s", flooders, number(ms(at(m.flood, 0.99))), m.behind())}, err
		}},
	}
}

// ordered is what one run measured.
type ordered struct {
	took      []time.Duration // from when an order was due to its answer
	rate      float64
	flood     []time.Duration
	most      float64
	orders    int
	settled   time.Duration // from the last order to the last service running
	all       bool          // none was left
	cpu       time.Duration // of the server, from the first order to the last service running
	reference string
}

func measureOrders(ctx context.Context, open func(context.Context) (string, func(), error)) (m ordered, err error) {
	url, done, err := open(ctx)
	if err != nil {
		return m, err
	}
	defer done()
	if m.reference, err = commits(ctx, url); err != nil {
		return m, err
	}
	s, err := startStage(ctx, url, nil)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	before, err := s.cpu()
	if err != nil {
		return m, err
	}
	if _, _, err := s.steady(ctx, orderRate, orderWarmUp); err != nil {
		return m, err
	}
	if m.took, m.rate, err = s.steady(ctx, orderRate, span(orderSpan)); err != nil {
		return m, err
	}
	if m.flood, m.most, err = s.flood(ctx, flooders, span(orderFlood)); err != nil {
		return m, err
	}
	m.orders = int(orderWarmUp.Seconds()*orderRate) + len(m.took) + len(m.flood)
	if m.settled, m.all, err = s.settle(ctx, time.Minute); err != nil {
		return m, err
	}
	m.cpu, err = s.cpu()
	m.cpu -= before
	return m, err
}

// behind tells how far provisioning was behind the orders.
func (m ordered) behind() string {
	if !m.all {
		return fmt.Sprintf("not all of %d running %s s later", m.orders, number(m.settled.Seconds()))
	}
	return fmt.Sprintf("all %d running %s s later, %s ms of the server's processor time an order with all that follows",
		m.orders, number(m.settled.Seconds()), number(ms(m.cpu)/float64(m.orders)))
}

var orderBody = []byte(`{"language":"en","items":[{"offer":"memory","plan":"fleet","dataClass":"internal","parameters":{"interval_ms":1000}}]}`)

// place orders once for a customer and gives the order's id.
func (s *stage) place(ctx context.Context, customer int, key string, body []byte) (string, error) {
	header := jsonHeader()
	header.Set("Idempotency-Key", key)
	var o struct{ ID string }
	err := s.call(ctx, s.Customers[customer%len(s.Customers)], "POST", "/api/v1/orders", header, body, &o)
	return o.ID, err
}

var keys atomic.Int64

// steady sends orders when they are due, whether or not earlier ones were answered, and measures from then: an answer
// that is late cannot hide the ones behind it.
func (s *stage) steady(ctx context.Context, rate int, long time.Duration) ([]time.Duration, float64, error) {
	n := int(long.Seconds() * float64(rate))
	took, errs := make([]time.Duration, n), make([]error, n)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			_, errs[i] = s.place(ctx, i, fmt.Sprint("steady-", keys.Add(1)), orderBody)
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	return took, float64(n) / time.Since(start).Seconds(), errors.Join(errs...)
}

// flood sends from so many senders, each as soon as its last order was answered.
func (s *stage) flood(ctx context.Context, senders int, long time.Duration) ([]time.Duration, float64, error) {
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	start := time.Now()
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for time.Since(start) < long {
				begin := time.Now()
				_, err := s.place(ctx, n, fmt.Sprint("flood-", keys.Add(1)), orderBody)
				mu.Lock()
				took, failed = append(took, time.Since(begin)), errors.Join(failed, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return took, float64(len(took)) / time.Since(start).Seconds(), failed
}

// settle waits until no customer has an order under way, at most so long.
func (s *stage) settle(ctx context.Context, most time.Duration) (took time.Duration, all bool, err error) {
	start := time.Now()
	for _, token := range s.Customers {
		for {
			busy := false
			for _, state := range []string{"acknowledged", "inProgress"} {
				var page page
				if err := s.call(ctx, token, "GET", "/api/v1/orders?limit=1&state="+state, jsonHeader(), nil, &page); err != nil {
					return 0, false, err
				}
				busy = busy || len(page.Items) > 0
			}
			if !busy {
				break
			}
			if time.Since(start) > most {
				return most, false, nil
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return time.Since(start), true, nil
}
