package trace_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("HALLE_TRACE_CHILD"); dir != "" {
		round, _ := strconv.Atoi(os.Getenv("HALLE_TRACE_ROUND"))
		fmt.Println("ended", liveChild(dir, os.Getenv("HALLE_TRACE_DATABASE"), round))
		return
	}
	os.Exit(m.Run())
}

// reacted is the table of a reader: each fact that it handled, in the transaction that moved it on.
func reacted() []store.Migrations {
	file := &fstest.MapFile{Data: []byte("CREATE TABLE reacted (n BIGINT NOT NULL, fact TEXT NOT NULL);\n")}
	return append(sets(), store.Migrations{Package: "reacted", Files: fstest.MapFS{"migrations/0001_reacted.sql": file}})
}

// mortal is one life of an installation.
type mortal struct {
	db    *store.DB
	ring  *keys.Ring
	facts *trace.Facts
	log   *trace.Log
}

// openMortal opens the installation for its life number round. Each life is two leases later than the one before, so that
// it need not wait until what a killed process held has run out.
func openMortal(ctx context.Context, dir, url string, round int) (*mortal, error) {
	m := &mortal{}
	var err error
	if m.db, err = store.Open(ctx, url); err != nil {
		return nil, err
	}
	if err = m.db.Migrate(ctx, reacted()...); err != nil {
		return nil, err
	}
	if m.ring, err = keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db") + "?sync=off", RootFile: filepath.Join(dir, "root.key"), CreateRoot: true}); err != nil {
		return nil, err
	}
	for _, org := range []string{"org_a", "org_b"} {
		if err := m.ring.Ensure(ctx, keys.Tenant(org)); err != nil {
			return nil, err
		}
	}
	ids, err := id.NewSource("test")
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return time.Now().Add(time.Duration(round) * 4 * time.Second) }
	m.facts = trace.New(m.db, m.ring, ids, now, slog.New(slog.DiscardHandler))
	m.log, err = trace.OpenLog(ctx, filepath.Join(dir, "log"), "test.halle", m.ring, 100*time.Millisecond)
	return m, err
}

func (m *mortal) close() error {
	return errors.Join(m.log.Close(context.Background()), m.ring.Close(), m.db.Close())
}

// run sequences, pumps and reads until ctx ends.
func (m *mortal) run(ctx context.Context) error {
	reader := trace.Reader{Name: "reactor", Types: []string{"thing.done.v1"}, From: trace.FromStart, Handle: func(tx *store.Tx, e trace.Entry) error {
		var p payload
		err := e.Into(&p)
		if err == nil {
			_, err = tx.Exec("INSERT INTO reacted (n, fact) VALUES ($1, $2)", p.N, e.ID)
		}
		return err
	}}
	both := make(chan error, 2)
	go func() { both <- m.facts.Run(ctx, reader) }()
	go func() { both <- m.facts.Pump(ctx, m.log) }()
	return errors.Join(<-both, <-both)
}

// liveChild records facts until it is killed, and says each one's number on standard output once it was committed.
func liveChild(dir, url string, round int) error {
	ctx := context.Background()
	m, err := openMortal(ctx, dir, url, round)
	if err != nil {
		return err
	}
	fmt.Println("open")
	for w := range 3 {
		go func() {
			for i := int64(0); ; i++ {
				n := int64(round)*1_000_000 + int64(w)*100_000 + i
				err := m.db.Tx(ctx, func(tx *store.Tx) error {
					_, err := m.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: fmt.Sprintf("agg_%d", n%5), Owner: "org_a", Parties: []string{"org_b"},
						Actor: "system:test", At: time.Now(), Machine: payload{N: n}})
					return err
				})
				if err != nil {
					fmt.Println("ended", err)
					return
				}
				_, _ = os.Stdout.WriteString(strconv.FormatInt(n, 10) + "\n")
			}
		}()
	}
	return m.run(ctx)
}

// live lets a child live for a while after it has opened, and gives what it acknowledged.
func live(t *testing.T, dir, url string, round int, within time.Duration) (acknowledged []int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HALLE_TRACE_CHILD="+dir, "HALLE_TRACE_DATABASE="+url, "HALLE_TRACE_ROUND="+strconv.Itoa(round))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	in := bufio.NewReader(out)
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			if text != "" && err != io.EOF {
				t.Error(err)
			}
			break // a line that was torn off was not acknowledged
		}
		text = text[:len(text)-1]
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err == nil:
			acknowledged = append(acknowledged, n)
		case text == "open":
			time.AfterFunc(rand.N(within), func() { _ = cmd.Process.Kill() })
		default:
			t.Errorf("round %d: the child %s", round, text)
		}
	}
	_ = cmd.Wait()
	return acknowledged
}

// TestKilledProcessCrash kills a process that records facts, orders them, lets a reader act on them and appends them to the
// log, again and again on each database: what it acknowledged is there once, in the database, for the reader and in the
// log, and so is what it had no time to acknowledge, or it is nowhere. HALLE_CHAOS=1 kills a thousand times.
func TestKilledProcessCrash(t *testing.T) {
	rounds := 6
	if os.Getenv("HALLE_CHAOS") != "" {
		rounds = 1000
	}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			dir, url := t.TempDir(), storetest.URL(t, engine, reacted())
			var acknowledged []int64
			for round := range rounds {
				acknowledged = append(acknowledged, live(t, dir, url, round, 150*time.Millisecond)...)
				if t.Failed() {
					return
				}
			}
			m, err := openMortal(t.Context(), dir, url, rounds)
			must(t, err)
			t.Cleanup(func() { _ = m.close() })
			facts := m.settle(t)
			m.check(t, acknowledged, facts)
			t.Logf("%d kills, %d facts acknowledged, %d recorded", rounds, len(acknowledged), facts)
		})
	}
}

// settle lets everything that was recorded reach the reader and the log, and counts the facts.
func (m *mortal) settle(t *testing.T) (facts int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := m.run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	defer done.Wait()
	defer cancel()
	count := func(what string) (n int64) {
		must(t, m.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM " + what).Scan(&n) }))
		return n
	}
	facts = count("fact")
	for end := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		size, err := m.log.Published(ctx)
		handled := count("reacted")
		if err == nil && int64(size) == 2*facts && handled >= facts {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("of %d facts %d were handled, %d of twice as many entries are published (%v)", facts, handled, size, err)
		}
	}
	return facts
}

// check compares what the child acknowledged with what the database, the reader, the log and each party have.
func (m *mortal) check(t *testing.T, acknowledged []int64, facts int64) {
	t.Helper()
	var handled []int64
	must(t, m.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		handled, err = store.All(tx, func(row store.Scanner) (n int64, err error) { err = row.Scan(&n); return n, err }, "SELECT n FROM reacted ORDER BY n")
		return err
	}))
	if n := len(slices.Compact(slices.Clone(handled))); n != len(handled) || int64(n) != facts {
		t.Errorf("%d facts, %d handled, %d different ones", facts, len(handled), n)
	}
	for _, n := range acknowledged {
		if _, there := slices.BinarySearch(handled, n); !there {
			t.Errorf("fact %d was acknowledged and is lost", n)
		}
	}
	l, err := proof.OpenLog(m.log.Dir, m.log.Key)
	must(t, err)
	if report, err := m.facts.Check(t.Context(), l); err != nil || len(report.Findings) > 0 || report.Facts != facts || report.Pending > 0 || int64(report.Entries) != 2*facts {
		t.Errorf("%+v %v", report, err)
	}
	for _, party := range []string{"org_a", "org_b"} {
		var b bytes.Buffer
		must(t, m.facts.Statement(t.Context(), m.log, party, &b))
		if s, err := proof.VerifyStatement(&b, l); err != nil || int64(s.Facts) != facts {
			t.Errorf("%s: %+v %v", party, s, err)
		}
	}
}
