package priceform_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/publisher/priceform"
)

func eur(n int64) money.UnitPrice { return money.NewUnitPrice(n, money.EUR) }

// draw makes any valid price list: every kind of component and term, with all that each may have.
func draw(t *rapid.T) catalog.Price {
	day := rapid.Int64Range(0, 40_000*86400)
	p := catalog.Price{Currency: money.EUR, Basis: rapid.SampledFrom([]price.Basis{price.Net, price.Gross}).Draw(t, "basis"), EffectiveFrom: time.Unix(day.Draw(t, "from"), 0).UTC(),
		Rounding: rapid.SampledFrom([]money.Rounding{"", money.HalfEven}).Draw(t, "rounding")}
	if rapid.Bool().Draw(t, "ends") {
		p.EffectiveTo = p.EffectiveFrom.Add(time.Duration(1+day.Draw(t, "to")/2) * time.Second)
	}
	for _, list := range []*[]string{&p.Markets, &p.Resellers} {
		if rapid.Bool().Draw(t, "named") {
			*list = []string{"mkt_1", "org-2.example"}
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "components") {
		p.Components = append(p.Components, component(t, i))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "terms") {
		p.Terms = append(p.Terms, term(t, i, p.Components))
	}
	trials := 0
	for _, one := range p.Terms {
		if one.Kind == price.Trial {
			trials++
		}
	}
	if trials > 1 { // one may be
		p.Terms = nil
	}
	return p
}

func component(t *rapid.T, i int) price.Component {
	nanos, some := rapid.Int64Range(0, 1e13), rapid.Int64Range(1, 1e9)
	c := price.Component{Key: "c" + strconv.Itoa(i), Kind: rapid.SampledFrom([]price.Kind{price.OneOff, price.PerPeriod, price.PerUnit, price.Graduated, price.Volume, price.Package, price.Seats}).Draw(t, "kind")}
	if c.Kind == price.PerPeriod {
		c.Every = rapid.SampledFrom([]price.Every{price.Month, price.Year}).Draw(t, "every")
	}
	if c.Kind == price.Seats {
		c.Every = price.Month
	}
	if c.Kind.Usage() {
		c.Meter, c.Unit, c.Free = "m"+strconv.Itoa(i), "unit", money.Quantity(rapid.Int64Range(0, 1e6).Draw(t, "free"))
		if c.Kind != price.Seats {
			c.Per = money.Quantity(some.Draw(t, "per"))
		}
		if rapid.Bool().Draw(t, "hours") {
			c.Hours = &price.Hours{Zone: "Europe/Paris", Spans: []price.WeekSpan{{Days: []price.Weekday{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: "00:00", To: "07:30"}, {From: "07:30", To: "24:00"}}}
		}
	}
	switch c.Kind {
	case price.Graduated, price.Volume:
		at := c.Free
		for range rapid.IntRange(0, 3).Draw(t, "bounds") {
			at += money.Quantity(some.Draw(t, "width"))
			c.Tiers = append(c.Tiers, price.Tier{UpTo: at, Price: eur(nanos.Draw(t, "price")), Step: money.Quantity(rapid.Int64Range(0, 60).Draw(t, "step"))})
		}
		c.Tiers = append(c.Tiers, price.Tier{Price: eur(nanos.Draw(t, "last")), Flat: eur(nanos.Draw(t, "flat"))})
		return c
	case price.OneOff, price.PerPeriod:
		for n := range rapid.IntRange(0, 3).Draw(t, "parts") {
			c.Parts = append(c.Parts, price.Part{Key: "p" + strconv.Itoa(n), Weight: money.Quantity(rapid.Int64Range(0, 9).Draw(t, "weight") + int64(1-min(n, 1)))})
		}
	}
	c.Price = eur(nanos.Draw(t, "price"))
	return c
}

func term(t *rapid.T, i int, parts []price.Component) price.Term {
	one := price.Term{Key: "t" + strconv.Itoa(i), Kind: rapid.SampledFrom([]price.TermKind{price.Trial, price.Discount, price.Coupon, price.Cap, price.Minimum, price.Commitment}).Draw(t, "term")}
	if rapid.Bool().Draw(t, "covers") {
		one.Components = []string{parts[len(parts)-1].Key}
	}
	periods := rapid.IntRange(0, 1200)
	switch one.Kind {
	case price.Trial:
		one.Days = rapid.IntRange(1, 3660).Draw(t, "days")
	case price.Discount:
		one.Percent, one.Periods = price.Percent(rapid.Int64Range(1, 100_000).Draw(t, "percent")), periods.Draw(t, "periods")
	default:
		one.Amount = money.New(rapid.Int64Range(1, 1e12).Draw(t, "amount"), money.EUR)
		if one.Kind == price.Coupon {
			one.Periods = periods.Draw(t, "periods")
			break
		}
		one.Every, one.Prorate = rapid.SampledFrom([]price.Every{"", price.Month, price.Year}).Draw(t, "every"), rapid.Bool().Draw(t, "prorate")
		one.Prepaid = one.Kind == price.Commitment && rapid.Bool().Draw(t, "prepaid")
	}
	return one
}

// TestAFormLosesNothing writes any price as a form, sends the form, and reads the same price; and the form of that is the
// same form again. It goes through the YAML of an offer as well.
func TestAFormLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		f := priceform.Of(p)
		sent := url.Values{"do": {"show"}, "components.x.price": {"1"}}
		for name, answer := range f {
			sent.Set(name, answer)
		}
		back := priceform.Read(sent)
		back.Settle()
		got, wrong := back.Price()
		if len(wrong) > 0 || cmp.Diff(p, got) != "" {
			t.Fatalf("%v %s", wrong, cmp.Diff(p, got))
		}
		if d := cmp.Diff(f, priceform.Of(got)); d != "" {
			t.Fatal(d)
		}
		words := catalog.Text{"en": "X"}
		c := catalog.Content{Key: "offer", Name: words, Summary: words, Contract: words, Families: []string{"messaging"}, Seller: catalog.SellerMarket, Driver: catalog.Driver{Name: "process", Kind: "m2m"},
			Exit: catalog.Exit{Formats: []string{"ndjson"}}, Plans: []catalog.Plan{{Key: "one", Name: words, Prices: []catalog.Price{p}}}}
		for i := range 4 {
			c.Meters = append(c.Meters, catalog.Meter{Key: "m" + strconv.Itoa(i), Name: words, Unit: "unit", Aggregation: "sum"})
		}
		text, err := catalog.Export(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := catalog.Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := cmp.Diff(f, priceform.Of(again.Plans[0].Prices[0])); d != "" {
			t.Fatal(d)
		}
	})
}

// TestEntriesComeAndGo adds and removes at random; what stays keeps its order and its answers.
func TestEntriesComeAndGo(t *testing.T) {
	f := priceform.Form{}
	for range 3 {
		f.Add("components")
	}
	for i := range 3 {
		f["components."+strconv.Itoa(i)+".key"] = "c" + strconv.Itoa(i)
		f["components."+strconv.Itoa(i)+".kind"] = "graduated"
	}
	f.Settle()
	f.Add("components.1.tiers")
	f["components.1.tiers.0.upTo"], f["components.1.tiers.1.price"] = "10", "2"
	f.Remove("components.0")
	if f.Count("components") != 2 || f["components.0.key"] != "c1" || f["components.0.tiers.1.price"] != "2" || f["components.1.key"] != "c2" {
		t.Fatal(f)
	}
	f.Remove("components.0.tiers.0")
	if f.Count("components.0.tiers") != 1 || f["components.0.tiers.0.price"] != "2" || f["components.0.tiers.0.upTo"] != "" {
		t.Fatal(f)
	}
	for _, nonsense := range []string{"", "components", "components.9", "components.-1", "x.0", "components.0.kind", "..", "components.0."} {
		before := len(f)
		f.Remove(nonsense)
		if f.Add(nonsense); len(f) != before && nonsense != "components" {
			t.Fatalf("%q changed the form: %v", nonsense, f)
		}
	}
}

// TestNothingIsFreeByMistake refuses a price that is not there, and what could be read in two ways.
func TestNothingIsFreeByMistake(t *testing.T) {
	for _, text := range []string{"", "1,000", "1 000", "1e3", "-", "0x1", "٣"} {
		f := priceform.Form{"currency": "EUR", "basis": "net", "components.0.kind": "oneOff", "components.0.key": "a", "components.0.price": text}
		if p, wrong := f.Price(); len(wrong) != 1 || wrong[0].Path != "components.0.price" {
			t.Errorf("%q was read as %+v, %v", text, p, wrong)
		}
	}
}

// FuzzRead sends anything: what can be read and used comes back the same.
func FuzzRead(f *testing.F) {
	f.Add("currency=EUR&basis=net&components.0.kind=graduated&components.0.tiers.0.price=1&components.0.per=1&terms.0.kind=cap&terms.0.amount=5", "components.0.tiers")
	f.Add("components.200.kind=x&terms.0.percent=99999999999999999999&effectiveFrom=0000-00-00&components.0.hours.spans.0.from=%ff", "terms.0")
	f.Fuzz(func(t *testing.T, query, entry string) {
		sent, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		form := priceform.Read(sent)
		form.Settle()
		form.Add(entry)
		form.Remove(entry)
		p, wrong := form.Price()
		p.ID = "x"
		if v := p.Version(); len(wrong) > 0 || v.Validate() != nil {
			return
		}
		p.ID = ""
		got, wrong := priceform.Of(p).Price()
		if len(wrong) > 0 || cmp.Diff(p, got) != "" {
			t.Fatalf("%v %s", wrong, cmp.Diff(p, got))
		}
	})
}
