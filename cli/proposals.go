package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/client"
)

type policyWaiting struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run lists.
func (a policyWaiting) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	all, err := pages(0, func(cursor string) ([]client.ResidencyProposal, string, error) {
		l, err := c.ListResidencyProposals(ctx, org, client.ListResidencyProposalsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, all, "Nothing waits, and nothing did.", []string{"ID", "CHANGES", "OF", "STATE", "ASKED BY", "WHEN", "DECIDED BY"}, func(p client.ResidencyProposal) []string {
		return []string{p.ID, p.Kind, p.Scope, p.State, p.Requester, when(p.CreatedAt), p.Decider}
	})
}

type policyLook struct {
	ID string `arg:"" help:"The change."`
}

// Run shows.
func (a policyLook) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	v, err := c.GetResidencyProposal(ctx, a.ID)
	if err != nil {
		return err
	}
	return o.Show(v, func(w io.Writer) error {
		if err := pairs(w, "Change", v.ID, "Of", v.Kind+" "+v.Scope, "State", v.State, "Asked by", v.Requester, "Decided by", v.Decider, "Reason", v.Reason, "Cannot hold", v.Broken); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "\n%s\n\n", v.Text)
		if v.Effect == nil {
			return nil
		}
		return showEffect(w, *v.Effect)
	})
}

type policyApprove struct {
	ID   string `arg:"" help:"The change."`
	Base string `help:"Approve only when what it is compared with is still this (see look --json); what holds now when it is missing."`
}

// Run approves.
func (a policyApprove) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Base == "" {
		v, err := c.GetResidencyProposal(ctx, a.ID)
		if err != nil {
			return err
		}
		a.Base = v.Base
	}
	p, err := c.ApproveResidencyProposal(ctx, a.ID, client.ApproveResidencyProposalRequest{Base: a.Base})
	return decided(o, p, err)
}

type policyReject struct {
	ID     string `arg:"" help:"The change."`
	Reason string `help:"Why, for whoever asked."`
}

// Run rejects.
func (a policyReject) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	p, err := c.RejectResidencyProposal(ctx, a.ID, client.RejectResidencyProposalRequest{Reason: a.Reason})
	return decided(o, p, err)
}

func decided(o Out, p client.ResidencyProposal, err error) error {
	if err != nil {
		return err
	}
	return o.Show(p, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "The change %s is %s.\n", p.ID, p.State)
		return err
	})
}
