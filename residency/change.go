package residency

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// Kind is what a change is about.
type Kind string

// The kinds.
const (
	KindFacts  Kind = "facts"  // facts about clouds
	KindPolicy Kind = "policy" // the layer of an organisation
	KindMarket Kind = "market" // the layer of a market
)

// draft is a change before it holds.
type draft struct {
	kind  Kind
	scope string
	owner party.Organisation // whose people decide
	body  []byte             // as it is kept: YAML, or a canonical layer
	facts *Facts             // merged, of KindFacts
	layer Layer
	same  bool // nothing would change

	now     side   // of facts, or of the policy with the layer that holds
	base    string // what it was compared with: a change of this makes an approval void
	version int64  // that would hold
	loosens []Loosening
}

// Import reads YAML (see Read) and puts it over what is known: an entry with a known key replaces, another is added.
// The same file twice changes nothing. The operator's staff may. Where the operator has a second person with that right,
// the change waits for them.
func (s *Residency) Import(ctx context.Context, c access.Caller, text []byte) (out Changed, err error) {
	if err := s.Policy.Check(c, access.ResidencyFactsSet, s.operator()); err != nil {
		return out, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		d, err := s.draftFacts(tx, text)
		if err != nil {
			return err
		}
		out.ChangedFact = d.changed()
		if d.same {
			return nil
		}
		second, err := s.second(tx, c, d)
		if err != nil {
			return err
		}
		if second {
			out.Version--
			out.Proposal, err = s.propose(tx, c, d)
			return err
		}
		return s.apply(tx, d, c.Ref(), "")
	})
	return out, err
}

func (s *Residency) draftFacts(tx *store.Tx, text []byte) (d draft, err error) {
	file, err := Read(text)
	if err != nil {
		return d, err
	}
	d = draft{kind: KindFacts, scope: s.Operator, body: text}
	if d.owner, err = s.Parties.Lookup(tx, s.Operator); err != nil {
		return d, err
	}
	d.version, d.base, d.now.facts, err = s.known(tx)
	if err != nil {
		return d, err
	}
	d.facts = d.now.facts.merge(file.Facts)
	if err := file.lined(d.facts.Validate(), d.facts); err != nil {
		return d, err
	}
	_, fresh, err := d.facts.Canonical()
	if d.same = fresh == d.base; !d.same {
		d.version++
	}
	return d, err
}

// changed is the fact of merged facts.
func (d draft) changed() ChangedFact {
	out := ChangedFact{Version: d.version, Was: d.base, Entities: len(d.facts.Entities), Clouds: len(d.facts.Clouds), Regions: len(d.facts.Regions), Certificates: len(d.facts.Certificates)}
	if _, hash, err := d.facts.Canonical(); err == nil {
		out.Hash = hash
	}
	return out
}

// SetPolicy sets the layer of an organisation; it adds to those above it and can only tighten them (policy.set). One that
// demands less than the organisation's layer before waits for a second owner, where there is one.
func (s *Residency) SetPolicy(ctx context.Context, c access.Caller, org string, l Layer) (LayerVersion, error) {
	return s.set(ctx, c, KindPolicy, org, l)
}

// SetMarketPolicy sets what holds for all customers of a market in place of DefaultLayer (market.set). One that demands
// less than before waits for a second person of the operator, where there is one.
func (s *Residency) SetMarketPolicy(ctx context.Context, c access.Caller, market string, l Layer) (LayerVersion, error) {
	return s.set(ctx, c, KindMarket, market, l)
}

func (s *Residency) set(ctx context.Context, c access.Caller, kind Kind, scope string, l Layer) (v LayerVersion, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		d, err := s.draftLayer(tx, c, kind, scope, l)
		if err != nil {
			return err
		}
		v = LayerVersion{Scope: scope, Version: d.version, Layer: d.layer, Actor: c.Ref(), CreatedAt: s.Now()}
		if len(d.loosens) > 0 {
			second, err := s.second(tx, c, d)
			if err != nil {
				return err
			}
			if second {
				v.Version = 0
				v.Proposal, err = s.propose(tx, c, d)
				return err
			}
		}
		return s.apply(tx, d, c.Ref(), "")
	})
	return v, err
}

// draftLayer authorises for setting the layer, and checks it.
func (s *Residency) draftLayer(tx *store.Tx, c access.Caller, kind Kind, scope string, l Layer) (d draft, err error) {
	action, noun := access.PolicySet, "organisation"
	if kind == KindMarket {
		action, noun = access.MarketSet, "market"
	}
	owner, err := s.owner(tx, kind, scope)
	if err != nil {
		return d, err
	}
	if err := s.Policy.Check(c, action, owner.Resource(noun, scope)); err != nil {
		return d, err
	}
	return s.layerDraft(tx, kind, scope, owner, l)
}

// owner is the organisation whose people decide about a scope.
func (s *Residency) owner(tx *store.Tx, kind Kind, scope string) (party.Organisation, error) {
	if kind != KindMarket {
		return s.Parties.Lookup(tx, scope)
	}
	m, err := s.Parties.Market(tx, scope)
	if err != nil {
		return party.Organisation{}, err
	}
	return s.Parties.Lookup(tx, m.Org)
}

func (s *Residency) layerDraft(tx *store.Tx, kind Kind, scope string, owner party.Organisation, l Layer) (d draft, err error) {
	l.From = scope
	d = draft{kind: kind, scope: scope, owner: owner, layer: l, version: 1, base: "0"}
	if _, _, d.now.facts, err = s.known(tx); err != nil {
		return d, err
	}
	if err := l.Validate(d.now.facts.Groups); err != nil {
		return d, err
	}
	if kind == KindPolicy {
		if err := s.knownClasses(tx, owner, l); err != nil {
			return d, err
		}
	}
	if d.body, _, err = canonical(l); err != nil {
		return d, err
	}
	had, err := selectLayers(tx, scope, 1)
	if err != nil {
		return d, err
	}
	was := Layer{}
	if kind == KindMarket {
		was = DefaultLayer(scope)
	}
	if len(had) > 0 {
		d.version, d.base, was = had[0].Version+1, fmt.Sprint(had[0].Version), had[0].Layer
	}
	d.loosens = l.Loosens(was, d.now.facts.Groups, kind == KindMarket)
	return d, nil
}

// apply makes a draft hold. proposer is who asked for it when somebody else approves, else "".
func (s *Residency) apply(tx *store.Tx, d draft, actor, proposer string) error {
	if d.kind == KindFacts {
		return s.applyFacts(tx, d, actor, proposer)
	}
	v := LayerVersion{Scope: d.scope, Version: d.version, Layer: d.layer, Actor: actor, CreatedAt: s.Now()}
	if err := insertLayer(tx, v, d.body); err != nil {
		return fmt.Errorf("policy of %s: %w", d.scope, err)
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: FactPolicySet, Aggregate: "policy_" + d.scope, Owner: d.owner.ID, Parties: []string{s.Operator}, Actor: actor,
		At: s.Now(), Machine: PolicySetFact{Scope: d.scope, Version: d.version, Hash: Hash(d.body), Proposer: proposer}})
	return err
}

func (s *Residency) applyFacts(tx *store.Tx, d draft, actor, proposer string) error {
	body, hash, err := d.facts.Canonical()
	if err != nil {
		return err
	}
	if err := insertFacts(tx, d.version, hash, body, actor, s.Now()); err != nil {
		return fmt.Errorf("facts about clouds: %w", err)
	}
	for _, r := range d.facts.Regions {
		if err := upsertCapacity(tx, r.Key, r.Capacity); err != nil {
			return fmt.Errorf("capacity of %s: %w", r.Key, err)
		}
	}
	out := d.changed()
	out.Proposer = proposer
	_, err = s.Facts.Record(tx, trace.Fact{Type: FactChanged, Aggregate: "residency_" + s.Operator, Owner: s.Operator, Actor: actor, At: s.Now(), Machine: out})
	return err
}

// PreviewFacts says what a file of facts would newly allow and refuse, in every market, before anything changes. The
// operator's staff may.
func (s *Residency) PreviewFacts(ctx context.Context, c access.Caller, text []byte) (e Effect, err error) {
	if err := s.Policy.Check(c, access.ResidencyFactsSet, s.operator()); err != nil {
		return e, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		d, err := s.draftFacts(tx, text)
		if err != nil {
			return err
		}
		e, err = s.effect(tx, d)
		return err
	})
	return e, err
}

// Preview says what a layer would newly allow and refuse, before it is set. Whoever may set it may. kind is KindPolicy
// for an organisation, KindMarket for a market.
func (s *Residency) Preview(ctx context.Context, c access.Caller, kind Kind, scope string, l Layer) (e Effect, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		d, err := s.draftLayer(tx, c, kind, scope, l)
		if err != nil {
			return err
		}
		e, err = s.effect(tx, d)
		return err
	})
	return e, err
}

// effect compares what holds with what would.
func (s *Residency) effect(tx *store.Tx, d draft) (e Effect, err error) {
	e = Effect{Opened: []Cell{}, Closed: []Cell{}, Loosens: append([]Loosening{}, d.loosens...)}
	markets, err := s.marketsOf(tx, d)
	if err != nil {
		return e, err
	}
	for _, m := range markets {
		shelf, err := s.Sells(tx, m)
		if err != nil {
			return e, err
		}
		path := ""
		if d.kind == KindPolicy {
			path = d.owner.Path
		}
		was := side{facts: d.now.facts}
		if was.policy, err = s.policy(tx, m.ID, path); err != nil {
			return e, err
		}
		now := was
		if d.kind == KindFacts {
			now.facts = d.facts
			s.Rules.compare(&e, m.ID, was, now, shelf, s.Now())
			continue
		}
		now.policy = was.policy.with(d.layer, d.kind == KindMarket)
		s.Rules.compare(&e, "", was, now, shelf, s.Now())
	}
	return e, nil
}

// marketsOf are the markets in which a change shows.
func (s *Residency) marketsOf(tx *store.Tx, d draft) ([]party.Market, error) {
	switch {
	case d.kind == KindMarket:
		m, err := s.Parties.Market(tx, d.scope)
		return []party.Market{m}, err
	case d.kind == KindPolicy && d.owner.Market == "":
		return nil, nil // who buys in no market is held to nothing yet
	case d.kind == KindPolicy:
		m, err := s.Parties.Market(tx, d.owner.Market)
		return []party.Market{m}, err
	}
	return s.Parties.MarketsIn(tx)
}

// with is the policy with another layer in its place.
func (p Policy) with(l Layer, market bool) Policy {
	if market {
		return Policy{Layers: append([]Layer{l}, p.Layers[1:]...)}
	}
	out := Policy{}
	for _, one := range p.Layers {
		if one.From != l.From {
			out.Layers = append(out.Layers, one)
		}
	}
	out.Layers = append(out.Layers, l)
	return out
}

func readLayer(body []byte) (l Layer, err error) { return l, json.Unmarshal(body, &l) }
