// Package drivertest is the conformance suite that every driver passes.
//
// Owns: the promises of provision.Driver as tests: one object an operation, resumption after a crash at every step,
// nothing left after a cancel, foreign objects untouched, values that survive a round trip through JSON.
// Does not own: what an engine does with a specification; each driver tests that itself.
// Reads: what the driver answers.
// Writes: objects on the engine under test, which it removes again.
package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/provision"
)

// Harness is a driver under test and what the suite must know of its engine.
type Harness struct {
	// Open gives a driver on the engine. It is called again for each restart of the broker: whatever the earlier
	// value knew is lost, what the engine has is still there.
	Open func(t *testing.T) provision.Driver
	// Target, Kind, Spec, Secrets are for creating; Changed is a spec that differs from Spec.
	Target  provision.Target
	Kind    string
	Spec    json.RawMessage
	Changed json.RawMessage
	Secrets map[string]string
	// Refused is a spec that the driver must refuse with RefusedClass; nil where it refuses none.
	Refused      json.RawMessage
	RefusedClass provision.Class
	// Answer gives the input when an operation needs it; nil where the driver never does.
	Answer func(need provision.Need) json.RawMessage
	// Foreign puts something that is not ours where the resource would lie, and returns a check that it is as it was.
	// nil where an engine has no such place.
	Foreign func(t *testing.T, resource string) (intact func() error)
	// Plant makes a copy of a resource by the engine's own interface, without the broker, and gives how to remove it. nil
	// where the engine makes none.
	Plant func(t *testing.T, resource string) (remove func())
	// Nothing says that nothing of a customer's data lies on the engine: its copies are none.
	Nothing bool
	// Left says what the engine still has of a resource in any form, "" for nothing. nil where Observe tells all.
	Left func(resource string) string
	// Up is the condition after create; "" for up.
	Up provision.Condition
	// Limit is how long one operation of the suite may take; 0 for 30 s.
	Limit time.Duration
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	if h.Limit == 0 {
		h.Limit = 30 * time.Second
	}
	if h.Up == "" {
		h.Up = provision.ConditionUp
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"Describe", describe},
		{"CreateAndDelete", createAndDelete},
		{"SameOperationTwice", sameTwice},
		{"OtherOperationForTheSameResource", otherOperation},
		{"Life", life},
		{"RestartAtEveryStep", restartAtEveryStep},
		{"AnswerLostAtEveryStep", answerLost},
		{"CancelAtEveryStep", cancelAtEveryStep},
		{"CancelOfAChangeGoesBack", cancelChange},
		{"CancelTwice", cancelTwice},
		{"CancelBeforeBegin", cancelBeforeBegin},
		{"DeleteTwice", deleteTwice},
		{"DeleteOfNothing", deleteOfNothing},
		{"PollAfterDelete", pollAfterDelete},
		{"ChangeOfNothing", changeOfNothing},
		{"OtherTenant", otherTenant},
		{"Foreign", foreign},
		{"Deadline", deadline},
		{"Refused", refused},
		{"WrongHandle", wrongHandle},
		{"Labels", labels},
		{"Copies", copies},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{Harness: h, t: t, ctx: context.WithoutCancel(t.Context())}
			s.restart()
			c.run(t, s)
		})
	}
}

// suite is a broker in small: it keeps handles, asks again, and can be killed at any step.
type suite struct {
	Harness
	t      *testing.T
	ctx    context.Context
	driver provision.Driver
	named  int
}

func (s *suite) restart() { s.driver = roundTrip{t: s.t, driver: s.Open(s.t)} }

// resource makes a new name, and removes what bears it at the end of the test.
func (s *suite) resource() string {
	source, err := id.NewSource("suite")
	if err != nil {
		s.t.Fatal(err)
	}
	r := source.New("res")
	s.t.Cleanup(func() {
		s.restart()
		s.finish(s.operation(provision.ActionDelete, r))
		s.nothing(r)
	})
	return r
}

func (s *suite) operation(a provision.Action, resource string) provision.Operation {
	s.named++
	op := provision.Operation{Version: provision.ContractVersion, ID: fmt.Sprintf("op-%s-%d", resource, s.named), Action: a,
		Tenant: "org_suite_a", Resource: resource, Subscription: "sub_suite_1", Kind: s.Kind, Target: s.Target, Spec: s.Spec,
		Generation: int64(s.named), Attempt: 1, Deadline: time.Now().Add(s.Limit).UTC().Truncate(time.Microsecond),
		Secrets: s.Secrets}
	if a == provision.ActionChange {
		op.Spec = s.Changed
	}
	return op
}

func (s *suite) begin(op provision.Operation) provision.Progress {
	s.t.Helper()
	p, err := s.driver.Begin(s.ctx, op)
	if err != nil {
		s.t.Fatalf("begin %s: %v", op.Action, err)
	}
	return s.checked(op, p)
}

// poll asks again, with the answer where input is needed.
func (s *suite) poll(op provision.Operation, last provision.Progress) provision.Progress {
	s.t.Helper()
	p, err := s.driver.Poll(s.ctx, s.answered(op, last), last.Handle)
	if err != nil {
		s.t.Fatalf("poll %s: %v", op.Action, err)
	}
	return s.checked(op, p)
}

func (s *suite) answered(op provision.Operation, last provision.Progress) provision.Operation {
	s.t.Helper()
	if last.Phase == provision.PhaseNeedsInput {
		if s.Answer == nil {
			s.t.Fatalf("%s needs input (%s), and the harness has no answer", op.Action, last.Needs.Prompt)
		}
		op.Input = s.Answer(*last.Needs)
	}
	return op
}

func (s *suite) cancel(op provision.Operation, handle json.RawMessage) provision.Progress {
	s.t.Helper()
	p, err := s.driver.Cancel(s.ctx, op, handle)
	if err != nil {
		s.t.Fatalf("cancel %s: %v", op.Action, err)
	}
	for until := time.Now().Add(s.Limit); !s.checked(op, p).Phase.Final(); {
		if time.Now().After(until) {
			s.t.Fatalf("cancel of %s: not final in %v: %+v", op.Action, s.Limit, p)
		}
		s.pause(p)
		if p, err = s.driver.Poll(s.ctx, s.answered(op, p), p.Handle); err != nil {
			s.t.Fatalf("poll after cancel of %s: %v", op.Action, err)
		}
	}
	return p
}

// follow polls to the end.
func (s *suite) follow(op provision.Operation, p provision.Progress) provision.Progress {
	s.t.Helper()
	for until := time.Now().Add(s.Limit); !p.Phase.Final(); p = s.poll(op, p) {
		if time.Now().After(until) {
			s.t.Fatalf("%s: not final in %v: %+v", op.Action, s.Limit, p)
		}
		s.pause(p)
	}
	return p
}

func (s *suite) pause(p provision.Progress) {
	if p.Phase == provision.PhaseNeedsInput {
		return // the answer is at hand
	}
	time.Sleep(min(p.Next, 50*time.Millisecond))
}

func (s *suite) finish(op provision.Operation) provision.Progress {
	s.t.Helper()
	p := s.follow(op, s.begin(op))
	if p.Phase != provision.PhaseDone {
		s.t.Fatalf("%s ended %s: %+v", op.Action, p.Phase, p.Failure)
	}
	return p
}

// checked holds each answer to what the contract says of its form.
func (s *suite) checked(op provision.Operation, p provision.Progress) provision.Progress {
	s.t.Helper()
	switch {
	case len(p.Handle) > 64<<10:
		s.t.Fatalf("%s: handle of %d bytes", op.Action, len(p.Handle))
	case p.Percent < 0 || p.Percent > 100:
		s.t.Fatalf("%s: percent %d", op.Action, p.Percent)
	case (p.Phase == provision.PhaseNeedsInput) != (p.Needs != nil):
		s.t.Fatalf("%s: phase %s with needs %v", op.Action, p.Phase, p.Needs)
	case p.Phase == provision.PhaseFailed && (p.Failure == nil || p.Failure.Class == "" || p.Failure.Code == "" || p.Failure.Text == ""):
		s.t.Fatalf("%s: failed without class, code or text: %+v", op.Action, p.Failure)
	case p.Phase != provision.PhaseFailed && p.Failure != nil:
		s.t.Fatalf("%s: phase %s with failure %+v", op.Action, p.Phase, p.Failure)
	case !p.Phase.Final() && len(p.Handle) == 0:
		s.t.Fatalf("%s: phase %s without a handle", op.Action, p.Phase)
	}
	for _, secret := range op.Secrets {
		if len(secret) > 7 && slices.Contains([]bool{contains(p.Handle, secret), contains([]byte(p.Message), secret)}, true) {
			s.t.Fatalf("%s: a secret came back in handle or message", op.Action)
		}
	}
	return p
}

// observed gives the objects of a resource.
func (s *suite) observed(resource string) []provision.Observed {
	s.t.Helper()
	all, err := s.driver.Observe(s.ctx, s.Target)
	if err != nil {
		s.t.Fatalf("observe: %v", err)
	}
	return slices.DeleteFunc(all, func(o provision.Observed) bool { return o.Resource != resource })
}

// one demands that there is exactly one object of a resource.
func (s *suite) one(resource string) provision.Observed {
	s.t.Helper()
	found := s.observed(resource)
	if len(found) != 1 {
		s.t.Fatalf("%d objects of %s, want one: %+v", len(found), resource, found)
	}
	return found[0]
}

func (s *suite) nothing(resource string) {
	s.t.Helper()
	if found := s.observed(resource); len(found) > 0 {
		s.t.Fatalf("%s is still there: %+v", resource, found)
	}
	if s.Left != nil {
		if left := s.Left(resource); left != "" {
			s.t.Fatalf("left of %s: %s", resource, left)
		}
	}
}

// becomes waits until the one object is observed in a condition.
func (s *suite) becomes(resource string, want provision.Condition) provision.Observed {
	s.t.Helper()
	for until := time.Now().Add(s.Limit); ; time.Sleep(10 * time.Millisecond) {
		o := s.one(resource)
		if o.Condition == want {
			return o
		}
		if time.Now().After(until) {
			s.t.Fatalf("%s is %s (%s), want %s", resource, o.Condition, o.Detail, want)
		}
	}
}

// roundTrip passes every value through JSON, as the wire does, and demands that nothing changes.
type roundTrip struct {
	t      *testing.T
	driver provision.Driver
}

func through[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("marshal %T: %v", v, err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("unmarshal %T: %v", v, err)
	}
	again, err := json.Marshal(out)
	if err != nil {
		t.Fatalf("marshal %T: %v", v, err)
	}
	if diff := cmp.Diff(string(b), string(again)); diff != "" {
		t.Fatalf("%T does not survive JSON: %s", v, diff)
	}
	return out
}

func (r roundTrip) Describe(ctx context.Context, target provision.Target) (provision.Description, error) {
	d, err := r.driver.Describe(ctx, through(r.t, target))
	return through(r.t, d), err
}

func (r roundTrip) Begin(ctx context.Context, op provision.Operation) (provision.Progress, error) {
	p, err := r.driver.Begin(ctx, through(r.t, op))
	return through(r.t, p), err
}

func (r roundTrip) Poll(ctx context.Context, op provision.Operation, handle json.RawMessage) (provision.Progress, error) {
	p, err := r.driver.Poll(ctx, through(r.t, op), handle)
	return through(r.t, p), err
}

func (r roundTrip) Cancel(ctx context.Context, op provision.Operation, handle json.RawMessage) (provision.Progress, error) {
	p, err := r.driver.Cancel(ctx, through(r.t, op), handle)
	return through(r.t, p), err
}

func (r roundTrip) Observe(ctx context.Context, target provision.Target) ([]provision.Observed, error) {
	o, err := r.driver.Observe(ctx, through(r.t, target))
	return through(r.t, o), err
}

// Copies passes the verb on; a driver without it says so as one over the wire does.
func (r roundTrip) Copies(ctx context.Context, target provision.Target) ([]provision.Copy, error) {
	l, ok := r.driver.(provision.Lister)
	if !ok {
		return nil, fail.New(fail.NotFound, "suite.unlisted", "This driver lists no copies.", "Observe.")
	}
	list, err := l.Copies(ctx, through(r.t, target))
	return through(r.t, list), err
}
