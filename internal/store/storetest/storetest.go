// Package storetest gives tests a fresh, migrated database on both engines.
//
// Owns: one PostgreSQL a test binary (or the one of the run), a template database per set of migrations, a clone per
// test; a SQLite file in the test's folder.
// Does not own: the cluster itself (pgtest).
// Reads: HALLE_TEST_POSTGRES through pgtest.
// Writes: databases named halle_t_* in that cluster.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
)

// Each runs fn as a sub-test on SQLite and on PostgreSQL, each time on an empty database with the sets applied.
// There is no skipping: without PostgreSQL the test fails and says what is missing.
func Each(t *testing.T, sets []store.Migrations, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			fn(t, Open(t, URL(t, engine, sets), sets))
		})
	}
}

// Open opens the URL, applies the sets and closes it at the end of the test.
func Open(t testing.TB, rawURL string, sets []store.Migrations) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), rawURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.Background(), sets...); err != nil {
		t.Fatal(err)
	}
	return db
}

// URL makes an own database for the test and gives its URL, for a process that the test starts. A PostgreSQL one has
// the sets applied already.
func URL(t testing.TB, engine store.Engine, sets []store.Migrations) string {
	t.Helper()
	if engine == store.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "halle.db") + "?sync=off"
	}
	base, err := cluster()
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v", err)
	}
	return clone(t, base, sets)
}

var cluster = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// No stop: the cluster dies with the test binary (see pgtest).
	u, _, err := pgtest.Start(ctx)
	return u, err
})

func clone(t testing.TB, base string, sets []store.Migrations) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	conn, err := admin.Conn(ctx)
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v", err)
	}
	defer func() { _ = conn.Close() }()
	// One at a time over all test binaries: CREATE DATABASE … TEMPLATE wants the template unused.
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(4276854)"); err != nil {
		t.Fatal(err)
	}
	template, err := makeTemplate(ctx, conn, base, sets)
	name := "halle_t_" + randomHex()
	if err == nil {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template))
	}
	_, unlockErr := conn.ExecContext(ctx, "SELECT pg_advisory_unlock(4276854)")
	if err != nil || unlockErr != nil {
		t.Fatal(err, unlockErr)
	}
	t.Cleanup(func() {
		_, _ = admin.ExecContext(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	})
	return withDatabase(base, name)
}

func makeTemplate(ctx context.Context, conn *sql.Conn, base string, sets []store.Migrations) (string, error) {
	name := "halle_t_" + fingerprint(sets)
	var there bool
	if err := conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pg_database WHERE datname = $1", name).Scan(&there); err != nil || there {
		return name, err
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return name, err
	}
	db, err := store.Open(ctx, withDatabase(base, name))
	if err != nil {
		return name, err
	}
	err = db.Migrate(ctx, sets...)
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_, _ = conn.ExecContext(ctx, "DROP DATABASE "+name)
	}
	return name, err
}

func fingerprint(sets []store.Migrations) string {
	h := sha256.New()
	for _, s := range append([]store.Migrations{store.Own()}, sets...) {
		names, _ := fs.Glob(s.Files, "migrations/*.sql")
		for _, n := range names {
			text, _ := fs.ReadFile(s.Files, n)
			_, _ = fmt.Fprintf(h, "%s/%s %d\n%s", s.Package, n, len(text), text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func randomHex() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}
