package provision_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/trace"
)

func (h *house) record(kind, aggregate string, payload any) {
	h.t.Helper()
	h.tx(func(tx *store.Tx) error {
		_, err := h.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: h.customer.Org, Actor: "system:placement", At: h.Clock.Now(), Machine: payload})
		return err
	})
}

func (h *house) read() {
	h.t.Helper()
	if err := h.Facts.Drain(context.Background(), h.res.Readers()...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) decided() {
	h.t.Helper()
	h.record(placement.FactDecided, "plc_1", placement.DecidedFact{Decision: "plc_1", Order: "ord_1", Item: "itm_1", Subscription: "sub_1", Org: h.customer.Org, Path: h.customer.Path,
		Publisher: h.publisher.Org, OfferVersion: "ofv_1", Plan: "flex", Kind: "broker", Driver: "memory", Target: placement.Target{ID: "lyon", Region: "lyon", Config: json.RawMessage(`{"zone":"a"}`)},
		Region: "lyon", Spec: json.RawMessage(`{"size":1}`)})
}

func TestADecisionIsMadeAndGivesItsUnitsBackInTheEnd(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.decided()
		h.read()
		h.settle()
		r, err := h.res.Of(context.Background(), h.customer, "sub_1")
		if err != nil || r.State != provision.StateUp || r.Region != "lyon" || !strings.Contains(string(r.Target.Config), `"zone"`) || !slices.Equal(h.told, []string{"done itm_1"}) {
			t.Fatalf("%+v %v, told %v", r, err, h.told)
		}
		h.desire(1, provision.Change{Item: "itm_2", Desired: provision.DesiredAbsent})
		h.settle()
		if !slices.Equal(h.told, []string{"done itm_1", "done itm_2"}) || !slices.Equal(h.freed, []string{"lyon of sub_1"}) {
			t.Errorf("told %v, freed %v", h.told, h.freed)
		}
		h.tx(func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM fact_reader")
			return err
		})
		h.read()
		h.settle()
		if again, err := h.res.Of(context.Background(), h.customer, "sub_1"); err != nil || again.ID != r.ID || h.engine.Len() != 0 {
			t.Errorf("read again after its end, the decision made %s, %d objects, %v", again.ID, h.engine.Len(), err)
		}
	})
}

func TestACancellationStopsWhatWasDecided(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.engine.SetSteps(1000)
		h.decided()
		h.record(order.FactCancelRequested, "ord_1", order.StateFact{Order: "ord_1", Org: h.customer.Org, State: order.StateAssessingCancel, Items: []order.ItemRef{
			{Item: "itm_1", Action: order.ActionAdd, Subscription: "sub_1", State: order.ItemAssessingCancel},
			{Item: "itm_0", Action: order.ActionCancel, Subscription: "sub_0", State: order.ItemInProgress}}})
		h.read()
		h.engine.SetSteps(0)
		h.settle()
		r, err := h.res.Of(context.Background(), h.customer, "sub_1")
		if err != nil || r.State != provision.StateGone || !slices.Equal(h.told, []string{"cancelled itm_1"}) || !slices.Equal(h.freed, []string{"lyon of sub_1"}) {
			t.Fatalf("%+v %v, told %v", r, err, h.told)
		}
	})
}
