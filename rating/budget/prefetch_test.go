package budget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// change moves a service to another plan, which provision carries out at once.
func (h *house) change(t testing.TB, sub, plan string) {
	t.Helper()
	h.keys++
	o, err := h.orders.Place(context.Background(), h.buyer, order.PlaceInput{Key: fmt.Sprint("k", h.keys), ConsentToStart: true,
		Items: []order.ItemInput{{Action: order.ActionChange, Subscription: sub, Plan: plan, Parameters: json.RawMessage(`{"hosts":["a"]}`)}}})
	must(t, err)
	h.drain(t)
	i := o.Items[0]
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		if err := h.orders.ItemDone(tx, i.ID); err != nil {
			return err
		}
		_, err := h.Facts.Record(tx, trace.Fact{Type: provision.FactChanged, Aggregate: "res_" + sub, Owner: i.Org, Actor: "system:provision", At: h.Clock.Now(),
			Machine: provision.ResourceFact{Resource: "res_" + sub, Subscription: sub, Org: i.Org, Item: i.ID, Region: "reg_a"}})
		return err
	}))
	h.drain(t)
}

// lived is a house after a month and some of services: charged and running usage of both months, tiers that are passed
// between them, a change of plan, a cap, fees that were charged and that were not, tags, another tenant.
func lived(t *testing.T, db *store.DB) (h *house, services map[string]string, charged []proof.Window) {
	t.Helper()
	h = newHouse(t, db)
	ctx := context.Background()
	services = map[string]string{}
	for _, plan := range []string{"pay", "flat", "both", "steps"} {
		services[plan] = h.standing(t, h.buyer, plan)
		_, err := h.subs.SetTags(ctx, h.buyer, services[plan], subscription.Tags{"project": plan})
		must(t, err)
	}
	services["idle"], services["capped"], services["changed"] = h.standing(t, h.buyer, "pay"), h.standing(t, h.buyer, "both"), h.standing(t, h.buyer, "pay")
	services["foreign"] = h.standing(t, h.Business(t, h.Operator, "Garage", party.KindCustomer), "pay")
	uses := func(n int64) {
		for _, name := range []string{"pay", "both", "steps", "capped", "changed", "foreign"} {
			h.use(services[name], n)
		}
	}
	settle := func() {
		for _, name := range slices.Sorted(maps.Keys(services)) {
			for _, w := range h.windows[services[name]] {
				charged = append(charged, w.Proof())
			}
			h.close(t, services[name])
		}
	}
	for range 3 { // in March
		h.Clock.Advance(7 * 24 * time.Hour)
		uses(13)
	}
	settle()
	h.Clock.Advance(7 * 24 * time.Hour)
	uses(7) // of March, and not charged when April is
	h.Clock.Advance(5 * 24 * time.Hour)
	h.change(t, services["changed"], "both")
	services["late"] = h.standing(t, h.buyer, "steps")
	must(t, db.Tx(ctx, func(tx *store.Tx) error { return h.ratings.ChargePeriods(tx, h.buyer.Org, h.Clock.Now()) }))
	uses(17)
	settle()
	h.set(t, 10, budget.Suspend, services["capped"])
	h.state(t, services["capped"], subscription.StateSuspended, subscription.ReasonBudget)
	h.Clock.Advance(3 * 24 * time.Hour)
	uses(40)
	h.Clock.Advance(time.Hour)
	uses(9)
	return h, services, charged
}

// TestPrefetchGivesWhatOneByOneDoes: what is read for many at once comes to the same, to the last part of a cent, as what
// is read for each.
func TestPrefetchGivesWhatOneByOneDoes(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, services, charged := lived(t, db)
		zone, err := time.LoadLocation("Europe/Paris")
		must(t, err)
		month := price.Interval{From: time.Date(2026, 4, 1, 0, 0, 0, 0, zone).UTC(), To: time.Date(2026, 5, 1, 0, 0, 0, 0, zone).UTC()}
		since := month.From.AddDate(0, 0, -25)
		must(t, db.Read(context.Background(), func(tx *store.Tx) error {
			contracts, err := h.ratings.ContractsBelow(tx, h.buyer.Path, month.From)
			must(t, err)
			foreign, err := h.ratings.ContractIn(tx, services["foreign"])
			must(t, err)
			var windows []string
			inputs := map[string]rating.EstimateInput{}
			for _, c := range append(contracts, foreign) {
				in := rating.EstimateInput{Subscription: c.Subscription, Span: month, Since: since, Zone: zone, Resumed: true}
				for _, w := range charged { // that closed while somebody asked
					if w.Subject == c.Subscription {
						in.Windows = append(in.Windows, w)
					}
				}
				for _, w := range h.windows[c.Subscription] {
					in.Windows = append(in.Windows, w.Proof())
				}
				for _, w := range in.Windows {
					windows = append(windows, w.ID)
				}
				inputs[c.Subscription] = in
			}
			if len(inputs) != len(services) {
				t.Fatalf("%d contracts of %d services", len(inputs), len(services))
			}
			known, err := h.ratings.Prefetch(tx, append(contracts, foreign), since, windows)
			must(t, err)
			for name, id := range services {
				h.compare(t, tx, name, inputs[id], known)
			}
			return nil
		}))
	})
}

func (h *house) compare(t *testing.T, tx *store.Tx, name string, in rating.EstimateInput, known *rating.Prefetched) {
	t.Helper()
	one, err := h.ratings.Estimate(tx, in)
	must(t, err)
	in.Known = known
	many, err := h.ratings.Estimate(tx, in)
	must(t, err)
	if one.Usage != many.Usage || one.Running != many.Running || one.Fixed != many.Fixed || one.Once != many.Once || !maps.Equal(one.Days, many.Days) || one.Contract.Subscription != many.Contract.Subscription {
		t.Errorf("%s: usage %s running %s fixed %s once %s days %v, one by one usage %s running %s fixed %s once %s days %v", name,
			many.Usage, many.Running, many.Fixed, many.Once, many.Days, one.Usage, one.Running, one.Fixed, one.Once, one.Days)
	}
	total, err := one.Total()
	must(t, err)
	if nothing := money.ZeroExact(money.EUR); (total == nothing) != (name == "idle") || (one.Once == nothing) != (name != "late") {
		t.Errorf("%s costs %s, %s of it once: the test compares nothing", name, total, one.Once)
	}
}

// TestThePageSaysWhatBudgetsCount: the page asks about all services at once, budgets about each by itself; both come to
// the same for every service and for all, and each service bears its own tags.
func TestThePageSaysWhatBudgetsCount(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, services, _ := lived(t, db)
		s, err := h.budgets.Spending(context.Background(), h.buyer, "")
		must(t, err)
		if len(s.Months) != 1 || len(s.Months[0].Services) != len(services)-1 {
			t.Fatalf("%+v", s.Months)
		}
		all := h.set(t, 1_000_000, budget.Notify, "")
		if all.Used != s.Months[0].Used || all.Used.Minor == 0 {
			t.Errorf("the budget of all counts %s, the page %s", all.Used, s.Months[0].Used)
		}
		names := map[string]string{}
		for name, id := range services {
			names[id] = name
		}
		for _, one := range s.Months[0].Services {
			name := names[one.ID]
			if name == "foreign" {
				t.Error("the page shows the service of another tenant")
			}
			if b := h.set(t, 900_000, budget.Notify, one.ID); b.Used != one.Used {
				t.Errorf("%s: the budget counts %s, the page %s", name, b.Used, one.Used)
			}
			wanted := map[string]string{"project": name}
			if slices.Contains([]string{"idle", "capped", "changed", "late"}, name) {
				wanted = nil
			}
			if !maps.Equal(one.Tags, wanted) {
				t.Errorf("%s: tags %v", name, one.Tags)
			}
		}
	})
}
