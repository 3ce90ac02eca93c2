package keys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

func wrappedOf(t testing.TB, r *Ring, ref Ref) (b []byte) {
	t.Helper()
	must(t, r.db.Read(bg, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT wrapped FROM wrapped_key WHERE ref = $1", string(ref)).Scan(&b)
	}))
	return b
}

// onDisk tells whether the bytes are anywhere in the files of an SQLite key store.
func onDisk(t testing.TB, c Config, what []byte) bool {
	t.Helper()
	path, _, _ := strings.Cut(strings.TrimPrefix(c.URL, "sqlite:"), "?")
	for _, suffix := range []string{"", "-wal", "-journal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, what) {
			return true
		}
	}
	return false
}

// killed gives the key store as a new process finds it after kill -9 of the one that has it open: on SQLite a copy of
// the files as they are, without the tidying that Close does.
func killed(t testing.TB, c Config) Config {
	t.Helper()
	path, isFile := strings.CutPrefix(c.URL, "sqlite:")
	if !isFile {
		return c
	}
	path, query, _ := strings.Cut(path, "?")
	to := filepath.Join(t.TempDir(), "keys.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		must(t, err)
		must(t, os.WriteFile(to+suffix, b, 0o600))
	}
	c.URL = "sqlite:" + to + "?" + query
	return c
}

func TestNoByteOfADestroyedKeyStaysInTheFile(t *testing.T) {
	c := config(t, storetest.URL(t, store.SQLite, nil))
	r := open(t, c)
	for i := range 300 {
		must(t, r.Ensure(bg, Person(fmt.Sprint(i))))
	}
	one, other := wrappedOf(t, r, Person("137")), wrappedOf(t, r, Person("138"))
	if !onDisk(t, c, one) {
		t.Fatal("the test does not see a living key, so it would not see a destroyed one either")
	}
	must(t, r.Destroy(bg, Person("137")))
	if onDisk(t, c, one) || !onDisk(t, c, other) {
		t.Fatal("the destroyed key is still in the file, or its neighbour is not")
	}
}

// TestDestructionSurvivesACrashAtEachStep: the process dies after the tombstone, or after the checkpoint; the next
// start ends what was begun.
func TestDestructionSurvivesACrashAtEachStep(t *testing.T) {
	steps := map[string]func(r *Ring) error{
		"before": func(*Ring) error { return nil },
		"after the tombstone": func(r *Ring) error {
			return r.bury(bg, []Ref{Person("1")})
		},
		"after the checkpoint": func(r *Ring) error {
			return errors.Join(r.bury(bg, []Ref{Person("1")}), r.db.Checkpoint(bg))
		},
		"at the end": func(r *Ring) error { return r.Destroy(bg, Person("1")) },
	}
	for name, crashAfter := range steps {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, c Config) {
				r := open(t, c)
				seal(t, r, Person("1"), "Ada")
				wrapped := wrappedOf(t, r, Person("1"))
				must(t, crashAfter(r))
				c = killed(t, c)
				r = open(t, c)
				if name == "before" {
					must(t, r.Apply(bg, []Ref{Person("1")})) // the fact was there, the job had not begun
				}
				infos, err := r.Refs(bg, "", 10)
				must(t, err)
				if len(infos) != 1 || infos[0].DestroyedAt.IsZero() || infos[0].ScrubbedAt.IsZero() || infos[0].Root != "" {
					t.Fatalf("not resumed: %+v", infos)
				}
				if r.db.Engine() == store.SQLite && onDisk(t, c, wrapped) {
					t.Fatal("bytes left behind")
				}
				must(t, r.Destroy(bg, Person("1")))
			})
		})
	}
}

// TestACrashAfterEnsureLeavesAnOrphanThatIsListed: the business transaction never came.
func TestACrashAfterEnsureLeavesAnOrphanThatIsListed(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		r := open(t, c)
		for _, ref := range []Ref{Tenant("b"), Person("orphan"), Tenant("a")} {
			must(t, r.Ensure(bg, ref))
		}
		r = open(t, killed(t, c))
		var got []Ref
		for after := Ref(""); ; {
			page, err := r.Refs(bg, after, 2)
			must(t, err)
			if len(page) == 0 {
				break
			}
			for _, i := range page {
				got = append(got, i.Ref)
				if i.Root == "" || i.CreatedAt.IsZero() || !i.DestroyedAt.IsZero() {
					t.Errorf("a living key looks like %+v", i)
				}
			}
			after = page[len(page)-1].Ref
		}
		if d := cmp.Diff([]Ref{"person:orphan", "tenant:a", "tenant:b"}, got); d != "" {
			t.Fatal(d)
		}
	})
}

// TestARestoreDoesNotBringAKeyBack: the store is from before the destruction, the condemned list is not.
func TestARestoreDoesNotBringAKeyBack(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		r := open(t, c)
		sealed := seal(t, r, Person("old"), "Ada")
		condemned := []Ref{Person("old"), Person("never seen here")}
		for i := range 1200 {
			condemned = append(condemned, Person(fmt.Sprintf("many%04d", i)))
		}
		for range 2 {
			must(t, r.Apply(bg, condemned))
		}
		if _, err := r.Open(bg, Person("old"), sealed, []byte("t|r|c")); !errors.Is(err, ErrDestroyed) {
			t.Errorf("Open: %v", err)
		}
		if err := r.Ensure(bg, Person("never seen here")); !errors.Is(err, ErrDestroyed) {
			t.Errorf("Ensure: %v", err)
		}
		if err := r.Apply(bg, []Ref{"nonsense"}); err == nil {
			t.Error("a wrong reference was applied")
		}
	})
}

// TestEveryProcessObeysWithinTheCachesTime: without a wake-up from the one that destroyed, by age alone.
func TestEveryProcessObeysWithinTheCachesTime(t *testing.T) {
	c := config(t, storetest.URL(t, store.PostgreSQL, []store.Migrations{Migrations()}))
	one, other := open(t, c), open(t, c)
	sealed := seal(t, one, Person("1"), "Ada")
	var age time.Duration
	other.cache.age = func() time.Duration { return age }
	other.stop() // the wake-up is lost
	<-other.done
	read := func() error {
		_, err := other.Open(bg, Person("1"), sealed, []byte("t|r|c"))
		return err
	}
	must(t, read())
	must(t, one.Destroy(bg, Person("1")))
	age = defaultCacheFor - 1
	must(t, read()) // from memory: this is what the age limit is for
	age = defaultCacheFor
	if err := read(); !errors.Is(err, ErrDestroyed) {
		t.Fatalf("after the cache's time: %v", err)
	}
	age += time.Hour
	if _, destroyed := other.cache.get(Person("1")); !destroyed {
		t.Fatal("that a key is destroyed need not be asked twice")
	}
}

func TestADestructionWakesOtherProcesses(t *testing.T) {
	c := config(t, storetest.URL(t, store.PostgreSQL, []store.Migrations{Migrations()}))
	one, other := open(t, c), open(t, c)
	sealed := seal(t, one, Person("1"), "Ada")
	other.cache.age = func() time.Duration { return 0 } // nothing grows old: only the wake-up helps
	for range 1000 {
		if _, err := other.Open(bg, Person("1"), sealed, []byte("t|r|c")); errors.Is(err, ErrDestroyed) {
			return
		}
		must(t, one.Destroy(bg, Person("1"))) // again, as the listener may not be connected yet
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("never told")
}

// TestAKeyReadBeforeADestructionIsNotRemembered: the row was read, then destroyed, then put into the cache.
func TestAKeyReadBeforeADestructionIsNotRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		r := open(t, c)
		seal(t, r, Person("1"), "Ada")
		r.cache.purge()
		from, purges := r.cache.begin()
		k, err := r.load(bg, Person("1"))
		must(t, err)
		must(t, r.Destroy(bg, Person("1")))
		r.cache.put(Person("1"), k, from, purges)
		if _, err := r.key(bg, Person("1")); !errors.Is(err, ErrDestroyed) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestTheCacheKeepsTheLastUsed(t *testing.T) {
	c := newCache(2, time.Second)
	k := &key{}
	for _, ref := range []Ref{"a", "b"} {
		c.put(ref, k, 0, 0)
	}
	c.age = func() time.Duration { return 0 }
	c.get("a")
	c.put("c", k, 0, 0)
	for ref, want := range map[Ref]*key{"a": k, "b": nil, "c": k} {
		if got, _ := c.get(ref); got != want {
			t.Errorf("%s: %v", ref, got)
		}
	}
}
