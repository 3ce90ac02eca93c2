package rating

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Cost is what a subscription costs at this moment and is not billed yet, in the basis of its prices.
type Cost struct {
	Subscription string
	Name         string
	Basis        price.Basis
	Parts        []Part
	Total        money.Amount
}

// Part is what one component of one price costs.
type Part struct {
	Component string
	Kind      price.Kind
	Unit      string
	Price     string         // hash
	Quantity  money.Quantity // units of usage, or 1
	Exact     money.Exact
	Amount    money.Amount
}

// CostNow tells for each subscription of an organisation what it owes at this moment beyond the last invoice: charges,
// and prices per period up to now. Usage counts once its window has closed. Those who may read invoices may.
func (s *Ratings) CostNow(ctx context.Context, c access.Caller, org string) (out []Cost, err error) {
	err = s.allowed(ctx, c, org, "organisation", org, func(tx *store.Tx) error {
		out = nil
		b, err := s.Draft(tx, org, s.Now())
		if err != nil {
			return err
		}
		out, err = b.costs()
		return err
	})
	return out, err
}

// costs adds up by subscription and currency.
func (b Bill) costs() ([]Cost, error) {
	st, err := b.Statement()
	if err != nil {
		return nil, err
	}
	var out []Cost
	for _, g := range st.Groups {
		n := slices.IndexFunc(out, func(c Cost) bool { return c.Subscription == g.Subscription && c.Total.Currency == g.Amount.Currency })
		if n < 0 {
			n = len(out)
			out = append(out, Cost{Subscription: g.Subscription, Name: b.Contracts[g.Subscription].Name, Basis: b.Prices[g.Price].Basis, Total: money.Zero(g.Amount.Currency)})
		}
		out[n].Parts = append(out[n].Parts, Part{Component: g.Key(), Kind: g.Kind(), Unit: g.Unit(), Price: g.Price, Quantity: g.Quantity, Exact: g.Exact, Amount: g.Amount})
		if out[n].Total, err = out[n].Total.Add(g.Amount); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Bill is what is not billed yet, with all that is needed to write it down. A draft's charges per period have no id.
type Bill struct {
	Contracts map[string]Contract
	History   map[string][]Interval
	Prices    map[string]*price.Version // by hash
	Charges   []Charge                  // by subscription, component and time
	UpTo      time.Time                 // what lies after it is not in the bill
	Only      price.Interval            // terms are settled for periods that meet it; all when it is zero
	States    map[closingKey]closed     // in which periods were closed last
}

// Draft gives the unbilled charges of an organisation up to an instant, with those per period that would be written.
// Billing calls it, authorised.
func (s *Ratings) Draft(tx *store.Tx, org string, upTo time.Time) (Bill, error) {
	b, err := s.Unbilled(tx, org, upTo)
	if err != nil {
		return b, err
	}
	for _, subscription := range slices.Sorted(maps.Keys(b.Contracts)) {
		c := b.Contracts[subscription]
		due, err := c.accrued(b.History[c.Subscription], upTo, b.known)
		if err != nil {
			return b, err
		}
		for _, one := range due {
			line, err := price.Rate(b.Prices[one.Price], one.Component, one.Proof(price.PerPeriod).Input(price.PerPeriod))
			if err != nil {
				return b, err
			}
			one.Exact = line.Exact
			b.Charges = append(b.Charges, one)
		}
	}
	slices.SortStableFunc(b.Charges, func(x, y Charge) int {
		return cmp.Or(cmp.Compare(x.Subscription, y.Subscription), cmp.Compare(x.Component, y.Component), x.At.From.Compare(y.At.From), cmp.Compare(x.ID, y.ID))
	})
	return b, nil
}

// Unbilled gives the charges of an organisation up to an instant that no invoice has. Billing calls it, authorised.
func (s *Ratings) Unbilled(tx *store.Tx, org string, upTo time.Time) (Bill, error) {
	charges, err := selectUnbilled(tx, org, upTo)
	if err != nil {
		return Bill{}, err
	}
	b, err := s.bill(tx, org, charges)
	b.UpTo = upTo
	return b, err
}

// Billed gives the charges of an invoice of an organisation. Billing calls it, authorised.
func (s *Ratings) Billed(tx *store.Tx, org, invoice string) (Bill, error) {
	charges, err := selectBilled(tx, invoice)
	if err != nil {
		return Bill{}, err
	}
	return s.bill(tx, org, charges)
}

func (s *Ratings) bill(tx *store.Tx, org string, charges []Charge) (Bill, error) {
	b := Bill{Contracts: map[string]Contract{}, History: map[string][]Interval{}, Prices: map[string]*price.Version{}, Charges: charges}
	list, err := selectContracts(tx, org)
	if err != nil {
		return b, err
	}
	for _, c := range list {
		b.Contracts[c.Subscription] = c
		if b.History[c.Subscription], err = selectHistory(tx, c.Subscription); err != nil {
			return b, err
		}
		for _, i := range b.History[c.Subscription] {
			if _, err := b.price(s, tx, i.Price); err != nil {
				return b, err
			}
		}
	}
	b.States, err = selectStates(tx, org)
	return b, err
}

func (b *Bill) price(s *Ratings, tx *store.Tx, hash string) (v *price.Version, err error) {
	if v = b.Prices[hash]; v == nil {
		if v, err = s.price(tx, hash); err == nil {
			b.Prices[hash] = v
		}
	}
	return v, err
}

func (s *Ratings) markCharges(tx *store.Tx, invoice string, charges []Charge) error {
	for _, c := range charges {
		ok, err := updateBilled(tx, c.ID, invoice)
		if err != nil {
			return err
		}
		if !ok {
			return fail.New(fail.Conflict, "rating.billed", "A charge stands on another invoice already.", "Issue the invoice again.").With("charge", c.ID)
		}
	}
	return nil
}

// PriceBytes are the bytes of a price version as they were frozen, for a proof.
func (s *Ratings) PriceBytes(tx *store.Tx, hash string) ([]byte, error) { return selectPrice(tx, hash) }

// Due lists the organisations with something that may be billed up to an instant in some markets, for the closing of
// months.
func (s *Ratings) Due(tx *store.Tx, upTo time.Time, markets []string) ([]string, error) {
	return selectDue(tx, upTo, markets)
}

// ZoneOf is where an organisation's contracts have their civil dates: that of its first contract.
func (s *Ratings) ZoneOf(tx *store.Tx, org string) (*time.Location, error) {
	list, err := selectContracts(tx, org)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return time.LoadLocation(s.Zone)
	}
	return time.LoadLocation(list[0].Zone)
}

// Charges lists the unbilled charges of an organisation, for those who may read its invoices.
func (s *Ratings) Charges(ctx context.Context, c access.Caller, org string) (list []Charge, err error) {
	err = s.allowed(ctx, c, org, "organisation", org, func(tx *store.Tx) error {
		list, err = selectUnbilled(tx, org, s.Now().AddDate(100, 0, 0))
		return err
	})
	return list, err
}

// Explain writes how a charge came about, step by step, in English or French.
func (s *Ratings) Explain(ctx context.Context, c access.Caller, charge, locale string) (text string, err error) {
	var one Charge
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		one, err = selectCharge(tx, charge)
		return err
	})
	if err != nil {
		return "", err
	}
	err = s.allowed(ctx, c, one.Org, "charge", charge, func(tx *store.Tx) error {
		v, err := s.price(tx, one.Price)
		if err != nil {
			return err
		}
		part, err := v.Component(one.Component)
		if err != nil {
			return err
		}
		line, err := price.Rate(v, one.Component, one.Proof(part.Kind).Input(part.Kind))
		if err != nil {
			return err
		}
		text, err = price.Explain(v, &line, locale)
		return err
	})
	return text, err
}

// Group is what becomes one line: charges of one subscription, component and price (of one period, where the price has
// terms), or what a term of the price changes in one period.
type Group struct {
	Subscription string
	Price        string // hash
	Correction   bool
	Trial        bool             // from the time of the trial
	Part         *price.Component // nil for a term
	Term         *price.Term      // nil for a component
	Charges      []Charge
	Quantity     money.Quantity // units of usage and what is owed once summed up; items of a price per period; none of a term
	Span         price.Interval // from the first charge to the last; of a term its period
	Counts       time.Time      // an instant of the period in which a line of a price with terms counts
	Exact        money.Exact
	Amount       money.Amount  // Exact rounded once
	Shares       []price.Share // of a bundle's parts, or of what a term changes
}

// Key is the key of the component or term.
func (g *Group) Key() string {
	if g.Part == nil {
		return g.Term.Key
	}
	return g.Part.Key
}

// Kind is the kind of the component or term.
func (g *Group) Kind() price.Kind {
	if g.Part == nil {
		return price.Kind(g.Term.Kind)
	}
	return g.Part.Kind
}

// total is the group as terms see it.
func (g *Group) total() price.Total {
	t := price.Total{Key: g.Part.Key, Amount: g.Amount}
	if g.Trial {
		t.Trial = g.Amount
	}
	return t
}

// groups gathers the charges of a bill in the order they first appear.
func (b Bill) groups() ([]*Group, error) {
	type key struct {
		subscription, component, price string
		correction, trial              bool
		period                         int64
	}
	found := map[key]*Group{}
	var out []*Group
	for _, c := range b.Charges {
		v := b.Prices[c.Price]
		part, err := v.Component(c.Component)
		if err != nil {
			return nil, err
		}
		g := &Group{Subscription: c.Subscription, Price: c.Price, Correction: c.Correction, Part: part, Span: c.At, Exact: money.ZeroExact(v.Currency)}
		k := key{c.Subscription, c.Component, c.Price, c.Correction, false, 0}
		if len(v.Terms) > 0 {
			contract := b.Contracts[c.Subscription]
			period, err := contract.month(c.decides())
			if err != nil {
				return nil, err
			}
			g.Counts, g.Trial = period.From, c.decides().Before(contract.trial(v, part))
			k.trial, k.period = g.Trial, period.From.Unix()
		}
		if found[k] == nil {
			found[k] = g
			out = append(out, g)
		}
		if err := found[k].add(c); err != nil {
			return nil, err
		}
	}
	for _, g := range out {
		var err error
		if g.Amount, err = g.Exact.Round(b.Prices[g.Price].Rounding); err != nil {
			return nil, err
		}
		if g.Shares, err = g.Part.Split(g.Amount); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (g *Group) add(c Charge) (err error) {
	g.Charges = append(g.Charges, c)
	if c.At.From.Before(g.Span.From) {
		g.Span.From = c.At.From
	}
	if c.At.To.After(g.Span.To) {
		g.Span.To = c.At.To
	}
	if g.Exact, err = g.Exact.Add(c.Exact); err != nil {
		return err
	}
	if g.Part.Kind == price.PerPeriod {
		g.Quantity = c.Quantity
		return nil
	}
	g.Quantity, err = g.Quantity.Add(c.Quantity)
	return err
}

// Unit is the word for what the group counts: the unit of usage, or the length of the period; "" for a term.
func (g *Group) Unit() string {
	if g.Part == nil {
		return ""
	}
	if g.Part.Kind == price.PerPeriod {
		return string(g.Part.Every)
	}
	return g.Part.Unit
}

// UnbilledOf gives all charges of one subscription that no invoice has. Billing calls it, authorised.
func (s *Ratings) UnbilledOf(tx *store.Tx, org, subscription string) (Bill, error) {
	charges, err := selectUnbilled(tx, org, s.Now().AddDate(100, 0, 0))
	if err != nil {
		return Bill{}, err
	}
	b, err := s.bill(tx, org, slices.DeleteFunc(charges, func(c Charge) bool { return c.Subscription != subscription }))
	b.UpTo = s.Now()
	maps.DeleteFunc(b.Contracts, func(id string, _ Contract) bool { return id != subscription })
	return b, err
}
