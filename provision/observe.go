package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// targets remembers what drivers said of their targets.
type targets struct {
	mu    sync.Mutex
	known map[string]Description
}

func (t *targets) longest(driver, target string) (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.known[driver+"/"+target]
	return d.Longest, ok
}

func (t *targets) remember(driver, target string, d Description) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]Description{}
	}
	t.known[driver+"/"+target] = d
}

// Describe asks a driver what it can do on a target, and remembers the answer.
func (s *Resources) Describe(ctx context.Context, driver string, t Target) (Description, error) {
	d, ok := s.Drivers[driver]
	if !ok {
		return Description{}, fmt.Errorf("no driver %q", driver)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	desc, err := d.Describe(ctx, t)
	if err == nil {
		s.targets.remember(driver, t.ID, desc)
	}
	return desc, err
}

// observeAll looks at every target that has resources: what vanished is made again, what changed condition opens a new
// interval, what bears our labels but belongs to nobody becomes an incident.
func (s *Resources) observeAll(ctx context.Context, _ job.Job) error {
	byTarget := map[string][]Resource{}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(row store.Scanner) error {
			r, err := scanResource(row)
			byTarget[r.Driver+"/"+r.Target.ID] = append(byTarget[r.Driver+"/"+r.Target.ID], r)
			return err
		}, "SELECT "+resourceColumns+" FROM resource WHERE state <> $1", StateGone)
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, list := range byTarget {
		if err := s.observeTarget(ctx, list); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Resources) observeTarget(ctx context.Context, list []Resource) error {
	d, ok := s.Drivers[list[0].Driver]
	if !ok {
		return fmt.Errorf("no driver %q", list[0].Driver)
	}
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	seen, err := d.Observe(callCtx, list[0].Target)
	if err != nil {
		return s.unknown(ctx, list, err)
	}
	objects := map[string]Observed{}
	for _, o := range seen {
		objects[o.Resource] = o
	}
	var errs []error
	for _, r := range list {
		o, there := objects[r.ID]
		delete(objects, r.ID)
		errs = append(errs, s.observed(ctx, r, o, there))
	}
	for _, o := range objects {
		errs = append(errs, s.orphan(ctx, list[0], o))
	}
	return errors.Join(errs...)
}

// unknown: the engine does not answer. That is no downtime yet, and no uptime either.
func (s *Resources) unknown(ctx context.Context, list []Resource, cause error) error {
	s.Log.WarnContext(ctx, "engine does not answer", "driver", list[0].Driver, "target", list[0].Target.ID, "error", cause)
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		for _, old := range list {
			r, err := selectResource(tx, old.ID)
			if err != nil {
				return err
			}
			if r.State != StateUp {
				continue
			}
			if err := s.condition(tx, &r, ConditionUnknown, "the engine does not answer", s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// observed compares one resource with its object. Only a resource at rest is judged: an operation under way explains
// what is seen.
func (s *Resources) observed(ctx context.Context, old Resource, o Observed, there bool) error {
	if old.State != StateUp {
		return nil
	}
	if there && o.Condition == old.Condition {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		r, err := selectResource(tx, old.ID)
		if err != nil || r.State != StateUp {
			return err
		}
		if there {
			return s.condition(tx, &r, o.Condition, o.Detail, s.Now())
		}
		if err := s.condition(tx, &r, ConditionDown, "it is no longer on the engine", s.Now()); err != nil {
			return err
		}
		return s.recreate(tx, r)
	})
}

// recreate begins to make a vanished resource again, as it is desired now.
func (s *Resources) recreate(tx *store.Tx, r Resource) error {
	if _, open, err := openRun(tx, r.ID); err != nil || open {
		return err
	}
	t, err := next(r.State, ActionCreate, PhaseRunning)
	if err != nil {
		return err
	}
	now := s.Now()
	o := Run{ID: s.IDs.New("op"), Resource: r.ID, Action: ActionCreate, Generation: r.Generation, Spec: json.RawMessage(r.Spec), Phase: PhaseRunning,
		Attempt: 1, StartedAt: now, Deadline: now.Add(s.longest(r))}
	if err := insertRun(tx, o); err != nil {
		return err
	}
	r.State = t.To
	if err := updateResource(tx, r); err != nil {
		return err
	}
	return s.wake(tx, r.ID)
}

// orphan: an object with our labels that no living resource claims. A resource that is gone is deleted again; anything
// else is left alone and told, once.
func (s *Resources) orphan(ctx context.Context, near Resource, o Observed) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		r, err := selectResource(tx, o.Resource)
		if err == nil && r.State == StateGone {
			r.State, r.DeleteOwed = StateDrained, true
			if err := updateResource(tx, r); err != nil {
				return err
			}
			return s.wake(tx, r.ID)
		}
		if err == nil {
			return nil // another target's
		}
		n, err := tx.Exec("INSERT INTO orphan (driver, target, object, seen_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			near.Driver, near.Target.ID, o.Object, store.At(s.Now()))
		if err != nil || n == 0 {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactOrphan, Aggregate: "target:" + near.Driver + "/" + near.Target.ID, Owner: s.Operator, Actor: "system:provision", At: s.Now(),
			Machine: OrphanFact{Object: o.Object, Resource: o.Resource, Target: near.Target.ID, Driver: near.Driver}})
		return err
	})
}
