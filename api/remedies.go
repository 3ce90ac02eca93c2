package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/residency"
)

// Remedy is a place that is no longer allowed for what lies there.
type Remedy struct {
	ID       string             `json:"id"`
	Org      string             `json:"org"`
	Region   string             `json:"region"`
	Offer    string             `json:"offerVersion"`
	Class    string             `json:"class"`
	Copies   int64              `json:"copies"`
	Reasons  []residency.Reason `json:"reasons" nullable:"false" doc:"as of the last judgement"`
	ByOwn    bool               `json:"byOwn" doc:"only the customer's own policy refuses: it may accept"`
	State    drift.State        `json:"state" enum:"open,accepted,closed"`
	OpenedAt time.Time          `json:"openedAt"`
	Deadline time.Time          `json:"deadline"`
	Until    *time.Time         `json:"until,omitempty" doc:"of an acceptance"`
	Note     string             `json:"note,omitempty" doc:"why it was accepted"`
	ClosedAt *time.Time         `json:"closedAt,omitempty"`
	Ways     []RemedyWay        `json:"ways,omitempty" doc:"regions that are allowed and have room, the cheapest first; of one remedy only"`
}

// RemedyWay is a region to which the service could go instead. What the customer pays stays as it was agreed.
type RemedyWay struct {
	Region  string `json:"region"`
	City    string `json:"city"`
	Country string `json:"country"`
	Dearer  string `json:"dearer" doc:"of a unit for an hour against where it is now, for whoever runs it"`
}

// NewAcceptance lets data lie where it is for a time.
type NewAcceptance struct {
	Reason string    `json:"reason" minLength:"1" maxLength:"500" doc:"everybody concerned reads it"`
	Until  time.Time `json:"until" doc:"at most a year away"`
}

// DriftRun is one judgement of all placements.
type DriftRun struct {
	At       time.Time `json:"at"`
	TookMS   int64     `json:"tookMs"`
	Copies   int64     `json:"copies"`
	Distinct int64     `json:"distinct" doc:"decisions that were computed: placements that are alike share one"`
	Opened   int64     `json:"opened" doc:"remedies"`
	Closed   int64     `json:"closed"`
}

func remedy(r drift.Remedy) Remedy {
	return Remedy{ID: r.ID, Org: r.Org, Region: r.Region, Offer: r.OfferVersion, Class: r.Class, Copies: r.Copies, Reasons: append([]residency.Reason{}, r.Reasons...), ByOwn: r.ByOwn,
		State: r.State, OpenedAt: r.OpenedAt, Deadline: r.Deadline, Until: maybe(r.Until), Note: r.Note, ClosedAt: maybe(r.ClosedAt)}
}

// RemedyPath names a remedy in the address.
type RemedyPath struct {
	Remedy string `path:"remedy"`
}

func (s *server) remedyRoutes() {
	const tag = "copies"
	add(s, route{method: http.MethodGet, path: "/remedies", id: "listRemedies", summary: "Places that are no longer allowed for what lies there, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org    string `query:"org" doc:"and everything below it; left out: the caller's"`
			Closed bool   `query:"closed" doc:"also those that are over"`
		}) (*Body[List[Remedy]], error) {
			f := drift.Filter{Org: in.Org, Closed: in.Closed, Limit: in.Limit}
			if err := unpack(in.Cursor, &f.After); err != nil {
				return nil, err
			}
			list, err := s.Drifts.Remedies(ctx, c, f)
			next := ""
			if len(list) == in.Limit {
				next = pack(list[len(list)-1].ID)
			}
			return listOf(list, next, remedy, err)
		})
	add(s, route{method: http.MethodGet, path: "/remedies/{remedy}", id: "getRemedy", summary: "One, with the regions to which the service could go", tag: tag},
		func(ctx context.Context, c access.Caller, in *RemedyPath) (*Body[Remedy], error) {
			r, err := s.Drifts.Remedy(ctx, c, in.Remedy)
			if err != nil {
				return nil, err
			}
			ways, err := s.Drifts.Ways(ctx, c, in.Remedy)
			out := remedy(r)
			for _, w := range ways {
				out.Ways = append(out.Ways, RemedyWay{Region: w.Region.Key, City: w.Region.City, Country: w.Region.Country, Dearer: w.Dearer})
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodPost, path: "/remedies/{remedy}/accept", id: "acceptRemedy", summary: "Let the data lie where it is for a time, and say why", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			RemedyPath
			Body NewAcceptance
		}) (*Body[Remedy], error) {
			r, err := s.Drifts.Accept(ctx, c, in.Remedy, in.Body.Reason, in.Body.Until)
			return body(remedy(r), err)
		})
	add(s, route{method: http.MethodPost, path: "/remedies/judge", id: "judgePlacements", summary: "Judge every placement again now", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[DriftRun], error) {
			r, err := s.Drifts.JudgeNow(ctx, c)
			return body(DriftRun{At: r.At, TookMS: r.Took.Milliseconds(), Copies: r.Copies, Distinct: r.Distinct, Opened: r.Opened, Closed: r.Closed}, err)
		})
}
