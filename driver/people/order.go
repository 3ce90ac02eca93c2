package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/provision"
)

// Spec is what an operation's spec says to this driver. Unknown fields are refused.
type Spec struct {
	Who        string         `json:"who"`                  // who does the work: operator or publisher
	Task       string         `json:"task"`                 // what is to be done, in sentences; at most 4000 bytes
	Unaccepted bool           `json:"unaccepted,omitempty"` // the work counts as done without the customer's word
	Details    map[string]any `json:"details,omitempty"`    // shown with the task
}

// The limits of what a worker may hand over.
const (
	maxTask    = 4000
	maxOutputs = 32
	maxName    = 64
	maxValue   = 4096
)

func readSpec(raw json.RawMessage) (Spec, error) {
	var s Spec
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Spec{}, err
	}
	switch {
	case s.Who != "operator" && s.Who != "publisher":
		return Spec{}, errors.New("who is operator or publisher")
	case s.Task == "" || len(s.Task) > maxTask:
		return Spec{}, fmt.Errorf("the task has from 1 to %d bytes", maxTask)
	}
	return s, nil
}

// refuse checks before anything is written.
func (d *Driver) refuse(r *resource, op provision.Operation) *provision.Failure {
	switch {
	case op.Version > provision.ContractVersion:
		return failure(provision.ClassPermanent, "version", "This driver does not know this version of the contract.")
	case op.ID == "" || op.Resource == "" || op.Tenant == "":
		return failure(provision.ClassPermanent, "labels", "The operation lacks its id, tenant or resource.")
	case d.late(op):
		return late()
	case r != nil && r.Tenant != op.Tenant:
		return failure(provision.ClassPermanent, "foreign", "Something that is not ours already bears this name. It was not touched.")
	case r == nil && op.Action == provision.ActionDelete:
		return nil
	case r == nil && op.Action != provision.ActionCreate:
		return gone()
	case r != nil && op.Action == provision.ActionCreate && r.Operation != op.ID:
		return failure(provision.ClassPermanent, "exists", "This resource was already made by another operation.")
	}
	if _, err := readSpec(op.Spec); err != nil {
		return failure(provision.ClassUser, "spec", "The specification cannot be read: "+err.Error()+".")
	}
	switch op.Action {
	case provision.ActionCreate, provision.ActionChange, provision.ActionSuspend, provision.ActionResume, provision.ActionDelete:
		return nil
	}
	return failure(provision.ClassPermanent, "action", "People do not offer this.")
}

// The schemas of the answers.
const (
	workSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["done"],` +
		`"additionalProperties":false,"properties":{"done":{"type":"boolean","title":"The work is done"},` +
		`"note":{"type":"string","maxLength":4000,"title":"Note"},` +
		`"outputs":{"type":"object","maxProperties":32,"additionalProperties":{"type":"string","maxLength":4096},"title":"What the customer needs to know"}}}`
	acceptSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["accepted"],` +
		`"additionalProperties":false,"properties":{"accepted":{"type":"boolean","title":"I accept the work"},` +
		`"note":{"type":"string","maxLength":4000,"title":"What is missing"}}}`
)

// question is what the work order asks now.
func (d *Driver) question(r *resource, op provision.Operation) provision.Progress {
	o := r.Order
	spec, _ := readSpec(op.Spec) // was read when the order was opened; a delete may lack it
	need := provision.Need{Who: spec.Who, Prompt: fmt.Sprintf("Please %s: %s", o.Action, spec.Task), Schema: json.RawMessage(workSchema)}
	p := provision.Progress{Phase: provision.PhaseNeedsInput, Next: ask, Percent: 10, Message: "Somebody has been asked to do it.", Needs: &need}
	switch {
	case o.Stage == stageAccept:
		need.Who, need.Prompt, need.Schema = "customer", "The work is reported as done. Do you accept it?", json.RawMessage(acceptSchema)
		p.Percent, p.Message, p.Outputs = 80, "It is done and waits for acceptance.", o.Outputs
	case o.Stage == stageUndo:
		need.Prompt = "The order was cancelled after work had been done. Please undo: " + spec.Task
		p.Message = "Somebody has been asked to undo what was done."
	case o.Round > 0:
		need.Prompt = "The customer did not accept the work; the answer says why. " + need.Prompt
	}
	if need.Who == "" {
		need.Who = "operator"
	}
	p.Handle = newHandle(op, o)
	return p
}

// reply is what anybody answers.
type reply struct {
	Done     *bool             `json:"done"`
	Accepted *bool             `json:"accepted"`
	Note     string            `json:"note"`
	Outputs  map[string]string `json:"outputs"`
}

// answer takes the reply to the question that is asked now. One that does not fit is asked again.
func (d *Driver) answer(r *resource, op provision.Operation) (provision.Progress, error) {
	o := r.Order
	var in reply
	if err := json.Unmarshal(op.Input, &in); err != nil {
		return d.again(r, op, "The answer could not be read."), nil
	}
	if o.Stage == stageAccept {
		return d.accepted(r, op, in)
	}
	if in.Done == nil || !*in.Done {
		return d.question(r, op), nil
	}
	if len(in.Outputs) > maxOutputs {
		return d.again(r, op, "There are too many outputs."), nil
	}
	for name, value := range in.Outputs {
		if len(name) > maxName || len(value) > maxValue {
			return d.again(r, op, "An output is too long."), nil
		}
	}
	if o.Stage == stageUndo {
		return d.end(r, op, provision.PhaseCancelled)
	}
	o.Outputs = in.Outputs
	spec, _ := readSpec(op.Spec)
	if spec.Unaccepted || o.Action != provision.ActionCreate && o.Action != provision.ActionChange {
		return d.end(r, op, provision.PhaseDone)
	}
	o.Stage = stageAccept
	if err := d.save(r); err != nil {
		return provision.Progress{}, err
	}
	return d.question(r, op), nil
}

func (d *Driver) accepted(r *resource, op provision.Operation, in reply) (provision.Progress, error) {
	switch {
	case in.Accepted == nil:
		return d.again(r, op, "The answer does not say whether it is accepted."), nil
	case *in.Accepted:
		return d.end(r, op, provision.PhaseDone)
	}
	r.Order.Stage = stageWork
	r.Order.Round++
	if err := d.save(r); err != nil {
		return provision.Progress{}, err
	}
	return d.question(r, op), nil
}

func (d *Driver) again(r *resource, op provision.Operation, why string) provision.Progress {
	p := d.question(r, op)
	p.Message = why
	return p
}

func newHandle(op provision.Operation, o *order) json.RawMessage {
	h := handle{Version: version, Operation: op.ID}
	if o != nil {
		h.Stage, h.Round = o.Stage, o.Round
	}
	b, _ := json.Marshal(h)
	return b
}

func ended(op provision.Operation, phase provision.Phase, outputs map[string]string) provision.Progress {
	p := provision.Progress{Phase: phase, Percent: 100, Handle: newHandle(op, nil)}
	if phase == provision.PhaseDone {
		p.Outputs = outputs
	}
	return p
}

func failed(op provision.Operation, f *provision.Failure) provision.Progress {
	return provision.Progress{Phase: provision.PhaseFailed, Percent: 100, Handle: newHandle(op, nil), Failure: f}
}

func failure(class provision.Class, code, text string) *provision.Failure {
	return &provision.Failure{Class: class, Code: code, Text: text}
}

func gone() *provision.Failure {
	return failure(provision.ClassPermanent, "gone", "This resource no longer exists.")
}

func late() *provision.Failure {
	return failure(provision.ClassTransient, "deadline", "The time for this change has passed.")
}
