package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/halle-cloud/halle/cli"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/provision"
)

// register wires the register of copies.
func (h *house) register(operator string) (err error) {
	h.copies, err = copies.New(copies.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Residency: h.residency, Catalogue: h.catalogue,
		Placements: h.placements, Resources: h.resources, Outbox: h.outbox, Queue: h.queue, Log: h.log, Operator: operator, Site: h.conf.URL, Every: h.conf.Process.Observe.Duration})
	if err != nil {
		return err
	}
	h.drifts, err = drift.New(drift.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Residency: h.residency, Register: h.copies,
		Outbox: h.outbox, Queue: h.queue, Log: h.log, Operator: operator, Site: h.conf.URL})
	return err
}

// technical puts where this installation's own data lies into the register, as the configuration says it.
func (h *house) technical(ctx context.Context) error {
	o, err := h.parties.Operator(ctx)
	if err != nil {
		return err
	}
	place := h.conf.Place
	engine := func(url string) string { // never its password
		kind, _, _ := strings.Cut(url, ":")
		return kind
	}
	var list []copies.Technical
	for _, one := range []struct{ name, object string }{{"database", engine(h.conf.Database)}, {"keys", engine(h.conf.Keys)}, {"usage", engine(h.conf.Usage)}, {"log", h.conf.Origin}} {
		list = append(list, copies.Technical{Name: one.name, Country: place.Country, City: place.City, Object: one.object})
	}
	return h.copies.SetTechnical(ctx, o.Name, list)
}

// engineCommand is the process engine's own interface: what its administrator does, the broker is not asked.
type engineCommand struct {
	Copy   engineCopy   `cmd:"" help:"Make a copy of a resource's data, beside the broker."`
	Remove engineRemove `cmd:"" help:"Remove a copy."`
}

type engineCopy struct {
	Root     string `required:"" type:"path" help:"Folder of the resources: resources in the data folder of the server."`
	Resource string `arg:"" help:"Which."`
	Kind     string `default:"backup" enum:"backup,snapshot" help:"backup or snapshot."`
	Region   string `help:"Where it is laid; beside the resource when it is missing."`
}

// Run copies.
func (a engineCopy) Run(ctx context.Context, o cli.Out) error {
	d, err := process.New(process.Config{Root: a.Root})
	if err != nil {
		return err
	}
	name, err := d.Copy(ctx, process.CopyInput{Resource: a.Resource, Kind: provision.CopyKind(a.Kind), Region: a.Region})
	if err != nil {
		return err
	}
	return o.Show(map[string]string{"copy": name}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, name)
		return err
	})
}

type engineRemove struct {
	Root string `required:"" type:"path" help:"Folder of the resources."`
	Copy string `arg:"" help:"Its name."`
}

// Run removes.
func (a engineRemove) Run() error {
	d, err := process.New(process.Config{Root: a.Root})
	if err != nil {
		return err
	}
	return d.RemoveCopy(a.Copy)
}
