package seen

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func keyOf(n int) (k Key, v Value) {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	copy(k[:], sum[:])
	copy(v[:], sum[16:])
	return k, v
}

func copyDir(t interface{ Fatal(...any) }, from, to string) {
	names, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(from, n.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // a merge in the background just replaced it
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, n.Name()), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAgainstAMap puts keys, checkpoints and dies at any point, with the database at the last or the one but last
// checkpoint: exactly what belongs to that offset must be there.
func TestAgainstAMap(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "x")
		if err != nil {
			t.Fatal(err)
		}
		x, err := Open(dir, 0, 50)
		if err != nil {
			t.Fatal(err)
		}
		committed, now := map[Key]Value{}, map[Key]Value{} // as of x.confirmed, and everything put
		next := 0
		offset := uint64(0)
		put := func(t *rapid.T) {
			for range rapid.IntRange(1, 60).Draw(t, "n") {
				k, v := keyOf(next)
				x.Put(k, v)
				now[k] = v
				next++
			}
		}
		look := func(t *rapid.T) {
			for range 20 {
				k, _ := keyOf(rapid.IntRange(0, next+5).Draw(t, "key"))
				v, ok, err := x.Get(k)
				want, wanted := now[k]
				if err != nil || ok != wanted || v != want {
					t.Fatalf("got %x %v %v, want %x %v", v, ok, err, want, wanted)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": put,
			"checkpoint and commit": func(t *rapid.T) {
				offset++
				was := maps.Clone(now)
				c := x.Begin(offset)
				if x.Begin(offset) != nil {
					t.Fatal("two checkpoints at once")
				}
				done := make(chan error)
				go func() { done <- c.Write() }()
				put(t)
				look(t)
				if err := errors.Join(<-done, c.Write(), x.End(c)); err != nil {
					t.Fatal(err)
				}
				if rapid.IntRange(0, 4).Draw(t, "commit fails") > 0 {
					x.Confirm(offset)
					committed = was
				}
			},
			"checkpoint that cannot be written": func(t *rapid.T) {
				if err := x.End(x.Begin(offset + 1)); err != nil {
					t.Fatal(err)
				}
			},
			"kill": func(t *rapid.T) {
				confirmed := x.confirmed
				if err := x.Close(); err != nil {
					t.Fatal(err)
				}
				if x, err = Open(dir, confirmed, 50); err != nil {
					t.Fatal(err)
				}
				now, offset = maps.Clone(committed), confirmed
			},
			"": look,
		})
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func filled(t testing.TB, dir string, keys, recent int) *Index {
	t.Helper()
	x, err := Open(dir, 0, recent)
	if err != nil {
		t.Fatal(err)
	}
	for n := range keys {
		k, v := keyOf(n)
		x.Put(k, v)
		if n%recent == recent-1 {
			if err := x.Checkpoint(uint64(n)); err != nil {
				t.Fatal(err)
			}
			x.Confirm(uint64(n))
		}
	}
	return x
}

func TestManyRunsAreMerged(t *testing.T) {
	x := filled(t, t.TempDir(), 20_000, 100)
	if err := x.Rest(); err != nil {
		t.Fatal(err)
	}
	if len(x.runs) > 60 {
		t.Errorf("%d runs of 200 were left", len(x.runs))
	}
	wrong := 0
	for n := range 40_000 {
		k, want := keyOf(n)
		v, ok, err := x.Get(k)
		if err != nil || ok != (n < 20_000) || ok && v != want {
			t.Fatalf("key %d: %v %v", n, ok, err)
		}
		for _, r := range x.runs {
			if n >= 20_000 && r.filter.maybe(k) {
				wrong++
			}
		}
	}
	if limit := 20_000 * len(x.runs) / 30; wrong > limit {
		t.Errorf("the filters said maybe %d times, more than %d", wrong, limit)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFound(t *testing.T) {
	source := t.TempDir()
	x := filled(t, source, 1000, 100)
	if err := x.Rest(); err != nil {
		t.Fatal(err)
	}
	offset := x.confirmed
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "x")
		if err != nil {
			t.Fatal(err)
		}
		copyDir(t, source, dir)
		names, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, rapid.SampledFrom(names).Draw(t, "file").Name())
		b, err := os.ReadFile(name)
		if err != nil || len(b) == 0 {
			return
		}
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[at] ^= 1
		if filepath.Base(name) == "manifest" {
			b = b[:at]
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(dir, offset, 100)
		for n := 0; err == nil && n < 1000; n++ {
			k, want := keyOf(n)
			var v Value
			if v, _, err = x.Get(k); err == nil && v != want {
				t.Fatalf("byte %d of %s: a wrong answer for key %d", at, name, n)
			}
		}
		if !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of %s: %v", at, name, err)
		}
	})
	if _, err := Open(t.TempDir(), 7, 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("an empty folder for offset 7: %v", err)
	}
}

func BenchmarkGetMissThenPut(b *testing.B) {
	x := filled(b, b.TempDir(), 1_000_000, 100_000)
	n := 1_000_000
	b.ResetTimer()
	for b.Loop() {
		k, v := keyOf(n)
		n++
		if _, ok, err := x.Get(k); ok || err != nil {
			b.Fatal(ok, err)
		}
		x.Put(k, v)
		if n%50_000 == 0 {
			if err := x.Checkpoint(uint64(n)); err != nil {
				b.Fatal(err)
			}
			x.Confirm(uint64(n))
		}
	}
	b.ReportMetric(float64(len(x.runs)), "runs")
}
