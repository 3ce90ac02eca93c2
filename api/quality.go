package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/meter/usage"
)

// UsageQuality is how usage came in: of a publisher in an hour of receipt, or of one of its sources about one service.
type UsageQuality struct {
	Publisher  string                 `json:"publisher"`
	Service    string                 `json:"service,omitempty"`
	Source     string                 `json:"source,omitempty"`
	Hour       time.Time              `json:"hour,omitzero"`
	Accepted   int64                  `json:"accepted"`
	Duplicates int64                  `json:"duplicates" doc:"accepted before"`
	Late       int64                  `json:"late" doc:"of accepted, those that came after their window had closed"`
	Held       int64                  `json:"held" doc:"went into the quarantine, and may have left it"`
	LagMillis  int64                  `json:"lagMillis" doc:"mean time from the end of an interval to its receipt"`
	WorstLag   int64                  `json:"worstLagMillis" doc:"the longest"`
	Last       time.Time              `json:"last" doc:"received"`
	Through    time.Time              `json:"through,omitzero" doc:"the source said that it is complete up to here"`
	Waiting    map[usage.Reason]int64 `json:"waiting,omitempty" doc:"in the quarantine now, by reason"`
}

func usageQuality(q usage.Quality) UsageQuality {
	return UsageQuality{Publisher: q.Publisher, Service: q.Subject, Source: q.Source, Hour: q.Hour, Accepted: q.Accepted, Duplicates: q.Duplicates, Late: q.Late, Held: q.Held,
		LagMillis: q.Lag.Milliseconds(), WorstLag: q.Worst.Milliseconds(), Last: q.Last, Through: q.Through, Waiting: q.Waiting}
}

// Sent is how a publisher's usage came in.
type Sent struct {
	Sources []UsageQuality `json:"sources" nullable:"false" doc:"by source and service, the most first, at most 500"`
	Hours   []UsageQuality `json:"hours" nullable:"false" doc:"by hour of receipt, in the order of time"`
}

// Intake is how usage comes in at this moment, over all publishers.
type Intake struct {
	Stored    uint64         `json:"stored" doc:"records in the log"`
	Folded    uint64         `json:"folded" doc:"of them counted"`
	Committed uint64         `json:"committed" doc:"of them in the database"`
	Keys      int            `json:"keys" doc:"events that the index remembers, so that none counts twice"`
	Services  int            `json:"services"`
	Open      int            `json:"open" doc:"windows"`
	Closed    int64          `json:"closed" doc:"windows, ever"`
	Stopped   string         `json:"stopped,omitempty" doc:"why nothing is counted"`
	Now       []IntakeNow    `json:"now" nullable:"false"`
	Hours     []UsageQuality `json:"hours" nullable:"false" doc:"by publisher and hour of receipt, of the last 24 hours"`
}

// IntakeNow is what comes in from a publisher at this moment.
type IntakeNow struct {
	Publisher string `json:"publisher"`
	PerSecond int64  `json:"perSecond" doc:"events, over the last ten seconds"`
	Refused   int64  `json:"refused" doc:"requests turned away with 429 in the last 24 hours, since the process started"`
}

func (s *server) qualityRoutes(tag string) {
	add(s, route{method: http.MethodGet, path: "/usage/quality", id: "getUsageQuality", summary: "How a publisher's usage came in: counted, twice, late, held, and how long after it was used", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Org  string    `query:"org" doc:"the publisher; empty: the caller's"`
			From time.Time `query:"from" required:"true"`
			To   time.Time `query:"to" required:"true" doc:"at most 92 days later"`
		}) (*Body[Sent], error) {
			q, err := s.Meters.Quality(ctx, c, orgOr(in.Org, c), in.From, in.To)
			out := Sent{Sources: []UsageQuality{}, Hours: []UsageQuality{}}
			for _, one := range q.Sources {
				out.Sources = append(out.Sources, usageQuality(one))
			}
			for _, one := range q.Hours {
				out.Hours = append(out.Hours, usageQuality(one))
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodGet, path: "/usage/intake", id: "getUsageIntake", summary: "How usage comes in at this moment, over all publishers", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[Intake], error) {
			in, err := s.Meters.Intake(ctx, c, c.Org)
			h := in.Health
			out := Intake{Stored: h.Stored, Folded: h.Folded, Committed: h.Committed, Keys: h.Keys, Services: h.Subjects, Open: h.Open, Closed: h.Closings, Now: []IntakeNow{}, Hours: []UsageQuality{}}
			if h.Stopped != nil {
				out.Stopped = h.Stopped.Error()
			}
			for _, f := range in.Flows {
				out.Now = append(out.Now, IntakeNow(f))
			}
			for _, one := range in.Hours {
				out.Hours = append(out.Hours, usageQuality(one))
			}
			return body(out, err)
		})
}
