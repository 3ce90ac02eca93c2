package licence_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
)

func TestFloatingSeats(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		sub := h.standing(t, h.buyer, "float")
		var leases []licence.Lease
		for _, who := range []string{"a", "b", "c"} {
			l, err := h.take(h.publisher, sub, who)
			must(t, err)
			leases = append(leases, l)
		}
		again, err := h.take(h.publisher, sub, "a") // the software started anew
		must(t, err)
		if again.ID != leases[0].ID {
			t.Errorf("one holder on one device has two seats: %+v", again)
		}
		_, err = h.take(h.publisher, sub, "d")
		want(t, "the fourth", err, fail.Limit, "licence.full")
		var e *fail.Error
		if errors.As(err, &e); len(e.Reasons) != 0 || e.Args["next"] == "" {
			t.Errorf("the publisher's software learns who holds seats: %+v", e)
		}
		_, err = h.take(h.buyer, sub, "d")
		if errors.As(err, &e); len(e.Reasons) != 3 || !strings.Contains(e.Reasons[0].Text, "a holds a seat") {
			t.Errorf("the owner does not learn who holds seats: %+v", e)
		}
		v := h.view(t, sub)
		if v.InUse != 3 || v.Free != 0 || v.Month.Refused != 2 || v.Month.Peak != 3 || v.Month.Taken != 3 || v.Month.Capacity != 3 {
			t.Errorf("%+v", v.Month)
		}
		_, err = h.licences.Return(ctx, h.publisher, sub, leases[1].ID, "")
		must(t, err)
		_, err = h.licences.Return(ctx, h.publisher, sub, leases[1].ID, "")
		must(t, err)
		_, err = h.licences.Renew(ctx, h.publisher, sub, leases[1].ID, 0)
		want(t, "renew what was given back", err, fail.Conflict, "licence.lease_over")
		_, err = h.take(h.publisher, sub, "d")
		must(t, err)
		h.Clock.Advance(29 * time.Minute)
		_, err = h.licences.Renew(ctx, h.publisher, sub, leases[0].ID, 0)
		must(t, err)
		h.Clock.Advance(2 * time.Minute) // c's time is over, nobody swept
		if v := h.view(t, sub); v.InUse != 1 || v.Free != 2 {
			t.Errorf("%d in use, %d free: %+v", v.InUse, v.Free, v.Leases)
		}
	})
}

func TestAKeyTakesOnce(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "float")
	in := licence.TakeInput{Subscription: sub, Holder: "a", Device: "d", Key: "one"}
	first, err := h.licences.Take(ctx, h.publisher, in)
	must(t, err)
	second, err := h.licences.Take(ctx, h.publisher, in)
	must(t, err)
	if first.ID != second.ID {
		t.Errorf("%s and %s", first.ID, second.ID)
	}
	in.Holder = "b"
	_, err = h.licences.Take(ctx, h.publisher, in)
	want(t, "another wish", err, fail.Conflict, "licence.key")
	in.Holder = "claire@bakery.example"
	_, err = h.licences.Take(ctx, h.publisher, in)
	want(t, "an address", err, fail.Invalid, "licence.take")
}

func TestTakenOffline(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "float")
	in := licence.TakeInput{Subscription: sub, Holder: "a", Device: "laptop", Key: "one", Hours: 49}
	_, err := h.licences.Take(ctx, h.publisher, in)
	want(t, "longer than the plan allows", err, fail.Conflict, "licence.borrow")
	in.Hours = 48
	l, err := h.licences.Take(ctx, h.publisher, in)
	must(t, err)
	h.Clock.Advance(47 * time.Hour)
	_, err = h.licences.Return(ctx, h.buyer, sub, l.ID, "")
	want(t, "by somebody at a desk", err, fail.Conflict, "licence.borrowed")
	if v := h.view(t, sub); v.InUse != 1 {
		t.Errorf("%+v", v)
	}
	_, err = h.licences.Return(ctx, h.publisher, sub, l.ID, "laptop")
	must(t, err)
	if v := h.view(t, sub); v.InUse != 0 {
		t.Errorf("%+v", v)
	}
}

// TestRivalsNeverPassThePool lets sixteen rivals take three seats, again and again.
func TestRivalsNeverPassThePool(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		sub := h.standing(t, h.buyer, "float")
		for round := range 3 {
			results := make([]error, 16)
			var wg sync.WaitGroup
			for n := range results {
				wg.Go(func() {
					_, results[n] = h.licences.Take(ctx, h.publisher, licence.TakeInput{Subscription: sub, Holder: fmt.Sprint("h", n), Device: "d", Key: fmt.Sprint(round, "/", n)})
				})
			}
			wg.Wait()
			taken := 0
			for _, err := range results {
				switch {
				case err == nil:
					taken++
				case fail.CodeOf(err) != "licence.full":
					t.Errorf("%v", err)
				}
			}
			v := h.view(t, sub)
			if taken != 3 || v.InUse != 3 || v.Month.Refused != int64(13*(round+1)) || v.Month.Peak != 3 {
				t.Errorf("round %d: %d taken, %d in use, %+v", round, taken, v.InUse, v.Month)
			}
			h.Clock.Advance(31 * time.Minute)
		}
	})
}

func TestNamedSeats(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		sub := h.standing(t, h.buyer, "named")
		var people []string
		for _, name := range []string{"ann", "bob", "cat"} {
			people = append(people, h.Join(t, h.buyer, h.buyer.Org, name+"@bakery.example", access.RoleMember).Person)
		}
		_, err := h.take(h.publisher, sub, people[0])
		want(t, "without a seat", err, fail.Limit, "licence.no_seat")
		first, err := h.licences.Assign(ctx, h.buyer, sub, people[0])
		must(t, err)
		same, err := h.licences.Assign(ctx, h.buyer, sub, people[0])
		must(t, err)
		if first.No != 1 || same.No != 1 {
			t.Errorf("%+v %+v", first, same)
		}
		_, err = h.licences.Assign(ctx, h.buyer, sub, people[1])
		must(t, err)
		_, err = h.licences.Assign(ctx, h.buyer, sub, people[2])
		want(t, "a third", err, fail.Limit, "licence.seats_given")
		_, err = h.licences.Assign(ctx, h.buyer, sub, h.publisher.Person)
		want(t, "somebody of another house", err, fail.NotFound, "")
		l, err := h.take(h.publisher, sub, people[0])
		must(t, err)
		_, err = h.licences.Take(ctx, h.publisher, licence.TakeInput{Subscription: sub, Holder: people[0], Device: "phone", Key: "phone"})
		must(t, err)
		h.Clock.Advance(days(10))
		must(t, h.licences.Release(ctx, h.buyer, sub, 1))
		want(t, "twice", h.licences.Release(ctx, h.buyer, sub, 1), fail.NotFound, "")
		_, err = h.licences.Renew(ctx, h.publisher, sub, l.ID, 0)
		want(t, "its seat is gone", err, fail.Conflict, "licence.lease_over")
		_, err = h.licences.Assign(ctx, h.buyer, sub, people[2])
		want(t, "too early", err, fail.Conflict, "licence.reassign")
		back, err := h.licences.Assign(ctx, h.buyer, sub, people[0])
		must(t, err)
		if !back.Since.Equal(first.Since) {
			t.Errorf("going back and forth begins the time anew: %v", back.Since)
		}
		must(t, h.licences.Release(ctx, h.buyer, sub, 1))
		h.Clock.Advance(days(20))
		third, err := h.licences.Assign(ctx, h.buyer, sub, people[2])
		must(t, err)
		if v := h.view(t, sub); third.No != 1 || v.InUse != 2 || v.Free != 0 {
			t.Errorf("%+v %+v", third, v.Seats)
		}
	})
}

func (h *house) brings(t testing.TB, sub string, seats int64, until time.Time) licence.Licence {
	t.Helper()
	l, err := h.licences.Declare(context.Background(), h.buyer, licence.DeclareInput{Subscription: sub, Number: "AB-123 45", Seats: seats, To: until, Attested: true})
	must(t, err)
	return l
}

// TestOwnLicence follows one from its declaration to its end: the price falls when it is accepted and comes back at its
// end, which was told thirty, seven and one days before.
func TestOwnLicence(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		sub := h.standing(t, h.buyer, "float")
		_, err := h.licences.Declare(ctx, h.buyer, licence.DeclareInput{Subscription: sub, Number: "x", Seats: 2, To: h.Clock.Now().Add(days(100)), Attested: true})
		want(t, "too few seats", err, fail.Conflict, "licence.covers")
		_, err = h.licences.Declare(ctx, h.buyer, licence.DeclareInput{Subscription: sub, Document: "abc"})
		want(t, "nothing right", err, fail.Invalid, "licence.declare")
		end := h.Clock.Now().Add(days(100))
		l := h.brings(t, sub, 3, end)
		if subject, _ := h.Mail(t, "relay@relay.example"); !strings.Contains(subject, "own licence") {
			t.Errorf("the publisher was told %q", subject)
		}
		if got := h.price(t, sub); got != "base licence" {
			t.Errorf("declared: %s", got)
		}
		h.Clock.Advance(days(1))
		_, err = h.licences.Accept(ctx, h.publisher, l.ID)
		must(t, err)
		_, err = h.licences.Accept(ctx, h.publisher, l.ID)
		want(t, "twice", err, fail.Conflict, "licence.state")
		if got := h.price(t, sub); got != "base" {
			t.Errorf("accepted: %s", got)
		}
		for _, left := range []int{31, 30, 29, 7, 1} {
			h.at(end.Add(-days(left)))
			must(t, h.licences.Look(ctx))
			must(t, h.licences.Look(ctx))
			told := map[int]int{31: 0, 30: 30, 29: 30, 7: 7, 1: 1}[left]
			if v := h.view(t, sub); v.Licences[1].Told != told || v.Licences[1].Number != "AB-123 45" {
				t.Errorf("%d days before: %+v", left, v.Licences[1])
			}
		}
		if subject, text := h.Mail(t, "bakery@bakery.example"); !strings.Contains(subject, "ends on") || !strings.Contains(text, "to the second") {
			t.Errorf("%s\n%s", subject, text)
		}
		h.at(end.Add(3 * time.Hour)) // the job comes late
		must(t, h.licences.Look(ctx))
		d, err := h.subs.Service(ctx, h.buyer, sub)
		must(t, err)
		if got := h.price(t, sub); got != "base licence" || !d.Prices[2].From.Equal(end) || len(d.Prices) != 3 {
			t.Errorf("expired: %s %+v", got, d.Prices)
		}
		if v := h.view(t, sub); v.Licences[1].State != licence.Expired {
			t.Errorf("%+v", v.Licences[1])
		}
	})
}

// TestNothingEndsUntold: a server that stood still for a month tells first, and a day later the price changes.
func TestNothingEndsUntold(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "own")
	_, err := h.take(h.publisher, sub, "a")
	want(t, "without a licence", err, fail.Conflict, "licence.over")
	end := h.Clock.Now().Add(days(40))
	l := h.brings(t, sub, 1, end)
	_, err = h.licences.Accept(ctx, h.publisher, l.ID)
	must(t, err)
	h.at(end.Add(days(2)))
	_, err = h.take(h.publisher, sub, "a")
	must(t, err)
	told := h.Clock.Now()
	must(t, h.licences.Look(ctx))
	h.Clock.Advance(23*time.Hour + 45*time.Minute)
	must(t, h.licences.Look(ctx))
	lease, err := h.take(h.publisher, sub, "a")
	must(t, err)
	if !lease.Until.Equal(told.Add(24 * time.Hour)) {
		t.Errorf("a seat is held beyond the licence: %v", lease.Until)
	}
	h.Clock.Advance(16 * time.Minute)
	_, err = h.take(h.publisher, sub, "a")
	want(t, "after its end, before the job", err, fail.Conflict, "licence.over")
	must(t, h.licences.Look(ctx))
	if v := h.view(t, sub); v.Licences[0].State != licence.Expired || v.Capacity != 0 {
		t.Errorf("%+v", v)
	}
}

func TestTermIsRenewed(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "term")
	v := h.view(t, sub)
	if v.Capacity != licence.Unlimited || v.Free != licence.Unlimited || v.Licences[0].Kind != catalog.LicenceTerm {
		t.Errorf("%+v", v)
	}
	_, err := h.take(h.buyer, sub, "a")
	must(t, err)
	h.at(v.Licences[0].To.Add(-days(20)))
	must(t, h.licences.Look(ctx))
	l, err := h.licences.RenewTerm(ctx, h.buyer, v.Licences[0].ID)
	must(t, err)
	if !l.To.Equal(v.Licences[0].To.AddDate(1, 0, 0)) {
		t.Errorf("%v", l.To)
	}
	h.at(l.To.Add(-days(20)))
	must(t, h.licences.Look(ctx))
	h.at(l.To)
	must(t, h.licences.Look(ctx))
	if got := h.price(t, sub); got != "base" {
		t.Errorf("the licence is paid beyond its term: %s", got)
	}
	h.Clock.Advance(days(3))
	again, err := h.licences.RenewTerm(ctx, h.buyer, l.ID)
	must(t, err)
	if got := h.price(t, sub); got != "base licence" || !again.To.Equal(h.Clock.Now().AddDate(1, 0, 0)) {
		t.Errorf("%s %v", got, again.To)
	}
	_, err = h.licences.Withdraw(ctx, h.buyer, l.ID)
	want(t, "what the plan grants", err, fail.Conflict, "licence.granted")
}

func TestWithdrawAndRefuse(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "float")
	l := h.brings(t, sub, 3, h.Clock.Now().Add(days(100)))
	h.Mail(t, "bakery@bakery.example") // those of the order
	_, err := h.licences.Refuse(ctx, h.publisher, l.ID, " ")
	want(t, "without a reason", err, fail.Invalid, "licence.reason")
	_, err = h.licences.Refuse(ctx, h.publisher, l.ID, "The number is not known.")
	must(t, err)
	if _, text := h.Mail(t, "bakery@bakery.example"); !strings.Contains(text, "The number is not known.") {
		t.Errorf("%s", text)
	}
	l = h.brings(t, sub, 3, h.Clock.Now().Add(days(100)))
	_, err = h.licences.Accept(ctx, h.publisher, l.ID)
	must(t, err)
	_, err = h.licences.Withdraw(ctx, h.buyer, l.ID)
	must(t, err)
	if got := h.price(t, sub); got != "base licence" {
		t.Errorf("%s", got)
	}
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	theirs := h.standing(t, other, "float")
	_, err = h.licences.Declare(ctx, other, licence.DeclareInput{Subscription: theirs, Number: "ab12345", Seats: 3, To: h.Clock.Now().Add(days(100)), Attested: true})
	must(t, err)
	h.brings(t, sub, 3, h.Clock.Now().Add(days(100)))
	list, err := h.licences.Sold(ctx, h.publisher, h.publisher.Org)
	must(t, err)
	twice := 0
	for _, v := range list {
		for _, l := range v.Licences {
			if l.Twice && l.Number != "" {
				twice++
			}
		}
		if len(v.Leases)+len(v.Seats) > 0 {
			t.Error("the publisher learns who holds seats")
		}
	}
	if len(list) != 2 || twice < 2 {
		t.Errorf("%d pools, %d numbers are declared twice", len(list), twice)
	}
}

// TestFollowsTheService: halted and ended services have no seats, and what was used is reported to the instant.
func TestFollowsTheService(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "float")
	_, err := h.take(h.publisher, sub, "a")
	must(t, err)
	h.Clock.Advance(100 * time.Second)
	h.order(t, h.buyer, order.ItemInput{Action: order.ActionSuspend, Subscription: sub})
	if v := h.view(t, sub); v.State != licence.PoolHalted || v.InUse != 0 {
		t.Errorf("%+v", v)
	}
	_, err = h.take(h.publisher, sub, "a")
	want(t, "while it stands still", err, fail.Conflict, "licence.halted")
	list := h.used(t, sub)
	if len(list) != 1 || len(list[0].Uses) != 1 || list[0].Uses[0].Value != 100 || list[0].Meter != "device_seconds" {
		t.Errorf("%+v", list)
	}
	must(t, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.subs.Resume(tx, "system:t", sub, subscription.ReasonCustomer) }))
	h.drain(t)
	_, err = h.take(h.publisher, sub, "a")
	must(t, err)
	_, err = h.subs.CancelService(ctx, h.Operator, sub)
	must(t, err)
	h.Clock.Advance(7 * time.Second)
	h.drain(t)
	if v := h.view(t, sub); v.State != licence.PoolClosed || v.Licences[0].State != licence.Ended {
		t.Errorf("%+v", v)
	}
	list = h.used(t, sub)
	if last := list[len(list)-1]; len(last.Uses) != 1 || last.Uses[0].Value != 7 {
		t.Errorf("%+v", last)
	}
	h.Clock.Advance(time.Minute)
	h.says(t, provision.FactDrained, order.Item{Subscription: sub, Org: h.buyer.Org})
	list = h.used(t, sub)
	if last := list[len(list)-1]; last.To != h.Clock.Now().Format(time.RFC3339Nano) {
		t.Errorf("the end is not complete: %+v", last)
	}
}

// TestConversion: half a year of a bought term is left, and eighty percent of it come back with the new plan.
func TestConversion(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		sub := h.standing(t, h.buyer, "bought") // from 2026-03-02, 365 days
		h.Clock.Advance(days(165))
		v := h.view(t, sub)
		if v.Credit.Credit.String() != "160 EUR" || v.Credit.Unused != 200*86400 {
			t.Errorf("%+v", v.Credit)
		}
		h.changes(t, sub, "pay")
		if got := h.price(t, sub); got != "messages licence-credit" {
			t.Errorf("%s", got)
		}
		d, err := h.subs.Service(context.Background(), h.buyer, sub)
		must(t, err)
		if d.Deal.Plan != "pay" || !strings.Contains(string(d.Deal.Price), `"price":"160`) {
			t.Errorf("%s", d.Deal.Price)
		}
		if v := h.view(t, sub); v.State != licence.PoolClosed {
			t.Errorf("%+v", v.Pool)
		}
		h.changes(t, sub, "float")
		if v := h.view(t, sub); v.State != licence.PoolOpen || v.Capacity != 3 || h.price(t, sub) != "base licence" {
			t.Errorf("%+v", v.Pool)
		}
	})
}

// TestAttackers: another tenant finds nothing, and a role too small is refused.
func TestAttackers(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "float")
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	rival := h.Business(t, h.Operator, "Rival", party.KindPublisher)
	member := h.Join(t, h.buyer, h.buyer.Org, "mia@bakery.example", access.RoleMember)
	l, err := h.take(h.publisher, sub, "a")
	must(t, err)
	own := h.brings(t, sub, 3, h.Clock.Now().Add(days(100)))
	token := h.publisher
	token.Person, token.Token, token.Scopes, token.Subject = "", "tok_x", []access.Action{access.LicenceUse, access.UsageWrite}, "sub_other"
	for name, f := range map[string]func(c access.Caller) error{
		"of":      func(c access.Caller) error { _, err := h.licences.Of(ctx, c, sub); return err },
		"take":    func(c access.Caller) error { _, err := h.take(c, sub, "b"); return err },
		"renew":   func(c access.Caller) error { _, err := h.licences.Renew(ctx, c, sub, l.ID, 0); return err },
		"return":  func(c access.Caller) error { _, err := h.licences.Return(ctx, c, sub, l.ID, ""); return err },
		"assign":  func(c access.Caller) error { _, err := h.licences.Assign(ctx, c, sub, c.Person); return err },
		"release": func(c access.Caller) error { return h.licences.Release(ctx, c, sub, 1) },
		"declare": func(c access.Caller) error {
			_, err := h.licences.Declare(ctx, c, licence.DeclareInput{Subscription: sub})
			return err
		},
		"withdraw": func(c access.Caller) error { _, err := h.licences.Withdraw(ctx, c, own.ID); return err },
		"renewal":  func(c access.Caller) error { _, err := h.licences.RenewTerm(ctx, c, own.ID); return err },
		"accept":   func(c access.Caller) error { _, err := h.licences.Accept(ctx, c, own.ID); return err },
		"refuse":   func(c access.Caller) error { _, err := h.licences.Refuse(ctx, c, own.ID, "no"); return err },
		"sold":     func(c access.Caller) error { _, err := h.licences.Sold(ctx, c, h.publisher.Org); return err },
	} {
		for _, c := range []access.Caller{other, rival} {
			want(t, name+" by "+c.OrgName, f(c), fail.NotFound, "")
		}
		want(t, name+" by nobody", f(access.Caller{}), fail.Unauthenticated, "")
		if err := f(token); err == nil {
			t.Errorf("%s by the token of another service", name)
		}
		if err := f(member); fail.KindOf(err) != fail.Denied && fail.KindOf(err) != fail.NotFound {
			t.Errorf("%s by a member: %v", name, err)
		}
	}
	for name, f := range map[string]func() error{
		"a customer accepts its own licence": func() error { _, err := h.licences.Accept(ctx, h.buyer, own.ID); return err },
		"the publisher sees who holds seats": func() error { _, err := h.licences.Of(ctx, h.publisher, sub); return err },
		"the publisher gives seats":          func() error { _, err := h.licences.Assign(ctx, h.publisher, sub, h.buyer.Person); return err },
	} {
		want(t, name, f(), fail.NotFound, "")
	}
	want(t, "another's pages", h.licences.Licensed(ctx, other, sub), fail.NotFound, "")
}

// TestReplayAfterErasure: the facts of a customer who is gone stop no reader.
func TestReplayAfterErasure(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	h.standing(t, h.buyer, "float")
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	kept := h.standing(t, other, "float")
	must(t, h.Ring.Destroy(ctx, keys.Tenant(h.buyer.Org)))
	readers := h.licences.Readers()
	readers[0].Name = "replay"
	must(t, h.Facts.Drain(ctx, readers...))
	parked, err := h.Facts.Parked(ctx)
	must(t, err)
	if len(parked) != 0 {
		t.Errorf("parked %+v", parked)
	}
	v, err := h.licences.Of(ctx, other, kept)
	must(t, err)
	if v.State != licence.PoolOpen || len(v.Licences) != 1 {
		t.Errorf("%+v", v)
	}
}
