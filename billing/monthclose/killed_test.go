package monthclose_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("HALLE_CLOSE_CHILD"); dir != "" {
		workChild(dir, os.Getenv("HALLE_CLOSE_DATABASE"), os.Getenv("HALLE_CLOSE_ID"))
		return
	}
	os.Exit(m.Run())
}

// workChild works a close off until it is killed.
func workChild(dir, url, id string) {
	h, err := open(dir, url)
	if err == nil {
		_, _ = os.Stdout.WriteString("open\n")
		err = h.closes.Work(context.Background(), id)
	}
	fmt.Println("done", err)
}

// killedClose is one close whose process is killed again and again.
type killedClose struct {
	dir, url, id     string
	operator, second access.Caller
	customers        []party.Organisation
}

// install makes an installation with customers who owe something, and begins the close.
func (k *killedClose) install(t *testing.T, customers int) {
	h := k.open(t)
	defer func() { must(t, h.close()) }()
	ctx := t.Context()
	st, err := h.parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle", Country: "FR", Language: "fr", OwnerName: "Odile", OwnerEmail: "odile@operator.example"})
	must(t, err)
	k.operator = st.Caller()
	k.second = k.operator
	k.second.Person = h.ids.New("per")
	m, err := h.parties.SetMarket(ctx, k.operator, party.Market{Org: st.Org.ID, Entity: st.Org.Entity, Name: "France", Brand: "Halle", Domain: "fr.halle.example", Country: "FR",
		Currency: "EUR", Languages: []string{"fr"}, SellsTo: party.SellsToBoth, VATMode: party.VATNet, MonthClose: party.CloseApproved})
	must(t, err)
	for n := range customers {
		name := fmt.Sprintf("home%03d", n)
		p, err := h.parties.PrepareSignUp(ctx, party.SignUp{Name: name, Email: name + "@home.example", Language: "fr", Country: "FR", Market: m.ID})
		must(t, err)
		var home party.Standing
		must(t, h.db.Tx(ctx, func(tx *store.Tx) (err error) {
			home, _, err = h.parties.SignUpHousehold(tx, p)
			return err
		}))
		o := home.Org
		sub := h.subscribe(t, o, k.operator, st.Org.Entity, april().AddDate(0, -1, 0))
		h.use(t, sub, 100+n, april().AddDate(0, 0, -7))
		k.customers = append(k.customers, o)
	}
	one, err := h.closes.Prepare(ctx, k.operator, march())
	must(t, err)
	k.id = one.ID
}

func (k *killedClose) open(t *testing.T) *house {
	t.Helper()
	h, err := open(k.dir, k.url)
	must(t, err)
	return h
}

// kill runs a child on the close and kills it at some point.
func (k *killedClose) kill(t *testing.T, within time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HALLE_CLOSE_CHILD="+k.dir, "HALLE_CLOSE_DATABASE="+k.url, "HALLE_CLOSE_ID="+k.id)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	must(t, err)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch text := lines.Text(); {
		case text == "open":
			time.AfterFunc(rand.N(within), func() { _ = cmd.Process.Kill() })
		case text != "done <nil>":
			t.Errorf("the child failed: %s", text)
		}
	}
	_ = cmd.Wait()
}

// TestKilledProcessCrash kills the process that closes a month at random points, on each database, and lets another go
// on: nobody is invoiced or written to twice, nobody is left out, numbers have no gap, each hash refers to the one before.
func TestKilledProcessCrash(t *testing.T) {
	customers := 60
	if os.Getenv("HALLE_CHAOS") != "" {
		customers = 1500
	}
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			k := &killedClose{dir: t.TempDir(), url: storetest.URL(t, engine, sets())}
			k.install(t, customers)
			states := map[monthclose.State]int{}
			for round := 0; ; round++ {
				k.kill(t, time.Duration(60+10*round)*time.Millisecond)
				h := k.open(t)
				one, err := h.closes.Close(t.Context(), k.operator, k.id)
				must(t, err)
				states[one.State]++
				if one.State == monthclose.StatePrepared {
					_, err = h.closes.Approve(t.Context(), k.second, k.id, one.Round)
					must(t, err)
				}
				if one.State == monthclose.StateSent {
					t.Logf("%d kills, found in %v", round, states)
					k.check(t, h)
				}
				must(t, h.close())
				if one.State == monthclose.StateSent {
					break
				}
				if round > 200 {
					t.Fatalf("after %d kills the close is still %s: %+v", round, one.State, one.Counts)
				}
			}
		})
	}
}

func (k *killedClose) check(t *testing.T, h *house) {
	t.Helper()
	var all []billing.Summary
	for _, o := range k.customers {
		c := access.System("billing")
		page, err := h.invoices.Invoices(t.Context(), c, o.ID, "")
		must(t, err)
		if len(page.Invoices) != 1 || page.Invoices[0].Lines != 2 {
			t.Fatalf("%s has %d invoices", o.ID, len(page.Invoices))
		}
		if _, err := h.invoices.Invoice(t.Context(), c, page.Invoices[0].ID); err != nil { // its bytes are those of its hash
			t.Fatal(err)
		}
		all = append(all, page.Invoices[0])
	}
	slices.SortFunc(all, func(a, b billing.Summary) int { return strings.Compare(a.Number, b.Number) })
	previous := ""
	for n, i := range all {
		if i.Number != fmt.Sprintf("INV-2026-%06d", n+1) || i.Previous != previous {
			t.Fatalf("number %s after %s", i.Number, previous)
		}
		previous = i.Hash
	}
	var letters int64
	must(t, h.db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM mail WHERE kind = 'close.issued'").Scan(&letters)
	}))
	if int(letters) != len(k.customers) {
		t.Errorf("%d letters for %d customers", letters, len(k.customers))
	}
	one, err := h.closes.Close(t.Context(), k.operator, k.id)
	if err != nil || int(one.Sent) != len(k.customers) || one.Failed > 0 {
		t.Errorf("%+v %v", one, err)
	}
}
