package payout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/tax"
)

const (
	ourIBAN   = "FR1420041010050500013M02606"
	theirIBAN = "DE89370400440532013000"
	otherIBAN = "BE68539007547034"
)

var ctx = context.Background()

// world is an operator with two publishers to whom something is due.
type world struct {
	*partytest.World
	t                  *testing.T
	settlements        *settlement.Settlements
	payouts            *payout.Payouts
	banks              *bank.Banks
	boss               access.Caller // a second person of the operator
	pub, partner, rest access.Caller // two people of one publisher, one of another
}

func sets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations(), ledger.Migrations(), settlement.Migrations(), collect.Migrations(), bank.Migrations(), payout.Migrations())
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db), t: t}
	table, err := tax.Builtin()
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	ratings := rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	invoices := billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: ratings, Tax: table, Log: log})
	collects, err := collect.New(collect.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: invoices, Outbox: w.Outbox,
		Log: log, Site: "https://halle.example"})
	must(t, err)
	w.settlements = settlement.New(settlement.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: ratings, Invoices: invoices, Tax: table,
		Log: log, Operator: w.Operator.Org, Share: 2000, Offer: func(*store.Tx, string) (string, error) { return "offer", nil }})
	w.payouts, err = payout.New(payout.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Collects: collects,
		Settlements: w.settlements, Site: "https://halle.example/"})
	must(t, err)
	w.banks = bank.New(bank.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: invoices, Collects: collects,
		Payout: w.payouts.Moved, Payouts: w.payouts.Reported})
	w.Operator.Confirmed = true
	w.boss = confirmed(w.Join(t, w.Operator, w.Operator.Org, "boss@operator.example", access.RoleOperator))
	w.pub = confirmed(w.Business(t, w.Operator, "Publisher", party.KindPublisher))
	w.partner = confirmed(w.Join(t, w.pub, w.pub.Org, "partner@publisher.example", access.RoleBilling))
	w.rest = confirmed(w.Business(t, w.Operator, "Rest", party.KindPublisher))
	_, err = collects.SetAccount(ctx, w.Operator, collect.AccountInput{Entity: w.Entity, IBAN: ourIBAN})
	must(t, err)
	w.due(w.pub.Org, 123_45)
	w.due(w.rest.Org, 10_00)
	return w
}

func confirmed(c access.Caller) access.Caller {
	c.Confirmed = true
	return c
}

// due books an amount as due to a publisher.
func (w *world) due(publisher string, cents int64) {
	w.t.Helper()
	must(w.t, w.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := w.settlements.Book.PostIn(tx, ledger.Entry{Ref: ledger.Ref{Kind: "statement", ID: w.IDs.New("stm")}, Date: price.DateOf(w.Clock.Now(), time.UTC), Transfers: []ledger.Transfer{{
			Debit:  ledger.Key{Owner: w.Operator.Org, Code: settlement.Cost, Currency: money.EUR},
			Credit: ledger.Key{Owner: publisher, Code: settlement.Due, Currency: money.EUR}, Amount: money.New(cents, money.EUR)}}})
		return err
	}))
}

func (w *world) set(c access.Caller, iban string) payout.Payee {
	w.t.Helper()
	p, err := w.payouts.SetPayee(ctx, c, payout.PayeeInput{Publisher: c.Org, Name: "Publisher SA", IBAN: iban})
	must(w.t, err)
	return p
}

// usable gives both publishers an account.
func (w *world) usable() {
	w.t.Helper()
	p := w.set(w.pub, theirIBAN)
	_, err := w.payouts.ApprovePayee(ctx, w.partner, p.ID)
	must(w.t, err)
	w.set(w.rest, otherIBAN)
	w.Clock.Advance(payout.Cooling)
}

// position is what the books have for a publisher, "due 123.45 EUR".
func (w *world) position(publisher string) string {
	w.t.Helper()
	list, err := w.settlements.Positions(ctx, w.Operator, publisher)
	must(w.t, err)
	for _, p := range list {
		return fmt.Sprintf("due %s, transit %s", p.Due, p.Transit)
	}
	return ""
}

func wants(t *testing.T, what string, err error, kind fail.Kind, code string) {
	t.Helper()
	var f *fail.Error
	if !errors.As(err, &f) || f.Kind != kind || code != "" && f.Code != code {
		t.Errorf("%s: %v, want %s %s", what, err, kind, code)
	}
}

func is(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestAnAccountIsNotChangedByOnePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.set(w.pub, theirIBAN)
		_, text := w.Mail(t, "partner@publisher.example")
		if !strings.Contains(text, "DE") || strings.Contains(text, theirIBAN) {
			t.Errorf("the mail says %s", text)
		}
		_, err := w.payouts.ApprovePayee(ctx, w.pub, first.ID)
		wants(t, "approved by whoever set it", err, fail.Denied, "")
		used, waiting, err := w.payouts.Payees(ctx, w.pub, w.pub.Org)
		if must(t, err); used != nil || waiting == nil || waiting.IBAN.Electronic() != theirIBAN {
			t.Fatalf("%+v %+v", used, waiting)
		}
		_, err = w.payouts.ApprovePayee(ctx, w.partner, first.ID)
		must(t, err)
		_, err = w.payouts.DropPayee(ctx, w.partner, first.ID)
		wants(t, "dropped in use", err, fail.Conflict, "payout.account_state")
		second := w.set(w.partner, otherIBAN)
		used, waiting, err = w.payouts.Payees(ctx, w.Operator, w.pub.Org)
		if must(t, err); used == nil || used.ID != first.ID || waiting == nil || waiting.ID != second.ID {
			t.Fatalf("%+v %+v", used, waiting)
		}
		if used.IBAN != "" || used.Name != "" || used.Masked == "" {
			t.Errorf("the operator sees %q of %q", used.IBAN.Electronic(), used.Name)
		}
		_, err = w.payouts.DropPayee(ctx, w.pub, second.ID)
		must(t, err)
		w.Clock.Advance(2 * payout.Cooling)
		used, waiting, err = w.payouts.Payees(ctx, w.pub, w.pub.Org)
		if must(t, err); used == nil || used.ID != first.ID || waiting != nil {
			t.Errorf("what was dropped is used: %+v %+v", used, waiting)
		}
		third := w.set(w.pub, otherIBAN)
		w.Clock.Advance(payout.Cooling - time.Second)
		used, _, _ = w.payouts.Payees(ctx, w.pub, w.pub.Org)
		is(t, "before the time", used.ID, first.ID)
		w.Clock.Advance(time.Second)
		used, _, _ = w.payouts.Payees(ctx, w.pub, w.pub.Org)
		is(t, "after the time", used.ID, third.ID)
	})
}

func TestNothingFromOutside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.set(w.pub, theirIBAN)
		_, err := w.payouts.ApprovePayee(ctx, w.rest, p.ID)
		wants(t, "approved by another publisher", err, fail.NotFound, "")
		_, err = w.payouts.DropPayee(ctx, w.rest, p.ID)
		wants(t, "dropped by another publisher", err, fail.NotFound, "")
		_, err = w.payouts.SetPayee(ctx, w.rest, payout.PayeeInput{Publisher: w.pub.Org, Name: "Thief", IBAN: otherIBAN})
		wants(t, "set by another publisher", err, fail.NotFound, "")
		_, err = w.payouts.SetPayee(ctx, w.Operator, payout.PayeeInput{Publisher: w.pub.Org, Name: "Thief", IBAN: otherIBAN})
		wants(t, "set by the operator", err, fail.Denied, "")
		_, _, err = w.payouts.Payees(ctx, w.rest, w.pub.Org)
		wants(t, "read by another publisher", err, fail.NotFound, "")
		w.usable()
		k, err := w.payouts.Prepare(ctx, w.Operator)
		must(t, err)
		for what, err := range map[string]error{"prepare": second(w.payouts.Prepare(ctx, w.pub)), "read": second(w.payouts.Run(ctx, w.pub, k.ID)), "approve": second(w.payouts.Approve(ctx, w.pub, k.ID)),
			"hand over": second(w.payouts.HandOver(ctx, w.pub, k.ID)), "drop": second(w.payouts.Drop(ctx, w.pub, k.ID)), "candidates": second(w.payouts.Candidates(ctx, w.pub))} {
			if !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("%s by a publisher: %v", what, err)
			}
		}
		_, err = w.payouts.SetPayee(ctx, w.pub, payout.PayeeInput{Publisher: w.pub.Org, IBAN: "FR14"})
		wants(t, "no account", err, fail.Invalid, "payout.account")
	})
}

func second[T any](_ T, err error) error { return err }

// TestARunNeedsTwoPeople goes from what is due to what the bank made of it: one payout rejected, one paid and sent back.
func TestARunNeedsTwoPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.payouts.Prepare(ctx, w.Operator)
		wants(t, "without accounts", err, fail.Conflict, "payout.nothing")
		w.usable()
		k, err := w.payouts.Prepare(ctx, w.Operator)
		must(t, err)
		is(t, "run", fmt.Sprint(k.Count, " ", k.Total), "2 133.45 EUR")
		is(t, "books", w.position(w.pub.Org), "due 0.00 EUR, transit 123.45 EUR")
		_, _, err = w.payouts.File(ctx, w.Operator, k.ID)
		wants(t, "a file before approval", err, fail.Conflict, "payout.not_approved")
		_, err = w.payouts.Approve(ctx, w.Operator, k.ID)
		wants(t, "approved by whoever prepared it", err, fail.Denied, "")
		changed := w.set(w.pub, otherIBAN)
		_, err = w.payouts.ApprovePayee(ctx, w.partner, changed.ID)
		must(t, err)
		_, err = w.payouts.Approve(ctx, w.boss, k.ID)
		wants(t, "an account that changed since", err, fail.Conflict, "payout.stale")
		_, err = w.payouts.Drop(ctx, w.Operator, k.ID)
		must(t, err)
		is(t, "dropped", w.position(w.pub.Org), "due 123.45 EUR, transit 0.00 EUR")

		k, err = w.payouts.Prepare(ctx, w.Operator)
		must(t, err)
		_, err = w.payouts.Approve(ctx, w.boss, k.ID)
		must(t, err)
		file, _, err := w.payouts.File(ctx, w.Operator, k.ID)
		must(t, err)
		again, _, err := w.payouts.File(ctx, w.Operator, k.ID)
		if must(t, err); !bytes.Equal(file, again) || strings.Count(string(file), otherIBAN) != 2 || !strings.Contains(string(file), "<CtrlSum>133.45</CtrlSum>") {
			t.Fatalf("%s", file)
		}
		k, err = w.payouts.Run(ctx, w.Operator, k.ID)
		must(t, err)
		report := fmt.Sprintf(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-03-10T10:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>%s</OrgnlMsgId></OrgnlGrpInfAndSts>`+
			`<OrgnlPmtInfAndSts><OrgnlPmtInfId>%s-1</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>%s</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`,
			k.Message, k.Message, w.item(k, w.pub).EndToEnd)
		_, err = w.banks.Import(ctx, w.Operator, w.Entity, "report.xml", []byte(report))
		wants(t, "a report about a file that is not at the bank", err, fail.Conflict, "payout.untold")
		_, err = w.payouts.HandOver(ctx, w.Operator, k.ID)
		must(t, err)
		_, err = w.payouts.Drop(ctx, w.Operator, k.ID)
		wants(t, "dropped at the bank", err, fail.Conflict, "payout.run_state")
		for range 2 {
			f, err := w.banks.Import(ctx, w.Operator, w.Entity, "report.xml", []byte(report))
			if must(t, err); f.Failed != 1 {
				t.Errorf("%+v", f)
			}
		}
		is(t, "rejected", w.position(w.pub.Org), "due 123.45 EUR, transit 0.00 EUR")
		_, text := w.Mail(t, "partner@publisher.example")
		if !strings.Contains(text, "the account is closed") {
			t.Errorf("the publisher is told %s", text)
		}
		w.moves(t, k, w.item(k, w.rest))
		books, err := w.settlements.Check(ctx, w.Operator)
		if must(t, err); len(books.Differences) > 0 {
			t.Error(books.Differences)
		}
	})
}

// moves lets the bank pay a payout, tell so again, and send it back.
func (w *world) moves(t *testing.T, k payout.Run, i payout.Item) {
	t.Helper()
	paid := camt("DBIT", "B1", i.EndToEnd, i.Payout.Amount.Minor, "")
	_, err := w.settlements.EndPayout(ctx, w.Operator, settlement.PayoutInput{Payout: i.Payout.ID, State: settlement.PayoutPaid})
	wants(t, "a payout of a run ended by hand", err, fail.Conflict, "settlement.payout_run")
	for range 2 {
		f, err := w.banks.Import(ctx, w.Operator, w.Entity, "a.xml", paid)
		if must(t, err); f.Desk != 0 {
			t.Errorf("%+v", f)
		}
	}
	is(t, "paid", w.position(i.Payout.Publisher), "due 0.00 EUR, transit 0.00 EUR")
	f, err := w.banks.Import(ctx, w.Operator, w.Entity, "b.xml", camt("DBIT", "B2", i.EndToEnd, i.Payout.Amount.Minor, ""))
	if must(t, err); f.Desk != 1 {
		t.Errorf("paid twice: %+v", f)
	}
	f, err = w.banks.Import(ctx, w.Operator, w.Entity, "c.xml", camt("CRDT", "B3", i.EndToEnd, i.Payout.Amount.Minor, "AC01"))
	if must(t, err); f.Desk != 0 {
		t.Errorf("sent back: %+v", f)
	}
	is(t, "sent back", w.position(i.Payout.Publisher), "due 10.00 EUR, transit 0.00 EUR")
	k, err = w.payouts.Run(ctx, w.Operator, k.ID)
	must(t, err)
	is(t, "shown", string(w.item(k, w.rest).Payout.State)+" "+w.item(k, w.rest).Payout.Code, "returned AC01")
}

func (w *world) item(k payout.Run, c access.Caller) payout.Item {
	for _, i := range k.Items {
		if i.Payout.Publisher == c.Org {
			return i
		}
	}
	w.t.Fatal("the run does not pay " + c.Org)
	return payout.Item{}
}

// camt is a statement of one movement.
func camt(sign, reference, endToEnd string, cents int64, code string) []byte {
	back, ours := "", "<EndToEndId>"+endToEnd+"</EndToEndId>"
	if code != "" {
		back = "<RtrInf><Rsn><Cd>" + code + "</Cd></Rsn></RtrInf>"
	}
	if strings.HasSuffix(endToEnd, "-1") {
		ours = "<PmtInfId>" + endToEnd + "</PmtInfId>"
	}
	return fmt.Appendf(nil, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S%s</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>%s</IBAN></Id></Acct>`+
		`<Ntry><Amt Ccy="EUR">%d.%02d</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-10</Dt></BookgDt><AcctSvcrRef>%s</AcctSvcrRef><NtryDtls><TxDtls><Refs>%s</Refs>%s</TxDtls></NtryDtls></Ntry>`+
		`</Stmt></BkToCstmrStmt></Document>`, reference, ourIBAN, cents/100, cents%100, sign, reference, ours, back)
}

func TestABatchIsBookedAsOneSum(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usable()
		k, err := w.payouts.Prepare(ctx, w.Operator)
		must(t, err)
		_, err = w.payouts.Approve(ctx, w.boss, k.ID)
		must(t, err)
		_, err = w.payouts.HandOver(ctx, w.boss, k.ID)
		must(t, err)
		f, err := w.banks.Import(ctx, w.Operator, w.Entity, "a.xml", camt("DBIT", "B1", k.Message+"-1", 133_44, ""))
		if must(t, err); f.Desk != 1 {
			t.Errorf("another sum: %+v", f)
		}
		f, err = w.banks.Import(ctx, w.Operator, w.Entity, "b.xml", camt("DBIT", "B2", k.Message+"-1", 133_45, ""))
		if must(t, err); f.Desk != 0 {
			t.Errorf("the sum: %+v", f)
		}
		is(t, "paid", w.position(w.pub.Org), "due 0.00 EUR, transit 0.00 EUR")
	})
}
