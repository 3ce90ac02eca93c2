package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/halle-cloud/halle/internal/store"
)

// Where personal data may stand in the clear, and why.
//
//   - DATA/mail: the demo and a server without SMTP write mail as files for their reader; a real server sends it.
//   - DATA/keys.db, DATA/root.key: keys, no data (and the scan of random bytes would prove nothing).
//
// Nothing else: an application's own content (DATA/resources) is the customer's, and none of ours gets in there.
func inTheClear() []string { return []string{"mail", "keys.db", "root.key"} }

// TestGuardPersonalDataIsNowhereInTheClear lives a life with canary names and looks for them in every byte that an
// installation leaves behind: files, both engines' rows, log lines, metrics.
func TestGuardPersonalDataIsNowhereInTheClear(t *testing.T) {
	eachLife(t, func(t *testing.T, l *life) {
		l.settle()
		metrics := l.metrics()
		rows := tableDump(t, l.h.db)
		if l.h.db.Engine() == store.SQLite {
			l.scanFolder("while it runs")
		}
		l.end()
		l.scanFolder("after the end")
		l.scan("the database's rows", rows)
		l.scan("the log", []byte(l.log.String()))
		l.scan("/metrics", []byte(metrics))
		if !strings.Contains(metrics, "halle_http_request_seconds") || l.log.String() == "" || len(rows) < 100_000 {
			t.Error("the scan looked at next to nothing")
		}
		for _, b := range [][]byte{rows, []byte(l.log.String()), []byte(metrics)} {
			if bytes.Contains(b, []byte(l.ids["session secret"])) {
				t.Error("the secret of a session is stored or logged")
			}
		}
		if mails := l.mails(); len(findCanaries(mails)) < 3 {
			t.Errorf("the mails, which do hold names and addresses, show only %v", findCanaries(mails))
		}
	})
}

// TestGuardCanariesAreFound keeps the scan honest: each disguise of a canary is recognised.
func TestGuardCanariesAreFound(t *testing.T) {
	for what, value := range canaries() {
		for _, disguise := range disguises(value) {
			if len(findCanaries(slices.Concat([]byte("before"), disguise, []byte("after")))) == 0 {
				t.Errorf("%s is not found as %q", what, disguise)
			}
		}
	}
	if found := findCanaries([]byte("nothing of anybody")); len(found) > 0 {
		t.Errorf("found %v in nothing", found)
	}
}

// mails is everything that was sent.
func (l *life) mails() (all []byte) {
	l.t.Helper()
	files, err := filepath.Glob(filepath.Join(l.conf.Data, "mail", "*"))
	l.must(err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		l.must(err)
		all = append(all, b...)
	}
	return all
}

func (l *life) scanFolder(when string) {
	l.t.Helper()
	files := 0
	err := filepath.WalkDir(l.conf.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(l.conf.Data, path)
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		allowed := slices.ContainsFunc(inTheClear(), func(free string) bool { return strings.HasPrefix(first, free) })
		switch {
		case allowed && d.IsDir():
			return fs.SkipDir
		case allowed || !d.Type().IsRegular():
			l.scan("the name "+name, []byte(name))
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil // gone meanwhile
		}
		files++
		l.scan("the name "+name, []byte(name))
		l.scan("file "+name+" "+when, b)
		return nil
	})
	l.must(err)
	if files < 5 {
		l.t.Errorf("only %d files were looked at", files)
	}
}

func (l *life) scan(where string, b []byte) {
	l.t.Helper()
	for _, f := range findCanaries(b) {
		l.t.Errorf("personal data in %s: %s", where, f)
	}
}

// findCanaries tells each canary that is there in any disguise, with its surroundings.
func findCanaries(b []byte) (found []string) {
	lower := bytes.ToLower(b)
	for what, value := range canaries() {
		for _, disguise := range disguises(value) {
			at := bytes.Index(b, disguise)
			if at < 0 {
				at = bytes.Index(lower, bytes.ToLower(disguise))
			}
			if at >= 0 {
				found = append(found, fmt.Sprintf("%s as %q near %q", what, disguise, b[max(0, at-60):min(len(b), at+len(disguise)+60)]))
				break
			}
		}
	}
	return found
}

// disguises are the plain text, UTF-16, hexadecimal, percent coding and base64 at each of its three offsets.
func disguises(value string) [][]byte {
	b := []byte(value)
	var little, big []byte
	for _, u := range utf16.Encode([]rune(value)) {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	out := [][]byte{b, little, big, []byte(hex.EncodeToString(b)), []byte(url.QueryEscape(value)), []byte(url.PathEscape(value)), []byte(strings.ReplaceAll(value, " ", "-"))}
	for offset := range 3 {
		padded := append(make([]byte, offset), b...)
		text := base64.RawStdEncoding.EncodeToString(padded)
		from := []int{0, 2, 3}[offset]
		text = text[from : len(text)-2] // what the neighbours have a part in is left out
		out = append(out, []byte(text), []byte(strings.NewReplacer("+", "-", "/", "_").Replace(text)))
	}
	return out
}

// tableDump is every value of every table, as the driver gives it.
func tableDump(t *testing.T, db *store.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, table := range tables(t, db) {
		fmt.Fprintf(&b, "\n%s\n", table)
		for _, row := range rowsOf(t, db, table) {
			b.WriteString(row)
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func tables(t *testing.T, db *store.DB) (names []string) {
	t.Helper()
	text, err := db.Schema(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		name, _, ok := strings.Cut(line, ".")
		if ok && !strings.Contains(name, " ") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// rowsOf gives the rows of a table as text, sorted, without the columns named.
func rowsOf(t *testing.T, db *store.DB, table string, without ...string) (rows []string) {
	t.Helper()
	names := slices.DeleteFunc(columnsOf(t, db, table), func(name string) bool { return slices.Contains(without, name) })
	columns := len(names)
	err := db.Read(context.Background(), func(tx *store.Tx) (err error) {
		rows, err = store.All(tx, func(row store.Scanner) (string, error) {
			cells, targets := make([]any, columns), make([]any, columns)
			for i := range cells {
				targets[i] = &cells[i]
			}
			if err := row.Scan(targets...); err != nil {
				return "", err
			}
			var b strings.Builder
			for _, cell := range cells {
				if raw, ok := cell.([]byte); ok {
					b.Write(raw)
				} else {
					fmt.Fprint(&b, cell)
				}
				b.WriteByte('|')
			}
			return b.String(), nil
		}, "SELECT "+strings.Join(names, ", ")+" FROM "+table)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	slices.Sort(rows)
	return rows
}

func columnsOf(t *testing.T, db *store.DB, table string) (names []string) {
	t.Helper()
	text, err := db.Schema(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if column, ok := strings.CutPrefix(line, table+"."); ok {
			name, _, _ := strings.Cut(column, " ")
			names = append(names, name)
		}
	}
	return names
}
