package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/signin"
)

// Copy is one copy of data with all that is known of its place.
type Copy struct {
	ID           string             `json:"id"`
	Org          string             `json:"org" doc:"whose data"`
	Service      string             `json:"service,omitempty"`
	Kind         provision.CopyKind `json:"kind" enum:"primary,replica,snapshot,backup,export,log,key,cache,technical"`
	Name         string             `json:"name,omitempty" doc:"what it is, of the platform's own data"`
	Class        string             `json:"class"`
	Country      string             `json:"country,omitempty"`
	City         string             `json:"city,omitempty"`
	Region       string             `json:"region,omitempty"`
	Cloud        string             `json:"cloud,omitempty"`
	Operator     string             `json:"operator,omitempty" doc:"who operates the place"`
	Laws         []string           `json:"laws" nullable:"false" doc:"countries whose law reaches the operator; ? where that is not known"`
	Evidence     residency.Evidence `json:"evidence" enum:"declared,certified,listed,measured,own_key" doc:"how well the place is known, weakest first"`
	State        copies.State       `json:"state" enum:"expected,present,missing,unregistered,leaving,gone"`
	Allowed      bool               `json:"allowed" doc:"by the policy and the rules of now"`
	Reasons      []residency.Reason `json:"reasons" nullable:"false" doc:"every one, when it is not allowed"`
	Bytes        int64              `json:"bytes"`
	Object       string             `json:"object,omitempty" doc:"the engine's own name"`
	Complete     bool               `json:"complete" doc:"the engine lists every copy that it has"`
	SeenAt       *time.Time         `json:"seenAt,omitempty" doc:"when the engine last listed it"`
	RegisteredAt time.Time          `json:"registeredAt"`
	Incident     *CopyIncident      `json:"incident,omitempty" doc:"that is open"`
}

// CopyIncident is a copy that is there and should not be, or should be and is not.
type CopyIncident struct {
	ID       string       `json:"id"`
	Copy     string       `json:"copy"`
	Kind     copies.State `json:"kind" enum:"unregistered,missing"`
	OpenedAt time.Time    `json:"openedAt"`
	ClosedAt *time.Time   `json:"closedAt,omitempty"`
	How      copies.How   `json:"how,omitempty" doc:"it ended: vanished, found, adopted or retired"`
	Note     string       `json:"note,omitempty"`
}

// CopyLook is when a region's engine was last asked for its copies.
type CopyLook struct {
	Region   string     `json:"region"`
	Driver   string     `json:"driver"`
	Complete bool       `json:"complete" doc:"it lists every copy, not only the services themselves"`
	Found    int64      `json:"found"`
	At       *time.Time `json:"at,omitempty" doc:"of the last answer"`
	FailedAt *time.Time `json:"failedAt,omitempty" doc:"since when it does not answer"`
}

// CopyCycle is what one look at all engines found.
type CopyCycle struct {
	Regions int `json:"regions" doc:"asked"`
	Silent  int `json:"silent" doc:"that did not answer"`
	Copies  int `json:"copies"`
	Opened  int `json:"opened" doc:"incidents"`
	Closed  int `json:"closed"`
}

// NewCopy is a copy to be registered.
type NewCopy struct {
	Service string             `json:"service" doc:"whose data it holds"`
	Kind    provision.CopyKind `json:"kind" enum:"replica,snapshot,backup,export,log,key,cache"`
	Region  string             `json:"region"`
	Object  string             `json:"object,omitempty" maxLength:"400" doc:"the engine's name, where it is there already"`
}

func wireCopy(p copies.Placed) Copy {
	out := Copy{ID: p.ID, Org: p.Org, Service: p.Subscription, Kind: p.Kind, Name: p.Name, Class: p.Class, Country: p.Country, City: p.City, Region: p.Region, Cloud: p.Cloud,
		Operator: p.Keeper, Laws: append([]string{}, p.Laws...), Evidence: p.Evidence, State: p.State, Allowed: p.Verdict.Allowed, Reasons: append([]residency.Reason{}, p.Verdict.Reasons...),
		Bytes: p.Bytes, Object: p.Object, Complete: p.Listed, SeenAt: maybe(p.SeenAt), RegisteredAt: p.FirstAt}
	if p.Incident != nil {
		i := copyIncident(*p.Incident)
		out.Incident = &i
	}
	return out
}

func copyIncident(i copies.Incident) CopyIncident {
	return CopyIncident{ID: i.ID, Copy: i.Copy, Kind: i.Kind, OpenedAt: i.OpenedAt, ClosedAt: maybe(i.ClosedAt), How: i.How, Note: i.Note}
}

func copyLook(l copies.Look) CopyLook {
	return CopyLook{Region: l.Region, Driver: l.Driver, Complete: l.Complete, Found: l.Found, At: maybe(l.At), FailedAt: maybe(l.FailedAt)}
}

// maybe is nil for the zero instant.
func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CopyPath names a copy in the address.
type CopyPath struct {
	Copy string `path:"copy"`
}

// CopyNote is why something is done about a copy.
type CopyNote struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"the customer reads it"`
}

func (s *server) copyRoutes() {
	const tag = "copies"
	add(s, route{method: http.MethodGet, path: "/copies", id: "listCopies", summary: "Where data is: every copy, how well that is known, and why it may lie there", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org     string `query:"org" doc:"and everything below it; left out: the caller's"`
			Service string `query:"service"`
			State   string `query:"state" enum:"expected,present,missing,unregistered,leaving,gone" doc:"left out: all but those that are gone"`
		}) (*Body[List[Copy]], error) {
			q := copies.Query{Org: in.Org, Subscription: in.Service, State: copies.State(in.State), Limit: in.Limit}
			if err := unpack(in.Cursor, &q.After); err != nil {
				return nil, err
			}
			list, err := s.Copies.List(ctx, c, q)
			next := ""
			if len(list) == in.Limit {
				next = pack(list[len(list)-1].ID)
			}
			return listOf(list, next, wireCopy, err)
		})
	add(s, route{method: http.MethodGet, path: "/copies/{copy}", id: "getCopy", summary: "One copy of data", tag: tag},
		func(ctx context.Context, c access.Caller, in *CopyPath) (*Body[Copy], error) {
			one, err := s.Copies.One(ctx, c, in.Copy)
			return body(wireCopy(one), err)
		})
	s.raw(route{method: http.MethodGet, path: "/copies/export", id: "exportCopies", summary: "Every copy as CSV", tag: tag}, "/copies/export",
		rawDoc{gives: []string{"text/csv"}, query: []string{"org"}}, func(w http.ResponseWriter, r *http.Request) error {
			return s.file(w, r, "text/csv; charset=utf-8", "copies.csv", func(out io.Writer) error {
				return s.Copies.WriteCSV(r.Context(), signin.CallerOf(r.Context()), copies.Query{Org: r.URL.Query().Get("org")}, out)
			})
		})
	s.copyChangeRoutes(tag)
}

func (s *server) copyChangeRoutes(tag string) {
	add(s, route{method: http.MethodPost, path: "/copies", id: "registerCopy", summary: "Register a copy: its place is judged as the service's own", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct{ Body NewCopy }) (*Body[Copy], error) {
			made, err := s.Copies.Add(ctx, c, copies.NewCopy{Subscription: in.Body.Service, Kind: in.Body.Kind, Region: in.Body.Region, Object: in.Body.Object})
			if err != nil {
				return nil, err
			}
			one, err := s.Copies.One(ctx, c, made.ID)
			return body(wireCopy(one), err)
		})
	change := func(verb, id, summary string, do func(ctx context.Context, c access.Caller, copyID, note string) (copies.Copy, error)) {
		add(s, route{method: http.MethodPost, path: "/copies/{copy}/" + verb, id: id, summary: summary, tag: tag},
			func(ctx context.Context, c access.Caller, in *struct {
				CopyPath
				Body CopyNote
			}) (*Body[Copy], error) {
				if _, err := do(ctx, c, in.Copy, in.Body.Reason); err != nil {
					return nil, err
				}
				one, err := s.Copies.One(ctx, c, in.Copy)
				return body(wireCopy(one), err)
			})
	}
	change("adopt", "adoptCopy", "Register a copy that was found and that nobody had registered", s.Copies.Adopt)
	change("retire", "retireCopy", "Say that a copy need not be there any more", s.Copies.Retire)
	add(s, route{method: http.MethodGet, path: "/copy-incidents", id: "listCopyIncidents", summary: "Copies that were there and should not be, or should have been and were not; newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Org  string `query:"org" doc:"left out: the caller's"`
			Open bool   `query:"open" doc:"only those that are not over"`
		}) (*Body[List[CopyIncident]], error) {
			list, err := s.Copies.Incidents(ctx, c, in.Org, in.Open, 1000)
			return listOf(list, "", copyIncident, err)
		})
	add(s, route{method: http.MethodGet, path: "/copy-looks", id: "listCopyLooks", summary: "When each region's engine was last asked for its copies", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[CopyLook]], error) {
			list, err := s.Copies.Looks(ctx, c)
			return listOf(list, "", copyLook, err)
		})
	add(s, route{method: http.MethodPost, path: "/copies/look", id: "lookAtCopies", summary: "Ask every engine for its copies now", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[CopyCycle], error) {
			cycle, err := s.Copies.LookNow(ctx, c)
			return body(CopyCycle(cycle), err)
		})
}
