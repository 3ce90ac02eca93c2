package trace_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// pumped is a house whose facts are all in a published log.
func pumped(t *testing.T, db *store.DB, n int64) (*house, *trace.Log) {
	t.Helper()
	h := newHouse(t, db)
	for i := range n {
		h.record(t, fmt.Sprintf("agg_%d", i%7), i, "org_b")
	}
	if err := h.facts.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, h, t.TempDir())
	h.pumpUntil(t, l, uint64(2*n))
	return h, l
}

func openLog(t *testing.T, h *house, dir string) *trace.Log {
	t.Helper()
	l, err := trace.OpenLog(context.Background(), dir, "test.halle", h.ring, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func (h *house) pumpUntil(t *testing.T, l *trace.Log, size uint64) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.facts.Pump(ctx, l) }()
	deadline := time.Now().Add(20 * time.Second)
	for {
		n, err := l.Published(context.Background())
		if err == nil && n >= size {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("the pump ended: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d entries were published (%v)", n, size, err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func statement(t *testing.T, h *house, l *trace.Log, party string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := h.facts.Statement(context.Background(), l, party, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func offline(t *testing.T, l *trace.Log) *proof.Log {
	t.Helper()
	p, err := proof.OpenLog(l.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLogReceiptAndStatementVerifyOffline(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 300)
		report, err := offline(t, l).Verify(nil)
		if err != nil || report.Size != 600 || report.Origin != "test.halle" {
			t.Fatalf("%+v %v", report, err)
		}
		entry := first(t, h, "org_b")
		for _, party := range []string{"org_a", "org_b"} {
			r, err := h.facts.Receipt(context.Background(), l, party, entry.ID)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Verify(l.Key)
			if err != nil || got.Fact != entry.ID {
				t.Fatalf("%+v %v", got, err)
			}
			s, err := proof.VerifyStatement(bytes.NewReader(statement(t, h, l, party)), offline(t, l))
			if err != nil || s.Facts != 300 {
				t.Fatalf("%+v %v", s, err)
			}
		}
		if _, err := h.facts.Receipt(context.Background(), l, "org_op", entry.ID); err == nil {
			t.Fatal("a stranger got a receipt")
		}
	})
}

func TestTamperingIsNamed(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 20)
		good := statement(t, h, l, "org_a")
		lines := strings.Split(strings.TrimSpace(string(good)), "\n")
		verify := func(text string) error {
			_, err := proof.VerifyStatement(strings.NewReader(text), offline(t, l))
			return err
		}
		if err := verify(string(good)); err != nil {
			t.Fatal(err)
		}
		cases := map[string]string{
			"a field changed": strings.Replace(string(good), `"n":7`, `"n":8`, 1),
			"one dropped":     strings.Join(append(append([]string{}, lines[:5]...), lines[6:]...), "\n"),
			"one doubled":     strings.Join(append(append([]string{}, lines[:5]...), lines[4:]...), "\n"),
			"the last hidden": strings.Replace(strings.Join(lines[:len(lines)-1], "\n"), `"count":20`, `"count":19`, 1),
			"wrong index":     strings.Replace(string(good), `"index":4}`, `"index":5}`, 1),
		}
		for name, text := range cases {
			if text == string(good) {
				t.Fatalf("%s: the case changes nothing", name)
			}
			err := verify(text)
			if err == nil {
				t.Errorf("%s: not found", name)
			}
			t.Logf("%s: %v", name, err)
		}
		bundle := filepath.Join(l.Dir, "tile", "entries", "000.p", "40")
		b, err := os.ReadFile(bundle)
		if err != nil {
			t.Fatal(err)
		}
		b[2+67*13+40] ^= 1 // a byte of entry 13's commitment
		if err := os.WriteFile(bundle, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := offline(t, l).Verify(nil); err == nil || !strings.Contains(err.Error(), "entry 13 was altered") {
			t.Errorf("got %v", err)
		}
	})
}

func TestARestartNeverAppendsTwice(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 30)
		ctx := context.Background()
		// As after a kill between append and note: the database knows of fewer entries than the log has.
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE fact_counter SET n = 7 WHERE name = 'logged'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for i := range int64(5) {
			h.record(t, "more", i)
		}
		if err := h.facts.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
		l = openLog(t, h, l.Dir)
		h.pumpUntil(t, l, 65)
		report, err := offline(t, l).Verify(nil)
		if err != nil || report.Size != 65 {
			t.Fatalf("%+v %v", report, err)
		}
	})
}

func TestRestoresAreTold(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 10)
		ctx := context.Background()
		exec := func(q string, args ...any) {
			t.Helper()
			if err := db.Tx(ctx, func(tx *store.Tx) error { _, err := tx.Exec(q, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		exec("UPDATE fact_counter SET n = 21 WHERE name = 'logged'")
		if err := h.facts.Reconcile(ctx, l); err == nil || !strings.Contains(err.Error(), "older backup") {
			t.Fatalf("an older log was accepted: %v", err)
		}
		exec("UPDATE fact_counter SET n = 20 WHERE name = 'logged'")
		exec("UPDATE fact_leaf SET leaf = $1 WHERE leaf_no = 3", bytes.Repeat([]byte("x"), 65))
		exec("UPDATE fact_counter SET n = 0 WHERE name = 'logged'")
		if err := h.facts.Reconcile(ctx, l); err == nil || !strings.Contains(err.Error(), "entry 3") {
			t.Fatalf("a different log was accepted: %v", err)
		}
	})
}
