package bank_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

const (
	ourIBAN   = "FR7630006000011234567890189"
	theirIBAN = "FR1420041010050500013M02606"
)

// world is a market whose operator collects.
type world struct {
	*partytest.World
	t        testing.TB
	ratings  *rating.Ratings
	invoices *billing.Invoices
	collects *collect.Collects
	banks    *bank.Banks
	company  access.Caller
	home     access.Caller
	n        int
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	sets := append(partytest.Sets(), rating.Migrations(), billing.Migrations(), collect.Migrations(), bank.Migrations())
	storetest.Each(t, sets, func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db), t: t}
	table, err := tax.Builtin()
	must(t, err)
	w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings, Tax: table, Log: slog.New(slog.DiscardHandler)})
	w.collects, err = collect.New(collect.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: w.invoices, Outbox: w.Outbox,
		Log: slog.New(slog.DiscardHandler), Site: "https://halle.example"})
	must(t, err)
	w.invoices.Payment = w.collects.PaymentIn
	w.banks = bank.New(bank.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: w.invoices, Collects: w.collects})
	_, err = w.collects.SetAccount(context.Background(), w.Operator, collect.AccountInput{Entity: w.Entity, IBAN: ourIBAN, CreditorID: "FR72ZZZ123456", NoticeDays: 5})
	must(t, err)
	w.company = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	w.home = w.Household(t, "Durand")
	return w
}

// invoice issues one of so many cents, tax included or on top as the buyer has it; it gives the summary.
func (w *world) invoice(c access.Caller, cents int64) billing.Summary {
	w.t.Helper()
	ctx := context.Background()
	w.n++
	v := &price.Version{ID: fmt.Sprintf("prv-%d", w.n), Currency: money.EUR, Basis: price.Gross, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Components: []price.Component{{Key: "setup", Kind: price.OneOff, Price: money.NewUnitPrice(cents*10_000_000, money.EUR)}}}
	text, err := v.Canonical()
	must(w.t, err)
	h := sha256.Sum256(text)
	at, sub := w.Clock.Now(), w.IDs.New("sub")
	must(w.t, w.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := w.Facts.Record(tx, trace.Fact{Type: subscription.FactActivated, Aggregate: sub, Owner: c.Org, Actor: "system:test", At: at,
			Machine: subscription.ActivatedFact{Subscription: sub, Org: c.Org, Path: c.Path, Market: w.Market.ID, Publisher: w.Operator.Org, Seller: w.Entity, Name: "Messaging", Plan: "small", PlanName: "small",
				Currency: v.Currency, Basis: v.Basis, Price: text, PriceHash: hex.EncodeToString(h[:]), PriceVersion: v.ID, Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), At: at.Format(time.RFC3339Nano)}})
		return err
	}))
	must(w.t, w.Facts.Drain(ctx, w.ratings.Readers()...))
	w.Clock.Advance(time.Second)
	list, err := w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
	must(w.t, err)
	if len(list) != 1 || list[0].Gross.Minor != cents {
		w.t.Fatalf("invoices %+v", list)
	}
	return list[0]
}

func (w *world) mandate(c access.Caller) collect.Mandate {
	w.t.Helper()
	m, err := w.collects.Give(context.Background(), c, collect.MandateInput{Org: c.Org, Entity: w.Entity, Name: "Zoë Durand", IBAN: theirIBAN, Signed: true, Lang: "fr"})
	must(w.t, err)
	return m
}

// collect runs, takes the file and hands it over.
func (w *world) collect() (collect.Collection, string) {
	w.t.Helper()
	ctx := context.Background()
	k, made, err := w.collects.Run(ctx, w.Operator, w.Entity)
	must(w.t, err)
	if !made {
		w.t.Fatal("nothing was collected")
	}
	file, _, err := w.collects.File(ctx, w.Operator, k.ID)
	must(w.t, err)
	k, err = w.collects.HandOver(ctx, w.Operator, k.ID)
	must(w.t, err)
	k, err = w.collects.Collection(ctx, w.Operator, k.ID)
	must(w.t, err)
	return k, string(file)
}

// line is one movement of a statement.
type line struct {
	cents    int64
	currency string
	ref      string // of the bank
	e2e      string
	text     string
	code     string // a return, money goes out
	raw      string
}

func camt(lines ...line) []byte {
	var b strings.Builder
	b.WriteString(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>` + ourIBAN + `</IBAN></Id></Acct>`)
	for _, l := range lines {
		if l.currency == "" {
			l.currency = "EUR"
		}
		sign, ret := "CRDT", ""
		if l.code != "" {
			sign, ret = "DBIT", "<RtrInf><Rsn><Cd>"+l.code+"</Cd></Rsn></RtrInf>"
		}
		fmt.Fprintf(&b, `<Ntry><Amt Ccy="%s">%d.%02d</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-12-10</Dt></BookgDt><AcctSvcrRef>%s</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs>`+
			`<RltdPties><Dbtr><Pty><Nm>Somebody Secret</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>%s</Ustrd></RmtInf>%s%s</TxDtls></NtryDtls></Ntry>`, l.currency, l.cents/100, l.cents%100, sign, l.ref, l.e2e, l.text, ret, l.raw)
	}
	b.WriteString(`</Stmt></BkToCstmrStmt></Document>`)
	return []byte(b.String())
}

func (w *world) load(data []byte) bank.File {
	w.t.Helper()
	f, err := w.banks.Import(context.Background(), w.Operator, w.Entity, "statement.xml", data)
	must(w.t, err)
	return f
}

func (w *world) desk() []bank.Entry {
	w.t.Helper()
	list, _, err := w.banks.Entries(context.Background(), w.Operator, bank.Desk, "")
	must(w.t, err)
	return list
}

func (w *world) owed(i billing.Summary) (int64, billing.Status) {
	w.t.Helper()
	v, err := w.invoices.Invoice(context.Background(), access.System("billing"), i.ID)
	must(w.t, err)
	return v.Owed().Minor, v.Status
}

func TestFromMandateToReturn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i := w.invoice(w.home, 24_00)
		other := w.invoice(w.company, 100_00)
		m := w.mandate(w.home)
		k, file := w.collect()
		if k.Count != 1 || k.Total != money.New(24_00, money.EUR) || k.State != collect.Handed || !strings.Contains(file, "<SeqTp>FRST</SeqTp>") || !strings.Contains(file, theirIBAN) || !strings.Contains(file, m.Reference) ||
			!strings.Contains(file, i.Number) {
			t.Fatalf("%+v\n%s", k, file)
		}
		d := k.Debits[0]
		if !d.Due.Start(time.UTC).After(w.Clock.Now().AddDate(0, 0, 4)) {
			t.Errorf("collected on %s, before the notice is over", d.Due)
		}
		if subject, text := w.Mail(t, "durand@home.example"); !strings.Contains(text, m.Reference) || strings.Contains(text, theirIBAN) || !strings.Contains(subject, "24") {
			t.Errorf("the notice says %q: %s", subject, text)
		}
		f := w.load(camt(line{cents: 24_00, ref: "B1", e2e: d.EndToEnd}, line{cents: 5_00, ref: "B2", text: "for the bread"}))
		if f.Matched != 1 || f.Desk != 1 {
			t.Fatalf("%+v", f)
		}
		if owed, status := w.owed(i); owed != 0 || status != billing.StatusPaid {
			t.Errorf("owed %d, %s", owed, status)
		}
		back := camt(line{cents: 24_00, ref: "B3", e2e: d.EndToEnd, code: "AC04"})
		if f = w.load(back); f.Failed != 1 {
			t.Fatalf("%+v", f)
		}
		if owed, status := w.owed(i); owed != 24_00 || status != billing.StatusOpen {
			t.Errorf("after the return: owed %d, %s", owed, status)
		}
		if m, err := w.collects.Mandate(ctx, w.home, m.ID); err != nil || m.State != collect.Revoked || m.Why != collect.WhyBank {
			t.Errorf("%+v, %v", m, err)
		}
		if _, text := w.Mail(t, "durand@home.example"); !strings.Contains(text, i.Number) {
			t.Errorf("nobody was told: %s", text)
		}
		v, err := w.collects.Overview(ctx, w.home, w.home.Org)
		if err != nil || len(v.Owed) != 1 || v.Owed[0].Failed == nil || v.Owed[0].Failed.Code != "AC04" || len(v.Owed[0].Ways) != 1 || v.Owed[0].Ways[0].IBAN.Electronic() != ourIBAN {
			t.Errorf("%+v, %v", v, err)
		}
		if f = w.load(back); !f.Again || f.Failed != 1 {
			t.Errorf("the same file again: %+v", f)
		}
		if owed, _ := w.owed(other); owed != 100_00 {
			t.Errorf("another's invoice: %d", owed)
		}
		if _, made, err := w.collects.Run(ctx, w.Operator, w.Entity); made || err != nil {
			t.Errorf("collected without mandate: %v", err)
		}
		w.mandate(w.home)
		if _, made, err := w.collects.Run(ctx, w.Operator, w.Entity); !made || err != nil {
			t.Errorf("a new mandate changes nothing: %v", err)
		}
	})
}

func TestMovementsFindTheirInvoice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b, c := w.invoice(w.company, 10_00), w.invoice(w.company, 20_00), w.invoice(w.company, 30_00)
		loose := func(n string) string { return "Merci! inv " + n[4:8] + " / " + n[9:] }
		f := w.load(camt(
			line{cents: 4_00, ref: "1", text: "Facture " + a.Number},                        // in part
			line{cents: 9_00, ref: "2", text: loose(a.Number)},                              // the rest and 3.00 above
			line{cents: 50_00, ref: "3", e2e: b.Number, text: "RECHNUNG" + c.Number},        // two that fit
			line{cents: 7_00, ref: "4", text: b.Number},                                     // paid already
			line{cents: 1_00, currency: "CHF", ref: "5", text: a.Number},                    // another currency
			line{cents: 50_00, ref: "3", e2e: b.Number, text: "RECHNUNG " + c.Number + " "}, // one that is told twice
		))
		if f.Matched != 3 || f.Desk != 3 {
			t.Fatalf("%+v", f)
		}
		for _, i := range []billing.Summary{a, b, c} {
			if owed, status := w.owed(i); owed != 0 || status != billing.StatusPaid {
				t.Errorf("%s: %d owed, %s", i.Number, owed, status)
			}
		}
		v, err := w.collects.Overview(context.Background(), w.company, w.company.Org)
		if err != nil || len(v.Credits) != 1 || v.Credits[0].Amount != money.New(3_00, money.EUR) {
			t.Errorf("credit: %+v, %v", v.Credits, err)
		}
		why := map[string]int{}
		for _, e := range w.desk() {
			why[e.Why]++
			if e.Payer != "Somebody Secret" {
				t.Errorf("the payer is %q", e.Payer)
			}
		}
		if why[bank.WhyPaid] != 2 || why[bank.WhyCurrency] != 1 {
			t.Errorf("desk: %v", why)
		}
		// The same movements in another file count nothing.
		again := bytes.Replace(camt(line{cents: 4_00, ref: "1", text: "Facture " + a.Number}), []byte("<Id>1</Id>"), []byte("<Id>2</Id>"), 1)
		if f = w.load(again); f.Again || f.Entries != 1 || f.Fresh != 0 {
			t.Errorf("told again: %+v", f)
		}
		// What is kept is used before anything is collected.
		d := w.invoice(w.company, 3_00)
		w.mandate(w.company)
		if _, made, err := w.collects.Run(context.Background(), w.Operator, w.Entity); made || err != nil {
			t.Errorf("collected although credit was kept: %v", err)
		}
		if owed, status := w.owed(d); owed != 0 || status != billing.StatusPaid {
			t.Errorf("paid by credit: %d owed, %s", owed, status)
		}
	})
}

func TestTheDeskDecides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, b := w.invoice(w.company, 10_00), w.invoice(w.home, 20_00)
		w.load(camt(line{cents: 40_00, ref: "1"}, line{cents: 5_00, ref: "2"}, line{cents: 6_00, ref: "3"}, line{cents: 7_00, currency: "CHF", ref: "4"}))
		list := w.desk()
		if len(list) != 4 {
			t.Fatalf("%+v", list)
		}
		big, five, six, francs := list[3], list[2], list[1], list[0]
		for what, in := range map[string]bank.Decision{
			"nothing": {}, "two things": {Back: true, Note: true}, "above what is owed": {Parts: []bank.Split{{Invoice: a.ID, Amount: money.New(11_00, money.EUR)}}},
			"twice": {Parts: []bank.Split{{Invoice: a.ID, Amount: money.New(1, money.EUR)}, {Invoice: a.ID, Amount: money.New(1, money.EUR)}}}, "below zero": {Parts: []bank.Split{{Invoice: a.ID, Amount: money.New(-1, money.EUR)}}},
		} {
			if _, err := w.banks.Decide(ctx, w.Operator, big.ID, in); !fail.Is(err, fail.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := w.banks.Decide(ctx, w.Operator, francs.ID, bank.Decision{Parts: []bank.Split{{Invoice: a.ID}}}); fail.CodeOf(err) != "bank.currency" {
			t.Errorf("francs for an invoice in euro: %v", err)
		}
		e, err := w.banks.Decide(ctx, w.Operator, big.ID, bank.Decision{Parts: []bank.Split{{Invoice: a.Number}, {Invoice: b.ID, Amount: money.New(15_00, money.EUR)}}, Keep: w.home.Org})
		if err != nil || e.State != bank.Assigned || e.Kept.Minor != 15_00 || len(e.Parts) != 2 {
			t.Fatalf("%+v, %v", e, err)
		}
		if owed, _ := w.owed(b); owed != 5_00 {
			t.Errorf("%d owed", owed)
		}
		if _, err := w.banks.Decide(ctx, w.Operator, big.ID, bank.Decision{Back: true}); fail.CodeOf(err) != "bank.decided" {
			t.Errorf("decided twice: %v", err)
		}
		if e, err = w.banks.Decide(ctx, w.Operator, five.ID, bank.Decision{Keep: w.company.Org}); err != nil || e.State != bank.Kept || e.Kept.Minor != 5_00 {
			t.Errorf("%+v, %v", e, err)
		}
		if e, err = w.banks.Decide(ctx, w.Operator, six.ID, bank.Decision{Back: true}); err != nil || e.State != bank.SentBack {
			t.Errorf("%+v, %v", e, err)
		}
		if got := w.desk(); len(got) != 1 {
			t.Errorf("%d lie on the desk", len(got))
		}
	})
}

func TestWhatChangesMidCollection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, j := w.invoice(w.home, 24_00), w.invoice(w.company, 36_00)
		m, _ := w.mandate(w.home), w.mandate(w.company)
		k, _, err := w.collects.Run(ctx, w.Operator, w.Entity)
		must(t, err)
		first, name, err := w.collects.File(ctx, w.Operator, k.ID)
		must(t, err)
		if again, _, err := w.collects.File(ctx, w.Operator, k.ID); err != nil || !bytes.Equal(first, again) {
			t.Errorf("the file changed: %v", err)
		}
		_, err = w.collects.Revoke(ctx, w.home, m.ID)
		must(t, err)
		if _, err := w.collects.HandOver(ctx, w.Operator, k.ID); fail.CodeOf(err) != "collect.stale" {
			t.Errorf("handed over with a revoked mandate: %v", err)
		}
		second, other, err := w.collects.File(ctx, w.Operator, k.ID)
		if err != nil || other == name || strings.Contains(string(second), i.Number) || !strings.Contains(string(second), j.Number) {
			t.Fatalf("%v\n%s", err, second)
		}
		k, err = w.collects.HandOver(ctx, w.Operator, k.ID)
		if err != nil || k.Count != 1 || k.Total.Minor != 36_00 {
			t.Fatalf("%+v, %v", k, err)
		}
		if _, err := w.collects.Drop(ctx, w.Operator, k.ID); fail.CodeOf(err) != "collect.collection_state" {
			t.Errorf("dropped at the bank: %v", err)
		}
		// Revoked once it is at the bank: the money goes to the desk.
		list, err := w.collects.Mandates(ctx, w.company, w.company.Org)
		must(t, err)
		_, err = w.collects.Revoke(ctx, w.company, list[0].ID)
		must(t, err)
		k, err = w.collects.Collection(ctx, w.Operator, k.ID)
		must(t, err)
		e2e := regexp.MustCompile(`<EndToEndId>([^<]*)`).FindStringSubmatch(string(second))[1]
		w.load(camt(line{cents: 36_00, ref: "1", e2e: e2e}))
		if d := w.desk(); len(d) != 1 || d[0].Why != bank.WhyMandate {
			t.Errorf("%+v", d)
		}
	})
}

// TestAnInvoiceSaysHowItIsPaid: by transfer without a mandate, by the mandate with one; a household's account is not on it.
func TestAnInvoiceSaysHowItIsPaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		says := func(c access.Caller, want proof.InvoicePayment) {
			t.Helper()
			v, err := w.invoices.Invoice(context.Background(), c, w.invoice(c, 24_00).ID)
			must(t, err)
			if v.Document.Payment != want {
				t.Errorf("it says %+v, want %+v", v.Document.Payment, want)
			}
		}
		transfer := proof.InvoicePayment{Means: proof.PaySEPATransfer, IBAN: ourIBAN}
		says(w.home, transfer)
		says(w.company, transfer)
		home, company := w.mandate(w.home), w.mandate(w.company)
		says(w.home, proof.InvoicePayment{Means: proof.PaySEPADebit, Mandate: home.Reference, Creditor: "FR72ZZZ123456"})
		says(w.company, proof.InvoicePayment{Means: proof.PaySEPADebit, Mandate: company.Reference, Creditor: "FR72ZZZ123456", Debited: theirIBAN})
		_, err := w.collects.Revoke(context.Background(), w.home, home.ID)
		must(t, err)
		says(w.home, transfer)
	})
}

func TestABatchIsBookedAsOneSum(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, j := w.invoice(w.home, 24_00), w.invoice(w.company, 36_00)
		w.mandate(w.home)
		w.mandate(w.company)
		k, _ := w.collect()
		w.load(bytes.Replace(camt(line{cents: 60_00, ref: "1"}), []byte("<EndToEndId></EndToEndId>"), []byte("<PmtInfId>"+k.Message+"-1</PmtInfId>"), 1))
		for _, one := range []billing.Summary{i, j} {
			if owed, _ := w.owed(one); owed != 0 {
				t.Errorf("%d owed of %s", owed, one.Number)
			}
		}
	})
}

func TestTheBankRefusesAFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i := w.invoice(w.home, 24_00)
		m := w.mandate(w.home)
		k, _ := w.collect()
		report := func(original string) []byte {
			return []byte(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>` + original +
				`</OrgnlMsgId><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>`)
		}
		if _, err := w.banks.Import(context.Background(), w.Operator, w.Entity, "x", report("OTHER")); fail.CodeOf(err) != "bank.original" {
			t.Errorf("a report on another's file: %v", err)
		}
		if f := w.load(report(k.Message)); f.Failed != 1 || f.Kind != bank.Report {
			t.Errorf("%+v", f)
		}
		if m, err := w.collects.Mandate(context.Background(), w.home, m.ID); err != nil || m.State != collect.Active {
			t.Errorf("no money ends no mandate: %+v, %v", m, err)
		}
		if owed, _ := w.owed(i); owed != 24_00 {
			t.Errorf("%d owed", owed)
		}
		for range 2 { // twice more, and never again
			k, file := w.collect()
			if !strings.Contains(file, "<SeqTp>RCUR</SeqTp>") {
				t.Error("not recurrent")
			}
			w.load(report(k.Message))
		}
		if _, made, err := w.collects.Run(context.Background(), w.Operator, w.Entity); made || err != nil {
			t.Errorf("presented a fourth time: %v", err)
		}
	})
}

func TestNothingFromOutside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i := w.invoice(w.home, 24_00)
		m := w.mandate(w.home)
		k, _, err := w.collects.Run(ctx, w.Operator, w.Entity)
		must(t, err)
		w.load(camt(line{cents: 5_00, ref: "1"}))
		entry := w.desk()[0].ID
		for what, err := range map[string]error{
			"another's mandate":          second(w.collects.Mandate(ctx, w.company, m.ID)),
			"another's mandates":         second(w.collects.Mandates(ctx, w.company, w.home.Org)),
			"revoking another's mandate": second(w.collects.Revoke(ctx, w.company, m.ID)),
			"signing another's mandate":  second(w.collects.Sign(ctx, w.company, m.ID, "", "")),
			"a mandate for another":      second(w.collects.Give(ctx, w.company, collect.MandateInput{Org: w.home.Org, Entity: w.Entity, Name: "x", IBAN: theirIBAN, Signed: true})),
			"what another owes":          second(w.collects.Overview(ctx, w.company, w.home.Org)),
			"a collection":               second(w.collects.Collection(ctx, w.company, k.ID)),
			"dropping a collection":      second(w.collects.Drop(ctx, w.company, k.ID)),
			"handing over":               second(w.collects.HandOver(ctx, w.company, k.ID)),
			"a movement":                 second(w.banks.Entry(ctx, w.company, entry)),
			"deciding":                   second(w.banks.Decide(ctx, w.company, entry, bank.Decision{Keep: w.company.Org})),
			"no such mandate":            second(w.collects.Mandate(ctx, w.home, "mdt_x")),
		} {
			if !fail.Is(err, fail.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, err := w.collects.File(ctx, w.company, k.ID); !fail.Is(err, fail.NotFound) {
			t.Errorf("the file: %v", err)
		}
		_, err = w.banks.Import(ctx, w.company, w.Entity, "x", camt())
		_, err2 := w.collects.SetAccount(ctx, w.company, collect.AccountInput{Entity: w.Entity, IBAN: theirIBAN})
		_, _, err3 := w.collects.Run(ctx, w.company, w.Entity)
		for _, err := range []error{err, err2, err3} {
			if !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("a customer at the bank: %v", err)
			}
		}
		buyer := w.Join(t, w.company, w.company.Org, "buyer@example.org", access.RoleBuyer)
		if _, err := w.collects.Give(ctx, buyer, collect.MandateInput{Org: w.company.Org, Entity: w.Entity, Name: "x", IBAN: theirIBAN, Signed: true}); !fail.Is(err, fail.Denied) {
			t.Errorf("a buyer gives a mandate: %v", err)
		}
		staff, err := w.collects.Mandate(ctx, acting(w.Operator), m.ID)
		if err != nil || staff.IBAN != "" || staff.Name != "" || staff.Reference == "" {
			t.Errorf("staff sees %+v, %v", staff, err)
		}
		if owed, _ := w.owed(i); owed != 24_00 {
			t.Errorf("%d owed", owed)
		}
	})
}

func acting(c access.Caller) access.Caller {
	c.Purpose = "a question about a payment"
	return c
}

func second[T any](_ T, err error) error { return err }

func TestMandates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		pending, err := w.collects.Give(ctx, w.home, collect.MandateInput{Org: w.home.Org, Entity: w.Entity, Name: "Zoë", IBAN: theirIBAN})
		if err != nil || pending.State != collect.Pending {
			t.Fatalf("%+v, %v", pending, err)
		}
		signed, err := w.collects.Sign(ctx, w.home, pending.ID, "", "fr")
		e, err2 := w.Parties.Imprint(ctx, w.Entity)
		must(t, err2)
		h := sha256.Sum256([]byte(collect.MandateText("fr", e.Name, "FR72ZZZ123456", 5)))
		if err != nil || signed.State != collect.Active || signed.Signature.Signer != "person:"+w.home.Person || signed.Signature.TextHash != hex.EncodeToString(h[:]) {
			t.Fatalf("%+v, %v", signed, err)
		}
		if _, err := w.collects.Sign(ctx, w.home, pending.ID, "", "fr"); fail.CodeOf(err) != "collect.mandate_state" {
			t.Errorf("signed twice: %v", err)
		}
		next := w.mandate(w.home)
		if old, err := w.collects.Mandate(ctx, w.home, pending.ID); err != nil || old.State != collect.Revoked || old.Why != collect.WhyReplaced {
			t.Errorf("%+v, %v", old, err)
		}
		for field, in := range map[string]collect.MandateInput{"iban": {IBAN: "FR00"}, "name": {IBAN: theirIBAN, Name: " "}, "bic": {IBAN: "CH9300762011623852957"}, "channel": {IBAN: theirIBAN, Channel: "fax"}} {
			in.Org, in.Entity, in.Signed = w.home.Org, w.Entity, true
			if field != "name" {
				in.Name = "Zoë"
			}
			if _, err := w.collects.Give(ctx, w.home, in); !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), theirIBAN) {
				t.Errorf("%s: %v", field, err)
			}
		}
		if _, err := w.collects.Give(ctx, w.home, collect.MandateInput{Org: w.home.Org, Entity: "lge_x", Name: "Zoë", IBAN: theirIBAN}); err == nil {
			t.Error("a mandate for nobody")
		}
		w.Clock.Advance(1097 * 24 * time.Hour)
		must(t, w.collects.ExpireMandates(ctx))
		if m, err := w.collects.Mandate(ctx, w.home, next.ID); err != nil || m.State != collect.Expired {
			t.Errorf("%+v, %v", m, err)
		}
		var rows string
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.Each(func(r store.Scanner) error {
				var b []byte
				err := r.Scan(&b)
				rows += string(b)
				return err
			}, "SELECT sealed FROM mandate")
		}))
		if strings.Contains(rows, "2004101005") || strings.Contains(rows, "Zoë") {
			t.Error("an account number lies in the clear")
		}
	})
}

func TestTransitions(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range collect.Transitions() {
		key := string(row.From) + "|" + string(row.Command)
		if seen[key] || row.Fact == "" || row.From == collect.Revoked || row.From == collect.Expired {
			t.Errorf("%+v", row)
		}
		seen[key] = true
	}
}
