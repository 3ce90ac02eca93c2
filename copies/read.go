package copies

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// Placed is a copy with all that is known of its place.
type Placed struct {
	Copy
	Country  string // ISO 3166-1 alpha-2; "" where nobody knows
	City     string
	Cloud    string // name
	Keeper   string // who operates the place, by name
	Laws     []string
	Evidence residency.Evidence
	SeenAt   time.Time // when the engine last listed it; zero for never
	Silent   bool      // the engine does not answer now
	Listed   bool      // the engine lists every copy, so that an unregistered one would be seen
	Verdict  residency.Verdict
	Incident *Incident // that is open
}

// Query says which copies. All may be empty.
type Query struct {
	Org          string // and everything below it; "": the caller's
	Subscription string
	State        State // "": all but those that are gone
	After        string
	Limit        int // 100 when zero, at most 1,000
}

// List gives copies with their places, and why they may lie there, in the order of their ids (copy.read).
func (s *Register) List(ctx context.Context, c access.Caller, q Query) (list []Placed, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		path, err := s.scope(tx, c, q.Org)
		if err != nil {
			return err
		}
		found, err := store.All(tx, scanCopy, "SELECT "+copyColumns+` FROM copy WHERE org_path >= $1 AND org_path < $2 AND id > $3 AND ($4 = '' OR subscription = $4)
			AND (state = $5 OR $5 = '' AND state <> $6) ORDER BY id LIMIT $7`, path, path+"~", q.After, q.Subscription, q.State, StateGone, limit(q.Limit))
		if err != nil {
			return err
		}
		list, err = s.placed(tx, found)
		return err
	})
	return list, err
}

func limit(n int) int {
	if n <= 0 {
		return 100
	}
	return min(n, 1000)
}

// scope is the branch that a caller asks about; another's is not found.
func (s *Register) scope(tx *store.Tx, c access.Caller, org string) (string, error) {
	on := access.Resource{Type: "copies", Org: c.Org, Path: c.Path}
	if org != "" && org != c.Org {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return "", err
		}
		on = o.Resource("organisation", o.ID)
	}
	return on.Path, s.Policy.Check(c, access.CopyRead, on)
}

// One gives a copy (copy.read).
func (s *Register) One(ctx context.Context, c access.Caller, copyID string) (out Placed, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		one, err := selectCopy(tx, copyID)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.CopyRead, resourceOf(one)); err != nil {
			return err
		}
		list, err := s.placed(tx, []Copy{one})
		if err == nil {
			out = list[0]
		}
		return err
	})
	return out, err
}

// placed adds to copies what is known of their places.
func (s *Register) placed(tx *store.Tx, list []Copy) ([]Placed, error) {
	if len(list) == 0 {
		return nil, nil
	}
	j, err := s.judge(tx, list)
	if err != nil {
		return nil, err
	}
	looks, err := selectLooks(tx)
	if err != nil {
		return nil, err
	}
	incidents, err := openIncidents(tx, list)
	if err != nil {
		return nil, err
	}
	places := newPlaces(j.facts, looks)
	out := make([]Placed, len(list))
	for i, c := range list {
		out[i] = places.of(c)
		out[i].Verdict = j.verdict(c)
		if one, ok := incidents[c.ID]; ok {
			out[i].Incident = &one
		}
	}
	return out, nil
}

func openIncidents(tx *store.Tx, list []Copy) (map[string]Incident, error) {
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	out := map[string]Incident{}
	for places, args := range store.In(ids) {
		found, err := store.All(tx, scanIncident, "SELECT "+incidentColumns+" FROM copy_incident WHERE closed_at IS NULL AND copy IN "+places, args...)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			out[i.Copy] = i
		}
	}
	return out, nil
}

// places is what is known of every region.
type places struct {
	regions  map[string]residency.Region
	clouds   map[string]residency.Cloud
	entities map[string]string
	laws     map[string][]string
	looks    map[string]Look
}

func newPlaces(f *residency.Facts, looks []Look) *places {
	p := &places{regions: map[string]residency.Region{}, clouds: map[string]residency.Cloud{}, entities: map[string]string{}, laws: f.AllLaws(), looks: map[string]Look{}}
	for _, r := range f.Regions {
		p.regions[r.Key] = r
	}
	for _, c := range f.Clouds {
		p.clouds[c.Key] = c
	}
	for _, e := range f.Entities {
		p.entities[e.Key] = e.Name
	}
	for _, l := range looks {
		p.looks[l.Region] = l
	}
	return p
}

func (p *places) of(c Copy) Placed {
	look := p.looks[c.Region]
	out := Placed{Copy: c, Country: c.Country, City: c.City, Keeper: c.Keeper}
	if r, ok := p.regions[c.Region]; ok {
		cloud := p.clouds[r.Cloud]
		out.Country, out.City, out.Cloud, out.Keeper, out.Laws = r.Country, r.City, cloud.Name, p.entities[cloud.Operator], p.laws[cloud.Operator]
		out.Evidence = evidence(c, r.Evidence, look)
	} else {
		out.Evidence = evidence(c, "", Look{})
	}
	out.Silent, out.Listed = !look.FailedAt.IsZero(), look.Complete
	if c.State == StatePresent || c.State == StateUnregistered {
		out.SeenAt = look.At
	}
	return out
}

// Incidents lists incidents below the caller's organisation, the newest first, at most limit; open leaves out those that
// are over (copy.read).
func (s *Register) Incidents(ctx context.Context, c access.Caller, org string, open bool, n int) (list []Incident, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		path, err := s.scope(tx, c, org)
		if err != nil {
			return err
		}
		query := "SELECT " + incidentColumns + " FROM copy_incident WHERE org_path >= $1 AND org_path < $2"
		if open {
			query += " AND closed_at IS NULL"
		}
		list, err = store.All(tx, scanIncident, query+" ORDER BY id DESC LIMIT $3", path, path+"~", limit(n))
		return err
	})
	return list, err
}

// Looks lists when each region's engine was last asked (copy.read).
func (s *Register) Looks(ctx context.Context, c access.Caller) (list []Look, err error) {
	if err := s.Policy.Check(c, access.CopyRead, access.Resource{Type: "copies", Org: c.Org, Path: c.Path}); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = selectLooks(tx)
		return err
	})
	return list, err
}

// WriteCSV writes every copy that List would give, page after page: a line each, RFC 4180, in UTF-8 (copy.read).
func (s *Register) WriteCSV(ctx context.Context, c access.Caller, q Query, out io.Writer) error {
	w := csv.NewWriter(out)
	q.Limit = 1000
	head := false
	for {
		list, err := s.List(ctx, c, q)
		if err != nil {
			return err
		}
		if !head {
			head = true
			if err := w.Write(csvHead()); err != nil {
				return err
			}
		}
		for _, p := range list {
			if err := w.Write(p.line()); err != nil {
				return err
			}
		}
		if len(list) < q.Limit {
			w.Flush()
			return w.Error()
		}
		q.After = list[len(list)-1].ID
	}
}

func csvHead() []string {
	return []string{"copy", "organisation", "service", "kind", "name", "class", "country", "city", "region", "operator", "laws", "evidence", "state", "allowed", "reasons", "bytes", "object",
		"registered_at", "seen_at"}
}

func (p Placed) line() []string {
	reasons := ""
	for i, r := range p.Verdict.Reasons {
		if i > 0 {
			reasons += "; "
		}
		if reasons += r.Text; r.Clause != "" {
			reasons += " (" + r.Clause + ")"
		}
	}
	laws := ""
	for i, l := range slices.Sorted(slices.Values(p.Laws)) {
		if i > 0 {
			laws += " "
		}
		laws += l
	}
	return []string{p.ID, p.Org, p.Subscription, string(p.Kind), p.Name, p.Class, p.Country, p.City, p.Region, p.Keeper, laws, string(p.Evidence), string(p.State),
		strconv.FormatBool(p.Verdict.Allowed), reasons, strconv.FormatInt(p.Bytes, 10), plainCell(p.Object), instant(p.FirstAt), instant(p.SeenAt)}
}

// plainCell keeps what an engine calls a copy from being read as a formula by a spreadsheet.
func plainCell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@') {
		return "'" + s
	}
	return s
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Technical is a copy of the platform's own data.
type Technical struct {
	Name    string // "database": one row for each name
	Country string // ISO 3166-1 alpha-2; "" where nobody said
	City    string
	Object  string // what it is on the machine
}

// SetTechnical puts where the platform's own data lies into the register, for the operator at the machine: one row for each
// name, as it is now. It is declared, not listed; SecNumCloud 3.2, 19.2.e asks for it.
func (s *Register) SetTechnical(ctx context.Context, keeper string, list []Technical) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		had, err := store.All(tx, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE org = $1 AND kind = $2 AND state <> $3", s.Operator, provision.CopyTechnical, StateGone)
		if err != nil {
			return err
		}
		for _, t := range list {
			c := Copy{ID: s.IDs.New("cpy"), Org: s.Operator, Path: "/" + s.Operator + "/", Class: residency.ClassPersonal, Kind: provision.CopyTechnical, Name: t.Name, Object: t.Object,
				Country: t.Country, City: t.City, Keeper: keeper, State: StatePresent, Actor: system, FirstAt: s.Now(), ChangedAt: s.Now()}
			at := slices.IndexFunc(had, func(o Copy) bool { return o.Name == t.Name })
			if at >= 0 && had[at].Country == t.Country && had[at].City == t.City && had[at].Keeper == keeper && had[at].Object == t.Object {
				continue
			}
			if at >= 0 {
				had[at].State, had[at].ChangedAt = StateGone, s.Now()
				if err := updateCopy(tx, had[at]); err != nil {
					return err
				}
				if err := s.record(tx, system, FactRetired, had[at], false, Incident{How: HowRetired}); err != nil {
					return err
				}
			}
			if err := insertCopy(tx, c); err != nil {
				return err
			}
			if err := s.record(tx, system, FactRegistered, c, true, Incident{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exported is a copy as the page's JSON says it: the columns of the CSV by name.
type Exported map[string]string

// Export makes of copies what a program reads.
func Export(list []Placed) []Exported {
	out := make([]Exported, len(list))
	for i, p := range list {
		out[i] = Exported{}
		for n, cell := range p.line() {
			out[i][csvHead()[n]] = cell
		}
	}
	return out
}
