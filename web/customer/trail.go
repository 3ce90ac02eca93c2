package customer

import (
	"embed"
	"io/fs"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/seal"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/customer.css
var style string

// Shared is the desk that holds what the customer's pages share: templates, no routes.
func Shared() (site.Desk, error) {
	pages, err := fs.Sub(files, "pages")
	return site.Desk{Name: "customer", Pages: pages, Routes: func(*site.Router) {}}, err
}

// Style is the style that these templates need; a desk that shows them adds it to its own.
func Style() string { return style }

// Trail is facts in words, each with its seal. Template "customer/trail".
type Trail struct {
	Entries []Step
	More    *part.Link
}

// Step is one fact.
type Step struct {
	At    time.Time
	Text  string
	Actor string
	About string
	Seal  seal.Seal
}

// May answers whether the caller may do something in the organisation acted for.
func May(s site.Services, r *site.Request, a access.Action) error {
	return s.Policy.Check(r.Caller, a, access.Resource{Type: "organisation", Org: r.Caller.Org, OrgName: r.Caller.OrgName, Path: r.Caller.Path})
}

// About is the trail of one thing, newest first; empty for somebody who may not read facts.
func About(s site.Services, r *site.Request, aggregate string) (Trail, error) {
	if May(s, r, access.FactRead) != nil {
		return Trail{}, nil
	}
	list, err := s.Facts.About(r.Context(), r.Caller.Org, aggregate)
	if err != nil {
		return Trail{}, err
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return Tell(s, r, list)
}

// Tell turns facts into words. The caller was authorised to read them.
func Tell(s site.Services, r *site.Request, list []trace.Entry) (Trail, error) {
	var t Trail
	names := map[string]string{}
	if members, err := s.Parties.Members(r.Context(), r.Caller, r.Caller.Org); err == nil {
		for _, m := range members {
			names["person:"+m.Person.ID] = m.Person.Contact.Name
		}
	}
	for _, e := range list {
		stamp, err := Stamp(s, r, e)
		if err != nil {
			return t, err
		}
		t.Entries = append(t.Entries, Step{At: e.At, Text: Words(r, e.Type), Actor: actor(r, e.Actor, names), About: e.Aggregate, Seal: stamp})
	}
	return t, nil
}

// Words says a type of fact in words.
func Words(r *site.Request, kind string) string {
	base := kind
	if i := strings.LastIndex(kind, ".v"); i > 0 {
		base = kind[:i]
	}
	if key := "fact." + base; r.L.Has(key) {
		return r.T(key)
	}
	return kind
}

func actor(r *site.Request, ref string, names map[string]string) string {
	kind, id, _ := strings.Cut(ref, ":")
	switch {
	case ref == r.Caller.Ref():
		return r.T("actor.you")
	case names[ref] != "":
		return names[ref]
	case kind == "system" && r.L.Has("actor.system."+id):
		return r.T("actor.system." + id)
	case kind == "system":
		return r.T("actor.system")
	case kind == "token":
		return r.T("actor.token")
	}
	return r.T("actor.other")
}

// Stamp is the seal of a fact as the organisation acted for can check it.
func Stamp(s site.Services, r *site.Request, e trace.Entry) (seal.Seal, error) {
	out := seal.Seal{State: seal.Pending, At: e.At}
	if s.Log == nil {
		return out, nil
	}
	state, err := s.Facts.Seal(r.Context(), s.Log, r.Caller.Org, e.ID)
	switch {
	case fail.Is(err, fail.NotFound), fail.Is(err, fail.Unavailable): // on its way into the log
		return out, nil
	case err != nil:
		return out, err
	}
	out.Index = int64(state.Index)
	if state.Published {
		out.State, out.Checkpoint, out.Origin = seal.Verified, int64(state.Size), Origin(s)
		out.Download = "/facts/" + e.ID
		out.Command = r.Site().Options().Commands.Program + " verify receipt " + e.ID + ".json"
	}
	return out, nil
}

// Origin is the name of the log.
func Origin(s site.Services) string {
	if s.Log == nil {
		return ""
	}
	origin, _, _ := strings.Cut(s.Log.Key, "+")
	return origin
}
