package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/tax"
)

var ctx = context.Background()

// world is a market with a publisher, a reseller, a company and a household, and books.
type world struct {
	*partytest.World
	ratings              *rating.Ratings
	invoices             *billing.Invoices
	settlements          *settlement.Settlements
	exports              *export.Exports
	pub, reseller, buyer access.Caller
	house                access.Caller
	n                    int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations(), ledger.Migrations(), settlement.Migrations(), export.Migrations())
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db)}
	table, err := tax.Builtin()
	must(t, err)
	w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Ratings: w.ratings, Tax: table, Log: slog.New(slog.DiscardHandler)})
	w.settlements = settlement.New(settlement.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings,
		Invoices: w.invoices, Tax: table, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Share: 2000,
		Offer: func(*store.Tx, string) (string, error) { return "offer", nil }})
	w.exports = export.New(w.settlements)
	_, err = w.Parties.SetEntity(ctx, w.Operator, party.Entity{ID: w.Entity, Org: w.Operator.Org, Name: "Halle Operatør & Søn", Country: "FR", Registration: "552 100 554", Address: "1 rue du Marché\nParis"})
	must(t, err)
	w.pub = w.Business(t, w.Operator, "Éditions Łódź", party.KindPublisher)
	w.reseller = w.Business(t, w.Operator, "Reseller", party.KindReseller)
	w.buyer = w.Business(t, w.Operator, `Acme; "Müller" | Söhne`, party.KindCustomer)
	w.house = w.Household(t, "Zoé Martin")
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bought gives the company an invoice and lets the books read it.
func (w *world) bought(t testing.TB, minor int64) string {
	t.Helper()
	w.n++
	v := &price.Version{ID: fmt.Sprint("prv-", w.n), Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Components: []price.Component{{Key: "setup", Kind: price.OneOff, Price: money.NewUnitPrice(minor*10_000_000, money.EUR)}}}
	text, err := v.Canonical()
	must(t, err)
	at := w.Clock.Now()
	must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
		return w.ratings.Begin(tx, rating.Start{Subscription: w.IDs.New("sub"), Org: w.buyer.Org, Path: w.buyer.Path, Publisher: w.pub.Org, Seller: w.Entity, Market: w.Market.ID, Name: "offer", Plan: "small",
			Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: text, At: at, Fact: "fct_none"})
	}))
	w.Clock.Advance(time.Minute)
	list, err := w.invoices.Issue(ctx, access.System("billing"), w.buyer.Org, w.Clock.Now())
	must(t, err)
	_, err = w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: list[0].ID, Amount: list[0].Gross, Received: price.DateOf(w.Clock.Now(), time.UTC), Reference: "bank 1"})
	must(t, err)
	must(t, w.Facts.Drain(ctx, w.settlements.Readers()...))
	return list[0].Number
}

func (w *world) post(t testing.TB, list ...ledger.Entry) {
	t.Helper()
	_, err := w.settlements.Book.Post(ctx, list...)
	must(t, err)
}

// settle makes the settings that every form needs.
func (w *world) settle(t testing.TB) {
	t.Helper()
	must(t, w.exports.SetSettings(ctx, w.Operator, export.Settings{SIREN: "552100554", Datev: export.DatevSettings{Adviser: 1001, Client: 1}, First: "Odile", Last: "Berg"}))
}

func day(year, month, d int) price.Date {
	return price.Date{Year: year, Month: time.Month(month), Day: d}
}

// write gives a file of the year 2026 in euro.
func (w *world) write(t testing.TB, f export.Format) (string, []byte) {
	t.Helper()
	file, err := w.exports.File(ctx, w.Operator, export.Request{Format: f, From: day(2026, 1, 1), To: day(2026, 12, 31), Currency: map[bool]money.Currency{true: "", false: money.EUR}[f == export.Journal]})
	must(t, err)
	var b bytes.Buffer
	must(t, file.Write(&b))
	return file.Name, b.Bytes()
}

func code(err error) string {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
