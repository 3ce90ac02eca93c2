package einvoice

import (
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

func (c *checker) totals() {
	t := &c.d.Totals
	var lines, allowances, charges []money.Amount
	for i := range c.d.Lines {
		lines = append(lines, c.d.Lines[i].Net)
	}
	for _, a := range c.d.Adjustments {
		if a.Charge {
			charges = append(charges, a.Amount)
		} else {
			allowances = append(allowances, a.Amount)
		}
	}
	for _, f := range []struct {
		amount               money.Amount
		needed, dec, bt, has string
	}{{t.Lines, "BR-12", "BR-DEC-09", "BT-106", "sum of the lines"}, {t.Allowances, "", "BR-DEC-10", "BT-107", ""}, {t.Charges, "", "BR-DEC-11", "BT-108", ""},
		{t.Net, "BR-13", "BR-DEC-12", "BT-109", "total without VAT"}, {t.VAT, "", "BR-DEC-13", "BT-110", ""}, {t.Gross, "BR-14", "BR-DEC-14", "BT-112", "total with VAT"},
		{t.Prepaid, "", "BR-DEC-16", "BT-113", ""}, {t.Rounding, "", "BR-DEC-17", "BT-114", ""}, {t.Due, "BR-15", "BR-DEC-18", "BT-115", "amount due"}} {
		c.want(f.needed == "" || f.amount.Currency != "", f.needed, f.bt, "The "+f.has+" is missing")
		c.want(!fine(f.amount), f.dec, f.bt, "It has more than two decimals")
		c.want(f.amount.Currency == "" || f.amount.Currency == c.d.Currency, "BR-CL-03", f.bt, "It is in another currency than the invoice")
	}
	booked := t.VATBooked.Currency
	c.code("currencies", string(booked), "BR-CL-05", "BT-6")
	c.want(booked == "" || booked != c.d.Currency, "BR-53", "BT-111", "The VAT in the currency of the books is given where that is another currency")
	c.want(!fine(t.VATBooked), "BR-DEC-15", "BT-111", "It has more than two decimals")
	same := func(a, b money.Amount) bool { return a.Minor == b.Minor }
	c.want(same(t.Lines, c.sum(lines...)), "BR-CO-10", "BT-106", "It is not the sum of the lines")
	c.want(same(t.Allowances, c.sum(allowances...)), "BR-CO-11", "BT-107", "It is not the sum of the allowances")
	c.want(same(t.Charges, c.sum(charges...)), "BR-CO-12", "BT-108", "It is not the sum of the charges")
	c.want(t.Net.Minor == t.Lines.Minor-t.Allowances.Minor+t.Charges.Minor, "BR-CO-13", "BT-109", "It is not the lines less allowances plus charges")
	c.want(t.Gross.Minor == t.Net.Minor+t.VAT.Minor, "BR-CO-15", "BT-112", "It is not the total without VAT plus the VAT")
	c.want(t.Due.Minor == t.Gross.Minor-t.Prepaid.Minor+t.Rounding.Minor, "BR-CO-16", "BT-115", "It is not the total less what is paid plus the rounding")
	none := price.Date{}
	c.want(c.d.TaxPoint == none || c.d.TaxPoint.Valid(), "BR-CO-03", "BT-7", "The tax point is not a date")
}

// category is how the rules differ from one VAT category to another (EN 16931-1, section 6.4.3).
type category struct {
	tax.Category
	name   string // in the names of the rules
	seller bool   // the seller needs a VAT identifier or tax number
	strict bool   // only a VAT identifier will do
	buyer  bool   // the buyer needs a VAT identifier or, for AE, a registration
	reason bool   // the breakdown needs a reason
}

var categories = []category{
	{tax.Standard, "BR-S", true, false, false, false},
	{tax.ZeroRated, "BR-Z", true, false, false, false},
	{tax.Exempt, "BR-E", true, false, false, true},
	{tax.ReverseCharge, "BR-AE", true, false, true, true},
	{tax.IntraCommunity, "BR-IC", true, true, true, true},
	{tax.Export, "BR-G", true, true, false, true},
	{tax.OutsideScope, "BR-O", false, false, false, true},
}

// taxed is an amount of a line, an allowance or a charge with its tax. part is the number of the rule about who must
// be identified: 2 of lines, 3 of allowances, 4 of charges; the rule about the rate is three further.
type taxed struct {
	amount      int64 // signed as it counts in the base
	category    tax.Category
	basisPoints int
	part        int
	term        string
}

func (c *checker) items() []taxed {
	var out []taxed
	for i := range c.d.Lines {
		l := &c.d.Lines[i]
		out = append(out, taxed{l.Net.Minor, l.Category, l.BasisPoints, 2, "BT-151 of line " + l.ID})
	}
	for _, a := range c.d.Adjustments {
		if a.Charge {
			out = append(out, taxed{a.Amount.Minor, a.Category, a.BasisPoints, 4, "BT-102"})
		} else {
			out = append(out, taxed{-a.Amount.Minor, a.Category, a.BasisPoints, 3, "BT-95"})
		}
	}
	return out
}

// vat is the breakdown against the lines, allowances and charges.
func (c *checker) vat() {
	c.want(len(c.d.VAT) > 0, "BR-CO-18", "BG-23", "The breakdown of the VAT is missing")
	items := c.items()
	known := map[tax.Category]bool{}
	for _, k := range categories {
		known[k.Category] = true
		c.identified(k, items)
		c.broken(k, items)
	}
	for _, it := range items {
		c.want(it.category == "" || known[it.category], "BR-CL-18", it.term, "“"+string(it.category)+"” is not a VAT category that is known here")
	}
	var total []money.Amount
	for _, b := range c.d.VAT {
		total = append(total, b.VAT)
		c.want(known[b.Category], "BR-CL-17", "BT-118", "“"+string(b.Category)+"” is not a VAT category that is known here")
		c.want(b.Base.Currency != "", "BR-45", "BT-116", "The taxable amount is missing")
		c.want(b.VAT.Currency != "", "BR-46", "BT-117", "The tax amount is missing")
		c.want(!fine(b.Base), "BR-DEC-19", "BT-116", "It has more than two decimals")
		c.want(!fine(b.VAT), "BR-DEC-20", "BT-117", "It has more than two decimals")
		c.code("exemptions", b.Code, "BR-CL-22", "BT-121")
		c.want(near(b), "BR-CO-17", "BT-117", "It is not the taxable amount × the rate")
	}
	c.want(c.d.Totals.VAT.Minor == c.sum(total...).Minor, "BR-CO-14", "BT-110", "It is not the sum of the VAT of the breakdown")
}

// near tells whether a tax is its base × rate, give or take one minor unit: taken out of prices that hold it, it may be
// off by that (tax.Extract).
func near(b Breakdown) bool {
	want, err := tax.Of(b.Base, b.BasisPoints)
	if err != nil {
		return false
	}
	off := want.Minor - b.VAT.Minor
	return off >= -1 && off <= 1
}

func (k category) rule(n int) string {
	return k.name + "-" + string([]byte{'0' + byte(n/10), '0' + byte(n%10)})
}

// identified are the rules 2 to 7 of a category: who must be identified, and which rate there is.
func (c *checker) identified(k category, items []taxed) {
	s, b := &c.d.Seller, &c.d.Buyer
	done := map[int]bool{}
	for _, it := range items {
		if it.category != k.Category {
			continue
		}
		right := it.basisPoints == 0
		if k.Category == tax.Standard {
			right = it.basisPoints > 0 && it.basisPoints <= 10_000
		}
		c.want(right, k.rule(it.part+3), it.term, "The rate does not belong to the VAT category "+string(k.Category))
		if done[it.part] {
			continue
		}
		done[it.part] = true
		c.want(!k.seller || s.VATID != "" || !k.strict && s.TaxNumber != "", k.rule(it.part), "BT-31", "The VAT identifier of the seller is missing")
		c.want(!k.buyer || b.VATID != "" || k.Category == tax.ReverseCharge && b.Legal.ID != "", k.rule(it.part), "BT-48", "The VAT identifier of the buyer is missing")
		c.want(k.Category != tax.OutsideScope || s.VATID == "" && b.VATID == "", k.rule(it.part), "BT-31", "What is outside the scope of VAT carries no VAT identifier")
	}
}

// broken are the rules 1 and 8 to 14 of a category: its breakdown.
func (c *checker) broken(k category, items []taxed) {
	bases, used := map[int]int64{}, false
	for _, it := range items {
		if it.category == k.Category {
			bases[it.basisPoints] += it.amount
			used = true
		} else if k.Category == tax.OutsideScope && c.breaks(tax.OutsideScope) > 0 {
			c.want(false, k.rule(it.part+10), it.term, "Nothing else stands beside what is outside the scope of VAT")
		}
	}
	n := c.breaks(k.Category)
	one := n == 1 || k.Category == tax.Standard && n > 0
	c.want(used && one || !used && n == 0, k.rule(1), "BG-23", "The breakdown has one entry for the VAT category "+string(k.Category)+" when something is of it, and none otherwise")
	seen := map[int]bool{}
	for _, b := range c.d.VAT {
		if b.Category != k.Category {
			continue
		}
		c.want(b.Base.Minor == bases[b.BasisPoints] && !seen[b.BasisPoints], k.rule(8), "BT-116", "It is not the sum of what is taxed at this rate")
		seen[b.BasisPoints] = true
		c.want(k.Category == tax.Standard && near(b) || k.Category != tax.Standard && b.VAT.Minor == 0, k.rule(9), "BT-117", "The tax does not belong to the VAT category")
		given := b.Reason != "" || b.Code != ""
		c.want(given == k.reason, k.rule(10), "BT-120", "A reason is given where no tax is charged for one, and nowhere else")
	}
	for rate := range bases {
		c.want(seen[rate] || n == 0, k.rule(8), "BT-116", "A rate is missing in the breakdown")
	}
	switch {
	case k.Category == tax.OutsideScope && n > 0:
		c.want(len(c.d.VAT) == n, "BR-O-11", "BG-23", "Nothing else stands beside what is outside the scope of VAT")
	case k.Category == tax.IntraCommunity && n > 0:
		c.want(c.d.Delivery.Date != (price.Date{}) || c.d.Period != (Period{}), "BR-IC-11", "BT-72", "The day of delivery or the period is missing")
		c.want(c.d.Delivery.Country != "", "BR-IC-12", "BT-80", "The country of delivery is missing")
	}
}

// breaks is how many entries of the breakdown are of a category.
func (c *checker) breaks(k tax.Category) (n int) {
	for _, b := range c.d.VAT {
		if b.Category == k {
			n++
		}
	}
	return n
}
