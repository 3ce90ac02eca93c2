package drift

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/residency"
)

// alike is what placements have in common that one question answers for.
type alike struct{ version, class, policy string }

// question is one of them, with the regions it is asked about.
type question struct {
	alike
	scopes  string // of one customer whose policy has this content
	regions []string
}

// verdict is the answer for a region: by the whole policy, and by the market's alone.
type verdict struct {
	residency.Verdict
	byOwn bool
}

// picture is everything that one judgement looks at, read at one moment.
type picture struct {
	facts  *residency.Facts
	hash   string
	groups []copies.Group
	layers residency.Layers
	chains map[string]residency.Chain
	active []Remedy

	contents map[string]string // content of a policy by the scopes that make it
	rules    map[string]string // content of a layer by its scope
}

func (s *Drifts) look(ctx context.Context) (p *picture, err error) {
	p = &picture{chains: map[string]residency.Chain{}, contents: map[string]string{}, rules: map[string]string{}}
	return p, s.DB.Read(ctx, func(tx *store.Tx) error {
		if p.facts, p.hash, err = s.Residency.Snapshot(tx); err != nil {
			return err
		}
		if p.groups, err = s.Register.Groups(tx); err != nil {
			return err
		}
		if p.layers, err = s.Residency.LayersNow(tx); err != nil {
			return err
		}
		if p.active, err = selectActive(tx); err != nil {
			return err
		}
		for _, g := range p.groups {
			if _, ok := p.chains[g.OfferVersion]; ok {
				continue
			}
			if p.chains[g.OfferVersion], err = s.Register.ChainIn(tx, g.OfferVersion); err != nil {
				return err
			}
		}
		return nil
	})
}

// content tells policies apart by what they say, not by who set them.
func (p *picture) content(scopes string) (string, error) {
	if c, ok := p.contents[scopes]; ok {
		return c, nil
	}
	var b strings.Builder
	for _, l := range p.layers.Policy(scopes).Layers {
		rule, ok := p.rules[l.From]
		if !ok {
			from := l.From
			l.From = ""
			text, err := proof.Canonical(l)
			if err != nil {
				return "", err
			}
			rule = residency.Hash(text)
			p.rules[from] = rule
		}
		b.WriteString(rule)
	}
	p.contents[scopes] = b.String()
	return b.String(), nil
}

// judge computes every distinct verdict once, on all processors.
func (p *picture) judge(ctx context.Context, s *Drifts) (of func(copies.Group) verdict, distinct int64, err error) {
	questions, where := map[alike]*question{}, make([]*question, len(p.groups))
	for i, g := range p.groups {
		scopes := p.layers.Scopes(g.Market, g.Path)
		content, err := p.content(scopes)
		if err != nil {
			return nil, 0, err
		}
		k := alike{g.OfferVersion, g.Class, content}
		q, ok := questions[k]
		if !ok {
			q = &question{alike: k, scopes: scopes}
			questions[k] = q
		}
		if !slices.Contains(q.regions, g.Region) {
			q.regions = append(q.regions, g.Region)
			distinct++
		}
		where[i] = q
	}
	answers, mu := make(map[*question]map[string]verdict, len(questions)), sync.Mutex{}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for _, q := range questions {
		work.Go(func() error {
			found := p.answer(s, q)
			mu.Lock()
			defer mu.Unlock()
			answers[q] = found
			return ctx.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return nil, 0, err
	}
	at := map[string]*question{}
	for i, g := range p.groups {
		at[key(g)] = where[i]
	}
	return func(g copies.Group) verdict { return answers[at[key(g)]][g.Region] }, distinct, nil
}

// answer judges the regions of one question. What refuses by the whole policy is asked by the market's alone too: only
// what a customer added itself is its own to accept.
func (p *picture) answer(s *Drifts, q *question) map[string]verdict {
	whole := residency.Question{Facts: p.facts, Policy: p.layers.Policy(q.scopes), Class: q.class, Chain: p.chains[q.version], At: s.Now()}
	out, refused := map[string]verdict{}, []string(nil)
	for _, v := range s.Residency.Rules.JudgeThese(whole, q.regions) {
		v = v.Standing()
		out[v.Region] = verdict{Verdict: v}
		if !v.Allowed {
			refused = append(refused, v.Region)
		}
	}
	if len(refused) == 0 || len(whole.Policy.Layers) < 2 {
		return out
	}
	whole.Policy.Layers = whole.Policy.Layers[:1]
	for _, v := range s.Residency.Rules.JudgeThese(whole, refused) {
		out[v.Region] = verdict{Verdict: out[v.Region].Verdict, byOwn: v.Standing().Allowed}
	}
	return out
}
