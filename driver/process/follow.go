package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/provision"
)

const pause = 5 * time.Millisecond

// follow waits a little for the shim to reach the wanted state, starting it where it is missing.
func (d *Driver) follow(ctx context.Context, f *folder, op provision.Operation) (provision.Progress, error) {
	if op.Action == provision.ActionCreate && f.desired.Operation != op.ID {
		return d.finished(f, op, f.state(ctx)), nil // done long ago
	}
	d.tellEndpoint(f)
	st, err := d.reach(ctx, f)
	switch {
	case errors.Is(err, shim.ErrStranger):
		return failed(op, permanent("stranger", "Another program answers in the place of this service.")), nil
	case err != nil:
		return provision.Progress{}, err
	case st.Phase == shim.PhaseDone:
		return d.finished(f, op, st), nil
	case st.Phase == shim.PhaseFailed:
		return failed(op, &provision.Failure{Class: provision.Class(st.Failure.Class), Code: st.Failure.Code, Text: st.Failure.Text}), nil
	case !op.Deadline.IsZero() && !d.config.Clock().Before(op.Deadline):
		return failed(op, late()), nil
	}
	return progress(op, provision.PhaseRunning, false), nil
}

// reach brings the shim to know what is wanted, and waits for the end of it for at most the configured time. The
// phase is working when it has not come.
func (d *Driver) reach(ctx context.Context, f *folder) (shim.State, error) {
	limit := time.NewTimer(d.config.Wait)
	defer limit.Stop()
	working := shim.State{Phase: shim.PhaseWorking}
	for verb := "status"; ; {
		st, err := shim.Ask(ctx, f.path, f.label, verb)
		verb = "status"
		switch {
		case errors.Is(err, shim.ErrStranger):
			return shim.State{}, err
		case err != nil:
			if err := d.ensure(f); err != nil {
				return shim.State{}, err
			}
		case !st.Of(f.desired):
			verb = "apply"
			continue
		case st.Phase != shim.PhaseWorking:
			return st, nil
		}
		select {
		case <-ctx.Done():
			return shim.State{}, ctx.Err()
		case <-limit.C:
			return working, nil
		case <-time.After(pause):
		}
	}
}

// ensure starts a shim when none runs. Two at once do no harm: one gets the lock.
func (d *Driver) ensure(f *folder) error {
	alive, err := shim.Alive(f.path)
	if err != nil || alive {
		return err
	}
	log, err := os.OpenFile(f.file(shim.OwnLogFile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("process: start shim: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(d.config.Program, "shim", "--dir", f.path)
	cmd.Dir = "/"
	cmd.Env = []string{"TZ=UTC", "LANG=C.UTF-8"} // ours may hold what no other process should know
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("process: start shim: %w", err)
	}
	// It outlives us; while we live, we reap it.
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	return d.settle(f, ended)
}

// settle waits until the new shim holds its lock, so that no second one is started for nothing.
func (d *Driver) settle(f *folder, ended <-chan struct{}) error {
	for range 2000 {
		if alive, err := shim.Alive(f.path); err != nil || alive {
			return err
		}
		select {
		case <-ended:
			if alive, err := shim.Alive(f.path); err != nil || alive {
				return err
			}
			text, _ := os.ReadFile(f.file(shim.OwnLogFile))
			return fmt.Errorf("process: the shim of %s ended at once: %s", f.label.Resource, text[:min(len(text), 400)])
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// finished is the end of an operation that succeeded.
func (d *Driver) finished(f *folder, op provision.Operation, st shim.State) provision.Progress {
	p := progress(op, provision.PhaseDone, false)
	p.Outputs = f.outputs(st)
	return p
}

// outputs tell where the resource is reached: endpoint, host, port, and what the application lays in outputs.json
// (a flat object of strings) and ca.pem.
func (f *folder) outputs(st shim.State) map[string]string {
	out := map[string]string{}
	data := f.file(shim.DataDir)
	if _, err := durable.ReadJSON(filepath.Join(data, "outputs.json"), &out); err != nil || out == nil {
		out = map[string]string{}
	}
	if ca, err := os.ReadFile(filepath.Join(data, "ca.pem")); err == nil {
		out["ca.pem"] = string(ca)
	}
	if st.Port != 0 {
		port := strconv.Itoa(st.Port)
		out["host"], out["port"], out["endpoint"] = f.desired.Host, port, net.JoinHostPort(f.desired.Host, port)
	}
	return out
}

// remove ends everything of a folder and then the folder; last is the phase when nothing is left.
func (d *Driver) remove(ctx context.Context, f *folder, op provision.Operation, last provision.Phase) (provision.Progress, error) {
	cancel := last == provision.PhaseCancelled
	if f.exists {
		ended, err := d.endAll(ctx, f, op)
		if err != nil {
			return diskFull(op, err)
		}
		if !ended {
			if !op.Deadline.IsZero() && !d.config.Clock().Before(op.Deadline) {
				p := failed(op, late())
				p.Leftovers = []string{"A process of the application has not ended; its folder was kept."}
				return p, nil
			}
			return progress(op, provision.PhaseRunning, cancel), nil
		}
	}
	if err := d.erase(f); err != nil {
		return provision.Progress{}, err
	}
	if err := os.RemoveAll(d.newFolder(op)); err != nil {
		return provision.Progress{}, fmt.Errorf("process: remove: %w", err)
	}
	return progress(op, last, cancel), nil
}

// endAll stops the shim and its application, and waits a little for both to end.
func (d *Driver) endAll(ctx context.Context, f *folder, op provision.Operation) (bool, error) {
	if f.deleting == "" {
		if err := durable.Write(f.file(shim.DeletingFile), []byte(op.ID)); err != nil {
			return false, fmt.Errorf("process: remove: %w", err)
		}
		f.deleting = op.ID
	}
	limit := time.NewTimer(d.config.Wait)
	defer limit.Stop()
	for asked := false; ; {
		alive, err := shim.Alive(f.path)
		if err != nil {
			return false, fmt.Errorf("process: remove: %w", err)
		}
		if !alive {
			child, err := shim.ChildAlive(f.path)
			if err != nil {
				return false, fmt.Errorf("process: remove: %w", err)
			}
			if !child {
				shim.RemoveGroup(f.label)
				return true, nil
			}
			shim.RemoveGroup(f.label)
		} else if !asked {
			_, err := shim.Ask(ctx, f.path, f.label, "stop")
			asked = err == nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-limit.C:
			return false, nil
		case <-time.After(pause):
		}
	}
}

// erase takes the folder out of sight in one step and then removes it; it also ends an erasure that was interrupted.
func (d *Driver) erase(f *folder) error {
	goner := filepath.Join(d.config.Root, ".gone-"+filepath.Base(f.path))
	if err := os.RemoveAll(goner); err != nil {
		return fmt.Errorf("process: remove: %w", err)
	}
	if !f.exists {
		return nil
	}
	if err := os.Rename(f.path, goner); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("process: remove: %w", err)
	}
	if err := durable.SyncDir(d.config.Root); err != nil {
		return fmt.Errorf("process: remove: %w", err)
	}
	if err := os.RemoveAll(goner); err != nil {
		return fmt.Errorf("process: remove: %w", err)
	}
	f.exists = false
	return nil
}

// revert goes back to what was wanted before the operation.
func (d *Driver) revert(ctx context.Context, f *folder, op provision.Operation) (provision.Progress, error) {
	var before shim.Desired
	found, err := durable.ReadJSON(f.file(shim.PreviousFile), &before)
	if err != nil || !found {
		return provision.Progress{}, fmt.Errorf("process: cancel: nothing to go back to (found %v): %w", found, err)
	}
	if err := durable.WriteJSON(f.file(shim.DesiredFile), before); err != nil {
		return diskFull(op, fmt.Errorf("process: cancel: %w", err))
	}
	f.desired = before
	st, err := d.reach(ctx, f)
	switch {
	case err != nil:
		return provision.Progress{}, err
	case st.Phase == shim.PhaseWorking:
		return progress(op, provision.PhaseRunning, true), nil
	}
	return progress(op, provision.PhaseCancelled, true), nil
}

// look tells how a resource is, and starts its shim when that is missing.
func (d *Driver) look(ctx context.Context, f *folder) provision.Observed {
	o := provision.Observed{Object: f.path, Tenant: f.label.Tenant, Resource: f.label.Resource,
		Operation: f.label.Operation, Condition: provision.ConditionDown}
	if f.deleting != "" {
		o.Detail = "It is being removed."
		return o
	}
	d.tellEndpoint(f)
	st, err := shim.Ask(ctx, f.path, f.label, "status")
	switch {
	case errors.Is(err, shim.ErrStranger):
		o.Condition, o.Detail = provision.ConditionUnknown, "Another program answers in its place."
		return o
	case err != nil:
		return d.revive(f, o)
	}
	o.Generation, o.Outputs = st.Generation, f.outputs(st)
	o.Condition, o.Detail = condition(f.desired, st)
	return o
}

func (d *Driver) revive(f *folder, o provision.Observed) provision.Observed {
	var st shim.State
	_, _ = durable.ReadJSON(f.file(shim.StateFile), &st)
	o.Generation, o.Outputs = st.Generation, f.outputs(st)
	alive, err := shim.Alive(f.path)
	switch {
	case err != nil || alive:
		o.Condition, o.Detail = provision.ConditionUnknown, "The process that watches over it does not answer."
		return o
	}
	o.Detail = "The process that watches over it had ended; it was started again."
	if err := d.ensure(f); err != nil {
		o.Detail = "The process that watches over it has ended and could not be started."
	}
	return o
}

func condition(d shim.Desired, st shim.State) (provision.Condition, string) {
	last := ""
	if st.Exit != nil {
		last = fmt.Sprintf("It last ended with %s at %s.", st.Exit.Text, st.Exit.At.Format(time.RFC3339))
	}
	switch {
	case d.Want == shim.WantSuspended:
		return provision.ConditionSuspended, ""
	case d.Want == shim.WantDrained:
		return provision.ConditionSuspended, "It takes no more work."
	case st.Child == shim.ChildUp:
		return provision.ConditionUp, last
	case st.Child == shim.ChildSilent:
		return provision.ConditionDegraded, "It runs and does not answer."
	case st.Child == shim.ChildStarting:
		return provision.ConditionDown, "It is starting. " + last
	}
	return provision.ConditionDown, last
}
