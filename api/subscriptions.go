package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
)

// Service is what a customer has: a subscription.
type Service struct {
	ID          string                `json:"id"`
	Org         string                `json:"org"`
	State       subscription.State    `json:"state"`
	Reasons     []subscription.Reason `json:"reasons,omitempty" doc:"of a suspension, or why it ends"`
	Deal        subscription.Deal     `json:"deal"`
	Resource    string                `json:"resource,omitempty"`
	Region      string                `json:"region,omitempty"`
	Outputs     map[string]string     `json:"outputs,omitempty" doc:"where to reach it"`
	Tags        subscription.Tags     `json:"tags,omitempty" doc:"the customer's own words, by which it splits its costs"`
	Condition   string                `json:"condition,omitempty" doc:"as last observed"`
	TrialUntil  time.Time             `json:"trialUntil,omitzero"`
	TermUntil   time.Time             `json:"termUntil,omitzero"`
	CreatedAt   time.Time             `json:"createdAt"`
	ActivatedAt time.Time             `json:"activatedAt,omitzero"`
	CancelledAt time.Time             `json:"cancelledAt,omitzero"`
	EndedAt     time.Time             `json:"endedAt,omitzero"`
	ETag        int64                 `json:"etag"`
}

func service(u subscription.Subscription) Service {
	return Service{ID: u.ID, Org: u.Org, State: u.State, Reasons: u.Reasons, Deal: u.Deal, Resource: u.Resource, Region: u.Region, Outputs: u.Outputs,
		Tags: u.Tags, Condition: u.Condition, TrialUntil: u.TrialUntil, TermUntil: u.TermUntil, CreatedAt: u.CreatedAt, ActivatedAt: u.ActivatedAt,
		CancelledAt: u.CancelledAt, EndedAt: u.EndedAt, ETag: u.ETag}
}

// ServiceDetail is a service with its history.
type ServiceDetail struct {
	Service
	Prices []PriceSpan `json:"prices" nullable:"false"`
	Spans  []Span      `json:"spans" nullable:"false"`
}

// PriceSpan is a stretch of time in which one price holds.
type PriceSpan struct {
	From      time.Time       `json:"from"`
	To        time.Time       `json:"to,omitzero"`
	Plan      string          `json:"plan"`
	PriceHash string          `json:"priceHash"`
	Price     json.RawMessage `json:"price"`
}

// Span is a stretch of time in one state.
type Span struct {
	From    time.Time             `json:"from"`
	To      time.Time             `json:"to,omitzero"`
	State   subscription.State    `json:"state"`
	Reasons []subscription.Reason `json:"reasons,omitempty"`
}

func serviceDetail(d subscription.Detail) ServiceDetail {
	out := ServiceDetail{Service: service(d.Subscription), Prices: []PriceSpan{}, Spans: []Span{}}
	for _, p := range d.Prices {
		out.Prices = append(out.Prices, PriceSpan{From: p.From, To: p.To, Plan: p.Plan, PriceHash: p.PriceHash, Price: p.Price})
	}
	for _, p := range d.Spans {
		out.Spans = append(out.Spans, Span(p))
	}
	return out
}

// Connection is how to reach a service, with what its engine said the customer must know.
type Connection struct {
	Outputs map[string]string `json:"outputs"`
	Secrets map[string]string `json:"secrets,omitempty"`
}

// ServiceChange asks for another plan or other settings.
type ServiceChange struct {
	Plan       string          `json:"plan,omitempty" doc:"empty keeps it"`
	Parameters json.RawMessage `json:"parameters,omitempty" doc:"left out keeps them"`
}

// ServiceTags are a customer's own words on a service.
type ServiceTags struct {
	Tags subscription.Tags `json:"tags" nullable:"false" doc:"at most 20; none takes them all away"`
}

// ServicePath names a service in the address.
type ServicePath struct {
	Service string `path:"service"`
}

const servicesTag = "services"

func (s *server) serviceRoutes() {
	add(s, route{method: http.MethodGet, path: "/services", id: "listServices", summary: "Services, newest first", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org    string `query:"org" doc:"empty: the caller's"`
			Branch bool   `query:"branch" doc:"also of all organisations below it"`
			State  string `query:"state"`
			Tag    string `query:"tag" doc:"only those that bear it: key=value"`
		}) (*Body[List[Service]], error) {
			page, err := s.Subscriptions.Services(ctx, c, subscription.Filter{Org: orgOr(in.Org, c), Branch: in.Branch, State: subscription.State(in.State), Tag: in.Tag, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(page.Subscriptions, page.Next, service, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/subscribers", id: "listSubscribers", summary: "Who has a publisher's offers: organisations, no people", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Page
		}) (*Body[List[Service]], error) {
			page, err := s.Subscriptions.Subscribers(ctx, c, in.Org, in.Cursor, in.Limit)
			return listOf(page.Subscriptions, page.Next, service, err)
		})
	add(s, route{method: http.MethodGet, path: "/services/{service}", id: "getService", summary: "One service with its history", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *ServicePath) (*Tagged[ServiceDetail], error) {
			d, err := s.Subscriptions.Service(ctx, c, in.Service)
			return tagged(serviceDetail(d), d.ETag, err)
		})
	add(s, route{method: http.MethodPost, path: "/services/{service}/change", id: "changeService", summary: "Order another plan or other settings", tag: servicesTag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128"`
			Body ServiceChange
		}) (*Tagged[Order], error) {
			seen, err := s.Subscriptions.Service(ctx, c, in.Service)
			if err != nil {
				return nil, err
			}
			o, err := s.Orders.Place(ctx, c, order.PlaceInput{Key: in.Key, Org: seen.Org, Items: []order.ItemInput{
				{Action: order.ActionChange, Subscription: in.Service, Plan: in.Body.Plan, Parameters: in.Body.Parameters}}})
			return tagged(orderWire(o), o.ETag, err)
		})
	add(s, route{method: http.MethodPut, path: "/services/{service}/tags", id: "tagService", summary: "Replace the tags of a service", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Body ServiceTags
		}) (*Tagged[Service], error) {
			u, err := s.Subscriptions.SetTags(ctx, c, in.Service, in.Body.Tags)
			return tagged(service(u), u.ETag, err)
		})
	s.serviceCommand("suspend", "suspendService", "Stop a service for a while", s.Subscriptions.SuspendService)
	s.serviceCommand("resume", "resumeService", "Let a service go on", s.Subscriptions.ResumeService)
	s.serviceCommand("cancel", "cancelService", "End a service", s.Subscriptions.CancelService)
	s.resourceRoutes()
}

func (s *server) serviceCommand(word, id, summary string, f func(ctx context.Context, c access.Caller, id string) (subscription.Subscription, error)) {
	add(s, route{method: http.MethodPost, path: "/services/{service}/" + word, id: id, summary: summary, tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			IfMatch string `header:"If-Match"`
		}) (*Tagged[Service], error) {
			if in.IfMatch != "" {
				seen, err := s.Subscriptions.Service(ctx, c, in.Service)
				if err != nil {
					return nil, err
				}
				if err := ifMatch(in.IfMatch, seen.ETag); err != nil {
					return nil, err
				}
			}
			u, err := f(ctx, c, in.Service)
			return tagged(service(u), u.ETag, err)
		})
}

// Run is one operation on a resource.
type Run struct {
	ID        string             `json:"id"`
	Resource  string             `json:"resource"`
	Action    provision.Action   `json:"action"`
	Phase     provision.Phase    `json:"phase"`
	Attempt   int                `json:"attempt"`
	Percent   int                `json:"percent"`
	Message   string             `json:"message,omitempty"`
	Need      *provision.Need    `json:"need,omitempty" doc:"what it waits for"`
	Failure   *provision.Failure `json:"failure,omitempty"`
	Leftovers []string           `json:"leftovers,omitempty"`
	Deadline  time.Time          `json:"deadline,omitzero"`
	StartedAt time.Time          `json:"startedAt,omitzero"`
	EndedAt   time.Time          `json:"endedAt,omitzero"`
}

func run(r provision.Run) Run {
	return Run{ID: r.ID, Resource: r.Resource, Action: r.Action, Phase: r.Phase, Attempt: r.Attempt, Percent: r.Percent, Message: r.Message, Need: r.Need,
		Failure: r.Failure, Leftovers: r.Leftovers, Deadline: r.Deadline, StartedAt: r.StartedAt, EndedAt: r.EndedAt}
}

// Interval is a stretch of observed availability; the present one has no end.
type Interval struct {
	From      time.Time           `json:"from"`
	To        time.Time           `json:"to,omitzero"`
	Condition provision.Condition `json:"condition"`
	Detail    string              `json:"detail,omitempty"`
}

// History is what was done to a resource and how it was.
type History struct {
	Runs      []Run      `json:"runs" nullable:"false"`
	Intervals []Interval `json:"intervals" nullable:"false"`
}

func history(runs []provision.Run, intervals []provision.Interval) History {
	h := History{Runs: []Run{}, Intervals: []Interval{}}
	for _, r := range runs {
		h.Runs = append(h.Runs, run(r))
	}
	for _, i := range intervals {
		h.Intervals = append(h.Intervals, Interval(i))
	}
	return h
}

func (s *server) resourceRoutes() {
	add(s, route{method: http.MethodGet, path: "/services/{service}/connection", id: "getConnection", summary: "How to reach a service, with its secrets", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *ServicePath) (*Body[Connection], error) {
			r, err := s.Resources.Of(ctx, c, in.Service)
			if err != nil {
				return nil, err
			}
			secrets, err := s.Resources.SecretsOf(ctx, c, r.ID)
			return body(Connection{Outputs: r.Outputs, Secrets: secrets}, err)
		})
	add(s, route{method: http.MethodGet, path: "/services/{service}/history", id: "getHistory", summary: "What was done to a service and how available it was", tag: servicesTag},
		func(ctx context.Context, c access.Caller, in *ServicePath) (*Body[History], error) {
			r, err := s.Resources.Of(ctx, c, in.Service)
			if err != nil {
				return nil, err
			}
			runs, intervals, err := s.Resources.History(ctx, c, r.ID)
			return body(history(runs, intervals), err)
		})
}
