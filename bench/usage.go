package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

const (
	usageSpan     = 10 * time.Second
	usageServices = 100
	usageSenders  = 32
	usageKeys     = 10_000_000 // in the dedupe index before the first event
	batchOf       = 100
)

// usageFigures measure events from the sender's side: batches of 100 over HTTP, checked, deduplicated against an index
// that holds ten million keys, in the synced log before the answer, rolled up and committed before the clock stops.
// Rating happens when a window closes, an hour later, and is measured by itself. The load generator, which also makes
// the bodies, runs on the same cores.
func usageFigures() []Figure {
	alone := once(func(ctx context.Context) (counted, error) { return measureUsage(ctx, 0) })
	beside := once(func(ctx context.Context) (counted, error) { return measureUsage(ctx, orderRate) })
	return []Figure{
		{Name: "usage events over HTTP, alone", Unit: "events/s", Aim: 300_000, Measure: func(ctx context.Context) (Result, error) {
			c, err := alone(ctx)
			return Result{Value: c.rate, Reference: c.about}, err
		}},
		{Name: fmt.Sprintf("usage events over HTTP, beside %d orders/s", orderRate), Unit: "events/s", Held: 100_000, Aim: 300_000, Measure: func(ctx context.Context) (Result, error) {
			c, err := beside(ctx)
			return Result{Value: c.rate, Reference: c.about + c.besides()}, err
		}},
		{Name: "event to balance, p99, at that load", Unit: "ms", Less: true, Held: 1000, Measure: func(ctx context.Context) (Result, error) {
			c, err := alone(ctx)
			if err != nil {
				return Result{}, err
			}
			more, err := beside(ctx)
			return Result{Value: ms(at(more.balance, 0.99)), Reference: fmt.Sprintf("p50 %s ms, %d events; without orders p50 %s ms, p99 %s ms, %d events; every customer has a budget",
				number(ms(at(more.balance, 0.5))), len(more.balance), number(ms(at(c.balance, 0.5))), number(ms(at(c.balance, 0.99))), len(c.balance))}, err
		}},
	}
}

// counted is what one run measured.
type counted struct {
	rate              float64 // events a second
	about             string
	server, generator float64 // µs of processor time an event
	orders            ordered
	balance           []time.Duration // from an event to where the budget of its service shows it
}

// measureUsage measures with so many orders a second beside, on the log in files, or on another that env says.
func measureUsage(ctx context.Context, orders int, env ...string) (c counted, err error) {
	known := usageKeys
	if span(time.Second) < time.Second {
		known /= 100
	}
	s, err := startStage(ctx, "", func(dir string) error { return fillIndex(filepath.Join(dir, "usage", "index"), known) }, env...)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	ids, err := s.services(ctx, usageServices)
	if err != nil {
		return c, err
	}
	if err := s.known(ctx, ids); err != nil {
		return c, err
	}
	balance, err := s.budgets(ctx, ids[0])
	if err != nil {
		return c, err
	}
	ids = ids[1:]
	var besideErr, balanceErr error
	var wg sync.WaitGroup
	if orders > 0 {
		wg.Go(func() { c.orders.took, c.orders.rate, besideErr = s.steady(ctx, orders, span(usageSpan)) })
	}
	wg.Go(func() { balanceErr = s.watch(ctx, &balance, span(usageSpan)) })
	cost, err := s.spending()
	if err != nil {
		return c, err
	}
	start := time.Now()
	took, sent, err := s.report(ctx, ids, span(usageSpan))
	if err == nil {
		err = s.rolledUp(ctx, ids[0])
	}
	events := float64(sent * batchOf)
	c.rate = events / time.Since(start).Seconds()
	server, generator, costErr := cost()
	wg.Wait()
	c.server, c.generator, c.balance = float64(server.Nanoseconds())/1e3/events, float64(generator.Nanoseconds())/1e3/events, balance.took
	c.about = fmt.Sprintf("%d senders, batch p50 %s ms, p99 %s ms, %d services, %s keys before; processor time an event: server %s µs, load generator %s µs",
		usageSenders, number(ms(at(took, 0.5))), number(ms(at(took, 0.99))), len(ids), number(float64(known)), number(c.server), number(c.generator))
	return c, errors.Join(err, besideErr, balanceErr, costErr)
}

// besides tells of the orders beside.
func (c counted) besides() string {
	return fmt.Sprintf("; %s orders/s beside, p99 %s ms", number(c.orders.rate), number(ms(at(c.orders.took, 0.99))))
}

func fillIndex(dir string, n int) error {
	x, err := seen.Open(dir, 0, 0)
	if err != nil {
		return err
	}
	var k seen.Key
	for i := range n {
		_, _ = rand.Read(k[:])
		x.Put(k, seen.Value{})
		if i%500_000 == 499_999 || i == n-1 {
			if err := x.Checkpoint(0); err != nil {
				return errors.Join(err, x.Close())
			}
		}
	}
	return errors.Join(x.Rest(), x.Close())
}

// report sends batches as fast as they are answered, and gives the time of each and how many there were.
func (s *stage) report(ctx context.Context, ids []string, long time.Duration) ([]time.Duration, int, error) {
	header := http.Header{"Content-Type": {usage.TypeBatch}}
	took, errs := make([][]time.Duration, usageSenders), make([]error, usageSenders)
	var next atomic.Int64
	start := time.Now()
	var wg sync.WaitGroup
	for n := range usageSenders {
		wg.Go(func() {
			var body []byte
			for time.Since(start) < long && errs[n] == nil {
				number := next.Add(1)
				body = batch(body[:0], ids[number%int64(len(ids))], number, batchOf)
				begin := time.Now()
				errs[n] = s.call(ctx, s.Publisher, "POST", "/api/v1/usage", header, body, nil)
				took[n] = append(took[n], time.Since(begin))
			}
		})
	}
	wg.Wait()
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return all, len(all), errors.Join(errs...)
}

// known waits until the usage of every service is taken: the meter hears of a new one a moment later.
func (s *stage) known(ctx context.Context, ids []string) error {
	for i, id := range ids {
		for try := 0; ; try++ {
			var out struct{ Results []struct{ Verdict string } }
			body := batch(nil, id, -int64(i+1), 1)
			if err := s.call(ctx, s.Publisher, "POST", "/api/v1/usage", http.Header{"Content-Type": {usage.TypeBatch}}, body, &out); err != nil {
				return err
			}
			if v := out.Results[0].Verdict; v != "rejected" {
				break
			} else if try == 200 {
				return fmt.Errorf("usage of service %s is %s", id, v)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

// batch writes one request: each event is one message, and they differ by their ids.
func batch(body []byte, service string, number int64, events int) []byte {
	const id = "-id-"
	now := time.Now().UTC()
	e := proof.Event{SpecVersion: "1.0", ID: id, Source: "bench/" + service, Type: proof.TypeUsage, Subject: service,
		Data: proof.Data{Meter: "messages", Value: "1", Unit: "message", Start: now.Add(-time.Millisecond).Format(time.RFC3339Nano), End: now.Format(time.RFC3339Nano)}}
	before, after, _ := bytes.Cut(e.AppendCanonical(nil), []byte(id))
	body = append(body, '[')
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, before...)
		body = append(append(body, service...), '/')
		body = append(strconv.AppendInt(body, number, 10), '-')
		body = append(strconv.AppendInt(body, int64(i), 10), after...)
	}
	return append(body, ']')
}

// rolledUp waits until everything is committed, and looks whether one service's sum is whole.
func (s *stage) rolledUp(ctx context.Context, service string) error {
	for {
		var h struct {
			Stored, Committed uint64
			Stopped           string
		}
		if err := s.call(ctx, s.Operator, "GET", "/api/v1/desk/ingest", jsonHeader(), nil, &h); err != nil {
			return err
		}
		if h.Stopped != "" {
			return errors.New("usage: " + h.Stopped)
		}
		if h.Committed == h.Stored {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	q := url.Values{"service": {service}, "from": {time.Now().Add(-time.Hour).UTC().Truncate(time.Hour).Format(time.RFC3339)},
		"to": {time.Now().Add(2 * time.Hour).UTC().Truncate(time.Hour).Format(time.RFC3339)}}
	var points struct{ Items []struct{ Quantity string } }
	if err := s.call(ctx, s.Customers[0], "GET", "/api/v1/usage?"+q.Encode(), jsonHeader(), nil, &points); err != nil {
		return err
	}
	sum := 0
	for _, p := range points.Items {
		n, err := strconv.Atoi(p.Quantity)
		if err != nil {
			return err
		}
		sum += n
	}
	if sum <= 1 || sum%batchOf != 1 { // one message made the service known
		return fmt.Errorf("service %s has %d messages: not whole batches", service, sum)
	}
	return nil
}
