package publisher

import (
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/exitmark"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/stall"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// preview is a version as it will stand on the shelf, market by market.
func (d *pages) preview(r *site.Request) error {
	v, err := d.Catalogue.Version(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	markets, err := d.Parties.Markets(r.Context())
	if err != nil {
		return err
	}
	c := v.Content
	name, _ := c.Name.In(r.Lang())
	summary, _ := c.Summary.In(r.Lang())
	sheet := site.Sheet{Page: crumbs(r, r.T("publisher.version", "number", v.Number), name, address(v)), Heading: r.T("publisher.preview.title", "name", name, "number", v.Number),
		Badge: desk.State(r, string(v.State)), Lead: r.T("publisher.preview.lead"),
		Actions: []button.Button{{Text: r.T("publisher.export"), URL: home + "/versions/" + v.ID + "/yaml", Icon: "download"}}}
	for _, m := range markets {
		if !c.In(m) {
			continue
		}
		card := stall.Card{Name: name, Publisher: r.Caller.OrgName, Summary: summary, URL: "#plans-" + m.ID, Tags: c.Tags, Price: cheapest(r, c, m)}
		sheet.Main = append(sheet.Main, site.Block{Title: r.T("publisher.preview.market", "market", m.Name), Template: "stall.row", View: stall.Row{Cards: []stall.Card{card}}},
			desk.Block("plans-"+m.ID, r.T("publisher.preview.plans", "market", m.Name), "", plans(r, c, m)))
	}
	if len(sheet.Main) == 0 {
		sheet.Main = append(sheet.Main, site.Block{Template: "site/prose", View: site.Prose{Paragraphs: []string{r.T("publisher.preview.none")}}})
	}
	if text, _ := c.Description.In(r.Lang()); text != "" {
		sheet.Main = append(sheet.Main, site.Block{Title: r.T("publisher.preview.text"), Template: "site/prose", View: site.Prose{Paragraphs: strings.Split(strings.TrimSpace(text), "\n\n")}})
	}
	mark := exitmark.Mark{Formats: c.Exit.Formats}
	if c.Exit.Rehearsed.Valid() {
		mark.Rehearsed = c.Exit.Rehearsed.Start(time.UTC)
	}
	contract, _ := c.Contract.In(r.Lang())
	sheet.Main = append(sheet.Main, site.Block{Title: r.T("publisher.preview.exit"), Template: "exitmark", View: mark},
		site.Block{Title: r.T("publisher.preview.contract"), Template: "site/prose", View: site.Prose{Paragraphs: strings.Split(strings.TrimSpace(contract), "\n")}})
	return d.show(r, sheet)
}

// cheapest is the least that one pays each period in a market.
func cheapest(r *site.Request, c catalog.Content, m party.Market) (t tag.Tag) {
	found := false
	for i := range c.Plans {
		list := c.Plans[i].Price(m)
		if list == nil || c.Plans[i].Withdrawn {
			continue
		}
		for _, p := range list.Components {
			if p.Kind == price.PerPeriod && (!found || p.Price.Nanos < least(t)) {
				found, t = true, tag.Tag{From: len(c.Plans) > 1, Amount: desk.UnitPrice(p.Price), Per: r.T("publisher.per." + string(p.Every))}
			}
		}
	}
	if !found {
		t.Free = true
	}
	return t
}

func least(t tag.Tag) int64 {
	n := t.Amount.Minor
	for range 9 - t.Amount.Exponent {
		n *= 10
	}
	return n
}

func plans(r *site.Request, c catalog.Content, m party.Market) table.Table {
	var rows []table.Row
	for i := range c.Plans {
		p := &c.Plans[i]
		list := p.Price(m)
		if list == nil {
			continue
		}
		name, _ := p.Name.In(r.Lang())
		var parts []string
		for _, part := range list.Components {
			unit := part.Price
			if len(part.Tiers) > 0 {
				unit = part.Tiers[0].Price
			}
			parts = append(parts, r.L.Money(desk.UnitPrice(unit))+" "+per(r, part))
		}
		sold := r.T("publisher.plan.sold")
		if p.Withdrawn {
			sold = r.T("publisher.plan.withdrawn")
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(name, p.Key), desk.Text(strings.Join(parts, " + ")), desk.Text(r.T("publisher.basis." + string(list.Basis))), desk.Text(sold)}})
	}
	return desk.List(r, "plans-list-"+m.ID, r.T("publisher.preview.plans", "market", m.Name), "publisher.preview.none",
		[]table.Column{desk.Col(r.T("desk.plan")), desk.Col(r.T("publisher.price")), desk.Col(r.T("publisher.basis")), desk.Wide(r.T("publisher.plan.state"))}, rows)
}

func per(r *site.Request, c price.Component) string {
	switch c.Kind {
	case price.OneOff:
		return r.T("publisher.per.once")
	case price.PerPeriod:
		return r.T("publisher.per." + string(c.Every))
	}
	return r.T("publisher.per.unit", "unit", c.Unit)
}
