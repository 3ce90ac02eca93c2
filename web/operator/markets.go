package operator

import (
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/company"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// own are the markets that the caller's organisation runs.
func (d *pages) own(r *site.Request) (out []party.Market, err error) {
	all, err := d.Parties.Markets(r.Context())
	for _, m := range all {
		if m.Org == r.Caller.Org {
			out = append(out, m)
		}
	}
	return out, err
}

func (d *pages) markets(r *site.Request) error {
	markets, err := d.own(r)
	if err != nil {
		return err
	}
	entities, err := d.Parties.Entities(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	names := map[string]string{}
	var rows, legal []table.Row
	for _, e := range entities {
		names[e.ID] = e.Name
		legal = append(legal, table.Row{URL: home + "/entities/" + e.ID, Cells: []table.Cell{desk.Named(e.Name, e.ID), desk.Text(r.L.Country(e.Country)), desk.Text(e.VATID), desk.Text(r.T("operator.rounding." + e.Rounding))}})
	}
	for _, m := range markets {
		limit := desk.Money(r, money.New(m.FirstLimit, money.Currency(m.Currency)))
		rows = append(rows, table.Row{URL: home + "/markets/" + m.ID, Cells: []table.Cell{desk.Two(m.Name, m.Domain), desk.Text(r.L.Country(m.Country)), desk.Text(m.Currency), desk.Text(r.T("operator.sells." + string(m.SellsTo))),
			desk.Text(names[m.Entity]), desk.Text(limit)}})
	}
	t := desk.List(r, "markets", r.T("operator.markets"), "operator.markets.none", []table.Column{desk.Col(r.T("operator.market")), desk.Col(r.T("desk.country")), desk.Col(r.T("operator.currency")),
		desk.Wide(r.T("operator.sells")), desk.Wide(r.T("operator.entity")), {Name: r.T("operator.limit"), Numeric: true, Hidden: true}}, rows)
	l := desk.List(r, "entities", r.T("operator.entities"), "operator.entities.none", []table.Column{desk.Col(r.T("operator.entity")), desk.Col(r.T("desk.country")), desk.Wide(r.T("operator.vat")), desk.Wide(r.T("operator.rounding"))}, legal)
	return r.OK(site.Sheet{Page: page(r, r.T("operator.markets")), Lead: r.T("operator.markets.lead"), Main: []site.Block{desk.Block("", "", "", t), desk.Block("legal", r.T("operator.entities"), r.T("operator.entities.text"), l)},
		Actions: []button.Button{{Text: r.T("operator.market.new"), URL: home + "/markets/new", Icon: "plus"}, {Text: r.T("operator.entity.new"), URL: home + "/entities/new", Icon: "plus"}}})
}

func options(chosen string, pairs ...string) (out []form.Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, form.Option{Value: pairs[i], Label: pairs[i+1], Chosen: pairs[i] == chosen})
	}
	return out
}

func (d *pages) marketForm(r *site.Request, m party.Market) (site.FormView, error) {
	entities, err := d.Parties.Entities(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return site.FormView{}, err
	}
	field := func(id, value string, kind form.Kind) form.Field {
		f := desk.Field(r, id, "operator.market."+id, kind)
		f.Value = value
		return f
	}
	entity := field("entity", "", form.Select)
	for _, e := range entities {
		entity.Options = append(entity.Options, form.Option{Value: e.ID, Label: e.Name, Chosen: e.ID == m.Entity})
	}
	sells := field("sells_to", "", form.Select)
	sells.Options = options(string(m.SellsTo), "both", r.T("operator.sells.both"), "business", r.T("operator.sells.business"), "consumer", r.T("operator.sells.consumer"))
	vat := field("vat_mode", "", form.Select)
	vat.Options = options(string(m.VATMode), string(party.VATGross), r.T("operator.vat.gross"), string(party.VATNet), r.T("operator.vat.net"))
	months := field("month_close", "", form.Select)
	months.Options = options(string(m.MonthClose), string(party.CloseAutomatic), r.T("operator.month_close.automatic"), string(party.CloseApproved), r.T("operator.month_close.approval"))
	limit := field("first_limit", amountText(m), form.Text)
	domain := field("domain", m.Domain, form.Text)
	domain.Optional = true
	action := home + "/markets/new"
	if m.ID != "" {
		action = home + "/markets/" + m.ID
	}
	return site.FormView{Action: action, Button: r.T("operator.market.save"), Fields: []form.Field{field("name", m.Name, form.Text), field("brand", m.Brand, form.Text), domain, entity,
		field("country", m.Country, form.Text), field("currency", m.Currency, form.Text), field("languages", strings.Join(m.Languages, " "), form.Text), sells, vat, months, limit},
		Hidden: []button.Pair{{Name: "version", Value: strconv.FormatInt(m.Version, 10)}}}, nil
}

// amountText is the first limit as a person writes it: "50.00".
func amountText(m party.Market) string {
	return money.New(m.FirstLimit, money.Currency(m.Currency)).Decimal()
}

func (d *pages) marketSheet(r *site.Request, name string) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(page(r, name, r.T("operator.markets"), home+"/markets"), r.T("operator.market.lead"))
}

func (d *pages) newMarket(r *site.Request) error {
	view, err := d.marketForm(r, party.Market{Currency: "EUR", SellsTo: party.SellsToBoth, VATMode: party.VATGross})
	if err != nil {
		return err
	}
	return desk.Shown(r, view, d.marketSheet(r, r.T("operator.market.new")))
}

func (d *pages) findMarket(r *site.Request) (party.Market, error) {
	list, err := d.own(r)
	if err != nil {
		return party.Market{}, err
	}
	for _, m := range list {
		if m.ID == r.PathValue("id") {
			return m, nil
		}
	}
	return party.Market{}, desk.Missing("market", r.PathValue("id"))
}

func (d *pages) editMarket(r *site.Request) error {
	m, err := d.findMarket(r)
	if err != nil {
		return err
	}
	view, err := d.marketForm(r, m)
	if err != nil {
		return err
	}
	return desk.Shown(r, view, func(view site.FormView) (site.Sheet, error) {
		sheet, err := d.marketSheet(r, m.Name)(view)
		sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("operator.billing"), URL: home + "/markets/" + m.ID + "/billing"})
		return sheet, err
	})
}

func (d *pages) saveMarket(r *site.Request) error {
	title, m := r.T("operator.market.new"), party.Market{Org: r.Caller.Org}
	if r.PathValue("id") != "" {
		found, err := d.findMarket(r)
		if err != nil {
			return err
		}
		title, m = found.Name, found
		if m.Version, err = strconv.ParseInt(r.Value("version"), 10, 64); err != nil {
			m.Version = found.Version
		}
	}
	m.Name, m.Brand, m.Domain, m.Entity, m.Country = r.Value("name"), r.Value("brand"), r.Value("domain"), r.Value("entity"), strings.ToUpper(r.Value("country"))
	m.Currency, m.Languages = strings.ToUpper(r.Value("currency")), strings.Fields(r.Value("languages"))
	m.SellsTo, m.VATMode = party.SellsTo(r.Value("sells_to")), party.VATMode(r.Value("vat_mode"))
	m.MonthClose = party.MonthClose(r.Value("month_close"))
	limit, err := money.ParseAmount(strings.ReplaceAll(r.Value("first_limit"), ",", "."), money.Currency(m.Currency))
	if err != nil {
		err = fail.New(fail.Invalid, "operator.amount", "The amount cannot be read.", "Write it like 50.00.").Field("first_limit", r.T("operator.amount.form"))
	} else {
		m.FirstLimit = limit.Minor
		_, err = d.Parties.SetMarket(r.Context(), r.Caller, m)
	}
	if err == nil {
		return r.Redirect(home+"/markets", site.Done("operator.market.saved"))
	}
	view, failed := d.marketForm(r, m)
	if failed != nil {
		return failed
	}
	return desk.Refused(r, err, nil, view, d.marketSheet(r, title))
}

func (d *pages) entityForm(r *site.Request, e party.Entity) site.FormView {
	field := func(id, value string, kind form.Kind, optional bool) form.Field {
		f := desk.Field(r, id, "operator.entity."+id, kind)
		f.Value, f.Optional = value, optional
		return f
	}
	rounding := field("rounding", "", form.Select, false)
	rounding.Options = options(e.Rounding, party.RoundAway, r.T("operator.rounding.half_away"), party.RoundEven, r.T("operator.rounding.half_even"))
	action := home + "/entities/new"
	if e.ID != "" {
		action = home + "/entities/" + e.ID
	}
	fields := []form.Field{field("name", e.Name, form.Text, false), field("country", e.Country, form.Text, false), field("controlled_from", e.ControlledFrom, form.Text, true)}
	for _, more := range [][]form.Field{company.Register(r, e), company.Postal(r, e), company.Reach(r, e), company.Seller(r, e), {rounding}} {
		fields = append(fields, more...)
	}
	return site.FormView{Action: action, Button: r.T("operator.entity.save"), Fields: fields, Hidden: []button.Pair{{Name: "version", Value: strconv.FormatInt(e.Version, 10)}}}
}

func (d *pages) findEntity(r *site.Request) (party.Entity, error) {
	list, err := d.Parties.Entities(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return party.Entity{}, err
	}
	for _, e := range list {
		if e.ID == r.PathValue("id") {
			return e, nil
		}
	}
	return party.Entity{}, desk.Missing("legal entity", r.PathValue("id"))
}

func (d *pages) newEntity(r *site.Request) error {
	return desk.Shown(r, d.entityForm(r, party.Entity{Rounding: party.RoundAway}), d.marketSheet(r, r.T("operator.entity.new")))
}

func (d *pages) editEntity(r *site.Request) error {
	e, err := d.findEntity(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.entityForm(r, e), d.marketSheet(r, e.Name))
}

func (d *pages) saveEntity(r *site.Request) error {
	title, e := r.T("operator.entity.new"), party.Entity{Org: r.Caller.Org}
	if r.PathValue("id") != "" {
		found, err := d.findEntity(r)
		if err != nil {
			return err
		}
		title, e = found.Name, found
		if e.Version, err = strconv.ParseInt(r.Value("version"), 10, 64); err != nil {
			e.Version = found.Version
		}
	}
	e.Name, e.Country, e.ControlledFrom = r.Value("name"), strings.ToUpper(r.Value("country")), strings.ToUpper(r.Value("controlled_from"))
	e = company.Read(r, e)
	e.Rounding = r.Value("rounding")
	if _, err := d.Parties.SetEntity(r.Context(), r.Caller, e); err != nil {
		return desk.Refused(r, err, nil, d.entityForm(r, e), d.marketSheet(r, title))
	}
	return r.Redirect(home+"/markets", site.Done("operator.entity.saved"))
}
