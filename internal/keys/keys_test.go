package keys

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

var bg = context.Background()

// onBoth runs fn with the configuration of an empty key store on each engine.
func onBoth(t *testing.T, fn func(t *testing.T, c Config)) {
	t.Helper()
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			fn(t, config(t, storetest.URL(t, engine, []store.Migrations{Migrations()})))
		})
	}
}

func config(t testing.TB, url string) Config {
	now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return Config{URL: url, RootFile: filepath.Join(t.TempDir(), "root.key"), CreateRoot: true, Clock: now.Now}
}

func open(t testing.TB, c Config) *Ring {
	t.Helper()
	r, err := Open(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t testing.TB, r *Ring, ref Ref, plain string) []byte {
	t.Helper()
	must(t, r.Ensure(bg, ref))
	b, err := r.Seal(bg, ref, []byte(plain), []byte("t|r|c"))
	must(t, err)
	return b
}

func TestSealedComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		r := open(t, c)
		sealed := seal(t, r, Person("p1"), "Ada")
		if len(sealed) != 3+Overhead || bytes.Contains(sealed, []byte("Ada")) {
			t.Fatalf("sealed: %x", sealed)
		}
		mac1, err := r.MAC(bg, Person("p1"), "email", []byte("ada@example.org"))
		must(t, err)
		must(t, r.Close())

		r = open(t, c) // as after a restart
		plain, err := r.Open(bg, Person("p1"), sealed, []byte("t|r|c"))
		if err != nil || string(plain) != "Ada" {
			t.Fatalf("got %q, %v", plain, err)
		}
		mac2, err := r.MAC(bg, Person("p1"), "email", []byte("ada@example.org"))
		if err != nil || mac1 != mac2 {
			t.Fatalf("the keyed hash changed over a restart: %v", err)
		}
	})
}

func TestADestroyedKeyIsGoneForEver(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		r := open(t, c)
		sealed := seal(t, r, Person("p1"), "Ada")
		for range 2 {
			must(t, r.Destroy(bg, Person("p1")))
		}
		gone := func(r *Ring) {
			t.Helper()
			if _, err := r.Open(bg, Person("p1"), sealed, []byte("t|r|c")); !errors.Is(err, ErrDestroyed) {
				t.Errorf("Open: %v", err)
			}
			if err := r.Ensure(bg, Person("p1")); !errors.Is(err, ErrDestroyed) {
				t.Errorf("Ensure: %v", err)
			}
			if _, err := r.MAC(bg, Person("p1"), "x", nil); !errors.Is(err, ErrDestroyed) {
				t.Errorf("MAC: %v", err)
			}
		}
		gone(r)
		must(t, r.Close())
		gone(open(t, c))
	})
}
