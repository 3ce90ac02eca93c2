package handover_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/tax"
)

var ctx = context.Background()

type world struct {
	*partytest.World
	ratings          *rating.Ratings
	invoices         *billing.Invoices
	handovers        *handover.Handovers
	acme             access.Caller
	publisher, other access.Caller
	n                int
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	sets := append(partytest.Sets(), rating.Migrations(), billing.Migrations(), handover.Migrations())
	storetest.Each(t, sets, func(t *testing.T, db *store.DB) {
		w := &world{World: partytest.New(t, db)}
		table, err := tax.Builtin()
		must(t, err)
		w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
		w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings, Tax: table,
			Log: slog.New(slog.DiscardHandler)})
		w.handovers = handover.New(handover.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings, Invoices: w.invoices})
		w.acme = w.Business(t, w.Operator, "Acme", party.KindCustomer)
		w.publisher = w.Business(t, w.Operator, "Publisher", party.KindPublisher)
		w.other = w.Business(t, w.Operator, "Reseller", party.KindReseller)
		fn(t, w)
	})
}

// state buys something with two lines and states it.
func (w *world) state(t *testing.T) billing.Summary {
	t.Helper()
	w.n++
	v := &price.Version{ID: fmt.Sprint("prv-", w.n), Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Components: []price.Component{
		{Key: "setup", Kind: price.OneOff, Price: money.NewUnitPrice(10_000_000_000, money.EUR)}, {Key: "help", Kind: price.OneOff, Price: money.NewUnitPrice(5_500_000_000, money.EUR)}}}
	text, err := v.Canonical()
	must(t, err)
	at := w.Clock.Now()
	must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
		return w.ratings.Begin(tx, rating.Start{Subscription: w.IDs.New("sub"), Org: w.acme.Org, Path: w.acme.Path, Publisher: w.publisher.Org, Seller: w.Entity, Market: w.Market.ID, Name: "=offer", Plan: "small",
			Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: text, At: at, Fact: "fct_none"})
	}))
	w.Clock.Advance(time.Minute)
	list, err := w.invoices.Issue(ctx, access.System("billing"), w.acme.Org, w.Clock.Now())
	must(t, err)
	must(t, w.Facts.Drain(ctx, w.handovers.Readers()...))
	if len(list) != 1 {
		t.Fatalf("%d documents", len(list))
	}
	return list[0]
}

func (w *world) elsewhere(t *testing.T) {
	t.Helper()
	must(t, w.invoices.SetBilled(ctx, w.Operator, billing.Billed{Market: w.Market.ID, Mode: billing.ModeHandOver, System: "BSS"}))
}

// sums are "state lines net" of the market.
func (w *world) sums(t *testing.T) string {
	t.Helper()
	r, err := w.handovers.Reconcile(ctx, w.Operator, w.Market.ID)
	must(t, err)
	var out []string
	var all, stated int64
	for _, s := range r.Sums {
		out = append(out, fmt.Sprintf("%s %d %s", s.State, s.Lines, s.Net.Decimal()))
		all += s.Net.Minor
	}
	for _, s := range r.Stated {
		stated += s.Net.Minor
	}
	if all != stated {
		t.Errorf("the states come to %d, stated were %d", all, stated)
	}
	return strings.Join(out, ", ")
}

func TestChargesGoToTheOtherSystemAndComeBackAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.state(t)
		w.elsewhere(t)
		doc := w.state(t)
		if first.Number != "INV-2026-000001" || doc.Type != proof.TypeProforma || doc.Number != "HND-2026-000001" || doc.Status != billing.StatusIssued || !doc.Owed().IsZero() {
			t.Fatalf("%+v, then %+v", first, doc)
		}
		if got := w.sums(t); got != "waiting 2 15.50" {
			t.Error(got)
		}
		b, made, err := w.handovers.Make(ctx, w.Operator, w.Market.ID)
		must(t, err)
		_, again, err := w.handovers.Make(ctx, w.Operator, w.Market.ID)
		must(t, err)
		if !made || again || b.Number != 1 || b.Lines != 2 {
			t.Fatalf("%+v %v %v", b, made, again)
		}
		one, two := doc.ID+"/1", doc.ID+"/2"
		answer := func(batch string, list ...handover.Answer) []handover.Outcome {
			t.Helper()
			out, err := w.handovers.Answer(ctx, w.Operator, batch, list)
			must(t, err)
			return out
		}
		out := answer(b.ID, handover.Answer{Line: one, State: handover.Acknowledged}, handover.Answer{Line: two, State: handover.Refused, Reason: "no such account"},
			handover.Answer{Line: "inv_none/1", State: handover.Acknowledged}, handover.Answer{Line: one, State: handover.Waiting})
		if !out[0].Changed || !out[1].Changed || out[2].Problem == "" || out[3].Problem == "" {
			t.Errorf("%+v", out)
		}
		if out = answer(b.ID, handover.Answer{Line: one, State: handover.Acknowledged}); out[0].Changed || out[0].Problem != "" {
			t.Errorf("the same answer again: %+v", out)
		}
		if got := w.sums(t); got != "acknowledged 1 10.00, refused 1 5.50" && got != "acknowledged 1 5.50, refused 1 10.00" {
			t.Error(got)
		}
		n, err := w.handovers.Again(ctx, w.Operator, b.ID)
		must(t, err)
		next, made, err := w.handovers.Make(ctx, w.Operator, w.Market.ID)
		must(t, err)
		if n != 1 || !made || next.Number != 2 || next.Lines != 1 {
			t.Fatalf("%d, %+v", n, next)
		}
		lines, err := w.handovers.Lines(ctx, w.Operator, next.ID, "", "", 10)
		must(t, err)
		if len(lines) != 1 || lines[0].ID != two || lines[0].Attempt != 2 || lines[0].State != handover.Handed {
			t.Fatalf("%+v", lines)
		}
		bill := handover.Answer{Line: two, State: handover.BilledThere, Bill: "B-77", Amount: lines[0].Net}
		bill.Amount.Minor++
		if out = answer(next.ID, bill, bill); !out[0].Changed || out[1].Changed || out[1].Problem != "" {
			t.Errorf("%+v", out)
		}
		bill.Bill = "B-78"
		if out = answer(next.ID, bill, handover.Answer{Line: two, State: handover.Refused, Reason: "late"}); out[0].Problem == "" || out[1].Problem == "" {
			t.Errorf("a billed line is changed: %+v", out)
		}
		r, err := w.handovers.Reconcile(ctx, w.Operator, w.Market.ID)
		must(t, err)
		if len(r.Differs) != 1 || r.Differs[0].Bill != "B-77" {
			t.Errorf("%+v", r.Differs)
		}
		must(t, w.invoices.SetBilled(ctx, w.Operator, billing.Billed{Market: w.Market.ID, Mode: billing.ModeOwn}))
		if back := w.state(t); back.Number != "INV-2026-000002" {
			t.Errorf("billed here again: %s", back.Number)
		}
	})
}

func TestABatchInEveryForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.elsewhere(t)
		doc := w.state(t)
		b, _, err := w.handovers.Make(ctx, w.Operator, w.Market.ID)
		must(t, err)
		files := map[handover.Format][]byte{}
		for _, f := range handover.Formats() {
			file, err := w.handovers.File(ctx, w.Operator, b.ID, f)
			must(t, err)
			var out bytes.Buffer
			must(t, file.Write(&out))
			files[f] = out.Bytes()
		}
		rows, err := csv.NewReader(bytes.NewReader(files[handover.CSV])).ReadAll()
		must(t, err)
		if len(rows) != 3 || rows[1][0] != doc.ID+"/1" || rows[1][4] != doc.Number || rows[1][5] != doc.Hash || rows[1][9] != "'=offer" || rows[1][22] != "20.00" {
			t.Errorf("%v", rows)
		}
		if n := bytes.Count(files[handover.JSON], []byte("\n")); n != 2 || !json.Valid(bytes.SplitN(files[handover.JSON], []byte("\n"), 2)[0]) {
			t.Errorf("%s", files[handover.JSON])
		}
		var rates []struct {
			ID                string
			IsBilled          bool
			TaxExcludedAmount struct {
				Unit  string
				Value json.Number
			}
		}
		must(t, json.Unmarshal(files[handover.TMF678], &rates))
		var usage []struct {
			Status            string
			RatedProductUsage []struct{ TaxExcludedRatingAmount struct{ Value json.Number } }
		}
		must(t, json.Unmarshal(files[handover.TMF635], &usage))
		onlyNames(t, files[handover.TMF678], "id date description isBilled name type appliedTax billingAccount characteristic periodCoverage product taxExcludedAmount @type")
		onlyNames(t, files[handover.TMF635], "id description usageDate usageType ratedProductUsage relatedParty status usageCharacteristic usageSpecification @type")
		sum := rows[1][19]
		if len(rates) != 2 || rates[0].IsBilled || rates[0].TaxExcludedAmount.Value.String() != sum || rates[0].TaxExcludedAmount.Unit != "EUR" || len(usage) != 2 || usage[0].Status != "rated" ||
			usage[0].RatedProductUsage[0].TaxExcludedRatingAmount.Value.String() != sum {
			t.Errorf("%+v %+v", rates, usage)
		}
		if _, err := w.handovers.File(ctx, w.Operator, b.ID, "xls"); code(err) != "handover.format" {
			t.Error(err)
		}
		if _, err := w.invoices.Document(ctx, w.acme, doc.ID, billing.FormatUBL, ""); code(err) != "billing.proforma" {
			t.Errorf("an electronic invoice of what is none: %v", err)
		}
		if _, err := w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: doc.ID, Amount: doc.Gross, Received: doc.Date, Reference: "x"}); code(err) != "billing.payment" {
			t.Errorf("it is paid: %v", err)
		}
	})
}

func TestOnlyTheStaffOfTheMarket(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.elsewhere(t)
		doc := w.state(t)
		b, _, err := w.handovers.Make(ctx, w.Operator, w.Market.ID)
		must(t, err)
		for _, c := range []access.Caller{{}, w.acme, w.publisher, w.other} {
			_, _, err1 := w.handovers.Make(ctx, c, w.Market.ID)
			_, err2 := w.handovers.Answer(ctx, c, b.ID, []handover.Answer{{Line: doc.ID + "/1", State: handover.Acknowledged}})
			_, err3 := w.handovers.Again(ctx, c, b.ID)
			_, err4 := w.handovers.Batches(ctx, c, w.Market.ID, 0, 10)
			_, err5 := w.handovers.Lines(ctx, c, b.ID, "", "", 10)
			_, err6 := w.handovers.File(ctx, c, b.ID, handover.CSV)
			_, err7 := w.handovers.Reconcile(ctx, c, w.Market.ID)
			_, err8 := w.invoices.Billed(ctx, c, w.Market.ID)
			err9 := w.invoices.SetBilled(ctx, c, billing.Billed{Market: w.Market.ID, Mode: billing.ModeOwn})
			for n, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
				if !fail.Is(err, fail.Denied) && !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Unauthenticated) {
					t.Errorf("%s, %d: %v", c.Ref(), n+1, err)
				}
			}
		}
		if err := w.invoices.SetBilled(ctx, w.Operator, billing.Billed{Market: w.Market.ID, Mode: billing.ModeHandOver}); code(err) != "billing.mode" {
			t.Errorf("without a name of the other system: %v", err)
		}
	})
}

// onlyNames asks that every resource of a file has exactly these fields: those of the resource in version 4.0.0 of the TM
// Forum's interface description that a rated line fills.
func onlyNames(t *testing.T, file []byte, names string) {
	t.Helper()
	want := strings.Fields(names)
	var list []map[string]json.RawMessage
	must(t, json.Unmarshal(file, &list))
	for _, resource := range list {
		for name := range resource {
			if !slices.Contains(want, name) {
				t.Errorf("the standard has no field %s", name)
			}
		}
		for _, name := range want {
			if resource[name] == nil {
				t.Errorf("%s is missing", name)
			}
		}
	}
}
