package main

import (
	"bytes"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// TestGuardReplayAfterErasure reads the whole history again from the start: first as it is, then with the keys of a
// household, its person and a company's member destroyed. Readers change nothing either time, park nothing, and meet
// what was erased as erased.
func TestGuardReplayAfterErasure(t *testing.T) {
	eachLife(t, func(t *testing.T, l *life) {
		l.settle()
		l.end()
		l.reopen()
		l.free()
		l.must(l.h.facts.Drain(t.Context(), l.h.readers()...)) // what the server had not read when it ended
		before := l.business()
		seen := l.replay()
		l.same(before, "a replay")
		for name, n := range seen.erased {
			t.Errorf("reader %s met %d erased facts before anything was erased", name, n)
		}
		for _, ref := range []keys.Ref{keys.Person(l.home.Person), keys.Tenant(l.home.Org), keys.Person(l.member.Person)} {
			l.must(l.h.ring.Destroy(t.Context(), ref))
		}
		seen = l.replay()
		l.same(before, "a replay after the erasure")
		for name, owned := range seen.owned {
			if seen.erased[name] != owned {
				t.Errorf("reader %s met %d facts of the erased household, %d of them as erased", name, owned, seen.erased[name])
			}
		}
		if len(seen.owned) < 5 {
			t.Errorf("only the readers %v met facts of the household", slices.Sorted(maps.Keys(seen.owned)))
		}
		l.afterErasure()
	})
}

// reopen opens the installation again with everything wired and nothing running.
func (l *life) reopen() {
	l.t.Helper()
	l.open(false)
	h := l.h
	l.t.Cleanup(func() {
		if err := h.close(); err != nil {
			l.t.Error(err)
		}
	})
	l.must(h.ready(context.Background()))
}

// free takes the leases of the server that has ended.
func (l *life) free() {
	l.t.Helper()
	l.must(l.h.db.Tx(l.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM lease")
		return err
	}))
}

// counts tell, by reader, how many facts of the canary's household it met, and how many were erased.
type counts struct {
	mu            sync.Mutex
	owned, erased map[string]int
}

// replay forgets every cursor and reads everything again.
func (l *life) replay() *counts {
	l.t.Helper()
	ctx := l.t.Context()
	l.must(l.h.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM fact_reader")
		return err
	}))
	c := &counts{owned: map[string]int{}, erased: map[string]int{}}
	readers := l.h.readers()
	for i, r := range readers {
		readers[i].From = trace.FromStart
		readers[i].Handle = func(tx *store.Tx, e trace.Entry) error {
			c.mu.Lock()
			if e.Owner == l.home.Org {
				c.owned[r.Name]++
			}
			if e.Erased {
				c.erased[r.Name]++
			}
			c.mu.Unlock()
			return r.Handle(tx, e)
		}
	}
	l.must(l.h.facts.Drain(ctx, readers...))
	return c
}

// business is every row but those of the machinery that says how far it has come.
func (l *life) business() map[string][]string {
	l.t.Helper()
	machinery := []string{"fact_reader", "fact_counter", "lease", "job", "notify", "wake", "api_token", "session", "meter_subject"}
	all := map[string][]string{}
	for _, table := range tables(l.t, l.h.db) {
		if !slices.Contains(machinery, table) && !strings.HasPrefix(table, "store_") {
			all[table] = rowsOf(l.t, l.h.db, table, "etag") // how often a row was written, not what it says
		}
	}
	return all
}

func (l *life) same(before map[string][]string, after string) {
	l.t.Helper()
	now := l.business()
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if diff := cmp.Diff(before[table], now[table]); diff != "" {
			l.t.Errorf("%s changed %s:\n%.1500s", after, table, diff)
		}
	}
}

// afterErasure looks at what must outlive an erasure: the invoice under the legal entity's key, the log, and what others
// hold of their own history.
func (l *life) afterErasure() {
	l.t.Helper()
	ctx, h := l.t.Context(), l.h
	staff := l.cast.operator
	staff.Purpose = "the books of the year"
	v, err := h.invoices.Invoice(ctx, staff, l.invoice["home"])
	l.must(err)
	if v.Document == nil || len(v.Document.Lines) == 0 {
		l.t.Errorf("the invoice of an erased household can no longer be read: %+v", v)
	}
	var file bytes.Buffer
	l.must(h.invoices.ProofFile(ctx, l.cast.acme, l.invoice["company"], &file))
	f, err := proof.ParseInvoiceFile(bytes.NewReader(file.Bytes()))
	l.must(err)
	if _, err := f.Verify(h.tlog.Key); err != nil {
		l.t.Errorf("the invoice of another company no longer verifies: %v", err)
	}
	log, err := proof.OpenLog(h.tlog.Dir, h.tlog.Key)
	l.must(err)
	for name, org := range map[string]string{"a company with an erased member": l.cast.acme.Org, "the publisher": l.cast.alpes.Org, "the operator": l.cast.operator.Org,
		"the erased household": l.home.Org} {
		var statement bytes.Buffer
		l.must(h.facts.Statement(ctx, h.tlog, org, &statement))
		if name == "the erased household" {
			l.onlyLegal(statement.Bytes())
			continue
		}
		report, err := proof.VerifyStatement(&statement, log)
		if err != nil || report.Facts == 0 {
			l.t.Errorf("the history of %s: %+v, %v", name, report, err)
		}
	}
	if _, err := h.parties.Members(ctx, access.Caller{Person: l.cast.acme.Person, Org: l.cast.acme.Org, Path: l.cast.acme.Path, Roles: l.cast.acme.Roles, Confirmed: true}, l.cast.acme.Org); err != nil {
		l.t.Errorf("the members of a company, one of them erased: %v", err)
	}
}

// onlyLegal looks for personal data in an erased household's history: what is left is the copy that law retains of the
// invoice, under the legal entity's key until its time is over.
func (l *life) onlyLegal(statement []byte) {
	l.t.Helper()
	legal := regexp.MustCompile(`\{"class":"legal"[^}]*"fields":\{"buyer":\{[^}]*\}`)
	if !legal.Match(statement) {
		l.t.Error("the legal copy of the invoice is gone with the household")
	}
	if found := findCanaries(legal.ReplaceAll(statement, nil)); len(found) > 0 {
		l.t.Errorf("the history of an erased household tells %v", found)
	}
}
