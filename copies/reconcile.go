package copies

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// Cycle is what one look at all engines found.
type Cycle struct {
	Regions int // asked
	Silent  int // that did not answer
	Copies  int // listed
	Opened  int // incidents
	Closed  int
}

// LookNow asks every engine at once, as the timer does (copy.look: the operator's staff).
func (s *Register) LookNow(ctx context.Context, c access.Caller) (Cycle, error) {
	if err := s.Policy.Check(c, access.CopyLook, s.own()); err != nil {
		return Cycle{}, err
	}
	return s.look(ctx)
}

func (s *Register) own() access.Resource {
	return access.Resource{Type: "copies", Org: s.Operator, Path: "/" + s.Operator + "/"}
}

// look is one cycle: each region's engine is asked, and what differs from the register is written down, each copy in a
// transaction of its own. An engine that does not answer proves nothing: its copies stay as they were.
func (s *Register) look(ctx context.Context) (cycle Cycle, err error) {
	s.looks.Lock()
	defer s.looks.Unlock()
	var facts *residency.Facts
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		facts, _, err = s.Residency.Snapshot(tx)
		return err
	})
	if fail.Is(err, fail.Unavailable) {
		return cycle, nil // nothing is known about clouds yet
	}
	if err != nil {
		return cycle, err
	}
	var errs []error
	for _, region := range facts.Regions {
		if _, ours := s.Resources.Drivers[region.Driver]; ours {
			errs = append(errs, s.lookAt(ctx, region, &cycle))
		}
	}
	return cycle, errors.Join(errs...)
}

func (s *Register) lookAt(ctx context.Context, region residency.Region, cycle *Cycle) error {
	target, err := placement.TargetOf(region)
	if err != nil {
		return err
	}
	cycle.Regions++
	began := s.Now()
	listed, full, err := s.Resources.Copies(ctx, region.Driver, provision.Target{ID: target.ID, Region: target.Region, Config: target.Config})
	if err != nil {
		cycle.Silent++
		s.Log.WarnContext(ctx, "an engine does not list its copies", "driver", region.Driver, "region", region.Key, "error", err)
		return s.DB.Tx(ctx, func(tx *store.Tx) error {
			return failLook(tx, Look{Region: region.Key, Driver: region.Driver, FailedAt: began, Failure: fail.CodeOf(err)})
		})
	}
	var registered []Copy
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		registered, err = selectRegion(tx, region.Key)
		return err
	})
	if err != nil {
		return err
	}
	cycle.Copies += len(listed)
	for _, step := range compare(registered, listed, began) {
		err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.take(tx, region, full, step, cycle) })
		if err != nil {
			return fmt.Errorf("copies in %s: %w", region.Key, err)
		}
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		return upsertLook(tx, Look{Region: region.Key, Driver: region.Driver, Complete: full, Found: int64(len(listed)), At: began})
	})
}

// step is one difference between register and engine: a listed copy without a row, a row whose copy is listed (and which
// does not say so), or a row whose copy is not.
type step struct {
	row    *Copy
	listed *provision.Copy
}

// compare is pure. Rows that were made or changed after the engine was asked are left for the next cycle.
func compare(rows []Copy, listed []provision.Copy, asked time.Time) (out []step) {
	objects, nameless := map[string]*Copy{}, map[string][]*Copy{}
	for i := range rows {
		if r := &rows[i]; r.Object != "" {
			objects[r.Object] = r
		} else {
			nameless[r.Resource+"/"+string(r.Kind)] = append(nameless[r.Resource+"/"+string(r.Kind)], r)
		}
	}
	seen := map[*Copy]bool{}
	for i := range listed {
		l := &listed[i]
		row := objects[l.Object]
		if waiting := nameless[l.Resource+"/"+string(l.Kind)]; row == nil && len(waiting) > 0 { // registered before it was made
			row, nameless[l.Resource+"/"+string(l.Kind)] = waiting[0], waiting[1:]
		}
		if row != nil {
			seen[row] = true
		}
		if row == nil || row.differs(*l, asked) {
			out = append(out, step{row, l})
		}
	}
	for i := range rows {
		if r := &rows[i]; !seen[r] && r.overdue(asked) {
			out = append(out, step{row: r})
		}
	}
	return out
}

// differs tells whether a listed copy's row has to change.
func (c Copy) differs(l provision.Copy, asked time.Time) bool {
	switch c.State {
	case StateExpected, StateMissing:
		return true
	case StateLeaving:
		return asked.Sub(c.ChangedAt) > Patience
	}
	return c.Object != l.Object || tenfold(c.Bytes, l.Bytes)
}

// tenfold keeps the size current without a write for every byte.
func tenfold(was, is int64) bool { return is > was+was/10+4096 || was > is+is/10+4096 }

// overdue tells whether a row of which the engine lists nothing has to change.
func (c Copy) overdue(asked time.Time) bool {
	switch c.State {
	case StateExpected:
		return asked.Sub(c.FirstAt) > Patience
	case StatePresent, StateUnregistered, StateLeaving:
		return !c.ChangedAt.After(asked)
	}
	return false
}
