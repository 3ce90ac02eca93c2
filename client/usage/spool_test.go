package usage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func records(n int) (out []record) {
	for i := range n {
		out = append(out, record{event: fmt.Appendf(nil, `{"id":"%d","pad":"%s"}`, i, strings.Repeat("x", i))})
	}
	return out
}

func anyRoom(int64) error { return nil }

func mustOpen(t *testing.T, dir string, segment int64) *spool {
	t.Helper()
	s, err := openSpool(dir, segment, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, s *spool) []record {
	t.Helper()
	var out []record
	for {
		part, err := s.take(7, 500)
		must(t, err)
		if len(part) == 0 {
			return out
		}
		out = append(out, part...)
	}
}

// TestATornTailIsCutOff cuts the segment at each byte: what is whole before the cut is there, and the spool goes on.
func TestATornTailIsCutOff(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, 1<<20)
	ends := []int64{headerBytes}
	for _, r := range records(5) {
		must(t, s.append([]record{r}, anyRoom))
		ends = append(ends, s.used())
	}
	must(t, s.close())
	whole, err := os.ReadFile(filepath.Join(dir, segmentName(1)))
	must(t, err)
	for cut := headerBytes; cut <= len(whole); cut++ {
		want := 0
		for want+1 < len(ends) && ends[want+1] <= int64(cut) {
			want++
		}
		torn := t.TempDir()
		must(t, os.WriteFile(filepath.Join(torn, segmentName(1)), whole[:cut], 0o600))
		s := mustOpen(t, torn, 1<<20)
		must(t, s.append(records(1), anyRoom))
		if got := all(t, s); len(got) != want+1 || string(got[want].event) != string(records(1)[0].event) {
			t.Fatalf("cut at %d: %d records, want %d", cut, len(got), want+1)
		}
		must(t, s.close())
	}
}

// TestDamageIsNotTakenForATornTail turns each byte of what was durable around.
func TestDamageIsNotTakenForATornTail(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, 1<<20)
	for _, r := range records(4) {
		must(t, s.append([]record{r}, anyRoom))
	}
	must(t, s.close())
	path := filepath.Join(dir, segmentName(1))
	whole, err := os.ReadFile(path)
	must(t, err)
	last := len(whole) - recordBytes - len(records(4)[3].event)
	for at := range last {
		bad := append([]byte(nil), whole...)
		bad[at] ^= 0x40
		must(t, os.WriteFile(path, bad, 0o600))
		_, err := openSpool(dir, 1<<20, 0)
		var d *DamageError
		if !errors.As(err, &d) || d.Offset > int64(at) {
			t.Fatalf("byte %d: %v", at, err)
		}
		after, err := os.ReadFile(path)
		if must(t, err); string(after) != string(bad) {
			t.Fatal("Open changed the segment")
		}
	}
}

func TestSegmentsAreRemovedOnceSettled(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, 300)
	for range 20 {
		must(t, s.append(records(3), anyRoom))
	}
	before, _ := segments(dir)
	got := all(t, s)
	must(t, s.settle(got[40].number))
	must(t, s.close())
	s = mustOpen(t, dir, 300)
	after, _ := segments(dir)
	rest := all(t, s)
	if len(got) != 60 || len(rest) != 20 || rest[0].number != got[40].number || len(after) >= len(before)/2 {
		t.Errorf("read %d, then %d; %d segments, then %d", len(got), len(rest), len(before), len(after))
	}
	for _, cursor := range []string{"", "torn", "00000000000000ff00000000"} { // a loss of power: all that is there goes out again
		must(t, s.close())
		must(t, os.WriteFile(filepath.Join(dir, "cursor"), []byte(cursor), 0o600))
		s = mustOpen(t, dir, 300)
		if again := all(t, s); len(again) < 20 || again[len(again)-1].number != 60 {
			t.Errorf("cursor %q: %d records", cursor, len(again))
		}
	}
	must(t, s.close())
}

func TestACursorBeyondTheEndLosesNothingNew(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, 1<<20)
	must(t, s.append(records(3), anyRoom))
	must(t, s.settle(4))
	must(t, s.close())
	must(t, os.Truncate(filepath.Join(dir, segmentName(1)), headerBytes))
	s = mustOpen(t, dir, 1<<20)
	must(t, s.append(records(2), anyRoom))
	if got := all(t, s); len(got) != 2 {
		t.Errorf("%d of 2", len(got))
	}
	must(t, s.close())
}

func TestADiskThatIsFull(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, 200)
	must(t, s.append(records(3), anyRoom))
	s.write = func(f *os.File, b []byte) (int, error) {
		n, _ := f.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	}
	if err := s.append(records(3), anyRoom); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	s.write = (*os.File).Write
	must(t, s.append(records(2), anyRoom))
	if got := all(t, s); len(got) != 5 {
		t.Errorf("%d of 5", len(got))
	}
	s.sync = func(*os.File) error { return syscall.EIO }
	if err := s.append(records(1), anyRoom); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	s.sync = (*os.File).Sync
	if err := s.append(records(1), anyRoom); !errors.Is(err, syscall.EIO) {
		t.Fatalf("after a failed sync nothing is known, but: %v", err)
	}
	must(t, s.close())
	s = mustOpen(t, dir, 200)
	if got := all(t, s); len(got) < 5 {
		t.Errorf("%d, at least 5", len(got))
	}
	must(t, s.close())
}

func TestAnIntervalLosesOnlyWhatWasNotSynced(t *testing.T) {
	dir := t.TempDir()
	s, err := openSpool(dir, 1<<20, time.Hour)
	must(t, err)
	must(t, s.append(records(2), anyRoom))
	s.syncNow()
	end := s.used()
	must(t, s.append(records(2), anyRoom))
	must(t, s.close())
	path := filepath.Join(dir, segmentName(1))
	whole, err := os.ReadFile(path)
	must(t, err)
	whole[end+recordBytes] ^= 1 // a page that never reached the disk, before one that did
	must(t, os.WriteFile(path, whole, 0o600))
	s = mustOpen(t, dir, 1<<20)
	if got := all(t, s); len(got) != 2 {
		t.Errorf("%d of 2", len(got))
	}
	must(t, s.close())
}

func TestATornLineOfRefusedIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), RefusedFile)
	must(t, os.WriteFile(path, []byte("{\"a\":1}\n{\"b\":"), 0o600))
	r, err := openRefused(path)
	must(t, err)
	must(t, r.append([]Refusal{{Verdict: "rejected", Event: []byte(`{}`)}}))
	b, err := os.ReadFile(path)
	if must(t, err); strings.Count(string(b), "\n") != 2 || strings.Contains(string(b), `"b"`) {
		t.Errorf("%q", b)
	}
}

// FuzzSegment reads whatever stands behind the head: it ends, with records or with damage, and changes nothing.
func FuzzSegment(f *testing.F) {
	head, err := os.ReadFile(seedSegment(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head[headerBytes:])
	f.Add(head[headerBytes : len(head)-3])
	f.Add([]byte{0x4a, 0x7f, 0x6d, 0x55, 0xff, 0xff, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		path := filepath.Join(t.TempDir(), segmentName(1))
		must(t, os.WriteFile(path, append(head[:headerBytes:headerBytes], body...), 0o600))
		n := 0
		s, err := scanSegment(path, 1, true, func(r record, end int64) {
			if n++; r.number != uint64(n) || end > int64(headerBytes+len(body)) {
				t.Fatalf("record %d ends at %d", r.number, end)
			}
		})
		var d *DamageError
		if err != nil && !errors.As(err, &d) || err == nil && s.size > int64(headerBytes+len(body)) {
			t.Fatalf("%v, %d bytes", err, s.size)
		}
	})
}

func seedSegment(f *testing.F) string {
	f.Helper()
	dir := f.TempDir()
	s, err := openSpool(dir, 1<<20, 0)
	if err == nil {
		err = errors.Join(s.append(records(3), anyRoom), s.close())
	}
	if err != nil {
		f.Fatal(err)
	}
	return filepath.Join(dir, segmentName(1))
}
