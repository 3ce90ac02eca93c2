package order

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/trace"
)

// Dimension is what a limit counts.
type Dimension string

// Subscriptions counts services that stand or are being made.
const Subscriptions Dimension = "subscriptions"

// Monthly counts minor units of a currency in a calendar month (UTC): recurring prices committed, first periods
// reserved, usage spent.
func Monthly(c money.Currency) Dimension { return Dimension("monthly." + string(c)) }

// NoLimit is the Max of a limit that refuses nothing.
const NoLimit = -1

// unbounded stands in for "no first limit" in a comparison.
const unbounded = int64(1) << 62

// Limit is how much of one dimension an organisation or unit may have, and has. Committed + Reserved + Spent never
// passes Max by an order; Spent may pass it, because usage happened.
type Limit struct {
	Org       string
	Dimension Dimension
	Max       int64  // NoLimit: none
	Committed int64  // by what stands
	Reserved  int64  // by orders under way
	Spent     int64  // by usage in Period
	Period    string // month of Spent, "2026-05"
}

// Used is everything that counts against Max at an instant.
func (l Limit) Used(now time.Time) int64 {
	used := l.Committed + l.Reserved
	if l.Period == period(now) {
		used += l.Spent
	}
	return used
}

func period(t time.Time) string { return t.UTC().Format("2006-01") }

// house lists an organisation and those above it up to the customer: units share the limits of the house.
func house(path string) []string {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	var out []string
	for i := len(steps) - 1; i >= 0; i-- {
		out = append(out, steps[i])
		if !strings.HasPrefix(steps[i], access.UnitPrefix+"_") {
			break
		}
	}
	return out
}

// need is what one item takes of a dimension: amount while it is under way, commits once it completes.
type need struct {
	dimension       Dimension
	amount, commits int64
}

// needs of an item; before is what its subscription commits per month now.
func (i Item) needs(c money.Currency, before int64) []need {
	switch i.Action {
	case ActionAdd:
		return []need{{Subscriptions, 1, 1}, {Monthly(c), i.Terms.First.Total.Minor, i.Terms.Recurring.Minor}}
	case ActionChange:
		more := i.Terms.Recurring.Minor - before
		return []need{{Monthly(c), max(0, more) + i.Terms.First.OneOff.Minor, more}}
	}
	return nil
}

// reserve takes the needs of an item from every limit of the house, or refuses and names the one that would be passed.
// first is the market's limit for an account that is unconfirmed or never paid; unbounded for others.
func (s *Orders) reserve(tx *store.Tx, o Order, i Item, before, first int64) error {
	orgs := house(o.Path)
	for _, n := range i.needs(o.Currency, before) {
		for k, org := range orgs {
			top := unbounded
			if k == len(orgs)-1 && n.dimension != Subscriptions {
				top = first
			}
			if err := s.reserveOne(tx, org, n, top); err != nil {
				return err
			}
			err := tx.Send("INSERT INTO order_reservation (item, org, dimension, amount, commits) VALUES ($1, $2, $3, $4, $5)", i.ID, org, n.dimension, n.amount, n.commits)
			if err != nil {
				return fmt.Errorf("reservation of %s: %w", i.ID, err)
			}
		}
	}
	return nil
}

func (s *Orders) reserveOne(tx *store.Tx, org string, n need, first int64) error {
	if n.amount == 0 {
		return ensureLimit(tx, org, n.dimension)
	}
	now := s.Now()
	ok, err := updateReserved(tx, org, n, first, now)
	if ok || err != nil {
		return err
	}
	if err := ensureLimit(tx, org, n.dimension); err != nil { // the first order of all
		return err
	}
	if ok, err = updateReserved(tx, org, n, first, now); ok || err != nil {
		return err
	}
	l, err := selectLimit(tx, org, n.dimension)
	if err != nil {
		return err
	}
	return l.refusal(n, first, now)
}

// updateReserved takes the amount if the limit and first allow it.
func updateReserved(tx *store.Tx, org string, n need, first int64, now time.Time) (bool, error) {
	const used = "committed + reserved + CASE WHEN period = $4 THEN spent ELSE 0 END + $3"
	changed, err := tx.Exec("UPDATE order_limit SET reserved = reserved + $3 WHERE org = $1 AND dimension = $2 AND (max < 0 OR "+used+" <= max) AND "+used+" <= $5",
		org, n.dimension, n.amount, period(now), first)
	return changed == 1, err
}

// refusal names the dimension, the limit, what is used and what is asked for.
func (l Limit) refusal(n need, first int64, now time.Time) error {
	used := l.Used(now)
	show := func(v int64) string { return fmt.Sprint(v) }
	if c, ok := strings.CutPrefix(string(n.dimension), "monthly."); ok {
		show = func(v int64) string { return money.New(v, money.Currency(c)).String() }
	}
	limit, remedy, code := l.Max, "Ask somebody with the role billing to raise the limit, or cancel a service.", "order.limit"
	if limit == NoLimit || first < limit {
		limit, remedy, code = first, "Confirm your e-mail address and pay a first invoice, or ask the operator.", "order.first_limit"
	}
	return fail.New(fail.Limit, code, fmt.Sprintf("This would pass the limit: %s of %s are taken, and this needs %s more (%s).",
		show(used), show(limit), show(n.amount), n.dimension), remedy).
		With("dimension", string(n.dimension)).With("limit", show(limit)).With("used", show(used)).With("needed", show(n.amount)).With("org", l.Org)
}

func ensureLimit(tx *store.Tx, org string, d Dimension) error {
	err := tx.Send(`INSERT INTO order_limit (org, dimension, max, committed, reserved, spent, period) VALUES ($1, $2, -1, 0, 0, 0, '')
		ON CONFLICT (org, dimension) DO NOTHING`, org, d)
	return err
}

const limitColumns = "org, dimension, max, committed, reserved, spent, period"

func scanLimit(row store.Scanner) (l Limit, err error) {
	err = row.Scan(&l.Org, &l.Dimension, &l.Max, &l.Committed, &l.Reserved, &l.Spent, &l.Period)
	return l, err
}

func selectLimit(tx *store.Tx, org string, d Dimension) (Limit, error) {
	return store.One(tx, scanLimit, "SELECT "+limitColumns+" FROM order_limit WHERE org = $1 AND dimension = $2", org, d)
}

// settle gives back what an item reserved, and commits it when the item is done.
func settle(tx *store.Tx, item string, done bool) error {
	type row struct {
		org             string
		dimension       Dimension
		amount, commits int64
	}
	rows, err := store.All(tx, func(sc store.Scanner) (r row, err error) {
		err = sc.Scan(&r.org, &r.dimension, &r.amount, &r.commits)
		return r, err
	}, "SELECT org, dimension, amount, commits FROM order_reservation WHERE item = $1 ORDER BY org, dimension", item)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !done {
			r.commits = 0
		}
		if err := tx.Send("UPDATE order_limit SET reserved = reserved - $3, committed = committed + $4 WHERE org = $1 AND dimension = $2",
			r.org, r.dimension, r.amount, r.commits); err != nil {
			return err
		}
	}
	err = tx.Send("DELETE FROM order_reservation WHERE item = $1", item)
	return err
}

// Ended says that a subscription ended: what it committed is free again, and another order that was changing it fails.
// Subscription calls it in its transaction; a second time changes nothing.
func (s *Orders) Ended(tx *store.Tx, subscription string) error {
	r, err := selectRegistered(tx, subscription)
	if err != nil || r.ended {
		return err
	}
	if r.live {
		for _, org := range house(r.path) {
			for d, n := range map[Dimension]int64{Subscriptions: 1, Monthly(money.Currency(r.currency)): r.recurring} {
				if err := tx.Send("UPDATE order_limit SET committed = committed - $3 WHERE org = $1 AND dimension = $2", org, d, n); err != nil {
					return err
				}
			}
		}
	}
	busy := str(r.busy)
	r.live, r.ended, r.busy = false, true, nil
	if err := updateRegistered(tx, r); err != nil || busy == "" {
		return err
	}
	i, err := selectItem(tx, busy)
	if err != nil || i.State.Final() || i.Action == ActionCancel || i.Action == ActionAdd {
		return err // the end is what a cancel item is about
	}
	return s.ItemFailed(tx, busy, Failure{Class: "user", Code: "order.ended", Text: "The service has ended meanwhile."})
}

// RaiseSpent adds usage to what the house of an organisation has spent in the present month, in the caller's
// transaction; rating calls it. It never refuses, because the usage happened, and gives the limits that are now
// reached or passed.
func (s *Orders) RaiseSpent(tx *store.Tx, org string, amount money.Amount) (reached []Limit, err error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return nil, err
	}
	now, d := s.Now(), Monthly(amount.Currency)
	for _, one := range house(o.Path) {
		if err := ensureLimit(tx, one, d); err != nil {
			return nil, err
		}
		if err := tx.Send("UPDATE order_limit SET spent = CASE WHEN period = $3 THEN spent ELSE 0 END + $4, period = $3 WHERE org = $1 AND dimension = $2",
			one, d, period(now), amount.Minor); err != nil {
			return nil, fmt.Errorf("spent of %s: %w", one, err)
		}
		l, err := selectLimit(tx, one, d)
		if err != nil {
			return nil, err
		}
		if l.Max != NoLimit && l.Used(now) >= l.Max {
			reached = append(reached, l)
		}
	}
	return reached, nil
}

// Paid says that an account has paid once: the market's first limit no longer binds it. Billing calls it in its
// transaction; a second time changes nothing.
func (s *Orders) Paid(tx *store.Tx, org string) error {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return err
	}
	orgs := house(o.Path)
	account := orgs[len(orgs)-1]
	n, err := tx.Exec("INSERT INTO order_account (org, paid_at) VALUES ($1, $2) ON CONFLICT (org) DO NOTHING", account, store.At(s.Now()))
	if err != nil || n == 0 {
		return err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: FactAccount, Aggregate: account, Owner: account, Actor: systemRef("billing"), At: s.Now(), Machine: LimitFact{Org: account, Max: NoLimit}})
	return err
}

// firstLimit is what binds an account that is unconfirmed or never paid.
func (s *Orders) firstLimit(tx *store.Tx, c access.Caller, o Order, market int64) (int64, error) {
	orgs := house(o.Path)
	var paid bool
	if err := tx.QueryRow("SELECT count(*) > 0 FROM order_account WHERE org = $1", orgs[len(orgs)-1]).Scan(&paid); err != nil {
		return 0, err
	}
	if paid && (c.Person == "" || c.Confirmed) {
		return unbounded, nil
	}
	return market, nil
}

// SetLimit sets how much of a dimension an organisation or unit may have; NoLimit takes the limit away. Owners and
// people with the role billing may. A limit below what is used refuses new orders and ends nothing.
func (s *Orders) SetLimit(ctx context.Context, c access.Caller, org string, d Dimension, limit int64) (l Limit, err error) {
	if err := d.check(); err != nil {
		return l, err
	}
	if limit < NoLimit || limit >= unbounded {
		return l, fail.New(fail.Invalid, "order.limit_value", "This is not a limit.", "Give a number from 0 on, or -1 for none.").Field("max", "must be -1 or more")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetSet, org)
		if err != nil {
			return err
		}
		if err := ensureLimit(tx, o.ID, d); err != nil {
			return err
		}
		if err := tx.Send("UPDATE order_limit SET max = $3 WHERE org = $1 AND dimension = $2", o.ID, d, limit); err != nil {
			return err
		}
		if l, err = selectLimit(tx, o.ID, d); err != nil {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactLimitSet, Aggregate: o.ID, Owner: o.ID, Actor: c.Ref(), At: s.Now(), Machine: LimitFact{Org: o.ID, Dimension: d, Max: limit}})
		return err
	})
	return l, err
}

func (d Dimension) check() error {
	if d == Subscriptions {
		return nil
	}
	if c, ok := strings.CutPrefix(string(d), "monthly."); ok && money.Currency(c).Known() {
		return nil
	}
	return fail.New(fail.Invalid, "order.dimension", "There is no such limit.", `Use "subscriptions" or "monthly." and a currency.`).Field("dimension", "is unknown")
}

// Limits lists the limits of an organisation or unit. Owners, buyers, people with the role billing and auditors may.
func (s *Orders) Limits(ctx context.Context, c access.Caller, org string) (list []Limit, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetRead, org)
		if err != nil {
			return err
		}
		list, err = store.All(tx, scanLimit, "SELECT "+limitColumns+" FROM order_limit WHERE org = $1 ORDER BY dimension", o.ID)
		return err
	})
	return list, err
}

// SetApprovalRule asks for an approval of every order of the organisation and its units whose total is above the
// amount; nil for none. Owners and people with the role billing may.
func (s *Orders) SetApprovalRule(ctx context.Context, c access.Caller, org string, currency money.Currency, above *money.Amount) error {
	if !currency.Known() || above != nil && (above.Currency != currency || above.Minor < 0) {
		return fail.New(fail.Invalid, "order.rule", "This is not an amount of the currency.", "Give an amount from 0 on.").Field("above", "must be 0 or more, in the currency")
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetSet, org)
		if err != nil {
			return err
		}
		fact := RuleFact{Org: o.ID, Above: money.Zero(currency), None: above == nil}
		if above == nil {
			err = tx.Send("DELETE FROM order_rule WHERE org = $1 AND currency = $2", o.ID, currency)
		} else {
			fact.Above = *above
			err = tx.Send("INSERT INTO order_rule (org, currency, above) VALUES ($1, $2, $3) ON CONFLICT (org, currency) DO UPDATE SET above = excluded.above",
				o.ID, currency, above.Minor)
		}
		if err != nil {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactRuleSet, Aggregate: o.ID, Owner: o.ID, Actor: c.Ref(), At: s.Now(), Machine: fact})
		return err
	})
}

// needsApproval tells whether a rule of the house asks for one.
func needsApproval(tx *store.Tx, o Order) (bool, error) {
	for _, org := range house(o.Path) {
		var above int64
		err := tx.QueryRow("SELECT above FROM order_rule WHERE org = $1 AND currency = $2", org, o.Currency).Scan(&above)
		switch {
		case errors.Is(err, store.ErrNone):
		case err != nil:
			return false, err
		case o.Total.Minor > above:
			return true, nil
		}
	}
	return false, nil
}
