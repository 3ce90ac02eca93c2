package usage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/natstest"
	"github.com/halle-cloud/halle/internal/batchlog/segment"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// TestKilledNodesCountOnceCrash kills -9 one server of three after the other while events are sent, sent again and refused
// for a while: what the store counts is what a sender that never gives up has sent, each event once.
func TestKilledNodesCountOnceCrash(t *testing.T) {
	ctx := context.Background()
	servers, err := natstest.Cluster(ctx, 3, natstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { natstest.Stop(servers) })
	log := made{servers, natstest.URLs(servers), 3}
	dir := t.TempDir()
	s, db, err := openAt(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	in := subjectA()
	if err := s.Register(ctx, in); err != nil {
		t.Fatal(err)
	}
	sent := make([]int, 6)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for n := range sent {
		wait.Go(func() { sent[n] = insist(t, s, n, stop) })
	}
	for _, victim := range servers { // one of them is the leader
		time.Sleep(300 * time.Millisecond)
		victim.Kill()
		time.Sleep(time.Second)
		if err := victim.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wait.Wait()
	total := 0
	for _, n := range sent {
		total += n
	}
	if err := errors.Join(s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	s, db, err = openAt(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(s.Close(), db.Close()) }()
	counted := int64(0)
	points, err := s.Usage(ctx, "org_a", Query{From: day(), To: day().AddDate(1, 0, 0)})
	for _, p := range points {
		n, _ := p.Quantity.Int64()
		counted += n
	}
	if err != nil || counted != int64(total) || total == 0 {
		t.Errorf("%d events of one each were sent, %d are counted: %v", total, counted, err)
	}
	t.Logf("%d events", total)
}

// insist sends batches until each is answered, as a publisher does, and tells how many events that were.
func insist(t *testing.T, s *Store, sender int, stop <-chan struct{}) int {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return n * 10
		default:
		}
		var events []Event
		for i := range 10 {
			events = append(events, use(fmt.Sprintf("%d/%d/%d", sender, n, i), day().Add(time.Hour), 1))
		}
		for {
			verdicts, err := s.Ingest(context.Background(), Publisher{"org_p"}, events)
			if fail.Is(err, fail.Unavailable) || fail.Is(err, fail.TooMany) {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if err != nil {
				t.Error(err)
				return 0
			}
			for _, v := range verdicts {
				if v.Status != Accepted && v.Status != Duplicate {
					t.Errorf("verdict %v", v)
				}
			}
			break
		}
	}
}

// TestTheLogMoves: the log in files is copied into a stream, also in two goes, and the database goes on with it; no other
// log is taken for it.
func TestTheLogMoves(t *testing.T) {
	ctx := context.Background()
	dir, log := t.TempDir(), onNATS(t)
	s, db, err := openAt(dir, made{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(ctx, subjectA()); err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		if _, err := s.Ingest(ctx, Publisher{"org_p"}, []Event{use(fmt.Sprint(n), day().Add(time.Hour), 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, db, err := openAt(dir, log); err == nil || !strings.Contains(err.Error(), "halle usage-log move") {
		t.Fatalf("another log under the same database: %v", err)
	} else if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	move(t, dir, log, 5)
	move(t, dir, log, 0)
	s, db, err = openAt(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Ingest(ctx, Publisher{"org_p"}, []Event{use("3", day().Add(time.Hour), 1), use("new", day().Add(time.Hour), 1)})
	if err != nil {
		t.Fatal(err)
	}
	want(t, v, "duplicate", "accepted")
	if h := s.Health(); h.Stored != 22 || h.Log.Kind != batchlog.JetStream {
		t.Errorf("%+v", h)
	}
	if err := errors.Join(s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openAt(dir, made{}); err == nil {
		t.Error("the files are served again, which lack what came since")
	}
}

// move copies the log of the folder; most cuts it off after so many records, as a kill would.
func move(t *testing.T, dir string, log made, most int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	from, err := segment.Open(filepath.Join(dir, "log"), segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	to, err := log.in(dir)(ctx, func([]batchlog.Batch) {
		if n++; n == most {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "usage.db"))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := MoveLog(ctx, db, from, to)
	if most == 0 && (err != nil || moved != 21) || most > 0 && err == nil {
		t.Fatalf("moved %d: %v", moved, err)
	}
	if err := errors.Join(from.Close(), to.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}
