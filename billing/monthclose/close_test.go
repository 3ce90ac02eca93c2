package monthclose_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
)

func (w *world) toApril() { w.Clock.Advance(april().Sub(w.Clock.Now())) }

func (w *world) items(t testing.TB, id string) map[string]monthclose.Item {
	t.Helper()
	out := map[string]monthclose.Item{}
	for cursor := ""; ; {
		list, next, err := w.closes.Customers(t.Context(), w.Operator, id, monthclose.Filter{}, cursor)
		must(t, err)
		for _, i := range list {
			out[i.Org] = i
		}
		if cursor = next; next == "" {
			return out
		}
	}
}

// TestAMonthIsClosedByTwo walks the whole way: worked out, compared, approved by a second person, issued, sent.
func TestAMonthIsClosedByTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, sub := w.customer(t, "Acme")
		b, _ := w.customer(t, "Bolt")
		w.use(t, sub, 500, w.Clock.Now().Add(time.Hour))
		_, err := w.closes.Prepare(ctx, w.Operator, march())
		want(t, err, fail.Invalid, "close.early")
		w.toApril()
		must(t, w.invoices.CloseMonths(ctx)) // the market asks for approval
		one, err := w.closes.Prepare(ctx, w.Operator, march())
		must(t, err)
		_, err = w.closes.Approve(ctx, w.second, one.ID, 1)
		want(t, err, fail.Conflict, "close.state")
		must(t, w.closes.Work(ctx, one.ID))
		one, err = w.closes.Close(ctx, w.second, one.ID)
		must(t, err)
		if one.State != monthclose.StatePrepared || one.Ready != 2 || one.Standing != 2 || len(one.Totals) != 1 || len(one.Before) != 0 {
			t.Fatalf("%+v", one)
		}
		items := w.items(t, one.ID)
		if i := items[a.Org]; len(i.Expected) != 1 || i.Expected[0].Lines != 2 || !slices.Equal(i.Flags, []monthclose.Flag{monthclose.FlagNew}) {
			t.Fatalf("%+v", i)
		}
		_, err = w.closes.Approve(ctx, w.Operator, one.ID, 1)
		want(t, err, fail.Denied, "access.denied")
		_, err = w.closes.Approve(ctx, w.second, one.ID, 2)
		want(t, err, fail.Conflict, "close.round")
		_, err = w.closes.Approve(ctx, w.second, one.ID, 1)
		must(t, err)
		must(t, w.closes.Work(ctx, one.ID))
		must(t, w.closes.Work(ctx, one.ID))
		one, err = w.closes.Close(ctx, w.Operator, one.ID)
		must(t, err)
		if one.State != monthclose.StateSent || one.Sent != 2 || one.Due() != 2 || one.Approver != w.second.Ref() || one.EndedAt.IsZero() {
			t.Fatalf("%+v", one)
		}
		for org, i := range w.items(t, one.ID) {
			if i.State != monthclose.ItemSent || i.Mails != 1 || len(i.Invoices) != 1 || i.Invoices[0].Gross != i.Expected[0].Gross {
				t.Errorf("%s: %+v", org, i)
			}
		}
		w.sentTo(t, "acme@acme.example", "INV-2026-00000")
		page, err := w.invoices.Invoices(ctx, b, b.Org, "")
		must(t, err)
		if len(page.Invoices) != 1 {
			t.Fatalf("%d invoices", len(page.Invoices))
		}
		for _, kind := range []string{monthclose.FactPrepared, monthclose.FactApproved, monthclose.FactIssued, monthclose.FactSent} {
			if n := w.recorded(t, kind); n != 1 {
				t.Errorf("%d facts %s", n, kind)
			}
		}
	})
}

func (w *world) recorded(t testing.TB, kind string) (n int64) {
	t.Helper()
	must(t, w.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM fact WHERE type = $1", kind).Scan(&n)
	}))
	return n
}

func (w *world) sentTo(t testing.TB, address, words string) {
	t.Helper()
	_, err := w.Queue.Drain(context.Background())
	must(t, err)
	if subject, text := w.Mail(t, address); !strings.Contains(subject, words) || !strings.Contains(text, "https://halle.example/invoices/inv_") {
		t.Errorf("the last mail to %s:\n%s", address, text)
	}
}

// TestWhatChangedAfterApprovalIsNotIssued: use that comes between approval and issuing fails its customer alone, with the
// reason; prepared again and approved again it is issued, and nobody is invoiced twice.
func TestWhatChangedAfterApprovalIsNotIssued(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, sub := w.customer(t, "Acme")
		b, _ := w.customer(t, "Bolt")
		w.toApril()
		one, err := w.closes.Prepare(ctx, w.Operator, march())
		must(t, err)
		must(t, w.closes.Work(ctx, one.ID))
		_, err = w.closes.Approve(ctx, w.second, one.ID, 1)
		must(t, err)
		w.use(t, sub, 100, april().Add(-48*time.Hour))
		must(t, w.closes.Work(ctx, one.ID))
		items := w.items(t, one.ID)
		if items[a.Org].State != monthclose.ItemFailed || items[a.Org].Failure.Code != "close.changed" || items[b.Org].State != monthclose.ItemSent {
			t.Fatalf("%+v", items)
		}
		one, err = w.closes.Prepare(ctx, w.second, march()) // it is taken up again
		must(t, err)
		if one.Round != 2 || one.State != monthclose.StatePreparing {
			t.Fatalf("%+v", one)
		}
		must(t, w.closes.Work(ctx, one.ID))
		_, err = w.closes.Discard(ctx, w.Operator, one.ID)
		want(t, err, fail.Conflict, "close.issued")
		_, err = w.closes.Approve(ctx, w.second, one.ID, 2)
		want(t, err, fail.Denied, "access.denied")
		_, err = w.closes.Approve(ctx, w.Operator, one.ID, 2)
		must(t, err)
		must(t, w.closes.Work(ctx, one.ID))
		for org, i := range w.items(t, one.ID) {
			if i.State != monthclose.ItemSent || len(i.Invoices) != 1 {
				t.Errorf("%s: %+v", org, i)
			}
		}
		_, err = w.closes.Again(ctx, w.second, one.ID)
		want(t, err, fail.Conflict, "close.state")
	})
}

// TestTwoClosersAtOnce: the second joins the close of the same month, and is told who runs another.
func TestTwoClosersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.customer(t, "Acme")
		w.toApril()
		ids, errs := make([]string, 8), make([]error, 8)
		var wg sync.WaitGroup
		for n := range ids {
			wg.Go(func() {
				c := []access.Caller{w.Operator, w.second}[n%2]
				one, err := w.closes.Prepare(context.Background(), c, march())
				ids[n], errs[n] = one.ID, err
			})
		}
		wg.Wait()
		for n := range ids {
			if errs[n] != nil || ids[n] != ids[0] {
				t.Fatalf("%v %v", ids, errs)
			}
		}
		_, err := w.closes.Prepare(t.Context(), w.second, monthclose.Month{Year: 2026, Month: time.February})
		want(t, err, fail.Conflict, "close.running")
		if !strings.Contains(fmt.Sprint(err), "2026-03") || !strings.Contains(fmt.Sprint(err), "person:") {
			t.Errorf("%v does not say who", err)
		}
		for range 2 { // two who work on it at once
			wg.Go(func() { errs[0] = w.closes.Work(context.Background(), ids[0]) })
			wg.Wait()
		}
		must(t, errs[0])
		_, err = w.closes.Discard(t.Context(), w.second, ids[0])
		must(t, err)
		one, err := w.closes.Prepare(t.Context(), w.second, march())
		if err != nil || one.ID == ids[0] {
			t.Fatalf("%+v %v", one, err)
		}
	})
}

// TestStrangersSeeNoClose: neither customers nor a reseller's staff see the operator's, nor does a token close.
func TestStrangersSeeNoClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, _ := w.customer(t, "Acme")
		reseller := w.Business(t, w.Operator, "Resale", party.KindReseller)
		w.toApril()
		one, err := w.closes.Prepare(ctx, w.Operator, march())
		must(t, err)
		must(t, w.closes.Work(ctx, one.ID))
		for _, who := range []access.Caller{c, reseller} {
			who.Confirmed = true
			_, err = w.closes.Close(ctx, who, one.ID)
			want(t, err, fail.NotFound, "close.not_found")
			_, _, err = w.closes.Customers(ctx, who, one.ID, monthclose.Filter{}, "")
			want(t, err, fail.NotFound, "close.not_found")
			_, err = w.closes.Approve(ctx, who, one.ID, 1)
			want(t, err, fail.NotFound, "close.not_found")
			_, err = w.closes.Discard(ctx, who, one.ID)
			want(t, err, fail.NotFound, "close.not_found")
			_, err = w.closes.Again(ctx, who, one.ID)
			want(t, err, fail.NotFound, "close.not_found")
		}
		_, err = w.closes.Prepare(ctx, c, march())
		want(t, err, fail.Denied, "access.denied")
		_, _, err = w.closes.Closes(ctx, c, "")
		want(t, err, fail.Denied, "access.denied")
		list, _, err := w.closes.Closes(ctx, reseller, "")
		if err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
		token := access.Caller{Token: "tok_1", Org: w.Operator.Org, Path: w.Operator.Path, Roles: w.Operator.Roles, Scopes: []access.Action{access.ClosePrepare, access.CloseApprove}, Confirmed: true}
		_, err = w.closes.Approve(ctx, token, one.ID, 1)
		want(t, err, fail.Denied, "access.denied")
		_, err = w.closes.Prepare(ctx, token, march())
		want(t, err, fail.Denied, "access.denied")
	})
}

// TestTheTableIsClosed: a command that is in no row of the state is refused, in every state.
func TestTheTableIsClosed(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range monthclose.Transitions() {
		key := fmt.Sprint(row.From, row.Command)
		if rows[key] || row.To == "" {
			t.Errorf("row %+v stands twice, or leads nowhere", row)
		}
		rows[key] = true
	}
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.customer(t, "Acme")
		w.toApril()
		one, err := w.closes.Prepare(ctx, w.Operator, march())
		must(t, err)
		for _, state := range []monthclose.State{monthclose.StatePreparing, monthclose.StatePrepared, monthclose.StateIssuing, monthclose.StateSending, monthclose.StateSent, monthclose.StateDiscarded} {
			for command, do := range map[monthclose.Command]func() error{
				monthclose.CommandPrepare: func() error { _, err := w.closes.Again(ctx, w.Operator, one.ID); return err },
				monthclose.CommandApprove: func() error { _, err := w.closes.Approve(ctx, w.second, one.ID, 1); return err },
				monthclose.CommandDiscard: func() error { _, err := w.closes.Discard(ctx, w.Operator, one.ID); return err },
			} {
				must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
					var ended *store.Time
					if state == monthclose.StateSent || state == monthclose.StateDiscarded {
						ended = store.AtOrNull(w.Clock.Now())
					}
					_, err := tx.Exec("UPDATE month_close SET state = $1, round = 1, preparer = $2, ended_at = $3", string(state), w.Operator.Ref(), ended)
					return err
				}))
				err := do()
				if known := rows[fmt.Sprint(state, command)]; known && state == monthclose.StateSent || !known {
					want(t, err, fail.Conflict, "close.state")
				} else if err != nil {
					t.Errorf("%s %s: %v", state, command, err)
				}
			}
		}
	})
}
