package cli

import (
	"context"

	"github.com/halle-cloud/halle/client"
)

type orgVAT struct {
	Org      string `arg:"" optional:"" help:"Organisation; your own when it is missing."`
	Entity   string `help:"Which of its legal entities; the first when it is missing." placeholder:"LGE"`
	Check    bool   `help:"Ask now."`
	Desk     bool   `help:"Numbers of customers that were valid and are no longer, as the operator."`
	Keep     string `help:"Keep the number of an entry of the desk; say why with --note." placeholder:"CHECK"`
	Withdraw string `help:"Take the number of an entry of the desk off its company." placeholder:"CHECK"`
	Note     string `help:"Why a number is kept."`
}

// Run shows what was said, asks, or decides.
func (a orgVAT) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	switch {
	case a.Keep != "":
		return o.vatChecks(one(c.DecideVAT(ctx, a.Keep, client.VATVerdict{Decision: "keep", Note: a.Note})))
	case a.Withdraw != "":
		return o.vatChecks(one(c.DecideVAT(ctx, a.Withdraw, client.VATVerdict{Decision: "withdraw", Note: a.Note})))
	case a.Desk:
		l, err := c.ListVATDesk(ctx)
		return o.vatChecks(l.Items, err)
	}
	e, err := entityOf(ctx, c, org, a.Entity)
	if err != nil {
		return err
	}
	if a.Check {
		return o.vatChecks(one(c.CheckVAT(ctx, org, e.ID)))
	}
	l, err := c.ListVATChecks(ctx, org, e.ID)
	return o.vatChecks(l.Items, err)
}

func one(k client.VATCheck, err error) ([]client.VATCheck, error) { return []client.VATCheck{k}, err }

func (o Out) vatChecks(items []client.VATCheck, err error) error {
	if err != nil {
		return err
	}
	return list(o, items, "Nothing was asked yet.", []string{"CHECK", "NUMBER", "ORGANISATION", "WHEN", "ANSWER", "CONSULTATION", "DECISION"}, func(k client.VATCheck) []string {
		answer := k.Outcome
		if k.Code != "" {
			answer += " (" + k.Code + ")"
		}
		return []string{k.ID, k.VATID, k.Org, when(k.At), answer, k.Consultation, k.Decision}
	})
}
