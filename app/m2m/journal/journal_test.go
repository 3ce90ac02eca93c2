package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fold remembers what was applied; its snapshot is the records themselves.
type fold struct {
	mu  sync.Mutex
	got []string
}

func (f *fold) options(dir string) Options {
	return Options{Dir: dir, Apply: func(b []byte) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got = append(f.got, string(b))
		return nil
	}, Snapshot: func() ([][]byte, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var out [][]byte
		for _, s := range f.got {
			out = append(out, []byte(s))
		}
		return out, nil
	}}
}

func (f *fold) records() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.got...)
}

func open(t testing.TB, opt Options) *Journal {
	t.Helper()
	j, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// only returns the one segment of a folder.
func only(t testing.TB, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("want one segment, have %v %v", names, err)
	}
	return names[0]
}

// A journal cut at any byte replays exactly a prefix of whole frames, and every record whose ticket was done before
// the file had that length is in it.
func TestCutAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		f := &fold{}
		j := open(t, f.options(dir))
		var all []string
		ends := map[int]int64{0: headerBytes} // records acknowledged → length of the file then
		for i := range rapid.IntRange(1, 8).Draw(rt, "frames") {
			var last *Ticket
			for k := range rapid.IntRange(1, 5).Draw(rt, "records") {
				r := fmt.Sprintf("%d.%d.%s", i, k, rapid.StringN(0, 40, 60).Draw(rt, "text"))
				all = append(all, r)
				last = j.Append([]byte(r))
			}
			if err := last.Wait(); err != nil {
				rt.Fatal(err)
			}
			ends[len(all)] = j.size
		}
		if err := j.Close(); err != nil {
			rt.Fatal(err)
		}
		at := rapid.Int64Range(headerBytes, j.size).Draw(rt, "cut")
		if err := os.Truncate(only(t, dir), at); err != nil {
			rt.Fatal(err)
		}
		g := &fold{}
		k := open(t, g.options(dir))
		got := g.records()
		if d := cmp.Diff(all[:len(got)], got, cmp.Transformer("nil", func(s []string) string { return fmt.Sprint(s) })); d != "" {
			rt.Fatalf("not a prefix: %s", d)
		}
		for n, end := range ends {
			if end <= at && len(got) < n {
				rt.Fatalf("cut at %d: %d records acknowledged by %d, %d replayed", at, n, end, len(got))
			}
		}
		if err := k.Append([]byte("more")).Wait(); err != nil {
			rt.Fatal(err)
		}
		if err := k.Close(); err != nil {
			rt.Fatal(err)
		}
		h := &fold{}
		open(t, h.options(dir))
		if n := len(h.records()); n != len(got)+1 {
			rt.Fatalf("after the cut and one more: %d records, want %d", n, len(got)+1)
		}
	})
}

func TestDamageInTheMiddleIsNamed(t *testing.T) {
	dir := t.TempDir()
	f := &fold{}
	j := open(t, f.options(dir))
	for i := range 3 {
		if err := j.Append([]byte{byte('a' + i)}).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	end := j.size
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := only(t, dir)
	clean, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := end - (end-headerBytes)/3 // where the third frame begins
	for at := int64(0); at < last; at++ {
		b := bytes.Clone(clean)
		b[at] ^= 0x40
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var damage *DamageError
		if _, err := Open((&fold{}).options(dir)); !errors.As(err, &damage) {
			t.Fatalf("byte %d changed: %v, want damage", at, err)
		}
		if damage.Segment != filepath.Base(path) || damage.Offset > at {
			t.Fatalf("byte %d changed: damage named at %s %d", at, damage.Segment, damage.Offset)
		}
	}
}

func TestConcurrentAppendsShareSyncs(t *testing.T) {
	f := &fold{}
	j := open(t, f.options(t.TempDir()))
	var wg sync.WaitGroup
	for p := range 64 {
		wg.Go(func() {
			for i := range 50 {
				if err := j.Append(fmt.Appendf(nil, "%d/%d", p, i)).Wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(f.records()); got != 3200 {
		t.Fatalf("%d records", got)
	}
	if j.Syncs() > 1600 {
		t.Errorf("%d fsyncs for 3200 records of 64 producers", j.Syncs())
	}
}

func TestRotateKeepsEverythingInOneSegment(t *testing.T) {
	dir := t.TempDir()
	f := &fold{}
	opt := f.options(dir)
	opt.SegmentBytes = 500
	j := open(t, opt)
	for i := range 200 {
		if err := j.Append(fmt.Appendf(nil, "record %d", i)).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j.seg < 3 {
		t.Fatalf("still segment %d", j.seg)
	}
	path := only(t, dir)
	g := &fold{}
	open(t, g.options(dir))
	if d := cmp.Diff(f.records(), g.records()); d != "" {
		t.Error(d)
	}
	for _, cut := range []int64{headerBytes, j.base - 1} { // a snapshot was whole when it got its name
		if err := os.Truncate(path, cut); err == nil {
			var damage *DamageError
			if _, err := Open((&fold{}).options(dir)); !errors.As(err, &damage) {
				t.Errorf("snapshot cut at %d: %v, want damage", cut, err)
			}
		}
	}
}

func TestUnfinishedSegmentIsIgnored(t *testing.T) {
	dir := t.TempDir()
	f := &fold{}
	j := open(t, f.options(dir))
	if err := j.Append([]byte("kept")).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, segmentName(2)+".new"), []byte(fileMagic), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &fold{}
	open(t, g.options(dir))
	if d := cmp.Diff([]string{"kept"}, g.records()); d != "" {
		t.Error(d)
	}
}

// A full disk takes nothing, keeps nothing half, and is survived; a failed fsync is for good.
func TestDiskFullAndBrokenDisk(t *testing.T) {
	dir := t.TempDir()
	f := &fold{}
	j := open(t, f.options(dir))
	var mu sync.Mutex
	full, broken := true, false
	boom := errors.New("no space left")
	j.write = func(file *os.File, b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if full {
			_, _ = file.Write(b[:len(b)/2])
			return len(b) / 2, boom
		}
		return file.Write(b)
	}
	j.sync = func(file *os.File) error {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			return boom
		}
		return file.Sync()
	}
	if err := j.Append([]byte("lost")).Wait(); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if !errors.Is(j.Err(), boom) {
		t.Error("the problem is not told")
	}
	mu.Lock()
	full = false
	mu.Unlock()
	if err := j.Append([]byte("kept")).Wait(); err != nil || j.Err() != nil {
		t.Fatal(err, j.Err())
	}
	mu.Lock()
	broken = true
	mu.Unlock()
	for range 2 {
		if err := j.Append([]byte("never")).Wait(); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		mu.Lock()
		broken = false
		mu.Unlock()
	}
	if d := cmp.Diff([]string{"kept"}, f.records()); d != "" {
		t.Error(d)
	}
}

func FuzzJournal(f *testing.F) {
	head := make([]byte, headerBytes)
	copy(head, fileMagic)
	binary.LittleEndian.PutUint64(head[8:], 1)
	binary.LittleEndian.PutUint32(head[28:], checksum(0, head[:28], nil))
	f.Add(head)
	f.Add(encodeFrame(bytes.Clone(head), 0, 1, [][]byte{[]byte("one"), []byte("two")}))
	f.Add(encodeFrame(encodeFrame(bytes.Clone(head), 0, 1, [][]byte{[]byte("one")}), 0, 2, [][]byte{[]byte("two")}))
	f.Add([]byte("nothing"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var records [][]byte
		c, err := parse("x.seg", b, func(r []byte) error { records = append(records, bytes.Clone(r)); return nil })
		if err != nil {
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Offset < 0 || damage.Offset > int64(len(b)) {
				t.Fatalf("%v", err)
			}
			return
		}
		again := 0
		if _, err := parse("x.seg", b[:c.good], func(r []byte) error {
			if !bytes.Equal(r, records[again]) {
				t.Fatal("another record")
			}
			again++
			return nil
		}); err != nil || again != len(records) {
			t.Fatalf("the good part reads differently: %v, %d of %d", err, again, len(records))
		}
	})
}
