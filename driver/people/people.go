// Package people is a driver whose engine is people: an operation is a work order that somebody does and, where it
// makes something, the customer accepts.
//
// Owns: the work orders under way and what was accepted, one file a resource below its root.
// Does not own: operations and their inputs (provision does): what people write in an answer stays there.
// Reads: the operations it is given, with the answers in their input.
// Writes: its files only.
package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

const (
	version = 1
	longest = 60 * 24 * time.Hour // of one work order
	ask     = time.Hour           // between polls; an answer does not wait for it
	known   = 32                  // operations of a resource whose end is remembered
)

// Config is where work orders lie.
type Config struct {
	Root  string      // a folder of its own; made when missing
	Kinds []string    // what may be ordered
	Clock clock.Clock // nil for the system's
}

// Driver is a provision.Driver. It keeps no state outside its files. Safe for concurrent use within one process.
type Driver struct {
	config Config
	mu     sync.Mutex
}

// New makes the root.
func New(c Config) (*Driver, error) {
	if c.Root == "" {
		return nil, fail.New(fail.Invalid, "people.config", "The folder of the work orders is missing.", "Set it.")
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	if err := os.MkdirAll(c.Root, 0o700); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return &Driver{config: c}, nil
}

// resource is the file of one resource.
type resource struct {
	Version    int                        `json:"version"`
	Tenant     string                     `json:"tenant"`
	Resource   string                     `json:"resource"`
	Operation  string                     `json:"operation"` // that made it
	Generation int64                      `json:"generation"`
	Condition  provision.Condition        `json:"condition"`
	Outputs    map[string]string          `json:"outputs,omitempty"`
	Made       bool                       `json:"made"` // the creation was accepted
	Order      *order                     `json:"order,omitempty"`
	Ends       map[string]provision.Phase `json:"ends,omitempty"` // of operations, by id
	Recent     []string                   `json:"recent,omitempty"`
}

// The stages of a work order.
const (
	stageWork   = "work"   // somebody is to do it
	stageAccept = "accept" // the customer is to accept it
	stageUndo   = "undo"   // it was cancelled after it was done: somebody is to undo it
)

// order is the work order under way; a resource has at most one.
type order struct {
	Operation  string            `json:"operation"`
	Action     provision.Action  `json:"action"`
	Generation int64             `json:"generation"`
	Stage      string            `json:"stage"`
	Round      int               `json:"round"` // grows each time that the customer does not accept
	Outputs    map[string]string `json:"outputs,omitempty"`
}

// handle says which question an answer is to; an answer to an earlier one counts for nothing.
type handle struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
	Stage     string `json:"stage,omitempty"`
	Round     int    `json:"round,omitempty"`
}

// Describe says what people can do.
func (d *Driver) Describe(context.Context, provision.Target) (provision.Description, error) {
	return provision.Description{Version: provision.ContractVersion, Driver: "people", Kinds: slices.Clone(d.config.Kinds),
		Actions: []provision.Action{provision.ActionCreate, provision.ActionChange, provision.ActionSuspend,
			provision.ActionResume, provision.ActionDelete},
		Longest: longest}, nil
}

// Begin opens the work order, or finds it.
func (d *Driver) Begin(_ context.Context, op provision.Operation) (provision.Progress, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.load(op.Resource)
	if err != nil {
		return provision.Progress{}, err
	}
	if failure := d.refuse(r, op); failure != nil {
		return failed(op, failure), nil
	}
	switch {
	case r == nil && op.Action == provision.ActionDelete:
		return ended(op, provision.PhaseDone, nil), nil
	case r == nil:
		r = &resource{Version: version, Tenant: op.Tenant, Resource: op.Resource, Operation: op.ID,
			Condition: provision.ConditionDown, Generation: op.Generation}
	case r.Ends[op.ID] != "":
		return ended(op, r.Ends[op.ID], r.Outputs), nil
	case r.Order != nil && r.Order.Operation == op.ID:
		return d.question(r, op), nil
	}
	r.Order = &order{Operation: op.ID, Action: op.Action, Generation: op.Generation, Stage: stageWork}
	if err := d.save(r); err != nil {
		return provision.Progress{}, err
	}
	return d.question(r, op), nil
}

// Poll takes the answer in op.Input, when it is one to the question of the handle, and tells what is asked now.
func (d *Driver) Poll(_ context.Context, op provision.Operation, raw json.RawMessage) (provision.Progress, error) {
	var h handle
	if err := json.Unmarshal(raw, &h); err != nil || h.Operation != op.ID || h.Version > version {
		return provision.Progress{}, fail.New(fail.Invalid, "driver.handle", "The handle does not belong to this operation.",
			"Pass the handle that Begin gave.").Wrap(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.load(op.Resource)
	switch {
	case err != nil:
		return provision.Progress{}, err
	case r == nil && op.Action == provision.ActionDelete:
		return ended(op, provision.PhaseDone, nil), nil
	case r == nil && h.Stage == stageUndo:
		return ended(op, provision.PhaseCancelled, nil), nil
	case r == nil || r.Tenant != op.Tenant:
		return failed(op, gone()), nil
	case r.Ends[op.ID] != "":
		return ended(op, r.Ends[op.ID], r.Outputs), nil
	case r.Order == nil || r.Order.Operation != op.ID:
		return failed(op, gone()), nil
	case r.Order.Stage != stageUndo && d.late(op):
		return failed(op, late()), nil
	case len(op.Input) == 0 || h.Stage != r.Order.Stage || h.Round != r.Order.Round:
		return d.question(r, op), nil
	}
	return d.answer(r, op)
}

// Cancel withdraws a work order; what was already done is asked to be undone.
func (d *Driver) Cancel(_ context.Context, op provision.Operation, _ json.RawMessage) (provision.Progress, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.load(op.Resource)
	switch {
	case err != nil:
		return provision.Progress{}, err
	case r == nil && op.Action == provision.ActionDelete:
		return ended(op, provision.PhaseDone, nil), nil
	case r == nil || r.Tenant != op.Tenant:
		return ended(op, provision.PhaseCancelled, nil), nil
	case r.Ends[op.ID] != "":
		return ended(op, r.Ends[op.ID], r.Outputs), nil
	case r.Order == nil || r.Order.Operation != op.ID:
		return ended(op, provision.PhaseCancelled, nil), nil
	case r.Order.Stage == stageWork && r.Order.Round == 0:
		return d.end(r, op, provision.PhaseCancelled)
	}
	r.Order.Stage = stageUndo
	if err := d.save(r); err != nil {
		return provision.Progress{}, err
	}
	return d.question(r, op), nil
}

// Observe lists what people have made or are making.
func (d *Driver) Observe(context.Context, provision.Target) ([]provision.Observed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(d.config.Root, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("people: observe: %w", err)
	}
	var out []provision.Observed
	for _, file := range files {
		var r resource
		if found, err := durable.ReadJSON(file, &r); err != nil || !found || r.Version != version || r.Resource == "" {
			continue // not ours
		}
		o := provision.Observed{Object: filepath.Base(file), Tenant: r.Tenant, Resource: r.Resource, Operation: r.Operation,
			Generation: r.Generation, Condition: r.Condition, Outputs: maps.Clone(r.Outputs)}
		if r.Order != nil {
			o.Detail = "A work order is under way: " + string(r.Order.Action) + "."
		}
		out = append(out, o)
	}
	return out, nil
}

// Copies lists nothing: what people do for a customer, they do at the customer's; no data lies with this driver but the work
// orders themselves, which are the platform's.
func (d *Driver) Copies(context.Context, provision.Target) ([]provision.Copy, error) { return nil, nil }

// end closes the work order and remembers how.
func (d *Driver) end(r *resource, op provision.Operation, phase provision.Phase) (provision.Progress, error) {
	if phase == provision.PhaseCancelled && !r.Made || phase == provision.PhaseDone && op.Action == provision.ActionDelete {
		if err := os.Remove(d.file(op.Resource)); err != nil && !os.IsNotExist(err) {
			return provision.Progress{}, fmt.Errorf("people: %w", err)
		}
		if err := durable.SyncDir(d.config.Root); err != nil {
			return provision.Progress{}, fmt.Errorf("people: %w", err)
		}
		return ended(op, phase, nil), nil
	}
	if phase == provision.PhaseDone {
		r.became(op)
	}
	r.Order = nil
	if r.Ends == nil {
		r.Ends = map[string]provision.Phase{}
	}
	r.Ends[op.ID] = phase
	r.Recent = append(r.Recent, op.ID)
	for len(r.Recent) > known {
		delete(r.Ends, r.Recent[0])
		r.Recent = r.Recent[1:]
	}
	if err := d.save(r); err != nil {
		return provision.Progress{}, err
	}
	return ended(op, phase, r.Outputs), nil
}

// became takes over what a finished operation made of the resource.
func (r *resource) became(op provision.Operation) {
	r.Generation = op.Generation
	if len(r.Order.Outputs) > 0 {
		r.Outputs = r.Order.Outputs
	}
	switch op.Action {
	case provision.ActionCreate:
		r.Made, r.Condition = true, provision.ConditionUp
	case provision.ActionResume:
		r.Condition = provision.ConditionUp
	case provision.ActionSuspend:
		r.Condition = provision.ConditionSuspended
	}
}

func (d *Driver) late(op provision.Operation) bool {
	return !op.Deadline.IsZero() && !d.config.Clock().Before(op.Deadline)
}

func (d *Driver) file(resource string) string {
	sum := sha256.Sum256([]byte(resource))
	return filepath.Join(d.config.Root, hex.EncodeToString(sum[:16])+".json")
}

// load gives nil when there is no such resource.
func (d *Driver) load(name string) (*resource, error) {
	var r resource
	found, err := durable.ReadJSON(d.file(name), &r)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	if !found {
		return nil, nil
	}
	if r.Version != version || r.Resource != name {
		return &resource{Version: r.Version, Resource: name}, nil // theirs: no tenant of ours matches
	}
	return &r, nil
}

func (d *Driver) save(r *resource) error {
	if err := durable.WriteJSON(d.file(r.Resource), r); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	return nil
}
