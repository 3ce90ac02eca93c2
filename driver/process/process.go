// Package process runs applications as child processes of this machine, one a resource. It is the engine of an
// installation that has no other.
//
// Owns: one folder a resource below its root, and what runs for it.
// Does not own: operations (provision does), the applications, or the process that keeps one going (shim does).
// Reads: the operations it is given; what the shims report.
// Writes: label.json, operation.json, the token and the endpoint in a resource's folder; nothing outside the root.
package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// Config is how a machine runs applications.
type Config struct {
	Root      string        // folder of the resources; made when missing, private to the broker's user
	Program   string        // the halle binary, which has the commands shim and app; "" for the running one
	Apps      []string      // the applications it may run; they are also the kinds
	Host      string        // address that applications are reached at; "" for 127.0.0.1
	PortFrom  int           // 0 for any free port
	PortTo    int           // the last of the range
	UsageURL  string        // where the broker takes usage; a resource learns within one Observe when it changes
	Isolation string        // "" for the best that the machine gives; otherwise at most this
	Wait      time.Duration // how long Begin and Poll may wait for the end of an operation; 0 for 250 ms
	Clock     clock.Clock   // nil for the system's
}

// Driver is a provision.Driver. It keeps no state but the result of the probe. Safe for concurrent use.
type Driver struct {
	config Config
	probe  func() probed
}

type probed struct {
	level   string
	refused map[string]string
}

// New checks the configuration and makes the root.
func New(c Config) (*Driver, error) {
	if c.Program == "" {
		program, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("process driver: %w", err)
		}
		c.Program = program
	}
	if c.Host == "" {
		c.Host = "127.0.0.1"
	}
	if c.Wait == 0 {
		c.Wait = 250 * time.Millisecond
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	bad := fail.New(fail.Invalid, "process.config", "The configuration of the process driver cannot be used.",
		"Correct the fields named.")
	switch {
	case c.Root == "":
		return nil, bad.Field("root", "The folder of the resources is missing.")
	case c.Isolation != "" && !shim.KnownIsolation(c.Isolation):
		return nil, bad.Field("isolation", "Isolation is full, basic or none.")
	case c.PortFrom < 0 || c.PortTo > 65535 || c.PortFrom > c.PortTo:
		return nil, bad.Field("port_from", "The ports must be a range from 1 to 65535, or both 0.")
	}
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	c.Root = root
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	d := &Driver{config: c}
	d.probe = sync.OnceValue(func() probed {
		level, refused := shim.Probe(context.Background(), root)
		if c.Isolation != "" && !shim.Satisfies(c.Isolation, level) {
			level = c.Isolation
		}
		return probed{level, refused}
	})
	return d, nil
}

// Isolation is the level that applications of this machine get, and why each better one is not to be had.
func (d *Driver) Isolation() (level string, refused map[string]string) {
	p := d.probe()
	return p.level, maps.Clone(p.refused)
}

// Describe probes the isolation of the machine once and tells it.
func (d *Driver) Describe(context.Context, provision.Target) (provision.Description, error) {
	p := d.probe()
	facts := map[string]string{"host": d.config.Host}
	for level, why := range p.refused {
		facts["no_"+level] = why
	}
	return provision.Description{
		Version: provision.ContractVersion, Driver: "process", Kinds: slices.Clone(d.config.Apps),
		Actions: []provision.Action{provision.ActionCreate, provision.ActionChange, provision.ActionSuspend,
			provision.ActionResume, provision.ActionDrain, provision.ActionDelete, provision.ActionExport,
			provision.ActionImport},
		Isolation: p.level, Facts: facts, Longest: 10 * time.Minute,
	}, nil
}

// Begin starts the operation, or goes on with it.
func (d *Driver) Begin(ctx context.Context, op provision.Operation) (provision.Progress, error) {
	if failure := d.refuse(op); failure != nil {
		return failed(op, failure), nil
	}
	f, err := d.open(op.Resource)
	if err != nil {
		return provision.Progress{}, err
	}
	if failure := f.refuse(op); failure != nil {
		return failed(op, failure), nil
	}
	switch {
	case op.Action == provision.ActionDelete:
		return d.remove(ctx, f, op, provision.PhaseDone)
	case op.Action == provision.ActionCreate && !f.exists:
		err = d.create(f, op)
	default:
		err = d.apply(f, op)
	}
	if err != nil {
		return diskFull(op, err)
	}
	return d.follow(ctx, f, op)
}

// Poll goes on with an operation that has begun.
func (d *Driver) Poll(ctx context.Context, op provision.Operation, raw json.RawMessage) (provision.Progress, error) {
	h, err := readHandle(op, raw)
	if err != nil {
		return provision.Progress{}, err
	}
	if h.Cancel {
		return d.Cancel(ctx, op, raw)
	}
	f, err := d.open(op.Resource)
	if err != nil {
		return provision.Progress{}, err
	}
	switch {
	case op.Action == provision.ActionDelete:
		if failure := f.refuse(op); failure != nil {
			return failed(op, failure), nil
		}
		return d.remove(ctx, f, op, provision.PhaseDone)
	case !f.exists || f.label.Tenant != op.Tenant:
		return failed(op, gone()), nil
	case f.deleting == op.ID:
		return d.remove(ctx, f, op, provision.PhaseCancelled)
	case f.desired.Operation != op.ID:
		return failed(op, superseded()), nil
	}
	return d.follow(ctx, f, op)
}

// Cancel removes what a creation made, or goes back to what was wanted before. A drain or delete is not undone.
func (d *Driver) Cancel(ctx context.Context, op provision.Operation, _ json.RawMessage) (provision.Progress, error) {
	f, err := d.open(op.Resource)
	if err != nil {
		return provision.Progress{}, err
	}
	if op.Action == provision.ActionDelete || op.Action == provision.ActionDrain && f.desired.Operation == op.ID {
		return d.Poll(ctx, op, newHandle(op, false))
	}
	ours := f.exists && f.label.Tenant == op.Tenant
	if ours && op.Action == provision.ActionCreate && f.label.Operation == op.ID && f.desired.Operation != op.ID && f.deleting == "" {
		return d.finished(f, op, f.state(ctx)), nil // done long ago: too late
	}
	if !ours || f.desired.Operation != op.ID && f.deleting != op.ID {
		if err := os.RemoveAll(d.newFolder(op)); err != nil {
			return provision.Progress{}, fmt.Errorf("process: cancel: %w", err)
		}
		if ours && op.Action != provision.ActionCreate && f.state(ctx).Phase == shim.PhaseWorking {
			return progress(op, provision.PhaseRunning, true), nil
		}
		return progress(op, provision.PhaseCancelled, true), nil
	}
	if st := f.state(ctx); f.deleting == "" && st.Of(f.desired) && st.Phase == shim.PhaseDone {
		return d.finished(f, op, st), nil
	}
	if op.Action == provision.ActionCreate {
		return d.remove(ctx, f, op, provision.PhaseCancelled)
	}
	return d.revert(ctx, f, op)
}

// Observe lists the resources of the root and starts the shims that are missing.
func (d *Driver) Observe(ctx context.Context, _ provision.Target) ([]provision.Observed, error) {
	entries, err := os.ReadDir(d.config.Root)
	if err != nil {
		return nil, fmt.Errorf("process: observe: %w", err)
	}
	var out []provision.Observed
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !e.IsDir() || e.Name()[0] == '.' {
			continue
		}
		f, err := openFolder(filepath.Join(d.config.Root, e.Name()))
		if err != nil || !f.exists {
			continue // not ours, or removed meanwhile
		}
		out = append(out, d.look(ctx, f))
	}
	return out, nil
}

// plainName is what a resource's folder may be called as it is; other identifiers are hashed.
const plainName = `^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$`

// Folder is where a resource lies, whether or not it exists.
func (d *Driver) Folder(resource string) string {
	if ok, _ := regexp.MatchString(plainName, resource); ok {
		return filepath.Join(d.config.Root, resource)
	}
	return filepath.Join(d.config.Root, "h-"+digest(resource))
}

func (d *Driver) newFolder(op provision.Operation) string {
	return filepath.Join(d.config.Root, ".new-"+digest(op.ID))
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
