package usage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
)

// In each round four sources send thirty batches of ten events, a minute of usage a batch, and close what is behind them
// after every fifth.
const (
	crashSources = 4
	crashSteps   = 30
	crashEvents  = 10
	crashClose   = 5
)

// crashed is a store whose process is killed in each round.
type crashed struct {
	dir, url string
	log      made
	rounds   int
}

func crashedFromEnv() (c crashed, round int) {
	_, _ = fmt.Sscan(os.Getenv("HALLE_USAGE_ROUND"), &round, &c.rounds) // the parent wrote numbers
	c.dir, c.url, c.log = os.Getenv("HALLE_USAGE_CHILD"), os.Getenv("HALLE_USAGE_DATABASE"), fromEnv()
	return c, round
}

func (c crashed) env(round int) []string {
	return append(os.Environ(), "HALLE_USAGE_CHILD="+c.dir, "HALLE_USAGE_DATABASE="+c.url, fmt.Sprintf("HALLE_USAGE_ROUND=%d %d", round, c.rounds), c.log.env())
}

// at is when a step of a round ends.
func (c crashed) at(round, step int) time.Time {
	return day().Add(time.Duration(round*crashSteps+step+1) * time.Minute)
}

func (c crashed) end() time.Time { return c.at(c.rounds, 0) }

func (c crashed) open() (*Store, *store.DB, error) {
	db, err := store.Open(context.Background(), c.url)
	if err != nil {
		return nil, nil, err
	}
	if err := db.Migrate(context.Background(), Migrations()); err != nil {
		return nil, db, err
	}
	ids, err := id.NewSource("test")
	if err != nil {
		return nil, db, err
	}
	s, err := Open(context.Background(), Config{Dir: c.dir, DB: db, OpenLog: c.log.in(c.dir), Now: clock.NewFake(c.end().Add(time.Hour)).Now, IDs: ids, Recent: 200,
		commitEvery: 3 * time.Millisecond})
	return s, db, err
}

// batch is always the same for the same words "round/source/step".
func (c crashed) batch(name string) (events []Event, err error) {
	var round, source, step int
	if _, err := fmt.Sscanf(name, "%d/%d/%d", &round, &source, &step); err != nil {
		return nil, err
	}
	for i := range crashEvents {
		e := use(name+"/"+strconv.Itoa(i), c.at(round, step), i+1)
		e.Source, e.Data.Start = fmt.Sprint("/r/", source), at(c.at(round, step).Add(-time.Minute))
		events = append(events, e)
	}
	return events, nil
}

func (c crashed) send(s *Store, name string) ([]Verdict, error) {
	events, err := c.batch(name)
	if err != nil {
		return nil, err
	}
	return s.Ingest(context.Background(), Publisher{"org_p"}, events)
}

func (c crashed) mark(s *Store, round, source, step int) error {
	w := mark(fmt.Sprintf("w/%d/%d/%d", round, source, step), c.at(round, step))
	w.Source = fmt.Sprint("/r/", source)
	_, err := s.Ingest(context.Background(), Publisher{"org_p"}, []Event{w})
	return err
}

// crashChild sends a round, and all of the round before once more, until it is killed. It says what it tries and what was
// acknowledged.
func crashChild() {
	c, round := crashedFromEnv()
	s, _, err := c.open()
	if err == nil {
		in := subjectA()
		in.Window = Bucket
		err = s.Register(context.Background(), in)
	}
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	for source := range crashSources {
		go func() {
			if err := c.round(s, round, source); err != nil {
				fmt.Println("failed", err)
			}
		}()
	}
	select {}
}

func (c crashed) round(s *Store, round, source int) error {
	for step := range crashSteps {
		for _, r := range []int{round, round - 1} {
			if r < 0 {
				continue
			}
			name := fmt.Sprintf("%d/%d/%d", r, source, step)
			_, _ = os.Stdout.WriteString("try " + name + "\n") // no buffer: a kill takes nothing back
			if _, err := c.send(s, name); err != nil {
				return err
			}
			_, _ = os.Stdout.WriteString("ack " + name + "\n")
		}
		if step%crashClose == crashClose-1 {
			if err := c.mark(s, round, source, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// kill runs a child and kills it at some point.
func (c crashed) kill(t *testing.T, round int, tried, acked map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = c.env(round)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	enough := 1 + rand.IntN(2*crashSources*crashSteps)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, name, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "try":
			tried[name] = true
		case "ack":
			acked[name] = true
		default:
			t.Fatalf("round %d: %s", round, lines.Text())
		}
		if enough--; enough == 0 {
			time.AfterFunc(rand.N(8*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
		if acked[fmt.Sprintf("%d/%d/%d", round, crashSources-1, crashSteps-1)] {
			_ = cmd.Process.Kill() // a source is through
		}
	}
	_ = cmd.Wait()
}

// TestKilledProcessCrash kills a process at random points while it ingests and closes windows, again and again, on each
// database and each log. Then everything that was ever tried is sent once more: what was acknowledged must be known, and
// the windows and their proofs must come to the totals of a naive meter.
func TestKilledProcessCrash(t *testing.T) {
	rounds := 5
	if os.Getenv("HALLE_CHAOS") != "" {
		rounds = 200
	}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		for name, log := range map[string]func(testing.TB) made{"files": func(testing.TB) made { return made{} }, "jetstream": onNATS} {
			t.Run(string(engine)+"/"+name, func(t *testing.T) {
				c := crashed{dir: t.TempDir(), url: storetest.URL(t, engine, sets()), log: log(t), rounds: rounds}
				tried, acked := map[string]bool{}, map[string]bool{}
				for round := range rounds {
					c.kill(t, round, tried, acked)
				}
				c.settle(t, tried, acked)
			})
		}
	}
}

func (c crashed) settle(t *testing.T, tried, acked map[string]bool) {
	s, db, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(s.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}()
	before := s.Health().Closings
	want := map[string]int64{}
	for name := range tried {
		verdicts, err := c.send(s, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			if v.Status != Duplicate && (v.Status != Accepted || acked[name]) {
				t.Fatalf("%s, acknowledged %v, is %+v when it is sent again", name, acked[name], v)
			}
		}
		events, err := c.batch(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			u, err := e.Usage()
			if err != nil {
				t.Fatal(err)
			}
			want[e.Source+" "+u.End.Add(-time.Microsecond).Truncate(Bucket).Format(time.RFC3339)] += u.Value
		}
	}
	if err := s.End(context.Background(), "sub_a", c.end(), true); err != nil {
		t.Fatal(err)
	}
	got, windows := c.totals(t, s)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	t.Logf("%d kills: %d batches tried, %d acknowledged; %d windows, %d of them closed between kills", c.rounds, len(tried), len(acked), windows, before)
}

// totals adds up all windows, each verified, and tells how many there are.
func (c crashed) totals(t *testing.T, s *Store) (map[string]int64, int) {
	var list []Window
	for start := time.Now(); len(list) == 0 || len(list) < int(s.Health().Closings) || s.Health().Open > 0; time.Sleep(5 * time.Millisecond) {
		var err error
		if list, err = s.Closed(context.Background(), 0, 1<<30); err != nil {
			t.Fatal(err)
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("%d windows have closed: %+v", len(list), s.Health())
		}
	}
	got := proven(t, s, list, func(w Window, _ proof.Sum) string {
		return w.Source + " " + w.From.UTC().Truncate(Bucket).Format(time.RFC3339)
	})
	return got, len(list)
}
