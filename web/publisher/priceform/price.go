package priceform

import (
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// reader makes a price of a form and gathers what cannot be read.
type reader struct {
	Form
	cur   money.Currency
	wrong []fail.Field
}

// Price is the price list that the form describes, with complaints about what cannot be read. Answers that do not belong to
// the kind of a component or term do not count, so that a kind can be tried and left. Whether the price can be used,
// catalog decides.
func (f Form) Price() (catalog.Price, []fail.Field) {
	r := reader{Form: f, cur: money.Currency(f["currency"])}
	p := catalog.Price{Currency: r.cur, Basis: price.Basis(f["basis"]), Rounding: money.Rounding(f["rounding"]), Markets: words(f["markets"]), Resellers: words(f["resellers"]),
		EffectiveFrom: r.instant("effectiveFrom"), EffectiveTo: r.instant("effectiveTo")}
	for i := range f.Count("components") {
		p.Components = append(p.Components, r.component("components."+strconv.Itoa(i)+"."))
	}
	for i := range f.Count("terms") {
		p.Terms = append(p.Terms, r.term("terms."+strconv.Itoa(i)+"."))
	}
	return p, r.wrong
}

func (r *reader) component(at string) price.Component {
	c := price.Component{Key: r.Form[at+"key"], Kind: price.Kind(r.Form[at+"kind"])}
	switch {
	case c.Kind.Usage():
		c.Meter, c.Unit, c.Free, c.Hours = r.Form[at+"meter"], r.Form[at+"unit"], r.quantity(at+"free"), r.hours(at+"hours.")
		if c.Kind == price.Seats {
			c.Every = price.Month
		} else {
			c.Per = r.quantity(at + "per")
		}
	case c.Kind == price.PerPeriod:
		c.Every = price.Every(r.Form[at+"every"])
	}
	if c.Kind == price.Graduated || c.Kind == price.Volume {
		for i := range r.Count(at + "tiers") {
			at := at + "tiers." + strconv.Itoa(i) + "."
			c.Tiers = append(c.Tiers, price.Tier{UpTo: r.quantity(at + "upTo"), Price: r.unit(at+"price", true), Flat: r.unit(at+"flat", false), Step: r.quantity(at + "step")})
		}
		return c
	}
	c.Price = r.unit(at+"price", true)
	if c.Kind.Usage() {
		return c
	}
	for i := range r.Count(at + "parts") {
		at := at + "parts." + strconv.Itoa(i) + "."
		c.Parts = append(c.Parts, price.Part{Key: r.Form[at+"key"], Weight: r.quantity(at + "weight")})
	}
	return c
}

// hours are there when they have a span.
func (r *reader) hours(at string) *price.Hours {
	n := r.Count(at + "spans")
	if n == 0 {
		return nil
	}
	h := &price.Hours{Zone: r.Form[at+"zone"]}
	for i := range n {
		at := at + "spans." + strconv.Itoa(i) + "."
		s := price.WeekSpan{From: price.Clock(r.Form[at+"from"]), To: price.Clock(r.Form[at+"to"])}
		for _, d := range words(r.Form[at+"days"]) {
			s.Days = append(s.Days, price.Weekday(d))
		}
		h.Spans = append(h.Spans, s)
	}
	return h
}

func (r *reader) term(at string) price.Term {
	t := price.Term{Key: r.Form[at+"key"], Kind: price.TermKind(r.Form[at+"kind"]), Components: words(r.Form[at+"components"])}
	switch t.Kind {
	case price.Trial:
		t.Days = r.count(at + "days")
	case price.Discount:
		r.read(at+"percent", t.Percent.UnmarshalText([]byte(r.Form[at+"percent"])))
		t.Periods = r.count(at + "periods")
	case price.Coupon:
		t.Amount, t.Periods = r.amount(at+"amount"), r.count(at+"periods")
	case price.Cap, price.Minimum, price.Commitment:
		t.Amount, t.Every, t.Prorate = r.amount(at+"amount"), price.Every(r.Form[at+"every"]), r.Form[at+"prorate"] == "yes"
		t.Prepaid = t.Kind == price.Commitment && r.Form[at+"prepaid"] == "yes"
	}
	return t
}

func (r *reader) read(name string, err error) {
	if err != nil {
		r.complain(name, "cannot be read: write a number such as 1000 or 0.05, with a point and without spaces")
	}
}

func (r *reader) complain(name, text string) {
	r.wrong = append(r.wrong, fail.Field{Path: name, Message: text})
}

func (r *reader) quantity(name string) (q money.Quantity) {
	if r.Form[name] != "" {
		var err error
		q, err = money.ParseQuantity(r.Form[name])
		r.read(name, err)
	}
	return q
}

func (r *reader) count(name string) int {
	q := r.quantity(name)
	if q < 0 || q > 1_000_000 {
		r.complain(name, "is too large")
		return 0
	}
	return int(q)
}

// unit is a price of a unit. One that is needed and missing is a complaint: nothing is free by mistake.
func (r *reader) unit(name string, needed bool) (u money.UnitPrice) {
	if r.Form[name] == "" {
		if needed {
			r.complain(name, "is missing: write 0 for what costs nothing")
		}
		return u
	}
	u, err := money.ParseUnitPrice(r.Form[name], r.cur)
	r.read(name, err)
	return u
}

func (r *reader) amount(name string) (a money.Amount) {
	if r.Form[name] != "" {
		var err error
		a, err = money.ParseAmount(r.Form[name], r.cur)
		r.read(name, err)
	}
	return a
}

func (r *reader) instant(name string) time.Time {
	text := r.Form[name]
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", clockLayout} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1 && len(text) == len(layout) {
			return t
		}
	}
	r.complain(name, "must be a date such as 2027-01-31, or with a time in UTC: 2027-01-31 08:00:00")
	return time.Time{}
}

// words are separated by spaces or commas.
func words(text string) []string {
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\r' || r == '\t' })
	if len(list) == 0 {
		return nil
	}
	return list
}

// Settle gives a component that was made another kind what this kind cannot be without: a first tier, a price, the base
// units of one unit.
func (f Form) Settle() {
	for i := range f.Count("components") {
		at := "components." + strconv.Itoa(i) + "."
		kind := price.Kind(f[at+"kind"])
		tiered := kind == price.Graduated || kind == price.Volume
		if tiered && f.Count(at+"tiers") == 0 {
			f[at+"tiers.0.price"] = f[at+"price"]
		}
		if !tiered && f[at+"price"] == "" {
			f[at+"price"] = f[at+"tiers.0.price"]
		}
		if _, ok := f[at+"per"]; !ok && kind.Usage() {
			f[at+"per"] = "1"
		}
		if _, ok := f[at+"every"]; !ok && kind == price.PerPeriod {
			f[at+"every"] = string(price.Month)
		}
	}
}
