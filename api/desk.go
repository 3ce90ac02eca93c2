package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/trace"
)

// Parked is a fact that a reader could not handle, or that waits behind one.
type Parked struct {
	Reader   string    `json:"reader"`
	Position int64     `json:"position"`
	Key      string    `json:"key"`
	Error    string    `json:"error"`
	Attempts int64     `json:"attempts" doc:"0 for one that waits behind another"`
	NextAt   time.Time `json:"nextAt,omitzero"`
}

func parked(p trace.Parked) Parked { return Parked(p) }

// ParkedRef names a parked fact.
type ParkedRef struct {
	Reader   string `json:"reader"`
	Position int64  `json:"position"`
}

// DeadJob is a job that failed too often. Its payload is not shown.
type DeadJob struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Attempt   int       `json:"attempt"`
	Error     string    `json:"error"`
	CreatedAt time.Time `json:"createdAt"`
}

func deadJob(j job.Job) DeadJob {
	return DeadJob{ID: j.ID, Kind: j.Kind, Attempt: j.Attempt, Error: j.LastError, CreatedAt: j.CreatedAt}
}

// Resource is what a customer has on an engine.
type Resource struct {
	ID         string              `json:"id"`
	Org        string              `json:"org"`
	Service    string              `json:"service"`
	Order      string              `json:"order"`
	Plan       string              `json:"plan"`
	Kind       string              `json:"kind"`
	Driver     string              `json:"driver"`
	Region     string              `json:"region"`
	Desired    provision.Desired   `json:"desired"`
	State      provision.State     `json:"state"`
	Condition  provision.Condition `json:"condition"`
	Since      time.Time           `json:"since"`
	DeleteOwed bool                `json:"deleteOwed,omitempty"`
	CreatedAt  time.Time           `json:"createdAt"`
}

func resource(r provision.Resource) Resource {
	return Resource{ID: r.ID, Org: r.Org, Service: r.Subscription, Order: r.Order, Plan: r.Plan, Kind: r.Kind, Driver: r.Driver, Region: r.Region,
		Desired: r.Desired, State: r.State, Condition: r.Condition, Since: r.Since, DeleteOwed: r.DeleteOwed, CreatedAt: r.CreatedAt}
}

// WorkOrder is an operation that waits for a person.
type WorkOrder struct {
	Run      Run      `json:"run"`
	Resource Resource `json:"resource"`
}

func workOrder(w provision.WorkOrder) WorkOrder {
	return WorkOrder{Run: run(w.Run), Resource: resource(w.Resource)}
}

// IngestHealth is how the intake of usage is doing.
type IngestHealth struct {
	Stored    uint64   `json:"stored" doc:"records in the log"`
	Folded    uint64   `json:"folded"`
	Committed uint64   `json:"committed"`
	Subjects  int      `json:"subjects"`
	Open      int      `json:"open" doc:"windows"`
	Closings  int64    `json:"closings"`
	Stopped   string   `json:"stopped,omitempty" doc:"why it does not fold"`
	Log       UsageLog `json:"log"`
}

// UsageLog is how the log that usage is kept in is doing.
type UsageLog struct {
	Kind     batchlog.Kind   `json:"kind" enum:"files,jetstream"`
	Place    string          `json:"place" doc:"a folder, or a stream and its servers"`
	Bytes    int64           `json:"bytes"`
	Copies   int             `json:"copies" doc:"that each record is kept in"`
	CopiesUp int             `json:"copiesUp" doc:"of those, how many follow now"`
	Behind   uint64          `json:"behind" doc:"messages by which the slowest copy is behind"`
	Synced   batchlog.Synced `json:"synced" enum:"always,later,unknown" doc:"whether a record is on disk before it is acknowledged"`
	Problem  string          `json:"problem,omitempty" doc:"why nothing is taken in"`
	Since    *time.Time      `json:"since,omitempty" doc:"of the problem"`
}

func ingestHealth(h usage.Health) IngestHealth {
	out := IngestHealth{Stored: h.Stored, Folded: h.Folded, Committed: h.Committed, Subjects: h.Subjects, Open: h.Open, Closings: h.Closings}
	if h.Stopped != nil {
		out.Stopped = h.Stopped.Error()
	}
	l := h.Log
	out.Log = UsageLog{Kind: l.Kind, Place: l.Place, Bytes: l.Bytes, Copies: l.Copies, CopiesUp: l.CopiesUp, Behind: l.Behind, Synced: l.Synced}
	if l.Problem != nil {
		out.Log.Problem, out.Log.Since = l.Problem.Error(), &l.Since
	}
	return out
}

// staff authorises a look at, or a step on, the machinery of the installation: it belongs to the operator.
func (s *server) staff(c access.Caller, a access.Action, noun, id string) error {
	return s.Policy.Check(c, a, access.Resource{Type: noun, ID: id, Org: s.Operator, Path: "/" + s.Operator + "/"})
}

const deskTag = "desk"

func (s *server) deskRoutes() {
	add(s, route{method: http.MethodGet, path: "/desk/parked", id: "listParked", summary: "Facts that a reader could not handle", tag: deskTag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[Parked]], error) {
			if err := s.staff(c, access.ReaderRead, "reader", ""); err != nil {
				return nil, err
			}
			list, err := s.Facts.Parked(ctx)
			return listOf(list, "", parked, err)
		})
	add(s, route{method: http.MethodPost, path: "/desk/parked/retry", id: "retryParked", summary: "Try a parked fact again now", tag: deskTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct{ Body ParkedRef }) (*Empty, error) {
			if err := s.staff(c, access.ReaderRetry, "reader", in.Body.Reader); err != nil {
				return nil, err
			}
			return empty(s.Facts.RetryNow(ctx, in.Body.Reader, in.Body.Position))
		})
	add(s, route{method: http.MethodPost, path: "/desk/parked/skip", id: "skipParked", summary: "Give a parked fact up for one reader; the reason is a fact", tag: deskTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Body struct {
				ParkedRef
				Reason string `json:"reason" minLength:"1" maxLength:"1000"`
			}
		}) (*Empty, error) {
			if err := s.staff(c, access.ReaderRetry, "reader", in.Body.Reader); err != nil {
				return nil, err
			}
			return empty(s.Facts.Skip(ctx, s.Operator, c.Ref(), in.Body.Reader, in.Body.Position, in.Body.Reason))
		})
	add(s, route{method: http.MethodGet, path: "/desk/jobs", id: "listDeadJobs", summary: "Jobs that failed too often", tag: deskTag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[DeadJob]], error) {
			if err := s.staff(c, access.JobRead, "job", ""); err != nil {
				return nil, err
			}
			list, err := s.Jobs.Dead(ctx)
			return listOf(list, "", deadJob, err)
		})
	add(s, route{method: http.MethodPost, path: "/desk/jobs/{job}/revive", id: "reviveJob", summary: "Let a dead job run again", tag: deskTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Job string `path:"job"`
		}) (*Empty, error) {
			if err := s.staff(c, access.JobRetry, "job", in.Job); err != nil {
				return nil, err
			}
			return empty(s.Jobs.Revive(ctx, in.Job))
		})
	add(s, route{method: http.MethodGet, path: "/desk/ingest", id: "getIngestHealth", summary: "How the intake of usage is doing", tag: deskTag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[IngestHealth], error) {
			h, err := s.Meters.Health(ctx, c, s.Operator)
			return body(ingestHealth(h), err)
		})
	s.engineRoutes()
}

// engineRoutes are about what runs on engines, below the caller's organisation.
func (s *server) engineRoutes() {
	add(s, route{method: http.MethodGet, path: "/resources", id: "listResources", summary: "Resources below the caller's organisation", tag: deskTag},
		func(ctx context.Context, c access.Caller, in *Page) (*Body[List[Resource]], error) {
			list, err := s.Resources.All(ctx, c, in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].ID
			}
			return listOf(list, next, resource, err)
		})
	add(s, route{method: http.MethodGet, path: "/resources/{resource}", id: "getResource", summary: "One resource", tag: deskTag},
		func(ctx context.Context, c access.Caller, in *struct {
			Resource string `path:"resource"`
		}) (*Body[Resource], error) {
			r, err := s.Resources.Resource(ctx, c, in.Resource)
			return body(resource(r), err)
		})
	add(s, route{method: http.MethodPost, path: "/resources/{resource}/retry", id: "retryResource", summary: "Make a resource again that vanished from its engine", tag: deskTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Resource string `path:"resource"`
		}) (*Empty, error) {
			return empty(s.Resources.Retry(ctx, c, in.Resource))
		})
	add(s, route{method: http.MethodGet, path: "/work-orders", id: "listWorkOrders", summary: "What waits for a person, oldest first", tag: deskTag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[WorkOrder]], error) {
			list, err := s.Resources.WorkOrders(ctx, c)
			return listOf(list, "", workOrder, err)
		})
	add(s, route{method: http.MethodPost, path: "/work-orders/{operation}/answer", id: "answerWorkOrder", summary: "Do a work order's present step", tag: deskTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Operation string `path:"operation"`
			Body      json.RawMessage
		}) (*Empty, error) {
			return empty(s.Resources.Answer(ctx, c, in.Operation, in.Body))
		})
}
