package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
)

// TestEveryCentIsSettledChaos lets a market go on at random and then asks for every document: do its splits sum to its
// lines, its lines to itself, and say the books and the FOCUS file the same; is it the same when it is rated again; is
// what publishers are told and paid what they earned. HALLE_SEED makes one round again, HALLE_CHAOS=1 makes many.
func TestEveryCentIsSettledChaos(t *testing.T) {
	rounds, deeds := 1, 70
	if os.Getenv("HALLE_CHAOS") != "" {
		rounds, deeds = 40, 200
	}
	seed := settledSeed(t)
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			for n := range rounds {
				db := storetest.Open(t, storetest.URL(t, engine, settledSets()), settledSets())
				w := newSettled(t, db, seed+uint64(n))
				for range 6 {
					w.sell(t)
				}
				for range deeds {
					w.deed(t)
				}
				w.finish(t)
				w.proved(t)
				if t.Failed() {
					t.Fatalf("the seed was %d", seed+uint64(n))
				}
			}
		})
	}
}

// deed does one thing that happens in a market.
func (w *settled) deed(t *testing.T) {
	one := pick(w.rng, w.sold...)
	switch n := w.rng.IntN(100); {
	case n < 8:
		w.sell(t)
	case n < 36:
		w.use(t, one, 0)
	case n < 44:
		w.use(t, one, time.Duration(24*w.rng.IntN(60))*time.Hour)
	case n < 56:
		w.Clock.Advance(time.Duration(1+w.rng.IntN(220)) * time.Hour)
	case n < 64:
		w.bill(t, pick(w.rng, w.customers...))
	case n < 78:
		w.takeBack(t)
	case n < 82:
		w.pay(t)
	case n < 84:
		w.giveUp(t)
	case n < 86:
		publisher := pick(w.rng, w.publishers...).Org
		_, err := w.settlements.SetRule(t.Context(), w.Operator, settlement.RuleInput{Publisher: publisher, Offer: pick(w.rng, "", "offer1"), Terms: w.terms()})
		w.refused(t, "a rule", err)
	case n < 89 && !one.ended:
		one.version = w.version(one.version.Basis, one.version.Currency)
		text := w.keep(t, one.version)
		w.n++
		w.tx(t, func(tx *store.Tx) error {
			return w.ratings.ChangePrice(tx, one.id, text, "large", "", "fct_price_"+one.version.ID, w.Clock.Now())
		})
	case n < 91 && !one.ended:
		one.ended = true
		w.tx(t, func(tx *store.Tx) error { return w.ratings.End(tx, one.id, "fct_end", w.Clock.Now()) })
	case n < 94:
		window := w.use(t, one, 0)
		w.dispute(t, one, window, meter.DisputeOpen, meter.FactDisputed)
		w.bill(t, one.customer)
		if w.rng.IntN(2) == 0 {
			w.dispute(t, one, window, meter.DisputeUpheld, meter.FactDisputeUpheld)
		}
	case n < 99:
		w.payOut(t)
	default:
		_, err := w.settlements.LockBooks(t.Context(), w.Operator, price.DateOf(w.Clock.Now().AddDate(0, 0, -1-w.rng.IntN(9)), time.UTC))
		w.refused(t, "a lock", err)
	}
	if w.rng.IntN(3) == 0 {
		w.drain(t)
	}
}

// finish bills everything and closes every statement.
func (w *settled) finish(t *testing.T) {
	w.Clock.Advance(32 * 24 * time.Hour)
	for _, c := range w.customers {
		w.bill(t, c)
	}
	w.drain(t)
	w.Clock.Advance(24 * time.Hour) // invoices are dated in the zone of their customer
	for _, p := range w.publishers {
		_, err := w.settlements.CloseStatements(t.Context(), w.Operator, p.Org, price.DateOf(w.Clock.Now(), time.UTC))
		w.must(t, err)
	}
}

func (w *settled) bill(t *testing.T, c access.Caller) {
	w.Clock.Advance(time.Minute)
	_, err := w.invoices.Issue(t.Context(), access.System("billing"), c.Org, w.Clock.Now())
	w.must(t, err)
}

// issued are all documents so far.
func (w *settled) issued(t *testing.T) (list []billing.Summary) {
	t.Helper()
	w.must(t, w.DB.Read(t.Context(), func(tx *store.Tx) error {
		list = nil
		return w.invoices.EachIssued(tx, func(i billing.Summary) error {
			list = append(list, i)
			return nil
		})
	}))
	return list
}

// takeBack credits an invoice, as a whole or in part.
func (w *settled) takeBack(t *testing.T) {
	list := w.issued(t)
	if len(list) == 0 {
		return
	}
	i := pick(w.rng, list...)
	if w.rng.IntN(4) == 0 {
		_, err := w.invoices.Credit(t.Context(), w.Operator, i.ID, "a mistake")
		w.refused(t, "a note", err)
		return
	}
	left, err := w.invoices.Left(t.Context(), w.Operator, i.ID)
	w.refused(t, "what is left", err)
	var lines []proof.CreditLine
	for n, a := range left {
		if a.Minor == 0 || w.rng.IntN(2) == 0 {
			continue
		}
		part := a.Minor
		if w.rng.IntN(3) > 0 {
			part = part/2 + part%2
		}
		lines = append(lines, proof.CreditLine{Line: n + 1, Amount: money.New(part, a.Currency)})
	}
	_, err = w.invoices.CreditLines(t.Context(), w.Operator, i.ID, "a part", lines)
	w.refused(t, "a note about parts", err)
}

// pay pays an invoice in part or whole, or takes a payment back.
func (w *settled) pay(t *testing.T) {
	list := w.issued(t)
	if len(list) == 0 {
		return
	}
	w.n++
	i, today, reference := pick(w.rng, list...), price.DateOf(w.Clock.Now(), time.UTC), "P"+hashOf([]byte{byte(w.n), byte(w.n >> 8)})[:20]
	if i.Paid.Sign() > 0 && w.rng.IntN(2) == 0 {
		err := w.DB.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := w.invoices.ReturnIn(tx, w.Operator, billing.ReturnInput{Invoice: i.ID, Amount: money.New(1+w.rng.Int64N(i.Paid.Minor), i.Paid.Currency), On: today, Reference: reference})
			return err
		})
		w.refused(t, "a return", err)
		return
	}
	if i.Owed().Sign() > 0 {
		_, err := w.invoices.RecordPayment(t.Context(), w.Operator, billing.PaymentInput{Invoice: i.ID, Amount: money.New(1+w.rng.Int64N(i.Owed().Minor), i.Paid.Currency),
			Received: today, Reference: reference})
		w.refused(t, "a payment", err)
	}
}

// giveUp writes an invoice off, or takes it up again, or books a fee.
func (w *settled) giveUp(t *testing.T) {
	list := w.issued(t)
	if len(list) == 0 {
		return
	}
	w.n++
	i := pick(w.rng, list...)
	_, err := w.invoices.WriteOff(t.Context(), w.Operator, billing.WriteOffInput{Invoice: i.ID, Reason: "insolvent", VAT: w.rng.IntN(2) == 0})
	w.refused(t, "a write-off", err)
	if w.rng.IntN(2) == 0 {
		_, err = w.invoices.TakeUp(t.Context(), w.Operator, i.ID)
		w.refused(t, "taking it up", err)
	}
	err = w.settlements.BookFee(t.Context(), w.Operator, settlement.FeeInput{Invoice: i.ID, Amount: money.New(1+w.rng.Int64N(999), i.Gross.Currency), What: "a return", Reference: fmt.Sprint("F", w.n)})
	w.refused(t, "a fee", err)
}

// payOut states and pays a publisher, or lets what was paid come back.
func (w *settled) payOut(t *testing.T) {
	w.drain(t)
	p := pick(w.rng, w.publishers...).Org
	w.must(t, w.settlements.ReleaseReserves(t.Context()))
	_, err := w.settlements.CloseStatements(t.Context(), w.Operator, p, price.DateOf(w.Clock.Now(), time.UTC))
	w.must(t, err)
	one, err := w.settlements.PayOut(t.Context(), w.Operator, p, money.EUR)
	w.refused(t, "a payout", err)
	if err == nil && w.rng.IntN(3) > 0 {
		_, err = w.settlements.EndPayout(t.Context(), w.Operator, settlement.PayoutInput{Payout: one.ID, State: pick(w.rng, settlement.PayoutPaid, settlement.PayoutReturned), Reference: "B"})
		w.must(t, err)
	}
}

func hashOf(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// proved asks for every document whether everybody says the same about it, and for the books whether they hold.
func (w *settled) proved(t *testing.T) {
	t.Helper()
	report, err := w.settlements.Check(t.Context(), w.Operator)
	w.must(t, err)
	if len(report.Differences) > 0 {
		t.Errorf("ledger check: %s", strings.Join(report.Differences, "\n"))
	}
	originals := map[string]*proof.Invoice{}
	taken := map[string][]proof.Invoice{}
	for _, i := range w.issued(t) {
		v, err := w.invoices.Invoice(t.Context(), access.System("billing"), i.ID)
		w.must(t, err)
		doc := v.Document
		w.focus(t, doc)
		w.shares(t, doc)
		again := doc
		if doc.Type == proof.TypeCreditNote {
			again = w.noted(t, originals[doc.Reference.ID], taken[doc.Reference.ID], doc)
			taken[doc.Reference.ID] = append(taken[doc.Reference.ID], *doc)
		} else {
			again, originals[doc.ID] = w.rerated(t, doc), doc
		}
		if hash, err := again.Hash(); err != nil || hash != i.Hash {
			t.Errorf("%s rated again comes to %s and hash %s, it was %s and %s (%v)", i.Number, again.Totals.Gross, hash, i.Gross, i.Hash, err)
		}
	}
	t.Logf("%d invoices, %d of them with notes, %d entries", len(originals), len(taken), report.Entries)
	for _, p := range w.publishers {
		w.told(t, p)
	}
}

// shares compares how a document was shared with its lines.
func (w *settled) shares(t *testing.T, doc *proof.Invoice) {
	t.Helper()
	lines, err := w.settlements.Lines(t.Context(), w.Operator, doc.ID)
	w.must(t, err)
	total := int64(0)
	for _, l := range lines {
		passed := int64(0)
		for _, r := range l.PassedOn {
			passed += r.Amount.Minor
		}
		if l.Share.Minor+l.Kept.Minor+passed != l.Net.Minor || passed != l.Resellers.Minor {
			t.Errorf("%s line %d: %s is shared as %s, %s and %s", doc.Number, l.No, l.Net, l.Share, l.Kept, l.Resellers)
		}
		if l.No > 0 && (l.No > len(doc.Lines) || doc.Lines[l.No-1].Net != l.Net) {
			t.Errorf("%s line %d: %s was shared", doc.Number, l.No, l.Net)
		}
		total += l.Net.Minor + l.Tax.Minor
	}
	if total != doc.Totals.Gross.Minor || len(lines) != len(doc.Lines)+1 {
		t.Errorf("%s: %d shared lines come to %d of %s", doc.Number, len(lines), total, doc.Totals.Gross)
	}
}

// told compares what a publisher was told and is owed with what it earned.
func (w *settled) told(t *testing.T, p access.Caller) {
	t.Helper()
	type sum struct{ earned, stated, payable, paid int64 }
	sums := map[money.Currency]*sum{}
	at := func(c money.Currency) *sum {
		if sums[c] == nil {
			sums[c] = new(sum)
		}
		return sums[c]
	}
	earned, err := w.settlements.Earnings(t.Context(), p, p.Org, price.Date{})
	w.must(t, err)
	for _, e := range earned {
		at(e.Share.Currency).earned += e.Share.Minor
	}
	list, err := w.settlements.Statements(t.Context(), p, p.Org, "", 1000)
	w.must(t, err)
	for _, s := range list {
		at(s.Share.Currency).stated += s.Share.Minor
		at(s.Share.Currency).payable += s.Payable.Minor
	}
	payouts, err := w.settlements.Payouts(t.Context(), p, p.Org, "", 1000)
	w.must(t, err)
	for _, one := range payouts {
		if one.State != settlement.PayoutReturned {
			at(one.Amount.Currency).paid += one.Amount.Minor
		}
	}
	positions, err := w.settlements.Positions(t.Context(), p, p.Org)
	w.must(t, err)
	for _, have := range positions {
		s := at(have.Currency)
		if s.earned != s.stated || have.Payable.Minor != 0 || have.Due.Minor != s.payable-s.paid {
			t.Errorf("a publisher earned %d %s, was told %d, of which %d payable and %d paid; the books have %+v", s.earned, have.Currency, s.stated, s.payable, s.paid, have)
		}
	}
}
