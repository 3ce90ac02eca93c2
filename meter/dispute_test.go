package meter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// counted opens a subscription with windows of an hour and gives the id of a closed one with the events 1 to n.
func (h *house) counted(t *testing.T, n int) string {
	t.Helper()
	s := h.subject()
	s.Window = 0
	h.tx(t, func(tx *store.Tx) error { return h.Begin(tx, s) })
	h.sync(t)
	var events []usage.Event
	for i := range n {
		events = append(events, h.event(fmt.Sprint(i+1), 10))
	}
	h.ingest(t, h.publisher, usage.Accepted, events...)
	h.watermark(t, "w1")
	return h.windows(t, 1).Windows[0].ID
}

func (h *house) watermark(t *testing.T, id string) {
	t.Helper()
	mark := h.event(id, 0)
	mark.Type, mark.Data = proof.TypeWatermark, proof.Data{Through: h.Clock.Now().Format(time.RFC3339)}
	h.ingest(t, h.publisher, usage.Accepted, mark)
}

// told lists the facts of a kind.
func (h *house) told(t *testing.T, kinds ...string) (types []string) {
	t.Helper()
	reader := trace.Reader{Name: fmt.Sprint("told", h.Clock.Now().UnixNano(), len(kinds)), Types: kinds, From: trace.FromStart, Handle: func(_ *store.Tx, e trace.Entry) error {
		types = append(types, e.Type)
		return nil
	}}
	if err := h.Facts.Drain(context.Background(), reader); err != nil {
		t.Fatal(err)
	}
	return types
}

func TestADisputeIsAcceptedAndLowersTheUsage(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		window := h.counted(t, 3)
		in := meter.DisputeInput{Window: window, Reason: "We were away that day.", Events: []meter.DisputedEvent{{ID: "1"}, {ID: "2", Claim: "4"}}}
		for name, c := range map[string]access.Caller{"publisher": h.publisher, "another customer": h.rival, "nobody": {}} {
			if _, err := h.Dispute(ctx, c, in); err == nil {
				t.Errorf("%s opens a dispute", name)
			}
		}
		d, err := h.Dispute(ctx, h.customer, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Dispute(ctx, h.customer, in); !fail.Is(err, fail.Conflict) {
			t.Errorf("the same events again: %v", err)
		}
		for _, bad := range []meter.DisputeInput{{Window: window, Reason: "x"}, {Window: window, Events: in.Events}, {Window: "win_no", Reason: "x", Events: in.Events},
			{Window: window, Reason: "x", Events: []meter.DisputedEvent{{ID: "9"}}}, {Window: window, Reason: "x", Events: []meter.DisputedEvent{{ID: "3", Claim: "-1"}}},
			{Window: window, Reason: "x", Events: []meter.DisputedEvent{{ID: "3"}, {ID: "3"}}}} {
			if _, err := h.Dispute(ctx, h.customer, bad); !fail.Is(err, fail.Invalid) && !fail.Is(err, fail.NotFound) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		for name, c := range map[string]access.Caller{"customer": h.customer, "other publisher": h.other, "operator": h.Operator} {
			if _, err := h.AcceptDispute(ctx, c, d.ID, ""); err == nil {
				t.Errorf("the %s accepts for the publisher", name)
			}
		}
		if _, err := h.AcceptDispute(ctx, h.publisher, d.ID, "Our probe was wrong."); err != nil {
			t.Fatal(err)
		}
		h.sync(t)
		h.sync(t)
		d, err = h.OneDispute(ctx, h.customer, d.ID)
		if err != nil || d.State != meter.DisputeSettled || d.Events[0].Outcome != "accepted" || d.Events[1].Outcome != "accepted" || d.Answer == "" {
			t.Fatalf("%+v, %v", d, err)
		}
		h.watermark(t, "w2")
		page := h.windows(t, 2)
		w := page.Windows[1]
		if w.Kind != usage.Correction || w.Corrects != window || w.Sums[0].Quantity != "-16" {
			t.Errorf("the correction: %+v", w)
		}
		file, err := h.WindowFile(ctx, h.customer, w.ID)
		if err == nil {
			err = file.Verify()
		}
		if err != nil {
			t.Error(err)
		}
		if got := h.told(t, meter.FactDisputed, meter.FactDisputeAccepted, meter.FactDisputeSettled); len(got) != 3 {
			t.Errorf("facts: %v", got)
		}
	})
}

func TestARefusedDisputeGoesToTheOperator(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets())
	h := newHouse(t, db)
	ctx := context.Background()
	window := h.counted(t, 2)
	open := func(event string) meter.Dispute {
		d, err := h.Dispute(ctx, h.customer, meter.DisputeInput{Window: window, Reason: "No.", Events: []meter.DisputedEvent{{ID: event}}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	must := func(d meter.Dispute, err error) meter.Dispute {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open("1")
	if _, err := h.RefuseDispute(ctx, h.publisher, d.ID, " "); !fail.Is(err, fail.Invalid) {
		t.Errorf("refused without a reason: %v", err)
	}
	if _, err := h.EscalateDispute(ctx, h.customer, d.ID, "Look."); !fail.Is(err, fail.Conflict) {
		t.Errorf("escalated before an answer: %v", err)
	}
	must(h.RefuseDispute(ctx, h.publisher, d.ID, "Our log says so."))
	if _, err := h.RefuseDispute(ctx, h.publisher, d.ID, "Again."); !fail.Is(err, fail.Conflict) {
		t.Errorf("refused twice: %v", err)
	}
	must(h.EscalateDispute(ctx, h.customer, d.ID, "Look at our log."))
	if d = must(h.RefuseDispute(ctx, h.Operator, d.ID, "Both logs say so.")); d.State != meter.DisputeUpheld {
		t.Errorf("the operator's word: %s", d.State)
	}
	e := open("2")
	must(h.WithdrawDispute(ctx, h.customer, e.ID))
	for _, c := range []access.Caller{h.customer, h.publisher, h.Operator} {
		list, err := h.Disputes(ctx, c, c.Org, meter.DisputeFilter{}, "", 10)
		if err != nil || len(list) != 2 || list[0].ID != e.ID {
			t.Errorf("%s lists %v, %v", c.Ref(), list, err)
		}
		if _, err := h.OneDispute(ctx, c, d.ID); err != nil {
			t.Errorf("%s reads: %v", c.Ref(), err)
		}
	}
	for _, c := range []access.Caller{h.rival, h.other} {
		if list, err := h.Disputes(ctx, c, c.Org, meter.DisputeFilter{}, "", 10); err != nil || len(list) != 0 {
			t.Errorf("a stranger lists %v, %v", list, err)
		}
		if _, err := h.OneDispute(ctx, c, d.ID); err == nil {
			t.Error("a stranger reads a dispute")
		}
	}
}

// TestTheTableOfDisputesIsClosed: from any state only rows of the table lead on, ends have none, and every state is
// reached.
func TestTheTableOfDisputesIsClosed(t *testing.T) {
	ends := map[meter.DisputeState]bool{meter.DisputeSettled: true, meter.DisputeUpheld: true, meter.DisputeWithdrawn: true}
	seen := map[[3]string]bool{}
	for _, row := range meter.DisputeTransitions() {
		key := [3]string{string(row.From), string(row.Command), string(row.By)}
		if seen[key] || ends[row.From] || row.Fact == "" {
			t.Errorf("%+v stands twice, leaves an end or has no fact", row)
		}
		seen[key] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		state := meter.DisputeOpen
		for range 10 {
			var rows []meter.DisputeTransition
			for _, row := range meter.DisputeTransitions() {
				if row.From == state {
					rows = append(rows, row)
				}
			}
			if len(rows) == 0 {
				if !ends[state] {
					t.Fatalf("%s is no end and leads nowhere", state)
				}
				return
			}
			state = rapid.SampledFrom(rows).Draw(t, "row").To
		}
		t.Fatalf("ten steps and no end: %s", state)
	})
}

func TestTheOperatorReleasesAndRejects(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		s := h.subject()
		s.Window = 0
		h.tx(t, func(tx *store.Tx) error { return h.Begin(tx, s) })
		h.sync(t)
		late, later := h.event("late", 7), h.event("later", 8)
		h.Clock.Advance(40 * 24 * time.Hour)
		h.ingest(t, h.publisher, usage.Rejected, late, later)
		held := h.waiting(t, 2)
		for _, c := range []access.Caller{h.publisher, h.customer, h.rival, {}} {
			if err := h.Release(ctx, c, held[0].Cursor, "Please."); err == nil {
				t.Errorf("%s releases", c.Ref())
			}
		}
		if err := h.Release(ctx, h.Operator, held[0].Cursor, ""); !fail.Is(err, fail.Invalid) {
			t.Errorf("released without a reason: %v", err)
		}
		if err := h.Release(ctx, h.Operator, held[0].Cursor, "The publisher was down."); err != nil {
			t.Fatal(err)
		}
		if err := h.Reject(ctx, h.Operator, held[1].Cursor, "Sent by mistake."); err != nil {
			t.Fatal(err)
		}
		if err := h.Reject(ctx, h.Operator, held[1].Cursor, "Sent by mistake."); !fail.Is(err, fail.Conflict) {
			t.Errorf("decided twice: %v", err)
		}
		h.sync(t)
		h.waiting(t, 0)
		h.ingest(t, h.publisher, usage.Duplicate, late)
		open := h.Clock.Now()
		h.Clock.Advance(time.Hour)
		h.watermark(t, "w")
		page := h.windows(t, 1)
		if w := page.Windows[0]; w.Events != 1 || w.Sums[0].Quantity != "7" || w.From.After(open) || !w.To.After(open) {
			t.Errorf("it counts in %+v", w)
		}
		if got := h.told(t, meter.FactReleased, meter.FactRejected, meter.FactHeldSettled); len(got) != 4 {
			t.Errorf("facts: %v", got)
		}
	})
}

// waiting gives the quarantine once it has n events.
func (h *house) waiting(t *testing.T, n int) []usage.Held {
	t.Helper()
	for {
		list, err := h.Quarantine(context.Background(), h.Operator, h.Operator.Org, usage.HeldFilter{}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		if health := h.usage.Health(); len(list) == n && health.Committed == health.Stored {
			return list
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Its publisher may have a held event judged as if it was sent again, and take it back; the cut-off holds for it.
func TestThePublisherAnswersForItsQuarantine(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		s := h.subject()
		s.Window = 0
		h.tx(t, func(tx *store.Tx) error { return h.Begin(tx, s) })
		h.sync(t)
		h.Clock.Advance(time.Hour)
		first, second := h.event("first", 3), h.event("second", 4)
		first.Data.Meter, second.Data.Meter = "later", "later"
		h.ingest(t, h.publisher, usage.Rejected, first, second)
		held := h.waiting(t, 2)
		if held[0].Reason != usage.UnknownMeter {
			t.Fatalf("held for %s", held[0].Reason)
		}
		for _, c := range []access.Caller{h.customer, h.rival, h.other, {}} {
			for name, do := range map[string]func(context.Context, access.Caller, string, string) error{"releases": h.Release, "rejects": h.Reject} {
				if err := do(ctx, c, held[0].Cursor, "Please."); err == nil {
					t.Errorf("%s %s", c.Ref(), name)
				}
			}
			if _, err := h.HeldEvent(ctx, c, held[0].Cursor); err == nil {
				t.Errorf("%s reads it", c.Ref())
			}
		}
		list, err := h.Quarantine(ctx, h.publisher, h.publisher.Org, usage.HeldFilter{Reason: usage.Future}, "", 10)
		if err != nil || len(list) != 0 {
			t.Errorf("another reason: %d %v", len(list), err)
		}
		s.Meters = map[string]string{"later": first.Data.Unit}
		for meter, unit := range h.subject().Meters {
			s.Meters[meter] = unit
		}
		h.tx(t, func(tx *store.Tx) error { return h.Begin(tx, s) })
		h.sync(t)
		if err := h.Release(ctx, h.publisher, held[0].Cursor, "The plan has the meter now."); err != nil {
			t.Fatal(err)
		}
		if err := h.Reject(ctx, h.publisher, held[1].Cursor, "Sent twice under two names."); err != nil {
			t.Fatal(err)
		}
		h.sync(t)
		h.waiting(t, 0)
		h.ingest(t, h.publisher, usage.Duplicate, first)
		late := h.event("late", 7)
		h.Clock.Advance(40 * 24 * time.Hour)
		h.ingest(t, h.publisher, usage.Rejected, late)
		held = h.waiting(t, 1)
		if err := h.Release(ctx, h.publisher, held[0].Cursor, "We were down."); !fail.Is(err, fail.Denied) {
			t.Errorf("past the cut-off: %v", err)
		}
	})
}
