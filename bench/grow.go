package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

// grown is what a process of its own measured that took so many events of so many services.
type grown struct {
	Events, Services    int
	Register            time.Duration // all services
	Ingest              time.Duration // from the first event until the last was committed
	Resident            int64         // bytes, the most that was there at once
	Log, Index, Rollups int64         // bytes on disk
	Open                time.Duration // the store as it stands then
}

// growFigures measure how the usage store grows with events and with services: its part of a server alone, in a process
// of its own, on SQLite with every commit synced. Events come decoded from JSON in batches of 100, from 16 senders at once.
func growFigures() (list []Figure) {
	for _, n := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		list = append(list, growth(fmt.Sprintf("usage store, %s events of 100 services", number(float64(n))), n, 100))
	}
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		list = append(list, growth(fmt.Sprintf("usage store, 1,000,000 events of %s services", number(float64(n))), 1_000_000, n))
	}
	return append(list, Figure{Name: "memory of the usage store, 1,000,000 events", Unit: "MB", Less: true, Held: 200, Measure: func(ctx context.Context) (Result, error) {
		g, err := grow(ctx, 1_000_000, 1_000)
		return Result{Value: megabytes(g.Resident), Reference: "the most resident at once of a process that has 1,000 services and does nothing else"}, err
	}})
}

func growth(name string, events, services int) Figure {
	return Figure{Name: name, Unit: "events/s", Measure: func(ctx context.Context) (Result, error) {
		g, err := grow(ctx, events, services)
		if err != nil {
			return Result{}, err
		}
		disk := g.Log + g.Index + g.Rollups
		return Result{Value: float64(g.Events) / g.Ingest.Seconds(), Reference: fmt.Sprintf(
			"resident %s MB; disk %s MB, %s bytes an event: log %s, keys %s, rollups %s; services known in %s s; opens again in %s s",
			number(megabytes(g.Resident)), number(megabytes(disk)), number(float64(disk)/float64(g.Events)), number(megabytes(g.Log)),
			number(megabytes(g.Index)), number(megabytes(g.Rollups)), number(g.Register.Seconds()), number(g.Open.Seconds()))}, nil
	}}
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// grow measures in a process of its own, whose memory holds nothing else.
func grow(ctx context.Context, events, services int) (g grown, err error) {
	self, err := os.Executable()
	if err != nil {
		return g, err
	}
	if span(time.Second) < time.Second {
		events = max(events/100, 1000)
	}
	cmd := exec.CommandContext(ctx, self, "-grow", fmt.Sprintf("%d/%d", events, services))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return g, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return g, json.Unmarshal(out, &g)
}

// growChild is that process.
func growChild(ctx context.Context, what string) (err error) {
	var g grown
	if _, err := fmt.Sscanf(what, "%d/%d", &g.Events, &g.Services); err != nil {
		return fmt.Errorf("-grow: %w", err)
	}
	dir, err := os.MkdirTemp("", "halle-grow-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "usage.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx, usage.Migrations()); err != nil {
		return err
	}
	ids, err := id.NewSource("bench")
	if err != nil {
		return err
	}
	cfg := usage.Config{Dir: dir, DB: db, Now: clock.System, IDs: ids, Patience: time.Minute}
	s, err := usage.Open(ctx, cfg)
	if err != nil {
		return err
	}
	start := time.Now()
	if err = g.register(ctx, s); err == nil {
		g.Register = time.Since(start)
		start = time.Now()
		err = g.ingest(ctx, s)
		g.Ingest = time.Since(start)
	}
	if err == nil {
		g.Resident, err = resident()
	}
	if err := errors.Join(err, s.Close(), g.weigh(dir)); err != nil {
		return err
	}
	start = time.Now()
	if s, err = usage.Open(ctx, cfg); err != nil {
		return err
	}
	g.Open = time.Since(start)
	return errors.Join(s.Close(), json.NewEncoder(os.Stdout).Encode(g))
}

// together runs fn for each number below n, from so many goroutines, and waits.
func together(goroutines, n int, fn func(i int) error) error {
	errs := make([]error, goroutines)
	var next atomic.Int64
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[g] == nil; i = next.Add(1) - 1 {
				errs[g] = fn(int(i))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (g *grown) register(ctx context.Context, s *usage.Store) error {
	from := time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Hour)
	return together(64, g.Services, func(i int) error {
		return s.Register(ctx, usage.Subject{ID: fmt.Sprint("sub_", i), Tenant: fmt.Sprint("org_", i%1000), Publisher: "org_p", From: from,
			Meters: map[string]string{"messages": "message"}})
	})
}

func (g *grown) ingest(ctx context.Context, s *usage.Store) error {
	err := together(usageSenders, g.Events/batchOf, func(n int) error {
		events, err := usage.Decode(usage.TypeBatch, batch(nil, "sub_"+strconv.Itoa(n%g.Services), int64(n), batchOf))
		if err != nil {
			return err
		}
		verdicts, err := s.Ingest(ctx, usage.Publisher{Org: "org_p"}, events)
		if err == nil && verdicts[batchOf-1].Status != usage.Accepted {
			err = fmt.Errorf("an event is %+v", verdicts[batchOf-1])
		}
		return err
	})
	for err == nil && s.Health().Committed < s.Health().Stored {
		time.Sleep(time.Millisecond)
	}
	return err
}

// weigh adds up what stands on disk.
func (g *grown) weigh(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch rel, _ := filepath.Rel(dir, path); {
		case strings.HasPrefix(rel, "log"):
			g.Log += info.Size()
		case strings.HasPrefix(rel, "index"):
			g.Index += info.Size()
		default:
			g.Rollups += info.Size()
		}
		return nil
	})
}

// resident is the most memory that this process has had at once.
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	n, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]), 10, 64)
	return n * 1024, err
}
