package settlement

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

func eur(minor int64) money.Amount { return money.New(minor, money.EUR) }

func total(t rapid.TB, s Share) money.Amount {
	t.Helper()
	sum, err := money.Sum(s.Publisher.Currency, append([]money.Amount{s.Publisher, s.Operator}, s.Resellers...)...)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func drawParts(t *rapid.T, publisher int) Parts {
	p := Parts{Publisher: rapid.IntRange(0, publisher).Draw(t, "publisher")}
	left := Whole - p.Publisher
	for range rapid.IntRange(0, 3).Draw(t, "levels") {
		n := rapid.IntRange(0, left).Draw(t, "reseller")
		p.Resellers = append(p.Resellers, n)
		left -= n
	}
	p.Operator = left
	return p
}

func drawTerms(t *rapid.T) Terms {
	bearer := rapid.SampledFrom([]Bearer{"", Shared, ByOperator, ByPublisher})
	out := Terms{Discount: bearer.Draw(t, "discount"), CreditNote: bearer.Draw(t, "credit note")}
	for _, component := range []string{"", "messages"} {
		c := Clause{Component: component, Kind: rapid.SampledFrom([]ClauseKind{Percent, Fixed, Tiers}).Draw(t, "kind")}
		if c.Kind == Fixed || rapid.Bool().Draw(t, "floor") {
			c.Each = money.NewUnitPrice(rapid.Int64Range(0, 2_000_000_000).Draw(t, "each"), money.EUR)
			c.Per = money.Quantity(rapid.Int64Range(1, 1000).Draw(t, "per"))
		}
		switch c.Kind {
		case Percent:
			c.Parts = drawParts(t, Whole)
		case Fixed:
			c.Parts = drawParts(t, 0)
		case Tiers:
			upTo := int64(0)
			for range rapid.IntRange(0, 3).Draw(t, "tiers") {
				upTo += rapid.Int64Range(1, 100_000).Draw(t, "up to")
				c.Tiers = append(c.Tiers, Tier{UpTo: upTo, Parts: drawParts(t, Whole)})
			}
			c.Tiers = append(c.Tiers, Tier{Parts: drawParts(t, Whole)})
		}
		out.Clauses = append(out.Clauses, c)
	}
	return out
}

// Whatever the rule and the line: its parts come to it, and what a credit note takes back in any pieces comes to what was
// given.
func TestPartsComeToTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t)
		if err := terms.Validate(); err != nil {
			t.Fatal(err)
		}
		currency := rapid.SampledFrom([]money.Currency{money.EUR, money.CHF, "JPY"}).Draw(t, "currency")
		amount := rapid.Int64Range(-1_000_000_000, 1_000_000_000)
		in := Item{Component: rapid.SampledFrom([]string{"messages", "base"}).Draw(t, "component"), Term: rapid.Bool().Draw(t, "term"),
			Net: money.New(amount.Draw(t, "net"), currency), Quantity: money.Quantity(rapid.Int64Range(-10_000, 10_000).Draw(t, "quantity")),
			Resellers: rapid.IntRange(0, 3).Draw(t, "resellers"), Sold: money.New(amount.Draw(t, "sold"), currency)}
		share, err := terms.Split(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := total(t, share); got != in.Net {
			t.Fatalf("%v comes to %s, not to %s", share, got, in.Net)
		}
		back, before := share, money.Zero(currency)
		pieces := []int64{-in.Net.Minor}
		if in.Net.Minor != 0 && rapid.Bool().Draw(t, "in parts") {
			part := -in.Net.Minor / rapid.Int64Range(2, 9).Draw(t, "part")
			pieces = []int64{part, part, -in.Net.Minor - 2*part}
		}
		for _, piece := range pieces {
			now := money.New(piece, currency)
			taken, err := takeBack(share, in.Net, before, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := total(t, taken); got != now {
				t.Fatalf("what is taken back comes to %s, not to %s", got, now)
			}
			before.Minor += piece
			back.Publisher.Minor += taken.Publisher.Minor
			back.Operator.Minor += taken.Operator.Minor
			for i := range back.Resellers {
				if i == 0 {
					back.Resellers = append([]money.Amount{}, back.Resellers...)
				}
				back.Resellers[i].Minor += taken.Resellers[i].Minor
			}
		}
		for _, left := range append([]money.Amount{back.Publisher, back.Operator}, back.Resellers...) {
			if left.Minor != 0 {
				t.Fatalf("after all was taken back %s is left: %v", left, back)
			}
		}
	})
}

func TestSplitByRules(t *testing.T) {
	each := money.NewUnitPrice(10_000_000, money.EUR) // 0.01
	seventy := Parts{Publisher: 7000, Operator: 2000, Resellers: []int{1000}}
	for name, c := range map[string]struct {
		clause Clause
		terms  Terms
		in     Item
		want   []int64 // publisher, operator, resellers
	}{
		"percent":                 {Clause{Kind: Percent, Parts: seventy}, Terms{}, Item{Net: eur(1001), Resellers: 1}, []int64{701, 200, 100}},
		"no reseller there":       {Clause{Kind: Percent, Parts: seventy}, Terms{}, Item{Net: eur(1000)}, []int64{700, 300}},
		"more resellers":          {Clause{Kind: Percent, Parts: seventy}, Terms{}, Item{Net: eur(1000), Resellers: 2}, []int64{700, 200, 100, 0}},
		"fixed":                   {Clause{Kind: Fixed, Parts: Parts{Operator: 8000, Resellers: []int{2000}}, Each: each, Per: 1}, Terms{}, Item{Net: eur(1000), Quantity: 300, Resellers: 1}, []int64{300, 560, 140}},
		"fixed above the price":   {Clause{Kind: Fixed, Parts: Parts{Operator: 10000}, Each: each, Per: 1}, Terms{}, Item{Net: eur(100), Quantity: 300}, []int64{300, -200}},
		"floor reached":           {Clause{Kind: Percent, Parts: seventy, Each: each, Per: 1}, Terms{}, Item{Net: eur(1000), Quantity: 300}, []int64{700, 300}},
		"floor not reached":       {Clause{Kind: Percent, Parts: seventy, Each: each, Per: 1}, Terms{}, Item{Net: eur(1000), Quantity: 900}, []int64{900, 100}},
		"across tiers":            {Clause{Kind: Tiers, Tiers: []Tier{{UpTo: 1000, Parts: Parts{Publisher: 5000, Operator: 5000}}, {Parts: Parts{Publisher: 9000, Operator: 1000}}}}, Terms{}, Item{Net: eur(1000), Sold: eur(600)}, []int64{740, 260}},
		"back across tiers":       {Clause{Kind: Tiers, Tiers: []Tier{{UpTo: 1000, Parts: Parts{Publisher: 5000, Operator: 5000}}, {Parts: Parts{Publisher: 9000, Operator: 1000}}}}, Terms{}, Item{Net: eur(-1000), Sold: eur(1600)}, []int64{-740, -260}},
		"discount by operator":    {Clause{Kind: Percent, Parts: seventy}, Terms{Discount: ByOperator}, Item{Net: eur(-100), Term: true}, []int64{0, -100}},
		"discount by publisher":   {Clause{Kind: Percent, Parts: seventy}, Terms{Discount: ByPublisher}, Item{Net: eur(-100), Term: true}, []int64{-100, 0}},
		"discount shared":         {Clause{Kind: Percent, Parts: seventy}, Terms{}, Item{Net: eur(-100), Term: true}, []int64{-70, -30}},
		"a minimum is no cost":    {Clause{Kind: Percent, Parts: seventy}, Terms{Discount: ByOperator}, Item{Net: eur(100), Term: true}, []int64{70, 30}},
		"floor, what comes back":  {Clause{Kind: Percent, Parts: seventy, Each: each, Per: 1}, Terms{}, Item{Net: eur(-1000), Quantity: -900}, []int64{-900, -100}},
		"floor in another money":  {Clause{Kind: Percent, Parts: seventy, Each: money.NewUnitPrice(1, money.CHF), Per: 1}, Terms{}, Item{Net: eur(1000), Quantity: 900}, []int64{700, 300}},
		"everything to publisher": {Clause{Kind: Percent, Parts: Parts{Publisher: Whole}, Each: each, Per: 1}, Terms{}, Item{Net: eur(100), Quantity: 300}, []int64{300, -200}},
	} {
		c.terms.Clauses = []Clause{c.clause}
		if err := c.terms.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.in.Sold.Currency == "" {
			c.in.Sold = eur(0)
		}
		s, err := c.terms.Split(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := []int64{s.Publisher.Minor, s.Operator.Minor}
		for _, r := range s.Resellers {
			got = append(got, r.Minor)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRulesThatDoNotSumAreRefused(t *testing.T) {
	ok := Clause{Kind: Percent, Parts: Parts{Publisher: 7000, Operator: 3000}}
	for name, c := range map[string]struct {
		terms Terms
		field string
	}{
		"too little":              {Terms{Clauses: []Clause{{Kind: Percent, Parts: Parts{Publisher: 7000, Operator: 2999}}}}, "clauses.0.parts"},
		"too much":                {Terms{Clauses: []Clause{{Kind: Percent, Parts: Parts{Publisher: 7000, Operator: 2000, Resellers: []int{1001}}}}}, "clauses.0.parts"},
		"below zero":              {Terms{Clauses: []Clause{{Kind: Percent, Parts: Parts{Publisher: 10_001, Operator: -1}}}}, "clauses.0.parts"},
		"none":                    {Terms{}, "clauses"},
		"only some components":    {Terms{Clauses: []Clause{{Component: "x", Kind: Percent, Parts: ok.Parts}}}, "clauses"},
		"twice":                   {Terms{Clauses: []Clause{ok, ok}}, "clauses.1.component"},
		"fixed without an amount": {Terms{Clauses: []Clause{{Kind: Fixed, Parts: Parts{Operator: Whole}}}}, "clauses.0.each"},
		"fixed and a part":        {Terms{Clauses: []Clause{{Kind: Fixed, Parts: ok.Parts, Each: money.NewUnitPrice(1, money.EUR), Per: 1}}}, "clauses.0.parts"},
		"tiers downwards":         {Terms{Clauses: []Clause{{Kind: Tiers, Tiers: []Tier{{UpTo: 10, Parts: ok.Parts}, {UpTo: 5, Parts: ok.Parts}, {Parts: ok.Parts}}}}}, "clauses.0.tiers"},
		"tiers with an end":       {Terms{Clauses: []Clause{{Kind: Tiers, Tiers: []Tier{{UpTo: 10, Parts: ok.Parts}}}}}, "clauses.0.tiers"},
		"a tier that is not all":  {Terms{Clauses: []Clause{{Kind: Tiers, Tiers: []Tier{{Parts: Parts{Publisher: 1}}}}}}, "clauses.0.tiers"},
		"unknown kind":            {Terms{Clauses: []Clause{{Kind: "half", Parts: ok.Parts}}}, "clauses.0.kind"},
		"unknown bearer":          {Terms{Clauses: []Clause{ok}, BadDebt: "nobody"}, "badDebt"},
		"reserve without days":    {Terms{Clauses: []Clause{ok}, Reserve: 500}, "reserve"},
		"threshold below zero":    {Terms{Clauses: []Clause{ok}, Threshold: -1}, "threshold"},
	} {
		err := c.terms.Validate()
		var e *fail.Error
		if !errors.As(err, &e) || len(e.Fields) == 0 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range e.Fields {
			found = found || f.Path == c.field
		}
		if !found {
			t.Errorf("%s: %v, want the field %s", name, e.Fields, c.field)
		}
	}
}
