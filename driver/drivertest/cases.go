package drivertest

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/provision"
)

func contains(b []byte, s string) bool { return bytes.Contains(b, []byte(s)) }

func describe(t *testing.T, s *suite) {
	d, err := s.driver.Describe(t.Context(), s.Target)
	if err != nil {
		t.Fatal(err)
	}
	if d.Version != provision.ContractVersion || d.Driver == "" || d.Longest <= 0 {
		t.Fatalf("incomplete: %+v", d)
	}
	for _, must := range []provision.Action{provision.ActionCreate, provision.ActionDelete} {
		if !slices.Contains(d.Actions, must) {
			t.Errorf("cannot %s: %v", must, d.Actions)
		}
	}
	if !slices.Contains(d.Kinds, s.Kind) {
		t.Errorf("does not make %q: %v", s.Kind, d.Kinds)
	}
}

func (s *suite) can(a provision.Action) bool {
	s.t.Helper()
	d, err := s.driver.Describe(s.ctx, s.Target)
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.Contains(d.Actions, a)
}

func createAndDelete(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	if p := s.finish(op); len(p.Outputs) == 0 {
		t.Error("no outputs: nobody would know where to reach it")
	}
	if o := s.becomes(r, s.Up); o.Operation != op.ID {
		t.Errorf("the object bears %q, want the operation that made it", o.Operation)
	}
	s.finish(s.operation(provision.ActionDelete, r))
	s.nothing(r)
}

func sameTwice(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	s.begin(op)
	first := s.finish(op)
	object := s.one(r).Object
	again := s.finish(op)
	if s.one(r).Object != object {
		t.Error("the object is another after the same operation")
	}
	if first.Outputs["endpoint"] != again.Outputs["endpoint"] {
		t.Errorf("endpoint %q, then %q", first.Outputs["endpoint"], again.Outputs["endpoint"])
	}
}

func otherOperation(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	s.finish(op)
	other := s.operation(provision.ActionCreate, r)
	if p := s.follow(other, s.begin(other)); p.Phase != provision.PhaseFailed {
		t.Errorf("a second creation of the resource ended %s, want failed", p.Phase)
	}
	s.cancel(other, nil)
	if o := s.one(r); o.Operation != op.ID {
		t.Errorf("the object bears %q after a refused and cancelled creation", o.Operation)
	}
}

// life goes through all that the driver can do with a resource, twice where that must change nothing.
func life(t *testing.T, s *suite) {
	r := s.resource()
	created := s.finish(s.operation(provision.ActionCreate, r))
	var last provision.Operation
	for _, step := range []struct {
		action provision.Action
		want   provision.Condition
	}{
		{provision.ActionChange, s.Up}, {provision.ActionSuspend, provision.ConditionSuspended},
		{provision.ActionResume, s.Up}, {provision.ActionDrain, provision.ConditionSuspended},
	} {
		if !s.can(step.action) {
			continue
		}
		last = s.operation(step.action, r)
		p := s.finish(last)
		s.finish(last)
		o := s.becomes(r, step.want)
		if o.Generation != last.Generation {
			t.Errorf("after %s the generation is %d, want %d", step.action, o.Generation, last.Generation)
		}
		if p.Outputs["endpoint"] != created.Outputs["endpoint"] {
			t.Errorf("after %s the endpoint is %q, was %q", step.action, p.Outputs["endpoint"], created.Outputs["endpoint"])
		}
	}
}

// lifeActions are what the steps of crash tests go through.
func (s *suite) lifeActions() []provision.Action {
	return slices.DeleteFunc([]provision.Action{provision.ActionCreate, provision.ActionChange, provision.ActionSuspend,
		provision.ActionResume, provision.ActionDrain, provision.ActionDelete},
		func(a provision.Action) bool { return !s.can(a) })
}

// restartAtEveryStep kills the broker after each answer that it has made durable.
func restartAtEveryStep(t *testing.T, s *suite) {
	r := s.resource()
	for _, a := range s.lifeActions() {
		op := s.operation(a, r)
		p := s.begin(op)
		for until := time.Now().Add(s.Limit); !p.Phase.Final(); p = s.poll(op, p) {
			if time.Now().After(until) {
				t.Fatalf("%s: not final: %+v", a, p)
			}
			s.restart()
			s.pause(p)
		}
		if p.Phase != provision.PhaseDone {
			t.Fatalf("%s ended %s: %+v", a, p.Phase, p.Failure)
		}
		if a != provision.ActionDelete {
			s.one(r)
		}
	}
	s.nothing(r)
}

// answerLost kills the broker before each answer reaches it: it asks the same again, and begins anew where it never
// had a handle.
func answerLost(t *testing.T, s *suite) {
	r := s.resource()
	for _, a := range s.lifeActions() {
		op := s.operation(a, r)
		s.begin(op)
		s.restart()
		p := s.begin(op)
		for until := time.Now().Add(s.Limit); !p.Phase.Final(); p = s.poll(op, p) {
			if time.Now().After(until) {
				t.Fatalf("%s: not final: %+v", a, p)
			}
			s.poll(op, p)
			s.restart()
			s.pause(p)
		}
		if p.Phase != provision.PhaseDone {
			t.Fatalf("%s ended %s: %+v", a, p.Phase, p.Failure)
		}
		if a != provision.ActionDelete {
			s.one(r)
		}
	}
	s.nothing(r)
}

// cancelAtEveryStep cancels a creation after 0, 1, 2 … polls, with and without a restart and a handle.
func cancelAtEveryStep(t *testing.T, s *suite) {
	for _, variant := range []string{"handle", "restart", "no handle"} {
		for polls := 0; ; polls++ {
			r := s.resource()
			op := s.operation(provision.ActionCreate, r)
			p := s.begin(op)
			for range polls {
				if !p.Phase.Final() {
					p = s.poll(op, p)
				}
			}
			done := p.Phase.Final()
			handle := p.Handle
			if variant != "handle" {
				s.restart()
			}
			if variant == "no handle" {
				handle = nil
			}
			switch end := s.cancel(op, handle); end.Phase {
			case provision.PhaseCancelled:
				s.nothing(r)
			case provision.PhaseDone:
				s.one(r) // too late: it is there, and can be deleted
			default:
				t.Fatalf("cancel after %d polls ended %s: %+v", polls, end.Phase, end.Failure)
			}
			if done || polls > 5 {
				break
			}
		}
	}
}

func cancelChange(t *testing.T, s *suite) {
	for _, a := range []provision.Action{provision.ActionChange, provision.ActionSuspend} {
		if !s.can(a) {
			continue
		}
		r := s.resource()
		s.finish(s.operation(provision.ActionCreate, r))
		op := s.operation(a, r)
		p := s.begin(op)
		want := s.Up
		if end := s.cancel(op, p.Handle); end.Phase == provision.PhaseDone && a == provision.ActionSuspend {
			want = provision.ConditionSuspended
		}
		s.becomes(r, want)
	}
}

func cancelTwice(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	p := s.begin(op)
	first := s.cancel(op, p.Handle)
	s.restart()
	if again := s.cancel(op, p.Handle); again.Phase != first.Phase {
		t.Errorf("cancel ended %s, then %s", first.Phase, again.Phase)
	}
}

func cancelBeforeBegin(t *testing.T, s *suite) {
	r := s.resource()
	if p := s.cancel(s.operation(provision.ActionCreate, r), nil); p.Phase != provision.PhaseCancelled {
		t.Errorf("cancel of what never began ended %s", p.Phase)
	}
	s.nothing(r)
}

func deleteTwice(_ *testing.T, s *suite) {
	r := s.resource()
	s.finish(s.operation(provision.ActionCreate, r))
	op := s.operation(provision.ActionDelete, r)
	s.finish(op)
	s.finish(op)
	s.finish(s.operation(provision.ActionDelete, r))
	s.nothing(r)
}

func deleteOfNothing(_ *testing.T, s *suite) {
	r := s.resource()
	s.finish(s.operation(provision.ActionDelete, r))
	s.nothing(r)
}

func pollAfterDelete(t *testing.T, s *suite) {
	r := s.resource()
	create := s.operation(provision.ActionCreate, r)
	p := s.begin(create)
	s.follow(create, p)
	op := s.operation(provision.ActionDelete, r)
	end := s.finish(op)
	if again := s.poll(op, end); again.Phase != provision.PhaseDone {
		t.Errorf("poll after delete: %s", again.Phase)
	}
	late, err := s.driver.Poll(t.Context(), create, p.Handle)
	if err == nil && !late.Phase.Final() {
		t.Errorf("a late poll of the creation goes on: %+v", late)
	}
	s.nothing(r)
}

func changeOfNothing(t *testing.T, s *suite) {
	if !s.can(provision.ActionChange) {
		return
	}
	r := s.resource()
	op := s.operation(provision.ActionChange, r)
	if p := s.follow(op, s.begin(op)); p.Phase != provision.PhaseFailed {
		t.Errorf("a change of nothing ended %s", p.Phase)
	}
	s.nothing(r)
}

func otherTenant(t *testing.T, s *suite) {
	r := s.resource()
	s.finish(s.operation(provision.ActionCreate, r))
	for _, a := range s.lifeActions() {
		op := s.operation(a, r)
		op.Tenant = "org_suite_b"
		p := s.follow(op, s.begin(op))
		if p.Phase != provision.PhaseFailed {
			t.Errorf("%s by another tenant ended %s", a, p.Phase)
		}
		if a != provision.ActionDelete {
			s.cancel(op, p.Handle)
		}
	}
	s.becomes(r, s.Up)
}

func foreign(t *testing.T, s *suite) {
	if s.Foreign == nil {
		return
	}
	r := s.operation(provision.ActionCreate, "res_suite_foreign").Resource
	intact := s.Foreign(t, r)
	for _, a := range s.lifeActions() {
		op := s.operation(a, r)
		p := s.follow(op, s.begin(op))
		if p.Phase == provision.PhaseDone {
			t.Errorf("%s of a foreign object ended %s", a, p.Phase)
		}
		s.cancel(op, p.Handle)
		if err := intact(); err != nil {
			t.Fatalf("after %s: %v", a, err)
		}
	}
	if found := s.observed(r); len(found) > 0 {
		t.Errorf("a foreign object is observed as ours: %+v", found)
	}
}

func deadline(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	op.Deadline = time.Now().Add(-time.Hour).UTC()
	if p := s.follow(op, s.begin(op)); p.Phase != provision.PhaseFailed || p.Failure.Class != provision.ClassTransient {
		t.Errorf("begun after its deadline it ended %s %+v", p.Phase, p.Failure)
	}
	s.nothing(r)
}

func refused(t *testing.T, s *suite) {
	if s.Refused == nil {
		return
	}
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	op.Spec = s.Refused
	if p := s.follow(op, s.begin(op)); p.Phase != provision.PhaseFailed || p.Failure.Class != s.RefusedClass {
		t.Errorf("ended %s %+v, want refused as %s", p.Phase, p.Failure, s.RefusedClass)
	}
	s.nothing(r)
}

func wrongHandle(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	s.finish(op)
	for _, h := range []string{`{}`, `[]`, `{"operation":"other"}`, `"x"`} {
		if _, err := s.driver.Poll(t.Context(), op, json.RawMessage(h)); err == nil {
			t.Errorf("handle %s was taken", h)
		}
	}
	s.one(r)
}

func labels(t *testing.T, s *suite) {
	a, b := s.resource(), s.resource()
	opA, opB := s.operation(provision.ActionCreate, a), s.operation(provision.ActionCreate, b)
	s.finish(opA)
	s.finish(opB)
	s.restart()
	for _, op := range []provision.Operation{opA, opB} {
		o := s.one(op.Resource)
		if o.Tenant != op.Tenant || o.Operation != op.ID || o.Generation != op.Generation || o.Object == "" {
			t.Errorf("labels of %s: %+v", op.Resource, o)
		}
	}
}
