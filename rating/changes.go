package rating

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
)

// ChangeOf is what charges are added up by, to see what changed.
type ChangeOf string

// The ways to add up.
const (
	OfCustomer ChangeOf = "customer" // with its units
	OfService  ChangeOf = "service"
	OfMeter    ChangeOf = "meter" // of a service
)

// Rank is what the largest changes are chosen by.
type Rank string

// The ranks.
const (
	RankMoney    Rank = "money"
	RankQuantity Rank = "quantity" // of meters, in base units
)

// Change is what something came to in a month and in the month before, by the charges of both, before discounts and
// minimums, which are settled on invoices.
type Change struct {
	Subject                  string // organisation or subscription
	Name                     string // of the service; "" for a customer
	Path                     string
	Meter                    string // of OfMeter
	Amount, Before, Change   money.Amount
	Quantity, QuantityBefore money.Quantity // base units, of OfMeter
}

// Changes are the largest changes of a month, in one currency.
type Changes struct {
	Month      string // "2026-10", UTC
	Complete   bool   // the month is over
	Of         ChangeOf
	Currency   money.Currency
	Currencies []money.Currency // that something was charged in
	Up, Down   []Change         // the largest first
}

// ChangesInput says which. All but Of may be empty.
type ChangesInput struct {
	Org      string // and everything below it; "": the caller's
	Of       ChangeOf
	Month    string         // "": the last complete one
	Currency money.Currency // "": the first
	Rank     Rank           // "": by money
	Limit    int            // at most 100; 0: 10
}

func (in *ChangesInput) check(now time.Time) error {
	if in.Month == "" {
		in.Month = monthName(now, -1)
	}
	if in.Rank == "" {
		in.Rank = RankMoney
	}
	if in.Limit <= 0 {
		in.Limit = 10
	}
	in.Limit = min(in.Limit, 100)
	if _, err := time.Parse("2006-01", in.Month); err != nil {
		return fail.New(fail.Invalid, "rating.month", "This is not a month.", "Write it as year and month, such as 2026-10.").Field("month", "must be year and month, such as 2026-10")
	}
	if in.Of != OfCustomer && in.Of != OfService && in.Of != OfMeter {
		return fail.New(fail.Invalid, "rating.changes_of", "There are changes of customers, services and meters.", "Use customer, service or meter.").Field("of", "must be customer, service or meter")
	}
	if in.Rank != RankMoney && (in.Rank != RankQuantity || in.Of != OfMeter) {
		return fail.New(fail.Invalid, "rating.rank", "Changes are ranked by money, those of meters also by quantity.", "Use money, or quantity with meters.").Field("rank", "must be money, or quantity with meters")
	}
	return nil
}

// Changes tells what changed most in a month against the month before, of an organisation and everything below it. A look
// takes as long with 100,000 services as with ten. Those who may read its invoices may.
func (s *Ratings) Changes(ctx context.Context, c access.Caller, in ChangesInput) (out Changes, err error) {
	if in.Org == "" {
		in.Org = c.Org
	}
	now := s.Now()
	if err := in.check(now); err != nil {
		return out, err
	}
	err = s.allowed(ctx, c, in.Org, "organisation", in.Org, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, in.Org)
		if err != nil {
			return err
		}
		out = Changes{Month: in.Month, Complete: in.Month < monthName(now, 0), Of: in.Of, Currency: in.Currency}
		if out.Currencies, err = changeCurrencies(tx, in.Month, in.Of); err != nil {
			return err
		}
		if out.Currency == "" && len(out.Currencies) > 0 {
			out.Currency = out.Currencies[0]
		}
		if out.Up, err = selectChanges(tx, in, out.Currency, o.Path, true); err != nil {
			return err
		}
		out.Down, err = selectChanges(tx, in, out.Currency, o.Path, false)
		return err
	})
	return out, err
}

// monthName is the calendar month, in UTC, some months after that of an instant.
func monthName(t time.Time, months int) string {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, months, 0).Format("2006-01")
}

// changeKey is a row of charge_change.
type changeKey struct {
	month    string
	of       ChangeOf
	currency money.Currency
	subject  string
	part     string
}

// changeRow is what a charge adds to it.
type changeRow struct {
	path, name  string
	now, before [2]int64 // millionths and base units
}

// noteChange adds charges to the months that they are in: the one in which what they are for begins.
func noteChange(tx *store.Tx, c *Contract, v *price.Version, list []Charge) error {
	w := newChanges()
	if err := w.add(c, v, list); err != nil {
		return err
	}
	return w.write(tx)
}

// changes gathers what charges of many contracts add to their months.
type changes struct {
	rows map[changeKey]*changeRow
	keys []changeKey // in the order of their coming, so that two writers take them alike
}

func newChanges() *changes { return &changes{rows: map[changeKey]*changeRow{}} }

func (w *changes) add(c *Contract, v *price.Version, list []Charge) error {
	house := order.House(c.Path)
	customer := house[len(house)-1]
	border := c.Path[:strings.Index(c.Path, customer)+len(customer)] + "/"
	for _, one := range list {
		micros, err := Millionths(one.Exact)
		if err != nil {
			return err
		}
		part, err := v.Component(one.Component)
		if err != nil {
			return err
		}
		note := func(of ChangeOf, subject, meter string, row changeRow, quantity int64) {
			for i, month := range []string{monthName(one.At.From, 0), monthName(one.At.From, 1)} {
				k := changeKey{month, of, c.Currency, subject, meter}
				if w.rows[k] == nil {
					fresh := row
					w.rows[k], w.keys = &fresh, append(w.keys, k)
				}
				side := &w.rows[k].now
				if i == 1 {
					side = &w.rows[k].before
				}
				side[0], side[1] = side[0]+micros, side[1]+quantity
			}
		}
		note(OfCustomer, customer, "", changeRow{path: border}, 0)
		note(OfService, c.Subscription, "", changeRow{path: c.Path, name: c.Name}, 0)
		if part.Kind.Usage() {
			note(OfMeter, c.Subscription, part.Meter, changeRow{path: c.Path, name: c.Name}, int64(one.Quantity))
		}
	}
	return nil
}

func (w *changes) write(tx *store.Tx) error {
	values := make([][]any, len(w.keys))
	for i, k := range w.keys {
		r := w.rows[k]
		values[i] = []any{k.month, string(k.of), string(k.currency), k.subject, k.part, r.path, r.name,
			r.now[0], r.before[0], r.now[0] - r.before[0], r.now[1], r.before[1], r.now[1] - r.before[1]}
	}
	return tx.Upsert("charge_change ("+changeColumns+")", `ON CONFLICT (month, kind, currency, subject, part) DO UPDATE SET name = excluded.name,
		amount = charge_change.amount + excluded.amount, amount_before = charge_change.amount_before + excluded.amount_before,
		amount_change = charge_change.amount_change + excluded.amount_change, quantity = charge_change.quantity + excluded.quantity,
		quantity_before = charge_change.quantity_before + excluded.quantity_before, quantity_change = charge_change.quantity_change + excluded.quantity_change`, values)
}

const changeColumns = `month, kind, currency, subject, part, path, name, amount, amount_before, amount_change, quantity, quantity_before, quantity_change`

// Millionths is an exact value in millionths of the currency, cut.
func Millionths(e money.Exact) (int64, error) {
	whole, parts, _ := strings.Cut(e.Decimal(), ".")
	n, err := strconv.ParseInt(whole+(parts + "000000")[:6], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s in millionths: %w", e, err)
	}
	return n, nil
}

// micros rounds millionths to minor units, half away from zero.
func micros(n int64, c money.Currency) money.Amount {
	exp, _ := c.Exponent()
	unit := int64(1_000_000)
	for range exp {
		unit /= 10
	}
	half := unit / 2
	if n < 0 {
		half = -half
	}
	return money.New((n+half)/unit, c)
}

// changeCurrencies steps from one currency to the next through the index: there are few, and many rows of each.
func changeCurrencies(tx *store.Tx, month string, of ChangeOf) (out []money.Currency, err error) {
	for last := ""; ; {
		var next *string
		if err := tx.QueryRow("SELECT min(currency) FROM charge_change WHERE month = $1 AND kind = $2 AND currency > $3", month, string(of), last).Scan(&next); err != nil || next == nil {
			return out, err
		}
		last = *next
		out = append(out, money.Currency(last))
	}
}

// selectChanges lists what grew, or shrank, most.
func selectChanges(tx *store.Tx, in ChangesInput, c money.Currency, path string, up bool) ([]Change, error) {
	column, sign, turn := "amount_change", "> 0", "DESC"
	if in.Rank == RankQuantity {
		column = "quantity_change"
	}
	if !up {
		sign, turn = "< 0", "ASC"
	}
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(path) + "%"
	return store.All(tx, func(row store.Scanner) (one Change, err error) {
		var now, before, change, quantity, was int64
		err = row.Scan(&one.Subject, &one.Name, &one.Path, &one.Meter, &now, &before, &change, &quantity, &was)
		one.Amount, one.Before, one.Change = micros(now, c), micros(before, c), micros(change, c)
		one.Quantity, one.QuantityBefore = money.Quantity(quantity), money.Quantity(was)
		return one, err
	}, "SELECT subject, name, path, part, amount, amount_before, amount_change, quantity, quantity_before FROM charge_change WHERE month = $1 AND kind = $2 AND currency = $3 AND path LIKE $4 ESCAPE '\\' AND "+
		column+" "+sign+" ORDER BY "+column+" "+turn+", subject "+turn+", part "+turn+" LIMIT $5", in.Month, string(in.Of), string(c), like, in.Limit)
}
