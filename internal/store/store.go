// Package store is the one door to the main database: SQLite in a file, or PostgreSQL, with one SQL text for both.
//
// Owns: opening, transactions with retry, migrations, the mapping of a few DDL words, instants and JSON as values,
// leases, wake-up signals between processes.
// Does not own: any table of a business package; each package brings its own migrations and queries.
// Reads: the tables schema_migration and lease.
// Writes: the tables schema_migration and lease.
//
// Rules for the SQL that callers write: $1 placeholders; BIGINT, BOOLEAN, TIMESTAMPTZ, JSONB, BYTEA and TEXT as
// types; times through Time, documents through JSON; no engine's own functions. A limit or a counter is a conditional
// update judged by its rows affected. A duplicate goes by ON CONFLICT, never by catching an error.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the "sqlite" driver
)

// Engine is one of the two databases.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
)

// DB is an open database. Safe for concurrent use.
type DB struct {
	engine  Engine
	url     string
	write   *sql.DB // SQLite: exactly one connection
	read    *sql.DB
	writer  *writer  // SQLite only
	readers *readers // SQLite only
	gate    *gate    // PostgreSQL only
	lock    *os.File // SQLite: no second process on the file
	signals signals
	rush    rush

	closing  sync.Once
	closed   atomic.Bool
	closeErr error
}

// Open opens "sqlite:PATH" or "postgres://…" and checks that it answers. On SQLite it takes an exclusive lock on
// PATH.lock, so that a second process on the same file is refused with a sentence; "sqlite:PATH?sync=off" is for
// tests only.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	if path, ok := strings.CutPrefix(rawURL, "sqlite:"); ok {
		return openSQLite(ctx, path)
	}
	if strings.HasPrefix(rawURL, "postgres://") || strings.HasPrefix(rawURL, "postgresql://") {
		return openPostgres(ctx, rawURL)
	}
	return nil, errors.New(`database: write sqlite:PATH or postgres://user@host/name`)
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	path, query, _ := strings.Cut(path, "?")
	sync := "FULL"
	if query == "sync=off" {
		sync = "OFF"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("database folder: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	db := &DB{engine: SQLite, url: path, lock: lock}
	db.rush.pace.kept = true
	common := []string{"busy_timeout(10000)", "foreign_keys(1)", "synchronous(" + sync + ")", "temp_store(memory)", "secure_delete(1)"}
	db.write, err = sql.Open("sqlite", sqliteDSN(path, append(common, "journal_mode(WAL)", "wal_autocheckpoint(4000)"), "immediate"))
	if err == nil {
		db.read, err = sql.Open("sqlite", sqliteDSN(path, append(common, "query_only(1)"), "deferred"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), lock.Close())
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetConnMaxLifetime(0)
	db.read.SetMaxOpenConns(readersMost)
	db.read.SetMaxIdleConns(readersMost)
	c, err := open(ctx, db.write)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	db.writer, db.readers = newWriter(c), newReaders(db.read)
	return db, nil
}

func sqliteDSN(path string, pragmas []string, txlock string) string {
	v := url.Values{"_pragma": pragmas, "_txlock": {txlock}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another Halle is using %s: stop it, or choose another data folder", strings.TrimSuffix(path, ".lock")), f.Close())
	}
	return f, nil
}

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	conf, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	// Who reads a whole small table conflicts with everybody who writes to it (PostgreSQL 13.2.3), so an index is used
	// wherever there is one.
	conf.RuntimeParams["enable_seqscan"] = "off"
	// A scan that is taken all the same, for want of an index, counts as 10¹⁰ in PostgreSQL's prices, for which it would
	// first compile the statement: 30 to 100 ms for a table of one row.
	conf.RuntimeParams["jit"] = "off"
	pool := stdlib.OpenDB(*conf)
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(24)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db := &DB{engine: PostgreSQL, url: rawURL, write: pool, read: pool, gate: newGate()}
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("PostgreSQL does not answer: %w", err), pool.Close())
	}
	return db, nil
}

// Engine tells which database this is.
func (db *DB) Engine() Engine { return db.engine }

// Close closes all connections and gives the lock back; a second call gives the first one's answer.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.closed.Store(true)
		db.closeErr = db.close()
	})
	return db.closeErr
}

func (db *DB) close() error {
	db.signals.close()
	var errs []error
	if db.readers != nil {
		errs = append(errs, db.readers.close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.alone(func(c *conn) error { return c.close() }))
	}
	if db.engine == SQLite {
		errs = append(errs, db.read.Close())
	}
	errs = append(errs, db.write.Close())
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

// Checkpoint empties SQLite's write-ahead log into the file, so that no deleted byte stays behind; on PostgreSQL it
// does nothing. Needed after a key was destroyed.
func (db *DB) Checkpoint(ctx context.Context) error {
	if db.engine != SQLite {
		return nil
	}
	var busy bool
	var frames, moved int64
	err := db.writer.alone(func(c *conn) error {
		return c.c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	})
	if err != nil {
		return err
	}
	if busy {
		return errors.New("checkpoint: a long reader keeps the write-ahead log; try again")
	}
	return nil
}

// signals wakes sleepers inside this process; on PostgreSQL notifyLoop feeds it from other processes too.
type signals struct {
	mu     sync.Mutex
	subs   map[string][]chan struct{}
	cancel context.CancelFunc
	self   string // of this process, for the others; by name
}

// name tells this open database from those of other processes.
func (s *signals) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.self == "" {
		s.self = rand.Text()
	}
	return s.self
}

func (s *signals) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

func (s *signals) subscribe(topics []string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := make(chan struct{}, 1)
	if s.subs == nil {
		s.subs = map[string][]chan struct{}{}
	}
	for _, topic := range topics {
		s.subs[topic] = append(s.subs[topic], ch)
	}
	return ch
}

func (s *signals) wake(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range s.subs[topic] {
		select {
		case ch <- struct{}{}:
		default: // already told: wake-ups are coalesced
		}
	}
}
