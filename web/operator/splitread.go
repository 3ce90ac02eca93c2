package operator

import (
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/site"
)

// splitReader reads the form of a rule; what cannot be read is named field by field.
type splitReader struct {
	r   *site.Request
	err *fail.Error
}

func (s *splitReader) wrong(field, key string) {
	if s.err == nil {
		s.err = fail.New(fail.Invalid, "operator.split", "The rule cannot be read.", "Correct the fields named.")
	}
	s.err = s.err.Field(field, s.r.T(key))
}

// points reads a percentage with up to two decimals as basis points; "" is none.
func (s *splitReader) points(field, text string) int {
	text = strings.ReplaceAll(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%")), ",", ".")
	if text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(whole + (part + "00")[:2])
	if err != nil || len(part) > 2 || n < 0 || n > settlement.Whole {
		s.wrong(field, "books.split.percent")
	}
	return n
}

func (s *splitReader) number(field string) int {
	text := strings.TrimSpace(s.r.Value(field))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		s.wrong(field, "books.split.number")
	}
	return n
}

// minor reads an amount in the currency's own units with two decimals, as minor units; "" is none.
func (s *splitReader) minor(field, text string) int64 {
	text = strings.ReplaceAll(strings.TrimSpace(text), ",", ".")
	if text == "" {
		return 0
	}
	a, err := money.ParseAmount(text, money.EUR)
	if err != nil {
		s.wrong(field, "books.split.amount")
	}
	return a.Minor
}

// rule is what the form says.
func (s *splitReader) rule() (in settlement.RuleInput, err error) {
	v := func(field string) string { return strings.TrimSpace(s.r.Value(field)) }
	in = settlement.RuleInput{Publisher: v("publisher"), Offer: v("offer"), Market: v("market"), Terms: settlement.Terms{
		Clauses: []settlement.Clause{s.clause()}, Discount: settlement.Bearer(v("discount")), CreditNote: settlement.Bearer(v("creditNote")), BadDebt: settlement.Bearer(v("badDebt")), Fees: settlement.Bearer(v("fees")),
		Reserve: s.points("reserve", v("reserve")), ReserveDays: s.number("days"), Threshold: s.minor("threshold", v("threshold"))}}
	if v("from") != "" {
		if in.From, err = dayOf(s.r, "from"); err != nil {
			return in, err
		}
	}
	if s.err != nil {
		return in, s.err
	}
	return in, nil
}

func (s *splitReader) clause() settlement.Clause {
	c := settlement.Clause{Kind: settlement.ClauseKind(s.r.Value("kind"))}
	switch c.Kind {
	case "":
		c.Kind = settlement.Percent
	case settlement.Tiers:
		c.Tiers = s.tiers()
	}
	if c.Kind != settlement.Tiers {
		c.Parts = settlement.Parts{Publisher: s.points("share", s.r.Value("share")), Operator: s.points("kept", s.r.Value("kept"))}
		if n := s.points("reseller", s.r.Value("reseller")); n > 0 {
			c.Parts.Resellers = []int{n}
		}
	}
	if text := strings.TrimSpace(s.r.Value("each")); text != "" {
		c.Each, c.Per = s.each(text), money.Quantity(max(1, s.number("per")))
	}
	return c
}

// each reads "0.02 EUR"; the currency may be left out.
func (s *splitReader) each(text string) money.UnitPrice {
	amount, currency, _ := strings.Cut(text, " ")
	if currency = strings.TrimSpace(currency); currency == "" {
		currency = string(money.EUR)
	}
	p, err := money.ParseUnitPrice(strings.ReplaceAll(amount, ",", "."), money.Currency(currency))
	if err != nil {
		s.wrong("each", "books.split.each.wrong")
	}
	return p
}

// tiers reads a line a tier, "10000: 70 / 30": sold up to, then the parts of publisher, operator, resellers. The last
// line has no amount.
func (s *splitReader) tiers() (out []settlement.Tier) {
	for line := range strings.Lines(s.r.Value("tiers")) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		upTo, rest, found := strings.Cut(line, ":")
		if !found {
			upTo, rest = "", line
		}
		parts := strings.Split(rest, "/")
		if len(parts) < 2 || len(parts) > 8 {
			s.wrong("tiers", "books.split.tiers.wrong")
			continue
		}
		t := settlement.Tier{UpTo: s.minor("tiers", upTo), Parts: settlement.Parts{Publisher: s.points("tiers", parts[0]), Operator: s.points("tiers", parts[1])}}
		for _, p := range parts[2:] {
			t.Resellers = append(t.Resellers, s.points("tiers", p))
		}
		out = append(out, t)
	}
	return out
}
