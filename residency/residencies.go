package residency

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// The facts of this package.
const (
	FactChanged   = "residency.facts_changed.v1" // ChangedFact
	FactPolicySet = "residency.policy_set.v1"    // PolicySetFact
)

// ChangedFact says that other facts about clouds hold now.
type ChangedFact struct {
	Version      int64  `json:"version"`
	Hash         string `json:"hash"`
	Was          string `json:"was,omitempty"`
	Proposer     string `json:"proposer,omitempty"` // who asked for it, where a second person had to approve
	Entities     int    `json:"entities"`
	Clouds       int    `json:"clouds"`
	Regions      int    `json:"regions"`
	Certificates int    `json:"certificates"`
}

// PolicySetFact says that a market or organisation has another policy.
type PolicySetFact struct {
	Scope   string `json:"scope"`
	Version int64  `json:"version"`
	Hash    string `json:"hash"`
	// Proposer is who asked for it, where a second person had to approve.
	Proposer string `json:"proposer,omitempty"`
}

// Changed is the outcome of an import. With a Proposal nothing has changed yet: it waits for a second person.
type Changed struct {
	ChangedFact
	Proposal string `json:"proposal,omitempty"`
}

// LayerVersion is a layer as it was set.
type LayerVersion struct {
	Scope     string // id of a market or organisation
	Version   int64
	Layer     Layer
	Actor     string
	CreatedAt time.Time
	Proposal  string // when it waits for a second person; Version is 0 then
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Facts    *trace.Facts
	Policy   *access.Policy
	Rules    *Rules
	Operator string // organisation at the root: its staff records facts about clouds
	Now      clock.Clock
	Parties  *party.Parties
	IDs      *id.Source
	// Sells lists what is on the shelf of a market: what a change is compared over.
	Sells func(tx *store.Tx, m party.Market) ([]Sold, error)
}

// Residency is the service. Safe for concurrent use.
type Residency struct {
	Config
	mu   sync.Mutex
	hash string // of last
	last *Facts
}

// New makes the service.
func New(c Config) *Residency { return &Residency{Config: c} }

func (s *Residency) operator() access.Resource {
	return access.Resource{Type: "facts about clouds", Org: s.Operator, Path: "/" + s.Operator + "/"}
}

// known is the snapshot that holds, or an empty one with the default groups.
func (s *Residency) known(tx *store.Tx) (version int64, hash string, f *Facts, err error) {
	if version, hash, err = selectNow(tx); err != nil || version == 0 {
		return 0, "", &Facts{Groups: DefaultGroups()}, err
	}
	f, err = s.FactsAt(tx, hash)
	return version, hash, f, err
}

// FactsAt gives a snapshot by its hash, ready for judging, for packages downstream. It must not be changed.
func (s *Residency) FactsAt(tx *store.Tx, hash string) (*Facts, error) {
	s.mu.Lock()
	f, ok := s.last, s.hash == hash
	s.mu.Unlock()
	if ok && f != nil {
		return f, nil
	}
	body, err := selectFacts(tx, hash)
	if err != nil {
		return nil, err
	}
	if f, err = ReadFacts(body); err != nil {
		return nil, err
	}
	f.index = newIndex(f)
	s.mu.Lock()
	s.hash, s.last = hash, f
	s.mu.Unlock()
	return f, nil
}

// Snapshot gives the facts that hold now, with their hash, for packages downstream. They must not be changed.
func (s *Residency) Snapshot(tx *store.Tx) (*Facts, string, error) {
	version, hash, f, err := s.known(tx)
	if err == nil && version == 0 {
		err = fail.New(fail.Unavailable, "residency.no_facts", "Nothing is known about clouds yet.", "The operator imports facts about clouds.")
	}
	return f, hash, err
}

// FactsNow gives the facts that hold (residency.facts.read: everybody who is signed in). They must not be changed.
func (s *Residency) FactsNow(ctx context.Context, c access.Caller) (f *Facts, hash string, err error) {
	if err := s.Policy.Check(c, access.ResidencyFactsRead, s.operator()); err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		f, hash, err = s.Snapshot(tx)
		return err
	})
	return f, hash, err
}

func (s *Residency) knownClasses(tx *store.Tx, owner party.Organisation, l Layer) error {
	if owner.Market == "" {
		return nil
	}
	p, err := s.policy(tx, owner.Market, "")
	if err != nil {
		return err
	}
	for _, class := range sortedKeys(l.Classes) {
		if _, ok := p.Layers[0].Classes[class]; !ok {
			return fail.New(fail.Invalid, "residency.policy", "The market has no data of the class "+class+".",
				"Use one of "+strings.Join(sortedKeys(p.Layers[0].Classes), ", ")+".").Field("classes."+class, "is not known in the market")
		}
	}
	return nil
}

// PolicyOf gives what an organisation is held to, its own layer last (policy.read).
func (s *Residency) PolicyOf(ctx context.Context, c access.Caller, org string) (p Policy, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.PolicyRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		p, err = s.policy(tx, o.Market, o.Path)
		return err
	})
	return p, err
}

// Layers lists the versions of an organisation's own layer, newest first (policy.read).
func (s *Residency) Layers(ctx context.Context, c access.Caller, org string) (list []LayerVersion, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.PolicyRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		list, err = selectLayers(tx, org, 100)
		return err
	})
	return list, err
}

// policy puts the layers together: the market's, then those along the path.
func (s *Residency) policy(tx *store.Tx, market, path string) (Policy, error) {
	p := Policy{Layers: []Layer{DefaultLayer(market)}}
	for i, scope := range append([]string{market}, strings.FieldsFunc(path, func(r rune) bool { return r == '/' })...) {
		had, err := selectLayers(tx, scope, 1)
		if err != nil {
			return Policy{}, fmt.Errorf("policy of %s: %w", scope, err)
		}
		switch {
		case len(had) == 0:
		case i == 0:
			p.Layers[0] = had[0].Layer
		default:
			p.Layers = append(p.Layers, had[0].Layer)
		}
	}
	return p, nil
}

// PolicyFor gives what an organisation in a market is held to, keeps it under its hash, and gives the hash: for
// placement, in its transaction.
func (s *Residency) PolicyFor(tx *store.Tx, market, path string) (Policy, string, error) {
	p, err := s.policy(tx, market, path)
	if err != nil {
		return p, "", err
	}
	body, hash, err := p.Canonical()
	if err != nil {
		return p, "", err
	}
	return p, hash, insertPolicyBody(tx, hash, body)
}

// PolicyAt gives a policy by its hash, for placement.
func (s *Residency) PolicyAt(tx *store.Tx, hash string) (p Policy, err error) {
	body, err := selectPolicyBody(tx, hash)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(body, &p)
}

// Shelf says for every region whether the chain may run there for data of a class, and why not: under the policy of the
// caller's organisation, or of the market for somebody who is not signed in. Everybody may.
func (s *Residency) Shelf(ctx context.Context, c access.Caller, market string, chain Chain, class string) (list []Verdict, err error) {
	if err := s.Policy.Check(c, access.CatalogRead, access.Resource{Type: "market", ID: market}); err != nil {
		return nil, err
	}
	q := Question{Class: class, Chain: chain, At: s.Now()}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if q.Facts, _, err = s.Snapshot(tx); err != nil {
			return err
		}
		q.Policy, err = s.policy(tx, market, c.Path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Rules.Judge(q), nil
}

// Capacity is the free units of every region, for placement. A limit that was lowered below what is taken gives 0.
func (s *Residency) Capacity(tx *store.Tx) (map[string]int64, error) {
	free := map[string]int64{}
	return free, tx.Each(func(row store.Scanner) error {
		var region string
		var used, capacity int64
		err := row.Scan(&region, &used, &capacity)
		free[region] = max(0, capacity-used)
		return err
	}, "SELECT region, used, capacity FROM region_capacity")
}

// Reserve takes units of a region, or tells that there are not enough.
func (s *Residency) Reserve(tx *store.Tx, region string, units int64) (bool, error) {
	n, err := tx.Exec("UPDATE region_capacity SET used = used + $2 WHERE region = $1 AND used + $2 <= capacity", region, units)
	return n == 1, err
}

// Release gives units of a region back.
func (s *Residency) Release(tx *store.Tx, region string, units int64) error {
	n, err := tx.Exec("UPDATE region_capacity SET used = used - $2 WHERE region = $1 AND used >= $2", region, units)
	if err == nil && n != 1 {
		err = fmt.Errorf("region %s: %d units are given back that were not taken", region, units)
	}
	return err
}
