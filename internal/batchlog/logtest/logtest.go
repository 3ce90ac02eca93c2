// Package logtest is what every batch log must pass.
//
// Owns: the suite.
// Does not own: what only one make can be put through (torn files, killed servers).
// Reads: nothing.
// Writes: the log it is given.
package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
)

// Opener opens one log, again and again: what one opening wrote the next one reads.
type Opener func(durable batchlog.Durable) (batchlog.Log, error)

// Run puts a make of logs through the suite; fresh gives an empty log each time.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	t.Helper()
	t.Run("reopen", func(t *testing.T) { reopen(t, fresh(t)) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, fresh(t)) })
	t.Run("second writer", func(t *testing.T) { second(t, fresh(t)) })
	t.Run("too large", func(t *testing.T) { tooLarge(t, fresh(t)) })
}

func open(t *testing.T, o Opener, durable batchlog.Durable) batchlog.Log {
	t.Helper()
	l, err := o(durable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func payload(n int) []byte { return bytes.Repeat([]byte{byte(n)}, n%300) }

// Fill appends batches with the numbers from…to, whose content follows from their number.
func Fill(t testing.TB, l batchlog.Log, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		got, err := l.Append(context.Background(), batchlog.Batch{At: time.UnixMicro(int64(n)), Principal: fmt.Sprint("p", n), Count: n, Payload: payload(n)})
		if err != nil || got != uint64(n) {
			t.Fatalf("append %d: %d, %v", n, got, err)
		}
	}
}

// Check reads 1…want and compares every field with what Fill wrote.
func Check(t testing.TB, l batchlog.Log, want int) {
	t.Helper()
	n := 0
	err := batchlog.Read(l, 1, func(b batchlog.Batch) error {
		n++
		return compare(b, n)
	})
	if err != nil || n != want || l.Last() != uint64(want) {
		t.Fatalf("read %d of %d, the last is %d: %v", n, want, l.Last(), err)
	}
}

func compare(b batchlog.Batch, n int) error {
	if b.Number != uint64(n) || b.Count != n || b.Principal != fmt.Sprint("p", n) || b.At.UnixMicro() != int64(n) || !bytes.Equal(b.Payload, payload(n)) {
		return fmt.Errorf("batch %d came back as %+v", n, b)
	}
	return nil
}

func reopen(t *testing.T, o Opener) {
	id := ""
	for run := range 4 {
		l := open(t, o, nil)
		if run > 0 && l.ID() != id {
			t.Errorf("the log was %q and is %q", id, l.ID())
		}
		id = l.ID()
		Check(t, l, run*40)
		Fill(t, l, run*40+1, run*40+40)
		Check(t, l, run*40+40)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(context.Background(), batchlog.Batch{}); !fail.Is(err, fail.Unavailable) {
			t.Errorf("append to a closed log: %v", err)
		}
	}
	l := open(t, o, nil)
	r := l.Reader()
	for _, n := range []int{160, 1, 77, 78, 79, 3, 160, 41, 40, 121} {
		b, err := r.Batch(uint64(n))
		if err == nil {
			err = compare(b, n)
		}
		if err != nil {
			t.Errorf("batch %d: %v", n, err)
		}
	}
	for _, n := range []uint64{0, 161} {
		if _, err := r.Batch(n); !errors.Is(err, io.EOF) {
			t.Errorf("batch %d: %v, want the end", n, err)
		}
	}
	if s := l.State(); s.Kind == "" || s.Place == "" || s.Problem != nil || s.Copies < 1 || s.CopiesUp != s.Copies || s.Bytes == 0 {
		t.Errorf("state %+v", s)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func concurrent(t *testing.T, o Opener) {
	var seen []uint64
	l := open(t, o, func(bs []batchlog.Batch) {
		for _, b := range bs {
			if b.Tag != fmt.Sprint(b.Count) {
				panic("the tag is of another batch")
			}
			seen = append(seen, b.Number)
		}
	})
	var wait sync.WaitGroup
	for w := range 8 {
		wait.Go(func() {
			r := l.Reader()
			for i := range 50 {
				n, err := l.Append(context.Background(), batchlog.Batch{Principal: fmt.Sprint(w), Count: w*50 + i, Tag: fmt.Sprint(w*50 + i), Payload: payload(i)})
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := r.Batch(n); err != nil || b.Count != w*50+i {
					t.Errorf("batch %d: count %d, %v", n, b.Count, err)
				}
			}
			_ = r.Close()
		})
	}
	wait.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for i, n := range seen {
		if n != uint64(i+1) {
			t.Fatalf("place %d holds number %d", i, n)
		}
	}
	if len(seen) != 400 {
		t.Errorf("%d batches instead of 400", len(seen))
	}
	if _, err := l.Append(context.Background(), batchlog.Batch{}); !fail.Is(err, fail.Unavailable) {
		t.Errorf("append to a closed log: %v", err)
	}
}

func second(t *testing.T, o Opener) {
	first := open(t, o, nil)
	Fill(t, first, 1, 3)
	if l, err := o(nil); err == nil {
		_ = l.Close()
		t.Error("a second may write the same log while the first does")
	}
	Fill(t, first, 4, 6)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	Check(t, open(t, o, nil), 6)
}

func tooLarge(t *testing.T, o Opener) {
	l := open(t, o, nil)
	for _, b := range []batchlog.Batch{{Payload: make([]byte, batchlog.MaxFrame)}, {Principal: string(make([]byte, 1<<16))}} {
		if _, err := l.Append(context.Background(), b); !fail.Is(err, fail.TooLarge) {
			t.Errorf("too large a batch: %v", err)
		}
	}
	Fill(t, l, 1, 2)
}
