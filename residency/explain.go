package residency

import (
	"context"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Ask is one question about where data may live.
type Ask struct {
	Class  string // "" for the policy's default
	Region string // key; "" for every region
	Offer  string // key of an offer on the shelf; "" for one of the operator of this installation
	Layer  *Layer // in place of the organisation's own; nil: as it is set
}

// Explanation is the answer for each region, with what the data is held to.
type Explanation struct {
	Class    string    `json:"class"`
	Offer    string    `json:"offer,omitempty"`
	Policy   Policy    `json:"policy"` // layer by layer
	Verdicts []Verdict `json:"verdicts"`
}

// maxAsks is how many questions are answered at once.
const maxAsks = 1000

// Explain answers questions about where an organisation's data may live, in their order, against the facts that hold now
// (policy.read). Nothing is placed and nothing kept.
func (s *Residency) Explain(ctx context.Context, c access.Caller, org string, asks []Ask) (out []Explanation, err error) {
	if len(asks) > maxAsks {
		return nil, fail.New(fail.Invalid, "residency.asks", "These are too many questions at once.", "Ask at most 1,000.").Field("asks", "at most 1,000")
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.PolicyRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		p, err := s.policy(tx, o.Market, o.Path)
		if err != nil {
			return err
		}
		facts, _, err := s.Snapshot(tx)
		if err != nil {
			return err
		}
		chains, err := s.chains(tx, o.Market, facts)
		if err != nil {
			return err
		}
		for _, ask := range asks {
			one, err := s.answer(side{facts: facts, policy: p}, o.ID, chains, ask)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// chains are those of the offers of a market by key, and that of the operator under "".
func (s *Residency) chains(tx *store.Tx, market string, f *Facts) (map[string]Chain, error) {
	out := map[string]Chain{"": f.own()}
	if market == "" {
		return out, nil
	}
	m, err := s.Parties.Market(tx, market)
	if err != nil {
		return nil, err
	}
	list, err := s.Sells(tx, m)
	for _, one := range list {
		out[one.Offer] = one.Chain
	}
	return out, err
}

func (s *Residency) answer(at side, org string, chains map[string]Chain, ask Ask) (e Explanation, err error) {
	chain, ok := chains[ask.Offer]
	if !ok {
		return e, fail.Missing("offer", ask.Offer)
	}
	if ask.Layer != nil {
		l := *ask.Layer
		l.From = org
		if err := l.Validate(at.facts.Groups); err != nil {
			return e, err
		}
		at.policy = at.policy.with(l, false)
	}
	e = Explanation{Class: at.policy.Class(ask.Class), Offer: ask.Offer, Policy: at.policy}
	q := Question{Facts: at.facts, Policy: at.policy, Class: ask.Class, Chain: chain, At: s.Now()}
	if ask.Region == "" {
		e.Verdicts = s.Rules.judgeAny(q)
		return e, nil
	}
	if i := slices.IndexFunc(at.facts.Regions, func(r Region) bool { return r.Key == ask.Region }); i >= 0 && chain.Driver == "" {
		q.Chain.Driver = at.facts.Regions[i].Driver
	}
	e.Verdicts = []Verdict{s.Rules.JudgeRegion(q, ask.Region)}
	return e, nil
}
