package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/halle-cloud/halle/client"
)

type usageQuality struct {
	Org  string        `help:"The publisher; your own organisation when it is missing."`
	Last time.Duration `help:"How far back." default:"24h"`
}

// Run shows.
func (a usageQuality) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	to := time.Now().UTC().Truncate(time.Hour).Add(time.Hour)
	sent, err := c.GetUsageQuality(ctx, client.GetUsageQualityParams{Org: a.Org, From: to.Add(-a.Last), To: to})
	if err != nil {
		return err
	}
	return o.Show(sent, func(w io.Writer) error {
		return table(w, "Nothing was sent.", []string{"SOURCE", "SERVICE", "COUNTED", "TWICE", "LATE", "HELD", "LAG", "WORST", "LAST"}, rowsOf(sent.Sources, func(q client.UsageQuality) []string {
			return []string{q.Source, q.Service, fmt.Sprint(q.Accepted), fmt.Sprint(q.Duplicates), fmt.Sprint(q.Late), fmt.Sprint(q.Held), millis(q.LagMillis), millis(q.WorstLagMillis), when(q.Last)}
		}))
	})
}

func millis(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

type usageInflow struct{}

// Run shows.
func (a usageInflow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in, err := c.GetUsageIntake(ctx)
	if err != nil {
		return err
	}
	return o.Show(in, func(w io.Writer) error {
		err := pairs(w, "in the log", fmt.Sprint(in.Stored), "not counted yet", fmt.Sprint(in.Stored-in.Folded), "not in the database yet", fmt.Sprint(in.Folded-min(in.Committed, in.Folded)),
			"events remembered", fmt.Sprint(in.Keys), "windows open", fmt.Sprint(in.Open), "windows closed", fmt.Sprint(in.Closed), "stopped", in.Stopped)
		_, _ = fmt.Fprintln(w)
		return errors.Join(err, table(w, "Nothing came in the last 24 hours.", []string{"PUBLISHER", "EVENTS/S", "LAST 24 H", "TWICE", "LATE", "HELD", "LAG", "WORST", "TURNED AWAY"}, intakeRows(in)))
	})
}

// intakeRows adds the hours up by publisher.
func intakeRows(in client.Intake) (rows [][]string) {
	sums := map[string]*client.UsageQuality{}
	var names []string
	of := func(publisher string) *client.UsageQuality {
		if sums[publisher] == nil {
			sums[publisher] = &client.UsageQuality{}
			names = append(names, publisher)
		}
		return sums[publisher]
	}
	for _, h := range in.Hours {
		q := of(h.Publisher)
		q.LagMillis += h.LagMillis * h.Accepted
		q.Accepted, q.Duplicates, q.Late, q.Held = q.Accepted+h.Accepted, q.Duplicates+h.Duplicates, q.Late+h.Late, q.Held+h.Held
		q.WorstLagMillis = max(q.WorstLagMillis, h.WorstLagMillis)
	}
	for _, n := range in.Now {
		of(n.Publisher)
	}
	slices.Sort(names)
	for _, name := range names {
		q, now := sums[name], client.IntakeNow{}
		if i := slices.IndexFunc(in.Now, func(n client.IntakeNow) bool { return n.Publisher == name }); i >= 0 {
			now = in.Now[i]
		}
		rows = append(rows, []string{name, fmt.Sprint(now.PerSecond), fmt.Sprint(q.Accepted), fmt.Sprint(q.Duplicates), fmt.Sprint(q.Late), fmt.Sprint(q.Held),
			millis(q.LagMillis / max(1, q.Accepted)), millis(q.WorstLagMillis), fmt.Sprint(now.Refused)})
	}
	return rows
}
