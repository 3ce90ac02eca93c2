package dunning_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
)

type world struct {
	*partytest.World
	t        testing.TB
	invoices *billing.Invoices
	collects *collect.Collects
	dunnings *dunning.Dunnings
	company  access.Caller
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	sets := append(partytest.Sets(), subscription.Migrations(), rating.Migrations(), billing.Migrations(), collect.Migrations(), dunning.Migrations())
	storetest.Each(t, sets, func(t *testing.T, db *store.DB) {
		w := &world{World: partytest.New(t, db), t: t}
		ratings := rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
		w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: ratings, Log: slog.New(slog.DiscardHandler)})
		var err error
		w.collects, err = collect.New(collect.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: w.invoices, Outbox: w.Outbox})
		must(t, err)
		w.dunnings, err = dunning.New(dunning.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: ratings, Invoices: w.invoices, Collects: w.collects, Site: "https://halle.example/"})
		must(t, err)
		w.company = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
		fn(t, w)
	})
}

// invoice puts an open invoice where billing keeps them: due some days from now.
func (w *world) invoice(c access.Caller, cents int64, due int) string {
	w.t.Helper()
	id := w.IDs.New("inv")
	day := price.DateOf(w.Clock.Now().AddDate(0, 0, due), time.UTC).String()
	must(w.t, w.DB.Tx(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO invoice (id, org, entity, type, series, number, issued_at, date, due, currency, net, vat, gross, paid, status, lines, hash, previous, fact, document, retain_until)
			VALUES ($1, $2, $3, '380', 'INV', $4, $5, $6, $6, 'EUR', $7, 0, $7, 0, 'open', 1, '', '', '', $8, $5)`, id, c.Org, w.Entity, "INV-"+id[len(id)-6:], store.At(w.Clock.Now()), day, cents, []byte{})
		return err
	}))
	return id
}

// after runs the job when some days have passed.
func (w *world) after(days int) {
	w.t.Helper()
	w.Clock.Advance(time.Duration(days) * 24 * time.Hour)
	must(w.t, w.dunnings.Run(context.Background()))
	must(w.t, w.dunnings.Run(context.Background())) // a second time changes nothing
}

func (w *world) kinds() string {
	w.t.Helper()
	list, err := w.dunnings.Cases(context.Background(), w.company, w.company.Org)
	must(w.t, err)
	var out []string
	for _, c := range list {
		out = append(out, string(c.Kind)+" "+string(c.State))
	}
	return strings.Join(out, ", ")
}

func TestRemindersComeInSteps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i := w.invoice(w.company, 10_00, 0)
		for _, step := range []struct {
			days int
			want string
		}{{0, ""}, {2, ""}, {1, "friendly open"}, {3, "friendly open"}, {8, "first open"}, {40, "second open"}, {100, "second open"}} {
			if w.after(step.days); w.kinds() != step.want {
				t.Fatalf("after %d more days: %q, want %q", step.days, w.kinds(), step.want)
			}
		}
		if subject, text := w.Mail(t, "bakery@bakery.example"); !strings.Contains(subject, "Second") || !strings.Contains(text, "€10.00") || !strings.Contains(text, "https://halle.example/payments") {
			t.Errorf("%q %s", subject, text)
		}
		must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := w.invoices.PayIn(tx, access.System("billing"), billing.PaymentInput{Invoice: i, Amount: money.New(10_00, money.EUR), Received: price.DateOf(w.Clock.Now(), time.UTC), Reference: "x"})
			return err
		}))
		if w.after(1); w.kinds() != "second settled" {
			t.Errorf("paid: %q", w.kinds())
		}
	})
}

func TestALateJobSendsOneLetterAWeek(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.invoice(w.company, 10_00, -60)
		for n, want := range []string{"friendly open", "friendly open", "first open", "second open"} {
			if w.after([]int{0, 6, 1, 7}[n]); w.kinds() != want {
				t.Errorf("%d: %q, want %q", n, w.kinds(), want)
			}
		}
	})
}

func TestPlans(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		today := price.DateOf(w.Clock.Now(), time.UTC)
		for what, steps := range map[string][]dunning.Step{
			"an unknown kind": {{Kind: "fee", Days: 3}}, "twice": {{dunning.First, 3}, {dunning.First, 9}}, "backwards": {{dunning.Second, 3}, {dunning.First, 9}}, "the same day": {{dunning.Friendly, 3}, {dunning.First, 3}},
			"a stop without notice": {{dunning.First, 3}, {dunning.Stop, 30}}, "a stop right after the notice": {{dunning.Notice, 10}, {dunning.Stop, 23}}, "never": {{dunning.First, 400}}, "before it is due": {{dunning.First, 0}},
		} {
			if err := w.dunnings.SetPlan(ctx, w.Operator, dunning.Plan{Market: w.Market.ID, From: today, Steps: steps}); fail.CodeOf(err) != "dunning.plan" {
				t.Errorf("%s: %v", what, err)
			}
		}
		none := dunning.Plan{Market: w.Market.ID, From: today}
		if err := w.dunnings.SetPlan(ctx, w.company, none); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
			t.Errorf("a customer changes the steps: %v", err)
		}
		past := none
		past.From = price.DateOf(w.Clock.Now().AddDate(0, 0, -1), time.UTC)
		if err := w.dunnings.SetPlan(ctx, w.Operator, past); fail.CodeOf(err) != "dunning.past" {
			t.Errorf("the past: %v", err)
		}
		must(t, w.dunnings.SetPlan(ctx, w.Operator, none))
		w.invoice(w.company, 10_00, -60)
		if w.after(0); w.kinds() != "" {
			t.Errorf("reminded although nobody is: %s", w.kinds())
		}
	})
}

func TestAgedDebt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		for _, due := range []int{5, -1, -30, -31, -61, -91} {
			w.invoice(w.company, 1_00, due)
		}
		other := w.Business(t, w.Operator, "Dairy", party.KindCustomer)
		w.invoice(other, 50_00, 5)
		a, err := w.dunnings.Aged(ctx, w.Operator)
		if err != nil || len(a.Debts) != 2 || a.Debts[0].Org != w.company.Org || a.Debts[0].ByAge != [dunning.Buckets]int64{1_00, 2_00, 1_00, 1_00, 1_00} || a.Debts[0].Total != 6_00 || a.Totals[0].Total != 56_00 {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := w.dunnings.Aged(ctx, w.company); err == nil {
			t.Error("a customer sees the debts of all")
		}
		if _, err := w.dunnings.Cases(ctx, other, w.company.Org); !fail.Is(err, fail.NotFound) {
			t.Errorf("another's reminders: %v", err)
		}
	})
}
