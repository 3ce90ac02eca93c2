// Package stall is the card of an offer in the hall: what it is, who sells it, from what price, where it may run.
//
// Owns: how an offer is shown in a list.
// Does not own: offers (catalog).
// Reads: nothing.
// Writes: nothing.
package stall

import (
	"unicode/utf8"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/locale"
)

// Card is one offer. Texts are localised by the page.
type Card struct {
	Name      string
	Publisher string
	Summary   string // one sentence
	URL       string
	Icon      string // a sign of the family; without it the first letter of the name
	Price     price.Tag
	Places    string // "4 places in France"
	Exit      string // "Leaves in 4 min"
	Tags      []string
}

// Letter is the first letter of the name.
func (c Card) Letter() string {
	r, _ := utf8.DecodeRuneInString(c.Name)
	return string(r)
}

// Row is several offers side by side.
type Row struct{ Cards []Card }

func examples(l *locale.Locale) []part.Example {
	eur := func(minor int64, exponent int) price.Tag {
		return price.Tag{From: true, Amount: locale.Money{Minor: minor, Exponent: exponent, Currency: "EUR"}, Per: l.T("example.per.hour")}
	}
	return []part.Example{{Title: l.T("example.stall"), Template: "stall.row", Wide: true, View: Row{Cards: []Card{
		{Name: l.T("example.stall.m2m"), Publisher: "Capteo", Summary: l.T("example.stall.m2m.text"), URL: "#m2m", Icon: "network", Price: eur(11, 3), Places: l.T("example.stall.places", "n", 2), Exit: l.T("example.stall.exit", "took", "4 min"), Tags: []string{"MQTT 5", "HDS"}},
		{Name: "PostgreSQL", Publisher: "Atelier Données", Summary: l.T("example.stall.pg.text"), URL: "#pg", Price: eur(42, 3), Places: l.T("example.stall.places", "n", 4), Exit: l.T("example.stall.exit", "took", "11 min"), Tags: []string{"SQL"}},
		{Name: l.T("example.stall.git"), Publisher: "Halle", Summary: l.T("example.stall.git.text"), URL: "#git", Price: price.Tag{Free: true}, Places: l.T("example.stall.places", "n", 1), Exit: l.T("example.stall.exit", "took", "40 s")},
	}}}}
}
