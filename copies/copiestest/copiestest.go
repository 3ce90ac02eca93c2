// Package copiestest gives tests a market in which services run on engines: with the demonstration's regions, an offer and
// a company that buys.
//
// Owns: the wiring from the offer to the register of copies, over the drivers that the test brings.
// Does not own: the people in it (partytest), the offer (catalogtest).
// Reads: residency/testdata/demo.yaml.
// Writes: the database it is given.
package copiestest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// World is one installation.
type World struct {
	*partytest.World
	T             testing.TB
	Jobs          *job.Queue // runs only what the test drains
	Orders        *order.Orders
	Catalogue     *catalog.Catalogue
	Residency     *residency.Residency
	Placements    *placement.Placements
	Resources     *provision.Resources
	Subscriptions *subscription.Subscriptions
	Register      *copies.Register
	Publisher     access.Caller
	Buyer         access.Caller
	Stranger      access.Caller
	Offer         catalog.Version
	More          []trace.Reader // of packages below
	keys          int
}

// Sets are the migrations that New needs.
func Sets() []store.Migrations {
	return append(partytest.Sets(), signin.Migrations(), residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations(), provision.Migrations(),
		subscription.Migrations(), copies.Migrations())
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// New wires an installation over the drivers; that of the regions is called process.
func New(t testing.TB, db *store.DB, drivers map[string]provision.Driver) *World {
	t.Helper()
	w := &World{World: partytest.New(t, db), T: t}
	w.Market.FirstLimit = 1_000_000
	var err error
	w.Market, err = w.Parties.SetMarket(t.Context(), w.Operator, w.Market)
	Must(t, err)
	log := slog.New(slog.DiscardHandler)
	w.Jobs = job.New(db, "test", w.Clock.Now, log)
	w.Catalogue = catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	w.Orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: w.Catalogue, Outbox: w.Outbox,
		Queue: w.Jobs, Site: "https://halle.example"})
	Must(t, err)
	w.Residency = residency.New(residency.Config{DB: db, Facts: w.Facts, Policy: w.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: w.Clock.Now,
		Parties: w.Parties, IDs: w.IDs})
	w.Placements = placement.New(placement.Config{DB: db, Facts: w.Facts, Policy: w.Policy, IDs: w.IDs, Now: w.Clock.Now, Residency: w.Residency, Catalog: w.Catalogue,
		Operator: w.Operator.Org, Entity: w.Parties.Entity, ItemPlaced: w.Orders.ItemPlaced, ItemRefused: w.Orders.ItemRefused})
	signIns, err := signin.New(t.Context(), db, w.Ring, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Jobs, signin.Config{Cost: signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}})
	Must(t, err)
	w.Resources = provision.New(provision.Config{DB: db, Facts: w.Facts, Ring: w.Ring, Queue: w.Jobs, Policy: w.Policy, SignIns: signIns, IDs: w.IDs, Operator: w.Operator.Org,
		Now: w.Clock.Now, Log: log, Drivers: drivers, Upstream: provision.Upstream{ItemDone: w.Orders.ItemDone, ItemCancelled: w.Orders.ItemCancelled,
			ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
				return w.Orders.ItemFailed(tx, item, order.Failure{Class: string(f.Class), Code: f.Code, Text: f.Text})
			}, Elsewhere: w.Placements.Elsewhere, Released: w.Placements.Release}})
	w.Subscriptions = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: w.Orders, Queue: w.Jobs,
		SetDesired: w.Resources.SetDesired})
	w.Register, err = copies.New(copies.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: w.Residency, Catalogue: w.Catalogue,
		Placements: w.Placements, Resources: w.Resources, Outbox: w.Outbox, Queue: w.Jobs, Log: log, Operator: w.Operator.Org, Site: "https://halle.example"})
	Must(t, err)
	w.people()
	return w
}

func (w *World) people() {
	w.T.Helper()
	w.Know(DemoFacts(w.T))
	w.Publisher = w.Business(w.T, w.Operator, "Relay", party.KindPublisher)
	w.Buyer = w.Business(w.T, w.Operator, "Bakery", party.KindCustomer)
	w.Stranger = w.Business(w.T, w.Operator, "Cooper", party.KindCustomer)
	w.Offer = catalogtest.Publish(w.T, w.Catalogue, w.Publisher, w.Operator, catalogtest.Sample(w.T))
}

// DemoFacts are the demonstration's facts about clouds, as YAML.
func DemoFacts(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd() // the folder of the package under test
	Must(t, err)
	for dir != filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "residency", "testdata", "demo.yaml")); err == nil {
			return string(text)
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("residency/testdata/demo.yaml is in no folder above")
	return ""
}

// Know imports facts about clouds.
func (w *World) Know(yaml string) {
	w.T.Helper()
	_, err := w.Residency.Import(context.Background(), w.Operator, []byte(yaml))
	Must(w.T, err)
}

// Readers are all that react on facts.
func (w *World) Readers() []trace.Reader {
	all := append(w.Placements.Readers(), w.Resources.Readers()...)
	all = append(all, w.Subscriptions.Readers()...)
	all = append(all, w.Register.Readers()...)
	return append(all, w.More...)
}

// Settle lets readers and jobs run until nothing changes, and time pass.
func (w *World) Settle() {
	w.T.Helper()
	for range 12 {
		Must(w.T, w.Facts.Drain(context.Background(), w.Readers()...))
		_, err := w.Jobs.Drain(context.Background())
		Must(w.T, err)
		w.Clock.Advance(2 * time.Second)
	}
	Must(w.T, w.Facts.Drain(context.Background(), w.Readers()...))
}

// Service orders one for the caller and waits until it runs; the subscription.
func (w *World) Service(c access.Caller, class, region string) string {
	w.T.Helper()
	w.keys++
	o, err := w.Orders.Place(context.Background(), c, order.PlaceInput{Key: fmt.Sprint("k", w.keys), Items: []order.ItemInput{{Offer: "relay-m2m", Plan: "start",
		Parameters: json.RawMessage(`{"hosts":["a.example"]}`), DataClass: class, Region: region}}})
	Must(w.T, err)
	w.Settle()
	s, err := w.Subscriptions.Service(context.Background(), c, o.Items[0].Subscription)
	Must(w.T, err)
	if s.State != subscription.StateActive {
		w.T.Fatalf("the service is %s", s.State)
	}
	return s.ID
}
