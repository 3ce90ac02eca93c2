package paper

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

//go:embed words/*.json
var files embed.FS

// words are the texts of one language.
type words struct {
	lang  string
	texts map[string]string
}

func loadWords(lang string) (words, error) {
	w := words{lang: lang}
	b, err := files.ReadFile("words/" + lang + ".json")
	if err == nil {
		err = json.Unmarshal(b, &w.texts)
	}
	return w, err
}

// t is a text with its places filled: t("owed", "amount", "€1", "date", "today").
func (w words) t(key string, pairs ...string) string {
	text := w.texts[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// named is the text of a key, or what else is said when there is none.
func (w words) named(key, other string) string {
	if text, ok := w.texts[key]; ok {
		return text
	}
	return other
}

func (w words) money(a money.Amount) string { return a.Format(w.lang) }

// date writes "5 November 2026", "1er novembre 2026".
func (w words) date(d price.Date) string {
	if !d.Valid() {
		return "–"
	}
	day := strconv.Itoa(d.Day)
	if w.lang == "fr" && d.Day == 1 {
		day = "1er"
	}
	return day + "\u00a0" + w.t("month."+strconv.Itoa(int(d.Month))) + "\u00a0" + strconv.Itoa(d.Year)
}

// span writes the days of an interval, the last one included: "1 – 30 November 2026".
func (w words) span(i price.Interval, zone *time.Location) string {
	if i.IsZero() {
		return ""
	}
	last := i.To
	if last.After(i.From) {
		last = last.Add(-time.Second)
	}
	return w.days(price.DateOf(i.From, zone), price.DateOf(last, zone))
}

func (w words) days(from, to price.Date) string {
	if from == to {
		return w.date(from)
	}
	begin, end := w.date(from), w.date(to)
	switch {
	case from.Year == to.Year && from.Month == to.Month:
		begin, _, _ = strings.Cut(begin, "\u00a0")
	case from.Year == to.Year:
		begin = begin[:strings.LastIndex(begin, "\u00a0")]
	}
	return begin + "\u00a0– " + end
}

// rate writes basis points: "20 %", "5.5 %".
func (w words) rate(points int) string {
	text := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%02d", points/100, points%100), "0"), ".")
	if w.lang == "fr" {
		text = strings.ReplaceAll(text, ".", ",")
	}
	return text + "\u00a0%"
}

func (w words) country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.Regions(language.Make(w.lang)).Name(region); name != "" {
		return name
	}
	return code
}

// component names what a line is about.
func (w words) component(l *proof.InvoiceLine, c *price.Component) string {
	if l.Term != "" {
		return w.named("component."+string(l.Term), readable(string(l.Term)))
	}
	if name, ok := w.texts["component."+l.Component]; ok {
		return name
	}
	if c != nil && !c.Kind.Usage() {
		return w.named("component."+string(c.Kind), readable(l.Component))
	}
	return readable(l.Component)
}

// readable makes words of a key: "api_calls" becomes "Api calls".
func readable(key string) string {
	if key == "" {
		return "–"
	}
	return strings.ToUpper(key[:1]) + strings.NewReplacer("_", " ", "-", " ").Replace(key[1:])
}

// quantity says how much a line is about, in the units of its price; nothing of a term, and of an amount that was taken back.
func (w words) quantity(l *proof.InvoiceLine, c *price.Component) string {
	switch {
	case l.Term != "", amountOnly(l):
		return ""
	case c == nil || c.Per <= 1 || !c.Kind.Usage():
		text := l.Quantity.Format(w.lang)
		if c != nil && c.Kind.Usage() && c.Unit != "" {
			text += " " + w.named("unit."+c.Unit, c.Unit)
		}
		return text
	}
	return w.scaled(int64(l.Quantity), int64(c.Per)) + " " + w.named("unit."+c.Unit, c.Unit)
}

// amountOnly tells whether a credit note took an amount of a line back and not a quantity.
func amountOnly(l *proof.InvoiceLine) bool { return l.Credits > 0 && l.Quantity == 0 }

// scaled is n / per, rounded half up: with at most three decimals, of less than one with six.
func (w words) scaled(n, per int64) string {
	sign := ""
	if n < 0 {
		sign, n = "\u2212", -n
	}
	places, parts := 3, int64(1000)
	if n < per {
		places, parts = 6, 1_000_000
	}
	whole, rest := n/per, n%per
	for rest > 1<<40 { // beyond what the decimals shown could tell
		rest, per = rest/2, per/2
	}
	decimals := (rest*parts + per/2) / per
	if decimals == parts {
		whole, decimals = whole+1, 0
	}
	text := sign + money.Quantity(whole).Format(w.lang)
	if decimals == 0 {
		return text
	}
	point := "."
	if w.lang == "fr" {
		point = ","
	}
	return text + point + strings.TrimRight(fmt.Sprintf("%0*d", places, decimals), "0")
}

// unitPrice says what one costs: "€0.50 per thousand", "from €0.40 per hour".
func (w words) unitPrice(l *proof.InvoiceLine, c *price.Component) string {
	if c == nil || l.Term != "" || amountOnly(l) {
		return ""
	}
	p, from := c.Price, false
	for _, tier := range c.Tiers {
		if from = len(c.Tiers) > 1; p.Currency == "" || tier.Price.Nanos < p.Nanos {
			p = tier.Price
		}
	}
	if p.Currency == "" {
		return ""
	}
	text := p.Format(w.lang) + " " + w.per(c)
	if from {
		return w.t("price.from", "price", text)
	}
	return text
}

func (w words) per(c *price.Component) string {
	switch c.Kind {
	case price.OneOff, price.Credit:
		return w.t("per.once")
	case price.PerPeriod:
		return w.t("per." + string(c.Every))
	}
	unit := w.named("per."+c.Unit, w.t("per.unit", "unit", c.Unit))
	if c.Kind == price.Seats {
		unit += " " + w.t("per."+string(c.Every))
	}
	return unit
}
