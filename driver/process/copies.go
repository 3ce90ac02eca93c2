package process

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// copiesDir is the folder of the root in which copies lie, one folder each, with copyFile and copyData.
const (
	copiesDir = ".copies"
	copyFile  = "copy.json"
	copyData  = "data.tar"
)

// copyLabel says of what a copy was made.
type copyLabel struct {
	Version   int                `json:"version"`
	Name      string             `json:"name"`
	Kind      provision.CopyKind `json:"kind"`
	Tenant    string             `json:"tenant"`
	Resource  string             `json:"resource"`
	Operation string             `json:"operation,omitempty"`
	Region    string             `json:"region"`
	Made      time.Time          `json:"made"`
}

// CopyInput says which copy of a resource to make, by the engine's own interface.
type CopyInput struct {
	Resource  string
	Kind      provision.CopyKind // snapshot or backup
	Region    string             // where it is laid; "" beside the resource
	Operation string             // of the broker that asked; "" when somebody else did
}

// Copy makes a copy of a resource's data and gives its name. It is the engine's own interface, as an administrator of the
// machine uses it: the broker learns of the copy when it asks what there is. What the application writes meanwhile may
// be in it or not.
func (d *Driver) Copy(ctx context.Context, in CopyInput) (string, error) {
	f, err := d.open(in.Resource)
	if err != nil {
		return "", err
	}
	if !f.exists {
		return "", fail.Missing("resource", in.Resource)
	}
	if in.Kind != provision.CopySnapshot && in.Kind != provision.CopyBackup {
		return "", fail.New(fail.Invalid, "process.copy", "The process engine makes no copy of the kind "+string(in.Kind)+".", "Make a snapshot or a backup.")
	}
	if in.Region == "" {
		in.Region = f.label.Region
	}
	random := make([]byte, 6)
	_, _ = rand.Read(random)
	l := copyLabel{Version: shim.Version, Name: string(in.Kind) + "-" + hex.EncodeToString(random), Kind: in.Kind, Tenant: f.label.Tenant, Resource: in.Resource,
		Operation: in.Operation, Region: in.Region, Made: d.config.Clock().UTC()}
	temp, final := filepath.Join(d.config.Root, copiesDir, ".new-"+l.Name), filepath.Join(d.config.Root, copiesDir, l.Name)
	if err := errors.Join(os.MkdirAll(temp, 0o700), pack(ctx, f.file(shim.DataDir), filepath.Join(temp, copyData)), durable.WriteJSON(filepath.Join(temp, copyFile), l)); err != nil {
		return "", fmt.Errorf("process: copy: %w", errors.Join(err, os.RemoveAll(temp)))
	}
	if err := errors.Join(os.Rename(temp, final), durable.SyncDir(filepath.Join(d.config.Root, copiesDir))); err != nil {
		return "", fmt.Errorf("process: copy: %w", err)
	}
	return l.Name, nil
}

// RemoveCopy removes a copy that Copy made, by the engine's own interface.
func (d *Driver) RemoveCopy(name string) error {
	if ok, _ := regexp.MatchString(plainName, name); !ok {
		return fail.Missing("copy", name)
	}
	folder := filepath.Join(d.config.Root, copiesDir, name)
	if found, err := durable.ReadJSON(filepath.Join(folder, copyFile), &copyLabel{}); err != nil || !found {
		return fail.Missing("copy", name)
	}
	if err := errors.Join(os.RemoveAll(folder), durable.SyncDir(filepath.Dir(folder))); err != nil {
		return fmt.Errorf("process: remove copy: %w", err)
	}
	return nil
}

// pack writes the regular files of a folder as a tar. Sockets and what vanishes meanwhile are left out.
func pack(ctx context.Context, from, to string) error {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	err = filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		body, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body))}); err != nil {
			return err
		}
		_, err = w.Write(body)
		return err
	})
	return errors.Join(err, w.Close(), out.Sync(), out.Close())
}

// Copies lists what lies below the root for a target: the resources with their logs and keys, folders that bear our
// label under another name, and the copies that somebody made.
func (d *Driver) Copies(ctx context.Context, target provision.Target) ([]provision.Copy, error) {
	entries, err := os.ReadDir(d.config.Root)
	if err != nil {
		return nil, fmt.Errorf("process: copies: %w", err)
	}
	var out []provision.Copy
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !e.IsDir() || e.Name()[0] == '.' {
			continue
		}
		f, err := openFolder(filepath.Join(d.config.Root, e.Name()))
		if err != nil || !f.exists || f.deleting != "" {
			continue // not ours, or on its way out
		}
		if f.label.Region == "" || f.label.Region == target.Region {
			out = append(out, d.copiesOf(f)...)
		}
	}
	made, err := d.madeCopies(target.Region)
	return append(out, made...), err
}

// copiesOf is one folder: the resource and what belongs to it, or a copy of one under another name.
func (d *Driver) copiesOf(f *folder) []provision.Copy {
	l := f.label
	c := provision.Copy{Object: filepath.Base(f.path), Kind: provision.CopyPrimary, Tenant: l.Tenant, Resource: l.Resource, Operation: l.Operation, Region: l.Region,
		Made: l.Created.UTC()}
	c.Bytes = sizeOf(f.file(shim.DataDir))
	if f.path != d.Folder(l.Resource) {
		c.Kind = provision.CopySnapshot
		return []provision.Copy{c}
	}
	out := []provision.Copy{c}
	for _, part := range []struct {
		kind  provision.CopyKind
		files []string
	}{
		{provision.CopyLog, []string{shim.LogFile, shim.LogFile + ".1"}},
		{provision.CopyKey, []string{filepath.Join(shim.DataDir, "tls.key"), filepath.Join(shim.DataDir, shim.TokenFile)}},
	} {
		p, there := c, false
		p.Object, p.Kind, p.Part, p.Bytes = c.Object+"/"+string(part.kind), part.kind, true, 0
		for _, name := range part.files {
			if i, err := os.Lstat(f.file(name)); err == nil && i.Mode().IsRegular() {
				p.Bytes, there = p.Bytes+i.Size(), true
			}
		}
		if there {
			out = append(out, p)
		}
	}
	return out
}

// madeCopies are those of Copy in a region.
func (d *Driver) madeCopies(region string) (out []provision.Copy, err error) {
	folder := filepath.Join(d.config.Root, copiesDir)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("process: copies: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // not finished
		}
		var l copyLabel
		if found, err := durable.ReadJSON(filepath.Join(folder, e.Name(), copyFile), &l); err != nil || !found || l.Version != shim.Version {
			continue // not ours
		}
		if l.Region == "" || l.Region == region {
			out = append(out, provision.Copy{Object: copiesDir + "/" + e.Name(), Kind: l.Kind, Tenant: l.Tenant, Resource: l.Resource, Operation: l.Operation, Region: l.Region,
				Made: l.Made, Bytes: sizeOf(filepath.Join(folder, e.Name()))})
		}
	}
	slices.SortFunc(out, func(a, b provision.Copy) int { return strings.Compare(a.Object, b.Object) })
	return out, nil
}

// sizeOf adds up the regular files of a folder, in bytes; what vanishes meanwhile counts nothing.
func sizeOf(folder string) (n int64) {
	_ = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if i, err := e.Info(); err == nil {
			n += i.Size()
		}
		return nil
	})
	return n
}
