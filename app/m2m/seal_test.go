package m2m

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/app/m2m/journal"
	"github.com/halle-cloud/halle/internal/clock"
)

// halfService is everything of a service but its sockets.
func halfService(t testing.TB, dir string, s *sink, at *clock.Fake) *service {
	t.Helper()
	cfg, err := Config{Resource: "r", Subscription: "s", UsageURL: s.URL, Dir: dir, Clock: at.Now}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	out := &service{cfg: cfg, log: slog.New(slog.NewTextHandler(io.Discard, nil)), state: newState()}
	out.journal, err = journal.Open(journal.Options{Dir: cfg.path(journalDir), SegmentBytes: 2000, Apply: out.state.apply, Snapshot: out.state.snapshot})
	if err != nil {
		t.Fatal(err)
	}
	if out.devices, err = openDevices(cfg); err != nil {
		t.Fatal(err)
	}
	out.broker = newBroker(cfg, out.state, out.devices, out.log)
	out.broker.journal = out.journal
	out.outbox = newOutbox(cfg, out.state, out.journal, out.log)
	if err := out.beginEpoch(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Whenever the process dies (after any step, with any torn tail), what is billed in the end is what the journal
// holds, and no event identifier ever has two contents.
func TestIntervalsAddUpOverAnyKill(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		s := newSink(t)
		defer s.Close()
		if err := os.WriteFile(filepath.Join(dir, tokenFile), []byte("secret"), 0o600); err != nil {
			rt.Fatal(err)
		}
		at := clock.NewFake(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
		sv := halfService(t, dir, s, at)
		accepted := int64(0)
		step := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		ctx := context.Background()
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			at.Advance(time.Duration(rapid.IntRange(-500, 3000).Draw(rt, "ms")) * time.Millisecond)
			switch rapid.SampledFrom([]string{"publish", "publish", "up", "mark", "close", "send", "deliver", "kill"}).Draw(rt, "step") {
			case "publish":
				step(sv.broker.put(&record{Kind: kindPub, Msg: &message{Topic: "x", Bytes: 3}, payload: []byte("abc")}).Wait())
				accepted++
			case "up":
				step(sv.broker.put(&record{Kind: kindUp, Delta: 1}).Wait())
			case "mark": // a kill may come before the seal
				step(sv.putAt(&record{Kind: kindMark}, sv.broker.now()))
			case "close":
				step(sv.closeInterval())
			case "send":
				step(sv.outbox.pass(ctx))
			case "deliver": // a kill may come before it is noted that the events were accepted
				for _, o := range sv.state.outbox {
					if len(o.Events) > 0 {
						_, err := sv.outbox.post(ctx, o.Events)
						step(err)
					}
				}
			case "kill":
				step(sv.journal.Close())
				tail := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "tail")
				step(tear(dir, tail))
				sv = halfService(t, dir, s, at)
			}
		}
		step(sv.closeInterval())
		step(sv.outbox.pass(ctx))
		step(sv.journal.Close())
		if got := s.billed(t, "messages"); got != accepted || s.billed(t, "bytes") != 3*accepted || s.conflicts != 0 {
			rt.Fatalf("accepted %d, billed %d, %d conflicts", accepted, got, s.conflicts)
		}
		if sv.state.sentThrough != sv.state.sealedThrough || len(sv.state.outbox) != 0 {
			rt.Fatalf("sealed through %d, sent through %d", sv.state.sealedThrough, sv.state.sentThrough)
		}
	})
}

// tear leaves an unfinished write at the end of the journal.
func tear(dir string, tail []byte) error {
	names, err := filepath.Glob(filepath.Join(dir, journalDir, "*.seg"))
	if err != nil || len(names) != 1 {
		return fmt.Errorf("segments %v %w", names, err)
	}
	f, err := os.OpenFile(names[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(tail); err != nil {
		return err
	}
	return f.Close()
}
