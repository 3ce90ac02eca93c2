package table

import (
	"net/url"

	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/locale"
)

func examples(l *locale.Locale) []part.Example {
	full := sample(l, "table-full", l.T("example.table.caption"), "/design?sort=name")
	full.Rows = rows(l)
	full.Found, full.After = 10000, "c2"
	nothing := sample(l, "table-nothing", l.T("example.table.caption.found"), "/design?q=kafka")
	bare := sample(l, "table-bare", l.T("example.table.caption"), "/design")
	bare.Search, bare.Filters, bare.Export = "", nil, nil
	shop := button.Button{Text: l.T("example.empty.action"), URL: "#shop", Kind: button.Primary}
	bare.Empty = states.Empty{Icon: "shop", Title: l.T("example.empty.title"), Text: l.T("example.empty.text"), Action: &shop}
	return []part.Example{
		{Title: l.T("example.table.full"), Template: "table", View: full, Wide: true},
		{Title: l.T("example.table.nothing"), Template: "table", View: nothing, Wide: true},
		{Title: l.T("example.table.bare"), Template: "table", View: bare, Wide: true},
	}
}

func sample(l *locale.Locale, id, caption, address string) Table {
	u, err := url.Parse(address)
	if err != nil {
		u = &url.URL{Path: "/design"}
	}
	return Table{ID: id, Caption: caption, Query: Parse(u), Search: l.T("example.table.search"),
		Filters: []form.Field{{ID: id + "-state", Name: "state", Kind: form.Select, Label: l.T("example.table.state"),
			Options: []form.Option{{Value: "", Label: l.T("example.table.state.any")}, {Value: "running", Label: l.T("example.state.running")}}}},
		Columns: []Column{{Name: l.T("example.table.name"), Sort: "name"}, {Name: l.T("example.table.state"), Sort: "state"},
			{Name: l.T("example.table.place"), Hidden: true}, {Name: l.T("example.table.spent"), Sort: "spent", Numeric: true}},
		Export: []part.Link{{Text: "CSV", URL: "#csv"}, {Text: "JSON", URL: "#json"}}}
}

func rows(l *locale.Locale) []Row {
	row := func(name, sub string, tone part.Tone, state, place string, cents int64) Row {
		return Row{URL: "#" + name, Cells: []Cell{{Text: name, Sub: sub}, {Badge: &badge.Badge{Tone: tone, Text: l.T(state)}}, {Text: place}, {Text: l.Money(locale.Money{Minor: cents, Exponent: 2, Currency: "EUR"})}}}
	}
	fr, ie := l.T("example.france"), l.T("example.ireland")
	return []Row{
		row("capteurs-bloc-a", "M2M broker, Flex", part.Good, "example.state.running", "Lyon, "+fr, 803),
		row("dossiers-patients", "PostgreSQL 17, Fixed 50", part.Accent, "example.state.starting", "Paris, "+fr, 123450),
		row("gestion-documentaire-du-groupement-hospitalier-de-territoire", "Documents, Team", part.Warn, "example.state.waiting", "Strasbourg, "+fr, 99),
		row("essai", "Git, Free", part.Neutral, "example.state.stopped", "Dublin, "+ie, 0),
		row("visio", "Meetings, Fixed", part.Bad, "example.state.failed", "Lyon, "+fr, 4250),
	}
}
