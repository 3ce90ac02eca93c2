package order

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// desk is what lines are worked out for.
type desk struct {
	org      party.Organisation
	market   party.Market
	language string
	now      time.Time
}

// lines works out the terms of every item; each refused field is named with the item's number.
func (s *Orders) lines(tx *store.Tx, d desk, items []ItemInput) ([]Line, error) {
	if len(items) == 0 || len(items) > maxItems {
		return nil, fail.New(fail.Invalid, "order.items", "An order has 1 to 50 items.", "Add an item, or split the order.").Field("items", "must be 1 to 50")
	}
	var out []Line
	for no, in := range items {
		line, err := s.line(tx, d, in)
		if err != nil {
			return nil, numbered(err, no)
		}
		for _, other := range out {
			if line.Subscription != "" && other.Subscription == line.Subscription {
				return nil, numbered(fail.New(fail.Invalid, "order.twice", "Two items are about the same service.", "Order one after the other.").Field("subscription", "is named twice"), no)
			}
		}
		out = append(out, line)
	}
	return out, nil
}

// numbered puts the item's number before each field.
func numbered(err error, no int) error {
	var e *fail.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, fail.Field{Path: fmt.Sprintf("items.%d.%s", no, f.Path), Message: f.Message})
	}
	return &out
}

func (s *Orders) line(tx *store.Tx, d desk, in ItemInput) (Line, error) {
	if in.Action == "" {
		in.Action = ActionAdd
	}
	switch in.Action {
	case ActionAdd:
		v, err := s.Catalogue.OnShelf(tx, d.market, in.Offer)
		if err != nil {
			return Line{}, err
		}
		if in.Version != "" && in.Version != v.ID {
			return Line{}, fail.New(fail.Conflict, "order.offer_changed", "The publisher has put a newer version on the shelf since you looked.", "Look at the offer again, then order.").Field("version", "is not the one on the shelf")
		}
		t, err := s.terms(d, v, in)
		return Line{Action: in.Action, Terms: t}, err
	case ActionChange, ActionSuspend, ActionResume, ActionCancel:
		return s.lineOf(tx, d, in)
	}
	return Line{}, fail.New(fail.Invalid, "order.action", "There is no such action.", "Use add, change, suspend, resume or cancel.").Field("action", "is unknown")
}

// lineOf works out a line about a subscription that the organisation has.
func (s *Orders) lineOf(tx *store.Tx, d desk, in ItemInput) (Line, error) {
	r, err := selectRegistered(tx, in.Subscription)
	if err != nil {
		return Line{}, err
	}
	switch {
	case r.org != d.org.ID:
		return Line{}, fail.Missing("service", in.Subscription)
	case r.ended:
		return Line{}, fail.New(fail.Conflict, "order.ended", "This service has ended.", "Order it anew.").Field("subscription", "has ended")
	case r.busy != nil || !r.live:
		return Line{}, fail.New(fail.Conflict, "order.busy", "Another order is changing this service.", "Wait until that order has ended, or cancel it.").Field("subscription", "is being changed").With("item", str(r.busy))
	}
	base, err := selectItem(tx, r.item)
	if err != nil {
		return Line{}, err
	}
	if in.Action != ActionChange {
		t := base.Terms
		t.Price, t.PriceHash, t.First, t.Contract, t.Recurring = price.Version{}, "", zeroQuote(d.market), "", money.Zero(money.Currency(d.market.Currency))
		return Line{Action: in.Action, Subscription: r.id, Terms: t}, nil
	}
	if in.Plan == "" {
		in.Plan = base.Terms.Plan
	}
	if len(in.Parameters) == 0 {
		in.Parameters = base.Terms.Parameters
	}
	in.Region, in.DataClass = base.Terms.Region, base.Terms.DataClass
	v, err := s.Catalogue.VersionIn(tx, base.Terms.Version)
	if err != nil {
		return Line{}, err
	}
	if in.Plan != base.Terms.Plan {
		// Another plan is a new contract: it is bought from the shelf.
		if v, err = s.Catalogue.OnShelf(tx, d.market, base.Terms.Offer); err != nil {
			return Line{}, err
		}
	}
	t, err := s.terms(d, v, in)
	if err != nil {
		return Line{}, err
	}
	if in.Plan == base.Terms.Plan { // other settings only: the price that was agreed stays
		t.Price, t.PriceHash, t.Recurring, t.Contract = base.Terms.Price, base.Terms.PriceHash, base.Terms.Recurring, base.Terms.Contract
		t.First = zeroQuote(d.market)
	}
	return Line{Action: in.Action, Subscription: r.id, Terms: t}, nil
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func zeroQuote(m party.Market) price.Quote {
	z := money.Zero(money.Currency(m.Currency))
	return price.Quote{OneOff: z, Monthly: z, Yearly: z, Usage: z, Total: z}
}

// terms freezes what a version says for a plan, settings and market.
func (s *Orders) terms(d desk, v catalog.Version, in ItemInput) (Terms, error) {
	c := &v.Content
	plan, list, err := planFor(d, c, in)
	if err != nil {
		return Terms{}, err
	}
	if err := s.Catalogue.CheckParameters(&v, in.Parameters); err != nil {
		return Terms{}, err
	}
	if err := allowed(c, in); err != nil {
		return Terms{}, err
	}
	spec, err := c.Spec(plan, in.Parameters)
	if err != nil {
		return Terms{}, err
	}
	first, err := price.NewQuote(list, in.Assumed)
	if err != nil {
		return Terms{}, err
	}
	recurring, err := recurring(first)
	if err != nil {
		return Terms{}, err
	}
	sum, err := list.Hash()
	if err != nil {
		return Terms{}, err
	}
	name, language := c.Name.In(d.language)
	planName, _ := plan.Name.In(d.language)
	if text, l := c.Contract.In(d.language); text != "" {
		language = l
	}
	return Terms{Offer: v.Offer, Key: c.Key, Version: v.ID, VersionHash: v.Hash, Name: name, Plan: plan.Key, PlanName: planName, Publisher: v.Publisher,
		Seller: c.SellerEntity(d.market), Price: *list, PriceHash: hex.EncodeToString(sum[:]), First: first, Recurring: recurring,
		Contract: c.ContractHash(language), Language: language, Parameters: compact(in.Parameters), Spec: spec, SpecHash: hash(spec),
		Region: in.Region, DataClass: in.DataClass, Driver: c.Driver.Name, Kind: c.Driver.Kind, Isolation: c.Driver.Isolation, Meters: c.Meters,
		Entitlements: plan.Entitlements, TrialDays: plan.TrialDays, TermMonths: plan.TermMonths, Licence: plan.Licence, Assumed: in.Assumed}, nil
}

func compact(b json.RawMessage) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	return b
}

// PriceOf is the price list by which an organisation would buy a plan of an offer today, without a quote being kept.
// Those who may read its invoices may: it is for comparing them.
func (s *Orders) PriceOf(ctx context.Context, c access.Caller, org, offer, plan string) (v *price.Version, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.InvoiceRead, org)
		if err != nil {
			return err
		}
		d, err := s.desk(tx, o, "")
		if err != nil {
			return err
		}
		on, err := s.Catalogue.OnShelf(tx, d.market, offer)
		if err != nil {
			return err
		}
		_, v, err = planFor(d, &on.Content, ItemInput{Plan: plan})
		return err
	})
	return v, err
}

// above are the organisations over one in the tree, from the root on.
func above(path string) []string {
	list := strings.Split(strings.Trim(path, "/"), "/")
	return list[:len(list)-1]
}

// planFor finds the plan and its price in the market.
func planFor(d desk, c *catalog.Content, in ItemInput) (*catalog.Plan, *price.Version, error) {
	plan := c.Plan(in.Plan)
	if plan == nil {
		return nil, nil, fail.New(fail.Invalid, "order.plan", "The offer has no such plan.", "Choose one of its plans.").Field("plan", "is not a plan of "+c.Key)
	}
	if plan.Withdrawn {
		return nil, nil, catalog.Gone(c.Key+", plan "+plan.Key).Field("plan", "is sold no more")
	}
	p := plan.PriceFor(d.market, above(d.org.Path), d.now)
	if p == nil {
		return nil, nil, fail.New(fail.Invalid, "order.price", "The plan is not sold in "+d.market.Brand+".", "Choose another plan.").Field("plan", "has no price in "+d.market.Currency)
	}
	return plan, p.Version(), nil
}

// allowed checks wishes against what the publisher supports; residency and placement decide about the rest.
func allowed(c *catalog.Content, in ItemInput) error {
	if in.Region != "" && len(c.Regions) > 0 && !slices.Contains(c.Regions, in.Region) {
		return fail.New(fail.Invalid, "order.region", "The offer cannot run in that region.", "Choose another region, or none.").Field("region", "is not one of the offer")
	}
	if in.DataClass != "" && len(c.DataClasses) > 0 && !slices.Contains(c.DataClasses, in.DataClass) {
		return fail.New(fail.Invalid, "order.data_class", "The publisher does not allow data of that class.", "Choose an offer that allows it.").Field("dataClass", "is not allowed by the offer")
	}
	return nil
}

// recurring is what a quote costs per month: the monthly prices and a twelfth of the yearly ones, rounded up, and what a
// minimum or commitment adds to them. Discounts may end, so they lower nothing.
func recurring(q price.Quote) (money.Amount, error) {
	twelfth := money.New((q.Yearly.Minor+11)/12, q.Yearly.Currency)
	sum, err := q.Monthly.Add(twelfth)
	if err != nil || q.Terms.Sign() <= 0 {
		return sum, err
	}
	return sum.Add(q.Terms)
}

// Recurring is what a price list costs per month, as an order shows it; for packages that agree another price later.
func Recurring(v *price.Version) (money.Amount, error) {
	q, err := price.NewQuote(v, nil)
	if err != nil {
		return money.Amount{}, err
	}
	return recurring(q)
}

// sums adds up the lines.
func sums(m party.Market, lines []Line) (total, perMonth money.Amount, err error) {
	total, perMonth = money.Zero(money.Currency(m.Currency)), money.Zero(money.Currency(m.Currency))
	for _, l := range lines {
		if total, err = total.Add(l.Terms.First.Total); err != nil {
			return total, perMonth, err
		}
		if perMonth, err = perMonth.Add(l.Terms.Recurring); err != nil {
			return total, perMonth, err
		}
	}
	return total, perMonth, nil
}
