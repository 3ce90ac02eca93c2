package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Data is where data is.
type Data struct {
	List      dataList      `cmd:"" default:"withargs" help:"List every copy of your data: place, operator, how well that is known, and whether it may lie there."`
	Show      dataShow      `cmd:"" help:"Show one copy with every reason."`
	Export    dataExport    `cmd:"" help:"Write every copy as CSV."`
	Register  dataRegister  `cmd:"" help:"Register a copy, such as a backup: its place is judged as the service's own."`
	Adopt     dataAdopt     `cmd:"" help:"Register a copy that was found and that nobody had registered."`
	Retire    dataRetire    `cmd:"" help:"Say that a copy need not be there any more."`
	Incidents dataIncidents `cmd:"" help:"List copies that are there and should not be, or should be and are not."`
	Look      dataLook      `cmd:"" help:"Ask every engine for its copies now, as the operator."`
}

type dataList struct {
	Org     string `help:"Organisation, with all below it; your own when it is missing."`
	Service string `help:"Of this service only."`
	State   string `enum:",expected,present,missing,unregistered,leaving,gone" default:"" help:"expected, present, missing, unregistered, leaving or gone; all but gone when it is missing."`
}

// Run lists.
func (a dataList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	list := []client.Copy{}
	for p := (client.ListCopiesParams{Org: a.Org, Service: a.Service, State: a.State, Limit: 100}); ; {
		got, err := c.ListCopies(ctx, p)
		if err != nil {
			return err
		}
		list = append(list, got.Items...)
		if p.Cursor = got.Next; p.Cursor == "" {
			break
		}
	}
	return o.Show(list, func(w io.Writer) error {
		return table(w, "There is no copy of data.", []string{"COPY", "WHAT", "SERVICE", "PLACE", "OPERATOR", "EVIDENCE", "STATE", "ALLOWED"}, rowsOf(list, func(c client.Copy) []string {
			return []string{c.ID, strings.TrimSpace(c.Kind + " " + c.Name), c.Service, copyPlace(c), c.Operator, c.Evidence, c.State, yesNo(c.Allowed)}
		}))
	})
}

func copyPlace(c client.Copy) string {
	return strings.Trim(c.City+", "+c.Country, ", ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

type dataShow struct {
	Copy string `arg:"" help:"Its id."`
}

// Run shows.
func (a dataShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.GetCopy(ctx, a.Copy)
	return o.copy(got, err)
}

func (o Out) copy(c client.Copy, err error) error {
	if err != nil {
		return err
	}
	return o.Show(c, func(w io.Writer) error {
		incident := ""
		if c.Incident != nil {
			incident = c.Incident.Kind + " since " + when(c.Incident.OpenedAt)
		}
		if err := pairs(w, "copy", c.ID, "what", strings.TrimSpace(c.Kind+" "+c.Name), "service", c.Service, "class", c.Class, "place", copyPlace(c), "region", c.Region, "operator", c.Operator,
			"laws", strings.Join(c.Laws, " "), "evidence", c.Evidence, "state", c.State, "allowed", yesNo(c.Allowed), "engine's name", c.Object, "bytes", fmt.Sprint(c.Bytes), "last listed", when(c.SeenAt),
			"incident", incident); err != nil {
			return err
		}
		for _, r := range c.Reasons {
			if _, err := fmt.Fprintln(w, "not allowed:", plain(r.Text), r.Clause); err != nil {
				return err
			}
		}
		return nil
	})
}

type dataExport struct {
	File string `arg:"" help:"File to write." type:"path"`
	Org  string `help:"Organisation, with all below it; your own when it is missing."`
}

// Run writes.
func (a dataExport) Run(ctx context.Context, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	f, err := os.Create(a.File)
	if err != nil {
		return err
	}
	if err := c.ExportCopies(ctx, client.ExportCopiesParams{Org: a.Org}, f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

type dataRegister struct {
	Service string `arg:"" help:"Service whose data it holds."`
	Kind    string `required:"" enum:"replica,snapshot,backup,export,log,key,cache" help:"replica, snapshot, backup, export, log, key or cache."`
	Region  string `required:"" help:"Where it lies."`
	Object  string `help:"The engine's name of it, where it is there already."`
}

// Run registers.
func (a dataRegister) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.RegisterCopy(ctx, client.NewCopy{Service: a.Service, Kind: a.Kind, Region: a.Region, Object: a.Object})
	return o.copy(got, err)
}

type dataAdopt struct {
	Copy   string `arg:"" help:"Its id."`
	Reason string `required:"" help:"Why it is there; the customer reads it."`
}

// Run adopts.
func (a dataAdopt) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.AdoptCopy(ctx, a.Copy, client.CopyNote{Reason: a.Reason})
	return o.copy(got, err)
}

type dataRetire struct {
	Copy   string `arg:"" help:"Its id."`
	Reason string `required:"" help:"Why it need not be there; the customer reads it."`
}

// Run retires.
func (a dataRetire) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.RetireCopy(ctx, a.Copy, client.CopyNote{Reason: a.Reason})
	return o.copy(got, err)
}

type dataIncidents struct {
	Org  string `help:"Organisation, with all below it; your own when it is missing."`
	Open bool   `help:"Only those that are not over."`
}

// Run lists.
func (a dataIncidents) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.ListCopyIncidents(ctx, client.ListCopyIncidentsParams{Org: a.Org, Open: a.Open})
	if err != nil {
		return err
	}
	return o.Show(got, func(w io.Writer) error {
		return table(w, "There is no incident.", []string{"INCIDENT", "COPY", "WHAT", "SINCE", "UNTIL", "HOW", "NOTE"}, rowsOf(got.Items, func(i client.CopyIncident) []string {
			return []string{i.ID, i.Copy, i.Kind, when(i.OpenedAt), when(i.ClosedAt), i.How, i.Note}
		}))
	})
}

type dataLook struct{}

// Run asks.
func (dataLook) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	got, err := c.LookAtCopies(ctx)
	if err != nil {
		return err
	}
	return o.Show(got, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d regions asked, %d without an answer: %d copies, %d incidents opened, %d closed.\n", got.Regions, got.Silent, got.Copies, got.Opened, got.Closed)
		return err
	})
}
