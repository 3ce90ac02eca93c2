package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Remedies are places that are no longer allowed for what lies there.
type Remedies struct {
	List   remediesList   `cmd:"" default:"withargs" help:"List places that are no longer allowed for what lies there."`
	Show   remediesShow   `cmd:"" help:"Show why, until when something has to be done, and where the service could go."`
	Accept remediesAccept `cmd:"" help:"Let the data lie where it is for a time."`
	Judge  remediesJudge  `cmd:"" help:"Judge every placement again now, as the operator."`
}

type remediesList struct {
	Org    string `help:"Organisation, with all below it; your own when it is missing."`
	Closed bool   `help:"Also those that are over."`
}

// Run lists.
func (a remediesList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	list := []client.Remedy{}
	for p := (client.ListRemediesParams{Org: a.Org, Closed: a.Closed, Limit: 100}); ; {
		got, err := c.ListRemedies(ctx, p)
		if err != nil {
			return err
		}
		list = append(list, got.Items...)
		if p.Cursor = got.Next; p.Cursor == "" {
			break
		}
	}
	return o.Show(list, func(w io.Writer) error {
		return table(w, "Everything lies where it may.", []string{"REMEDY", "REGION", "DATA", "COPIES", "STATE", "DEADLINE", "WHY"}, rowsOf(list, func(r client.Remedy) []string {
			why := ""
			if len(r.Reasons) > 0 {
				why = r.Reasons[0].Text
			}
			return []string{r.ID, r.Region, r.Class, fmt.Sprint(r.Copies), r.State, when(r.Deadline), why}
		}))
	})
}

type remediesShow struct {
	Remedy string `arg:"" help:"Its id."`
}

// Run shows.
func (a remediesShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	r, err := c.GetRemedy(ctx, a.Remedy)
	return o.remedy(r, err)
}

func (o Out) remedy(r client.Remedy, err error) error {
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		if err := pairs(w, "remedy", r.ID, "region", r.Region, "data", r.Class, "copies", fmt.Sprint(r.Copies), "state", r.State, "deadline", when(r.Deadline), "accepted until", when(r.Until),
			"because", r.Note, "yours to accept", yesNo(r.ByOwn)); err != nil {
			return err
		}
		for _, why := range r.Reasons {
			if _, err := fmt.Fprintln(w, "not allowed:", plain(why.Text), why.Clause); err != nil {
				return err
			}
		}
		for _, way := range r.Ways {
			if _, err := fmt.Fprintf(w, "could go to: %s (%s, %s); your price stays, the place costs its operator %s an hour more\n", way.Region, plain(way.City), way.Country, way.Dearer); err != nil {
				return err
			}
		}
		return nil
	})
}

type remediesAccept struct {
	Remedy string `arg:"" help:"Its id."`
	Reason string `required:"" help:"Why; everybody concerned reads it."`
	Days   int    `required:"" help:"For how many days, at most 366."`
}

// Run accepts.
func (a remediesAccept) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	r, err := c.AcceptRemedy(ctx, a.Remedy, client.NewAcceptance{Reason: a.Reason, Until: time.Now().UTC().AddDate(0, 0, a.Days)})
	return o.remedy(r, err)
}

type remediesJudge struct{}

// Run judges.
func (remediesJudge) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	r, err := c.JudgePlacements(ctx)
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d copies judged by %d decisions in %d ms: %d remedies opened, %d closed.\n", r.Copies, r.Distinct, r.TookMs, r.Opened, r.Closed)
		return err
	})
}
