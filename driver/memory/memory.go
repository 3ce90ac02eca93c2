// Package memory is a driver without an engine: its objects live in a value. It serves tests and benchmarks of
// everything above the contract.
//
// Owns: the objects of its Engine, and the faults that a test asks it to show.
// Does not own: operations, retries, deadlines (provision does).
// Reads: the operations it is given.
// Writes: its Engine only; nothing outlives the process.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// Driver speaks to one Engine. It keeps nothing itself: any number of drivers may share an engine, and a new one goes
// on where a dropped one stopped.
type Driver struct {
	engine *Engine
	now    clock.Clock
}

// New makes a driver on the engine.
func New(engine *Engine, now clock.Clock) *Driver { return &Driver{engine: engine, now: now} }

// handle is what Poll needs to find its operation again.
type handle struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
}

// Describe says that everything can be done.
func (d *Driver) Describe(ctx context.Context, _ provision.Target) (provision.Description, error) {
	if _, err := d.engine.enter(ctx, CallDescribe, ""); err != nil {
		return provision.Description{}, err
	}
	return provision.Description{
		Version: provision.ContractVersion, Driver: "memory", Kinds: []string{"memory"},
		Actions: []provision.Action{provision.ActionCreate, provision.ActionChange, provision.ActionSuspend,
			provision.ActionResume, provision.ActionDrain, provision.ActionDelete},
		Longest: time.Minute,
	}, nil
}

// Begin starts the operation or finds it.
func (d *Driver) Begin(ctx context.Context, op provision.Operation) (provision.Progress, error) {
	return d.call(ctx, CallBegin, op, func(e *Engine) provision.Progress {
		running, known := e.operations[op.ID]
		if known && (running.result.Phase != provision.PhaseFailed || running.attempt >= op.Attempt) {
			return e.report(op)
		}
		if failure := d.refuse(e, op); failure != nil {
			return provision.Progress{Phase: provision.PhaseFailed, Failure: failure}
		}
		e.operations[op.ID] = &task{attempt: op.Attempt, left: e.steps,
			result: provision.Progress{Phase: provision.PhaseRunning}}
		if op.Action == provision.ActionCreate {
			e.objects[op.Resource] = &Object{Tenant: op.Tenant, Region: op.Target.Region, Operation: op.ID, Condition: provision.ConditionDown,
				Generation: op.Generation, Spec: op.Spec}
		}
		return e.advance(op)
	})
}

// Poll takes the operation one step on.
func (d *Driver) Poll(ctx context.Context, op provision.Operation, raw json.RawMessage) (provision.Progress, error) {
	var h handle
	if err := json.Unmarshal(raw, &h); err != nil || h.Operation != op.ID {
		return provision.Progress{}, badHandle(op.ID)
	}
	return d.call(ctx, CallPoll, op, func(e *Engine) provision.Progress {
		running, known := e.operations[op.ID]
		switch {
		case !known:
			return provision.Progress{Phase: provision.PhaseFailed, Failure: &provision.Failure{
				Class: provision.ClassPermanent, Code: "gone", Text: "The engine no longer knows this operation."}}
		case !running.result.Phase.Final() && d.late(op):
			return provision.Progress{Phase: provision.PhaseFailed, Failure: lateFailure()}
		}
		return e.advance(op)
	})
}

// Cancel undoes what the operation did, unless it is done.
func (d *Driver) Cancel(ctx context.Context, op provision.Operation, _ json.RawMessage) (provision.Progress, error) {
	return d.call(ctx, CallCancel, op, func(e *Engine) provision.Progress {
		running, known := e.operations[op.ID]
		if known && running.result.Phase == provision.PhaseDone {
			return e.report(op)
		}
		if object := e.objects[op.Resource]; op.Action == provision.ActionCreate && object != nil && object.Operation == op.ID {
			delete(e.objects, op.Resource)
		}
		e.operations[op.ID] = &task{attempt: op.Attempt, result: provision.Progress{Phase: provision.PhaseCancelled}}
		return e.report(op)
	})
}

// Observe lists the labelled objects, sorted by resource.
func (d *Driver) Observe(ctx context.Context, _ provision.Target) ([]provision.Observed, error) {
	e := d.engine
	if _, err := e.enter(ctx, CallObserve, ""); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []provision.Observed
	for _, resource := range slices.Sorted(maps.Keys(e.objects)) {
		object := e.objects[resource]
		if object.Foreign {
			continue
		}
		out = append(out, provision.Observed{Object: "memory/" + resource, Tenant: object.Tenant, Resource: resource,
			Operation: object.Operation, Generation: object.Generation, Condition: object.Condition, Outputs: outputs(resource)})
	}
	return out, nil
}

// Copies lists the objects of the target's region and the copies laid there, sorted by object.
func (d *Driver) Copies(ctx context.Context, target provision.Target) ([]provision.Copy, error) {
	e := d.engine
	if _, err := e.enter(ctx, CallCopies, ""); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []provision.Copy
	for _, resource := range slices.Sorted(maps.Keys(e.objects)) {
		if o := e.objects[resource]; !o.Foreign && o.Region == target.Region {
			out = append(out, provision.Copy{Object: "memory/" + resource, Kind: provision.CopyPrimary, Tenant: o.Tenant, Resource: resource, Operation: o.Operation, Region: o.Region,
				Bytes: int64(len(o.Spec))})
		}
	}
	for _, object := range slices.Sorted(maps.Keys(e.copies)) {
		if c := e.copies[object]; c.Region == target.Region {
			out = append(out, c)
		}
	}
	return out, nil
}

// call lets the engine's faults happen around fn.
func (d *Driver) call(ctx context.Context, call Call, op provision.Operation, fn func(*Engine) provision.Progress) (provision.Progress, error) {
	after, err := d.engine.enter(ctx, call, op.Action)
	if err != nil {
		return provision.Progress{}, err
	}
	d.engine.mu.Lock()
	p := fn(d.engine)
	d.engine.mu.Unlock()
	if after != nil {
		return provision.Progress{}, after
	}
	return p, nil
}

func (d *Driver) late(op provision.Operation) bool {
	return !op.Deadline.IsZero() && !d.now().Before(op.Deadline)
}

// refuse checks what can be said before anything is changed.
func (d *Driver) refuse(e *Engine, op provision.Operation) *provision.Failure {
	object := e.objects[op.Resource]
	switch {
	case d.late(op):
		return lateFailure()
	case object != nil && (object.Foreign || object.Tenant != op.Tenant):
		return &provision.Failure{Class: provision.ClassPermanent, Code: "foreign",
			Text: "Something that is not ours already bears this name. It was not touched."}
	case op.Action == provision.ActionCreate && object != nil && object.Operation != op.ID:
		return &provision.Failure{Class: provision.ClassPermanent, Code: "exists",
			Text: "This resource was already made by another operation."}
	case op.Action != provision.ActionCreate && op.Action != provision.ActionDelete && object == nil:
		return &provision.Failure{Class: provision.ClassPermanent, Code: "gone", Text: "This resource no longer exists."}
	}
	if failure, ok := e.refusals[op.Action]; ok {
		return &failure
	}
	return nil
}

func lateFailure() *provision.Failure {
	return &provision.Failure{Class: provision.ClassTransient, Code: "deadline", Text: "The time for this change has passed."}
}

func badHandle(operation string) error {
	return fail.New(fail.Invalid, "driver.handle", fmt.Sprintf("The handle does not belong to operation %s.", operation),
		"Pass the handle that Begin gave.")
}

func outputs(resource string) map[string]string {
	return map[string]string{"endpoint": "memory://" + resource}
}
