package usage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

func event(id string) usage.Event {
	at := time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)
	return usage.Event{ID: id, Source: "/s", Subject: "sub_1", Meter: "m", Unit: "u", Value: 1, Start: at, End: at.Add(time.Hour)}
}

// open opens a sender that loses no time.
func open(t *testing.T, n *network, o usage.Options) *usage.Sender {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	for _, d := range []struct {
		v         *time.Duration
		otherwise time.Duration
	}{{&o.Delay, time.Millisecond}, {&o.Longest, 2 * time.Millisecond}, {&o.Later, time.Millisecond}} {
		if *d.v == 0 {
			*d.v = d.otherwise
		}
	}
	s, err := usage.Open(n.client(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, end := context.WithCancel(context.Background())
		end()
		_ = s.Close(ended)
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon is for what must end, however busy the machine is.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	return ctx
}

func refusals(t *testing.T, dir string) (list []usage.Refusal) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, usage.RefusedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	must(t, err)
	for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var r usage.Refusal
		must(t, json.Unmarshal(line, &r))
		list = append(list, r)
	}
	return list
}

func TestEverythingArrivesOnceThroughABadNetwork(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Millisecond} {
		n := newNetwork(t)
		n.flaky(60)
		s := open(t, n, usage.Options{Batch: 7, Sync: interval})
		var adding sync.WaitGroup
		for g := range 8 {
			adding.Go(func() {
				for i := range 50 {
					if err := s.Add(event(fmt.Sprintf("%d/%d", g, i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		adding.Wait()
		must(t, s.Close(soon(t)))
		if st := s.Stats(); n.count() != 400 || st.Waiting != 0 || st.Refused != 0 || st.Accepted+st.Duplicate != 400 {
			t.Errorf("the server has %d of 400: %+v", n.count(), st)
		}
		if err := s.Add(event("late")); err == nil {
			t.Error("a closed sender takes events")
		}
	}
}

func TestBatchesHoldAtMostWhatIsAsked(t *testing.T) {
	n := newNetwork(t)
	s := open(t, n, usage.Options{Batch: 100, Delay: time.Hour})
	for i := range 250 {
		must(t, s.Add(event(fmt.Sprint(i))))
	}
	must(t, s.Flush(soon(t)))
	for _, size := range n.sizes {
		if size > 100 {
			t.Errorf("a batch of %d", size)
		}
	}
	if n.count() != 250 || n.requests != 3 {
		t.Errorf("%d events in %d requests", n.count(), n.requests)
	}
}

func TestWhatWasNotSentGoesOutAfterTheNextStart(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.answer = func(_ int, w http.ResponseWriter, _ []string) bool { problem(w, 503, "x", ""); return true }
	s := open(t, n, usage.Options{Dir: dir})
	for i := range 10 {
		must(t, s.Add(event(fmt.Sprint(i))))
	}
	if _, err := usage.Open(n.client(), usage.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second sender over the same folder: %v", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "10 events are left in the spool") {
		t.Errorf("close: %v", err)
	}
	n.mu.Lock()
	n.answer = nil
	n.mu.Unlock()
	s = open(t, n, usage.Options{Dir: dir})
	must(t, s.Close(soon(t)))
	if n.count() != 10 {
		t.Errorf("%d of 10", n.count())
	}
}

func TestTheServersPauseIsKept(t *testing.T) {
	n := newNetwork(t)
	var at []time.Time
	n.answer = func(k int, w http.ResponseWriter, _ []string) bool {
		at = append(at, time.Now())
		if k == 1 {
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusTooManyRequests, "x", "")
		}
		return k == 1
	}
	var troubles []error
	s := open(t, n, usage.Options{Trouble: func(err error) { troubles = append(troubles, err) }})
	must(t, s.Add(event("1")))
	must(t, s.Close(soon(t)))
	if len(at) != 2 || at[1].Sub(at[0]) < time.Second || len(troubles) != 1 || client.RetryAfter(troubles[0]) != time.Second {
		t.Errorf("asked at %v, told %v", at, troubles)
	}
}

func TestRefusedEventsAreKeptWithTheirReason(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.verdict = func(id string, times int) client.Verdict {
		switch {
		case id == "bad":
			return client.Verdict{Verdict: "rejected", Reason: "wrong_unit", Text: "The meter has another unit in the plan."}
		case id == "early" && times < 4:
			return client.Verdict{Verdict: "rejected", Reason: "in_the_future", Retry: true}
		}
		return client.Verdict{Verdict: "accepted"}
	}
	told := make(chan usage.Refusal, 10)
	s := open(t, n, usage.Options{Dir: dir, Refused: func(r usage.Refusal) { told <- r }})
	other := event("good")
	other.Value = 2
	must(t, s.Add(event("good"), event("bad"), event("early")))
	must(t, s.Add(other))
	must(t, s.Settle(soon(t)))
	st := s.Stats()
	if st.Accepted != 2 || st.Refused != 2 || st.Waiting != 0 || !n.has("early") {
		t.Errorf("%+v", st)
	}
	list := refusals(t, dir)
	if len(list) != 2 || len(told) != 2 {
		t.Fatalf("%d lines, %d told", len(list), len(told))
	}
	for _, r := range list {
		if r.Reason == "wrong_unit" && (idOf(string(r.Event)) != "bad" || r.Text == "") || r.Reason != "wrong_unit" && r.Verdict != "conflict" {
			t.Errorf("%+v", r)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.verdict = func(string, int) client.Verdict {
		return client.Verdict{Verdict: "rejected", Reason: "unknown_subject", Retry: true}
	}
	s := open(t, n, usage.Options{Dir: dir, Patience: 5 * time.Millisecond})
	must(t, s.Add(event("1")))
	must(t, s.Settle(soon(t)))
	if list := refusals(t, dir); len(list) != 1 || list[0].Reason != "unknown_subject" || n.times["1"] < 2 {
		t.Errorf("%+v after %d times", list, n.times["1"])
	}
}

func TestWhatTheServerMayTakeLaterSurvivesAStart(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.verdict = func(string, int) client.Verdict {
		return client.Verdict{Verdict: "rejected", Reason: "unknown_subject", Retry: true}
	}
	s := open(t, n, usage.Options{Dir: dir, Later: time.Hour})
	must(t, s.Add(event("1"), event("2")))
	if err := s.Close(soon(t)); err == nil || !strings.Contains(err.Error(), "2 events are left") {
		t.Errorf("close: %v", err)
	}
	if n.count() != 0 {
		t.Error("they were taken")
	}
}

// TestOneBadEventDoesNotHoldUpTheOthers: the server refuses the whole request and names the event, or does not.
func TestOneBadEventDoesNotHoldUpTheOthers(t *testing.T) {
	for name, refuse := range map[string]func(w http.ResponseWriter, at int){
		"named": func(w http.ResponseWriter, at int) {
			problem(w, 422, "usage.event", fmt.Sprintf("events.%d.data.value", at))
		},
		"foreign": func(w http.ResponseWriter, at int) {
			problem(w, 403, "usage.token_subject", fmt.Sprintf("events.%d.subject", at))
		},
		"not named": func(w http.ResponseWriter, _ int) { problem(w, 422, "usage.event", "events") },
		"too large": func(w http.ResponseWriter, _ int) { problem(w, 413, "api.too_large", "") },
	} {
		n, dir := newNetwork(t), t.TempDir()
		n.answer = func(_ int, w http.ResponseWriter, events []string) bool {
			for i, e := range events {
				if strings.HasPrefix(idOf(e), "bad") {
					refuse(w, i)
					return true
				}
			}
			return false
		}
		s := open(t, n, usage.Options{Dir: dir, Batch: 20, Delay: time.Hour})
		for i := range 20 {
			id := fmt.Sprint(i)
			if i%7 == 3 {
				id = "bad" + id
			}
			must(t, s.Add(event(id)))
		}
		must(t, s.Close(soon(t)))
		if list := refusals(t, dir); n.count() != 17 || len(list) != 3 || list[0].Verdict != "invalid" {
			t.Errorf("%s: %d taken, refused %+v", name, n.count(), list)
		}
	}
}

func TestAWrongTokenLosesNothing(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.answer = func(k int, w http.ResponseWriter, _ []string) bool {
		if k <= 6 {
			problem(w, []int{401, 403, 404, 500, 400, 422}[k-1], "access", "")
		}
		return k <= 6
	}
	s := open(t, n, usage.Options{Dir: dir})
	must(t, s.Add(event("1"), event("2")))
	must(t, s.Close(soon(t)))
	if n.count() != 2 || refusals(t, dir) != nil {
		t.Errorf("%d taken, refused %+v", n.count(), refusals(t, dir))
	}
}

func TestAFullSpoolSaysSo(t *testing.T) {
	n := newNetwork(t)
	var away sync.Once
	hold := make(chan struct{})
	n.answer = func(int, http.ResponseWriter, []string) bool { <-hold; return false }
	t.Cleanup(func() { away.Do(func() { close(hold) }) })
	s := open(t, n, usage.Options{MaxBytes: 1 << 20})
	big := event("")
	big.Dimensions = map[string]string{"text": strings.Repeat("x", 256)}
	var full error
	added := 0
	for full == nil && added < 10_000 {
		big.ID = fmt.Sprint(added)
		if full = s.Add(big); full == nil {
			added++
		}
	}
	if !errors.Is(full, usage.ErrFull) || added < 1000 || s.Stats().Bytes > 1<<20 {
		t.Fatalf("%d events, %v", added, full)
	}
	away.Do(func() { close(hold) })
	must(t, s.Room(soon(t)))
	must(t, s.Add(event("again")))
	must(t, s.Close(soon(t)))
	if n.count() != added+1 || s.Stats().Bytes > 1<<18 {
		t.Errorf("%d of %d taken, %d bytes left", n.count(), added+1, s.Stats().Bytes)
	}
}

func TestAddRefusesWhatTheServerWould(t *testing.T) {
	n := newNetwork(t)
	s := open(t, n, usage.Options{})
	for field, change := range map[string]func(*usage.Event){
		"id": func(e *usage.Event) { e.ID = "" }, "source": func(e *usage.Event) { e.Source = strings.Repeat("x", 257) },
		"subject": func(e *usage.Event) { e.Subject = "\xff" }, "value": func(e *usage.Event) { e.Value = -1 },
		"end": func(e *usage.Event) { e.End = e.Start }, "type": func(e *usage.Event) { e.Type = "x" },
		"item": func(e *usage.Event) { e.Item = "x" }, "event": func(e *usage.Event) { e.Event = "x" },
		"dimensions": func(e *usage.Event) { e.Dimensions = map[string]string{"": "x"} },
	} {
		e := event("1")
		change(&e)
		var f *usage.FieldError
		if err := s.Add(event("2"), e); !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, text := range []string{"", "[]", "{", `{"a":1} {}`, "{\"a\":\"\xff\"}", `"x"`, "{\"a\":\"" + strings.Repeat("x", 70_000) + "\"}"} {
		if err := s.AddJSON([]byte(text)); err == nil {
			t.Errorf("%.20q is taken", text)
		}
	}
	must(t, s.Close(soon(t)))
	if n.requests != 0 {
		t.Error("something was sent")
	}
}

// TestADiskThatDoesNotTakeARefusal: nothing is settled until it does.
func TestADiskThatDoesNotTakeARefusal(t *testing.T) {
	n, dir := newNetwork(t), t.TempDir()
	n.verdict = func(string, int) client.Verdict { return client.Verdict{Verdict: "rejected", Reason: "wrong_unit"} }
	trouble := make(chan error, 1000)
	s := open(t, n, usage.Options{Dir: dir, Trouble: func(err error) {
		select {
		case trouble <- err:
		default:
		}
	}})
	blocked := filepath.Join(dir, usage.RefusedFile)
	must(t, os.Mkdir(blocked, 0o700))
	must(t, s.Add(event("1")))
	if err := <-trouble; !strings.Contains(err.Error(), "refused events") || s.Stats().Waiting != 1 {
		t.Errorf("%v, %+v", err, s.Stats())
	}
	must(t, os.Remove(blocked))
	must(t, s.Flush(soon(t)))
	if list := refusals(t, dir); len(list) != 1 || s.Stats().Refused != 1 {
		t.Errorf("%+v", list)
	}
}
