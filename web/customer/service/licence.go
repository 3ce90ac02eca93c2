package service

import (
	"net/http"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// hasLicences tells whether the service has licences that the caller may see.
func (d *pages) hasLicences(r *site.Request, s subscription.Subscription) bool {
	return d.Licences.Licensed(r.Context(), r.Caller, s.ID) == nil
}

// licencePage is by what right the software is used: seats, who holds them, licences and when they end.
func (d *pages) licencePage(r *site.Request) error {
	return d.showLicence(r, http.StatusOK, nil, nil)
}

// showLicence shows it with the forms that were refused, if any.
func (d *pages) showLicence(r *site.Request, status int, own, assign *site.FormView) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	v, err := d.Licences.Of(r.Context(), r.Caller, s.ID)
	if err != nil {
		return err
	}
	may := func(a access.Action) bool {
		return v.State != licence.PoolClosed && d.Policy.Check(r.Caller, a, access.Resource{Type: "service", ID: s.ID, Org: s.Org, Path: s.Path}) == nil
	}
	people, err := d.people(r, s.Subscription)
	if err != nil {
		return err
	}
	sheet := d.sheet(r, s.Subscription, "licence")
	sheet.Main = []site.Block{{Title: r.T("licence.kind." + string(v.Terms.Kind)), Text: r.T("licence.kind." + string(v.Terms.Kind) + ".text"), Template: "details", View: licenceDetails(r, v)}}
	if c := peakChart(r, v); len(c.Points) > 1 && v.Terms.Kind != catalog.LicenceNamed {
		sheet.Main = append(sheet.Main, site.Block{Template: "chart", View: c})
	}
	if v.Terms.Kind == catalog.LicenceNamed {
		seats, err := namedTable(r, v, people, may(access.LicenceAssign))
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, seats)
		if form := assignForm(r, v, people); may(access.LicenceAssign) && len(form.Fields[0].Options) > 0 {
			if assign == nil {
				assign = &form
			}
			sheet.Main = append(sheet.Main, site.Block{ID: "assign", Title: r.T("licence.assign"), Template: "site/form", View: *assign})
		}
	}
	leases, err := leaseTable(r, v, people, may(access.LicenceUse))
	if err != nil {
		return err
	}
	list, err := licenceTable(r, v, may(access.LicenceDeclare))
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, leases, list)
	if (v.Terms.BringOwn || v.Terms.Kind == catalog.LicenceOwn) && may(access.LicenceDeclare) {
		if own == nil {
			form := ownForm(r, v)
			own = &form
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "own", Title: r.T("licence.own"), Text: r.T("licence.own.text"), Template: "site/form", View: *own})
	}
	if sheet.Side, err = d.conversionLinks(r, s.Subscription); err != nil {
		return err
	}
	return r.Show(status, sheet)
}

// people are the names of the members; none for somebody who may not see them.
func (d *pages) people(r *site.Request, s subscription.Subscription) ([]party.Member, error) {
	list, err := d.Parties.Members(r.Context(), r.Caller, s.Org)
	if fail.Is(err, fail.Denied) || fail.Is(err, fail.NotFound) {
		return nil, nil
	}
	return list, err
}

// called is the name of a person, or the id where it is not known: software may know its users by others.
func called(people []party.Member, id string) string {
	for _, m := range people {
		if m.Person.ID == id && m.Person.Contact.Name != "" {
			return m.Person.Contact.Name
		}
	}
	return id
}

func seatCount(r *site.Request, n int64) string {
	if n < 0 {
		return r.T("licence.unlimited")
	}
	return r.L.Number(n)
}

func licenceDetails(r *site.Request, v licence.View) details.List {
	used := r.T("licence.used.value", "used", r.L.Number(v.InUse), "all", seatCount(r, v.Capacity), "free", seatCount(r, v.Free))
	l := details.List{Items: []details.Item{{Name: r.T("licence.seats"), Value: used}}}
	add := func(key, value string) {
		if value != "" {
			l.Items = append(l.Items, details.Item{Name: r.T(key), Value: value})
		}
	}
	if v.Terms.Kind != catalog.LicenceNamed {
		add("licence.month", r.T("licence.month.value", "n", v.Month.Refused, "peak", r.L.Number(v.Month.Peak), "all", seatCount(r, v.Month.Capacity)))
	}
	add("licence.reference", v.Terms.Reference)
	add("licence.lease", r.T("licence.lease.value", "n", v.Terms.Lease()))
	if v.Terms.BorrowHours > 0 {
		add("licence.borrow", r.T("licence.borrow.value", "n", v.Terms.BorrowHours))
	}
	if v.Terms.ReassignDays > 0 {
		add("licence.reassign", r.T("licence.reassign.value", "n", v.Terms.ReassignDays))
	}
	if !v.Until.IsZero() {
		add("licence.until", r.L.Instant(v.Until))
	}
	return l
}

// peakChart is how many seats were in use at once, at most, in each month.
func peakChart(r *site.Request, v licence.View) chart.Chart {
	c := chart.Chart{ID: "peaks", Title: r.T("licence.peaks"), Unit: r.T("licence.peaks.unit"), First: r.T("licence.peaks.first"),
		Desc: r.T("licence.peaks.desc", "peak", r.L.Number(v.Month.Peak), "all", seatCount(r, v.Capacity))}
	if v.Capacity > 0 {
		c.Limit, c.Cap = v.Capacity, r.T("licence.peaks.cap", "n", v.Capacity)
	}
	for i := len(v.Months) - 1; i >= 0; i-- {
		m := v.Months[i]
		at, err := time.Parse("2006-01", m.Month)
		if err != nil {
			continue
		}
		c.Points = append(c.Points, chart.Point{Label: r.L.Month(at), Short: strconv.Itoa(int(at.Month())), Value: m.Peak})
	}
	return c
}

func namedTable(r *site.Request, v licence.View, people []party.Member, may bool) (site.Block, error) {
	t := table.Table{ID: "named", Caption: r.T("licence.named"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("licence.seat")}, {Name: r.T("licence.person")}, {Name: r.T("licence.since"), Hidden: true}, {Name: r.T("licence.free")}},
		Empty:   states.Empty{Icon: "people", Title: r.T("licence.named.none"), Text: r.T("licence.named.none.text")}}
	if may {
		t.Columns = append(t.Columns, table.Column{Name: r.T("licence.release")})
	}
	for _, s := range v.Seats {
		row := table.Row{Cells: []table.Cell{{Text: r.L.Number(s.No)}, {Text: called(people, s.Person)}, {Text: r.L.Date(s.Since)}, {Text: r.L.Date(s.Free)}}}
		if may {
			html, err := r.HTML("button", button.Button{Text: r.T("licence.release"), URL: serviceURL(v.Subscription, "/licence/named/"+strconv.FormatInt(s.No, 10)+"/release"), Small: true, Post: true})
			if err != nil {
				return site.Block{}, err
			}
			row.Cells = append(row.Cells, table.Cell{HTML: html})
		}
		t.Rows = append(t.Rows, row)
	}
	return site.Block{ID: "named-list", Title: r.T("licence.named"), Text: r.T("licence.named.text"), Template: "table", View: t}, nil
}

func assignForm(r *site.Request, v licence.View, people []party.Member) site.FormView {
	f := form.Field{ID: "person", Kind: form.Select, Label: r.T("licence.person")}
	for _, m := range people {
		has := false
		for _, s := range v.Seats {
			has = has || s.Person == m.Person.ID
		}
		if !has {
			f.Options = append(f.Options, form.Option{Value: m.Person.ID, Label: m.Person.Contact.Name})
		}
	}
	return site.FormView{Action: serviceURL(v.Subscription, "/licence/named"), Button: r.T("licence.assign.button"), Fields: []form.Field{f}}
}

func leaseTable(r *site.Request, v licence.View, people []party.Member, may bool) (site.Block, error) {
	t := table.Table{ID: "leases", Caption: r.T("licence.leases"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("licence.holder")}, {Name: r.T("licence.device"), Hidden: true}, {Name: r.T("licence.taken"), Hidden: true}, {Name: r.T("licence.until")}},
		Empty:   states.Empty{Icon: "check", Title: r.T("licence.leases.none"), Text: r.T("licence.leases.none.text")}}
	if may {
		t.Columns = append(t.Columns, table.Column{Name: r.T("licence.do")})
	}
	for _, l := range v.Leases {
		until := table.Cell{Text: r.L.Instant(l.Until)}
		if l.Hours > 0 {
			until.Sub = r.T("licence.offline")
		}
		row := table.Row{Cells: []table.Cell{{Text: called(people, l.Holder)}, {Text: l.Device}, {Text: r.L.Instant(l.From)}, until}}
		if may {
			cell := table.Cell{Text: r.T("licence.offline.keep")}
			if l.Hours == 0 {
				html, err := r.HTML("button", button.Button{Text: r.T("licence.return"), URL: serviceURL(v.Subscription, "/licence/seats/"+l.ID+"/return"), Small: true, Post: true})
				if err != nil {
					return site.Block{}, err
				}
				cell = table.Cell{HTML: html}
			}
			row.Cells = append(row.Cells, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return site.Block{ID: "in-use", Title: r.T("licence.leases"), Text: r.T("licence.leases.text"), Template: "table", View: t}, nil
}

// licenceBadge is where a licence stands.
func licenceBadge(r *site.Request, l licence.Licence) *badge.Badge {
	tones := map[licence.State]part.Tone{licence.Valid: part.Good, licence.Declared: part.Accent, licence.Refused: part.Bad, licence.Expired: part.Warn}
	return &badge.Badge{Tone: tones[l.State], Text: r.T("licence.state." + string(l.State))}
}

func licenceTable(r *site.Request, v licence.View, may bool) (site.Block, error) {
	t := table.Table{ID: "licences", Caption: r.T("licence.list"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("licence.which")}, {Name: r.T("licence.state")}, {Name: r.T("licence.seats"), Numeric: true, Hidden: true}, {Name: r.T("licence.valid")}},
		Empty:   states.Empty{Icon: "key", Title: r.T("licence.list.none"), Text: r.T("licence.list.none.text")}}
	if may {
		t.Columns = append(t.Columns, table.Column{Name: r.T("licence.do")})
	}
	for i := len(v.Licences) - 1; i >= 0; i-- {
		l := v.Licences[i]
		name, sub := r.T("licence.of."+string(l.Kind)), l.Reference
		if l.Number != "" {
			sub = l.Number
		}
		state := table.Cell{Badge: licenceBadge(r, l)}
		if l.Note != "" {
			state = table.Cell{Text: r.T("licence.state." + string(l.State)), Sub: l.Note}
		}
		seats := r.L.Number(l.Seats)
		if l.Seats == 0 {
			seats = r.T("licence.unlimited")
		}
		row := table.Row{Cells: []table.Cell{{Text: name, Sub: sub}, state, {Text: seats}, {Text: validText(r, l)}}}
		if may {
			cell, err := licenceAct(r, v, l)
			if err != nil {
				return site.Block{}, err
			}
			row.Cells = append(row.Cells, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return site.Block{ID: "licence-list", Title: r.T("licence.list"), Text: r.T("licence.list.text"), Template: "table", View: t}, nil
}

func validText(r *site.Request, l licence.Licence) string {
	to := l.To
	if end := l.Ends(); !end.IsZero() {
		to = end
	}
	if to.IsZero() {
		return r.T("licence.valid.open", "from", r.L.Date(l.From))
	}
	return r.T("licence.valid.value", "from", r.L.Date(l.From), "to", r.L.Date(to))
}

// licenceAct is the one thing that can be done with a licence.
func licenceAct(r *site.Request, v licence.View, l licence.Licence) (table.Cell, error) {
	b := button.Button{Small: true, Post: true}
	switch {
	case l.Kind == catalog.LicenceOwn && (l.State == licence.Declared || l.State == licence.Valid):
		b.Text, b.URL = r.T("licence.withdraw"), serviceURL(v.Subscription, "/licence/"+l.ID+"/withdraw")
	case l.Kind == catalog.LicenceTerm && (l.State == licence.Valid || l.State == licence.Expired):
		b.Text, b.URL = r.T("licence.renew"), serviceURL(v.Subscription, "/licence/"+l.ID+"/renew")
	default:
		return table.Cell{}, nil
	}
	html, err := r.HTML("button", b)
	return table.Cell{HTML: html}, err
}

// conversionLinks lead to what the service would cost by each other plan.
func (d *pages) conversionLinks(r *site.Request, s subscription.Subscription) ([]site.Block, error) {
	if !s.State.Runs() || customer.May(d.Services, r, access.InvoiceRead) != nil {
		return nil, nil
	}
	view, err := d.changeForm(r, s)
	if err != nil {
		return nil, err
	}
	var rows []button.Button
	for _, f := range view.Fields {
		for _, o := range f.Options {
			rows = append(rows, button.Button{Text: r.T("licence.compare", "plan", o.Label), URL: convertURL(s.ID, o.Value)})
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return []site.Block{{ID: "convert", Title: r.T("licence.convert"), Text: r.T("licence.convert.text"), Template: "site/buttons", View: site.Rows{Buttons: rows}, Card: true}}, nil
}
