package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/store"
)

// closed is what a process of its own measured that closed a month of many customers.
type closed struct {
	Customers int
	Prepare   time.Duration // working out what each would be invoiced
	Issue     time.Duration // from the approval to the last invoice with its number and lines
	Books     time.Duration // from the approval until the ledger has every invoice
	Send      time.Duration // the letters, put into the outbox
	Written   map[string]time.Duration
	Check     time.Duration // proving the books afterwards
	Resident  int64         // bytes, the most at once, of this process
	CPU       time.Duration // of this process, from the approval until the ledger has every invoice
}

const closeCustomers = 10_000

// closeFigures are the close of a month of 10,000 customers, 20 lines each, on both databases: until every invoice is
// issued and every line shared and booked, then each document in each form. Everything has two processors.
func closeFigures() (list []Figure) {
	for _, e := range []struct {
		name string
		open func(context.Context) (string, func(), error)
	}{{"SQLite", nil}, {"PostgreSQL", onPostgres}} {
		measured := once(func(ctx context.Context) (closed, error) { return closeMonth(ctx, e.open, closeCustomers) })
		part := func(f Figure, value func(closed) float64, also func(closed) string) Figure {
			f.Less = true
			f.Measure = func(ctx context.Context) (Result, error) {
				c, err := measured(ctx)
				if err != nil {
					return Result{}, err
				}
				return Result{Value: value(c), Reference: also(c)}, nil
			}
			return f
		}
		list = append(list, part(Figure{Name: "month close, 10,000 customers × 20 lines, lines and ledger, " + e.name, Unit: "s", Held: 10, Aim: 3},
			func(c closed) float64 { return c.Books.Seconds() }, closed.parts))
		for _, form := range closeForms() {
			list = append(list, part(Figure{Name: fmt.Sprintf("month close, %s of each invoice, %s", strings.ToUpper(string(form)), e.name), Unit: "ms"},
				func(c closed) float64 { return ms(c.Written[string(form)]) / float64(c.Customers) },
				func(c closed) string {
					return fmt.Sprintf("%s s for %d on %d processors", number(c.Written[string(form)].Seconds()), c.Customers, runtime.NumCPU())
				}))
		}
	}
	for _, e := range []string{"SQLite", "PostgreSQL"} {
		list = append(list, fromGo(Figure{Name: "page of an invoice of 1,000,000 lines, opened, " + e, Unit: "ms", Less: true, Held: 100}, "./billing",
			"^BenchmarkPageOfAMillionLines$/^"+strings.ToLower(e)+"$", "20x", "ns/op", 1e-6))
	}
	return append(list, fromGo(Figure{Name: "PDF of an invoice of 20 lines", Unit: "ms", Less: true, Aim: 1}, "./billing/paper", "^BenchmarkPDF$", "2s", "ns/op", 1e-6, "kB", "allocs/op"),
		fromGo(Figure{Name: "PDF of an invoice of 1,000,000 lines, summed up", Unit: "ms", Less: true}, "./billing/paper", "^BenchmarkMillionLines$", "3x", "ns/op", 1e-6))
}

func closeForms() []billing.Format {
	return []billing.Format{billing.FormatUBL, billing.FormatCII, billing.FormatPDF}
}

// parts tells what each part took.
func (c closed) parts() string {
	return fmt.Sprintf("issued after %s s, letters %s s, prepared in %s s, books proved in %s s; processor time %s s, resident %s MB", number(c.Issue.Seconds()), number(c.Send.Seconds()),
		number(c.Prepare.Seconds()), number(c.Check.Seconds()), number(c.CPU.Seconds()), number(megabytes(c.Resident)))
}

// closeMonth measures in a process of its own, whose memory holds nothing else.
func closeMonth(ctx context.Context, open func(context.Context) (string, func(), error), customers int) (c closed, err error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	url := ""
	if open != nil {
		var done func()
		if url, done, err = open(ctx); err != nil {
			return c, err
		}
		defer done()
	}
	if span(time.Second) < time.Second {
		customers /= 10
	}
	cmd := exec.CommandContext(ctx, self, "-close", fmt.Sprintf("%d %s", customers, url))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return c, json.Unmarshal(out, &c)
}

// closeGarbage is how far the heap grows before it is collected, as in halle serve.
const closeGarbage = 200

// closeChild is that process.
func closeChild(ctx context.Context, what string) (err error) {
	debug.SetGCPercent(closeGarbage)
	var c closed
	count, url, _ := strings.Cut(what, " ")
	if _, err := fmt.Sscan(count, &c.Customers); err != nil {
		return fmt.Errorf("-close: %w", err)
	}
	dir, err := os.MkdirTemp("", "halle-close-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "halle.db")
	}
	m, err := openMarket(ctx, url, dir)
	if m != nil {
		defer func() { err = errors.Join(err, m.close(ctx)) }()
	}
	if err == nil {
		err = m.fill(ctx, c.Customers)
	}
	if err == nil {
		err = m.measure(ctx, &c)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(c)
}

// measure closes the month while the facts are ordered, read and committed to the log, as a server does.
func (m *market) measure(ctx context.Context, c *closed) error {
	if err := m.facts.Drain(ctx, append(m.settlements.Readers(), m.invoices.Readers()...)...); err != nil {
		return err
	}
	one, err := m.closes.Prepare(ctx, m.operator, marketMonth())
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.closes.Work(ctx, one.ID); err != nil {
		return err
	}
	c.Prepare = time.Since(start)
	stop, err := m.profiled()
	if err != nil {
		return err
	}
	if err := m.issue(ctx, c, one.ID); err != nil {
		return err
	}
	stop()
	start = time.Now()
	r, err := m.settlements.Check(ctx, m.operator)
	if err != nil || len(r.Differences) > 0 {
		return errors.Join(err, fmt.Errorf("the books differ: %v", r.Differences))
	}
	c.Check = time.Since(start)
	if err := m.write(ctx, c); err != nil {
		return err
	}
	c.Resident, err = resident()
	return err
}

// profiled writes a profile of the processors where HALLE_BENCH_CPU says, until it is stopped.
func (m *market) profiled() (stop func(), err error) {
	path := os.Getenv("HALLE_BENCH_CPU")
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, pprof.StartCPUProfile(f)
}

// issue approves the close, and waits until everything is issued, sent and booked.
func (m *market) issue(ctx context.Context, c *closed, id string) error {
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- m.facts.Run(running, append(m.settlements.Readers(), m.invoices.Readers()...)...) }()
	go func() { ended <- m.facts.Pump(running, m.log) }()
	defer func() { cancel(); <-ended; <-ended }()
	spent, err := processor(os.Getpid())
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := m.closes.Approve(ctx, m.second, id, 1); err != nil {
		return err
	}
	worked := make(chan error, 1)
	go func() { worked <- m.closes.Work(ctx, id) }()
	for end := start.Add(30 * time.Minute); c.Books == 0 || c.Send == 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("the month is not closed after half an hour")
		}
		if err := m.look(ctx, c, id, start); err != nil {
			return err
		}
	}
	after, err := processor(os.Getpid())
	c.CPU = after - spent
	return errors.Join(err, <-worked)
}

// look notes what has come to its end.
func (m *market) look(ctx context.Context, c *closed, id string, start time.Time) error {
	now, err := m.closes.Close(ctx, m.operator, id)
	if err != nil {
		return err
	}
	if c.Issue == 0 && now.State != monthclose.StateIssuing {
		c.Issue = time.Since(start)
	}
	if c.Send == 0 && now.State == monthclose.StateSent {
		if c.Send = time.Since(start) - c.Issue; now.Sent != int64(c.Customers) {
			return fmt.Errorf("%d of %d were sent: %+v", now.Sent, c.Customers, now)
		}
	}
	h, err := m.settlements.Head(ctx, m.operator)
	if c.Books == 0 && h.Entries == int64(c.Customers) {
		c.Books = time.Since(start)
	}
	return err
}

// write makes each document in each form, on all processors.
func (m *market) write(ctx context.Context, c *closed) error {
	var ids []string
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(row store.Scanner) error {
			var id string
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		}, "SELECT id FROM invoice ORDER BY id")
	})
	if err != nil {
		return err
	}
	c.Written = map[string]time.Duration{}
	for _, form := range closeForms() {
		start := time.Now()
		err := together(runtime.NumCPU(), len(ids), func(n int) error {
			_, err := m.invoices.Document(ctx, m.operator, ids[n], form, "en")
			return err
		})
		if err != nil {
			return err
		}
		c.Written[string(form)] = time.Since(start)
	}
	return nil
}
