package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	ring "github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

// market is what a month is closed of: the real services from rating to the books, without the rest of a server. Every
// customer has two services of ten components each, of which one is a price per period that the close itself charges,
// from two of twenty publishers.
type market struct {
	db          *store.DB
	ring        *ring.Ring
	ids         *id.Source
	clock       *clock.Fake
	facts       *trace.Facts
	parties     *party.Parties
	ratings     *rating.Ratings
	invoices    *billing.Invoices
	closes      *monthclose.Closes
	settlements *settlement.Settlements
	log         *trace.Log

	operator, second access.Caller
	entity, id       string
	publishers       []string
}

const (
	marketLines      = 20
	marketPublishers = 20
)

// marketMonth is the month that is closed, on the day after it.
func marketMonth() monthclose.Month { return monthclose.Month{Year: 2026, Month: time.March} }

func marketNow() time.Time { return time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC) }

// openMarket opens one on a database, in a folder of its own.
func openMarket(ctx context.Context, url, dir string) (m *market, err error) {
	m = &market{clock: clock.NewFake(marketNow())}
	log := slog.New(slog.DiscardHandler)
	if m.db, err = store.Open(ctx, url); err != nil {
		return nil, err
	}
	if err = m.db.Migrate(ctx, job.Migrations(), mail.Migrations(), trace.Migrations(), party.Migrations(), rating.Migrations(), billing.Migrations(), monthclose.Migrations(),
		ledger.Migrations(), settlement.Migrations()); err != nil {
		return m, err
	}
	if m.ring, err = ring.Open(ctx, ring.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db"), RootFile: filepath.Join(dir, "root.key"), CreateRoot: true}); err != nil {
		return m, err
	}
	if m.ids, err = id.NewSource("bench"); err != nil {
		return m, err
	}
	policy := access.New()
	m.facts = trace.New(m.db, m.ring, m.ids, m.clock.Now, log)
	queue := job.New(m.db, "bench", m.clock.Now, log)
	outbox, err := mail.New(m.db, m.ring, queue, m.ids, m.clock.Now, mail.Folder{Path: filepath.Join(dir, "mails")}, "Halle <no-reply@halle.example>")
	if err != nil {
		return m, err
	}
	if m.parties, err = party.New(m.db, m.ring, m.ids, m.clock.Now, m.facts, policy, outbox, "https://halle.example"); err != nil {
		return m, err
	}
	table, err := tax.Builtin()
	if err != nil {
		return m, err
	}
	m.ratings = rating.New(rating.Config{DB: m.db, IDs: m.ids, Now: m.clock.Now, Facts: m.facts, Policy: policy, Parties: m.parties, Zone: "Europe/Paris"})
	m.invoices = billing.New(billing.Config{DB: m.db, Ring: m.ring, IDs: m.ids, Now: m.clock.Now, Facts: m.facts, Policy: policy, Parties: m.parties, Ratings: m.ratings, Tax: table, Log: log})
	m.closes, err = monthclose.New(monthclose.Config{DB: m.db, IDs: m.ids, Now: m.clock.Now, Facts: m.facts, Policy: policy, Parties: m.parties, Ratings: m.ratings,
		Invoices: m.invoices, Outbox: outbox, Queue: queue, Site: "https://halle.example/"})
	if err != nil {
		return m, err
	}
	m.log, err = trace.OpenLog(ctx, filepath.Join(dir, "log"), "bench.halle", m.ring, time.Second)
	if err != nil {
		return m, err
	}
	st, err := m.parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle", Country: "FR", Language: "fr", OwnerName: "Odile", OwnerEmail: "odile@operator.example",
		Entity: party.Entity{Address: "1 rue de la Halle\n75001 Paris", VATID: "FR40303265045", Registration: "303265045"}})
	if err != nil {
		return m, err
	}
	m.operator, m.entity = st.Caller(), st.Org.Entity
	m.second = m.operator
	m.second.Person = m.ids.New("per")
	m.settlements = settlement.New(settlement.Config{DB: m.db, IDs: m.ids, Now: m.clock.Now, Facts: m.facts, Policy: policy, Parties: m.parties, Ratings: m.ratings, Invoices: m.invoices,
		Tax: table, Log: log, Operator: st.Org.ID, Share: 2000, Offer: func(*store.Tx, string) (string, error) { return "off_messaging", nil }})
	return m, nil
}

func (m *market) close(ctx context.Context) error {
	var errs []error
	if m.log != nil {
		errs = append(errs, m.log.Close(ctx))
	}
	if m.ring != nil {
		errs = append(errs, m.ring.Close())
	}
	return errors.Join(append(errs, m.db.Close())...)
}

// marketPrices is ten a month, and a cent for a unit of each of nine meters.
func marketPrices() *price.Version {
	v := &price.Version{ID: "prv-1", Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Components: []price.Component{{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: money.NewUnitPrice(10_000_000_000, money.EUR)}}}
	for n := range marketLines/2 - 1 {
		v.Components = append(v.Components, price.Component{Key: fmt.Sprint("part", n), Kind: price.PerUnit, Meter: fmt.Sprint("m", n), Unit: "call", Per: 1, Price: money.NewUnitPrice(10_000_000, money.EUR)})
	}
	return v
}

// fill makes customers who owe a month, each with a person who reads its invoices.
func (m *market) fill(ctx context.Context, customers int) error {
	one, err := m.parties.SetMarket(ctx, m.operator, party.Market{Org: m.operator.Org, Entity: m.entity, Name: "France", Brand: "Halle", Domain: "fr.halle.example", Country: "FR",
		Currency: "EUR", Languages: []string{"fr"}, SellsTo: party.SellsToBoth, VATMode: party.VATNet, MonthClose: party.CloseApproved})
	if err != nil {
		return err
	}
	m.id = one.ID
	for n := range marketPublishers {
		o, err := m.parties.CreateOrganisation(ctx, m.operator, party.NewOrganisation{Parent: m.operator.Org, Name: fmt.Sprint("Publisher ", n), Kinds: []party.Kind{party.KindPublisher}, Country: "FR",
			Language: "en"})
		if err != nil {
			return err
		}
		m.publishers = append(m.publishers, o.ID)
	}
	body, err := marketPrices().Canonical()
	if err != nil {
		return err
	}
	return together(16, customers, func(n int) error {
		o, err := m.parties.CreateOrganisation(ctx, m.operator, party.NewOrganisation{Parent: m.operator.Org, Name: fmt.Sprintf("Firm %05d", n), Kinds: []party.Kind{party.KindCustomer},
			Country: "FR", Language: "en", Market: m.id, Entity: party.Entity{Address: "2 rue du Bois\n69001 Lyon"}})
		if err != nil {
			return err
		}
		return m.db.Tx(ctx, func(tx *store.Tx) error { return m.customer(tx, o, n, body) })
	})
}

func (m *market) customer(tx *store.Tx, o party.Organisation, n int, body []byte) error {
	begin := marketNow().AddDate(0, -1, -1) // midnight of the first of March in Paris is before that of UTC
	for i := range 2 {
		if err := m.owing(tx, o, m.publishers[(n+i)%marketPublishers], body, begin); err != nil {
			return err
		}
	}
	if err := tx.Send("INSERT INTO membership (org, person, joined_at) VALUES ($1, $2, $3)", o.ID, m.operator.Person, store.At(begin)); err != nil {
		return err
	}
	return tx.Send("INSERT INTO membership_role (org, person, role, since) VALUES ($1, $2, 'billing', $3)", o.ID, m.operator.Person, store.At(begin))
}

// owing is a service with a charge for each component that counts.
func (m *market) owing(tx *store.Tx, o party.Organisation, publisher string, body []byte, at time.Time) error {
	sub := m.ids.New("sub")
	err := m.ratings.Begin(tx, rating.Start{Subscription: sub, Org: o.ID, Path: o.Path, Publisher: publisher, Seller: m.entity, Market: o.Market, Name: "Messaging", Plan: "small",
		Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: body, At: at, Fact: "fct_" + sub})
	if err != nil {
		return err
	}
	var hash string
	if err := tx.QueryRow("SELECT price_hash FROM rating_interval WHERE subscription = $1", sub).Scan(&hash); err != nil {
		return err
	}
	to := store.At(marketNow().AddDate(0, 0, -7))
	from, end := store.At(to.AddDate(0, 0, -1)), store.At(to.Add(time.Hour))
	var rows [][]any
	for n := range marketLines/2 - 1 {
		rows = append(rows, []any{m.ids.New("chg"), o.ID, sub, fmt.Sprint("part", n), hash, m.ids.New("win"), "fct_1", false, from, to, from, end, int64(100), int64(0), "1.00 EUR", to, nil})
	}
	return tx.Insert("charge", []string{"id", "org", "subscription", "component", "price_hash", "source", "source_fact", "correction", "from_at", "to_at", "period_from", "period_to",
		"quantity", "before", "exact", "created_at", "invoice"}, rows)
}
