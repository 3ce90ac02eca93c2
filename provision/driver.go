package provision

import (
	"context"
	"encoding/json"
	"time"
)

// ContractVersion is the version of the plain JSON that passes between the broker and a driver. It is also the
// publisher contract v0 when the same values pass over HTTP.
const ContractVersion = 1

// Driver joins one kind of existing engine to the broker. Every call is idempotent and returns at once: long work is
// followed by Poll. A driver keeps no state of ours; the broker owns states, retries, deadlines and audit, and makes
// sure that at most one operation a resource is under way.
//
// Every engine object bears the labels tenant, resource and operation, so that it can be found again after a lost
// answer: Begin adopts what bears its operation's label, or creates it, never twice. Objects without our labels are
// never touched.
type Driver interface {
	// Describe says what this driver can do on the target, probed by doing, never assumed.
	Describe(ctx context.Context, target Target) (Description, error)
	// Begin starts the operation, or finds that it already runs or is done. Idempotent on op.ID.
	Begin(ctx context.Context, op Operation) (Progress, error)
	// Poll looks at an operation that Begin or an earlier Poll left in PhaseRunning or PhaseNeedsInput. op.Input
	// carries the answer when input was needed.
	Poll(ctx context.Context, op Operation, handle json.RawMessage) (Progress, error)
	// Cancel stops the operation and removes what bears its id and was not there before it; pollable in the same way.
	// When it is too late the progress is PhaseDone with the outcome.
	Cancel(ctx context.Context, op Operation, handle json.RawMessage) (Progress, error)
	// Observe lists every object on the target that bears our labels, and how it is now.
	Observe(ctx context.Context, target Target) ([]Observed, error)
}

// Action is what an operation does to its resource.
type Action string

// The actions. Drain makes the resource take no more work and hand over its last usage, before Delete.
const (
	ActionCreate  Action = "create"
	ActionChange  Action = "change"
	ActionSuspend Action = "suspend"
	ActionResume  Action = "resume"
	ActionDrain   Action = "drain"
	ActionDelete  Action = "delete"
	ActionExport  Action = "export"
	ActionImport  Action = "import"
)

// Phase is where an operation stands.
type Phase string

// The phases; the last three are final.
const (
	PhaseRunning    Phase = "running"
	PhaseNeedsInput Phase = "needs_input"
	PhaseDone       Phase = "done"
	PhaseFailed     Phase = "failed"
	PhaseCancelled  Phase = "cancelled"
)

// Final tells whether nothing more will come.
func (p Phase) Final() bool { return p == PhaseDone || p == PhaseFailed || p == PhaseCancelled }

// Class says what kind of failure it was, and with it what the broker does next: transient is tried again, capacity
// and quota go back to placement, policy, user and permanent end the operation.
type Class string

// The classes of failure.
const (
	ClassTransient Class = "transient"
	ClassQuota     Class = "quota"
	ClassCapacity  Class = "capacity"
	ClassPolicy    Class = "policy"
	ClassUser      Class = "user"
	ClassPermanent Class = "permanent"
)

// Target is one account or endpoint of an engine: a region of a cloud, a host, a publisher's service.
type Target struct {
	ID     string          `json:"id"`
	Region string          `json:"region"`
	Config json.RawMessage `json:"config,omitempty"` // the driver's own settings; secrets in it are references
}

// Description is what a driver can do on a target.
type Description struct {
	Version   int               `json:"version"`
	Driver    string            `json:"driver"`
	Kinds     []string          `json:"kinds"`     // kinds of resources it makes
	Actions   []Action          `json:"actions"`   // what it can do with them
	Isolation string            `json:"isolation"` // full, basic, none, or "" where it does not apply
	Facts     map[string]string `json:"facts,omitempty"`
	Longest   time.Duration     `json:"longest"` // the longest an operation may take before its deadline; may be weeks
}

// Operation is one change of one resource. Spec is the whole desired state, not a difference.
type Operation struct {
	Version      int               `json:"version"`
	ID           string            `json:"id"`
	Action       Action            `json:"action"`
	Tenant       string            `json:"tenant"`
	Resource     string            `json:"resource"`
	Subscription string            `json:"subscription"`
	Kind         string            `json:"kind"`
	Target       Target            `json:"target"`
	Spec         json.RawMessage   `json:"spec"`
	Generation   int64             `json:"generation"`
	Attempt      int               `json:"attempt"`
	Deadline     time.Time         `json:"deadline"`
	Secrets      map[string]string `json:"secrets,omitempty"` // resolved at call time, never stored by the broker
	Input        json.RawMessage   `json:"input,omitempty"`   // the answer to needs_input
}

// Progress is how far an operation has come. The broker stores Handle before it polls again, so that a crash resumes
// there; at most 64 KiB.
type Progress struct {
	Phase     Phase             `json:"phase"`
	Handle    json.RawMessage   `json:"handle,omitempty"`
	Percent   int               `json:"percent"`
	Message   string            `json:"message,omitempty"` // a sentence for the customer
	Next      time.Duration     `json:"next,omitempty"`    // poll again after
	Outputs   map[string]string `json:"outputs,omitempty"` // where to reach it; shown to the customer
	Secrets   map[string]string `json:"secrets,omitempty"` // shown once to the customer, stored encrypted
	Needs     *Need             `json:"needs,omitempty"`
	Failure   *Failure          `json:"failure,omitempty"`
	Leftovers []string          `json:"leftovers,omitempty"` // what a cancel or delete could not remove, in words
}

// Need is what an operation waits for, with a JSON Schema (2020-12) of the answer.
type Need struct {
	Who    string          `json:"who"` // customer, publisher or operator
	Prompt string          `json:"prompt"`
	Schema json.RawMessage `json:"schema,omitempty"`
}

// Failure is why an operation did not succeed.
type Failure struct {
	Class Class  `json:"class"`
	Code  string `json:"code"`
	Text  string `json:"text"` // for the customer
}

// Condition is how a resource is observed to be.
type Condition string

// The conditions of an observed object; intervals of them are facts from a resource's first second.
const (
	ConditionUp        Condition = "up"
	ConditionDegraded  Condition = "degraded"
	ConditionDown      Condition = "down"
	ConditionUnknown   Condition = "unknown"
	ConditionPlanned   Condition = "planned" // down by an announced maintenance
	ConditionSuspended Condition = "suspended"
)

// Observed is one engine object that bears our labels.
type Observed struct {
	Object     string            `json:"object"` // the engine's own name for it
	Tenant     string            `json:"tenant"`
	Resource   string            `json:"resource"`
	Operation  string            `json:"operation"` // the one that made it
	Generation int64             `json:"generation"`
	Condition  Condition         `json:"condition"`
	Detail     string            `json:"detail,omitempty"`
	Outputs    map[string]string `json:"outputs,omitempty"`
}

// Manager is what a driver can do beyond Driver where the application has settings that the customer keeps itself,
// such as the devices of a message broker. The broker passes the request on and keeps nothing of it.
type Manager interface {
	// Manage passes the request to the resource's application and returns its answer. Errors of the application are
	// answers with their status; an error means that it could not be reached.
	Manage(ctx context.Context, target Target, r ManageRequest) (ManageReply, error)
}

// ManageRequest is one request to a resource's application. Path is relative and clean: "devices", "devices/pump-7".
type ManageRequest struct {
	Version  int    `json:"version"`
	Tenant   string `json:"tenant"`
	Resource string `json:"resource"`
	Method   string `json:"method"` // GET, POST or DELETE
	Path     string `json:"path"`
	Body     []byte `json:"body,omitempty"`
}

// ManageReply is the application's answer; a body of at most 1 MiB.
type ManageReply struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Body   []byte `json:"body,omitempty"`
}
