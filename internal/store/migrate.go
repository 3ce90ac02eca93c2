package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var ownFiles embed.FS

// Migrations are the numbered files migrations/NNNN_name.sql of one package. They only grow: a file that was applied
// never changes, and each leaves the previous binary working beside the new one (expand first, contract a release
// later).
type Migrations struct {
	Package string
	Files   fs.FS
}

// Own are the tables of store itself; Migrate applies them first without being asked.
func Own() Migrations { return Migrations{Package: "store", Files: ownFiles} }

type migration struct {
	pkg, name, text, hash string
}

// Migrate brings the database to the state of the sets, in their order (a package after those above it). It errors
// when an applied file was changed since, and leaves migrations of a newer binary alone.
func (db *DB) Migrate(ctx context.Context, sets ...Migrations) error {
	var list []migration
	for _, set := range append([]Migrations{Own()}, sets...) {
		l, err := set.load()
		if err != nil {
			return err
		}
		list = append(list, l...)
	}
	return db.Claim(ctx, func(tx *Tx) error {
		if db.engine == PostgreSQL {
			if _, err := tx.Exec("SELECT pg_advisory_xact_lock(4276853)"); err != nil {
				return err
			}
		}
		return tx.migrate(list)
	})
}

func (tx *Tx) migrate(list []migration) error {
	if err := tx.ddl(`CREATE TABLE IF NOT EXISTS schema_migration (
		package TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL,
		PRIMARY KEY (package, name));`); err != nil {
		return err
	}
	done := map[string]string{}
	err := tx.Each(func(row Scanner) error {
		var pkg, name, hash string
		err := row.Scan(&pkg, &name, &hash)
		done[pkg+"/"+name] = hash
		return err
	}, "SELECT package, name, hash FROM schema_migration")
	if err != nil {
		return err
	}
	for _, m := range list {
		have, ok := done[m.pkg+"/"+m.name]
		if ok && have != m.hash {
			return fmt.Errorf("migration %s/%s was changed after it was applied: restore the file and add a new one", m.pkg, m.name)
		}
		if ok {
			continue
		}
		if err := tx.ddl(m.text); err != nil {
			return fmt.Errorf("migration %s/%s: %w", m.pkg, m.name, err)
		}
		if _, err := tx.Exec("INSERT INTO schema_migration (package, name, hash, applied_at) VALUES ($1, $2, $3, $4)",
			m.pkg, m.name, m.hash, At(time.Now())); err != nil {
			return err
		}
	}
	return nil
}

func (s Migrations) load() ([]migration, error) {
	names, err := fs.Glob(s.Files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var list []migration
	for _, name := range names {
		text, err := fs.ReadFile(s.Files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		list = append(list, migration{pkg: s.Package, name: path.Base(name), text: string(text), hash: hex.EncodeToString(sum[:])})
	}
	return list, nil
}

// ddl runs statements that end in ";" at the end of a line, in the words of the engine.
func (tx *Tx) ddl(text string) error {
	for _, stmt := range statements(text) {
		if tx.db.engine == SQLite {
			stmt = forSQLite(stmt)
		}
		if _, err := tx.Exec(stmt); err != nil {
			return fmt.Errorf("%s: %w", firstLine(stmt), err)
		}
	}
	return nil
}

func statements(text string) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		b.WriteString(line)
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		out = append(out, rest)
	}
	return out
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// forSQLite maps the few words; STRICT makes SQLite refuse what PostgreSQL refuses.
func forSQLite(stmt string) string {
	words := regexp.MustCompile(`\b(BIGINT|BOOLEAN|TIMESTAMPTZ|JSONB|BYTEA)\b`)
	stmt = words.ReplaceAllStringFunc(stmt, func(w string) string {
		switch w {
		case "BIGINT", "BOOLEAN":
			return "INTEGER"
		case "BYTEA":
			return "BLOB"
		}
		return "TEXT"
	})
	if strings.HasPrefix(strings.ToUpper(stmt), "CREATE TABLE") {
		stmt = strings.TrimSuffix(strings.TrimSpace(stmt), ";") + " STRICT;"
	}
	return stmt
}
