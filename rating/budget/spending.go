package budget

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
)

// Spending is what the calendar month of an organisation and its units comes to, at this moment.
type Spending struct {
	Org     string
	Period  string // "2026-11"
	From    time.Time
	To      time.Time
	At      time.Time
	Zone    string
	Months  []Month // one for each currency
	Budgets []Budget
}

// Month is the month in one currency, in the basis of its prices.
type Month struct {
	Usage    money.Amount
	Running  money.Amount // of Usage, what no charge holds yet
	Fixed    money.Amount // prices per period for the whole month, and what is owed once
	Reserved money.Amount // by orders under way
	Used     money.Amount // Usage and Fixed
	Forecast money.Amount // of the whole month
	Usual    money.Amount // median of the trailing days with usage; zero without judgement
	Unusual  bool         // today costs far more than usual
	Services []Service
	Days     []Day // the last 28 and today
}

// Service is what one service comes to.
type Service struct {
	ID       string
	Name     string
	Org      string // organisation or unit that has it
	Person   string // who ordered it, access.Caller.Ref
	Region   string // where it runs
	Tags     subscription.Tags
	Usage    money.Amount
	Fixed    money.Amount
	Used     money.Amount
	Forecast money.Amount
}

// Day is the usage of one civil day.
type Day struct {
	Date  price.Date
	Usage money.Amount
}

// Spending works out the present month of an organisation or unit. Owners, buyers, people with the role billing and
// auditors may.
func (s *Budgets) Spending(ctx context.Context, c access.Caller, org string) (out Spending, err error) {
	if org == "" {
		org = c.Org
	}
	var contracts []rating.Contract
	tallies := map[money.Currency]*tally{}
	var zone *time.Location
	now := s.Now()
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetRead, org)
		if err != nil {
			return err
		}
		var home money.Currency
		if zone, home, err = s.Orders.ZoneIn(tx, o.ID); err != nil {
			return err
		}
		period, month := monthOf(now, zone)
		out = Spending{Org: o.ID, Period: period, From: month.From, To: month.To, At: now, Zone: zone.String()}
		if contracts, err = s.Ratings.ContractsBelow(tx, o.Path, month.From); err != nil {
			return err
		}
		contracts = slices.DeleteFunc(contracts, func(c rating.Contract) bool { return !slices.Contains(order.House(c.Path), o.ID) })
		clear(tallies)
		if home != "" {
			open(tallies, home)
		}
		out.Budgets, err = selectOf(tx, o.ID)
		return err
	})
	if err != nil {
		return Spending{}, err
	}
	return s.spent(ctx, out, contracts, tallies, zone)
}

// tally is a month in millionths, while it is added up.
type tally struct {
	currency                        money.Currency
	usage, running, fixed, reserved int64
	services                        []Service
	forecast                        int64
	days                            Days
}

func (s *Budgets) spent(ctx context.Context, out Spending, contracts []rating.Contract, tallies map[money.Currency]*tally, zone *time.Location) (Spending, error) {
	for _, b := range out.Budgets {
		open(tallies, b.Amount.Currency)
	}
	estimates, err := s.estimates(ctx, contracts, out, zone)
	if err != nil {
		return Spending{}, err
	}
	for i, c := range contracts {
		if err := open(tallies, c.Currency).add(c, &estimates[i], out, zone); err != nil {
			return Spending{}, err
		}
	}
	for currency, t := range tallies {
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			t.reserved, err = s.Orders.ReservedIn(tx, out.Org, currency)
			return err
		})
		if err != nil {
			return Spending{}, err
		}
		out.Months = append(out.Months, t.month(out, zone))
	}
	if err := s.DB.Read(ctx, func(tx *store.Tx) error { return s.locate(tx, out.Months) }); err != nil {
		return Spending{}, err
	}
	slices.SortFunc(out.Months, func(a, b Month) int { return cmp.Compare(a.Used.Currency, b.Used.Currency) })
	return out, nil
}

func open(all map[money.Currency]*tally, c money.Currency) *tally {
	if all[c] == nil {
		all[c] = &tally{currency: c, days: Days{}}
	}
	return all[c]
}

func (t *tally) add(c rating.Contract, e *rating.Estimate, out Spending, zone *time.Location) error {
	parts, err := costOf(c.Subscription, e)
	if err != nil {
		return err
	}
	running, err := rating.Millionths(e.Running)
	if err != nil {
		return err
	}
	days := Days{}
	if err := days.addAll(e); err != nil {
		return err
	}
	ahead := int64(0)
	if c.EndedAt.IsZero() {
		ahead = Forecast(out.At, out.To, zone, days)
	}
	for d, v := range days {
		t.days[d] += v
	}
	t.usage, t.running, t.fixed, t.forecast = t.usage+parts.usage, t.running+running, t.fixed+parts.fixed, t.forecast+ahead
	t.services = append(t.services, Service{ID: c.Subscription, Name: c.Name, Org: c.Org, Usage: minor(parts.usage, t.currency), Fixed: minor(parts.fixed, t.currency),
		Used: minor(parts.usage+parts.fixed, t.currency), Forecast: minor(parts.usage+parts.fixed+ahead, t.currency)})
	return nil
}

func (t *tally) month(out Spending, zone *time.Location) Month {
	show := func(n int64) money.Amount { return minor(n, t.currency) }
	m := Month{Usage: show(t.usage), Running: show(t.running), Fixed: show(t.fixed), Reserved: money.New(t.reserved, t.currency), Used: show(t.usage + t.fixed),
		Forecast: show(t.usage + t.fixed + t.forecast), Services: t.services}
	slices.SortStableFunc(m.Services, func(a, b Service) int { return cmp.Compare(b.Used.Minor, a.Used.Minor) })
	today := dayOf(out.At, zone)
	usual, strange := Unusual(today, t.days)
	m.Usual, m.Unusual = show(usual), strange
	for n := trailing; n >= 0; n-- {
		day := after(today, -n)
		m.Days = append(m.Days, Day{Date: day, Usage: show(t.days[day])})
	}
	return m
}
