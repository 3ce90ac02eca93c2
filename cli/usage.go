package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Usage shows what was used, and sends it.
type Usage struct {
	Show       usageShow       `cmd:"" default:"withargs" help:"Show amounts by step."`
	Windows    usageWindows    `cmd:"" help:"List the closed windows of a service."`
	Window     usageWindow     `cmd:"" help:"Write a closed window with its events, to be verified offline."`
	Events     usageEvents     `cmd:"" help:"Write the events of a window in the compact binary form, for windows of many events."`
	Quarantine usageQuarantine `cmd:"" help:"List events that count nowhere, and why."`
	Held       usageHeld       `cmd:"" help:"Show one event that counts nowhere, with what it says."`
	Release    usageRelease    `cmd:"" help:"Let a held event be judged again: as the operator whatever the cut-off says, as its publisher as if it was sent again."`
	Reject     usageReject     `cmd:"" help:"Take a held event out of the quarantine for good, as its publisher or the operator."`
	Quality    usageQuality    `cmd:"" help:"Show how a publisher's usage came in: counted, twice, late, held, and how long after it was used."`
	Inflow     usageInflow     `cmd:"" help:"Show how much usage comes in from each publisher, as the operator."`
	Cost       usageCost       `cmd:"" help:"Show what each service costs at this moment."`
	Changes    usageChanges    `cmd:"" help:"Show what is charged far more or less than in the month before."`
	Import     usageImport     `cmd:"" help:"Send the usage of a CSV or FOCUS file, as its publisher; the same file twice counts once."`
	Send       usageSend       `cmd:"" help:"Send usage events from standard input through a spool on disk, as their publisher."`
	Intake     usageIntake     `cmd:"" help:"Show how usage is taken in and where it is kept, as the operator."`
	Export     usageExport     `cmd:"" help:"Write invoices as FOCUS 1.2, for cost tools."`
}

type usageShow struct {
	Service string        `arg:"" optional:"" help:"Id of the service; all of them when it is missing."`
	Meter   string        `help:"Only this meter."`
	Last    time.Duration `help:"How far back." default:"24h"`
	Step    time.Duration `help:"Length of a step: a multiple of 15 minutes." default:"1h"`
}

// Run shows.
func (a usageShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	from := now.Add(-a.Last).Truncate(a.Step)
	l, err := c.GetUsage(ctx, client.GetUsageParams{Service: a.Service, Meter: a.Meter, From: from, To: now.Add(a.Step).Truncate(a.Step), Step: a.Step.String()})
	if err != nil {
		return err
	}
	return list(o, l.Items, "Nothing was used.", []string{"FROM", "SERVICE", "METER", "QUANTITY"}, func(p client.UsagePoint) []string {
		return []string{when(p.Start), p.Service, p.Meter, p.Quantity}
	})
}

type usageWindows struct{ serviceArg }

// Run lists.
func (a usageWindows) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	windows, err := pages(0, func(cursor string) ([]client.UsageWindow, string, error) {
		l, err := c.ListWindows(ctx, a.Service, client.ListWindowsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, windows, "No window is closed yet.", []string{"WINDOW", "KIND", "FROM", "TO", "EVENTS", "DIGEST"}, func(u client.UsageWindow) []string {
		return []string{u.ID, u.Kind, when(u.From), when(u.To), fmt.Sprint(u.Events), u.Digest}
	})
}

type usageWindow struct {
	Window string `arg:"" help:"Id of the window."`
	File   string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
}

// Run writes.
func (a usageWindow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.GetWindowFile(ctx, a.Window, w) })
}

type usageEvents struct {
	Window string `arg:"" help:"Id of the window."`
	File   string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
}

// Run writes.
func (a usageEvents) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.GetWindowEvents(ctx, a.Window, w) })
}

type heldArg struct {
	Held string `arg:"" help:"Place of the event in the quarantine."`
}

type usageHeld struct{ heldArg }

// Run shows.
func (a usageHeld) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	h, err := c.GetHeldEvent(ctx, a.Held)
	if err != nil {
		return err
	}
	return o.Show(h, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n", h.Text, h.Event)
		return err
	})
}

type decision struct {
	heldArg
	Reason string `required:"" help:"Why, in a sentence that publisher and operator read."`
}

type usageRelease struct{ decision }

// Run releases.
func (a usageRelease) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.ReleaseHeldEvent(ctx, a.Held, client.Decided{Reason: a.Reason}); err != nil {
		return err
	}
	return o.done("The event is judged again in a moment.")
}

type usageReject struct{ decision }

// Run rejects.
func (a usageReject) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.RejectHeldEvent(ctx, a.Held, client.Decided{Reason: a.Reason}); err != nil {
		return err
	}
	return o.done("The event leaves the quarantine in a moment.")
}

type usageQuarantine struct {
	Org       string `help:"Organisation; your own when it is missing."`
	Reason    string `help:"Only those held for it, such as unknown_meter." placeholder:"REASON"`
	Publisher string `help:"Only of this one, as the operator."`
	Source    string `help:"Only of this one."`
}

// Run lists.
func (a usageQuarantine) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	held, err := pages(0, func(cursor string) ([]client.HeldEvent, string, error) {
		l, err := c.ListQuarantine(ctx, client.ListQuarantineParams{Cursor: cursor, Org: a.Org, Reason: a.Reason, Publisher: a.Publisher, Source: a.Source})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, held, "Nothing is held.", []string{"HELD", "RECEIVED", "SOURCE", "ID", "SERVICE", "TIMES", "WHY"}, func(h client.HeldEvent) []string {
		return []string{h.Held, when(h.ReceivedAt), h.Source, h.ID, h.Service, fmt.Sprint(h.Times), h.Text}
	})
}

type usageCost struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run shows.
func (a usageCost) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.GetCost(ctx, org)
	if err != nil {
		return err
	}
	return o.Show(l.Items, func(w io.Writer) error {
		var rows [][]string
		for _, s := range l.Items {
			for _, p := range s.Parts {
				rows = append(rows, []string{s.Service, s.Name, p.Component, p.Quantity, p.Amount})
			}
			rows = append(rows, []string{s.Service, s.Name, "total (" + s.Basis + ")", "", s.Total})
		}
		return table(w, "Nothing is owed beyond the last invoice.", []string{"SERVICE", "NAME", "COMPONENT", "QUANTITY", "AMOUNT"}, rows)
	})
}
