package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

func TestTheRootKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "root.key")
	var wg sync.WaitGroup
	ids := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			if err := CreateRoot(file); err != nil {
				t.Error(err)
				return
			}
			root, err := LoadRoot(file)
			if err != nil {
				t.Error(err)
				return
			}
			ids <- root.ID()
		})
	}
	wg.Wait()
	first := <-ids
	for range 7 {
		if got := <-ids; got != first {
			t.Fatalf("two root keys: %s and %s", first, got)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestABadRootFileIsRefused(t *testing.T) {
	good := "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for name, c := range map[string]struct {
		text string
		mode fs.FileMode
		why  string
	}{
		"readable by the group": {good, 0o640, "chmod 600"},
		"writable by all":       {good, 0o602, "chmod 600"},
		"empty":                 {"", 0o600, "32 bytes"},
		"cut":                   {good[:20], 0o600, "32 bytes"},
		"no base64":             {"*" + good[1:], 0o600, "32 bytes"},
		"too much":              {good + good, 0o600, "32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "root.key")
			must(t, os.WriteFile(file, []byte(c.text), 0o600))
			must(t, os.Chmod(file, c.mode))
			_, err := LoadRoot(file)
			if err == nil || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), good[1:10]) {
				t.Fatalf("got %v", err)
			}
		})
	}
	if _, err := LoadRoot(t.TempDir()); err == nil {
		t.Error("a folder is no root key")
	}
}

func TestStartIsRefusedWithTheWrongRootKey(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		lacking := c
		lacking.CreateRoot = false
		if _, err := Open(bg, lacking); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("without a root key: %v", err)
		}
		r := open(t, c)
		seal(t, r, Person("1"), "Ada")
		must(t, r.Close())

		lost := c
		lost.RootFile = filepath.Join(t.TempDir(), "root.key")
		if _, err := Open(bg, lost); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a second root key was made for keys that another one wraps: %v", err)
		}
		must(t, CreateRoot(lost.RootFile))
		if _, err := Open(bg, lost); err == nil || !strings.Contains(err.Error(), r.root.ID()) {
			t.Errorf("wrong root key: %v", err)
		}
		lost.OtherRootFile = filepath.Join(t.TempDir(), "none")
		if _, err := Open(bg, lost); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("missing other root key: %v", err)
		}
	})
}

// TestTheRootKeyRotates goes through the steps that Rewrap documents, with a process of each step alive beside the
// next on PostgreSQL.
func TestTheRootKeyRotates(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		beside := strings.HasPrefix(c.URL, "postgres")
		r := open(t, c)
		sealed := seal(t, r, Person("1"), "Ada")
		seal(t, r, Person("2"), "Bob")
		must(t, r.Destroy(bg, Person("2")))
		mac, err := r.MAC(bg, Person("1"), "email", []byte("x"))
		must(t, err)

		next := filepath.Join(t.TempDir(), "next.key")
		must(t, CreateRoot(next))
		step := func(root, other string) *Ring {
			t.Helper()
			if !beside {
				must(t, r.Close())
			}
			c.RootFile, c.OtherRootFile = root, other
			r = open(t, c)
			return r
		}
		old := c.RootFile
		first := step(old, next)
		second := step(next, old)
		seal(t, second, Person("3"), "Eve")
		if beside {
			_, err := first.key(bg, Person("3"))
			must(t, err)
		}
		moved, err := second.Rewrap(bg)
		if err != nil || moved != 1 {
			t.Fatalf("moved %d, %v", moved, err)
		}
		if beside {
			if err := first.Ensure(bg, Person("4")); err == nil || !strings.Contains(err.Error(), "rotated away") {
				t.Errorf("a key was made under the root key that is gone: %v", err)
			}
		}
		last := step(next, "")
		plain, err := last.Open(bg, Person("1"), sealed, []byte("t|r|c"))
		if err != nil || string(plain) != "Ada" {
			t.Fatalf("after the rotation: %q %v", plain, err)
		}
		if again, err := last.MAC(bg, Person("1"), "email", []byte("x")); err != nil || again != mac {
			t.Fatalf("the keyed hash changed: %v", err)
		}
		if moved, err := last.Rewrap(bg); err != nil || moved != 0 {
			t.Fatalf("moved %d again, %v", moved, err)
		}
		c.RootFile = old
		if beside {
			if _, err := Open(bg, c); err == nil {
				t.Fatal("the old root key was accepted after the rotation")
			}
		}
	})
}

// TestARowCopiedOverAnotherIsRefused: whoever writes to the key store cannot make one person's data another's.
func TestARowCopiedOverAnotherIsRefused(t *testing.T) {
	c := config(t, storetest.URL(t, store.SQLite, nil))
	r := open(t, c)
	seal(t, r, Person("1"), "Ada")
	seal(t, r, Person("2"), "Bob")
	must(t, r.db.Tx(bg, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE wrapped_key SET wrapped = (SELECT wrapped FROM wrapped_key WHERE ref = 'person:1') WHERE ref = 'person:2'")
		return err
	}))
	r.cache.purge()
	if _, err := r.Seal(bg, Person("2"), nil, nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("got %v", err)
	}
}
