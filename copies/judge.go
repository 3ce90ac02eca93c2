package copies

import (
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// kindOf is what copies have in common that are judged alike, but for their region.
type kindOf struct{ version, class, scopes string }

// judgement is the verdicts about some copies: each distinct one is computed once.
type judgement struct {
	facts    *residency.Facts
	layers   residency.Layers
	verdicts map[kindOf]map[string]residency.Verdict // by region
}

// judge computes every distinct verdict about the copies, by the facts, policies and rules that hold now.
func (s *Register) judge(tx *store.Tx, list []Copy) (*judgement, error) {
	j := &judgement{verdicts: map[kindOf]map[string]residency.Verdict{}}
	var err error
	if j.facts, _, err = s.Residency.Snapshot(tx); err != nil {
		return nil, err
	}
	if j.layers, err = s.Residency.LayersNow(tx); err != nil {
		return nil, err
	}
	regions := map[kindOf][]string{}
	for _, c := range list {
		if k := j.kind(c); c.judged() && !slices.Contains(regions[k], c.Region) {
			regions[k] = append(regions[k], c.Region)
		}
	}
	chains := map[string]residency.Chain{}
	for k, keys := range regions {
		chain, ok := chains[k.version]
		if !ok {
			if chain, err = s.chain(tx, k.version); err != nil {
				return nil, err
			}
			chains[k.version] = chain
		}
		j.add(s.Residency.Rules, k, chain, keys, s.Now())
	}
	return j, nil
}

func (j *judgement) add(rules *residency.Rules, k kindOf, chain residency.Chain, keys []string, at time.Time) {
	j.verdicts[k] = map[string]residency.Verdict{}
	for _, v := range rules.JudgeThese(residency.Question{Facts: j.facts, Policy: j.layers.Policy(k.scopes), Class: k.class, Chain: chain, At: at}, keys) {
		j.verdicts[k][v.Region] = v.Standing()
	}
}

func (j *judgement) kind(c Copy) kindOf {
	return kindOf{version: c.OfferVersion, class: c.Class, scopes: j.layers.Scopes(c.Market, c.Path)}
}

// verdict is the one about a copy. The platform's own are the operator's to answer for: no customer's policy judges them.
func (j *judgement) verdict(c Copy) residency.Verdict {
	if !c.judged() {
		return residency.Verdict{Region: c.Region, Allowed: true}
	}
	return j.verdicts[j.kind(c)][c.Region]
}

// judged tells whether a customer's policy speaks about a copy.
func (c Copy) judged() bool { return c.Kind != provision.CopyTechnical && c.OfferVersion != "" }

// chain is what an offer version brings; one that is no longer known refuses as unknown.
func (s *Register) chain(tx *store.Tx, version string) (residency.Chain, error) {
	v, err := s.Catalogue.VersionIn(tx, version)
	if fail.Is(err, fail.NotFound) {
		return residency.Chain{Publisher: residency.Party{Ref: version}}, nil
	}
	if err != nil {
		return residency.Chain{}, err
	}
	return s.Placements.ChainOf(tx, v)
}
