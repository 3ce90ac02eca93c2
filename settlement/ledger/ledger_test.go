package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
)

func sets() []store.Migrations { return []store.Migrations{ledger.Migrations()} }

func open(db *store.DB) *ledger.Book {
	return ledger.Open(db, clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)).Now)
}

func each(t *testing.T, fn func(t *testing.T, db *store.DB, b *ledger.Book)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, db, open(db)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(owner, code string) ledger.Key {
	return ledger.Key{Owner: owner, Code: ledger.Code(code), Currency: money.EUR}
}

// sale is an entry with three transfers out of one customer's account.
func sale(id string, amounts ...int64) ledger.Entry {
	e := ledger.Entry{Ref: ledger.Ref{Kind: "invoice", ID: id}, Date: price.Date{Year: 2026, Month: 3, Day: 2}}
	to := []ledger.Key{key("org_p", "payable"), key("org_o", "revenue"), key("org_o", "vat")}
	for i, a := range amounts {
		e.Transfers = append(e.Transfers, ledger.Transfer{Debit: key("org_c", "receivable"), Credit: to[i%len(to)], Amount: money.New(a, money.EUR), Line: i})
	}
	return e
}

func check(t testing.TB, db *store.DB, b *ledger.Book) (r ledger.Report) {
	t.Helper()
	must(t, db.Read(context.Background(), func(tx *store.Tx) (err error) {
		r, err = b.Check(tx, nil)
		return err
	}))
	return r
}

func balance(t testing.TB, db *store.DB, b *ledger.Book, k ledger.Key) string {
	t.Helper()
	var a ledger.Account
	must(t, db.Read(context.Background(), func(tx *store.Tx) (err error) {
		a, err = b.Account(tx, k)
		return err
	}))
	return a.Balance().String()
}

func TestAnEntryMovesMoneyOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *ledger.Book) {
		ctx := context.Background()
		for range 3 {
			_, err := b.Post(ctx, sale("inv_1", 7000, 3000, 2000))
			must(t, err)
		}
		n, err := b.Post(ctx, sale("inv_1", 7000, 3000, 2000), sale("inv_2", 1, 1, 1), sale("inv_2", 1, 1, 1))
		if must(t, err); n != 1 {
			t.Errorf("%d entries were new, want 1", n)
		}
		got := []string{balance(t, db, b, key("org_c", "receivable")), balance(t, db, b, key("org_p", "payable")), balance(t, db, b, key("org_o", "vat"))}
		if diff := cmp.Diff([]string{"120.03 EUR", "-70.01 EUR", "-20.01 EUR"}, got); diff != "" {
			t.Error(diff)
		}
		if r := check(t, db, b); len(r.Differences) > 0 || r.Entries != 2 || r.Transfers != 6 {
			t.Errorf("%+v", r)
		}
		must(t, db.Read(ctx, func(tx *store.Tx) error {
			a, err := b.Account(tx, key("org_p", "payable"))
			if err != nil {
				return err
			}
			list, err := b.Entries(tx, a.ID, 0, 10)
			if err != nil || len(list) != 2 || list[0].Ref.ID != "inv_2" || len(list[1].Transfers) != 3 {
				t.Errorf("%v %+v", err, list)
			}
			one, ok, err := b.Entry(tx, ledger.Ref{Kind: "invoice", ID: "inv_1"})
			if err != nil || !ok || cmp.Diff(sale("inv_1", 7000, 3000, 2000), one.Entry) != "" {
				t.Errorf("%v %+v", err, one)
			}
			return err
		}))
	})
}

func TestWhatIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *ledger.Book) {
		ctx := context.Background()
		_, err := b.Post(ctx, sale("inv_1", 100, 50))
		must(t, err)
		must(t, db.Tx(ctx, func(tx *store.Tx) error { _, err := b.Lock(tx, price.Date{Year: 2026, Month: 2, Day: 28}); return err }))
		before := check(t, db, b)
		mixed, self, early, nameless := sale("inv_2", 1), sale("inv_2", 1), sale("inv_2", 1), sale("inv_2", 1)
		mixed.Transfers[0].Amount.Currency = money.CHF
		self.Transfers[0].Credit = self.Transfers[0].Debit
		early.Date = price.Date{Year: 2026, Month: 2, Day: 28}
		nameless.Transfers[0].Debit.Owner = "org c"
		for name, c := range map[string]struct {
			entry ledger.Entry
			code  string
		}{
			"something else about the same event": {sale("inv_1", 100, 51), "ledger.differs"},
			"nothing moved":                       {sale("inv_2", 0), "ledger.entry"},
			"less than nothing":                   {sale("inv_2", -5), "ledger.entry"},
			"no transfer":                         {sale("inv_2"), "ledger.entry"},
			"two currencies":                      {mixed, "ledger.entry"},
			"an account to itself":                {self, "ledger.entry"},
			"a locked day":                        {early, "ledger.locked"},
			"a name of two words":                 {nameless, "ledger.entry"},
		} {
			_, err := b.Post(ctx, sale("inv_good", 9), c.entry)
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		if diff := cmp.Diff(before, check(t, db, b)); diff != "" {
			t.Errorf("a refused entry left something behind:\n%s", diff)
		}
		must(t, db.Tx(ctx, func(tx *store.Tx) error { _, err := b.Lock(tx, price.Date{Year: 2026, Month: 1, Day: 31}); return err }))
		if _, err := b.Post(ctx, early); !fail.Is(err, fail.Conflict) {
			t.Errorf("the lock was moved back: %v", err)
		}
	})
}

func TestATransferThatDoesNotBalanceCannotBeStored(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *ledger.Book) {
		ctx := context.Background()
		_, err := b.Post(ctx, sale("inv_1", 100))
		must(t, err)
		for name, sql := range map[string]string{
			"another currency":    "INSERT INTO ledger_transfer (id, entry, debit, credit, amount, currency, line) VALUES (2, 1, 1, 2, 5, 'CHF', 0)",
			"an unknown account":  "INSERT INTO ledger_transfer (id, entry, debit, credit, amount, currency, line) VALUES (2, 1, 1, 9, 5, 'EUR', 0)",
			"less than nothing":   "INSERT INTO ledger_transfer (id, entry, debit, credit, amount, currency, line) VALUES (2, 1, 1, 2, -5, 'EUR', 0)",
			"one account":         "INSERT INTO ledger_transfer (id, entry, debit, credit, amount, currency, line) VALUES (2, 1, 1, 1, 5, 'EUR', 0)",
			"the same event":      "INSERT INTO ledger_entry SELECT 2, ref_id, ref_kind, date, 2, 1, posted_at, digest, hash FROM ledger_entry",
			"an account's double": "INSERT INTO ledger_account (id, owner, code, currency) SELECT 9, owner, code, currency FROM ledger_account WHERE id = 1",
		} {
			if err := db.Tx(ctx, func(tx *store.Tx) error { _, err := tx.Exec(sql); return err }); err == nil {
				t.Errorf("%s was stored", name)
			}
		}
	})
}

func TestCheckNamesWhatWasAltered(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"amount":   {"UPDATE ledger_transfer SET amount = amount + 1 WHERE id = 2", "entry 1 (invoice inv_1) does not say"},
		"account":  {"UPDATE ledger_transfer SET credit = (SELECT max(id) FROM ledger_account) WHERE id = 1", "entry 1 (invoice inv_1) does not say"},
		"date":     {"UPDATE ledger_entry SET date = '2026-03-01' WHERE seq = 2", "entry 2 (invoice inv_2) does not say"},
		"digest":   {"UPDATE ledger_entry SET digest = hash WHERE seq = 1", "entry 1 (invoice inv_1) does not follow"},
		"balance":  {"UPDATE ledger_balance SET debits = debits + 5 WHERE account = 1", "account 1 (receivable of org_c) says"},
		"missing":  {"DELETE FROM ledger_entry WHERE seq = 2", "an entry is missing"},
		"the last": {"DELETE FROM ledger_entry WHERE seq = 3", "the hash at the end"},
		"transfer": {"DELETE FROM ledger_transfer WHERE id = 3", "entry 2 (invoice inv_2) has 1 transfers"},
		"head":     {"UPDATE ledger_head SET entries = 2", "1 entries stand behind the end"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *store.DB, b *ledger.Book) {
				_, err := b.Post(context.Background(), sale("inv_1", 10, 5), sale("inv_2", 20, 4), sale("inv_3", 7, 1, 2))
				must(t, err)
				must(t, db.Tx(context.Background(), func(tx *store.Tx) error { _, err := tx.Exec(c.sql); return err }))
				if got := strings.Join(check(t, db, b).Differences, "\n"); !strings.Contains(got, c.want) {
					t.Errorf("got %q, want %q in it", got, c.want)
				}
			})
		})
	}
}

// Whoever looks while others post sees debits and credits that are equal, and afterwards all is there once.
func TestTheBooksBalanceAtEveryInstant(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *ledger.Book) {
		ctx := context.Background()
		done := make(chan struct{})
		var posting, looking sync.WaitGroup
		for n := range 8 {
			posting.Go(func() {
				for i := range 40 {
					e := sale(fmt.Sprintf("inv_%d", (n/2)*100+i), int64(i+1), 2, 3) // each by two callers
					if i%5 == 0 {
						e.Ref.Kind = "other"
						if err := db.Tx(ctx, func(tx *store.Tx) error { _, err := b.PostIn(tx, e); return err }); err != nil {
							t.Error(err)
						}
					} else if _, err := b.Post(ctx, e); err != nil {
						t.Error(err)
					}
				}
			})
		}
		looking.Go(func() {
			for {
				var debits, credits int64
				if err := db.Read(ctx, func(tx *store.Tx) error {
					return tx.QueryRow("SELECT coalesce(sum(debits), 0), coalesce(sum(credits), 0) FROM ledger_balance").Scan(&debits, &credits)
				}); err != nil || debits != credits {
					t.Errorf("%v: %d debits, %d credits", err, debits, credits)
				}
				select {
				case <-done:
					return
				case <-time.After(2 * time.Millisecond):
				}
			}
		})
		posting.Wait()
		close(done)
		looking.Wait()
		if r := check(t, db, b); len(r.Differences) > 0 || r.Entries != 160 {
			t.Errorf("%+v", r)
		}
	})
}

// Any entries in any order and grouping, some of them twice: the books hold each once and prove it.
func TestAnyEntriesAddUp(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets())
	b := open(db)
	want := map[string]int64{}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		var list []ledger.Entry
		for n := range rapid.IntRange(1, 6).Draw(t, "entries") {
			amounts := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 9).Draw(t, "amounts")
			e := sale(fmt.Sprintf("inv_%d_%d", round, n), amounts...)
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				list = append(list, e)
			}
			for _, tr := range e.Transfers {
				want[string(tr.Credit.Code)] -= tr.Amount.Minor
			}
		}
		if _, err := b.Post(context.Background(), list...); err != nil {
			t.Fatal(err)
		}
	})
	for code, minor := range want {
		owner := map[string]string{"payable": "org_p"}[code]
		if owner == "" {
			owner = "org_o"
		}
		if got := balance(t, db, b, key(owner, code)); got != money.New(minor, money.EUR).String() {
			t.Errorf("%s: %s, want %d", code, got, minor)
		}
	}
	if r := check(t, db, b); len(r.Differences) > 0 {
		t.Errorf("%+v", r.Differences)
	}
}
