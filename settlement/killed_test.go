package settlement_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

const childFolder, childDatabase, childClose, childNow = "HALLE_SETTLE_CHILD", "HALLE_SETTLE_DATABASE", "HALLE_SETTLE_CLOSE", "HALLE_SETTLE_NOW"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		closeChild(dir)
		return
	}
	os.Exit(m.Run())
}

// closeChild works a close off and books what it issues, until it is killed.
func closeChild(dir string) {
	ctx := context.Background()
	now, err := time.Parse(time.RFC3339, os.Getenv(childNow))
	var h *house
	if err == nil {
		h, err = openHouse(dir, os.Getenv(childDatabase), now)
	}
	if err == nil {
		_, _ = os.Stdout.WriteString("open\n")
		work := make(chan error, 1)
		go func() { work <- h.closes.Work(ctx, os.Getenv(childClose)) }()
		for done := false; !done && err == nil; {
			select {
			case err = <-work:
				done = true
			default:
			}
			err = errors.Join(err, h.facts.Drain(ctx, h.settlements.Readers()...))
		}
	}
	fmt.Println("done", err)
}

// house is an installation with month close and books, which is opened again and again.
type house struct {
	db          *store.DB
	ring        *keys.Ring
	ids         *id.Source
	parties     *party.Parties
	ratings     *rating.Ratings
	invoices    *billing.Invoices
	closes      *monthclose.Closes
	settlements *settlement.Settlements
	facts       *trace.Facts
}

func houseSets() []store.Migrations { return append(sets(), monthclose.Migrations()) }

func openHouse(dir, url string, now time.Time) (*house, error) {
	ctx, log := context.Background(), slog.New(slog.NewTextHandler(io.Discard, nil))
	h, started := &house{}, time.Now()
	at := clock.Clock(func() time.Time { return now.Add(time.Since(started)).UTC().Truncate(time.Microsecond) })
	var err error
	if h.db, err = store.Open(ctx, url); err != nil {
		return nil, err
	}
	if err = h.db.Migrate(ctx, houseSets()...); err != nil {
		return nil, err
	}
	if h.ring, err = keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db") + "?sync=off", RootFile: filepath.Join(dir, "root.key"), CreateRoot: true}); err != nil {
		return nil, err
	}
	if h.ids, err = id.NewSource("test"); err != nil {
		return nil, err
	}
	policy := access.New()
	h.facts = trace.New(h.db, h.ring, h.ids, at, log)
	queue := job.New(h.db, "test", at, log)
	outbox, err := mail.New(h.db, h.ring, queue, h.ids, at, mail.Folder{Path: filepath.Join(dir, "mails")}, "Halle <no-reply@halle.example>")
	if err != nil {
		return nil, err
	}
	if h.parties, err = party.New(h.db, h.ring, h.ids, at, h.facts, policy, outbox, "https://halle.example"); err != nil {
		return nil, err
	}
	table, err := tax.Builtin()
	if err != nil {
		return nil, err
	}
	h.ratings = rating.New(rating.Config{DB: h.db, IDs: h.ids, Now: at, Facts: h.facts, Policy: policy, Parties: h.parties, Zone: "Europe/Paris"})
	h.invoices = billing.New(billing.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: at, Facts: h.facts, Policy: policy, Parties: h.parties, Ratings: h.ratings, Tax: table, Log: log})
	operator := ""
	if top, err := os.ReadFile(filepath.Join(dir, "operator")); err == nil {
		operator = string(top)
	}
	h.settlements = settlement.New(settlement.Config{DB: h.db, IDs: h.ids, Now: at, Facts: h.facts, Policy: policy, Parties: h.parties, Ratings: h.ratings, Invoices: h.invoices,
		Tax: table, Log: log, Operator: operator, Share: 2000, Offer: func(*store.Tx, string) (string, error) { return "offer", nil }})
	h.closes, err = monthclose.New(monthclose.Config{DB: h.db, IDs: h.ids, Now: at, Facts: h.facts, Policy: policy, Parties: h.parties, Ratings: h.ratings,
		Invoices: h.invoices, Outbox: outbox, Queue: queue, Site: "https://halle.example/"})
	return h, err
}

func (h *house) close() error { return errors.Join(h.ring.Close(), h.db.Close()) }

// killing is a house whose months are closed by processes that are killed.
type killing struct {
	dir, url         string
	now              time.Time // on the first of the month after the one that is closed
	operator, second access.Caller
	publisher        party.Organisation
	entity           string
	customers        []party.Organisation
	subscriptions    []string
	kills, months    int
}

func (k *killing) open(t *testing.T) *house {
	t.Helper()
	h, err := openHouse(k.dir, k.url, k.now)
	must(t, err)
	return h
}

// install makes an operator with a publisher whose services customers hold.
func (k *killing) install(t *testing.T, customers int) {
	ctx := t.Context()
	h := k.open(t)
	st, err := h.parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle", Country: "FR", Language: "fr", OwnerName: "Odile", OwnerEmail: "odile@operator.example"})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(k.dir, "operator"), []byte(st.Org.ID), 0o600))
	must(t, h.close())
	k.operator, k.entity = st.Caller(), st.Org.Entity
	k.second = k.operator
	k.second.Person = h.ids.New("per")
	h = k.open(t)
	defer func() { must(t, h.close()) }()
	m, err := h.parties.SetMarket(ctx, k.operator, party.Market{Org: st.Org.ID, Entity: k.entity, Name: "France", Brand: "Halle", Domain: "fr.halle.example", Country: "FR",
		Currency: "EUR", Languages: []string{"fr"}, SellsTo: party.SellsToBoth, VATMode: party.VATNet, MonthClose: party.CloseApproved})
	must(t, err)
	k.publisher, err = h.parties.CreateOrganisation(ctx, k.operator, party.NewOrganisation{Parent: st.Org.ID, Name: "Publisher", Kinds: []party.Kind{party.KindPublisher}, Country: "FR",
		Language: "fr", Market: m.ID})
	must(t, err)
	terms := percent(7001, 2999)
	terms.Reserve, terms.ReserveDays = 500, 60
	_, err = h.settlements.SetRule(ctx, k.operator, settlement.RuleInput{Publisher: k.publisher.ID, Terms: terms})
	must(t, err)
	v := &price.Version{ID: "prv-1", Currency: money.EUR, Basis: price.Net, EffectiveFrom: k.now.AddDate(-1, 0, 0), Components: []price.Component{
		{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: money.NewUnitPrice(9_990_000_000, money.EUR)},
		{Key: "messages", Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: money.NewUnitPrice(12_345_678, money.EUR)}}}
	text, err := v.Canonical()
	must(t, err)
	begun := k.now.AddDate(0, -1, 0)
	for n := range customers {
		o, err := h.parties.CreateOrganisation(ctx, k.operator, party.NewOrganisation{Parent: st.Org.ID, Name: fmt.Sprint("Customer ", n), Kinds: []party.Kind{party.KindCustomer},
			Country: "FR", Language: "fr", Market: m.ID})
		must(t, err)
		sub := h.ids.New("sub")
		must(t, h.db.Tx(ctx, func(tx *store.Tx) error {
			return h.ratings.Begin(tx, rating.Start{Subscription: sub, Org: o.ID, Path: o.Path, Publisher: k.publisher.ID, Seller: k.entity, Market: m.ID, Name: "Messaging", Plan: "small",
				Zone: "Europe/Paris", Anchor: price.DateOf(begun, time.UTC), Price: text, At: begun, Fact: "fct_" + sub})
		}))
		k.customers, k.subscriptions = append(k.customers, o), append(k.subscriptions, sub)
	}
}

// month uses every service, and closes the month by processes that are killed at random instants.
func (k *killing) month(t *testing.T, kills int) {
	t.Helper()
	h := k.open(t)
	for n, sub := range k.subscriptions {
		to := k.now.AddDate(0, 0, -7)
		must(t, h.db.Tx(t.Context(), func(tx *store.Tx) error {
			return h.ratings.RateWindow(tx, rating.ClosedWindow{Fact: "fct_" + sub, Window: proof.Window{ID: fmt.Sprint("win_", k.months, "_", n), Subject: sub, Source: "res_1",
				From: to.Add(-time.Hour), To: to, Events: 1, Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(n + 1)}}}})
		}))
	}
	over := k.now.AddDate(0, -1, 0)
	one, err := h.closes.Prepare(t.Context(), k.operator, monthclose.Month{Year: over.Year(), Month: over.Month()})
	must(t, err)
	must(t, h.close())
	k.months++
	for round := 0; one.State != monthclose.StateSent; round++ {
		if round > 10*kills+200 {
			t.Fatalf("after %d kills the close is still %s: %+v", round, one.State, one.Counts)
		}
		k.now = k.now.Add(time.Minute) // the lease of the one that was killed has ended
		k.kill(t, one.ID, time.Duration(80+15*round)*time.Millisecond)
		h := k.open(t)
		one, err = h.closes.Close(t.Context(), k.operator, one.ID)
		must(t, err)
		if one.State == monthclose.StatePrepared {
			_, err = h.closes.Approve(t.Context(), k.second, one.ID, one.Round)
			must(t, err)
		}
		k.look(t, h)
		must(t, h.close())
	}
}

// kill lets a child work for some time at most and kills it.
func (k *killing) kill(t *testing.T, id string, within time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+k.dir, childDatabase+"="+k.url, childClose+"="+id, childNow+"="+k.now.Format(time.RFC3339))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	must(t, err)
	ended := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch text := lines.Text(); text {
		case "open":
			time.AfterFunc(rand.N(within), func() { _ = cmd.Process.Kill() })
		case "done <nil>":
			ended = true
		default:
			t.Errorf("the child failed: %s", text)
		}
	}
	if _ = cmd.Wait(); !ended {
		k.kills++
	}
}

// look proves the books as a kill left them.
func (k *killing) look(t *testing.T, h *house) {
	t.Helper()
	must(t, h.db.Read(t.Context(), func(tx *store.Tx) error {
		r, err := h.settlements.Book.Check(tx, nil)
		if err == nil && len(r.Differences) > 0 {
			t.Fatalf("after %d kills: %s", k.kills, strings.Join(r.Differences, "\n"))
		}
		return err
	}))
}

// proved wants each customer invoiced once a month, numbers without gaps, each invoice once in the books, and the books right.
func (k *killing) proved(t *testing.T) {
	t.Helper()
	h := k.open(t)
	defer func() { must(t, h.close()) }()
	must(t, h.facts.Drain(t.Context(), h.settlements.Readers()...))
	var all []billing.Summary
	of := map[string]int{}
	booked := 0
	must(t, h.db.Read(t.Context(), func(tx *store.Tx) error {
		all, booked = nil, 0
		clear(of)
		if err := h.invoices.EachIssued(tx, func(i billing.Summary) error {
			all = append(all, i)
			of[i.Org]++
			return nil
		}); err != nil {
			return err
		}
		for _, i := range all {
			if _, found, err := h.settlements.Book.Entry(tx, entryOf(i)); err != nil || !found {
				return errors.Join(err, fmt.Errorf("%s is not in the books", i.Number))
			}
			booked++
		}
		return nil
	}))
	slices.SortFunc(all, func(a, b billing.Summary) int { return strings.Compare(a.Number, b.Number) })
	previous := ""
	for n, i := range all {
		if i.Number != fmt.Sprintf("INV-2026-%06d", n+1) || i.Previous != previous {
			t.Fatalf("number %s after %s", i.Number, previous)
		}
		previous = i.Hash
	}
	for _, o := range k.customers {
		if of[o.ID] != k.months {
			t.Errorf("%s has %d invoices for %d months", o.Name, of[o.ID], k.months)
		}
	}
	report, err := h.settlements.Check(t.Context(), k.operator)
	must(t, err)
	if len(report.Differences) > 0 {
		t.Fatal(strings.Join(report.Differences, "\n"))
	}
	if reserves := int64(len(all)); booked != len(all) || report.Entries != int64(booked)+reserves {
		t.Errorf("%d entries for %d invoices and a reserve of each", report.Entries, len(all))
	}
	t.Logf("%d kills inside %d closes, %d invoices, %d entries", k.kills, k.months, len(all), report.Entries)
}

// TestKilledCloseKeepsItsBooksCrash kills the process that closes a month and books it, again and again.
func TestKilledCloseKeepsItsBooksCrash(t *testing.T) {
	kills, customers := 4, 24
	if os.Getenv("HALLE_CHAOS") != "" {
		kills, customers = 100, 600
	}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			k := &killing{dir: t.TempDir(), url: storetest.URL(t, engine, houseSets()), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
			k.install(t, customers)
			for k.kills < kills {
				k.month(t, kills)
				if k.now = time.Date(2026, k.now.Month()+1, 1, 9, 0, 0, 0, time.UTC); k.now.Year() > 2026 {
					break
				}
			}
			if k.proved(t); k.kills < kills {
				t.Errorf("only %d kills hit", k.kills)
			}
		})
	}
}
