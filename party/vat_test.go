package party_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
)

// vies speaks the published shape of the REST interface: POST check-vat-number, JSON both ways.
type vies struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	answer string
	asked  map[string]string
}

func newVIES(t *testing.T) *vies {
	v := &vies{status: http.StatusOK}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.asked = map[string]string{}
		if r.Method != http.MethodPost || r.URL.Path != "/check-vat-number" || json.NewDecoder(r.Body).Decode(&v.asked) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(v.status)
		_, _ = w.Write([]byte(v.answer))
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *vies) says(status int, answer string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status, v.answer = status, answer
}

const (
	viesValid   = `{"countryCode":"FR","vatNumber":"61954506077","requestDate":"2026-03-02T09:00:00.000Z","valid":true,"requestIdentifier":"WAPIAAAAX1","name":"ACME","address":"PARIS"}`
	viesInvalid = `{"countryCode":"FR","vatNumber":"61954506077","requestDate":"2026-03-02T09:00:00.000Z","valid":false,"requestIdentifier":"","name":"---","address":"---"}`
)

func TestVIESAnswers(t *testing.T) {
	v := newVIES(t)
	ask := party.VIES{URL: v.URL, Client: v.Client()}
	for _, c := range []struct {
		status  int
		answer  string
		outcome party.VATOutcome
		number  string
		code    string
	}{
		{200, viesValid, party.VATValid, "WAPIAAAAX1", ""},
		{200, viesInvalid, party.VATInvalid, "", ""},
		{200, `{"actionSucceed":false,"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}`, party.VATUnknown, "", "MS_UNAVAILABLE"},
		{500, `{"actionSucceed":false,"errorWrappers":[{"error":"MS_MAX_CONCURRENT_REQ"}]}`, party.VATUnknown, "", "MS_MAX_CONCURRENT_REQ"},
		{200, `{"valid":false,"userError":"TIMEOUT"}`, party.VATUnknown, "", "TIMEOUT"},
		{502, `<html>Bad gateway</html>`, party.VATUnknown, "", "HTTP_502"},
		{200, `{}`, party.VATUnknown, "", "HTTP_200"},
		{403, viesValid, party.VATUnknown, "", "HTTP_403"},
		{200, strings.Repeat(`{"name":`, 20_000), party.VATUnknown, "", "HTTP_200"},
		{200, `{"valid":true,"requestIdentifier":"<script>\u0000x\n` + strings.Repeat("A", 99) + `"}`, party.VATValid, "scriptx" + strings.Repeat("A", 57), ""},
	} {
		v.says(c.status, c.answer)
		if got := ask.CheckVAT(ctx, "FR61954506077", "FR40303265045"); got != (party.VATAnswer{Outcome: c.outcome, Consultation: c.number, Code: c.code}) {
			t.Errorf("%.80s: %+v", c.answer, got)
		}
	}
	if v.asked["countryCode"] != "FR" || v.asked["vatNumber"] != "61954506077" || v.asked["requesterMemberStateCode"] != "FR" || v.asked["requesterNumber"] != "40303265045" {
		t.Errorf("it was asked %v", v.asked)
	}
	if got := ask.CheckVAT(ctx, "CHE107787577", ""); got.Outcome != party.VATForm {
		t.Errorf("VIES does not know Switzerland: %+v", got)
	}
	v.Close()
	if got := ask.CheckVAT(ctx, "FR61954506077", ""); got.Outcome != party.VATUnknown || got.Code != "NOT_REACHED" {
		t.Errorf("%+v", got)
	}
}

// registered is a customer with a VAT identifier.
func registered(t *testing.T, w *partytest.World, name string) (access.Caller, party.Entity) {
	t.Helper()
	c := w.Business(t, w.Operator, name, party.KindCustomer)
	list, err := w.Parties.Entities(ctx, c, c.Org)
	must(t, err)
	e := list[0]
	e.VATID = "FR 61 954 506 077"
	e, err = w.Parties.SetEntity(ctx, c, e)
	must(t, err)
	if e.VATID != "FR61954506077" {
		t.Error(e.VATID)
	}
	return c, e
}

// TestAVATNumberThatIsNoLongerValid goes to the desk; nothing changes before a person decides.
func TestAVATNumberThatIsNoLongerValid(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		v := newVIES(t)
		acme, e := registered(t, w, "Acme")
		if k, err := w.Parties.CheckVAT(ctx, acme, acme.Org, e.ID); err != nil || k.Outcome != party.VATForm {
			t.Fatalf("%+v %v", k, err)
		}
		w.Parties.AskVAT(party.VIES{URL: v.URL, Client: v.Client()})
		check := func(answer string, outcome party.VATOutcome, desk bool) party.VATCheck {
			t.Helper()
			v.says(200, answer)
			k, err := w.Parties.CheckVAT(ctx, acme, acme.Org, e.ID)
			if err != nil || k.Outcome != outcome || k.Desk != desk {
				t.Fatalf("%+v %v", k, err)
			}
			return k
		}
		check(viesInvalid, party.VATInvalid, false) // never valid here: nothing became invalid
		if k := check(viesValid, party.VATValid, false); k.Consultation != "WAPIAAAAX1" {
			t.Error(k)
		}
		check(`{"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}`, party.VATUnknown, false)
		check(viesInvalid, party.VATInvalid, true)
		check(viesInvalid, party.VATInvalid, false) // one entry is enough
		check(viesValid, party.VATValid, false)     // valid again: nothing to decide
		if list, err := w.Parties.VATDesk(ctx, w.Operator); err != nil || len(list) != 0 {
			t.Fatalf("%+v %v", list, err)
		}
		entry := check(viesInvalid, party.VATInvalid, true)
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			now, err := w.Parties.Entity(tx, e.ID)
			if now.VATID != e.VATID {
				t.Error("it changed silently")
			}
			return err
		}))
		attackVAT(t, w, acme, e, entry)
		if _, err := w.Parties.DecideVAT(ctx, w.Operator, entry.ID, party.VATKeep, " "); fail.CodeOf(err) != "party.vat_decision" {
			t.Errorf("kept without a reason: %v", err)
		}
		if _, err := w.Parties.DecideVAT(ctx, w.Operator, entry.ID, party.VATWithdraw, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Parties.DecideVAT(ctx, w.Operator, entry.ID, party.VATKeep, "x"); !fail.Is(err, fail.Conflict) {
			t.Errorf("decided twice: %v", err)
		}
		if _, err := w.Parties.CheckVAT(ctx, acme, acme.Org, e.ID); fail.CodeOf(err) != "party.vat_none" {
			t.Errorf("the number is still there: %v", err)
		}
	})
}

// attackVAT tries what strangers and the wrong people may not.
func attackVAT(t *testing.T, w *partytest.World, acme access.Caller, e party.Entity, entry party.VATCheck) {
	t.Helper()
	rival := w.Business(t, w.Operator, "Rival", party.KindCustomer)
	if list, err := w.Parties.VATDesk(ctx, w.Operator); err != nil || len(list) != 1 || list[0].ID != entry.ID {
		t.Errorf("%+v %v", list, err)
	}
	for name, err := range map[string]error{
		"a rival checks":         second(w.Parties.CheckVAT(ctx, rival, acme.Org, e.ID)),
		"a rival takes it":       second(w.Parties.CheckVAT(ctx, rival, rival.Org, e.ID)),
		"a rival reads":          second(w.Parties.VATChecks(ctx, rival, acme.Org, e.ID)),
		"a rival's organisation": second(w.Parties.VATChecks(ctx, rival, rival.Org, e.ID)),
		"a rival decides":        second(w.Parties.DecideVAT(ctx, rival, entry.ID, party.VATWithdraw, "")),
	} {
		if !fail.Is(err, fail.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Parties.DecideVAT(ctx, acme, entry.ID, party.VATKeep, "mine"); !fail.Is(err, fail.Denied) {
		t.Errorf("the customer decides itself: %v", err)
	}
	if _, err := w.Parties.VATDesk(ctx, acme); !fail.Is(err, fail.Denied) {
		t.Errorf("the customer sees the desk: %v", err)
	}
	tech := w.Join(t, acme, acme.Org, "tech@acme.example", access.RoleTechnical)
	if _, err := w.Parties.CheckVAT(ctx, tech, acme.Org, e.ID); !fail.Is(err, fail.Denied) {
		t.Errorf("a technical member asks: %v", err)
	}
}

func second[T any](_ T, err error) error { return errors.Join(err) }

// TestVATNumbersAreAskedAboutAgain once a month, those that nobody could answer about with the next run.
func TestVATNumbersAreAskedAboutAgain(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		v := newVIES(t)
		acme, e := registered(t, w, "Acme")
		must(t, w.Parties.RecheckVAT(ctx)) // nobody is asked: nothing
		w.Parties.AskVAT(party.VIES{URL: v.URL, Client: v.Client()})
		count := func(want int) {
			t.Helper()
			must(t, w.Parties.RecheckVAT(ctx))
			if list, err := w.Parties.VATChecks(ctx, acme, acme.Org, e.ID); err != nil || len(list) != want {
				t.Errorf("%d answers, not %d: %v", len(list), want, err)
			}
		}
		v.says(200, `{"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}`)
		count(1)
		v.says(200, viesValid)
		count(2)
		count(2)
		w.Clock.Advance(31 * 24 * time.Hour)
		v.says(200, viesInvalid)
		count(3)
		if list, err := w.Parties.VATDesk(ctx, w.Operator); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
	})
}
