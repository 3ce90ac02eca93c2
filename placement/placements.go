package placement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/trace"
)

// actor is who decides.
const actor = "placement"

// Config is what the service stands on.
type Config struct {
	DB        *store.DB
	Facts     *trace.Facts
	Policy    *access.Policy
	IDs       *id.Source
	Now       clock.Clock
	Residency *residency.Residency
	Catalog   *catalog.Catalogue
	Operator  string // organisation that is told of every decision
	// Entity gives a legal entity of party, inside a transaction and without authorisation of its own.
	Entity func(tx *store.Tx, id string) (party.Entity, error)
	// ItemPlaced and ItemRefused are the commands of order. A conflict says that the item no longer waits for a place;
	// they have changed nothing then.
	ItemPlaced  func(tx *store.Tx, item, decision string) error
	ItemRefused func(tx *store.Tx, item string, reasons []fail.Reason) error
}

// Placements is the service. Safe for concurrent use.
type Placements struct{ Config }

// New makes the service.
func New(c Config) *Placements { return &Placements{Config: c} }

// item is an add item of a placed order.
type item struct {
	Org    string `json:"org"`
	Path   string `json:"path"`
	Market string `json:"market"`
	Order  string `json:"order_of"`
	order.ItemFact
}

// ChainOf is what an offer version brings into a placement.
func (s *Placements) ChainOf(tx *store.Tx, v catalog.Version) (residency.Chain, error) {
	c := v.Content
	chain := residency.Chain{Support: c.Support, Driver: c.Driver.Name, Regions: c.Regions, Classes: c.DataClasses, Publisher: residency.Party{Ref: c.Entity}}
	e, err := s.Entity(tx, c.Entity)
	switch {
	case fail.Is(err, fail.NotFound): // judged as unknown: it refuses
	case err != nil:
		return chain, fmt.Errorf("publisher of %s: %w", v.ID, err)
	default:
		chain.Publisher = residency.Party{Ref: e.ID, Name: e.Name, Country: e.Country, ControlledFrom: e.ControlledFrom}
	}
	for _, p := range c.SubProcessors {
		controlled := p.ControlledFrom
		if controlled == "" {
			controlled = p.Country
		}
		chain.SubProcessors = append(chain.SubProcessors, residency.Party{Name: p.Name, Country: p.Country, ControlledFrom: controlled})
	}
	return chain, nil
}

// place decides about an item for the first time; a second call for it does nothing.
func (s *Placements) place(tx *store.Tx, i item) error {
	if _, ok, err := selectLast(tx, i.Item); err != nil || ok {
		return err
	}
	d, facts, err := s.decide(tx, i, 1, nil)
	if err != nil {
		return err
	}
	if d.Region == "" {
		return s.refuse(tx, i, d, true)
	}
	_, err = s.accept(tx, i, d, facts)
	return err
}

// decide gathers the inputs and computes.
func (s *Placements) decide(tx *store.Tx, i item, attempt int64, excluded []string) (d Decision, facts *residency.Facts, err error) {
	r := Request{Item: i.Item, Attempt: attempt, Order: i.Order, Org: i.Org, Market: i.Market, OfferVersion: i.OfferVersion, Plan: i.Plan, Class: i.DataClass,
		Region: i.Region, Units: unitsOfAResource, Excluded: excluded, At: s.Now(), RulesHash: s.Residency.Rules.Hash()}
	v, err := s.Catalog.VersionIn(tx, i.OfferVersion)
	if err != nil {
		return d, nil, err
	}
	if r.Chain, err = s.ChainOf(tx, v); err != nil {
		return d, nil, err
	}
	if facts, r.FactsHash, err = s.Residency.Snapshot(tx); err != nil {
		return d, nil, err
	}
	policy, hash, err := s.Residency.PolicyFor(tx, i.Market, i.Path)
	if err != nil {
		return d, nil, err
	}
	r.PolicyHash = hash
	if r.Free, err = s.Residency.Capacity(tx); err != nil {
		return d, nil, err
	}
	r.Class = policy.Class(r.Class)
	d = Decision{ID: s.IDs.New("plc"), Item: i.Item, Attempt: attempt, Order: i.Order, Org: i.Org, Path: i.Path, Publisher: i.Publisher,
		PolicyHash: r.PolicyHash, FactsHash: r.FactsHash, RulesHash: r.RulesHash, Request: r, At: r.At}
	d.Result = Decide(s.Residency.Rules, facts, policy, r)
	d.Region = d.Result.Region
	if d.request, err = proof.Canonical(d.Request); err != nil {
		return d, nil, err
	}
	d.result, err = proof.Canonical(d.Result)
	return d, facts, err
}

func (d Decision) hashes() Hashes {
	return Hashes{Policy: d.PolicyHash, Facts: d.FactsHash, Rules: d.RulesHash, Request: residency.Hash(d.request), Result: residency.Hash(d.result)}
}

// refuse keeps the decision. The order is told, unless whoever asked does.
func (s *Placements) refuse(tx *store.Tx, i item, d Decision, tell bool) error {
	reasons := d.Request.reasons(d.Result)
	if tell {
		if err := s.ItemRefused(tx, i.Item, reasons); err != nil {
			return ended(err)
		}
	}
	if err := insertDecision(tx, d); err != nil {
		return fmt.Errorf("placement of %s: %w", i.Item, err)
	}
	var rules []string
	for _, r := range reasons {
		rules = append(rules, r.Rule)
	}
	return s.record(tx, FactRefused, d, RefusedFact{Decision: d.ID, Attempt: d.Attempt, Order: d.Order, Item: d.Item, Org: d.Org, Publisher: d.Publisher,
		OfferVersion: i.OfferVersion, Class: d.Request.Class, Rules: slices.Compact(rules), Hashes: d.hashes()})
}

// ended swallows the order's word that the item was cancelled meanwhile.
func ended(err error) error {
	if fail.Is(err, fail.Conflict) {
		return nil
	}
	return err
}

// accept takes the capacity, keeps the decision and tells the order and provision. It is false when the item was
// cancelled meanwhile: then nothing was done.
func (s *Placements) accept(tx *store.Tx, i item, d Decision, facts *residency.Facts) (bool, error) {
	if err := s.ItemPlaced(tx, i.Item, d.ID); err != nil {
		return false, ended(err)
	}
	ok, err := s.Residency.Reserve(tx, d.Region, d.Request.Units)
	if err == nil && !ok {
		err = store.Retry(errors.New("a rival took the last units of " + d.Region))
	}
	if err == nil {
		err = keep(tx, i, d)
	}
	if err != nil {
		return false, fmt.Errorf("placement of %s: %w", i.Item, err)
	}
	f, err := decided(i, d, facts)
	if err != nil {
		return false, err
	}
	return true, s.record(tx, FactDecided, d, f)
}

// keep writes the rows of an accepted decision.
func keep(tx *store.Tx, i item, d Decision) error {
	if err := insertItem(tx, i); err != nil {
		return err
	}
	if err := insertDecision(tx, d); err != nil {
		return err
	}
	return insertHold(tx, i.Subscription, d)
}

// decided is all that provision needs.
func decided(i item, d Decision, facts *residency.Facts) (f DecidedFact, err error) {
	f = DecidedFact{Decision: d.ID, Attempt: d.Attempt, Order: d.Order, Item: d.Item, Subscription: i.Subscription, Org: d.Org, Path: d.Path, Market: i.Market,
		Publisher: d.Publisher, OfferVersion: i.OfferVersion, Plan: i.Plan, Class: d.Request.Class, Kind: i.Kind, Driver: i.Driver, Region: d.Region,
		Units: d.Request.Units, Spec: i.Spec, Hashes: d.hashes()}
	for _, r := range facts.Regions {
		if r.Key == d.Region {
			f.City, f.Country = r.City, r.Country
			f.Target, err = target(r)
		}
	}
	return f, err
}

func target(r residency.Region) (Target, error) {
	t := Target{ID: r.Key, Region: r.Key}
	if len(r.Target) == 0 {
		return t, nil
	}
	config, err := json.Marshal(r.Target)
	t.Config = config
	return t, err
}

func (s *Placements) record(tx *store.Tx, kind string, d Decision, payload any) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: d.ID, First: true, Owner: d.Org, Parties: []string{d.Publisher, s.Operator},
		Actor: access.System(actor).Ref(), At: s.Now(), Machine: payload})
	return err
}

// Elsewhere decides again about an item after making it in a region failed for lack of capacity or quota, without all
// regions where it failed; false when there is none left, and then the order is not told: provision does. In provision's
// transaction.
func (s *Placements) Elsewhere(tx *store.Tx, itemID, failed string) (bool, error) {
	last, ok, err := selectLast(tx, itemID)
	if err != nil || !ok {
		return false, err
	}
	if last.Region != failed {
		return last.Region != "", nil // already decided anew
	}
	i, err := selectItem(tx, itemID)
	if err != nil {
		return false, err
	}
	d, facts, err := s.decide(tx, i, last.Attempt+1, append(slices.Clone(last.Request.Excluded), failed))
	if err != nil {
		return false, err
	}
	if d.Region == "" {
		return false, s.refuse(tx, i, d, false)
	}
	return s.accept(tx, i, d, facts)
}

// Release gives back what a subscription holds of a region, once nothing of it is left there. A second call does
// nothing. In provision's transaction.
func (s *Placements) Release(tx *store.Tx, subscription, region string) error {
	units, err := deleteHold(tx, subscription, region)
	if err != nil || units == 0 {
		return err
	}
	return s.Residency.Release(tx, region, units)
}

func (s *Placements) check(c access.Caller, d Decision) error {
	return s.Policy.Check(c, access.PlacementRead, access.Resource{Type: "placement", ID: d.ID, Org: d.Org, Path: d.Path})
}

// Decision gives one that the caller may see (placement.read).
func (s *Placements) Decision(ctx context.Context, c access.Caller, decision string) (d Decision, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		d, err = selectDecision(tx, decision)
		return err
	})
	if err == nil {
		err = s.check(c, d)
	}
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// Decisions lists those about an order, oldest first; none when the caller may not see them (placement.read).
func (s *Placements) Decisions(ctx context.Context, c access.Caller, orderID string) (list []Decision, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = selectOfOrder(tx, orderID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 { // none yet, or no such order: of the caller's own only
		return nil, s.Policy.Check(c, access.PlacementRead, access.Resource{Type: "order", ID: orderID, Org: c.Org, Path: c.Path})
	}
	if err := s.check(c, list[0]); err != nil {
		if fail.Is(err, fail.NotFound) {
			err = fail.Missing("order", orderID)
		}
		return nil, err
	}
	return list, nil
}

// Bundle gives a decision with all its inputs, for a check offline (placement.read).
func (s *Placements) Bundle(ctx context.Context, c access.Caller, decision string) (b Bundle, err error) {
	d, err := s.Decision(ctx, c, decision)
	if err != nil {
		return b, err
	}
	b = Bundle{Version: 1, Decision: d.ID, Request: d.request, Result: d.result}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		facts, err := s.Residency.FactsAt(tx, d.FactsHash)
		if err != nil {
			return err
		}
		if b.Facts, _, err = facts.Canonical(); err != nil {
			return err
		}
		policy, err := s.Residency.PolicyAt(tx, d.PolicyHash)
		if err != nil {
			return err
		}
		b.Policy, _, err = policy.Canonical()
		return err
	})
	return b, err
}

// Replay computes a decision again from what is stored and compares result, reasons and hashes (placement.read).
func (s *Placements) Replay(ctx context.Context, c access.Caller, decision string) error {
	b, err := s.Bundle(ctx, c, decision)
	if err != nil {
		return err
	}
	return b.Verify(s.Residency.Rules)
}
