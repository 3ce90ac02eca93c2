package rating_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// volume is another way to price messages, with a minimum.
func volume() *price.Version {
	v := list("prv-vol", price.Component{Key: "messages", Kind: price.Volume, Meter: "messages", Unit: "message", Per: 1,
		Tiers: []price.Tier{{UpTo: 100, Price: eur(100_000_000)}, {Price: eur(40_000_000)}}})
	v.Terms = []price.Term{{Key: "least", Kind: price.Minimum, Amount: money.New(20_00, money.EUR)}}
	return v
}

// replayed rates a window and keeps it for comparisons.
func (w *world) replayed(t fataler, sub string, quantity int64, from time.Time) {
	win := w.window(sub, "messages", quantity, from)
	w.rate(t, win)
	w.closed = append(w.closed, usage.Window{ID: win.ID, Subject: sub, From: win.From, To: win.To, Sums: win.Sums})
}

func (w *world) windows(_ context.Context, _ access.Caller, subscription string, from, to time.Time, after int64, limit int) (page meter.Page, err error) {
	for n, one := range w.closed {
		if one.Cursor = int64(n + 1); one.Subject == subscription && one.Cursor > after && len(page.Windows) < limit && one.To.After(from) && !one.To.After(to) {
			page.Windows = append(page.Windows, one)
		}
	}
	return page, nil
}

func (w *world) trial(_ *store.Tx, subscription string) (time.Time, error) {
	return w.free[subscription], nil
}

func TestWhatWouldHaveBeenPaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		day := 24 * time.Hour
		start := w.Clock.Now() // 2 March, 9:00 UTC
		sub := w.begin(t, c, list("prv-1", messages(), monthly()), time.Time{})
		w.replayed(t, sub, 90, start.Add(day))
		w.replayed(t, sub, 60, start.Add(2*day))
		w.replayed(t, sub, -30, start.Add(3*day)) // taken back
		w.replayed(t, sub, 500, start.Add(40*day))
		w.Clock.Advance(60 * day)
		got, err := w.Compare(ctx, c, rating.CompareInput{Subscription: sub, At: start.Add(day), Price: volume()})
		must(t, err)
		// 120 messages: 5 free, 45 at 0.012345678, 70 at 0.007777777; the month less nine hours. By volume 120 × 0.04, at least 20.
		if got.Windows != 3 || got.Agreed.Total.Decimal() != "31.73" || got.Other.Total.Decimal() != "20.00" || got.Saving.Decimal() != "11.73" || len(got.Other.Parts) != 2 {
			t.Fatalf("%+v", got)
		}
		next, err := w.Compare(ctx, c, rating.CompareInput{Subscription: sub, At: start.Add(45 * day), Price: volume()})
		must(t, err)
		if next.Windows != 1 || next.Other.Total.Decimal() != "20.00" {
			t.Fatalf("%+v", next)
		}
		if list := w.charges(t, c); len(list) != 4 {
			t.Fatalf("a comparison wrote charges: %d", len(list))
		}
		stranger := w.Business(t, w.Operator, "Other", party.KindCustomer)
		if _, err := w.Compare(ctx, stranger, rating.CompareInput{Subscription: sub, Price: volume()}); fail.KindOf(err) != fail.NotFound && fail.KindOf(err) != fail.Denied {
			t.Fatalf("a stranger compared: %v", err)
		}
	})
}

// TestAgainstItsOwnPriceNothingIsSaved replays random usage on the price that was agreed, and on a copy under another
// name: both cost the same, and what the charges of the period sum to.
func TestAgainstItsOwnPriceNothingIsSaved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		rapid.Check(t, func(t *rapid.T) {
			v := volume()
			if rapid.Bool().Draw(t, "graduated") {
				v = list("prv-1", messages())
			}
			sub := w.begin(t, c, v, time.Time{})
			for _, q := range rapid.SliceOfN(rapid.Int64Range(-20, 90), 1, 4).Draw(t, "quantities") {
				w.replayed(t, sub, q, w.Clock.Now())
			}
			other := *v
			other.ID = "prv-other"
			got, err := w.Compare(ctx, c, rating.CompareInput{Subscription: sub, At: w.Clock.Now().Add(time.Minute), Price: &other})
			must(t, err)
			if got.Saving.Minor != 0 || got.Agreed.Total != got.Other.Total {
				t.Fatalf("%+v", got)
			}
		})
	})
}

// TestBalancesSoFarCountTheTerms looks at the cost while the period runs, when it is over, and with a commitment paid in
// advance.
func TestBalancesSoFarCountTheTerms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		v := volume()
		v.Terms = append(v.Terms, price.Term{Key: "year", Kind: price.Commitment, Amount: money.New(100_00, money.EUR), Every: price.Year, Prepaid: true})
		sub := w.begin(t, c, v, time.Time{})
		w.rate(t, w.window(sub, "messages", 50, w.Clock.Now()))
		total := func() string {
			cost, err := w.CostNow(context.Background(), c, c.Org)
			must(t, err)
			return cost[0].Total.Decimal()
		}
		w.Clock.Advance(2 * time.Hour)
		if got := total(); got != "100.00" { // 5.00 used of 100 paid in advance
			t.Fatal(got)
		}
		w.Clock.Advance(35 * 24 * time.Hour)
		if got := total(); got != "100.00" { // the minimum of March draws down too
			t.Fatal(got)
		}
		var b rating.Bill
		w.tx(t, func(tx *store.Tx) (err error) {
			b, err = w.Draft(tx, c.Org, w.Clock.Now())
			return err
		})
		st, err := b.Statement()
		must(t, err)
		got := map[string]string{}
		for _, g := range st.Groups {
			got[g.Key()] = g.Amount.Decimal()
		}
		if got["messages"] != "5.00" || got["least"] != "15.00" || got["year"] != "80.00" {
			t.Fatal(got)
		}
	})
}

// TestHoursDecideWhichPriceAWindowHas rates a window of the day and one of the night.
func TestHoursDecideWhichPriceAWindowHas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		use := func(key string, nanos int64, spans ...price.WeekSpan) price.Component {
			return price.Component{Key: key, Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: eur(nanos), Hours: &price.Hours{Zone: "Europe/Paris", Spans: spans}}
		}
		sub := w.begin(t, c, list("prv-1", use("day", 3e8, price.WeekSpan{From: "08:00", To: "20:00"}),
			use("night", 1e8, price.WeekSpan{From: "00:00", To: "08:00"}, price.WeekSpan{From: "20:00", To: "24:00"})), time.Time{})
		w.rate(t, w.window(sub, "messages", 10, w.Clock.Now().Truncate(time.Hour)))
		w.rate(t, w.window(sub, "messages", 10, w.Clock.Now().Truncate(time.Hour).Add(9*time.Hour))) // 19:00 to 20:00 in Paris
		w.rate(t, w.window(sub, "messages", 10, w.Clock.Now().Truncate(time.Hour).Add(10*time.Hour)))
		got := map[string]int{}
		for _, ch := range w.charges(t, c) {
			got[ch.Component]++
		}
		if got["day"] != 2 || got["night"] != 1 {
			t.Fatal(got)
		}
	})
}
