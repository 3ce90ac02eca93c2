package einvoice

import (
	"math/big"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// Violation is a rule that a document does not keep.
type Violation struct {
	Rule string // "BR-S-02", "BR-DE-15"
	Term string // what it is about, "BT-31"; with the line's identifier, "BT-129 of line 3"
	Text string // what is wanted, in a sentence for who can fill it in
}

// Check tells every rule of the standard that a document does not keep, in the order of the document. The rules about
// syntax are not among them: the writers cannot break those.
func Check(d *Document) []Violation {
	c := &checker{d: d}
	c.head()
	c.parties()
	c.payment()
	for i := range d.Adjustments {
		c.adjustment(&d.Adjustments[i], "", d.Adjustments[i].Charge)
	}
	for i := range d.Lines {
		c.line(&d.Lines[i])
	}
	c.totals()
	c.vat()
	return c.found
}

// Refusal is an error for what was found: einvoice.invalid with a field for each; nil for nothing.
func Refusal(found []Violation) error {
	if len(found) == 0 {
		return nil
	}
	e := fail.New(fail.Invalid, "einvoice.invalid", "The electronic invoice cannot be written: the invoice lacks something that its format needs.",
		"Fill in what is named: the next invoice has it. The invoice itself and its PDF are valid without, and the plain forms ubl and cii ask for least.")
	for _, v := range found {
		e = e.Field(v.Term, v.Text+" ("+v.Rule+")")
	}
	return e
}

func valid(d *Document) error { return Refusal(Check(d)) }

// checker collects what is found.
type checker struct {
	d     *Document
	found []Violation
}

// want notes a violation unless the rule is kept.
func (c *checker) want(kept bool, rule, term, text string) {
	if !kept {
		c.found = append(c.found, Violation{rule, term, text})
	}
}

// code wants a code to stand in its list, if there is one.
func (c *checker) code(list, code, rule, term string) {
	c.want(code == "" || has(list, code), rule, term, "“"+code+"” is not in the list of codes")
}

func (c *checker) head() {
	d := c.d
	c.want(d.Specification != "", "BR-01", "BT-24", "The specification identifier is missing")
	c.want(d.Number != "", "BR-02", "BT-1", "The number of the invoice is missing")
	c.want(d.Issued.Valid(), "BR-03", "BT-2", "The date of issue is missing")
	c.want(d.Type != "", "BR-04", "BT-3", "The type of the document is missing")
	c.want(d.Currency != "", "BR-05", "BT-5", "The currency is missing")
	c.want(d.Type == "" || has("invoiceTypes", d.Type) || has("creditTypes", d.Type), "BR-CL-01", "BT-3", "“"+d.Type+"” is not a type of invoice or credit note")
	c.want(d.Currency == "" || has("currencies", string(d.Currency)) && d.Currency.Known(), "BR-CL-04", "BT-5", "“"+string(d.Currency)+"” is not a known currency")
	for _, n := range d.Notes {
		c.code("noteSubjects", n.Subject, "BR-CL-08", "BT-21")
	}
	for _, r := range d.Preceding {
		c.want(r.Number != "", "BR-55", "BT-25", "A reference to an earlier invoice needs its number")
	}
	for _, s := range d.Supporting {
		c.want(s.ID != "", "BR-52", "BT-122", "A supporting document needs a reference")
	}
	c.period(d.Period, "BR-29", "BR-CO-19", "BG-14")
	c.want(len(d.Lines) > 0, "BR-16", "BG-25", "An invoice needs a line")
}

func (c *checker) period(p Period, order, given, term string) {
	none := price.Date{}
	c.want(p.From == none || p.To == none || !p.To.Before(p.From), order, term, "The period ends before it begins")
	c.want(p.From == none || p.From.Valid(), given, term, "The first day of the period is not a date")
	c.want(p.To == none || p.To.Valid(), given, term, "The last day of the period is not a date")
}

func (c *checker) parties() {
	s, b := &c.d.Seller, &c.d.Buyer
	c.want(s.Name != "", "BR-06", "BT-27", "The name of the seller is missing")
	c.want(b.Name != "", "BR-07", "BT-44", "The name of the buyer is missing")
	c.want(s.Address != (Address{}), "BR-08", "BG-5", "The address of the seller is missing")
	c.want(s.Address.Country != "", "BR-09", "BT-40", "The country of the seller is missing")
	c.want(b.Address != (Address{}), "BR-10", "BG-8", "The address of the buyer is missing")
	c.want(b.Address.Country != "", "BR-11", "BT-55", "The country of the buyer is missing")
	c.want(s.ID.ID != "" || s.Legal.ID != "" || s.VATID != "", "BR-CO-26", "BT-31", "The seller needs a VAT identifier, a registration number or another identifier")
	for _, p := range []struct {
		*Party
		endpoint, id, legal, vat, country string
	}{{s, "BR-62", "BT-29", "BT-30", "BT-31", "BT-40"}, {b, "BR-63", "BT-46", "BT-47", "BT-48", "BT-55"}} {
		c.want(p.Endpoint.ID == "" || p.Endpoint.Scheme != "", p.endpoint, "BT-34", "An electronic address needs its scheme")
		c.code("addressSchemes", p.Endpoint.Scheme, "BR-CL-25", "BT-34-1")
		c.code("identifierSchemes", p.ID.Scheme, "BR-CL-10", p.id)
		c.code("identifierSchemes", p.Legal.Scheme, "BR-CL-11", p.legal)
		c.code("countries", p.Address.Country, "BR-CL-14", p.country)
		prefix := p.VATID
		if len(prefix) > 2 {
			prefix = prefix[:2]
		}
		c.want(p.VATID == "" || prefix == "EL" || has("countries", prefix), "BR-CO-09", p.vat, "A VAT identifier begins with the code of its country")
	}
	c.code("countries", c.d.Delivery.Country, "BR-CL-14", "BT-80")
	c.want(c.d.Delivery == (Delivery{}) || c.d.Delivery.Date == (price.Date{}) || c.d.Delivery.Date.Valid(), "BR-57", "BT-72", "The day of delivery is not a date")
}

func (c *checker) payment() {
	p := c.d.Payment
	transfer := p.Means == proof.PayTransfer || p.Means == proof.PaySEPATransfer
	c.want(p == (Payment{}) || p.Means != "", "BR-49", "BT-81", "The means of payment is missing")
	c.code("paymentMeans", p.Means, "BR-CL-16", "BT-81")
	c.want(!transfer || p.Account != "", "BR-61", "BT-84", "The account to pay to is missing")
	c.want(p.Account != "" || p.Holder == "" && p.BIC == "", "BR-50", "BT-84", "The account to pay to is missing")
	c.want(c.d.Credit() || c.d.Totals.Due.Sign() <= 0 || c.d.Due.Valid() || c.d.Terms != "", "BR-CO-25", "BT-9", "The day on which it falls due, or the terms of payment, are missing")
}

func (c *checker) adjustment(a *Adjustment, of string, charge bool) {
	amount, category, reason, code, list := "BT-92", "BT-95", "BT-97", "BT-98", "allowanceReasons"
	rules := [...]string{"BR-31", "BR-32", "BR-33", "BR-DEC-01", "BR-DEC-02", "BR-CL-19"}
	switch {
	case of != "" && charge:
		amount, reason, code, list, rules = "BT-141", "BT-144", "BT-145", "chargeReasons", [...]string{"BR-43", "", "BR-44", "BR-DEC-27", "BR-DEC-28", "BR-CL-20"}
	case of != "":
		amount, reason, code, rules = "BT-136", "BT-139", "BT-140", [...]string{"BR-41", "", "BR-42", "BR-DEC-24", "BR-DEC-25", "BR-CL-19"}
	case charge:
		amount, category, reason, code, list = "BT-99", "BT-102", "BT-104", "BT-105", "chargeReasons"
		rules = [...]string{"BR-36", "BR-37", "BR-38", "BR-DEC-05", "BR-DEC-06", "BR-CL-20"}
	}
	c.want(a.Amount.Currency != "", rules[0], amount+of, "The amount is missing")
	c.want(of != "" || a.Category != "", rules[1], category+of, "The VAT category is missing")
	c.want(a.Reason != "" || a.Code != "", rules[2], reason+of, "The reason is missing")
	c.want(!fine(a.Amount), rules[3], amount+of, "It has more than two decimals")
	c.want(!fine(a.Base), rules[4], amount+of, "Its base has more than two decimals")
	c.code(list, a.Code, rules[5], code+of)
}

func (c *checker) line(l *Line) {
	of := " of line " + l.ID
	c.want(l.ID != "", "BR-21", "BT-126", "A line needs an identifier")
	c.want(l.Quantity.Valid(), "BR-22", "BT-129"+of, "The quantity is missing")
	c.want(l.Unit != "", "BR-23", "BT-130"+of, "The unit is missing")
	c.want(l.Net.Currency != "", "BR-24", "BT-131"+of, "The net amount is missing")
	c.want(l.Item != "", "BR-25", "BT-153"+of, "The name of the item is missing")
	c.want(l.Price.Valid(), "BR-26", "BT-146"+of, "The price is missing")
	c.want(l.Price.Sign() >= 0, "BR-27", "BT-146"+of, "A price is never below zero; the quantity may be")
	c.want(l.Category != "", "BR-CO-04", "BT-151"+of, "The VAT category is missing")
	c.want(!fine(l.Net), "BR-DEC-23", "BT-131"+of, "It has more than two decimals")
	c.code("units", l.Unit, "BR-CL-23", "BT-130"+of)
	c.want(l.Base == "" || l.Base.Sign() > 0, "PEPPOL-EN16931-R121", "BT-149"+of, "The quantity that a price is for is above zero")
	c.period(l.Period, "BR-30", "BR-CO-20", "BG-26"+of)
	net := new(big.Rat).Mul(l.Quantity.rat(), l.Price.rat())
	if l.Base.Sign() > 0 {
		net.Quo(net, l.Base.rat())
	}
	for i := range l.Adjustments {
		a := &l.Adjustments[i]
		c.adjustment(a, of, a.Charge)
		if a.Charge {
			net.Add(net, worth(a.Amount))
		} else {
			net.Sub(net, worth(a.Amount))
		}
	}
	off := net.Sub(net, worth(l.Net))
	c.want(off.Abs(off).Cmp(big.NewRat(2, 100)) <= 0, "PEPPOL-EN16931-R120", "BT-131"+of, "The net amount is not quantity × price ÷ base quantity, with its allowances and charges")
}

// sum adds amounts; those of another currency do not count, which BR-CL-03 tells.
func (c *checker) sum(amounts ...money.Amount) money.Amount {
	total := money.Zero(c.d.Currency)
	for _, a := range amounts {
		if next, err := total.Add(a); err == nil {
			total = next
		}
	}
	return total
}
