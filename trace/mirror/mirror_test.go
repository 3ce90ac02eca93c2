package mirror_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"k8s.io/klog/v2"

	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace/logtest"
	"github.com/halle-cloud/halle/trace/mirror"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func config(t *testing.T, l *logtest.Log, dir string) mirror.Config {
	t.Helper()
	trust, err := proof.ParsePolicy(l.Key)
	must(t, err)
	return mirror.Config{Dir: dir, From: client.FileFetcher{Root: l.Dir}, Trust: trust, Now: time.Now, Report: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, c mirror.Config) *mirror.Mirror {
	t.Helper()
	m, err := mirror.Open(t.Context(), c)
	must(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func look(t *testing.T, m *mirror.Mirror, size, copied uint64) {
	t.Helper()
	r, err := m.Look(t.Context())
	must(t, err)
	if r.Size != size || r.Copied != copied || m.Size() != size {
		t.Fatalf("%+v, the copy has %d; want %d of them %d new", r, m.Size(), size, copied)
	}
}

// whole checks the copy with the public tool and with ours.
func whole(t *testing.T, l *logtest.Log, dir string, size uint64) {
	t.Helper()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	hashes := func(raw []byte) (out [][]byte, err error) {
		var b api.EntryBundle
		err = b.UnmarshalText(raw)
		for _, e := range b.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, err
	}
	v := l.Verifier(t)
	must(t, fsck.New(v.Name(), v, client.FileFetcher{Root: dir}, hashes, fsck.Opts{N: 2}).Check(t.Context()))
	p, err := proof.OpenLog(dir, l.Key)
	must(t, err)
	if r, err := p.Verify(nil); err != nil || r.Size != size {
		t.Fatalf("%+v %v", r, err)
	}
}

func TestItFollowsAndGoesOnAfterAStart(t *testing.T) {
	l, dir := logtest.New(t, "log.example"), t.TempDir()
	c := config(t, l, dir)
	before := uint64(0)
	for _, n := range []int{0, 1, 2, 255, 256, 257, 600, 600, 1024, 70_000} {
		l.Grow(t, "a", n)
		m := open(t, c)
		look(t, m, uint64(n), uint64(n)-before)
		must(t, m.Close())
		before = uint64(n)
		if n > 0 {
			whole(t, l, dir, before)
		}
	}
	parts, err := filepath.Glob(filepath.Join(dir, "tile", "*", "*.p"))
	if err != nil || len(parts) > 4 {
		t.Errorf("parts of tiles that are full stay: %v %v", parts, err)
	}
}

// failing is a source that breaks off after some questions, as a line does or a kill.
type failing struct {
	client.FileFetcher
	left atomic.Int64 // it is asked from many sides
}

func newFailing(dir string, left int64) *failing {
	f := &failing{FileFetcher: client.FileFetcher{Root: dir}}
	f.left.Store(left)
	return f
}

func (f *failing) ReadEntryBundle(ctx context.Context, i uint64, p uint8) ([]byte, error) {
	if f.left.Add(-1) < 0 {
		return nil, errors.New("the line broke off")
	}
	return f.FileFetcher.ReadEntryBundle(ctx, i, p)
}

func TestAnInterruptedCopyIsResumed(t *testing.T) {
	l, dir := logtest.New(t, "log.example"), t.TempDir()
	l.Grow(t, "a", 40_000)
	c := config(t, l, dir)
	c.From = newFailing(l.Dir, 100)
	m := open(t, c)
	if _, err := m.Look(t.Context()); err == nil {
		t.Fatal("it copied what it could not read")
	}
	must(t, m.Close())
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("a copy that is not whole has a checkpoint")
	}
	c.From = newFailing(l.Dir, 157-64)
	m = open(t, c)
	look(t, m, 40_000, 40_000)
	whole(t, l, dir, 40_000)
	must(t, m.Close())
	// What an interrupted copy left is not believed: a wrong byte in it is fetched anew.
	l.Grow(t, "a", 41_000)
	left := filepath.Join(dir, "tile", "entries", "157")
	bad := logtest.New(t, "log.example")
	bad.Grow(t, "b", 41_000)
	b, err := os.ReadFile(filepath.Join(bad.Dir, "tile", "entries", "157"))
	must(t, err)
	must(t, os.WriteFile(left, b, 0o644))
	c.From = client.FileFetcher{Root: l.Dir}
	look(t, open(t, c), 41_000, 1000)
	whole(t, l, dir, 41_000)
}

func TestAlarms(t *testing.T) {
	grown := func(t *testing.T) (*logtest.Log, mirror.Config, *mirror.Mirror) {
		l := logtest.New(t, "log.example")
		l.Grow(t, "a", 700)
		c := config(t, l, t.TempDir())
		m := open(t, c)
		look(t, m, 700, 700)
		return l, c, m
	}
	for name, one := range map[string]struct {
		kind, part string
		do         func(t *testing.T, l *logtest.Log)
	}{
		"rolled back": {"rolled back", "an earlier state of this same history", func(t *testing.T, l *logtest.Log) { l.Leaves = l.Leaves[:300]; l.Publish(t) }},
		"rolled back and forked": {"rolled back", "another history", func(t *testing.T, l *logtest.Log) {
			l.Leaves = l.Leaves[:300]
			l.Grow(t, "b", 400)
		}},
		"another root for the same size": {"forked", "another root for the same 700", func(t *testing.T, l *logtest.Log) { l.Leaves = l.Leaves[:699]; l.Grow(t, "b", 700) }},
		"a longer fork":                  {"forked", "do not go on from the 700", func(t *testing.T, l *logtest.Log) { l.Leaves = l.Leaves[:200]; l.Grow(t, "b", 900) }},
		"reordered and signed anew": {"forked", "", func(t *testing.T, l *logtest.Log) {
			l.Leaves[5], l.Leaves[6] = l.Leaves[6], l.Leaves[5]
			l.Grow(t, "a", 900)
		}},
		"an entry altered on its disk": {"altered", "do not give the root", func(t *testing.T, l *logtest.Log) {
			l.Grow(t, "a", 900)
			path := filepath.Join(l.Dir, "tile", "entries", "003.p", "132")
			b, err := os.ReadFile(path)
			must(t, err)
			b[40] ^= 1
			must(t, os.WriteFile(path, b, 0o644))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l, c, m := grown(t)
			one.do(t, l)
			_, err := m.Look(t.Context())
			var a *mirror.Alarm
			if !errors.As(err, &a) || a.Kind != one.kind || !strings.Contains(a.What, one.part) {
				t.Fatalf("%v", err)
			}
			must(t, m.Close())
			good := l.Fork(t, 0)
			good.Grow(t, "a", 700)
			whole(t, good, c.Dir, 700) // the copy is what it was
			evidence, err := os.ReadFile(filepath.Join(c.Dir, mirror.AlarmFile))
			if err != nil || strings.Count(string(evidence), "— log.example ") != 2 {
				t.Errorf("the evidence lacks a signed checkpoint: %v\n%s", err, evidence)
			}
			if _, err := mirror.Open(t.Context(), c); !errors.As(err, &a) {
				t.Errorf("an alarm was forgotten over a start: %v", err)
			}
		})
	}
}

func TestAnothersSignatureAndAnAlteredCopyAreRefused(t *testing.T) {
	l, impostor := logtest.New(t, "log.example"), logtest.New(t, "log.example")
	l.Grow(t, "a", 300)
	impostor.Grow(t, "a", 400)
	c := config(t, l, t.TempDir())
	m := open(t, c)
	look(t, m, 300, 300)
	must(t, m.Close())
	c.From = client.FileFetcher{Root: impostor.Dir}
	m = open(t, c)
	if _, err := m.Look(t.Context()); err == nil || m.Size() != 300 {
		t.Fatalf("a log of another key was copied: %v", err)
	}
	must(t, m.Close())
	tile := filepath.Join(c.Dir, "tile", "0", "001.p", "44")
	b, err := os.ReadFile(tile)
	must(t, err)
	b[3] ^= 1
	must(t, os.WriteFile(tile, b, 0o644))
	if _, err := mirror.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "was altered") {
		t.Fatalf("an altered copy was taken up: %v", err)
	}
}
