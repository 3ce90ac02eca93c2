package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
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

func TestSealedForOnePlaceOpensNowhereElse(t *testing.T) {
	r := open(t, config(t, storetest.URL(t, store.SQLite, nil)))
	sealed := seal(t, r, Person("1"), "Ada")
	must(t, r.Ensure(bg, Person("2")))
	if _, err := r.Open(bg, Person("1"), sealed, []byte("t|r|other")); !errors.Is(err, ErrSealed) {
		t.Errorf("another column: %v", err)
	}
	if _, err := r.Open(bg, Person("2"), sealed, []byte("t|r|c")); !errors.Is(err, ErrSealed) {
		t.Errorf("another person: %v", err)
	}
	if _, err := r.Open(bg, Person("3"), sealed, []byte("t|r|c")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a key never made: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := r.Open(bg, Person("1"), changed, []byte("t|r|c")); !errors.Is(err, ErrSealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

func TestDerivedSecretsAreApart(t *testing.T) {
	r := open(t, config(t, storetest.URL(t, store.SQLite, nil)))
	seen := map[[32]byte]string{}
	add := func(name string, b [32]byte, err error) {
		t.Helper()
		must(t, err)
		if was, ok := seen[b]; ok {
			t.Errorf("%s is the same as %s", name, was)
		}
		seen[b] = name
	}
	for _, ref := range []Ref{Tenant("1"), Person("1"), Entity("1"), Install("1")} {
		must(t, r.Ensure(bg, ref))
		for _, purpose := range []string{"view", "email", ""} {
			b, err := r.Secret(bg, ref, purpose)
			add("secret "+string(ref)+purpose, b, err)
			b, err = r.MAC(bg, ref, purpose, nil)
			add("mac "+string(ref)+purpose, b, err)
			b, err = r.MAC(bg, ref, purpose, []byte("x"))
			add("mac x "+string(ref)+purpose, b, err)
		}
		k, err := r.key(bg, ref)
		must(t, err)
		add("the secret itself "+string(ref), [32]byte(k.secret), nil)
		add("the sealing key "+string(ref), k.derive("seal v1"), nil)
	}
}

func TestWrongReferencesAndSettingsAreRefused(t *testing.T) {
	c := config(t, storetest.URL(t, store.SQLite, nil))
	r := open(t, c)
	for _, ref := range []Ref{"", "person", "person:", "cat:1", Person(strings.Repeat("x", maxRef))} {
		if err := r.Ensure(bg, ref); err == nil {
			t.Errorf("Ensure %q passed", ref)
		}
		if err := r.Destroy(bg, ref); err == nil {
			t.Errorf("Destroy %q passed", ref)
		}
	}
	if _, err := Open(bg, c); err == nil || !strings.Contains(err.Error(), "another Halle") {
		t.Errorf("a second process on one file: %v", err)
	}
	c.CacheFor = 3 * time.Second
	if _, err := Open(bg, c); err == nil || !strings.Contains(err.Error(), "at most 2s") {
		t.Errorf("a cache too old: %v", err)
	}
}

func TestTheMainDatabaseIsRefused(t *testing.T) {
	main := []store.Migrations{{Package: "order", Files: fstest.MapFS{"migrations/0001_order.sql": {Data: []byte("CREATE TABLE thing (id TEXT);")}}}}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		u := storetest.URL(t, engine, main)
		db, err := store.Open(bg, u)
		must(t, err)
		must(t, db.Migrate(bg, main...))
		must(t, db.Close())
		if _, err := Open(bg, config(t, u)); err == nil || !strings.Contains(err.Error(), "of their own") {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

// TestErrorsTellNothing: no text of an error holds what is sealed, the secrets, or the root key.
func TestErrorsTellNothing(t *testing.T) {
	c := config(t, storetest.URL(t, store.SQLite, nil))
	r := open(t, c)
	const canary = "canary-of-ada"
	sealed := seal(t, r, Person("1"), canary)
	k, err := r.key(bg, Person("1"))
	must(t, err)
	root, err := os.ReadFile(c.RootFile)
	must(t, err)
	ended, cancel := context.WithCancel(bg)
	cancel()
	var errs []error
	try := func(_ any, err error) { errs = append(errs, err) }
	try(r.Open(bg, Person("1"), sealed, []byte(canary)))
	try(r.Open(bg, Person("1"), []byte(canary), nil))
	try(r.Seal(bg, Person("2"), []byte(canary), nil))
	try(r.MAC(bg, Person("2"), "x", []byte(canary)))
	must(t, os.WriteFile(c.RootFile, root[1:], 0o600))
	try(LoadRoot(c.RootFile))
	r.cache.purge()
	try(r.Seal(ended, Person("1"), []byte(canary), nil))
	must(t, r.Destroy(bg, Person("1")))
	try(r.Seal(bg, Person("1"), []byte(canary), nil))
	for _, err := range errs {
		if err == nil {
			t.Error("that should have failed")
			continue
		}
		text := err.Error() + fmt.Sprintf("%+v %x %q", err, err, err)
		for _, secret := range []string{canary, string(k.secret), hex.EncodeToString(k.secret), string(root[:10]), base64.StdEncoding.EncodeToString(k.secret)[:10], hex.EncodeToString([]byte(canary))} {
			if strings.Contains(text, secret) {
				t.Errorf("an error tells: %v", err)
			}
		}
	}
}

// TestManyAtOnce: the same and other keys are made, used and destroyed by many at once.
func TestManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		c.CacheSize = 4
		r := open(t, c)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 12 {
					ref := Person(fmt.Sprint(i))
					if err := r.Ensure(bg, ref); err != nil && !errors.Is(err, ErrDestroyed) {
						t.Errorf("ensure: %v", err)
						return
					}
					sealed, err := r.Seal(bg, ref, []byte("Ada"), nil)
					if err == nil {
						var plain []byte
						plain, err = r.Open(bg, ref, sealed, nil)
						if err == nil && string(plain) != "Ada" {
							t.Errorf("got %q", plain)
						}
					}
					if err != nil && !errors.Is(err, ErrDestroyed) {
						t.Errorf("use: %v", err)
					}
					if g == 0 && i%3 == 0 {
						if err := r.Destroy(bg, ref); err != nil {
							t.Errorf("destroy: %v", err)
						}
					}
				}
			})
		}
		wg.Wait()
		for i := range 12 {
			err := r.Ensure(bg, Person(fmt.Sprint(i)))
			if errors.Is(err, ErrDestroyed) != (i%3 == 0) {
				t.Errorf("key %d: %v", i, err)
			}
		}
	})
}

func FuzzOpen(f *testing.F) {
	r := open(f, config(f, storetest.URL(f, store.SQLite, nil)))
	good := seal(f, r, Person("1"), "Ada")
	for _, seed := range [][]byte{good, good[:len(good)-1], {}, {formV1}, {2}, bytes.Repeat([]byte{formV1}, Overhead)} {
		f.Add(seed, []byte("t|r|c"))
	}
	f.Fuzz(func(t *testing.T, sealed, aad []byte) {
		plain, err := r.Open(bg, Person("1"), sealed, aad)
		if err == nil && (!bytes.Equal(sealed, good) || string(aad) != "t|r|c" || string(plain) != "Ada") {
			t.Fatalf("opened %x as %q", sealed, plain)
		}
		if err != nil && !errors.Is(err, ErrSealed) {
			t.Fatal(err)
		}
	})
}

func BenchmarkSealAndOpen(b *testing.B) {
	r := open(b, config(b, storetest.URL(b, store.SQLite, nil)))
	plain, aad := bytes.Repeat([]byte("x"), 1024), []byte("person|per_demo_1|name")
	must(b, r.Ensure(bg, Person("1")))
	sealed, err := r.Seal(bg, Person("1"), plain, aad)
	must(b, err)
	b.Run("seal 1 KiB", func(b *testing.B) {
		for b.Loop() {
			_, _ = r.Seal(bg, Person("1"), plain, aad)
		}
	})
	b.Run("open 1 KiB", func(b *testing.B) {
		for b.Loop() {
			_, _ = r.Open(bg, Person("1"), sealed, aad)
		}
	})
	b.Run("mac", func(b *testing.B) {
		for b.Loop() {
			_, _ = r.MAC(bg, Person("1"), "email", plain[:32])
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			_, _ = r.load(bg, Person("1"))
		}
	})
	b.Run("ensure new", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			_ = r.Ensure(bg, Tenant(fmt.Sprint(n)))
		}
	})
}
