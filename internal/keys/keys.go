// Package keys seals data under one key for each tenant, person and legal entity, so that destroying a key erases
// everything that was sealed under it, wherever copies of the ciphertext lie.
//
// Owns: the root key in its file, the store of wrapped keys (keys.db or an own PostgreSQL database), the sealed form,
// keyed hashes and secrets derived from a key, the protocol of creating and destroying.
// Does not own: which field is sealed under which key, the facts about a key's destruction, backups.
// Reads: the root key file, the tables wrapped_key and root_key of its own database.
// Writes: the same.
//
// Create: call Ensure before the business transaction; a key without data is an orphan that a sweep finds with Refs,
// data without its key cannot arise. Destroy: the business transaction condemns (a fact and a job), the job calls
// Destroy until it succeeds. A restore brings old keys back, so the list of all condemned goes through Apply before
// anything is served.
//
// Residue: on SQLite, Destroy returns once the wrapped bytes are gone from the file and its write-ahead log. On
// PostgreSQL dead row versions, its log and its backups keep them for a while, as backups of the file do: all of
// those are dead once Rewrap has moved the survivors to a new root key and the old root key's file is destroyed.
package keys

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of the key store. They go into its own database, never into the main one.
func Migrations() store.Migrations { return store.Migrations{Package: "keys", Files: files} }

// Ref names a key by whom it belongs to. It is no secret and holds no personal data.
type Ref string

// Tenant is the key of an organisation.
func Tenant(org string) Ref { return Ref("tenant:" + org) }

// Person is the key of a person; destroying it erases the person.
func Person(id string) Ref { return Ref("person:" + id) }

// Entity is the key of a legal entity, for the copies that law retains.
func Entity(id string) Ref { return Ref("entity:" + id) }

// Install is a key of the installation itself, such as the seed of the log's signing key.
func Install(name string) Ref { return Ref("install:" + name) }

const maxRef = 200

func (r Ref) check() error {
	kind, name, _ := strings.Cut(string(r), ":")
	if name == "" || len(r) > maxRef || !slices.Contains([]string{"tenant", "person", "entity", "install"}, kind) {
		return fmt.Errorf("key reference %q: make it with Tenant, Person, Entity or Install", r)
	}
	return nil
}

// The errors that callers tell apart with errors.Is.
var (
	// ErrDestroyed: the key was destroyed; what was sealed under it is erased for ever.
	ErrDestroyed = fail.New(fail.Gone, "keys.destroyed", "This data was erased.", "It cannot be brought back; that is the purpose of erasure.")
	// ErrUnknown: no such key was ever made; Ensure makes it.
	ErrUnknown = errors.New("no such key: Ensure comes before use")
	// ErrSealed: the bytes were not sealed under this key with this associated data, or were changed since.
	ErrSealed = errors.New("sealed data cannot be opened: changed, cut, or sealed for another place")
)

// Info describes one key without its bytes.
type Info struct {
	Ref         Ref
	Root        string // identifier of the root key that wraps it; "" once destroyed
	CreatedAt   time.Time
	DestroyedAt time.Time // zero while it lives
	ScrubbedAt  time.Time // when its bytes had left the database's files; zero until then
}

// Config says where the keys are.
type Config struct {
	URL           string        // "sqlite:PATH/keys.db" or "postgres://…": its own database, not the main one
	RootFile      string        // the root key; must be readable by its owner only
	OtherRootFile string        // while rotating: the previous or the next root key; "" otherwise
	CreateRoot    bool          // make RootFile when it is missing and the key store is still empty
	Clock         clock.Clock   // for the stamps on rows; clock.System when nil
	CacheFor      time.Duration // how long another process's destruction may go unnoticed; at most 2 s, 0 means 1.5 s
	CacheSize     int           // keys held in memory; 0 means 8192
}

const (
	maxCacheFor     = 2 * time.Second
	defaultCacheFor = 1500 * time.Millisecond
	defaultSize     = 8192
	destroyedTopic  = "keys.destroyed"
)

// Ring is an open key store. Safe for concurrent use.
type Ring struct {
	db    *store.DB
	roots map[string]*Root
	root  *Root
	now   clock.Clock
	cache *cache
	stop  context.CancelFunc
	done  chan struct{}
}

// Open opens the key store, makes the root key when it may, and finishes destructions that a crash interrupted.
// It refuses a root key that did not wrap what is in the store.
func Open(ctx context.Context, c Config) (*Ring, error) {
	if c.CacheFor < 0 || c.CacheFor > maxCacheFor {
		return nil, fmt.Errorf("keys: the cache may hold keys for at most %s, so that destroyed ones are obeyed in time", maxCacheFor)
	}
	if c.CacheFor == 0 {
		c.CacheFor = defaultCacheFor
	}
	if c.CacheSize <= 0 {
		c.CacheSize = defaultSize
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	db, err := store.Open(ctx, c.URL)
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	r := &Ring{db: db, now: c.Clock, cache: newCache(c.CacheSize, c.CacheFor)}
	if err := r.start(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("key store: %w", err), db.Close())
	}
	return r, nil
}

func (r *Ring) start(ctx context.Context, c Config) error {
	if err := r.db.Migrate(ctx, Migrations()); err != nil {
		return err
	}
	if err := r.db.Read(ctx, refuseMainDatabase); err != nil {
		return err
	}
	if err := r.openRoots(ctx, c); err != nil {
		return err
	}
	if err := r.scrub(ctx); err != nil {
		return err
	}
	listening, stop := context.WithCancel(context.Background())
	r.stop, r.done = stop, make(chan struct{})
	woken := r.db.Listen(destroyedTopic)
	go func() {
		defer close(r.done)
		for {
			select {
			case <-woken:
				r.cache.purge()
			case <-listening.Done():
				return
			}
		}
	}()
	return nil
}

// refuseMainDatabase keeps keys and the data they seal apart: in one database, each of its backups would hold both.
func refuseMainDatabase(tx *store.Tx) error {
	var others int
	if err := tx.QueryRow("SELECT count(*) FROM schema_migration WHERE package NOT IN ('store', 'keys')").Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		return errors.New("this database holds other data too: give the keys a database of their own, so that no backup holds data and keys together")
	}
	return nil
}

// Close forgets the keys in memory and closes the store.
func (r *Ring) Close() error {
	r.stop()
	<-r.done
	r.cache.purge()
	return r.db.Close()
}
