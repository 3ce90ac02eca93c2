package drift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/trace"
)

// Kinds of jobs.
const (
	jobJudge = "drift.judge" // a timer too: certificates end by the day
	jobTell  = "drift.tell"  // key: organisation
)

// every is how often everything is judged although nothing is known to have changed.
const every = time.Hour

// perTx is how many remedies are written in one transaction.
const perTx = 200

// Config is what the service stands on.
type Config struct {
	DB        *store.DB
	IDs       *id.Source
	Now       clock.Clock
	Facts     *trace.Facts
	Policy    *access.Policy
	Parties   *party.Parties
	Residency *residency.Residency
	Register  *copies.Register
	Outbox    *mail.Outbox
	Queue     *job.Queue
	Log       *slog.Logger
	Operator  string
	Site      string // address of the portal, for links in mails
}

// Drifts is the service. Safe for concurrent use.
type Drifts struct {
	Config
	texts *mail.Texts
}

// New makes the service and registers its jobs.
func New(c Config) (*Drifts, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	s := &Drifts{Config: c, texts: texts}
	c.Queue.Handle(jobJudge, func(ctx context.Context, _ job.Job) error {
		_, err := s.judge(ctx)
		return err
	})
	c.Queue.Handle(jobTell, s.tell)
	c.Queue.Every(jobJudge, every)
	return s, nil
}

// Readers are what this package reads: other facts about clouds, and other policies.
func (s *Drifts) Readers() []trace.Reader {
	return []trace.Reader{{Name: "drift", Types: []string{residency.FactChanged, residency.FactPolicySet}, From: trace.FromNow, Handle: func(tx *store.Tx, _ trace.Entry) error {
		return s.Queue.Enqueue(tx, job.Job{Kind: jobJudge})
	}}}
}

// JudgeNow judges everything at once, as a change of facts or policies does (copy.look: the operator's staff).
func (s *Drifts) JudgeNow(ctx context.Context, c access.Caller) (Run, error) {
	if err := s.Policy.Check(c, access.CopyLook, access.Resource{Type: "remedies", Org: s.Operator, Path: "/" + s.Operator + "/"}); err != nil {
		return Run{}, err
	}
	return s.judge(ctx)
}

// judge looks at everything at one moment, computes, and writes down what differs from the remedies that stand.
func (s *Drifts) judge(ctx context.Context) (run Run, err error) {
	begun := time.Now()
	run.At = s.Now()
	p, err := s.look(ctx)
	if fail.Is(err, fail.Unavailable) {
		return run, nil // nothing is known about clouds yet
	}
	if err != nil {
		return run, err
	}
	of, distinct, err := p.judge(ctx, s)
	if err != nil {
		return run, err
	}
	run.Distinct = distinct
	fresh, changed := p.differences(of, run.At, &run)
	if err := s.write(ctx, p, fresh, changed, &run); err != nil {
		return run, err
	}
	run.Took = time.Since(begun)
	return run, s.DB.Tx(ctx, func(tx *store.Tx) error { return upsertRun(tx, run) })
}

// differences are the remedies to open and those to change. It is pure.
func (p *picture) differences(of func(copies.Group) verdict, now time.Time, run *Run) (fresh, changed []Remedy) {
	standing := map[string]*Remedy{}
	for i := range p.active {
		standing[key(p.active[i].Group)] = &p.active[i]
	}
	for _, g := range p.groups {
		run.Copies += g.Copies
		v := of(g)
		had := standing[key(g)]
		delete(standing, key(g))
		switch {
		case v.Allowed && had != nil:
			changed = append(changed, had.closed(now))
		case !v.Allowed && had == nil:
			fresh = append(fresh, Remedy{Group: g, Reasons: v.Reasons, ByOwn: v.byOwn, FactsHash: p.hash, State: StateOpen, OpenedAt: now, Deadline: now.Add(Grace)})
		case !v.Allowed:
			if again, is := had.again(g, v, p.hash, now); is {
				changed = append(changed, again)
			}
		}
	}
	for _, gone := range standing { // nothing lies there any more
		changed = append(changed, gone.closed(now))
	}
	return fresh, changed
}

func (r Remedy) closed(now time.Time) Remedy {
	r.State, r.ClosedAt = StateClosed, now
	return r
}

// again is a remedy that stands, as of now; false when nothing about it is new. An acceptance ends with its day, and where
// other rules refuse than those that were accepted.
func (r Remedy) again(g copies.Group, v verdict, hash string, now time.Time) (Remedy, bool) {
	same := slices.Equal(r.Reasons, v.Reasons)
	over := r.State == StateAccepted && (now.After(r.Until) || !slices.Equal(rulesOf(r.Reasons), rulesOf(v.Reasons)))
	if same && !over && r.Copies == g.Copies && r.ByOwn == v.byOwn {
		return r, false
	}
	r.Copies, r.Reasons, r.ByOwn, r.FactsHash = g.Copies, v.Reasons, v.byOwn, hash
	if over {
		r.State, r.Deadline, r.Until, r.told = StateOpen, now.Add(Grace), time.Time{}, false
	}
	return r, true
}

func rulesOf(list []residency.Reason) (out []string) {
	for _, r := range list {
		out = append(out, r.Rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func clausesOf(list []residency.Reason) (out []string) {
	for _, r := range list {
		if r.Clause != "" {
			out = append(out, r.Clause)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// write keeps the differences, some at a time. Whoever decided about a remedy meanwhile was right: it is judged again with
// the next change.
func (s *Drifts) write(ctx context.Context, p *picture, fresh, changed []Remedy, run *Run) error {
	before := map[string]Remedy{}
	for _, r := range p.active {
		before[r.ID] = r
	}
	for some := range slices.Chunk(fresh, perTx) {
		for i := range some {
			some[i].ID = s.IDs.New("rem")
		}
		if err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.open(tx, some) }); err != nil {
			return fmt.Errorf("remedies: %w", err)
		}
		run.Opened += int64(len(some))
	}
	for some := range slices.Chunk(changed, perTx) {
		closed := int64(0)
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			closed = 0
			for _, r := range some {
				now, err := selectRemedy(tx, r.ID)
				if err != nil {
					return err
				}
				if was := before[r.ID]; now.State != was.State || !now.Until.Equal(was.Until) {
					continue
				}
				if err := s.change(tx, now, r); err != nil {
					return err
				}
				if r.State == StateClosed {
					closed++
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("remedies: %w", err)
		}
		run.Closed += closed
	}
	return nil
}

const system = "system:drift"

func (s *Drifts) open(tx *store.Tx, list []Remedy) error {
	if err := insertRemedies(tx, list); err != nil {
		return err
	}
	orgs := map[string]bool{}
	for _, r := range list {
		if err := s.record(tx, system, FactOpened, r, true); err != nil {
			return err
		}
		orgs[r.Org] = true
	}
	return s.askToTell(tx, orgs)
}

func (s *Drifts) askToTell(tx *store.Tx, orgs map[string]bool) error {
	var errs []error
	for org := range orgs {
		errs = append(errs, s.Queue.Enqueue(tx, job.Job{Kind: jobTell, Key: org}))
	}
	return errors.Join(errs...)
}

func (s *Drifts) change(tx *store.Tx, was, r Remedy) error {
	if err := updateRemedy(tx, r); err != nil {
		return err
	}
	switch {
	case r.State == StateClosed:
		return s.record(tx, system, FactClosed, r, false)
	case was.State == StateAccepted && r.State == StateOpen:
		if err := s.record(tx, system, FactOpened, r, false); err != nil {
			return err
		}
		return s.askToTell(tx, map[string]bool{r.Org: true})
	}
	return nil
}

func (s *Drifts) record(tx *store.Tx, actor, kind string, r Remedy, first bool) error {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: r.ID, First: first, Owner: r.Org, Parties: []string{s.Operator, r.Publisher}, Actor: actor, At: s.Now(),
		Machine: Fact{Remedy: r.ID, Org: r.Org, Region: r.Region, OfferVersion: r.OfferVersion, Class: r.Class, Copies: r.Copies, Rules: rulesOf(r.Reasons),
			Clauses: clausesOf(r.Reasons), FactsHash: r.FactsHash, Deadline: stamp(r.Deadline), Until: stamp(r.Until)}})
	return err
}
