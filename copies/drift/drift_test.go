package drift_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/copies/copiestest"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

func sets() []store.Migrations { return append(copiestest.Sets(), drift.Migrations()) }

// begin is earlier than every deadline of the test.
func begin() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

type house struct {
	*copiestest.World
	drifts *drift.Drifts
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	w := copiestest.New(t, db, map[string]provision.Driver{"process": memory.New(memory.NewEngine(), begin)})
	d, err := drift.New(drift.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: w.Residency, Register: w.Register, Outbox: w.Outbox,
		Queue: w.Jobs, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	copiestest.Must(t, err)
	w.More = d.Readers()
	return &house{w, d}
}

func both(t *testing.T, fn func(t *testing.T, h *house)) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newHouse(t, db)) })
}

// sold is the cloud of Lyon and Paris after it was sold to Potomac Cloud Inc.
func (h *house) sold() {
	h.T.Helper()
	h.Know("entities:\n  - key: rhone-cloud\n    name: Rhône Cloud SAS\n    country: FR\n    ownership: complete\n    parents:\n      - entity: potomac\n        percent: 80\n        board: true\n")
	h.Settle()
}

// putRight is the cloud as it was.
func (h *house) putRight() {
	h.T.Helper()
	h.Know(copiestest.DemoFacts(h.T))
	h.Settle()
}

func (h *house) noUSLaw() {
	h.T.Helper()
	_, err := h.Residency.SetPolicy(context.Background(), h.Buyer, h.Buyer.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"US"}}})
	copiestest.Must(h.T, err)
}

// market is what holds for all customers' personal data.
func (h *house) market(r residency.Rule) {
	h.T.Helper()
	l := residency.DefaultLayer(h.Market.ID)
	r.Countries = []string{"EEA"}
	l.Classes["personal"] = r
	_, err := h.Residency.SetMarketPolicy(context.Background(), h.Operator, h.Market.ID, l)
	copiestest.Must(h.T, err)
}

func (h *house) open() []drift.Remedy {
	h.T.Helper()
	list, err := h.drifts.Remedies(context.Background(), h.Buyer, drift.Filter{})
	copiestest.Must(h.T, err)
	return list
}

func (h *house) facts(remedy string) (out []string) {
	h.T.Helper()
	list, err := h.Facts.About(context.Background(), h.Buyer.Org, remedy)
	copiestest.Must(h.T, err)
	for _, e := range list {
		out = append(out, e.Type)
	}
	return out
}

func TestACloudThatIsSoldOpensARemedyAndPuttingItRightClosesIt(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.noUSLaw()
		h.Service(h.Buyer, "personal", "lyon")
		h.Service(h.Stranger, "personal", "lyon") // has no such policy
		if list := h.open(); len(list) != 0 {
			t.Fatalf("before anything changed: %+v", list)
		}
		h.sold()
		list := h.open()
		if len(list) != 1 {
			t.Fatalf("%d remedies", len(list))
		}
		r := list[0]
		if r.Region != "lyon" || r.Copies != 1 || !r.ByOwn || r.Deadline.Sub(r.OpenedAt) != drift.Grace || len(r.Reasons) == 0 || r.Reasons[0].Rule != "residency.law" {
			t.Errorf("%+v", r)
		}
		if subject, mail := h.Mail(t, "bakery@bakery.example"); !strings.Contains(subject, "no longer allowed") || !strings.Contains(mail, "Rhône Cloud SAS") {
			t.Errorf("the customer is told: %s\n%s", subject, mail)
		}
		h.putRight()
		if list := h.open(); len(list) != 0 {
			t.Errorf("after it was put right: %+v", list)
		}
		if got := h.facts(r.ID); !slices.Equal(got, []string{drift.FactOpened, drift.FactClosed}) {
			t.Errorf("facts %v", got)
		}
		h.sold()
		if list := h.open(); len(list) != 1 || list[0].ID == r.ID {
			t.Errorf("what comes back is another remedy: %+v", list)
		}
	})
}

func TestACertificateThatEndsRejudgesWithoutAnybodysWord(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.market(residency.Rule{Certificates: []residency.Need{{Type: "HDS"}}})
		h.Service(h.Buyer, "personal", "lyon")
		h.Clock.Advance(time.Date(2028, 6, 1, 1, 0, 0, 0, time.UTC).Sub(h.Clock.Now()))
		h.Settle()
		list := h.open()
		if len(list) != 1 || list[0].ByOwn || !slices.ContainsFunc(list[0].Reasons, func(r residency.Reason) bool { return r.Rule == "residency.certificate" }) {
			t.Fatalf("%+v", list)
		}
		_, err := h.drifts.Accept(t.Context(), h.Buyer, list[0].ID, "We know.", h.Clock.Now().AddDate(0, 1, 0))
		if fail.CodeOf(err) != "drift.not_own" {
			t.Errorf("the customer accepted what the law refuses: %v", err)
		}
		_, err = h.drifts.Accept(t.Context(), h.Operator, list[0].ID, "The new certificate is on its way.", h.Clock.Now().AddDate(0, 1, 0))
		copiestest.Must(t, err)
	})
}

func TestASupportTeamThatMovesAndAPolicyThatTightens(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.market(residency.Rule{Support: []string{"EEA"}})
		h.Service(h.Buyer, "personal", "lyon")
		h.Know("clouds:\n  - key: rhone\n    name: Rhône Cloud\n    operator: rhone-cloud\n    support: [FR, IN]\n")
		h.Settle()
		if list := h.open(); len(list) != 1 || list[0].Reasons[0].Rule != "residency.support" || list[0].ByOwn {
			t.Fatalf("%+v", list)
		}
		h.putRight()
		_, err := h.Residency.SetPolicy(t.Context(), h.Buyer, h.Buyer.Org, residency.Layer{All: residency.Rule{Countries: []string{"DE"}}})
		copiestest.Must(t, err)
		h.Settle()
		if list := h.open(); len(list) != 1 || !list[0].ByOwn {
			t.Errorf("%+v", list)
		}
	})
}

func TestAnAcceptanceEndsWithItsDayAndWithOtherReasons(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.noUSLaw()
		h.Service(h.Buyer, "personal", "lyon")
		h.sold()
		r := h.open()[0]
		for _, until := range []time.Time{h.Clock.Now().Add(-time.Hour), h.Clock.Now().AddDate(2, 0, 0)} {
			if _, err := h.drifts.Accept(t.Context(), h.Buyer, r.ID, "We know.", until); fail.CodeOf(err) != "drift.accept" {
				t.Errorf("until %v: %v", until, err)
			}
		}
		_, err := h.drifts.Accept(t.Context(), h.Buyer, r.ID, "We are moving in May.", h.Clock.Now().AddDate(0, 0, 10))
		copiestest.Must(t, err)
		h.Clock.Advance(2 * time.Hour)
		h.Settle()
		if list := h.open(); len(list) != 1 || list[0].State != drift.StateAccepted {
			t.Fatalf("%+v", list)
		}
		h.Clock.Advance(11 * 24 * time.Hour)
		h.Settle()
		if list := h.open(); len(list) != 1 || list[0].State != drift.StateOpen || !list[0].Deadline.After(h.Clock.Now()) {
			t.Fatalf("%+v", list)
		}
		want := []string{drift.FactOpened, drift.FactAccepted, drift.FactOpened}
		if got := h.facts(r.ID); !slices.Equal(got, want) {
			t.Errorf("facts %v", got)
		}
	})
}

func TestWaysOutAreAllowedAndHaveRoom(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		_, err := h.Residency.SetPolicy(t.Context(), h.Buyer, h.Buyer.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"CH"}}})
		copiestest.Must(t, err)
		h.Service(h.Buyer, "personal", "lyon")
		h.Know("entities:\n  - key: rhone-cloud\n    name: Rhône Cloud SAS\n    country: FR\n    ownership: complete\n    parents:\n      - entity: helvetia-invest\n        percent: 80\n")
		h.Settle()
		list, err := h.drifts.Ways(t.Context(), h.Buyer, h.open()[0].ID)
		if err != nil || len(list) != 1 || list[0].Region.Key != "dublin" || !list[0].Nearest || list[0].Dearer != "-0.002 EUR" {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestAttackersLearnAndDecideNothing(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.noUSLaw()
		h.Service(h.Buyer, "personal", "lyon")
		h.sold()
		r, ctx := h.open()[0].ID, t.Context()
		for name, err := range map[string]error{
			"remedy": second(h.drifts.Remedy(ctx, h.Stranger, r)), "copies": second(h.drifts.Copies(ctx, h.Stranger, r)), "ways": second(h.drifts.Ways(ctx, h.Stranger, r)),
			"accept":  second(h.drifts.Accept(ctx, h.Stranger, r, "Mine.", h.Clock.Now().AddDate(0, 0, 5))),
			"list":    second(h.drifts.Remedies(ctx, h.Stranger, drift.Filter{Org: h.Buyer.Org})),
			"run":     second(h.drifts.LastRun(ctx, h.Buyer)),
			"judging": second(h.drifts.JudgeNow(ctx, h.Buyer)),
		} {
			if !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if list, err := h.drifts.Remedies(ctx, h.Stranger, drift.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("the stranger sees %v %v", list, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
