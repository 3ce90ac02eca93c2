package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter/usage"
)

var update = flag.Bool("update", false, "write schema.sql and migrations.sum anew")

const (
	schemaFile = "../../schema.sql"
	sumFile    = "../../migrations.sum"
)

// stores are the databases of an installation, in the order of schema.sql.
func stores() []struct {
	name string
	sets []store.Migrations
} {
	return []struct {
		name string
		sets []store.Migrations
	}{
		{"main", migrations()},
		{"keys", []store.Migrations{keys.Migrations()}},
		{"usage", []store.Migrations{usage.Migrations()}},
	}
}

// TestGuardSchema compares what the migrations lead to, on both engines, with schema.sql: who changes a table shows it.
func TestGuardSchema(t *testing.T) {
	var texts []string
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		var b strings.Builder
		b.WriteString("-- What all migrations lead to, on both engines. Written by: go test ./cmd/halle -run TestGuardSchema -update\n")
		for _, s := range stores() {
			db := storetest.Open(t, storetest.URL(t, engine, s.sets), s.sets)
			text, err := db.Schema(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "\n-- %s\n%s", s.name, text)
		}
		texts = append(texts, b.String())
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Errorf("SQLite and PostgreSQL differ (-SQLite +PostgreSQL):\n%s", diff)
	}
	if *update {
		if err := os.WriteFile(schemaFile, []byte(texts[0]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), texts[0]); diff != "" {
		t.Errorf("schema.sql is not what the migrations lead to; run with -update and read the difference:\n%s", diff)
	}
}

// TestGuardMigrationsAreOnlyAdded holds every migration file to its checked-in hash: an installation that applied it
// refuses a changed one. -update adds lines and never changes one.
func TestGuardMigrationsAreOnlyAdded(t *testing.T) {
	files := map[string]string{}
	all := []store.Migrations{store.Own()}
	for _, s := range stores() {
		all = append(all, s.sets...)
	}
	for _, set := range all {
		names, err := fs.Glob(set.Files, "migrations/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			text, err := fs.ReadFile(set.Files, name)
			if err != nil {
				t.Fatal(err)
			}
			files[set.Package+" "+name] = fmt.Sprintf("%x", sha256.Sum256(text))
			if !strings.HasPrefix(name, fmt.Sprintf("migrations/%04d_", i+1)) {
				t.Errorf("%s %s: the %d. file of a package is numbered %04d", set.Package, name, i+1, i+1)
			}
		}
	}
	known := readSums(t)
	for name, sum := range known {
		switch have, ok := files[name]; {
		case !ok:
			t.Errorf("%s is gone: installations have applied it", name)
		case have != sum:
			t.Errorf("%s was changed: restore it and add a file with the next number", name)
		}
	}
	var lines []string
	for name, sum := range files {
		if known[name] == "" && !*update {
			t.Errorf("%s is not in migrations.sum: run with -update", name)
		}
		if known[name] != "" {
			sum = known[name]
		}
		lines = append(lines, sum+" "+name+"\n")
	}
	if *update && !t.Failed() {
		slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
		if err := os.WriteFile(sumFile, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readSums(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(sumFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || len(sum) != 64 {
			t.Fatalf("migrations.sum: %q", line)
		}
		known[name] = sum
	}
	return known
}

// TestGuardExpandThenContract refuses what would break the binary that still runs beside a new one.
func TestGuardExpandThenContract(t *testing.T) {
	var found []string
	for _, s := range stores() {
		for _, set := range s.sets {
			names, err := fs.Glob(set.Files, "migrations/*.sql")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				text, err := fs.ReadFile(set.Files, name)
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(strings.ToUpper(string(text))) {
					for _, word := range []string{"DROP TABLE", "DROP COLUMN", "RENAME ", "ALTER COLUMN", "SET NOT NULL"} {
						if !strings.HasPrefix(strings.TrimSpace(line), "--") && strings.Contains(line, word) {
							found = append(found, set.Package+" "+name+": "+word)
						}
					}
				}
			}
		}
	}
	sort.Strings(found)
	if len(found) > 0 {
		t.Errorf("expand first, contract a release later:\n%s", strings.Join(found, "\n"))
	}
}
