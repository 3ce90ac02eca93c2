package operator

import (
	"slices"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) exportRoutes(get, post func(string, site.Handler)) {
	get("/exports", d.exports)
	post("/exports", d.takeExport)
	get("/exports/settings", d.exportSettings)
	post("/exports/settings", d.saveExportSettings)
	get("/exports/charts/{chart}", d.chart)
	post("/exports/charts/{chart}", d.saveChart)
}

// exportForm asks for form, days and currency: the month before, of what was booked.
func (d *pages) exportForm(r *site.Request) (site.FormView, error) {
	all, err := d.Exports.Currencies(r.Context(), r.Caller)
	if err != nil {
		return site.FormView{}, err
	}
	format, from, to, currency := desk.Field(r, "format", "operator.export.format", form.Radios), desk.Field(r, "from", "operator.export.from", form.Date), desk.Field(r, "to", "operator.export.to", form.Date),
		desk.Field(r, "currency", "operator.export.currency", form.Select)
	for _, f := range export.Formats() {
		format.Options = append(format.Options, form.Option{Value: string(f), Label: r.T("operator.export.format." + string(f)), Hint: r.T("operator.export.format." + string(f) + ".hint"), Chosen: f == export.Journal})
	}
	for i, c := range all {
		currency.Options = append(currency.Options, form.Option{Value: string(c), Label: string(c), Chosen: i == 0 || c == money.EUR})
	}
	now := r.Site().Options().Now()
	from.Value = price.DateOf(time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC), time.UTC).String()
	to.Value = price.DateOf(time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC), time.UTC).String()
	fields := []form.Field{format, from, to}
	if len(all) > 1 {
		fields = append(fields, currency)
	}
	return site.FormView{Action: home + "/exports", Fields: fields, Button: r.T("operator.export.button")}, nil
}

func (d *pages) exportSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		var rows []table.Row
		for _, c := range export.Charts() {
			rows = append(rows, table.Row{URL: home + "/exports/charts/" + string(c), Cells: []table.Cell{desk.Two(r.T("operator.chart."+string(c)), r.T("operator.chart."+string(c)+".for"))}})
		}
		charts := desk.List(r, "charts", r.T("operator.charts"), "operator.charts.none", []table.Column{desk.Col(r.T("operator.chart"))}, rows)
		return site.Sheet{Page: page(r, r.T("operator.exports")), Lead: r.T("operator.exports.lead"), Actions: []button.Button{{Text: r.T("operator.export.settings"), URL: home + "/exports/settings"}},
			Main: []site.Block{desk.FormBlock("file", "", "", view), desk.Block("charts-block", r.T("operator.charts"), r.T("operator.charts.text"), charts)}}, nil
	}
}

func (d *pages) exports(r *site.Request) error {
	view, err := d.exportForm(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, view, d.exportSheet(r))
}

// takeExport hands the file out, or says at the form what is missing for it.
func (d *pages) takeExport(r *site.Request) error {
	view, err := d.exportForm(r)
	if err != nil {
		return err
	}
	in := export.Request{Format: export.Format(r.Value("format")), Currency: money.Currency(r.Value("currency"))}
	if in.Format == export.Journal {
		in.Currency = ""
	}
	in.From, _ = price.ParseDate(r.Value("from")) // none is refused below, with its field
	in.To, _ = price.ParseDate(r.Value("to"))
	f, err := d.Exports.File(r.Context(), r.Caller, in)
	if err != nil {
		return desk.Refused(r, err, nil, view, d.exportSheet(r))
	}
	return r.Spool(f.Name, f.Type, f.Write)
}

func (d *pages) settingsForm(r *site.Request, s export.Settings) site.FormView {
	field := func(id, value string, kind form.Kind) form.Field {
		f := desk.Field(r, id, "operator.export."+id, kind)
		f.Value, f.Optional = value, true
		return f
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	month, chart := field("year_month", "", form.Select), field("chart", "", form.Select)
	for m := 1; m <= 12; m++ {
		month.Options = append(month.Options, form.Option{Value: strconv.Itoa(m), Label: r.T("operator.month." + strconv.Itoa(m)), Chosen: m == max(1, s.YearMonth)})
	}
	for _, c := range []export.Chart{export.SKR04, export.SKR03} {
		chart.Options = append(chart.Options, form.Option{Value: string(c), Label: r.T("operator.chart." + string(c)), Chosen: c == s.Datev.Chart})
	}
	return site.FormView{Action: home + "/exports/settings", Button: r.T("operator.export.save"), Back: &part.Link{Text: r.T("operator.export.back"), URL: home + "/exports"},
		Fields: []form.Field{month, field("siren", s.SIREN, form.Text), field("adviser", number(s.Datev.Adviser), form.Integer), field("client", number(s.Datev.Client), form.Integer), chart,
			field("length", number(s.Datev.Length), form.Integer), field("first", s.First, form.Text), field("last", s.Last, form.Text)}}
}

func (d *pages) settingsSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(page(r, r.T("operator.export.settings"), r.T("operator.exports"), home+"/exports"), r.T("operator.export.settings.lead"))
}

func (d *pages) exportSettings(r *site.Request) error {
	s, err := d.Exports.Settings(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.settingsForm(r, s), d.settingsSheet(r))
}

func (d *pages) saveExportSettings(r *site.Request) error {
	s, err := d.Exports.Settings(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	number := func(name string) int {
		text := r.Value(name)
		if text == "" {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return -1 // refused below, with its field
		}
		return n
	}
	s.YearMonth, s.SIREN, s.First, s.Last = number("year_month"), r.Value("siren"), r.Value("first"), r.Value("last")
	s.Datev = export.DatevSettings{Adviser: number("adviser"), Client: number("client"), Length: number("length"), Chart: export.Chart(r.Value("chart"))}
	if err := d.Exports.SetSettings(r.Context(), r.Caller, s); err != nil {
		paths := map[string]string{"yearMonth": "year_month", "datev.adviser": "adviser", "datev.client": "client", "datev.chart": "chart", "datev.length": "length"}
		return desk.Refused(r, err, paths, d.settingsForm(r, s), d.settingsSheet(r))
	}
	return r.Redirect(home+"/exports", site.Done("operator.export.saved"))
}

// charted is the chart of the address.
func (d *pages) charted(r *site.Request) (export.Chart, export.Settings, error) {
	c := export.Chart(r.PathValue("chart"))
	if !slices.Contains(export.Charts(), c) {
		return c, export.Settings{}, desk.Missing("chart", string(c))
	}
	s, err := d.Exports.Settings(r.Context(), r.Caller)
	return c, s, err
}

func (d *pages) chartForm(r *site.Request, c export.Chart, s export.Settings) site.FormView {
	view := site.FormView{Action: home + "/exports/charts/" + string(c), Button: r.T("operator.export.save"), Back: &part.Link{Text: r.T("operator.export.back"), URL: home + "/exports"}}
	for _, row := range s.Rows(c) {
		name := string(row.Code)
		if key := "operator.code." + name; r.L.Has(key) {
			name = r.T(key)
		}
		view.Fields = append(view.Fields, form.Field{ID: "code-" + string(row.Code), Label: name, Hint: row.Account.Name, Value: row.Account.Number})
	}
	return view
}

func (d *pages) chartSheet(r *site.Request, c export.Chart) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(page(r, r.T("operator.chart."+string(c)), r.T("operator.exports"), home+"/exports"), r.T("operator.chart.lead"))
}

func (d *pages) chart(r *site.Request) error {
	c, s, err := d.charted(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.chartForm(r, c, s), d.chartSheet(r, c))
}

// saveChart keeps the numbers that differ from the defaults.
func (d *pages) saveChart(r *site.Request) error {
	c, s, err := d.charted(r)
	if err != nil {
		return err
	}
	view, own, paths := d.chartForm(r, c, s), map[ledger.Code]string{}, map[string]string{}
	for _, row := range (export.Settings{}).Rows(c) {
		if number := r.Value("code-" + string(row.Code)); number != row.Account.Number && number != "" {
			own[row.Code] = number
		}
	}
	for code := range s.Numbers[c] { // those beside the chart's
		if number := r.Value("code-" + string(code)); number != "" && own[code] == "" && !slices.ContainsFunc((export.Settings{}).Rows(c), func(row export.Row) bool { return row.Code == code }) {
			own[code] = number
		}
	}
	for _, row := range s.Rows(c) {
		paths["numbers."+string(c)+"."+string(row.Code)] = "code-" + string(row.Code)
	}
	numbers := map[export.Chart]map[ledger.Code]string{}
	for other, list := range s.Numbers {
		numbers[other] = list
	}
	numbers[c] = own
	s.Numbers = numbers
	if err := d.Exports.SetSettings(r.Context(), r.Caller, s); err != nil {
		return desk.Refused(r, err, paths, view, d.chartSheet(r, c))
	}
	return r.Redirect(home+"/exports", site.Done("operator.export.saved"))
}
