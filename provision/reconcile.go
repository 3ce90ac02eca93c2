package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	callTimeout  = 30 * time.Second
	defaultLimit = 10 * time.Minute // for an operation whose driver states no longest
	maxHandle    = 64 << 10
	minPoll      = 20 * time.Millisecond
	maxPoll      = time.Minute
	needsPoll    = 2 * time.Second
)

// errAgain says that there is more to do after the pause.
type errAgain struct{ after time.Duration }

func (e errAgain) Error() string { return fmt.Sprintf("look again in %s", e.after) }

// reconcile looks at one resource and takes steps until there is nothing to do now. One job a resource runs at a time
// in the whole installation, so nobody else changes the operation meanwhile; the desired state may change under it.
func (s *Resources) reconcile(ctx context.Context, j job.Job) error {
	if err := s.learn(ctx, j.Key); err != nil {
		return err
	}
	for {
		more, err := s.step(ctx, j.Key)
		var again errAgain
		if errors.As(err, &again) {
			return job.After(err, again.after)
		}
		if err != nil || !more {
			return err
		}
	}
}

// learn asks the driver once what it can do on the resource's target, above all how long it may take.
func (s *Resources) learn(ctx context.Context, resource string) error {
	var r Resource
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = selectResource(tx, resource)
		return err
	})
	if err != nil {
		return err
	}
	if _, known := s.targets.longest(r.Driver, r.Target.ID); !known {
		_, err = s.Describe(ctx, r.Driver, r.Target)
	}
	return err
}

// step does one thing: begin an operation's row, call its driver, or find that all is as desired (more = false).
func (s *Resources) step(ctx context.Context, resource string) (more bool, err error) {
	var r Resource
	var o Run
	open := false
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if r, err = selectResource(tx, resource); err != nil {
			return err
		}
		if o, open, err = openRun(tx, resource); err != nil || open {
			return err
		}
		o, open, err = s.beginRun(tx, r)
		return err
	})
	if err != nil || !open {
		return false, err
	}
	d, ok := s.Drivers[r.Driver]
	if !ok {
		return false, fmt.Errorf("resource %s: no driver %q", r.ID, r.Driver)
	}
	p, err := s.call(ctx, d, r, o)
	if err != nil {
		p = Progress{Phase: PhaseFailed, Handle: o.Handle, Failure: &Failure{Class: ClassTransient, Code: "provision.call", Text: "The engine did not answer."}}
		s.Log.WarnContext(ctx, "driver call failed", "driver", r.Driver, "resource", r.ID, "operation", o.ID, "action", o.Action, "error", err)
	}
	if len(p.Handle) > maxHandle {
		p = Progress{Phase: PhaseFailed, Failure: &Failure{Class: ClassPermanent, Code: "provision.handle", Text: "The engine's driver answered with too much."}}
	}
	return s.record(ctx, r.ID, o, p)
}

// beginRun writes the operation that is due before anything is done, so that a crash finds it.
func (s *Resources) beginRun(tx *store.Tx, r Resource) (Run, bool, error) {
	action := r.action()
	if action == "" {
		return Run{}, false, nil
	}
	t, err := next(r.State, action, PhaseRunning)
	if err != nil {
		return Run{}, false, err
	}
	now := s.Now()
	o := Run{ID: s.IDs.New("op"), Resource: r.ID, Action: action, Item: r.Item, Generation: r.Generation, Spec: r.Spec, Phase: PhaseRunning,
		Attempt: 1, StartedAt: now, Deadline: now.Add(s.longest(r))}
	if err := insertRun(tx, o); err != nil {
		return o, false, err
	}
	r.State = t.To
	if action == ActionCreate || action == ActionDelete {
		r.DeleteOwed = action == ActionDelete
	}
	return o, true, updateResource(tx, r)
}

func (s *Resources) longest(r Resource) time.Duration {
	if d, ok := s.targets.longest(r.Driver, r.Target.ID); ok && d > 0 {
		return d
	}
	return defaultLimit
}

// call makes the one driver call that the operation needs now.
func (s *Resources) call(ctx context.Context, d Driver, r Resource, o Run) (Progress, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	op := Operation{Version: ContractVersion, ID: o.ID, Action: o.Action, Tenant: r.Org, Resource: r.ID, Subscription: r.Subscription, Kind: r.Kind,
		Target: r.Target, Spec: o.Spec, Generation: o.Generation, Attempt: o.Attempt, Deadline: o.Deadline, Input: o.Input}
	overdue := s.Now().After(o.Deadline) && o.Action != ActionDelete
	if o.Cancelling || overdue {
		p, err := d.Cancel(ctx, op, o.Handle)
		if err == nil && p.Phase == PhaseCancelled && overdue && !o.Cancelling {
			p.Phase = PhaseFailed
			p.Failure = &Failure{Class: ClassPermanent, Code: "provision.deadline", Text: "It took longer than the engine may take, and was stopped."}
		}
		return p, err
	}
	if o.Begun {
		return d.Poll(ctx, op, o.Handle)
	}
	secrets, err := s.secrets(ctx, r)
	if err != nil {
		return Progress{}, err
	}
	op.Secrets = secrets
	return d.Begin(ctx, op)
}

// record stores the progress with its effects in one transaction, and tells whether to go on at once.
func (s *Resources) record(ctx context.Context, resource string, o Run, p Progress) (more bool, err error) {
	sealed, err := s.sealSecrets(ctx, resource, p)
	if err != nil {
		return false, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		r, err := selectResource(tx, resource)
		if err != nil {
			return err
		}
		cur, err := selectRun(tx, o.ID)
		if err != nil {
			return err
		}
		cur.Handle, cur.Percent, cur.Message, cur.Need = p.Handle, p.Percent, p.Message, p.Needs
		if p.Phase.Final() && !s.tryAgain(cur, p) {
			return s.finish(tx, r, cur, p, sealed)
		}
		if p.Phase == PhaseFailed {
			cur.Attempt, cur.Failure, cur.Begun = cur.Attempt+1, p.Failure, false
			return updateRun(tx, cur)
		}
		cur.Phase, cur.Begun = p.Phase, true
		return updateRun(tx, cur)
	})
	if err != nil {
		return false, err
	}
	return s.pace(o, p)
}

// tryAgain tells whether a failure is passing and there is time left. Removing is never given up: what could not be
// deleted stays owed.
func (s *Resources) tryAgain(o Run, p Progress) bool {
	if p.Phase != PhaseFailed {
		return false
	}
	if o.Action == ActionDelete {
		return true
	}
	return p.Failure != nil && p.Failure.Class == ClassTransient && s.Now().Before(o.Deadline)
}

func (s *Resources) pace(o Run, p Progress) (more bool, err error) {
	switch {
	case p.Phase == PhaseRunning:
		return false, errAgain{min(max(p.Next, minPoll), maxPoll)}
	case p.Phase == PhaseNeedsInput:
		return false, errAgain{min(max(p.Next, needsPoll), maxPoll)}
	case p.Phase == PhaseFailed:
		return false, errAgain{min(250*time.Millisecond<<min(o.Attempt, 8), maxPoll)}
	}
	return true, nil
}

// answer stores what an operation waited for and lets it go on.
func (s *Resources) answer(ctx context.Context, runID string, input json.RawMessage) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := selectRun(tx, runID)
		if err != nil {
			return err
		}
		if o.Phase != PhaseNeedsInput {
			return fail.New(fail.Conflict, "provision.no_need", "This work order waits for nothing now.", "Look at it again.")
		}
		o.Input, o.Need, o.Phase = input, nil, PhaseRunning
		if err := updateRun(tx, o); err != nil {
			return err
		}
		return s.wake(tx, o.Resource)
	})
}
