package process

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/provision"
)

// folder is one resource's folder as it was read.
type folder struct {
	path     string
	exists   bool // and bears our label
	foreign  bool // there is something that does not
	label    shim.Label
	desired  shim.Desired
	deleting string // the operation that removes it
}

func (d *Driver) open(resource string) (*folder, error) {
	f, err := openFolder(d.Folder(resource))
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if f.exists && f.label.Resource != resource {
		f.exists, f.foreign = false, true
	}
	return f, nil
}

func openFolder(path string) (*folder, error) {
	f := &folder{path: path}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return f, nil
	} else if err != nil {
		return nil, err
	}
	found, err := durable.ReadJSON(f.file(shim.LabelFile), &f.label)
	if err != nil || !found || f.label.Version != shim.Version {
		f.foreign = true // not our hand; never touched
		return f, nil
	}
	if b, err := os.ReadFile(f.file(shim.DeletingFile)); err == nil {
		f.deleting = string(b)
	}
	if _, err := durable.ReadJSON(f.file(shim.DesiredFile), &f.desired); err != nil {
		return nil, err
	}
	f.exists = true
	return f, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// refuse says why the operation may not touch the folder.
func (f *folder) refuse(op provision.Operation) *provision.Failure {
	switch {
	case f.foreign || f.exists && f.label.Tenant != op.Tenant:
		return permanent("foreign", "Something that is not ours already bears this name. It was not touched.")
	case op.Action == provision.ActionDelete:
		return nil
	case op.Action == provision.ActionCreate && f.exists && f.label.Operation != op.ID:
		return permanent("exists", "This resource was already made by another operation.")
	case op.Action == provision.ActionCreate && !f.exists:
		return nil
	case !f.exists || f.deleting != "":
		return gone()
	case f.desired.Operation != op.ID && op.Generation < f.desired.Generation:
		return permanent("stale", "A newer change of this resource has already been made.")
	}
	return nil
}

// state is what the shim says now, or what it last wrote.
func (f *folder) state(ctx context.Context) shim.State {
	st, err := shim.Ask(ctx, f.path, f.label, "status")
	if err == nil {
		return st
	}
	st = shim.State{}
	_, _ = durable.ReadJSON(f.file(shim.StateFile), &st)
	return st
}

// create prepares a folder under a name of the operation and gives it its own in one step: a folder without a label
// is never ours.
func (d *Driver) create(f *folder, op provision.Operation) error {
	temp := d.newFolder(op)
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce)
	desired, err := d.desired(op, shim.Desired{})
	if err != nil {
		return err
	}
	n := &folder{path: temp, exists: true, desired: desired, label: shim.Label{Version: shim.Version, Tenant: op.Tenant,
		Resource: op.Resource, Subscription: op.Subscription, Region: op.Target.Region, Operation: op.ID, Nonce: hex.EncodeToString(nonce),
		Created: d.config.Clock()}}
	if err := os.MkdirAll(n.file(shim.DataDir), 0o700); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	if _, err := n.writeSecrets(op.Secrets); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	for name, v := range map[string]any{shim.LabelFile: n.label, shim.DesiredFile: desired} {
		if err := durable.WriteJSON(n.file(name), v); err != nil {
			return fmt.Errorf("process: create: %w", err)
		}
	}
	if err := os.WriteFile(n.file(shim.EndpointFile), []byte(d.config.UsageURL), 0o600); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	if err := os.Rename(temp, f.path); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	n.path = f.path
	*f = *n
	if err := durable.SyncDir(d.config.Root); err != nil {
		return fmt.Errorf("process: create: %w", err)
	}
	return nil
}

// writeSecrets puts them into the application's folder; changed when one that is read at the start only is another
// than before. The token is read at each post.
func (f *folder) writeSecrets(secrets map[string]string) (changed bool, err error) {
	for name, value := range secrets {
		file := "secret-" + name
		if name == UsageSecret {
			file = shim.TokenFile
		}
		path := filepath.Join(f.file(shim.DataDir), file)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, []byte(value)) {
			continue
		}
		if err := durable.Write(path, []byte(value)); err != nil {
			return changed, err
		}
		changed = changed || name != UsageSecret
	}
	return changed, nil
}

// apply makes the operation the wanted state, keeping what was wanted before for a cancel.
func (d *Driver) apply(f *folder, op provision.Operation) error {
	same := f.desired.Operation == op.ID
	if same && op.Attempt <= f.desired.Attempt || op.Action == provision.ActionCreate && !same {
		return nil
	}
	changed, err := f.writeSecrets(op.Secrets)
	if err != nil {
		return fmt.Errorf("process: change: %w", err)
	}
	desired, err := d.desired(op, f.desired)
	if err != nil {
		return err
	}
	if changed {
		desired.Restart = op.ID
	}
	if !same {
		if err := durable.WriteJSON(f.file(shim.PreviousFile), f.desired); err != nil {
			return fmt.Errorf("process: change: %w", err)
		}
	}
	if err := durable.WriteJSON(f.file(shim.DesiredFile), desired); err != nil {
		return fmt.Errorf("process: change: %w", err)
	}
	f.desired = desired
	return nil
}

// tellEndpoint writes where usage goes when that has changed.
func (d *Driver) tellEndpoint(f *folder) {
	old, err := os.ReadFile(f.file(shim.EndpointFile))
	if err == nil && string(old) == d.config.UsageURL {
		return
	}
	// The next Observe tries again.
	_ = durable.Write(f.file(shim.EndpointFile), []byte(d.config.UsageURL))
}
