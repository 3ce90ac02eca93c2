package operator

import (
	"slices"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// hundred is the net amount of a line in the examples, in minor units.
const hundred = 100_00

type example struct {
	what string
	item settlement.Item
}

// examples are lines that show all that a clause says.
func examples(r *site.Request, t settlement.Terms) (out []example) {
	c, currency := t.Clauses[0], money.EUR
	if c.Each.Currency != "" {
		currency = c.Each.Currency
	}
	line := settlement.Item{Net: money.New(hundred, currency), Sold: money.Zero(currency)}
	say := func(key string, i settlement.Item, args ...any) {
		out = append(out, example{r.T("books.split.example."+key, append([]any{"amount", desk.Money(r, i.Net)}, args...)...), i})
	}
	switch {
	case c.Kind == settlement.Tiers:
		sold := int64(0)
		for _, one := range c.Tiers {
			i := line
			key := "tier"
			if i.Sold = money.New(sold, currency); sold == 0 {
				key = "first"
			}
			say(key, i, "sold", desk.Money(r, i.Sold))
			sold = one.UpTo
		}
	case c.Per > 0:
	default:
		say("line", line)
	}
	if c.Per > 0 {
		for _, n := range []money.Quantity{1, 100, 10_000} {
			i := line
			i.Quantity = n * c.Per
			say("units", i, "n", int64(i.Quantity))
		}
	}
	if resold := slices.ContainsFunc(append(tierParts(c), c.Parts), func(p settlement.Parts) bool { return len(p.Resellers) > 0 }); resold {
		i := line
		i.Resellers, i.Quantity = 1, c.Per
		say("resold", i)
	}
	if t.Discount == settlement.ByOperator || t.Discount == settlement.ByPublisher {
		i := line
		i.Term, i.Net = true, money.New(-hundred/10, currency)
		say("discount", i)
	}
	return out
}

func tierParts(c settlement.Clause) (out []settlement.Parts) {
	for _, t := range c.Tiers {
		out = append(out, t.Parts)
	}
	return out
}

// splitExamples is what each is left with of some lines.
func splitExamples(r *site.Request, t settlement.Terms) (site.Block, error) {
	var rows []table.Row
	for _, e := range examples(r, t) {
		share, err := t.Split(e.item)
		if err != nil {
			return site.Block{}, err
		}
		resellers := money.Zero(e.item.Net.Currency)
		for _, a := range share.Resellers {
			if resellers, err = resellers.Add(a); err != nil {
				return site.Block{}, err
			}
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(e.what), desk.Text(desk.Money(r, share.Publisher)), desk.Text(desk.Money(r, resellers)), desk.Text(desk.Money(r, share.Operator))}})
	}
	return desk.Block("examples", r.T("books.split.examples"), desk.Terms(r, t), desk.List(r, "example-list", r.T("books.split.examples"), "books.split.examples",
		[]table.Column{desk.Col(r.T("books.split.examples.of")), desk.Num(r.T("books.split.examples.publisher")), desk.Num(r.T("books.split.examples.resellers")), desk.Num(r.T("books.split.examples.you"))}, rows)), nil
}
