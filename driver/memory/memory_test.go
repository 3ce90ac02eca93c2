package memory_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/halle-cloud/halle/driver/drivertest"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/provision"
)

func harness(e *memory.Engine) drivertest.Harness {
	return drivertest.Harness{
		Open: func(*testing.T) provision.Driver { return memory.New(e, clock.System) },
		Kind: "memory", Spec: json.RawMessage(`{"size":1}`), Changed: json.RawMessage(`{"size":2}`),
		Foreign: func(_ *testing.T, resource string) func() error {
			e.PutForeign(resource)
			return func() error {
				if o, ok := e.Object(resource); !ok || !o.Foreign {
					return errors.New("the foreign object is gone")
				}
				return nil
			}
		},
		Plant: func(_ *testing.T, resource string) func() {
			e.PutCopy(provision.Copy{Object: "planted/" + resource, Kind: provision.CopySnapshot, Resource: resource})
			return func() { e.DropCopy("planted/" + resource) }
		},
		Left: func(resource string) string {
			if _, ok := e.Object(resource); ok {
				return "an object"
			}
			return ""
		},
	}
}

func TestConformance(t *testing.T) {
	for steps, name := range map[int]string{0: "at once", 3: "in steps"} {
		t.Run(name, func(t *testing.T) {
			e := memory.NewEngine()
			e.SetSteps(steps)
			drivertest.Run(t, harness(e))
			if e.Len() != 0 {
				t.Errorf("%d objects left", e.Len())
			}
		})
	}
}

// old is a driver of the first contract: it lists no copies.
type old struct{ provision.Driver }

func TestConformanceOfADriverThatListsNoCopies(t *testing.T) {
	e := memory.NewEngine()
	h := harness(e)
	h.Open = func(*testing.T) provision.Driver { return old{memory.New(e, clock.System)} }
	h.Plant = nil
	drivertest.Run(t, h)
}

func TestConformanceWithInput(t *testing.T) {
	e := memory.NewEngine()
	e.SetSteps(1)
	e.Ask(&provision.Need{Who: "operator", Prompt: "Which rack?", Schema: json.RawMessage(`{"type":"object"}`)})
	h := harness(e)
	h.Answer = func(provision.Need) json.RawMessage { return json.RawMessage(`{"rack":1}`) }
	drivertest.Run(t, h)
}

func operation(a provision.Action) provision.Operation {
	return provision.Operation{Version: 1, ID: "op1", Action: a, Tenant: "t", Resource: "r", Generation: 1, Attempt: 1}
}

func TestLostAnswerLeavesOneObject(t *testing.T) {
	e := memory.NewEngine()
	d := memory.New(e, clock.System)
	e.Inject(memory.Fault{Call: memory.CallBegin, Times: 1, After: true})
	if _, err := d.Begin(t.Context(), operation(provision.ActionCreate)); err == nil {
		t.Fatal("the answer was not lost")
	}
	if e.Len() != 1 {
		t.Fatalf("%d objects: the call should have taken effect", e.Len())
	}
	p, err := d.Begin(t.Context(), operation(provision.ActionCreate))
	if err != nil || p.Phase != provision.PhaseDone || e.Len() != 1 {
		t.Fatalf("%v %v, %d objects", p, err, e.Len())
	}
}

func TestErrorThenSuccess(t *testing.T) {
	e := memory.NewEngine()
	d := memory.New(e, clock.System)
	e.Inject(memory.Fault{Call: memory.CallBegin, Action: provision.ActionCreate, Times: 1})
	if _, err := d.Begin(t.Context(), operation(provision.ActionCreate)); err == nil || e.Len() != 0 {
		t.Fatalf("%v, %d objects", err, e.Len())
	}
	if p, err := d.Begin(t.Context(), operation(provision.ActionCreate)); err != nil || p.Phase != provision.PhaseDone {
		t.Fatalf("%v %v", p, err)
	}
}

func TestFailureByClassThenAnotherAttempt(t *testing.T) {
	e := memory.NewEngine()
	d := memory.New(e, clock.System)
	e.FailLate(provision.ActionCreate, provision.Failure{Class: provision.ClassCapacity, Code: "full", Text: "Full."})
	op := operation(provision.ActionCreate)
	p, err := d.Begin(t.Context(), op)
	if err != nil || p.Phase != provision.PhaseFailed || p.Failure.Class != provision.ClassCapacity || e.Len() != 0 {
		t.Fatalf("%+v %v, %d objects", p, err, e.Len())
	}
	e.Allow(provision.ActionCreate)
	if p, err = d.Begin(t.Context(), op); err != nil || p.Phase != provision.PhaseFailed {
		t.Fatalf("the same attempt ended otherwise: %+v %v", p, err)
	}
	op.Attempt = 2
	if p, err = d.Begin(t.Context(), op); err != nil || p.Phase != provision.PhaseDone {
		t.Fatalf("%+v %v", p, err)
	}
}
