package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
)

func open(t testing.TB, dir string, opts Options) *Log {
	t.Helper()
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func payload(n int) []byte { return bytes.Repeat([]byte{byte(n)}, n%300) }

func fill(t testing.TB, l *Log, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		got, err := l.Append(context.Background(), batchlog.Batch{At: time.UnixMicro(int64(n)), Principal: fmt.Sprint("p", n), Count: n, Payload: payload(n)})
		if err != nil || got != uint64(n) {
			t.Fatalf("append %d: %d, %v", n, got, err)
		}
	}
}

// check reads 1…want and compares every field.
func check(t testing.TB, l *Log, want int) {
	t.Helper()
	n := 0
	err := batchlog.Read(l, 1, func(b batchlog.Batch) error {
		n++
		if b.Number != uint64(n) || b.Count != n || b.Principal != fmt.Sprint("p", n) || b.At.UnixMicro() != int64(n) || !bytes.Equal(b.Payload, payload(n)) {
			return fmt.Errorf("batch %d came back as %+v", n, b)
		}
		return nil
	})
	if err != nil || n != want {
		t.Fatalf("read %d of %d: %v", n, want, err)
	}
}

func TestReopenOverSegments(t *testing.T) {
	dir := t.TempDir()
	for run := range 5 {
		l := open(t, dir, Options{SegmentBytes: 2000})
		check(t, l, run*40)
		fill(t, l, run*40+1, run*40+40)
		check(t, l, run*40+40)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir, Options{})
	r := l.Reader()
	for _, n := range []uint64{200, 1, 77, 78, 79, 3, 200} {
		if b, err := r.Batch(n); err != nil || b.Number != n {
			t.Errorf("batch %d: %d, %v", n, b.Number, err)
		}
	}
	if _, err := r.Batch(201); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("a second process may write the same log")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// snapshot copies the folder as a kill would leave it.
func snapshot(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	names, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(name)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func lastSegment(t testing.TB, dir string) string {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if len(names) == 0 {
		t.Fatal("no segment")
	}
	return names[len(names)-1]
}

func TestTornTailIsCut(t *testing.T) {
	source := t.TempDir()
	l := open(t, source, Options{})
	fill(t, l, 1, 30)
	rapid.Check(t, func(rt *rapid.T) {
		dir := snapshot(t, source)
		path := lastSegment(t, dir)
		info, err := os.Stat(path)
		if err != nil {
			rt.Fatal(err)
		}
		if err := os.Truncate(path, rapid.Int64Range(0, info.Size()).Draw(rt, "size")); err != nil {
			rt.Fatal(err)
		}
		cut, err := Open(dir, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		have := int(cut.Last())
		check(t, cut, have)
		fill(t, cut, have+1, have+3)
		if err := cut.Close(); err != nil {
			rt.Fatal(err)
		}
		again, err := Open(dir, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		check(t, again, have+3)
		_ = again.Close()
	})
}

func TestAlteredRecordIsNamed(t *testing.T) {
	source := t.TempDir()
	l := open(t, source, Options{SegmentBytes: 1500})
	fill(t, l, 1, 30)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(source, "*.seg"))
	rapid.Check(t, func(rt *rapid.T) {
		dir := snapshot(t, source)
		path := filepath.Join(dir, filepath.Base(rapid.SampledFrom(names).Draw(rt, "segment")))
		b, err := os.ReadFile(path)
		if err != nil {
			rt.Fatal(err)
		}
		end := len(b)
		if path == lastSegment(t, dir) {
			end -= batchlog.FixedSize // the closing mark itself may go
		}
		at := rapid.IntRange(0, end-1).Draw(rt, "at")
		b[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			rt.Fatal(err)
		}
		l, err := Open(dir, Options{})
		if err == nil {
			err = batchlog.Read(l, 1, func(batchlog.Batch) error { return nil })
			_ = l.Close()
		}
		var d *batchlog.Damaged
		if !errors.As(err, &d) || d.Segment != path || d.Offset > int64(at) || d.Record == 0 {
			rt.Fatalf("byte %d of %s: %v", at, filepath.Base(path), err)
		}
	})
}

func TestDiskFullRefusesAndRecovers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	fill(t, l, 1, 5)
	real := l.write
	l.write = func(f *os.File, b []byte, at int64) (int, error) {
		n, _ := f.WriteAt(b[:len(b)/2], at)
		return n, unix.ENOSPC
	}
	_, err := l.Append(context.Background(), batchlog.Batch{Payload: payload(99)})
	if !fail.Is(err, fail.Unavailable) || !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("on a full disk: %v", err)
	}
	l.write = real
	fill(t, l, 6, 8)
	check(t, l, 8)
}

func TestFailedSyncPromisesNothingMore(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	fill(t, l, 1, 5)
	l.sync = func(*os.File) error { return unix.EIO }
	for range 2 {
		if _, err := l.Append(context.Background(), batchlog.Batch{}); !fail.Is(err, fail.Unavailable) {
			t.Fatalf("after a failed fsync: %v", err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, open(t, dir, Options{}), 5)
}

func FuzzOpen(f *testing.F) {
	var b []byte
	for n := range 4 {
		b = batchlog.AppendFrame(b, &batchlog.Batch{Number: uint64(n + 1), Count: n, Payload: payload(n)}, uint64(n))
	}
	f.Add(b)
	f.Add(b[:len(b)-3])
	f.Add([]byte(batchlog.Magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf(segmentForm, 1)), b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, Options{})
		if err != nil {
			var d *batchlog.Damaged
			if !errors.As(err, &d) {
				t.Fatal(err)
			}
			return
		}
		last := l.Last()
		n, err := l.Append(context.Background(), batchlog.Batch{Payload: []byte("next")})
		if err != nil || n != last+1 {
			t.Fatalf("append after %d: %d, %v", last, n, err)
		}
		if err := batchlog.Read(l, 1, func(batchlog.Batch) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, b.TempDir(), Options{})
	body := make([]byte, 25_000)
	b.SetBytes(int64(len(body)))
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := l.Append(context.Background(), batchlog.Batch{Payload: body}); err != nil {
				b.Error(err)
			}
		}
	})
}

// TestAFloodWaitsForItself: while the disk stands still one principal fills its share and is refused; another is taken,
// and its batch is written among the very next.
func TestAFloodWaitsForItself(t *testing.T) {
	l := open(t, t.TempDir(), Options{})
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	write := l.write
	l.write = func(f *os.File, b []byte, at int64) (int, error) {
		entered <- struct{}{}
		<-gate
		return write(f, b, at)
	}
	big := make([]byte, 1<<20)
	var wait sync.WaitGroup
	results := make(chan error, 200)
	send := func(principal string, payload []byte, number *uint64) {
		wait.Go(func() {
			n, err := l.Append(context.Background(), batchlog.Batch{Principal: principal, Count: 1, Payload: payload})
			if number != nil {
				*number = n
			}
			results <- err
		})
	}
	send("flood", []byte("first"), nil)
	<-entered
	for range 100 {
		send("flood", big, nil)
	}
	refused := 0
	for refused < 60 { // at most half of what may wait is one principal's
		if err := <-results; !fail.Is(err, fail.TooMany) {
			t.Fatalf("the flood: %v, want too many", err)
		}
		refused++
	}
	var other uint64
	send("other", []byte("small"), &other)
	for waiting := 0; waiting < 2; {
		waiting = l.queue.Waiting()
	}
	close(gate)
	wait.Wait()
	if other == 0 || other > 3 {
		t.Errorf("the other's batch is number %d: it waited behind the flood", other)
	}
	close(results)
	for err := range results {
		if err != nil && !fail.Is(err, fail.TooMany) {
			t.Error(err)
		}
	}
}
