package billing_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// drafts works out and freezes what customers owe now.
func (w *world) drafts(t testing.TB, customers ...access.Caller) []*billing.Drafted {
	t.Helper()
	var orgs []string
	for _, c := range customers {
		orgs = append(orgs, c.Org)
	}
	now := w.Clock.Now()
	list, err := w.invoices.DraftAll(t.Context(), w.Operator, orgs, func(*time.Location) (time.Time, error) { return now, nil })
	must(t, err)
	must(t, w.invoices.Freeze(t.Context(), list))
	for _, d := range list {
		must(t, d.Err)
	}
	return list
}

func (w *world) issueAll(t testing.TB, list []*billing.Drafted) (out [][]billing.Summary, err error) {
	err = w.DB.Tx(t.Context(), func(tx *store.Tx) error {
		out, err = w.invoices.IssueAll(tx, w.Operator, list)
		return err
	})
	return out, err
}

// TestManyAreIssuedToAtOnce: what is issued together is what issuing one by one gives: the amounts of the draft, numbers
// without a gap, each document with its hash and the hash before it; a draft goes once, and not after something changed.
func TestManyAreIssuedToAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var list []access.Caller
		var subs []string
		for n := range 5 {
			c := w.business(t, fmt.Sprint("Firm ", n))
			list, subs = append(list, c), append(subs, w.subscribe(t, c, prices(price.Net)))
		}
		w.Clock.Advance(48 * time.Hour)
		stale := w.drafts(t, list[:2]...)
		w.use(t, list[1], subs[1], "messages", "message", 40)
		if _, err := w.issueAll(t, stale); !errors.Is(err, rating.ErrStale) {
			t.Fatalf("%v, though usage came in meanwhile", err)
		}
		for _, c := range list {
			if len(w.list(t, c)) != 0 {
				t.Fatal("something was issued")
			}
		}
		drafts := w.drafts(t, list...)
		done, err := w.issueAll(t, drafts)
		must(t, err)
		previous := ""
		for n, c := range list {
			if len(done[n]) != 1 || done[n][0].Number != fmt.Sprintf("INV-%04d-%06d", done[n][0].Date.Year, n+1) || done[n][0].Previous != previous {
				t.Fatalf("%+v", done[n])
			}
			previous = done[n][0].Hash
			v, err := w.invoices.Invoice(t.Context(), c, done[n][0].ID) // its bytes are those of its hash
			must(t, err)
			if hash, err := v.Document.Hash(); err != nil || hash != previous || v.Gross != drafts[n].Docs[0].Totals.Gross || v.Fact == "" {
				t.Fatalf("%+v %v", v.Summary, err)
			}
		}
		if _, err := w.issueAll(t, drafts); !errors.Is(err, rating.ErrStale) {
			t.Fatalf("%v, though it was issued already", err)
		}
		for n, again := range w.drafts(t, list...) {
			if len(again.Docs) != 0 {
				t.Fatalf("customer %d would be invoiced again: %+v", n, again.Docs[0].Lines)
			}
		}
	})
}
