package memory

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// Object is one thing that the engine runs.
type Object struct {
	Tenant     string
	Region     string // of the target it was made on
	Operation  string // that made it
	Generation int64
	Condition  provision.Condition
	Spec       json.RawMessage
	Foreign    bool // not ours
}

// Call names a verb of the contract.
type Call string

// The calls that a Fault may hit.
const (
	CallDescribe Call = "describe"
	CallBegin    Call = "begin"
	CallPoll     Call = "poll"
	CallCancel   Call = "cancel"
	CallObserve  Call = "observe"
	CallCopies   Call = "copies"
)

// Fault makes calls go wrong.
type Fault struct {
	Call   Call
	Action provision.Action // "" for any
	Times  int              // how many calls it hits
	After  bool             // the call takes effect and only its answer is lost
	Delay  time.Duration    // the call takes this long first
	Quiet  bool             // delay only, no error
}

// task is an operation that the engine knows.
type task struct {
	attempt int
	left    int // steps until it is done
	asked   bool
	result  provision.Progress
}

// Engine is the store of objects. It outlives the drivers on it, as a real engine outlives the broker. Safe for
// concurrent use. Knobs may be turned at any time.
type Engine struct {
	mu         sync.Mutex
	objects    map[string]*Object
	operations map[string]*task
	steps      int
	faults     []*Fault
	refusals   map[provision.Action]provision.Failure
	failures   map[provision.Action]provision.Failure
	need       *provision.Need
	copies     map[string]provision.Copy
}

// NewEngine makes an empty engine, on which every operation is done at once.
func NewEngine() *Engine {
	return &Engine{objects: map[string]*Object{}, operations: map[string]*task{}, copies: map[string]provision.Copy{},
		refusals: map[provision.Action]provision.Failure{}, failures: map[provision.Action]provision.Failure{}}
}

// SetSteps makes each operation that begins from now on take that many polls.
func (e *Engine) SetSteps(polls int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.steps = polls
}

// Inject lets a fault happen to the next calls that it matches.
func (e *Engine) Inject(f Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, &f)
}

// Refuse makes Begin of the action answer with the failure, until Allow.
func (e *Engine) Refuse(action provision.Action, failure provision.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refusals[action] = failure
}

// FailLate makes operations of the action start, and fail after their last step, until Allow.
func (e *Engine) FailLate(action provision.Action, failure provision.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures[action] = failure
}

// Allow ends Refuse and FailLate of the action.
func (e *Engine) Allow(action provision.Action) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.refusals, action)
	delete(e.failures, action)
}

// Ask makes operations that have not yet been answered wait for this input; nil ends it.
func (e *Engine) Ask(need *provision.Need) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.need = need
}

// PutCopy lays a copy beside the objects, as somebody with the engine's own interface does.
func (e *Engine) PutCopy(c provision.Copy) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.copies[c.Object] = c
}

// DropCopy takes a copy away.
func (e *Engine) DropCopy(object string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.copies, object)
}

// Drop takes the object of a resource away, as when somebody deletes it by the engine's own interface.
func (e *Engine) Drop(resource string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.objects, resource)
}

// PutForeign puts an object that is not ours under the name of a resource.
func (e *Engine) PutForeign(resource string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.objects[resource] = &Object{Foreign: true}
}

// Object gives a copy of the object of a resource; false when there is none.
func (e *Engine) Object(resource string) (Object, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, ok := e.objects[resource]
	if !ok {
		return Object{}, false
	}
	return *o, true
}

// SetCondition makes an object be observed so, as when a machine breaks.
func (e *Engine) SetCondition(resource string, c provision.Condition) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if o, ok := e.objects[resource]; ok {
		o.Condition = c
	}
}

// Len is the number of objects that are ours.
func (e *Engine) Len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, o := range e.objects {
		if !o.Foreign {
			n++
		}
	}
	return n
}

// enter applies the faults: after is the error to give once the call has taken effect, err the one to give instead.
func (e *Engine) enter(ctx context.Context, call Call, action provision.Action) (after, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	var hit *Fault
	for _, f := range e.faults {
		if f.Times > 0 && f.Call == call && (f.Action == "" || f.Action == action) {
			f.Times--
			hit = f
			break
		}
	}
	e.mu.Unlock()
	if hit == nil {
		return nil, nil
	}
	if hit.Delay > 0 {
		timer := time.NewTimer(hit.Delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
		}
	}
	lost := fail.New(fail.Unavailable, "memory.fault", "The engine did not answer.", "Try again.")
	switch {
	case hit.Quiet:
		return nil, nil
	case hit.After:
		return lost, nil
	}
	return nil, lost
}

// advance takes a running operation one step on. The lock is held.
func (e *Engine) advance(op provision.Operation) provision.Progress {
	o := e.operations[op.ID]
	if o.result.Phase.Final() {
		return e.report(op)
	}
	if e.need != nil && !o.asked {
		if len(op.Input) == 0 {
			o.result = provision.Progress{Phase: provision.PhaseNeedsInput, Needs: e.need}
			return e.report(op)
		}
		o.asked = true
	}
	o.result = provision.Progress{Phase: provision.PhaseRunning, Percent: 50}
	if o.left > 0 {
		o.left--
		return e.report(op)
	}
	o.result = e.finish(op)
	return e.report(op)
}

func (e *Engine) finish(op provision.Operation) provision.Progress {
	if failure, ok := e.failures[op.Action]; ok {
		if op.Action == provision.ActionCreate {
			delete(e.objects, op.Resource)
		}
		return provision.Progress{Phase: provision.PhaseFailed, Failure: &failure}
	}
	object := e.objects[op.Resource]
	if op.Action == provision.ActionDelete {
		delete(e.objects, op.Resource)
		return provision.Progress{Phase: provision.PhaseDone, Percent: 100}
	}
	if object == nil {
		return provision.Progress{Phase: provision.PhaseFailed, Failure: &provision.Failure{
			Class: provision.ClassPermanent, Code: "gone", Text: "This resource no longer exists."}}
	}
	object.Generation, object.Spec = op.Generation, op.Spec
	switch op.Action {
	case provision.ActionCreate, provision.ActionChange, provision.ActionResume:
		object.Condition = provision.ConditionUp
	case provision.ActionSuspend, provision.ActionDrain:
		object.Condition = provision.ConditionSuspended
	}
	return provision.Progress{Phase: provision.PhaseDone, Percent: 100, Outputs: outputs(op.Resource)}
}

// report adds the handle to what is known of an operation. The lock is held.
func (e *Engine) report(op provision.Operation) provision.Progress {
	p := e.operations[op.ID].result
	p.Handle, _ = json.Marshal(handle{Version: provision.ContractVersion, Operation: op.ID})
	return p
}
