package shop

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/stall"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/site"
)

const shelfLength = 24

// hallPage is the storefront.
type hallPage struct {
	design.Page
	Hero, Lead string
	First      bool // nothing was searched: the hall is shown in full
	Promises   []promise
	Families   tabs.Tabs
	Stalls     stall.Row
	Heading    string
	Empty      states.Empty
	More       string
	Markets    []part.Link
	Demo       *button.Button
}

type promise struct{ Icon, Title, Text string }

func (d *desk) hall(r *site.Request) error {
	market, all, err := r.Site().Market(r.Context(), r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	query := catalog.Query{Market: market.ID, Family: q.Get("family"), Text: q.Get("q"), Cursor: q.Get("after"), Limit: shelfLength}
	view := hallPage{Page: r.Page(""), Hero: r.T("shop.hero"), Lead: r.T("shop.lead", "brand", brand(r, market)), First: query.Family == "" && query.Text == "" && query.Cursor == "" && q.Get("place") == ""}
	view.Nav, view.Description = nil, r.T("shop.lead", "brand", brand(r, market))
	if market.ID == "" {
		view.Empty = states.Empty{Icon: "shop", Title: r.T("shop.nomarket"), Text: r.T("shop.nomarket.text")}
		return r.Render(http.StatusOK, "shop/hall", view)
	}
	page, err := d.Catalogue.Offers(r.Context(), r.Caller, query)
	if err != nil {
		return err
	}
	cards, countries, err := d.cards(r, market, page.Versions, q.Get("place"))
	if err != nil {
		return err
	}
	view.Stalls.Cards, view.Search = cards, search(r, countries)
	if view.Families, err = d.families(r, market, query.Family); err != nil {
		return err
	}
	view.Heading = r.T("shop.found", "n", len(cards))
	view.Empty = states.Empty{Icon: "search", Title: r.T("shop.none"), Text: r.T("shop.none.text"), Action: &button.Button{Text: r.T("shop.none.action"), URL: "/"}}
	if page.Next != "" {
		q.Set("after", page.Next)
		view.More = "/?" + q.Encode()
	}
	view.welcome(r, all, market)
	return r.Render(http.StatusOK, "shop/hall", view)
}

// welcome is what only the first page says.
func (p *hallPage) welcome(r *site.Request, all []party.Market, market party.Market) {
	if !p.First {
		return
	}
	for _, key := range []string{"place", "bill", "leave"} {
		icon := map[string]string{"place": "place", "bill": "seal", "leave": "exit"}[key]
		p.Promises = append(p.Promises, promise{Icon: icon, Title: r.T("shop.promise." + key), Text: r.T("shop.promise." + key + ".text")})
	}
	if len(r.Site().Options().Demo) > 0 && !r.SignedIn() {
		p.Demo = &button.Button{Text: r.T("entry.demo.link"), URL: "/demo", Kind: button.Primary}
	}
	for _, m := range all {
		if len(all) > 1 && m.ID != market.ID {
			p.Markets = append(p.Markets, part.Link{Text: r.T("shop.market", "name", m.Name), URL: "/?market=" + url.QueryEscape(m.ID)})
		}
	}
}

func brand(r *site.Request, m party.Market) string {
	if m.Brand != "" {
		return m.Brand
	}
	if b := r.Site().Options().Brand; b != "" {
		return b
	}
	return "Halle"
}

// search is the search of the bar with the countries in which something may run.
func search(r *site.Request, countries []string) *design.Search {
	s := &design.Search{URL: "/", Text: r.URL.Query().Get("q"), Hint: r.T("shop.search")}
	chosen := r.URL.Query().Get("place")
	if chosen != "" && !slices.Contains(countries, chosen) {
		countries = append(countries, chosen)
	}
	if len(countries) > 0 {
		s.Places = append(s.Places, form.Option{Label: r.T("shop.anywhere")})
	}
	slices.SortFunc(countries, func(a, b string) int { return strings.Compare(r.L.Country(a), r.L.Country(b)) })
	for _, code := range countries {
		s.Places = append(s.Places, form.Option{Value: code, Label: r.L.Country(code), Chosen: code == chosen})
	}
	return s
}

func (d *desk) families(r *site.Request, m party.Market, chosen string) (tabs.Tabs, error) {
	list, err := d.Catalogue.Families(r.Context(), r.Caller, m.ID)
	if err != nil {
		return tabs.Tabs{}, err
	}
	out := tabs.Tabs{Label: r.T("shop.families"), Items: []tabs.Item{{Text: r.T("shop.all"), URL: "/", Current: chosen == ""}}}
	for _, f := range list {
		out.Items = append(out.Items, tabs.Item{Text: customer.Family(r, f), URL: "/?family=" + url.QueryEscape(f), Current: f == chosen})
	}
	return out, nil
}

// cards are the stalls of offers, without those that may not run in the country wanted; countries are all in which
// something of the shelf may run.
func (d *desk) cards(r *site.Request, m party.Market, versions []catalog.Version, country string) (cards []stall.Card, countries []string, err error) {
	for _, v := range versions {
		places, err := d.Placements.WhereMayItRun(r.Context(), r.Caller, m.ID, v.ID, "")
		if err != nil {
			return nil, nil, err
		}
		here := allowedCountries(places)
		for _, code := range here {
			if !slices.Contains(countries, code) {
				countries = append(countries, code)
			}
		}
		if country != "" && !slices.Contains(here, country) {
			continue
		}
		card, err := d.card(r, m, v, places)
		if err != nil {
			return nil, nil, err
		}
		cards = append(cards, card)
	}
	return cards, countries, nil
}

func allowedCountries(places []placement.Place) (codes []string) {
	for _, p := range places {
		if p.Allowed && !slices.Contains(codes, p.Country) {
			codes = append(codes, p.Country)
		}
	}
	return codes
}

func (d *desk) card(r *site.Request, m party.Market, v catalog.Version, places []placement.Place) (stall.Card, error) {
	c := v.Content
	name, _ := c.Name.In(r.Lang())
	text, _ := c.Summary.In(r.Lang())
	publisher, err := d.Parties.Imprint(r.Context(), c.Entity)
	if err != nil {
		return stall.Card{}, err
	}
	card := stall.Card{Name: name, Publisher: publisher.Name, Summary: text, URL: "/offers/" + url.PathEscape(c.Key), Icon: familyIcon(c.Families), Tags: c.Tags, Price: from(r, m, c)}
	if n := allowed(places); n > 0 {
		card.Places = r.T("shop.places", "n", n, "countries", customer.Countries(r, allowedCountries(places)))
	} else {
		card.Places = r.T("shop.nowhere")
	}
	if len(c.Exit.Formats) > 0 {
		card.Exit = r.T("shop.exit", "formats", strings.Join(c.Exit.Formats, ", "))
	}
	return card, nil
}

func familyIcon(families []string) string {
	for _, f := range families {
		switch f {
		case "messaging", "iot", "network":
			return "network"
		case "hosting", "compute":
			return "device"
		case "security":
			return "lock"
		case "documents", "collaboration":
			return "book"
		}
	}
	return ""
}

func allowed(places []placement.Place) (n int) {
	for _, p := range places {
		if p.Allowed {
			n++
		}
	}
	return n
}

// from is the least that one pays: the smallest monthly price, or the first price per use when nothing is paid monthly.
func from(r *site.Request, m party.Market, c catalog.Content) tag.Tag {
	var best *tag.Tag
	for i := range c.Plans {
		list := c.Plans[i].Price(m)
		if list == nil || c.Plans[i].Withdrawn {
			continue
		}
		t := least(r, list)
		if best == nil || t.Free || !best.Free && t.Per == best.Per && t.Amount.Minor < best.Amount.Minor {
			best = &t
		}
	}
	if best == nil {
		return tag.Tag{}
	}
	best.From = !best.Free
	return *best
}

func least(r *site.Request, list *catalog.Price) tag.Tag {
	quote, err := price.NewQuote(list.Version(), nil)
	if err == nil && quote.Monthly.Sign() > 0 {
		return tag.Tag{Amount: customer.Money(quote.Monthly), Per: r.T("per.month")}
	}
	for _, c := range list.Components {
		if low := customer.Lowest(c); low.Nanos > 0 {
			return tag.Tag{Amount: customer.UnitPrice(low), Per: customer.Per(r, c)}
		}
	}
	return tag.Tag{Free: true}
}
