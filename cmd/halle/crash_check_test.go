package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

const metered = "messages"

// checkInvoices compares each final invoice with the journal of its service, event by event.
func (c *chaos) checkInvoices(counted map[string]int64) {
	c.t.Helper()
	var list struct {
		Items []struct{ ID, Number, Hash, Previous string }
	}
	c.get(buyer, "/invoices", &list)
	slices.Reverse(list.Items) // oldest first
	previous := ""
	for i, row := range list.Items {
		if n := regexp.MustCompile(`\d+$`).FindString(row.Number); n == "" || strings.TrimLeft(n, "0") != strconv.Itoa(i+1) {
			c.t.Errorf("invoice %d bears the number %s", i+1, row.Number)
		}
		if row.Previous != previous {
			c.t.Errorf("invoice %s says %s stands before it, not %s", row.Number, row.Previous, previous)
		}
		previous = row.Hash
		c.checkInvoice(row.ID, counted)
	}
	if len(counted) != 0 {
		c.t.Errorf("no invoice is about %v", counted)
	}
	var held struct{ Items []struct{ Reason, ID string } }
	c.get(owner, "/quarantine", &held)
	for _, e := range held.Items {
		// What came before its subscription was known was sent again: the sums above show that it counted once.
		if e.Reason != "unknown_subject" {
			c.t.Errorf("event %s is in quarantine: %s", e.ID, e.Reason)
		}
	}
}

func (c *chaos) checkInvoice(id string, counted map[string]int64) {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "invoice.json")
	raw := c.save("/invoices/"+id+"/proof", buyer, path)
	file, err := proof.ParseInvoiceFile(bytes.NewReader(raw))
	if err != nil {
		c.t.Fatal(err)
	}
	if len(file.Windows) == 0 {
		c.t.Fatalf("invoice %s shows no windows", id)
	}
	service := file.Windows[0].Window.Subject
	billed, events := c.sumWindows(file.Windows)
	want, known := counted[service]
	delete(counted, service)
	if !known || billed != want {
		c.t.Errorf("service %s: %d messages billed, %d in the journal", service, billed, want)
	}
	windows := c.windows(service)
	if windows != events {
		c.t.Errorf("service %s: the invoice counts %d events, the closed windows %d", service, events, windows)
	}
	c.t.Logf("invoice %s: %d messages billed, by %d events in %d windows", file.Invoice.Number, billed, events, len(file.Windows))
	key := filepath.Join(c.logFolder(), proof.LogKeyFile)
	if out, err := c.offline("verify", "invoice", path, "--key", key); err != nil {
		c.t.Errorf("invoice %s does not verify: %v\n%s", id, err, out)
	}
	c.tamper(raw, file, key)
}

// save keeps a download.
func (c *chaos) save(from, who, path string) (raw []byte) {
	c.t.Helper()
	c.get(who, from, &raw)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// sumWindows adds up what the events say, each event once.
func (c *chaos) sumWindows(files []proof.WindowFile) (sum, events int64) {
	c.t.Helper()
	seen, quantity := map[string]bool{}, int64(0)
	for _, f := range files {
		if err := f.Verify(); err != nil {
			c.t.Error(err)
		}
		for _, text := range f.Events {
			var e struct {
				ID, Source string
				Data       struct{ Meter, Value string }
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				c.t.Fatal(err)
			}
			if name := e.Source + " " + e.ID; seen[name] {
				c.t.Errorf("event %s is billed twice", name)
			} else {
				seen[name] = true
			}
			if e.Data.Meter == metered {
				n, err := strconv.ParseInt(e.Data.Value, 10, 64)
				if err != nil {
					c.t.Fatal(err)
				}
				sum += n
			}
		}
		for _, s := range f.Window.Sums {
			if s.Meter == metered {
				n, err := strconv.ParseInt(s.Quantity, 10, 64)
				if err != nil {
					c.t.Fatal(err)
				}
				quantity += n
			}
		}
	}
	if quantity != sum {
		c.t.Errorf("the windows bill %d messages, their events count %d", quantity, sum)
	}
	return sum, int64(len(seen))
}

// windows counts the events of all closed windows of a service.
func (c *chaos) windows(service string) (events int64) {
	c.t.Helper()
	var list struct{ Items []struct{ Events int64 } }
	c.get(buyer, "/services/"+service+"/windows?limit=100", &list)
	for _, w := range list.Items {
		events += w.Events
	}
	return events
}

// offline runs the binary without any network.
func (c *chaos) offline(args ...string) (string, error) {
	cmd := exec.Command("unshare", append([]string{"-rn", c.bin}, args...)...)
	cmd.Env = []string{"HOME=/nonexistent"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tamper changes one byte at a time and wants the check to fail and to name what was changed.
func (c *chaos) tamper(raw []byte, file *proof.InvoiceFile, key string) {
	c.t.Helper()
	event := eventOf(file)
	for _, one := range []struct{ what, near, find, name string }{
		{"an event", event.id, `\"value\":\"`, event.id},
		{"a price", `"prices":`, `\"price\":\"`, "price"},
		{"a fact", `"type":"` + "window.closed.v1" + `"`, `"quantity":"`, "fact "},
	} {
		changed := flip(raw, one.near, one.find)
		if changed == nil {
			c.t.Errorf("%s: nothing to change in the file", one.what)
			continue
		}
		path := filepath.Join(c.t.TempDir(), "changed.json")
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			c.t.Fatal(err)
		}
		out, err := c.offline("verify", "invoice", path, "--key", key)
		if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, one.name) {
			c.t.Errorf("one byte of %s was changed: %v, and the answer does not name %q:\n%s", one.what, err, one.name, out)
		} else {
			c.t.Logf("one byte of %s changed: %s", one.what, strings.TrimSpace(out))
		}
	}
}

type billedEvent struct{ id string }

// eventOf picks an event that counts messages.
func eventOf(file *proof.InvoiceFile) (e billedEvent) {
	for _, w := range file.Windows {
		for _, text := range w.Events {
			var v struct {
				ID   string
				Data struct{ Meter string }
			}
			if json.Unmarshal([]byte(text), &v) == nil && v.Data.Meter == metered {
				return billedEvent{v.ID}
			}
		}
	}
	return e
}

// flip changes the digit after the first find near a place (before or behind it in the same text).
func flip(raw []byte, near, find string) []byte {
	at := bytes.Index(raw, []byte(near))
	if at < 0 {
		return nil
	}
	from := max(0, at-400)
	if strings.HasPrefix(near, `"`) {
		from = at
	}
	i := bytes.Index(raw[from:], []byte(find))
	if i < 0 {
		return nil
	}
	out := bytes.Clone(raw)
	out[from+i+len(find)] ^= 1
	return out
}

// checkNothingLeft looks for processes, folders, jobs and facts that nobody cares for any more.
func (c *chaos) checkNothingLeft() {
	c.t.Helper()
	c.await("no process of a resource", func() (bool, error) {
		pids := processesOf(filepath.Join(c.data, "resources"))
		return len(pids) == 0, fmt.Errorf("processes %v", pids)
	})
	c.await("no folder of a resource", func() (bool, error) {
		left, err := os.ReadDir(filepath.Join(c.data, "resources"))
		return len(left) == 0, errors.Join(err, fmt.Errorf("%d folders", len(left)))
	})
	for _, path := range []string{"/desk/parked", "/desk/jobs"} {
		var list struct{ Items []json.RawMessage }
		c.get(owner, path, &list)
		if len(list.Items) != 0 {
			c.t.Errorf("%s: %s", path, list.Items)
		}
	}
}

// logFolder is where the log can be read from: the server's, or a copy when nobody else may look into that.
func (c *chaos) logFolder() string {
	c.t.Helper()
	log := filepath.Join(c.data, "log")
	if c.within == "" {
		return log
	}
	copied := filepath.Join(c.t.TempDir(), "log")
	if err := os.CopyFS(copied, os.DirFS(c.inside(log))); err != nil {
		c.t.Fatal(err)
	}
	return copied
}

// checkLog takes the statements of all parties and wants every entry of the log to belong to exactly one.
func (c *chaos) checkLog() {
	c.t.Helper()
	var log string
	var owners map[uint64]string
	var size uint64
	c.await("statements of all parties at one size of the log", func() (bool, error) {
		log, owners = c.logFolder(), map[uint64]string{}
		sizes := map[string]bool{}
		for _, who := range []string{owner, buyer, alpes, atlantic, household} {
			path := filepath.Join(c.t.TempDir(), "facts.ndjson")
			checkpoint, err := collect(c.save("/statement", who, path), owners)
			if err != nil {
				return false, err
			}
			sizes[checkpoint] = true
			out, err := c.offline("verify", "facts", path, "--log", log)
			if err != nil {
				return false, fmt.Errorf("statement of %s: %w %s", who, err, out)
			}
			if _, err := fmt.Sscan(strings.Split(checkpoint, "\n")[1], &size); err != nil {
				return false, err
			}
		}
		return len(sizes) == 1 && uint64(len(owners)) == size, fmt.Errorf("%d checkpoints, %d entries of %d have an owner", len(sizes), len(owners), size)
	})
	out, err := c.offline("verify", "log", log)
	if err != nil {
		c.t.Errorf("the log does not verify: %v\n%s", err, out)
	}
	c.t.Logf("%d entries in the log, each in the statement of exactly one party", size)
	c.tamperLog(log)
}

// collect notes the indexes of a statement; one that is there already is an error.
func collect(raw []byte, owners map[uint64]string) (checkpoint string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 16<<20)
	if !lines.Scan() {
		return "", errors.New("an empty statement")
	}
	var head proof.Statement
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		return "", err
	}
	for lines.Scan() {
		var f proof.StatementFact
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return "", err
		}
		if other, ok := owners[f.Index]; ok {
			return "", fmt.Errorf("entry %d belongs to %s and %s", f.Index, other, head.Party)
		}
		owners[f.Index] = head.Party
	}
	return head.Checkpoint, lines.Err()
}

// tamperLog changes one byte of an entry in a copy of the log.
func (c *chaos) tamperLog(log string) {
	c.t.Helper()
	copied := filepath.Join(c.t.TempDir(), "log")
	if err := os.CopyFS(copied, os.DirFS(log)); err != nil {
		c.t.Fatal(err)
	}
	bundles, err := filepath.Glob(filepath.Join(copied, "tile", "entries", "*"))
	if err != nil || len(bundles) == 0 {
		c.t.Fatalf("no entries: %v", err)
	}
	for _, path := range bundles {
		inner, _ := filepath.Glob(filepath.Join(path, "*"))
		for _, name := range append(inner, path) {
			if b, err := os.ReadFile(name); err == nil {
				b[2+40] ^= 1 // in the first leaf's commitment
				if err := os.WriteFile(name, b, 0o600); err != nil {
					c.t.Fatal(err)
				}
			}
		}
	}
	out, err := c.offline("verify", "log", copied)
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "entry ") {
		c.t.Errorf("one byte of an entry was changed: %v, and the answer does not name it:\n%s", err, out)
	}
}

// checkDatabase looks into the tables of the stopped server: every fact has one place, one leaf a party, and is read.
func (c *chaos) checkDatabase() {
	c.t.Helper()
	conf, err := config.Load("", c.env)
	if err != nil {
		c.t.Fatal(err)
	}
	db, err := store.Open(context.Background(), conf.Database)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.Read(context.Background(), func(tx *store.Tx) error {
		for name, query := range map[string]string{
			"facts without a place":      "SELECT count(*) FROM fact WHERE id NOT IN (SELECT fact FROM fact_position)",
			"pending facts":              "SELECT count(*) FROM fact_pending",
			"places without a leaf":      "SELECT count(*) FROM fact_position WHERE position NOT IN (SELECT position FROM fact_leaf)",
			"doubled leaves":             "SELECT count(*) - count(DISTINCT leaf) FROM fact_leaf",
			"leaf numbers left out":      "SELECT coalesce(max(leaf_no) + 1, 0) - count(*) FROM fact_leaf",
			"places left out":            "SELECT coalesce(max(position), 0) - count(*) FROM fact_position",
			"parked facts":               "SELECT count(*) FROM fact_parked",
			"facts doubled by meaning":   "SELECT count(*) - count(DISTINCT aggregate) FROM fact WHERE type = 'window.closed.v1' OR type = 'invoice.issued.v1'",
			"numbers of invoices lost":   "SELECT (SELECT coalesce(sum(last), 0) FROM invoice_series) - (SELECT count(*) FROM invoice)",
			"operations without an end":  "SELECT count(*) FROM resource WHERE delete_owed",
			"leaves that were not taken": "SELECT (SELECT count(*) FROM fact_leaf) - (SELECT n FROM fact_counter WHERE name = 'logged')",
		} {
			var n int64
			if err := tx.QueryRow(query).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if n != 0 {
				c.t.Errorf("%d %s", n, name)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
}
