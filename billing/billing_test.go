package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

var update = flag.Bool("update", false, "write golden files")

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if fail.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestFinalInvoiceBillsExactlyWhatWasUsed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		sub := w.subscribe(t, c, prices(price.Net))
		w.use(t, c, sub, "messages", "message", 1, 1, 3)
		w.Clock.Advance(time.Hour)
		w.use(t, c, sub, "messages", "message", 7)
		w.Clock.Advance(time.Hour)
		w.use(t, c, sub, "bytes", "byte", 1_234_567)
		w.final(t, c, sub)
		list := w.list(t, c)
		if len(list) != 1 {
			t.Fatalf("%d invoices", len(list))
		}
		v, err := w.invoices.Invoice(ctx, c, list[0].ID)
		must(t, err)
		got := map[string]string{}
		for _, l := range v.Document.Lines {
			got[l.Component] = l.Quantity.String() + " " + l.Exact.String() + " " + l.Amount.String()
		}
		// 12 messages: 3 free, 7 at 0.012345678, 2 at 0.001. Base: 7200 s of the 2678400 s less one hour of March in Paris.
		want := map[string]string{"setup": "1 1.5 EUR 1.50 EUR", "messages": "12 0.088419746 EUR 0.09 EUR", "bytes": "1234567 0.06172835 EUR 0.06 EUR",
			"base": "1 0.026917900403768506 EUR 0.03 EUR"}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if v.Number != "INV-2026-000001" || v.Net.Minor != 168 || v.VAT.Minor != 34 || v.Gross.Minor != 202 || v.Status != billing.StatusOpen {
			t.Fatalf("%+v", v.Summary)
		}
		w.drain(t)
		again, err := w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
		if err != nil || len(again) != 0 || len(w.list(t, c)) != 1 {
			t.Fatalf("a second issue gave %v %v", again, err)
		}
		_, err = w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now().Add(time.Second))
		wantCode(t, err, "billing.future")
	})
}

func TestConsumerInvoiceSumsToThePricesShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Household(t, "Jeanne Martin")
		sub := w.subscribe(t, c, prices(price.Gross))
		for range 5 {
			w.use(t, c, sub, "messages", "message", 11)
			w.Clock.Advance(time.Hour)
		}
		w.final(t, c, sub)
		v, err := w.invoices.Invoice(context.Background(), c, w.list(t, c)[0].ID)
		must(t, err)
		shown, nets := money.Zero(money.EUR), money.Zero(money.EUR)
		for _, l := range v.Document.Lines {
			shown, _ = shown.Add(l.Amount)
			nets, _ = nets.Add(l.Net)
		}
		if shown != v.Gross || nets != v.Net || v.Document.Buyer.Name != "Jeanne Martin" {
			t.Fatalf("lines %s net %s, invoice %+v", shown, nets, v.Summary)
		}
	})
}

// story is an invoice with every kind of charge, a change of plan and late usage, and its proof file.
func story(t *testing.T, w *world) (billing.Summary, []byte) {
	t.Helper()
	c := w.business(t, "Acme")
	sub := w.subscribe(t, c, prices(price.Net))
	w.use(t, c, sub, "messages", "message", 1, 1, 3)
	w.Clock.Advance(90 * time.Minute)
	second := prices(price.Net)
	second.ID = "prv-2"
	second.Components = second.Components[1:3]
	second.Components[1].Free = 0
	w.changePlan(t, c, sub, second)
	w.use(t, c, sub, "messages", "message", 7, 8)
	w.Clock.Advance(time.Hour)
	w.use(t, c, sub, "messages", "message", 2)
	w.final(t, c, sub)
	w.publish(t)
	i := w.list(t, c)[0]
	return i, w.proofFile(t, c, i.ID)
}

func TestProofFileVerifiesOffline(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, text := story(t, w)
		f, err := proof.ParseInvoiceFile(bytes.NewReader(text))
		must(t, err)
		r, err := f.Verify(w.log.Key)
		if err != nil || r.Hash != i.Hash || r.Gross != i.Gross || r.Events != 6 || r.Windows != 3 || r.Prices != 2 || !r.Trusted {
			t.Fatalf("%+v %v", r, err)
		}
		if *update && w.DB.Engine() == "sqlite" {
			must(t, os.WriteFile("../proof/testdata/invoice.json", text, 0o644))
		}
		var pretty bytes.Buffer
		must(t, json.Indent(&pretty, text, "", "  "))
		if f, err = proof.ParseInvoiceFile(&pretty); err == nil {
			_, err = f.Verify(w.log.Key)
		}
		must(t, err)
		if _, err := f.Verify("other.halle+00000000+AQ=="); err == nil {
			t.Fatal("another log's key was accepted")
		}
	})
}

func TestAnyChangedByteIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, text := story(t, w)
		r := rand.New(rand.NewPCG(1, 2))
		for range 300 { // proof tests every part of a file; this one is fresh
			at, bit := r.IntN(len(text)), byte(1)<<r.IntN(8)
			changed := bytes.Clone(text)
			changed[at] ^= bit
			f, err := proof.ParseInvoiceFile(bytes.NewReader(changed))
			if err == nil {
				_, err = f.Verify(w.log.Key)
			}
			var a, b bytes.Buffer
			if err == nil && (json.Compact(&a, changed) != nil || json.Compact(&b, text) != nil || a.String() != b.String()) {
				t.Fatalf("byte %d, %q to %q: not found near %q", at, text[at], changed[at], text[max(0, at-40):min(len(text), at+40)])
			}
		}
	})
}

func TestCreditNoteTakesTheWholeInvoiceBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, _ := story(t, w)
		note, err := w.invoices.Credit(ctx, w.Operator, i.ID, "Billed by mistake")
		must(t, err)
		if note.Number != "CRN-2026-000001" || note.Gross.Minor != -i.Gross.Minor || note.Credits != i.ID {
			t.Fatalf("%+v", note)
		}
		_, err = w.invoices.Credit(ctx, w.Operator, i.ID, "Again")
		wantCode(t, err, "billing.credited")
		w.publish(t)
		f, err := proof.ParseInvoiceFile(bytes.NewReader(w.proofFile(t, w.Operator, note.ID)))
		must(t, err)
		if _, err := f.Verify(w.log.Key); err != nil {
			t.Fatal(err)
		}
		v, err := w.invoices.Invoice(ctx, w.Operator, i.ID)
		if err != nil || v.Status != billing.StatusCredited || v.CreditedBy != note.ID || v.Owed().Minor != 0 {
			t.Fatalf("%+v %v", v.Summary, err)
		}
	})
}

func TestPayments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		w.final(t, c, w.subscribe(t, c, prices(price.Net)))
		i := w.list(t, c)[0]
		pay := func(minor int64, ref string) (billing.Summary, error) {
			return w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: i.ID, Amount: money.New(minor, money.EUR), Reference: ref,
				Received: price.Date{Year: 2026, Month: 3, Day: 3}})
		}
		if got, err := pay(100, "A"); err != nil || got.Status != billing.StatusOpen || got.Paid.Minor != 100 {
			t.Fatalf("%+v %v", got, err)
		}
		if got, err := pay(100, "A"); err != nil || got.Paid.Minor != 100 {
			t.Fatalf("the same payment again: %+v %v", got, err)
		}
		_, err := pay(101, "A")
		wantCode(t, err, "billing.reference")
		_, err = pay(i.Gross.Minor, "B")
		wantCode(t, err, "billing.overpaid")
		_, err = pay(-1, "C")
		wantCode(t, err, "billing.payment")
		if got, err := pay(i.Gross.Minor-100, "B"); err != nil || got.Status != billing.StatusPaid || got.Owed().Minor != 0 {
			t.Fatalf("%+v %v", got, err)
		}
		_, err = w.invoices.RecordPayment(ctx, c, billing.PaymentInput{Invoice: i.ID, Amount: money.New(1, money.EUR), Reference: "D"})
		if fail.KindOf(err) != fail.Denied {
			t.Fatal(err)
		}
	})
}

func TestNoTenantSeesAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, b := w.business(t, "Acme"), w.business(t, "Bolt")
		w.final(t, a, w.subscribe(t, a, prices(price.Net)))
		i := w.list(t, a)[0]
		v, err := w.invoices.Invoice(ctx, a, i.ID)
		must(t, err)
		charge := v.Document.Lines[0].Charges[0].ID
		attempts := map[string]error{}
		_, attempts["invoice"] = w.invoices.Invoice(ctx, b, i.ID)
		attempts["proof"] = w.invoices.ProofFile(ctx, b, i.ID, &bytes.Buffer{})
		_, attempts["document"] = w.invoices.Document(ctx, b, i.ID, billing.FormatPDF, "")
		_, attempts["list"] = w.invoices.Invoices(ctx, b, a.Org, "")
		_, attempts["draft"] = w.invoices.Draft(ctx, b, a.Org, w.Clock.Now())
		_, attempts["issue"] = w.invoices.Issue(ctx, b, a.Org, w.Clock.Now())
		_, attempts["credit"] = w.invoices.Credit(ctx, b, i.ID, "x")
		_, attempts["pay"] = w.invoices.RecordPayment(ctx, b, billing.PaymentInput{Invoice: i.ID})
		_, attempts["cost"] = w.ratings.CostNow(ctx, b, a.Org)
		_, attempts["charges"] = w.ratings.Charges(ctx, b, a.Org)
		_, attempts["explain"] = w.ratings.Explain(ctx, b, charge, "en")
		for name, err := range attempts {
			if fail.KindOf(err) != fail.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		text, err := w.ratings.Explain(ctx, a, charge, "en")
		if err != nil || !strings.Contains(text, "rounded to") {
			t.Fatalf("%q %v", text, err)
		}
	})
}

func TestTheLegalCopyOutlivesThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.Household(t, "Jeanne Martin")
		w.final(t, c, w.subscribe(t, c, prices(price.Gross)))
		i := w.list(t, c)[0]
		staff := w.Operator
		v, err := w.invoices.Invoice(ctx, staff, i.ID)
		if err != nil || !v.Hidden || v.Document.Buyer.Name != party.Hidden {
			t.Fatalf("%+v %v", v.Document, err)
		}
		must(t, w.Ring.Destroy(ctx, keys.Person(c.Person)))
		must(t, w.Ring.Destroy(ctx, keys.Tenant(c.Org)))
		if v, err = w.invoices.Invoice(ctx, staff, i.ID); err != nil || v.Document.Buyer.Name != party.Erased {
			t.Fatalf("%+v %v", v.Document, err)
		}
		staff.Purpose = "Audit of 2026"
		for range 2 {
			if v, err = w.invoices.Invoice(ctx, staff, i.ID); err != nil || v.Hidden || v.Document.Buyer.Name != "Jeanne Martin" {
				t.Fatalf("%+v %v", v.Document, err)
			}
		}
		reads, err := w.Facts.About(ctx, staff.Org, c.Org)
		if err != nil || len(reads) != 2 || reads[0].Type != party.FactPersonRead {
			t.Fatalf("%+v %v", reads, err)
		}
		w.drain(t)
		if v, err = w.invoices.Invoice(ctx, c, i.ID); err != nil || v.Document.Buyer.Name != "Jeanne Martin" || v.Hash != i.Hash {
			t.Fatalf("%+v %v", v.Document, err)
		}
		must(t, w.Ring.Destroy(ctx, keys.Entity(i.Entity)))
		if v, err = w.invoices.Invoice(ctx, c, i.ID); err != nil || v.Document != nil || !v.Hidden || v.Gross != i.Gross {
			t.Fatalf("%+v %v", v, err)
		}
	})
}

// TestAReplayChangesNothing reads all facts again, before and after the customer's key was destroyed.
func TestAReplayChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, _ := story(t, w)
		state := func() (out []string) {
			t.Helper()
			must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
				for _, q := range []string{"SELECT count(*) FROM charge", "SELECT count(*) FROM invoice", "SELECT count(*) FROM rating_interval", "SELECT count(*) FROM fact",
					"SELECT sum(charged) FROM rating_total", "SELECT raised FROM rating_contract"} {
					var n int64
					if err := tx.QueryRow(q).Scan(&n); err != nil {
						return err
					}
					out = append(out, fmt.Sprint(q, " ", n))
				}
				return nil
			}))
			return out
		}
		want := state()
		for n := range 2 {
			if n == 1 {
				must(t, w.Ring.Destroy(ctx, keys.Tenant(i.Org)))
			}
			w.tx(t, func(tx *store.Tx) error {
				_, err := tx.Exec("UPDATE fact_reader SET position = 0")
				return err
			})
			w.drain(t)
			if d := cmp.Diff(want, state()); d != "" {
				t.Fatal(d)
			}
		}
		err := w.invoices.ProofFile(ctx, w.Operator, i.ID, &bytes.Buffer{})
		wantCode(t, err, "billing.proof_erased")
	})
}

// An invoice of many events is proved by two files, one of few by one.
func TestAProofOfManyEventsHasThemApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, whole := story(t, w)
		c, err := w.invoices.EventsApart(ctx, w.Operator, i.ID)
		if err != nil || c || !bytes.Contains(whole, []byte(proof.InvoiceFileVersion)) {
			t.Fatalf("six events stand apart: %v %v", c, err)
		}
		w.invoices.Small = 5
		if apart, err := w.invoices.EventsApart(ctx, w.Operator, i.ID); err != nil || !apart {
			t.Fatalf("more than may be in one file: %v %v", apart, err)
		}
		f, err := proof.ParseInvoiceFile(bytes.NewReader(w.proofFile(t, w.Operator, i.ID)))
		must(t, err)
		var events bytes.Buffer
		must(t, w.invoices.EventsFile(ctx, w.Operator, i.ID, &events))
		r, err := f.VerifyApart(w.log.Key, &events)
		if err != nil || f.Version != proof.InvoiceFileApart || r.Hash != i.Hash || r.Events != 6 {
			t.Fatalf("%+v %v", r, err)
		}
		other := w.business(t, "Bolt")
		if _, err := w.invoices.EventsApart(ctx, other, i.ID); !fail.Is(err, fail.NotFound) {
			t.Error(err)
		}
		if err := w.invoices.EventsFile(ctx, other, i.ID, &bytes.Buffer{}); !fail.Is(err, fail.NotFound) {
			t.Error(err)
		}
	})
}
