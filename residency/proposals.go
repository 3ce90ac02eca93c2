package residency

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// ProposalState is where a proposed change stands.
type ProposalState string

// The states. Only a waiting proposal is decided, once.
const (
	ProposalWaiting   ProposalState = "waiting"
	ProposalApproved  ProposalState = "approved" // it holds
	ProposalRejected  ProposalState = "rejected"
	ProposalWithdrawn ProposalState = "withdrawn" // by whoever proposed it
)

// Proposal is a change of facts or of a policy that needs a second person.
type Proposal struct {
	ID        string        `json:"id"`
	Kind      Kind          `json:"kind"`
	Scope     string        `json:"scope"` // organisation or market; of facts the operator
	Org       string        `json:"org"`   // whose people decide
	State     ProposalState `json:"state"`
	Requester string        `json:"requester"`
	CreatedAt time.Time     `json:"createdAt"`
	Decider   string        `json:"decider,omitempty"`
	DecidedAt time.Time     `json:"decidedAt,omitzero"`
	Reason    string        `json:"reason,omitempty"` // why it was rejected

	path string
	body []byte
}

// ProposalView is a proposal as one looks at it before deciding.
type ProposalView struct {
	Proposal
	Text   string `json:"text"`             // what was proposed: YAML of facts, or a layer as JSON
	Base   string `json:"base,omitempty"`   // of what it was compared with; an approval names it
	Effect Effect `json:"effect,omitzero"`  // what it would change now; nothing once it is decided
	Broken string `json:"broken,omitempty"` // why it can no longer be accepted as it is
}

// The facts of proposals.
const (
	FactProposed        = "residency.change_proposed.v1" // ProposalFact
	FactProposalDecided = "residency.change_decided.v1"  // ProposalFact
)

// ProposalFact says that a change waits for a second person, or what came of it.
type ProposalFact struct {
	Proposal string        `json:"proposal"`
	Kind     Kind          `json:"kind"`
	Scope    string        `json:"scope"`
	State    ProposalState `json:"state"`
	Hash     string        `json:"hash"` // SHA-256 of what was proposed
	Loosens  []string      `json:"loosens,omitempty"`
}

func (p Proposal) resource() access.Resource {
	return access.Resource{Type: "proposal", ID: p.ID, Org: p.Org, Path: p.path, Author: p.Requester}
}

// second tells whether somebody other than the caller may approve. A token stands for a person, and which one does not
// matter: it takes two people who may.
func (s *Residency) second(tx *store.Tx, c access.Caller, d draft) (bool, error) {
	role := access.RoleOperator
	if d.kind == KindPolicy {
		role = access.RoleOwner
	}
	people, err := s.Parties.Holders(tx, d.owner.ID, role)
	if err != nil {
		return false, err
	}
	if c.Person == "" {
		return len(people) > 1, nil
	}
	return slices.ContainsFunc(people, func(p string) bool { return p != c.Person }), nil
}

func (s *Residency) propose(tx *store.Tx, c access.Caller, d draft) (string, error) {
	p := Proposal{ID: s.IDs.New("rpr"), Kind: d.kind, Scope: d.scope, Org: d.owner.ID, State: ProposalWaiting, Requester: c.Ref(), CreatedAt: s.Now(), path: d.owner.Path, body: d.body}
	if err := insertProposal(tx, p); err != nil {
		return "", err
	}
	return p.ID, s.recordProposal(tx, p, FactProposed, p.Requester, d.loosens)
}

func (s *Residency) recordProposal(tx *store.Tx, p Proposal, kind, actor string, loosens []Loosening) error {
	f := ProposalFact{Proposal: p.ID, Kind: p.Kind, Scope: p.Scope, State: p.State, Hash: Hash(p.body)}
	for _, l := range loosens {
		f.Loosens = append(f.Loosens, string(l.Demand))
	}
	slices.Sort(f.Loosens)
	f.Loosens = slices.Compact(f.Loosens)
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: p.ID, Owner: p.Org, Parties: []string{s.Operator}, Actor: actor, At: s.Now(), Machine: f})
	return err
}

// Proposals lists the proposed changes about which an organisation's people decide, newest first, 50 at once; after is
// the last id of the page before (policy.review).
func (s *Residency) Proposals(ctx context.Context, c access.Caller, org, after string) (list []Proposal, next string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.PolicyReview, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		const page = 50
		list, err = selectProposals(tx, org, after, page+1)
		if len(list) > page {
			list = list[:page]
			next = list[page-1].ID
		}
		return err
	})
	return list, next, err
}

// Proposal gives one with what it would change as things stand now (policy.review).
func (s *Residency) Proposal(ctx context.Context, c access.Caller, id string) (v ProposalView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if v.Proposal, err = s.proposal(tx, c, access.PolicyReview, id); err != nil {
			return err
		}
		v.Text = string(v.body)
		if v.State != ProposalWaiting {
			return nil
		}
		d, err := s.redraft(tx, v.Proposal)
		if broken := (*fail.Error)(nil); errors.As(err, &broken) {
			v.Broken = broken.Message
			return nil
		}
		if err != nil {
			return err
		}
		v.Base = d.base
		v.Effect, err = s.effect(tx, d)
		return err
	})
	return v, err
}

// proposal finds one and authorises. Who may not see it learns that there is none.
func (s *Residency) proposal(tx *store.Tx, c access.Caller, action access.Action, id string) (Proposal, error) {
	p, err := selectProposal(tx, id)
	if err != nil {
		return p, err
	}
	return p, s.Policy.Check(c, action, p.resource())
}

// redraft is the proposal against what holds now.
func (s *Residency) redraft(tx *store.Tx, p Proposal) (draft, error) {
	if p.Kind == KindFacts {
		return s.draftFacts(tx, p.body)
	}
	l, err := readLayer(p.body)
	if err != nil {
		return draft{}, err
	}
	owner, err := s.owner(tx, p.Kind, p.Scope)
	if err != nil {
		return draft{}, err
	}
	return s.layerDraft(tx, p.Kind, p.Scope, owner, l)
}

// Approve lets a proposal hold from now on. base is that of the view that was looked at: when facts or policy changed since,
// it is a conflict, and nothing happens. A person other than whoever proposed it may (policy.approve).
func (s *Residency) Approve(ctx context.Context, c access.Caller, id, base string) (out Proposal, err error) {
	return s.decide(ctx, c, access.PolicyApprove, id, func(tx *store.Tx, p *Proposal) error {
		d, err := s.redraft(tx, *p)
		if err != nil {
			return err
		}
		if d.base != base {
			return fail.New(fail.Conflict, "residency.base", "What this was compared with has changed since you looked at it.", "Look at it once more, then approve.").With("base", d.base)
		}
		p.State = ProposalApproved
		if d.same {
			return nil
		}
		return s.apply(tx, d, c.Ref(), p.Requester)
	})
}

// Reject ends a proposal without effect, with the reason in at most 200 signs. A person other than whoever proposed it may
// (policy.approve); who proposed it withdraws it so.
func (s *Residency) Reject(ctx context.Context, c access.Caller, id, reason string) (Proposal, error) {
	if len([]rune(reason)) > maxText {
		return Proposal{}, fail.New(fail.Invalid, "residency.reason", "The reason is too long.", "Say it in 200 signs.").Field("reason", "at most 200 signs")
	}
	return s.decide(ctx, c, access.PolicyReview, id, func(_ *store.Tx, p *Proposal) error {
		p.State, p.Reason = ProposalWithdrawn, reason
		if p.Requester == c.Ref() {
			return nil
		}
		p.State = ProposalRejected
		return s.Policy.Check(c, access.PolicyApprove, p.resource())
	})
}

func (s *Residency) decide(ctx context.Context, c access.Caller, action access.Action, id string, do func(tx *store.Tx, p *Proposal) error) (p Proposal, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if p, err = s.proposal(tx, c, action, id); err != nil {
			return err
		}
		if p.State != ProposalWaiting {
			return fail.New(fail.Conflict, "residency.decided", "This was decided already: "+string(p.State)+".", "Propose the change again if it is still wanted.")
		}
		if err := do(tx, &p); err != nil {
			return err
		}
		p.Decider, p.DecidedAt = c.Ref(), s.Now()
		if err := updateProposal(tx, p); err != nil {
			return err
		}
		return s.recordProposal(tx, p, FactProposalDecided, p.Decider, nil)
	})
	if err != nil {
		return Proposal{}, err
	}
	return p, nil
}

const proposalColumns = "id, kind, scope, org, path, state, body, requester, created_at, decider, decided_at, reason"

func scanProposal(row store.Scanner) (p Proposal, err error) {
	var made store.Time
	var decided *store.Time
	err = row.Scan(&p.ID, &p.Kind, &p.Scope, &p.Org, &p.path, &p.State, &p.body, &p.Requester, &made, &p.Decider, &decided, &p.Reason)
	p.CreatedAt, p.DecidedAt = made.Time, decided.OrZero()
	return p, err
}

func selectProposal(tx *store.Tx, id string) (Proposal, error) {
	p, err := store.One(tx, scanProposal, "SELECT "+proposalColumns+" FROM residency_proposal WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return p, fail.Missing("proposal", id)
	}
	return p, err
}

func selectProposals(tx *store.Tx, org, after string, limit int) ([]Proposal, error) {
	return store.All(tx, scanProposal, "SELECT "+proposalColumns+" FROM residency_proposal WHERE org = $1 AND id < $2 ORDER BY id DESC LIMIT $3", org, cmp.Or(after, "zzzzz"), limit)
}

func insertProposal(tx *store.Tx, p Proposal) error {
	return tx.Send("INSERT INTO residency_proposal ("+proposalColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", p.ID, p.Kind, p.Scope, p.Org, p.path, p.State,
		p.body, p.Requester, store.At(p.CreatedAt), p.Decider, store.AtOrNull(p.DecidedAt), p.Reason)
}

// updateProposal decides one that still waits: of two at once, one wins.
func updateProposal(tx *store.Tx, p Proposal) error {
	n, err := tx.Exec("UPDATE residency_proposal SET state = $2, decider = $3, decided_at = $4, reason = $5 WHERE id = $1 AND state = 'waiting'", p.ID, p.State, p.Decider,
		store.AtOrNull(p.DecidedAt), p.Reason)
	if err == nil && n != 1 {
		err = fail.New(fail.Conflict, "residency.decided", "Somebody else decided this just now.", "Look at it once more.")
	}
	return err
}
