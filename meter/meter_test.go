package meter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

type house struct {
	*partytest.World
	*meter.Meters
	usage                             *usage.Store
	publisher, other, customer, rival access.Caller
	dir                               string
}

func sets() []store.Migrations { return append(partytest.Sets(), meter.Migrations()) }

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	w := partytest.New(t, db)
	h := &house{World: w, dir: t.TempDir(),
		publisher: w.Business(t, w.Operator, "Relay", party.KindPublisher), other: w.Business(t, w.Operator, "Other", party.KindPublisher),
		customer: w.Business(t, w.Operator, "Customer", party.KindCustomer), rival: w.Business(t, w.Operator, "Rival", party.KindCustomer)}
	own := []store.Migrations{usage.Migrations()}
	udb := storetest.Open(t, "sqlite:"+filepath.Join(h.dir, "usage.db")+"?sync=off", own)
	var err error
	h.usage, err = usage.Open(context.Background(), usage.Config{Dir: h.dir, DB: udb, Now: w.Clock.Now, IDs: w.IDs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.usage.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Meters = meter.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, h.usage, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return h
}

func (h *house) tx(t *testing.T, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := h.DB.Tx(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func (h *house) sync(t *testing.T) {
	t.Helper()
	if _, err := h.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) subject() usage.Subject {
	return usage.Subject{ID: "sub_test_1", Tenant: h.customer.Org, Publisher: h.publisher.Org, From: h.Clock.Now().Add(-time.Hour),
		Window: usage.WholeLife, Meters: map[string]string{"messages": "message"}, Zone: "Europe/Paris"}
}

func (h *house) event(id string, value int) usage.Event {
	now := h.Clock.Now()
	return usage.Event{SpecVersion: "1.0", ID: id, Source: "/resource/1", Type: proof.TypeUsage, Subject: "sub_test_1", Data: proof.Data{
		Meter: "messages", Unit: "message", Value: fmt.Sprint(value), Start: now.Add(-time.Minute).Format(time.RFC3339), End: now.Format(time.RFC3339)}}
}

func (h *house) ingest(t *testing.T, c access.Caller, want usage.Status, events ...usage.Event) {
	t.Helper()
	got, err := h.Ingest(context.Background(), c, events)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v.Status != want {
			t.Errorf("event %d: %v, want %s", i, v, want)
		}
	}
}

func TestFromSubscriptionToTheFactOfAWindow(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.ingest(t, h.publisher, usage.Rejected, h.event("1", 1))
		begin := func(tx *store.Tx) error { return h.Begin(tx, h.subject()) }
		h.tx(t, begin)
		h.tx(t, begin)
		h.sync(t)
		h.ingest(t, h.publisher, usage.Accepted, h.event("1", 1), h.event("2", 2))
		h.ingest(t, h.publisher, usage.Duplicate, h.event("1", 1))
		h.ingest(t, h.other, usage.Rejected, h.event("1", 1))
		if _, err := h.Ingest(ctx, h.customer, []usage.Event{h.event("9", 1)}); !fail.Is(err, fail.Denied) {
			t.Errorf("a customer sends usage: %v", err)
		}
		end := h.Clock.Now()
		h.tx(t, func(tx *store.Tx) error { return h.Finish(tx, "sub_test_1", end, false) })
		h.tx(t, func(tx *store.Tx) error { return h.Finish(tx, "sub_test_1", end.Add(time.Hour), true) })
		h.sync(t)
		mark := h.event("w", 0)
		mark.Type, mark.Data = proof.TypeWatermark, proof.Data{Through: end.Format(time.RFC3339)}
		h.ingest(t, h.publisher, usage.Accepted, mark)
		page := h.windows(t, 2)
		h.sync(t)
		h.factsAre(t, page)
		h.readsAreScoped(t, page.Windows[0].ID)
	})
}

// windows carries windows over until n are there.
func (h *house) windows(t *testing.T, n int) (page meter.Page) {
	t.Helper()
	for len(page.Windows) < n {
		h.sync(t)
		var err error
		if page, err = h.Windows(context.Background(), h.customer, "sub_test_1", 0, 10); err != nil {
			t.Fatal(err)
		}
	}
	return page
}

// factsAre replays the facts: one for each window, equal to the row.
func (h *house) factsAre(t *testing.T, page meter.Page) {
	t.Helper()
	var got []meter.ClosedWindow
	reader := trace.Reader{Name: "test", Types: []string{meter.FactWindowClosed}, Handle: func(_ *store.Tx, e trace.Entry) error {
		var w meter.ClosedWindow
		got = append(got, w)
		return e.Into(&got[len(got)-1])
	}}
	if err := h.Facts.Drain(context.Background(), reader); err != nil {
		t.Fatal(err)
	}
	var want []meter.ClosedWindow
	for _, w := range page.Windows {
		want = append(want, meter.ClosedWindow{Window: w.ID, Tenant: w.Tenant, Subject: w.Subject, Source: w.Source, Kind: w.Kind,
			From: w.From, To: w.To, Events: w.Events, Sums: w.Sums, Digest: w.Proof().Digest})
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 2 || got[1].Kind != usage.Final || got[0].Sums[0].Quantity != "3" {
		t.Errorf("%v %s", got, diff)
	}
}

func (h *house) readsAreScoped(t *testing.T, id string) {
	t.Helper()
	ctx := context.Background()
	file, err := h.WindowFile(ctx, h.customer, id)
	if err == nil {
		err = file.Verify()
	}
	if err != nil {
		t.Error(err)
	}
	n := 0
	if err := h.WindowEvents(ctx, h.customer, id, func(canonical []byte) error { n++; return json.Unmarshal(canonical, &struct{}{}) }); err != nil || n != 2 {
		t.Errorf("%d events, %v", n, err)
	}
	q := usage.Query{From: h.Clock.Now().Add(-time.Hour), To: h.Clock.Now().Add(time.Hour)}
	if points, err := h.Usage(ctx, h.customer, h.customer.Org, q); err != nil || len(points) != 1 || points[0].Quantity.String() != "3" {
		t.Errorf("%v, %v", points, err)
	}
	for _, c := range []access.Caller{h.rival, h.publisher, {}} {
		_, err1 := h.Window(ctx, c, id)
		_, err2 := h.WindowFile(ctx, c, id)
		_, err3 := h.Windows(ctx, c, "sub_test_1", 0, 10)
		_, err4 := h.Usage(ctx, c, h.customer.Org, q)
		_, err5 := h.Quarantine(ctx, c, h.customer.Org, usage.HeldFilter{}, "", 10)
		for i, err := range []error{err1, err2, err3, err4, err5, h.WindowEvents(ctx, c, id, func([]byte) error { return nil })} {
			if !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Unauthenticated) {
				t.Errorf("read %d by %s: %v", i, c.Ref(), err)
			}
		}
	}
	// The quarantine: all for the operator, the own ones for a publisher, who does not learn of another's customers.
	for h.usage.Health().Committed < h.usage.Health().Stored {
		time.Sleep(5 * time.Millisecond)
	}
	all, err := h.Quarantine(ctx, h.Operator, h.Operator.Org, usage.HeldFilter{}, "", 10)
	if err != nil || len(all) != 1 || all[0].Reason != usage.ForeignSubject { // the unknown one was accepted later
		t.Errorf("the operator reads %v, %v", all, err)
	}
	own, err := h.Quarantine(ctx, h.other, h.other.Org, usage.HeldFilter{}, "", 10)
	if err != nil || len(own) != 1 || own[0].Reason != usage.UnknownSubject {
		t.Errorf("the other publisher reads %v, %v", own, err)
	}
	if _, err := h.Health(ctx, h.Operator, h.Operator.Org); err != nil {
		t.Error(err)
	}
}

func TestALostUsageStoreIsNoticed(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets())
	h := newHouse(t, db)
	h.tx(t, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO meter_window (id, tenant, publisher, subject, source, kind, corrects, from_at, to_at, events, sums, digest, closed_at, position)
			VALUES ('win_x', 'a', 'b', 'c', '', 'final', '', $1, $1, 0, $2, $2, $1, 1)`, store.At(h.Clock.Now()), []byte("[]"))
		return err
	})
	if err := h.Run(context.Background()); err == nil {
		t.Error("a usage store without the window runs")
	}
}

func TestSubscriptionFactsBecomeSubjects(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		from, now := h.Clock.Now().Add(-time.Hour), h.Clock.Now()
		record := func(kind string, payload any) {
			t.Helper()
			h.tx(t, func(tx *store.Tx) error {
				_, err := h.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: "sub_test_1", Owner: h.customer.Org, Parties: []string{h.publisher.Org},
					Actor: access.System("subscription").Ref(), At: now, Machine: payload})
				return err
			})
			if err := h.Facts.Drain(ctx, h.Readers()...); err != nil {
				t.Fatal(err)
			}
			h.sync(t)
		}
		record(subscription.FactActivated, subscription.ActivatedFact{Subscription: "sub_test_1", Org: h.customer.Org, Publisher: h.publisher.Org,
			Zone: "Europe/Paris", At: from.Format(time.RFC3339Nano), Meters: []catalog.Meter{{Key: "messages", Unit: "message"}}})
		seats := h.event("2", 2)
		seats.Data.Meter, seats.Data.Unit = "seats", "seat"
		h.ingest(t, h.publisher, usage.Accepted, h.event("1", 1))
		h.ingest(t, h.publisher, usage.Rejected, seats)
		record(subscription.FactPlanChanged, subscription.PlanChangedFact{Subscription: "sub_test_1", Meters: []catalog.Meter{{Key: "seats", Unit: "seat"}}})
		h.ingest(t, h.publisher, usage.Accepted, seats, h.event("3", 3))
		record(subscription.FactEnded, subscription.EndedFact{Complete: true,
			StateFact: subscription.StateFact{Subscription: "sub_test_1", At: now.Format(time.RFC3339Nano)}})
		page := h.windows(t, 2)
		if w := page.Windows; w[0].Events != 3 || len(w[0].Sums) != 2 || w[1].Kind != usage.Final {
			t.Errorf("%+v", w)
		}
	})
}

func TestAResourcesTokenReportsForItsOwnSubscriptionOnly(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		mine, theirs := h.subject(), h.subject()
		theirs.ID = "sub_test_2"
		for _, s := range []usage.Subject{mine, theirs} {
			h.tx(t, func(tx *store.Tx) error { return h.Begin(tx, s) })
		}
		h.sync(t)
		token := h.publisher
		token.Person, token.Token, token.Scopes, token.Subject = "", "tok_test_1", []access.Action{access.UsageWrite}, mine.ID
		foreign := h.event("2", 2)
		foreign.Subject = theirs.ID
		if _, err := h.Ingest(ctx, token, []usage.Event{h.event("1", 1), foreign}); !fail.Is(err, fail.Denied) {
			t.Errorf("usage of another subscription of the same publisher: %v, want denied", err)
		}
		h.ingest(t, token, usage.Accepted, h.event("1", 1))
		token.Subject = ""
		h.ingest(t, token, usage.Accepted, foreign)
	})
}
