package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/meter"
)

// Dispute is a customer's doubt about events that a usage window counted.
type Dispute struct {
	ID          string             `json:"id"`
	Tenant      string             `json:"tenant" doc:"the customer's organisation"`
	Publisher   string             `json:"publisher"`
	Service     string             `json:"service"`
	Window      string             `json:"window"`
	State       meter.DisputeState `json:"state" enum:"open,refused,escalated,accepted,settled,upheld,withdrawn"`
	Reason      string             `json:"reason" doc:"of the customer"`
	Answer      string             `json:"answer,omitempty" doc:"of the publisher, or in the end of the operator"`
	OpenedAt    time.Time          `json:"openedAt"`
	ChangedAt   time.Time          `json:"changedAt"`
	Events      []DisputedEvent    `json:"events,omitempty" doc:"left out in lists"`
	Corrections []UsageWindow      `json:"corrections,omitempty" doc:"once settled: closed windows that correct the time of the window; left out in lists"`
}

// DisputedEvent is one event in doubt.
type DisputedEvent struct {
	ID      string `json:"id"`
	Event   string `json:"event" doc:"as it was counted, canonical JSON"`
	Claim   string `json:"claim,omitempty" doc:"the amount that would be right; none: the event should not count"`
	Outcome string `json:"outcome,omitempty" doc:"accepted, or why the correction did not count"`
}

func dispute(d meter.Dispute) Dispute {
	out := Dispute{ID: d.ID, Tenant: d.Tenant, Publisher: d.Publisher, Service: d.Subject, Window: d.Window, State: d.State, Reason: d.Reason, Answer: d.Answer,
		OpenedAt: d.OpenedAt, ChangedAt: d.ChangedAt}
	for _, e := range d.Events {
		out.Events = append(out.Events, DisputedEvent(e))
	}
	return out
}

// DisputeClaim names an event and what would be right.
type DisputeClaim struct {
	ID    string `json:"id" doc:"of the event in the window"`
	Claim string `json:"claim,omitempty" doc:"the amount that would be right, as a decimal integer; none: the event should not count"`
}

// DisputePath names a dispute in the path.
type DisputePath struct {
	Dispute string `path:"dispute"`
}

// Answered is a command with a reason.
type Answered struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"both sides read it: no personal data"`
}

func (s *server) disputeRoutes() {
	const tag = "usage"
	add(s, route{method: http.MethodPost, path: "/disputes", id: "openDispute", summary: "Dispute events that a usage window counted", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			Body struct {
				Window string         `json:"window"`
				Events []DisputeClaim `json:"events" nullable:"false" minItems:"1" maxItems:"500"`
				Reason string         `json:"reason" minLength:"1" maxLength:"1000" doc:"both sides read it: no personal data"`
			}
		}) (*Body[Dispute], error) {
			input := meter.DisputeInput{Window: in.Body.Window, Reason: in.Body.Reason}
			for _, e := range in.Body.Events {
				input.Events = append(input.Events, meter.DisputedEvent{ID: e.ID, Claim: e.Claim})
			}
			d, err := s.Meters.Dispute(ctx, c, input)
			return body(dispute(d), err)
		})
	add(s, route{method: http.MethodGet, path: "/disputes", id: "listDisputes", summary: "Disputes that an organisation opened or is asked in, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org    string `query:"org" doc:"empty: the caller's"`
			State  string `query:"state" enum:"open,refused,escalated,accepted,settled,upheld,withdrawn" doc:"only these"`
			Window string `query:"window" doc:"only those about this window"`
		}) (*Body[List[Dispute]], error) {
			filter := meter.DisputeFilter{State: meter.DisputeState(in.State), Window: in.Window}
			list, err := s.Meters.Disputes(ctx, c, orgOr(in.Org, c), filter, in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].ID
			}
			return listOf(list, next, dispute, err)
		})
	add(s, route{method: http.MethodGet, path: "/disputes/{dispute}", id: "getDispute", summary: "One dispute with its events", tag: tag},
		func(ctx context.Context, c access.Caller, in *DisputePath) (*Body[Dispute], error) {
			d, err := s.Meters.OneDispute(ctx, c, in.Dispute)
			if err != nil {
				return nil, err
			}
			out := dispute(d)
			fixed, err := s.Meters.Corrections(ctx, c, in.Dispute)
			for _, w := range fixed {
				out.Corrections = append(out.Corrections, usageWindow(w))
			}
			return body(out, err)
		})
	s.disputeCommand("accept", "acceptDispute", "Give the customer right: the events are corrected", s.Meters.AcceptDispute)
	s.disputeCommand("refuse", "refuseDispute", "Say why the events count as they are", s.Meters.RefuseDispute)
	s.disputeCommand("escalate", "escalateDispute", "Ask the operator after the publisher has refused", s.Meters.EscalateDispute)
	s.disputeCommand("withdraw", "withdrawDispute", "End a dispute: what was counted is right",
		func(ctx context.Context, c access.Caller, id, _ string) (meter.Dispute, error) {
			return s.Meters.WithdrawDispute(ctx, c, id)
		})
}

func (s *server) disputeCommand(word, id, summary string, do func(ctx context.Context, c access.Caller, id, reason string) (meter.Dispute, error)) {
	add(s, route{method: http.MethodPost, path: "/disputes/{dispute}/" + word, id: id, summary: summary, tag: "usage"},
		func(ctx context.Context, c access.Caller, in *struct {
			DisputePath
			Body Answered
		}) (*Body[Dispute], error) {
			d, err := do(ctx, c, in.Dispute, in.Body.Reason)
			return body(dispute(d), err)
		})
}
