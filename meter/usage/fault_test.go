package usage

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
)

// TestMain is also the child that TestKilledProcessCrash kills.
func TestMain(m *testing.M) {
	if os.Getenv("HALLE_USAGE_CHILD") != "" {
		crashChild()
		return
	}
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// rounds is how often the tests against models run by default; HALLE_CHAOS=1 asks for many more, and the flag
// -rapid.checks for as many as it says.
const rounds = 12

func checks(t *testing.T) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	n := rounds
	if os.Getenv("HALLE_CHAOS") != "" {
		n = 200
	}
	if !given {
		if err := flag.Lookup("rapid.checks").Value.Set(strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// alter replaces text in a file by other text of the same length.
func alter(t *testing.T, name, from, to string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, bytes.ReplaceAll(b, []byte(from), []byte(to)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openAt(dir string, log made) (*Store, *store.DB, error) {
	db, err := store.Open(context.Background(), "sqlite:"+filepath.Join(dir, "usage.db"))
	if err != nil {
		return nil, nil, err
	}
	if err := db.Migrate(context.Background(), Migrations()); err != nil {
		return nil, nil, err
	}
	ids, err := id.NewSource("test")
	if err != nil {
		return nil, nil, err
	}
	s, err := Open(context.Background(), Config{Dir: dir, DB: db, OpenLog: log.in(dir), Now: clock.NewFake(day().Add(60 * time.Hour)).Now, IDs: ids, Recent: 200, commitEvery: 3 * time.Millisecond})
	return s, db, err
}

func TestTheDatabaseIsAwayForAWhile(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		f.register(t, subjectA())
		rename := func(from, to string) {
			if err := db.Tx(context.Background(), func(tx *store.Tx) error {
				_, err := tx.Exec("ALTER TABLE " + from + " RENAME TO " + to)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for f.Health().Committed < 1 {
			time.Sleep(time.Millisecond)
		}
		rename("usage_bucket", "usage_away")
		done := make(chan []Verdict)
		go func() {
			for n := range 5 {
				v, err := f.Ingest(context.Background(), Publisher{"org_p"}, []Event{use(fmt.Sprint(n), day().Add(time.Hour), 1)})
				if err != nil {
					t.Error(err)
				}
				time.Sleep(commitEvery / 2)
				done <- v
			}
			close(done)
		}()
		want(t, <-done, "accepted")
		time.Sleep(2 * commitEvery)
		if h := f.Health(); h.Committed != 1 {
			t.Errorf("committed %d without the database", h.Committed)
		}
		rename("usage_away", "usage_bucket")
		for v := range done {
			want(t, v, "accepted")
		}
		for f.Health().Committed < 6 {
			time.Sleep(time.Millisecond)
		}
		points, err := f.Usage(context.Background(), "org_a", Query{From: day(), To: day().Add(24 * time.Hour)})
		if err != nil || len(points) != 1 || points[0].Events != 5 {
			t.Errorf("%v, %v", points, err)
		}
	})
}

func TestALogThatLostItsEndIsNotServed(t *testing.T) {
	dir := t.TempDir()
	s, db, err := openAt(dir, made{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub_a", "sub_b"} {
		in := subjectA()
		in.ID = name
		if err := s.Register(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "log", "*.seg"))
	if err := os.Truncate(names[0], 300); err != nil {
		t.Fatal(err)
	}
	if _, db, err = openAt(dir, made{}); err == nil {
		t.Error("the database is ahead of the log, and it is served")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	e := use("1", day(), 1)
	one := string(e.Canonical())
	f.Add(TypeSingle, one)
	f.Add(TypeBatch, "["+one+"]")
	f.Add(TypeLines, one+"\n"+one)
	f.Fuzz(func(t *testing.T, kind, body string) {
		events, err := Decode(kind, []byte(body))
		if err != nil {
			return
		}
		r, payload, err := prepare(Publisher{"org_p"}, events)
		if err != nil {
			return
		}
		again, err := readRecord(batchlog.Batch{Number: 1, Principal: "org_p", Payload: payload})
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.events {
			if r.events[i] != again.events[i] {
				t.Fatalf("event %d reads %+v from the log, %+v when it came", i, again.events[i], r.events[i])
			}
		}
	})
}

func FuzzReadRecord(f *testing.F) {
	e := use("1", day(), 1)
	_, payload, err := prepare(Publisher{"org_p"}, []Event{e, e})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add([]byte(`R{"register":{"id":"a"}}`))
	f.Add([]byte(`T{"tick":true}`))
	f.Fuzz(func(_ *testing.T, payload []byte) {
		_, _ = readRecord(batchlog.Batch{Number: 1, Payload: payload})
		_ = eachPlace(1, payload, func(uint64, int) error { return nil })
	})
}
