package people_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/drivertest"
	"github.com/halle-cloud/halle/driver/people"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/provision"
)

const spec = `{"who":"operator","task":"Lay a fibre to the third floor.","details":{"floor":3}}`

func open(t *testing.T, root string, now clock.Clock) *people.Driver {
	t.Helper()
	d, err := people.New(people.Config{Root: root, Kinds: []string{"fibre"}, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	root := t.TempDir()
	drivertest.Run(t, drivertest.Harness{
		Open: func(t *testing.T) provision.Driver { return open(t, root, nil) },
		Kind: "fibre", Spec: json.RawMessage(spec),
		Changed: json.RawMessage(`{"who":"publisher","task":"Lay it to the fourth floor."}`),
		Refused: json.RawMessage(`{"who":"nobody","task":"x"}`), RefusedClass: provision.ClassUser,
		Answer: func(n provision.Need) json.RawMessage {
			if n.Who == "customer" {
				return json.RawMessage(`{"accepted":true}`)
			}
			return json.RawMessage(`{"done":true,"outputs":{"endpoint":"socket 3.14"}}`)
		},
		Nothing: true,
		Left: func(resource string) string {
			files, _ := filepath.Glob(filepath.Join(root, "*"))
			for _, file := range files {
				if b, _ := os.ReadFile(file); strings.Contains(string(b), resource) {
					return file
				}
			}
			return ""
		},
	})
}

type desk struct {
	t  *testing.T
	d  *people.Driver
	op provision.Operation
	p  provision.Progress
}

func (k *desk) poll(input string) {
	k.t.Helper()
	k.op.Input = json.RawMessage(input)
	p, err := k.d.Poll(k.t.Context(), k.op, k.p.Handle)
	if err != nil {
		k.t.Fatal(err)
	}
	k.p = p
}

func (k *desk) asks(who, part string) {
	k.t.Helper()
	if k.p.Phase != provision.PhaseNeedsInput || k.p.Needs.Who != who || !strings.Contains(k.p.Needs.Prompt, part) || !json.Valid(k.p.Needs.Schema) {
		k.t.Fatalf("%s %+v, want a question to the %s with %q", k.p.Phase, k.p.Needs, who, part)
	}
}

func begin(t *testing.T, root string) *desk {
	t.Helper()
	k := &desk{t: t, d: open(t, root, nil), op: provision.Operation{Version: 1, ID: "op1", Action: provision.ActionCreate,
		Tenant: "org_a", Resource: "res_a", Generation: 1, Attempt: 1, Spec: json.RawMessage(spec)}}
	p, err := k.d.Begin(t.Context(), k.op)
	if err != nil {
		t.Fatal(err)
	}
	k.p = p
	return k
}

func TestWorkThatIsNotAcceptedIsDoneAgain(t *testing.T) {
	root := t.TempDir()
	k := begin(t, root)
	k.asks("operator", "third floor")
	k.poll(`{"done":false,"note":"in two weeks"}`)
	k.asks("operator", "third floor")
	k.poll(`{"done":true,"outputs":{"socket":"3.13"}}`)
	k.asks("customer", "accept")
	k.d = open(t, root, nil) // weeks pass, the broker is restarted
	k.poll(`{"accepted":false,"note":"wrong room"}`)
	k.asks("operator", "did not accept")
	k.poll(`{"done":true,"outputs":{"socket":"3.14"}}`)
	k.poll(`{"accepted":true}`)
	if k.p.Phase != provision.PhaseDone || k.p.Outputs["socket"] != "3.14" {
		t.Errorf("%+v", k.p)
	}
}

func TestAnAnswerCountsOnce(t *testing.T) {
	k := begin(t, t.TempDir())
	k.poll(`{"done":true}`)
	k.poll(`{"accepted":false}`)
	question := k.p
	k.poll(`{"done":true}`)
	k.asks("customer", "accept")
	k.p = question // the answer to the second round came twice: its broker was killed in between
	k.poll(`{"done":true}`)
	k.asks("customer", "accept")
	k.poll(`{"done":true}`)
	k.asks("customer", "accept")
}

func TestAnswersThatDoNotFitAreAskedAgain(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, answer := range []string{`[]`, `{}`, `{"done":"yes"}`, `{"accepted":true}`, `{"done":true,"outputs":{"a":"` + long + `"}}`} {
		k := begin(t, t.TempDir())
		k.poll(answer)
		k.asks("operator", "third floor")
	}
}

func TestWhatWasDoneBeforeACancelIsUndone(t *testing.T) {
	root := t.TempDir()
	k := begin(t, root)
	k.poll(`{"done":true}`)
	p, err := k.d.Cancel(t.Context(), k.op, k.p.Handle)
	if err != nil {
		t.Fatal(err)
	}
	k.p = p
	k.asks("operator", "undo")
	k.poll(`{"done":true}`)
	if k.p.Phase != provision.PhaseCancelled {
		t.Errorf("%+v", k.p)
	}
	if files, _ := os.ReadDir(root); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
}

func TestAWorkOrderMayTakeWeeks(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	k := begin(t, t.TempDir())
	k.d = open(t, t.TempDir(), now.Now)
	k.op.Deadline = now.Now().Add(30 * 24 * time.Hour)
	p, err := k.d.Begin(t.Context(), k.op)
	if err != nil {
		t.Fatal(err)
	}
	k.p = p
	now.Advance(29 * 24 * time.Hour)
	k.poll(`{"done":true}`)
	k.asks("customer", "accept")
	now.Advance(2 * 24 * time.Hour)
	k.poll(`{"accepted":true}`)
	if k.p.Phase != provision.PhaseFailed || k.p.Failure.Code != "deadline" {
		t.Errorf("%+v", k.p)
	}
}

func TestNotesAreNotKept(t *testing.T) {
	root := t.TempDir()
	k := begin(t, root)
	k.poll(`{"done":true,"note":"Ask for Mrs Miller"}`)
	k.poll(`{"accepted":true,"note":"Thanks"}`)
	files, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	if b, _ := os.ReadFile(files[0]); strings.Contains(string(b), "Miller") {
		t.Errorf("a note was kept: %s", b)
	}
}

// FuzzAnswer: whatever is answered, the work order asks on or ends as the contract says.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"done":true}`, `{"accepted":true}`, `{"done":true,"outputs":{"a":"b"}}`, `{`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		k := begin(t, t.TempDir())
		for range 3 {
			if !k.p.Phase.Final() {
				k.poll(string(input))
			}
		}
		if k.p.Phase != provision.PhaseNeedsInput && k.p.Phase != provision.PhaseDone {
			t.Errorf("%+v", k.p)
		}
	})
}
