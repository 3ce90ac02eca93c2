package ledger_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// engines are both databases as they are in production: SQLite synced at each commit, PostgreSQL with fsync.
func engines(b *testing.B, fn func(b *testing.B, book *ledger.Book)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) {
		fn(b, open(storetest.Open(b, "sqlite:"+filepath.Join(b.TempDir(), "halle.db"), sets())))
	})
	b.Run("postgresql", func(b *testing.B) {
		url, stop, err := pgtest.StartDurable(context.Background())
		must(b, err)
		b.Cleanup(stop)
		fn(b, open(storetest.Open(b, url, sets())))
	})
}

// settled is an entry of three transfers: 1,000 customers, 20 publishers, one operator.
func settled(n int64) ledger.Entry {
	customer, publisher := key(fmt.Sprint("org_c", n%1000), "receivable"), key(fmt.Sprint("org_p", n%20), "payable")
	return ledger.Entry{Ref: ledger.Ref{Kind: "bench", ID: fmt.Sprint("inv_", n)}, Date: price.Date{Year: 2026, Month: 3, Day: 2}, Transfers: []ledger.Transfer{
		{Debit: customer, Credit: publisher, Amount: money.New(7000, money.EUR), Line: 1}, {Debit: customer, Credit: key("org_o", "revenue"), Amount: money.New(3000, money.EUR), Line: 1},
		{Debit: customer, Credit: key("org_o", "vat"), Amount: money.New(2000, money.EUR)}}}
}

// One entry a call, from 64 callers who wait for it.
func BenchmarkSingle(b *testing.B) {
	engines(b, func(b *testing.B, book *ledger.Book) {
		var next atomic.Int64
		b.ResetTimer()
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
					if _, err := book.Post(context.Background(), settled(n)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

// A thousand entries a call, from two callers.
func BenchmarkBatched(b *testing.B) {
	const size = 1000
	engines(b, func(b *testing.B, book *ledger.Book) {
		var next atomic.Int64
		b.ResetTimer()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for from := next.Add(size) - size; from < int64(b.N); from = next.Add(size) - size {
					list := make([]ledger.Entry, 0, size)
					for n := from; n < min(from+size, int64(b.N)); n++ {
						list = append(list, settled(n))
					}
					if _, err := book.Post(context.Background(), list...); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

// The books of 20,000 entries proved.
func BenchmarkCheck(b *testing.B) {
	const size = 20_000
	db := storetest.Open(b, storetest.URL(b, store.SQLite, sets()), sets())
	book := open(db)
	list := make([]ledger.Entry, size)
	for n := range list {
		list[n] = settled(int64(n))
	}
	_, err := book.Post(context.Background(), list...)
	must(b, err)
	for b.Loop() {
		if r := check(b, db, book); len(r.Differences) > 0 {
			b.Fatal(r.Differences)
		}
	}
	b.ReportMetric(size*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
