package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Disputes lists disputes about usage.
type Disputes struct {
	Org    string `help:"Organisation; your own when it is missing."`
	State  string `help:"Only open, refused, escalated, accepted, settled, upheld or withdrawn ones." placeholder:"STATE"`
	Window string `help:"Only those about this window."`
}

// Run lists.
func (a Disputes) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.Dispute, string, error) {
		l, err := c.ListDisputes(ctx, client.ListDisputesParams{Cursor: cursor, Org: a.Org, State: a.State, Window: a.Window})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, l, "There is no dispute.", []string{"DISPUTE", "OPENED", "SERVICE", "WINDOW", "STATE", "REASON"}, func(d client.Dispute) []string {
		return []string{d.ID, when(d.OpenedAt), d.Service, d.Window, d.State, d.Reason}
	})
}

// Dispute is about events of a usage window that a customer doubts.
type Dispute struct {
	Open     disputeOpen     `cmd:"" help:"Dispute events that a window counted, as the customer."`
	Show     disputeShow     `cmd:"" help:"Show a dispute with its events."`
	Accept   disputeAccept   `cmd:"" help:"Give the customer right: the events are corrected. As the publisher, or the operator once it was asked."`
	Refuse   disputeRefuse   `cmd:"" help:"Say why the events count as they are. As the publisher, or the operator once it was asked."`
	Escalate disputeEscalate `cmd:"" help:"Ask the operator after the publisher has refused, as the customer."`
	Withdraw disputeWithdraw `cmd:"" help:"End a dispute: what was counted is right. As the customer."`
}

type disputeOpen struct {
	Window string   `arg:"" help:"Id of the window."`
	Event  []string `required:"" help:"Event id; or id=amount, when another amount would be right. May be given several times." placeholder:"ID[=AMOUNT]"`
	Reason string   `required:"" help:"Why, in a sentence that both sides read."`
}

// Run opens.
func (a disputeOpen) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in := client.OpenDisputeRequest{Window: a.Window, Reason: a.Reason}
	for _, text := range a.Event {
		id, claim := text, ""
		if at := strings.LastIndexByte(text, '='); at >= 0 {
			id, claim = text[:at], text[at+1:]
		}
		in.Events = append(in.Events, client.DisputeClaim{ID: id, Claim: claim})
	}
	d, err := c.OpenDispute(ctx, in)
	return o.dispute(d, err)
}

// dispute shows one, or passes the error on.
func (o Out) dispute(d client.Dispute, err error) error {
	if err != nil {
		return err
	}
	return o.Show(d, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "Dispute %s about window %s of %s: %s.\nReason: %s\n", d.ID, d.Window, d.Service, d.State, d.Reason); err != nil {
			return err
		}
		if d.Answer != "" {
			if _, err := fmt.Fprintf(w, "Answer: %s\n", d.Answer); err != nil {
				return err
			}
		}
		for _, c := range d.Corrections {
			if _, err := fmt.Fprintf(w, "Corrected by window %s, closed %s.\n", c.ID, when(c.ClosedAt)); err != nil {
				return err
			}
		}
		var rows [][]string
		for _, e := range d.Events {
			claim := e.Claim
			if claim == "" {
				claim = "should not count"
			}
			rows = append(rows, []string{e.ID, claim, e.Outcome})
		}
		return table(w, "", []string{"EVENT", "CLAIM", "OUTCOME"}, rows)
	})
}

type disputeArg struct {
	Dispute string `arg:"" help:"Id of the dispute."`
}

// answer is one step of whoever has the turn.
func (a disputeArg) answer(ctx context.Context, o Out, name profileName,
	step func(*client.Client, context.Context, string, client.Answered) (client.Dispute, error), said client.Answered) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.dispute(step(c, ctx, a.Dispute, said))
}

type disputeShow struct{ disputeArg }

// Run shows.
func (a disputeShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.dispute(c.GetDispute(ctx, a.Dispute))
}

type disputeAccept struct {
	disputeArg
	Reason string `help:"What went wrong, in a sentence that both sides read."`
}

// Run accepts.
func (a disputeAccept) Run(ctx context.Context, o Out, name profileName) error {
	return a.answer(ctx, o, name, (*client.Client).AcceptDispute, client.Answered{Reason: a.Reason})
}

type disputeRefuse struct {
	disputeArg
	Reason string `required:"" help:"Why, in a sentence that both sides read."`
}

// Run refuses.
func (a disputeRefuse) Run(ctx context.Context, o Out, name profileName) error {
	return a.answer(ctx, o, name, (*client.Client).RefuseDispute, client.Answered{Reason: a.Reason})
}

type disputeEscalate struct {
	disputeArg
	Reason string `required:"" help:"Why, in a sentence that all sides read."`
}

// Run asks the operator.
func (a disputeEscalate) Run(ctx context.Context, o Out, name profileName) error {
	return a.answer(ctx, o, name, (*client.Client).EscalateDispute, client.Answered{Reason: a.Reason})
}

type disputeWithdraw struct{ disputeArg }

// Run withdraws.
func (a disputeWithdraw) Run(ctx context.Context, o Out, name profileName) error {
	return a.answer(ctx, o, name, (*client.Client).WithdrawDispute, client.Answered{})
}
