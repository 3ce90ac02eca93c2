package trace_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/trace/witness"
)

// seer is a witness of the log of a test.
type seer struct {
	witness.Config
	key    string
	w      *witness.Witness
	server *httptest.Server
	away   chan struct{} // closed: it answers; until then requests hang
}

// newSeer makes a witness of the log that is in the folder.
func newSeer(t *testing.T, name, logKey string) *seer {
	t.Helper()
	secret, err := witness.GenerateKey(name)
	must(t, err)
	v, err := note.NewVerifier(logKey)
	must(t, err)
	s := &seer{Config: witness.Config{Dir: t.TempDir(), Key: secret, Logs: []note.Verifier{v}, Now: time.Now, Report: slog.New(slog.DiscardHandler)}, away: make(chan struct{})}
	s.w, err = witness.Open(s.Config)
	must(t, err)
	s.key = s.w.Key()
	handler, ended := s.w.Handler(), make(chan struct{})
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-s.away:
			handler.ServeHTTP(w, r)
		case <-ended:
		}
	}))
	t.Cleanup(s.server.Close)
	t.Cleanup(func() { close(ended) })
	t.Cleanup(func() { _ = s.w.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// policy names the witnesses and asks for n of them.
func policy(n int, logKey string, seers ...*seer) string {
	text, names := "", ""
	if logKey != "" {
		text = "log " + logKey + "\n"
	}
	for i, s := range seers {
		text += fmt.Sprintf("witness w%d %s %s\n", i, s.key, s.server.URL)
		names += fmt.Sprintf(" w%d", i)
	}
	return text + fmt.Sprintf("group trusted %d%s\nquorum trusted\n", n, names)
}

func openWitnessed(t *testing.T, h *house, dir string, seers ...*seer) *trace.Log {
	t.Helper()
	w, err := trace.ParseWitnesses([]byte(policy(1, "", seers...)), slog.New(slog.DiscardHandler))
	must(t, err)
	l, err := trace.OpenLog(context.Background(), dir, "test.halle", h.ring, 100*time.Millisecond, w)
	must(t, err)
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

// more records facts and has them published.
func (h *house) more(t *testing.T, l *trace.Log, aggregate string, n int64, size uint64) time.Duration {
	t.Helper()
	for i := range n {
		h.record(t, aggregate, i)
	}
	must(t, h.facts.Drain(context.Background()))
	begin := time.Now()
	h.pumpUntil(t, l, size)
	return time.Since(begin)
}

func TestCheckpointsAreCosigned(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		dir := t.TempDir()
		first, err := trace.OpenLog(context.Background(), dir, "test.halle", h.ring, 100*time.Millisecond)
		must(t, err)
		must(t, first.Close(context.Background()))
		a, b := newSeer(t, "witness.example/a", first.Key), newSeer(t, "witness.example/b", first.Key)
		close(a.away) // a answers, b hangs
		l := openWitnessed(t, h, dir, a, b)
		must(t, l.AskWitnesses(context.Background()))
		if took := h.more(t, l, "one", 10, 10); took > 2*time.Second {
			t.Errorf("a witness that hangs held the log up for %s", took)
		}
		if took := h.more(t, l, "two", 10, 20); took > time.Second {
			t.Errorf("a witness that hung before is waited for again: %s", took)
		}
		verify := func(n int) (proof.LogReport, error) {
			p, err := proof.OpenLog(dir, policy(n, l.Key, a, b))
			must(t, err)
			return p.Verify(nil)
		}
		report, err := verify(1)
		if err != nil || len(report.Witnesses) != 1 || report.Witnesses[0].Witness != "witness.example/a" {
			t.Fatalf("%+v %v", report, err)
		}
		if _, err := verify(2); err == nil || !strings.Contains(err.Error(), "only witness.example/a cosigned") {
			t.Fatalf("a quorum of two was met by one: %v", err)
		}
		states := l.Witnesses.States()
		if states[0].Size != 20 || states[0].Error != "" || states[1].Error == "" || states[1].Alarm != "" {
			t.Errorf("%+v", states)
		}
		r, err := h.facts.Receipt(context.Background(), l, "org_a", first0(t, h).ID)
		must(t, err)
		if got, err := r.Verify(policy(1, l.Key, a, b)); err != nil || len(got.Witnesses) != 1 {
			t.Errorf("a receipt carries the cosignature: %+v %v", got, err)
		}
	})
}

func first0(t *testing.T, h *house) trace.Entry { t.Helper(); return first(t, h, "org_a") }

// TestOnlyTheWitnessSeesAJointRollback: log and database come back from one older copy. Both agree, and verify.
func TestOnlyTheWitnessSeesAJointRollback(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		dir, older := t.TempDir(), t.TempDir()
		first, err := trace.OpenLog(ctx, dir, "test.halle", h.ring, 100*time.Millisecond)
		must(t, err)
		w := newSeer(t, "witness.example/a", first.Key)
		close(w.away)
		h.more(t, first, "one", 10, 10)
		must(t, first.Close(ctx))
		must(t, os.RemoveAll(older))
		must(t, os.CopyFS(older, os.DirFS(dir)))
		l := openWitnessed(t, h, dir, w)
		h.more(t, l, "two", 5, 15)
		must(t, l.Close(ctx))
		seen := w.w.States()[0]
		if seen.Size != 15 {
			t.Fatalf("the witness saw %+v", seen)
		}
		rollDatabaseBack(t, db, 10)
		back := openWitnessed(t, h, older, w)
		must(t, h.facts.Reconcile(ctx, back))
		if report, err := offline(t, back).Verify(nil); err != nil || report.Size != 10 {
			t.Fatalf("the older log does not verify by itself: %+v %v", report, err)
		}
		if err := back.AskWitnesses(ctx); err == nil || !strings.Contains(err.Error(), "cosigned 15 entries of this log, which has 10 here") {
			t.Fatalf("the start did not hear of it: %v", err)
		}
		// Whoever goes on nevertheless forks the log: the witness refuses, and the state says why.
		h.more(t, back, "other", 8, 18)
		await(t, func() bool { return strings.Contains(back.Witnesses.States()[0].Alarm, "second history") })
		if got := w.w.States()[0]; got.Size != 15 || got.Refused == 0 {
			t.Errorf("the witness cosigned a fork: %+v", got)
		}
		p, err := proof.OpenLog(older, policy(1, back.Key, w))
		must(t, err)
		if _, err := p.Verify(nil); err == nil || !strings.Contains(err.Error(), "no witness of your policy cosigned") {
			t.Errorf("a fork met the quorum: %v", err)
		}
		last, _, err := p.Seen(w.w.Last(strings.Split(witness.CheckpointPath("test.halle"), "/")[0]))
		must(t, err)
		plain := offline(t, back)
		if _, err := plain.Verify(nil, last); err == nil || !strings.Contains(err.Error(), "forked") {
			t.Errorf("the fork beside the witness's checkpoint: %v", err)
		}
	})
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about in 10 s")
		}
	}
}

// rollDatabaseBack leaves what an older backup would have: the first leaves, and the facts up to them.
func rollDatabaseBack(t *testing.T, db *store.DB, leaves int64) {
	t.Helper()
	for _, q := range []string{
		"DELETE FROM fact_position WHERE position IN (SELECT position FROM fact_leaf WHERE leaf_no >= %d)",
		"DELETE FROM fact_leaf WHERE leaf_no >= %d",
		"DELETE FROM fact WHERE id NOT IN (SELECT fact FROM fact_position)",
		"DELETE FROM fact_version WHERE aggregate NOT IN (SELECT aggregate FROM fact)",
		"UPDATE fact_counter SET n = %d WHERE name IN ('leaf', 'logged')",
		"UPDATE fact_counter SET n = (SELECT coalesce(max(position), 0) FROM fact_position) WHERE name = 'position'",
		"UPDATE fact_counter SET n = coalesce((SELECT max(seq) FROM fact_leaf WHERE 'seq:' || party = fact_counter.name), 0) WHERE name LIKE 'seq:%%'",
	} {
		if strings.Contains(q, "%d") {
			q = fmt.Sprintf(q, leaves)
		} else {
			q = strings.ReplaceAll(q, "%%", "%")
		}
		must(t, db.Tx(context.Background(), func(tx *store.Tx) error { _, err := tx.Exec(q); return err }))
	}
}

func TestAClockThatWasSetBackDoesNotStopPublishing(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 3)
		path := filepath.Join(l.Dir, "checkpoint")
		future := time.Now().Add(24 * time.Hour)
		must(t, os.Chtimes(path, future, future))
		h.more(t, l, "later", 4, 10)
	})
}
