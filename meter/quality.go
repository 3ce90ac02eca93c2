package meter

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
)

// maxHours bounds the time that one question about quality may cover.
const maxHours = 92 * 24

// Quality is how a publisher's usage came in.
type Quality struct {
	Sources []usage.Quality // by source and subscription, the most first, at most 500
	Hours   []usage.Quality // by hour of receipt, in the order of time
}

// Quality tells how a publisher sent in the hours that begin in [from, to). Who may see its quarantine may. Errors:
// fail.Invalid (no time, or more than 92 days), fail.Denied, fail.NotFound.
func (m *Meters) Quality(ctx context.Context, c access.Caller, publisher string, from, to time.Time) (q Quality, err error) {
	if _, err := m.allowed(ctx, c, access.QuarantineRead, publisher); err != nil {
		return q, err
	}
	if err := span(from, to); err != nil {
		return q, err
	}
	if q.Sources, err = m.usage.Sources(ctx, publisher, from, to); err == nil {
		q.Hours, err = m.usage.Hours(ctx, publisher, from, to)
	}
	return q, err
}

func span(from, to time.Time) error {
	if !from.Before(to) || to.Sub(from) > maxHours*time.Hour {
		return fail.New(fail.Invalid, "usage.span", "The question needs a beginning and an end, at most 92 days apart.", "Choose another time.")
	}
	return nil
}

// Intake is how usage comes in at this moment, over all publishers.
type Intake struct {
	Health usage.Health
	Flows  []usage.Flow    // at this moment
	Hours  []usage.Quality // by publisher and hour of receipt, of the last 24 hours
}

// Intake tells how ingest is doing. Who may see the quarantine for the organisation at the root of the tree may.
func (m *Meters) Intake(ctx context.Context, c access.Caller, org string) (in Intake, err error) {
	o, err := m.allowed(ctx, c, access.QuarantineRead, org)
	if err != nil {
		return Intake{}, err
	}
	if scopeOf(o) != "" {
		return Intake{}, fail.New(fail.Denied, "usage.intake", "How usage comes in from all publishers is for the operator.", "Look at how your own comes in.").
			Because(fail.Reason{Rule: "usage.intake", Text: "Only the organisation at the root sees all publishers."})
	}
	in.Health = m.usage.Health()
	in.Flows = m.usage.Flows()
	now := m.now().UTC().Truncate(time.Hour).Add(time.Hour)
	in.Hours, err = m.usage.Hours(ctx, "", now.Add(-24*time.Hour), now)
	return in, err
}
