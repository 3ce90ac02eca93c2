package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

// UsagePoint is the amount of one meter in one step.
type UsagePoint struct {
	Service  string    `json:"service"`
	Meter    string    `json:"meter"`
	Labels   string    `json:"labels,omitempty" doc:"dimensions as canonical JSON"`
	Start    time.Time `json:"start"`
	Quantity string    `json:"quantity" doc:"decimal integer"`
	Events   int64     `json:"events"`
}

func usagePoint(p usage.Point) UsagePoint {
	return UsagePoint{Service: p.Subject, Meter: p.Meter, Labels: p.Labels, Start: p.Start, Quantity: p.Quantity.String(), Events: p.Events}
}

// UsageWindow is a closed window.
type UsageWindow struct {
	ID       string      `json:"id"`
	Service  string      `json:"service"`
	Source   string      `json:"source,omitempty"`
	Kind     usage.Kind  `json:"kind"`
	Corrects string      `json:"corrects,omitempty"`
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to"`
	Events   int64       `json:"events"`
	Sums     []proof.Sum `json:"sums"`
	Digest   string      `json:"digest" doc:"Merkle root over the sorted event hashes, hex"`
	ClosedAt time.Time   `json:"closedAt"`
}

func usageWindow(w usage.Window) UsageWindow {
	p := w.Proof()
	return UsageWindow{ID: w.ID, Service: w.Subject, Source: w.Source, Kind: w.Kind, Corrects: w.Corrects, From: w.From, To: w.To, Events: w.Events,
		Sums: p.Sums, Digest: p.Digest, ClosedAt: w.ClosedAt}
}

// HeldEvent is an event in the quarantine.
type HeldEvent struct {
	Held       string       `json:"held" doc:"its place in the quarantine, for a decision"`
	Publisher  string       `json:"publisher"`
	Tenant     string       `json:"tenant,omitempty"`
	Source     string       `json:"source"`
	ID         string       `json:"id"`
	Service    string       `json:"service"`
	Reason     usage.Reason `json:"reason"`
	Text       string       `json:"text"`
	ReceivedAt time.Time    `json:"receivedAt"`
	Times      int64        `json:"times"`
	Event      string       `json:"event,omitempty" doc:"what it says, canonical JSON; left out in lists"`
}

// HeldPath names an event in the quarantine.
type HeldPath struct {
	Event string `path:"event" doc:"its place in the quarantine"`
}

// Decided is a decision about a held event.
type Decided struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"publisher and operator read it: no personal data"`
}

func heldEvent(h usage.Held) HeldEvent {
	return HeldEvent{Held: h.Cursor, Event: h.Event, Publisher: h.Publisher, Tenant: h.Tenant, Source: h.Source, ID: h.ID, Service: h.Subject, Reason: h.Reason, Text: h.Reason.Text(),
		ReceivedAt: h.ReceivedAt, Times: h.Times}
}

// UsageQuery asks for the amounts of a chart.
type UsageQuery struct {
	Org     string    `query:"org" doc:"empty: the caller's"`
	Service string    `query:"service"`
	Meter   string    `query:"meter"`
	From    time.Time `query:"from" required:"true"`
	To      time.Time `query:"to" required:"true"`
	Step    string    `query:"step" default:"1h" doc:"a multiple of 15m, such as 1h or 24h"`
	Offset  string    `query:"offset" doc:"of the zone from UTC, such as 2h, so that a step may be a civil day"`
}

func (q UsageQuery) query() (usage.Query, error) {
	out := usage.Query{Subject: q.Service, Meter: q.Meter, From: q.From, To: q.To}
	for name, d := range map[string]struct {
		text string
		to   *time.Duration
	}{"step": {q.Step, &out.Step}, "offset": {q.Offset, &out.Offset}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil {
			return out, fail.New(fail.Invalid, "api.duration", d.text+" is no duration.", "Write it as 15m, 1h or 24h.").Field(name, "is no duration")
		}
		*d.to = v
	}
	return out, nil
}

func (s *server) usageRoutes() {
	const tag = "usage"
	add(s, route{method: http.MethodGet, path: "/usage", id: "getUsage", summary: "Amounts by step, with what is in no closed window yet", tag: tag},
		func(ctx context.Context, c access.Caller, in *UsageQuery) (*Body[List[UsagePoint]], error) {
			q, err := in.query()
			if err != nil {
				return nil, err
			}
			points, err := s.Meters.Usage(ctx, c, orgOr(in.Org, c), q)
			return listOf(points, "", usagePoint, err)
		})
	add(s, route{method: http.MethodGet, path: "/services/{service}/windows", id: "listWindows", summary: "Closed usage windows of a service", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Page
		}) (*Body[List[UsageWindow]], error) {
			var after int64
			if err := unpack(in.Cursor, &after); err != nil {
				return nil, err
			}
			page, err := s.Meters.Windows(ctx, c, in.Service, after, in.Limit)
			next := ""
			if page.Next != 0 {
				next = pack(page.Next)
			}
			return listOf(page.Windows, next, usageWindow, err)
		})
	add(s, route{method: http.MethodGet, path: "/windows/{window}", id: "getWindow", summary: "One closed usage window", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Window string `path:"window"`
		}) (*Body[UsageWindow], error) {
			w, err := s.Meters.Window(ctx, c, in.Window)
			return body(usageWindow(w), err)
		})
	s.raw(route{method: http.MethodGet, path: "/windows/{window}/file", id: "getWindowFile", summary: "A window with its events, to be verified offline", tag: tag},
		"/windows/{window}/file", rawDoc{gives: []string{"application/json"}}, s.windowFile)
	s.raw(route{method: http.MethodGet, path: "/windows/{window}/events", id: "getWindowEvents", summary: "The events of a window in the compact binary form, for windows of many events", tag: tag},
		"/windows/{window}/events", rawDoc{gives: []string{"application/octet-stream"}}, s.windowEvents)
	add(s, route{method: http.MethodGet, path: "/quarantine", id: "listQuarantine", summary: "Events that count nowhere, and why", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org       string `query:"org" doc:"empty: the caller's"`
			Reason    string `query:"reason" doc:"only those held for it"`
			Publisher string `query:"publisher" doc:"only of this one, for the operator"`
			Source    string `query:"source" doc:"only of this one"`
		}) (*Body[List[HeldEvent]], error) {
			filter := usage.HeldFilter{Reason: usage.Reason(in.Reason), Publisher: in.Publisher, Source: in.Source}
			list, err := s.Meters.Quarantine(ctx, c, orgOr(in.Org, c), filter, in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].Cursor
			}
			return listOf(list, next, heldEvent, err)
		})
	s.quarantineRoutes(tag)
	s.qualityRoutes(tag)
	s.disputeRoutes()
}

func (s *server) quarantineRoutes(tag string) {
	add(s, route{method: http.MethodGet, path: "/quarantine/{event}", id: "getHeldEvent", summary: "One event in the quarantine, with what it says", tag: tag},
		func(ctx context.Context, c access.Caller, in *HeldPath) (*Body[HeldEvent], error) {
			h, err := s.Meters.HeldEvent(ctx, c, in.Event)
			return body(heldEvent(h), err)
		})
	for _, d := range []struct {
		word, id, summary string
		do                func(ctx context.Context, c access.Caller, held, reason string) error
	}{
		{"release", "releaseHeldEvent", "Let a held event be judged again: by the operator whatever the cut-off says, by its publisher as if it was sent again", s.Meters.Release},
		{"reject", "rejectHeldEvent", "Take a held event out of the quarantine for good", s.Meters.Reject},
	} {
		add(s, route{method: http.MethodPost, path: "/quarantine/{event}/" + d.word, id: d.id, summary: d.summary, tag: tag, status: http.StatusNoContent},
			func(ctx context.Context, c access.Caller, in *struct {
				HeldPath
				Body Decided
			}) (*Empty, error) {
				return empty(d.do(ctx, c, in.Event, in.Body.Reason))
			})
	}
}

func (s *server) windowEvents(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("window")
	return s.file(w, r, "application/octet-stream", id+".events", func(w io.Writer) error {
		out := proof.NewEventsWriter(w)
		if err := s.Meters.WriteEvents(r.Context(), callerOf(r), id, out); err != nil {
			return err
		}
		return out.Close()
	})
}

func (s *server) windowFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Meters.WindowFile(r.Context(), callerOf(r), r.PathValue("window"))
	if err != nil {
		return err
	}
	return s.file(w, r, "application/json", f.Window.ID+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(f) })
}
