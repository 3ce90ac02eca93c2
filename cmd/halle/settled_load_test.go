package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// TestBooksBalanceAtEveryInstantChaos invoices, credits, pays, settles, states and pays out at the same time, and looks at
// the books all the while: on every snapshot each entry follows from the one before, each balance is the sum of its
// transfers, and debits are credits. In the end nothing is missing.
func TestBooksBalanceAtEveryInstantChaos(t *testing.T) {
	turns := 6
	if os.Getenv("HALLE_CHAOS") != "" {
		turns = 150
	}
	seed := settledSeed(t)
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			w := newSettled(t, storetest.Open(t, storetest.URL(t, engine, settledSets()), settledSets()), seed)
			for range 12 {
				w.sell(t)
			}
			w.Clock.Advance(2 * time.Hour) // so that the windows of the first are over
			l := load{settled: w}
			var workers, watchers sync.WaitGroup
			for n, c := range w.customers {
				workers.Go(func() { l.fail(l.customer(t.Context(), c, rand.New(rand.NewPCG(seed, uint64(n))), turns)) })
			}
			workers.Go(func() { l.fail(l.publisher(t.Context(), turns)) })
			for _, watch := range []func(ctx context.Context) error{l.settle, l.look} {
				watchers.Go(func() {
					for !l.over.Load() {
						l.fail(watch(t.Context()))
					}
				})
			}
			workers.Wait()
			l.over.Store(true)
			watchers.Wait()
			if err, ok := l.failed.Load().(error); ok {
				t.Fatal(err)
			}
			w.finish(t)
			w.proved(t)
			t.Logf("looked at the books %d times, of %d entries in the end", l.looks.Load(), l.entries.Load())
		})
	}
}

// enough entries stand in the books before the load may end: what reads facts waits for those whom people wait for.
const enough = 15

// load is what many do to a market at once.
type load struct {
	*settled
	over    atomic.Bool
	looks   atomic.Int64
	entries atomic.Int64
	windows atomic.Int64
	failed  atomic.Value
}

// fail keeps what must not happen, and lets refusals pass.
func (l *load) fail(err error) {
	var f *fail.Error
	if err != nil && !errors.As(err, &f) && !errors.Is(err, context.Canceled) {
		l.failed.CompareAndSwap(nil, fmt.Errorf("under load: %w", err))
	}
}

// customer uses its services, is invoiced, pays, and gets something back.
func (l *load) customer(ctx context.Context, c access.Caller, rng *rand.Rand, turns int) error {
	for n := 0; n < turns || l.entries.Load() < enough && n < 20*turns; n++ {
		for _, one := range l.sold {
			if one.customer.Org != c.Org {
				continue
			}
			id, from := fmt.Sprint("win_load_", l.windows.Add(1)), one.begun.Truncate(time.Second)
			if err := l.DB.Tx(ctx, func(tx *store.Tx) error {
				return l.ratings.RateWindow(tx, rating.ClosedWindow{Fact: "fct_none", Window: proof.Window{ID: id, Subject: one.id, Source: "res_1", From: from, To: from.Add(time.Hour),
					Events: 1, Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(1 + rng.IntN(900))}}}})
			}); err != nil {
				return err
			}
		}
		list, err := l.invoices.Issue(ctx, access.System("billing"), c.Org, l.Clock.Now())
		if err != nil {
			return err
		}
		for _, i := range list {
			if err := l.after(ctx, i, rng); err != nil {
				return err
			}
		}
	}
	return nil
}

// after pays some of an invoice and credits some of it.
func (l *load) after(ctx context.Context, i billing.Summary, rng *rand.Rand) error {
	if i.Owed().Sign() > 0 {
		_, err := l.invoices.RecordPayment(ctx, l.Operator, billing.PaymentInput{Invoice: i.ID, Amount: money.New(1+rng.Int64N(i.Owed().Minor), i.Gross.Currency),
			Received: price.DateOf(l.Clock.Now(), time.UTC), Reference: "L1"})
		if l.fail(err); err != nil {
			return nil
		}
	}
	if rng.IntN(3) == 0 {
		_, err := l.invoices.Credit(ctx, l.Operator, i.ID, "a mistake")
		l.fail(err)
	}
	return nil
}

// publisher states and pays out.
func (l *load) publisher(ctx context.Context, turns int) error {
	for range turns {
		for _, p := range l.publishers {
			_, err := l.settlements.CloseStatements(ctx, l.Operator, p.Org, price.DateOf(l.Clock.Now(), time.UTC))
			l.fail(err)
			_, err = l.settlements.PayOut(ctx, l.Operator, p.Org, money.EUR)
			l.fail(err)
		}
	}
	return nil
}

// settle lets settlement read what was issued, while more is.
func (l *load) settle(ctx context.Context) error {
	return l.Facts.Drain(ctx, l.settlements.Readers()...)
}

// look proves the books of one snapshot.
func (l *load) look(ctx context.Context) error {
	var report ledger.Report
	err := l.DB.Read(ctx, func(tx *store.Tx) (err error) {
		report, err = l.settlements.Book.Check(tx, nil)
		return err
	})
	if err == nil && len(report.Differences) > 0 {
		err = fmt.Errorf("after %d entries: %v", report.Entries, report.Differences)
	}
	l.looks.Add(1)
	l.entries.Store(report.Entries)
	return err
}
