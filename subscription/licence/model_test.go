package licence_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription/licence"
)

// naive is a pool as a person would keep it: who has a seat until when, and each second counted.
type naive struct {
	until   map[string]time.Time
	ids     map[string]string
	seconds int64
	refused int64
	peak    int64
}

func (n *naive) inUse(now time.Time) (k int64) {
	for _, u := range n.until {
		if u.After(now) {
			k++
		}
	}
	return k
}

// TestModel runs random work on a pool of three seats beside a naive model: who gets a seat, how many are in use, how
// often one was refused, and the seconds that are reported to the meter are the same.
func TestModel(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	rapid.Check(t, func(r *rapid.T) {
		sub := h.standing(r, h.buyer, "float")
		m := naive{until: map[string]time.Time{}, ids: map[string]string{}}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			who := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(r, "who")
			now := h.Clock.Now()
			switch rapid.SampledFrom([]string{"take", "take", "renew", "return", "wait", "settle"}).Draw(r, "what") {
			case "take":
				m.take(r, h, sub, who, now)
			case "renew":
				_, err := h.licences.Renew(ctx, h.publisher, sub, m.ids[who], 0)
				if holds := m.until[who].After(now); holds != (err == nil) {
					r.Fatalf("renew by %s: %v", who, err)
				} else if holds {
					m.until[who] = now.Add(30 * time.Minute)
				}
			case "return":
				_, err := h.licences.Return(ctx, h.publisher, sub, m.ids[who], "")
				if m.ids[who] != "" && err != nil {
					r.Fatalf("return by %s: %v", who, err)
				}
				if m.until[who].After(now) {
					m.until[who] = now
				}
			case "wait":
				for range rapid.IntRange(1, 2000).Draw(r, "seconds") {
					m.seconds += m.inUse(h.Clock.Now())
					h.Clock.Advance(time.Second)
				}
			case "settle":
				must(r, h.licences.Settle(ctx))
			}
			v := h.view(r, sub)
			if got := m.inUse(h.Clock.Now()); v.InUse != got || v.InUse > 3 {
				r.Fatalf("%d in use, the model says %d", v.InUse, got)
			}
		}
		m.end(r, h, sub)
	})
}

func (m *naive) take(r *rapid.T, h *house, sub, who string, now time.Time) {
	l, err := h.take(h.publisher, sub, who)
	switch has := m.until[who].After(now); {
	case !has && m.inUse(now) == 3:
		m.refused++
		if fail.CodeOf(err) != "licence.full" {
			r.Fatalf("a fourth seat: %v", err)
		}
		return
	case err != nil:
		r.Fatalf("take by %s: %v", who, err)
	case has != (l.ID == m.ids[who]):
		r.Fatalf("%s has %s, got %s", who, m.ids[who], l.ID)
	}
	m.until[who], m.ids[who] = now.Add(30*time.Minute), l.ID
	m.peak = max(m.peak, m.inUse(now))
}

// end cancels the service and compares what was reported with what the model counted.
func (m *naive) end(r *rapid.T, h *house, sub string) {
	_, err := h.subs.CancelService(context.Background(), h.Operator, sub)
	must(r, err)
	h.drain(r)
	seconds, last := int64(0), time.Time{}
	for _, f := range h.used(r, sub) {
		for _, u := range f.Uses {
			from, to := at(r, u.From), at(r, u.To)
			if from.Before(last) || !from.Before(to) || from.Truncate(15*time.Minute) != to.Add(-time.Second).Truncate(15*time.Minute) {
				r.Fatalf("%+v overlaps another or crosses a window", u)
			}
			last, seconds = to, seconds+u.Value
		}
	}
	v := h.view(r, sub)
	if seconds != m.seconds || v.Month.Refused != m.refused || v.Month.Peak != m.peak {
		r.Fatalf("%d seconds, %+v; the model says %d, %d refused, peak %d", seconds, v.Month, m.seconds, m.refused, m.peak)
	}
}

func at(r fataler, text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	must(r, err)
	return t
}

// TestUses compares what each meter gets with a count second by second.
func TestUses(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		start := time.Date(2026, 3, 2, 9, 7, 0, 0, time.UTC)
		second := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
		var list []licence.Lease
		for i := range rapid.IntRange(0, 6).Draw(r, "leases") {
			from := rapid.IntRange(-2000, 2000).Draw(r, "from")
			list = append(list, licence.Lease{ID: fmt.Sprint(i), Holder: fmt.Sprint(i % 3), From: second(from), Until: second(from + rapid.IntRange(0, 2000).Draw(r, "length"))})
		}
		end := rapid.IntRange(1, 3000).Draw(r, "end")
		sum, peak, weighted := int64(0), int64(0), int64(0)
		for n := range end {
			level := int64(0)
			for _, l := range list {
				if l.Active(second(n)) {
					level++
				}
			}
			sum, peak = sum+level, max(peak, level)
		}
		got := map[proof.Aggregation]int64{}
		for _, u := range licence.Uses(proof.AggregateSum, list, start, second(end)) {
			got[proof.AggregateSum] += u.Value
		}
		for _, u := range licence.Uses(proof.AggregateMax, list, start, second(end)) {
			got[proof.AggregateMax] = max(got[proof.AggregateMax], u.Value)
		}
		held, since := int64(0), start
		for _, l := range list { // what was held before is another report's
			if l.Active(start.Add(-time.Second)) {
				held++
			}
		}
		for _, u := range licence.Uses(proof.AggregateWeighted, list, start, second(end)) {
			weighted += held * int64(at(r, u.From).Sub(since)/time.Second)
			held, since = u.Value, at(r, u.From)
		}
		weighted += held * int64(second(end).Sub(since)/time.Second)
		if got[proof.AggregateSum] != sum || got[proof.AggregateMax] != peak || weighted != sum {
			r.Fatalf("%v, weighted %d; counted %d, peak %d", got, weighted, sum, peak)
		}
	})
}

// TestTransitions: what is not in the table cannot happen, and every state but the first can be reached.
func TestTransitions(t *testing.T) {
	reached := map[licence.State]bool{}
	seen := map[string]bool{}
	for _, row := range licence.Transitions() {
		reached[row.To] = true
		if key := string(row.From) + " " + string(row.Command); seen[key] {
			t.Errorf("two rows for %s", key)
		} else {
			seen[key] = true
		}
		if row.From == licence.Refused || row.From == licence.Ended {
			t.Errorf("%s is final: %+v", row.From, row)
		}
	}
	for _, s := range []licence.State{licence.Declared, licence.Valid, licence.Refused, licence.Expired, licence.Ended} {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
	}
}
