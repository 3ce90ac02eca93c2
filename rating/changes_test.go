package rating_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// cents is a cent a message.
func cents() *price.Version {
	return list("cents", price.Component{Key: "messages", Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: eur(10_000_000)})
}

func said(list []rating.Change) (out []string) {
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s %s→%s %s %d→%d", c.Subject, c.Meter, c.Before, c.Amount, c.Change, c.QuantityBefore, c.Quantity))
	}
	return out
}

// TestChanges compares two months: what grew and what shrank, also what was charged in one of them alone; a correction counts
// in the month that it corrects; nobody sees another's.
func TestChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		bakery := w.Business(t, w.Operator, "Bakery", party.KindCustomer)
		began := w.Clock.Now()
		one, two, other := w.begin(t, acme, cents(), time.Time{}), w.begin(t, acme, cents(), time.Time{}), w.begin(t, bakery, cents(), time.Time{})
		march, april := began.Truncate(time.Hour), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
		w.rate(t, w.window(one, "messages", 100, march))
		w.rate(t, w.window(two, "messages", 70, march))
		w.rate(t, w.window(other, "messages", 10, march))
		w.Clock.Advance(april.Add(40 * 24 * time.Hour).Sub(began)) // in May; April is the last complete month
		w.rate(t, w.window(one, "messages", 500, april))
		w.rate(t, w.window(one, "messages", 25, april.Add(time.Hour)))
		w.rate(t, w.window(other, "messages", 40, april))
		late := w.window(two, "messages", -20, march.Add(time.Hour))
		late.Corrects = "win_2"
		w.rate(t, late)
		want := func(c access.Caller, in rating.ChangesInput, up, down []string) {
			t.Helper()
			got, err := w.Changes(ctx, c, in)
			must(t, err)
			if got.Month == "" || !got.Complete || fmt.Sprint(said(got.Up)) != fmt.Sprint(up) || fmt.Sprint(said(got.Down)) != fmt.Sprint(down) {
				t.Errorf("%+v: %s\n up %q\nwant %q\ndown %q\nwant %q", in, got.Month, said(got.Up), up, said(got.Down), down)
			}
		}
		want(w.Operator, rating.ChangesInput{Of: rating.OfCustomer},
			[]string{acme.Org + "  1.50 EUR→5.25 EUR 3.75 EUR 0→0", bakery.Org + "  0.10 EUR→0.40 EUR 0.30 EUR 0→0"}, nil)
		want(w.Operator, rating.ChangesInput{Of: rating.OfService, Limit: 1}, []string{one + "  1.00 EUR→5.25 EUR 4.25 EUR 0→0"}, []string{two + "  0.50 EUR→0.00 EUR -0.50 EUR 0→0"})
		want(w.Operator, rating.ChangesInput{Of: rating.OfMeter, Rank: rating.RankQuantity, Limit: 1},
			[]string{one + " messages 1.00 EUR→5.25 EUR 4.25 EUR 100→525"}, []string{two + " messages 0.50 EUR→0.00 EUR -0.50 EUR 50→0"})
		want(bakery, rating.ChangesInput{Of: rating.OfService}, []string{other + "  0.10 EUR→0.40 EUR 0.30 EUR 0→0"}, nil)
		_, err := w.Changes(ctx, bakery, rating.ChangesInput{Org: acme.Org, Of: rating.OfService})
		if !fail.Is(err, fail.NotFound) {
			t.Errorf("another's: %v", err)
		}
		for _, in := range []rating.ChangesInput{{Of: "person"}, {Of: rating.OfService, Month: "May"}, {Of: rating.OfService, Rank: rating.RankQuantity}} {
			if _, err := w.Changes(ctx, w.Operator, in); !fail.Is(err, fail.Invalid) {
				t.Errorf("%+v: %v", in, err)
			}
		}
		if got, err := w.Changes(ctx, w.Operator, rating.ChangesInput{Of: rating.OfCustomer, Month: "2026-05"}); err != nil || got.Complete || len(got.Down) != 2 {
			t.Errorf("the running month: %+v, %v", got, err)
		}
	})
}

// TestChangesStayQuick asks over 100,000 services: the index gives the ends of the list without a look at its middle.
func TestChangesStayQuick(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rows := make([][]any, 0, 100_000)
		for n := range cap(rows) {
			rows = append(rows, []any{"2026-02", "service", "EUR", fmt.Sprint("sub_", n), "", w.Operator.Path + "org_x/", "Messaging", n, 0, n - 50_000, 0, 0, 0})
		}
		w.tx(t, func(tx *store.Tx) error {
			return tx.Insert("charge_change", []string{"month", "kind", "currency", "subject", "part", "path", "name", "amount", "amount_before", "amount_change", "quantity", "quantity_before", "quantity_change"}, rows)
		})
		start := time.Now()
		got, err := w.Changes(context.Background(), w.Operator, rating.ChangesInput{Of: rating.OfService, Month: "2026-02", Currency: money.EUR})
		must(t, err)
		took := time.Since(start)
		t.Logf("%s among %d services", took, len(rows))
		if len(got.Up) != 10 || got.Up[0].Subject != "sub_99999" || got.Down[0].Subject != "sub_0" || took > 2*time.Second {
			t.Errorf("%s, %v", took, said(got.Up))
		}
	})
}
