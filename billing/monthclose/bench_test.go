package monthclose_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// benchLines is how many lines an invoice of the benchmark has: two services of ten components each, of which one is a
// price per period that the close itself charges.
const benchLines = 20

func benchPrices() *price.Version {
	v := prices()
	v.Components = v.Components[:1]
	for n := range benchLines/2 - 1 {
		v.Components = append(v.Components, price.Component{Key: fmt.Sprint("part", n), Kind: price.PerUnit, Meter: fmt.Sprint("m", n), Unit: "call", Per: 1, Price: money.NewUnitPrice(10_000_000, money.EUR)})
	}
	return v
}

// benchWorld is an installation with customers who owe a month, on a disk that is synced, each with a person who reads
// the invoices.
func benchWorld(b *testing.B, customers int) (*house, access.Caller, access.Caller) {
	b.Helper()
	ctx, dir := context.Background(), b.TempDir()
	url := os.Getenv("HALLE_BENCH_DATABASE")
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "halle.db")
	}
	h, err := open(dir, url)
	must(b, err)
	b.Cleanup(func() { must(b, h.close()) })
	st, err := h.parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle", Country: "FR", Language: "fr", OwnerName: "Odile", OwnerEmail: "odile@operator.example"})
	must(b, err)
	operator := st.Caller()
	second := operator
	second.Person = h.ids.New("per")
	m, err := h.parties.SetMarket(ctx, operator, party.Market{Org: st.Org.ID, Entity: st.Org.Entity, Name: "France", Brand: "Halle", Domain: "fr.halle.example", Country: "FR",
		Currency: "EUR", Languages: []string{"fr"}, SellsTo: party.SellsToBoth, VATMode: party.VATNet, MonthClose: party.CloseApproved})
	must(b, err)
	body, err := benchPrices().Canonical()
	must(b, err)
	begin := april().AddDate(0, -1, -1) // midnight of the first of March in Paris is before that of UTC
	for n := range customers {
		o, err := h.parties.CreateOrganisation(ctx, operator, party.NewOrganisation{Parent: operator.Org, Name: fmt.Sprintf("Firm %05d", n), Kinds: []party.Kind{party.KindCustomer},
			Country: "FR", Language: "en", Market: m.ID})
		must(b, err)
		must(b, h.db.Tx(ctx, func(tx *store.Tx) error {
			for range 2 {
				if err := h.owing(tx, o, operator, st.Org.Entity, body, begin); err != nil {
					return err
				}
			}
			if _, err := tx.Exec("INSERT INTO membership (org, person, joined_at) VALUES ($1, $2, $3)", o.ID, operator.Person, store.At(begin)); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT INTO membership_role (org, person, role, since) VALUES ($1, $2, 'billing', $3)", o.ID, operator.Person, store.At(begin))
			return err
		}))
	}
	return h, operator, second
}

// owing is a service with a charge for each component that counts.
func (h *house) owing(tx *store.Tx, o party.Organisation, operator access.Caller, entity string, body []byte, at time.Time) error {
	sub := h.ids.New("sub")
	err := h.ratings.Begin(tx, rating.Start{Subscription: sub, Org: o.ID, Path: o.Path, Publisher: operator.Org, Seller: entity, Market: o.Market, Name: "Messaging", Plan: "small",
		Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: body, At: at, Fact: "fct_" + sub})
	if err != nil {
		return err
	}
	var hash string
	if err := tx.QueryRow("SELECT price_hash FROM rating_interval WHERE subscription = $1", sub).Scan(&hash); err != nil {
		return err
	}
	to := store.At(april().AddDate(0, 0, -7))
	from, end := store.At(to.AddDate(0, 0, -1)), store.At(to.Add(time.Hour))
	var rows [][]any
	for n := range benchLines/2 - 1 {
		rows = append(rows, []any{h.ids.New("chg"), o.ID, sub, fmt.Sprint("part", n), hash, h.ids.New("win"), "fct_1", false, from, to, from, end, int64(100), int64(0), "1.00 EUR", to, nil})
	}
	return tx.Insert("charge", []string{"id", "org", "subscription", "component", "price_hash", "source", "source_fact", "correction", "from_at", "to_at", "period_from", "period_to",
		"quantity", "before", "exact", "created_at", "invoice"}, rows)
}

// BenchmarkClose closes a month of many customers, 10,000 or as many as HALLE_BENCH_CUSTOMERS says. It reports what each
// part took.
func BenchmarkClose(b *testing.B) {
	customers, err := strconv.Atoi(os.Getenv("HALLE_BENCH_CUSTOMERS"))
	if err != nil {
		customers = 10_000
	}
	h, operator, second := benchWorld(b, customers)
	ctx := context.Background()
	b.ResetTimer()
	one, err := h.closes.Prepare(ctx, operator, march())
	must(b, err)
	took := func(what string) func() {
		from := time.Now()
		return func() { b.ReportMetric(time.Since(from).Seconds(), what+"-s") }
	}
	done := took("prepare")
	must(b, h.closes.Work(ctx, one.ID))
	done()
	if one, err = h.closes.Close(ctx, operator, one.ID); err != nil || int(one.Ready) != customers {
		b.Fatalf("%+v %v", one, err)
	}
	_, err = h.closes.Approve(ctx, second, one.ID, 1)
	must(b, err)
	stop := make(chan struct{})
	issued := took("issue")
	go func() { // when the last one is issued
		defer close(stop)
		for state := monthclose.StateIssuing; state == monthclose.StateIssuing; time.Sleep(10 * time.Millisecond) {
			now, err := h.closes.Close(ctx, operator, one.ID)
			if state = now.State; err != nil {
				return
			}
		}
		issued()
	}()
	all := took("issue-and-send")
	must(b, h.closes.Work(ctx, one.ID))
	all()
	<-stop
	if one, err = h.closes.Close(ctx, operator, one.ID); err != nil || int(one.Sent) != customers {
		b.Fatalf("%+v %v", one, err)
	}
	var lines int64
	must(b, h.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT CAST(sum(lines) AS BIGINT) FROM invoice").Scan(&lines)
	}))
	if lines != int64(customers*benchLines) {
		b.Fatalf("%d lines", lines)
	}
}
