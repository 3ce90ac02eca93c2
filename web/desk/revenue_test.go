package desk_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// stated is a day later: the publisher's statement is closed.
func (w *world) stated() settlement.StatementRow {
	w.t.Helper()
	w.settle()
	w.Clock.Advance(24 * time.Hour)
	list, err := w.s.Settlements.CloseStatements(context.Background(), w.Operator, w.relay.Org, price.DateOf(w.Clock.Now(), time.UTC))
	must(w.t, err)
	if len(list) != 1 {
		w.t.Fatalf("%d statements", len(list))
	}
	return list[0]
}

// everywhere asks for pages in both languages and looks for faults.
func (w *world) everywhere(c access.Caller, paths ...string) {
	w.t.Helper()
	for _, path := range paths {
		for _, lang := range []string{"en", "fr"} {
			rec := w.get(c, lang, path)
			if rec.Code != http.StatusOK {
				w.t.Errorf("%s %s: %d\n%s", lang, path, rec.Code, visible(rec.Body.String()))
			}
			for _, fault := range designtest.Faults(rec.Body.String()) {
				w.t.Errorf("%s %s: %s", lang, path, fault)
			}
		}
	}
}

// TestAPublisherReadsItsRevenue: what it earned, its statement line by line with the file whose hash stands in the log;
// nobody else reads any of it.
func TestAPublisherReadsItsRevenue(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.sees(w.relay, "/publisher/revenue", "You are owed", "Relay", "No statement yet", "publisher, 20")
	st := w.stated()
	page := "/publisher/revenue/statements/" + st.ID
	w.everywhere(w.relay, "/publisher/revenue", page, "/publisher/revenue/lines", "/publisher/revenue/lines?month=2026-03&offer="+w.offer.Content.Key)
	w.sees(w.relay, "/publisher/revenue", st.Number, page)
	w.sees(w.relay, page, "to be paid", "Line 1 of inv", "less the part of the operator", st.Hash)
	file := w.get(w.relay, "en", page+"/json")
	if sum := fmt.Sprintf("%x", sha256.Sum256(file.Body.Bytes())); file.Code != http.StatusOK || sum != st.Hash {
		t.Errorf("%d: the file is %s, and the statement %s", file.Code, sum, st.Hash)
	}
	other := w.Business(t, w.Operator, "Other apps", party.KindPublisher)
	for _, path := range []string{page, page + "/json"} {
		w.refused(w.get(other, "en", path), http.StatusNotFound)
		w.refused(w.get(w.acme, "en", path), http.StatusForbidden)
	}
	w.refused(w.get(w.relay, "en", "/publisher/revenue/statements/stm_no"), http.StatusNotFound)
	if body := w.get(other, "en", "/publisher/revenue").Body.String(); strings.Contains(body, st.Number) || strings.Contains(body, "/publisher/revenue/lines?month") {
		t.Error("another publisher sees it")
	}
}
