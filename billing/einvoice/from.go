package einvoice

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

// From is an issued document in the terms of the standard. The amounts of a credit note get the sign back that proof
// turned. What is missing is told by Check. Error: money.overflow.
func From(i *proof.Invoice) (*Document, error) {
	hash, err := i.Hash()
	if err != nil {
		return nil, err
	}
	d := &Document{Number: i.Number, Issued: i.Date, Type: i.Type, Currency: i.Currency, Due: i.Due, BuyerReference: i.BuyerReference, Contract: i.Contract,
		Order: i.Order, Accounting: i.Accounting, Terms: i.Terms, Specification: Specification, Seller: partyOf(i.Seller), Buyer: partyOf(i.Buyer),
		Period: Period{i.Period.From, i.Period.To}, Payment: paymentOf(i.Payment),
		Supporting: []Supporting{{ID: "sha256:" + hash, Text: "SHA-256 of the issued document; halle verify invoice FILE redoes every line"}}}
	d.Buyer.LegalInfo, d.Buyer.TaxNumber = "", "" // the standard has them of the seller only
	if d.Credit() {
		d.Due = price.Date{} // nothing falls due
	}
	if i.Reference.Number != "" {
		d.Preceding = []Reference{{i.Reference.Number, i.Reference.Date}}
	}
	d.notes(i)
	d.outside(i)
	w := writing{credit: d.Credit(), doc: d}
	for n := range i.Lines {
		d.Lines = append(d.Lines, w.line(&i.Lines[n]))
	}
	w.totals(i)
	return d, w.err
}

func partyOf(p proof.InvoiceParty) Party {
	out := Party{Name: p.Name, Trading: p.Trading, Legal: Identifier{p.Scheme, p.Registration}, VATID: p.VATID, TaxNumber: p.TaxNumber, LegalInfo: p.LegalInfo,
		Endpoint: Identifier{p.Endpoint.Scheme, p.Endpoint.ID}, Contact: Contact(p.Contact),
		Address: Address{Line1: p.Street, Line2: p.Street2, City: p.City, Postcode: p.Postcode, Region: p.Region, Country: p.Country}}
	if p.Street == "" && p.City == "" {
		free := strings.SplitN(p.Address, "\n", 3)
		for n, line := range []*string{&out.Address.Line1, &out.Address.Line2, &out.Address.Line3} {
			if n < len(free) {
				*line = strings.ReplaceAll(strings.TrimSpace(free[n]), "\n", ", ")
			}
		}
	}
	return out
}

func paymentOf(p proof.InvoicePayment) Payment {
	return Payment{Means: p.Means, Text: p.Text, Remit: p.Remit, Account: p.IBAN, Holder: p.Holder, BIC: p.BIC, Mandate: p.Mandate, Creditor: p.Creditor, Debited: p.Debited}
}

func (d *Document) notes(i *proof.Invoice) {
	for _, n := range i.Notes {
		d.Notes = append(d.Notes, Note{n.Subject, n.Text})
	}
	if i.Note != "" {
		d.Notes = append(d.Notes, Note{Text: i.Note})
	}
	for _, m := range i.Mentions {
		d.Notes = append(d.Notes, Note{Text: m})
	}
}

// outside takes the VAT identifiers from a document that no VAT applies to, as BR-O-02 wants, and keeps that of the
// seller where it may stand.
func (d *Document) outside(i *proof.Invoice) {
	if i.Decision.Category != tax.OutsideScope {
		return
	}
	if d.Seller.VATID != "" && d.Seller.LegalInfo == "" {
		d.Seller.LegalInfo = d.Seller.VATID
	}
	d.Seller.VATID, d.Buyer.VATID = "", ""
}

// writing makes amounts of a document and keeps the first error.
type writing struct {
	credit bool
	doc    *Document
	err    error
}

// amount is one with the sign of the standard.
func (w *writing) amount(a money.Amount) money.Amount {
	if !w.credit || a == (money.Amount{}) {
		return a
	}
	n, err := a.Neg()
	if err != nil && w.err == nil {
		w.err = err
	}
	return n
}

func (w *writing) totals(i *proof.Invoice) {
	net, gross := w.amount(i.Totals.Net), w.amount(i.Totals.Gross)
	w.doc.Totals = Totals{Lines: net, Net: net, VAT: w.amount(i.Totals.VAT), VATBooked: w.amount(i.VATBooked), Gross: gross, Due: gross}
	for _, s := range i.Totals.Subtotals {
		b := Breakdown{Base: w.amount(s.Base), VAT: w.amount(s.VAT), Category: s.Category, BasisPoints: s.BasisPoints}
		if s.Category != tax.Standard && s.Category != tax.ZeroRated {
			b.Reason = strings.Join(i.Mentions, " ")
			if s.Category == i.Decision.Category {
				b.Code = i.Decision.Exemption
			}
			if b.Reason == "" && b.Code == "" {
				b.Reason = reasons[s.Category]
			}
		}
		w.doc.VAT = append(w.doc.VAT, b)
	}
}

// reasons are the standard's own words (BR-AE-10, BR-IC-10, BR-G-10, BR-O-10). Why something is exempt, somebody must say.
var reasons = map[tax.Category]string{tax.ReverseCharge: "Reverse charge", tax.IntraCommunity: "Intra-community supply", tax.Export: "Export outside the EU",
	tax.OutsideScope: "Not subject to VAT"}

// maxPlaces is how many decimals a price by unit has at most; what needs more is told for the whole quantity.
const maxPlaces = 6

// line is one line. Tiers, free units and parts of a month make most lines no product of a quantity and one price, so the
// price is that of the whole quantity (BT-149 is then the quantity), except where one price by unit gives the amount
// exactly. A price is never below zero (BR-27): what is taken back has a quantity below zero.
func (w *writing) line(l *proof.InvoiceLine) Line {
	net := w.amount(l.Net)
	out := Line{ID: money.Quantity(l.No).String(), Net: net, Accounting: l.Accounting, Category: l.Category, BasisPoints: l.BasisPoints, Item: l.Item}
	if out.Item == "" {
		out.Item = l.Component
	}
	words := []string{}
	if l.Component != out.Item {
		words = append(words, l.Component)
	}
	quantity, told := w.quantity(&out, l)
	if told != "" {
		words = append(words, told)
	}
	out.Text = strings.Join(words, ", ")
	out.Note = l.Order // BT-132 is a line of the order; for its number the standard has BT-13 alone
	out.Period = period(l)
	if in := w.doc.Period; in != (Period{}) && out.Period != (Period{}) && (out.Period.From.Before(in.From) || in.To.Before(out.Period.To)) {
		out.Note = strings.TrimPrefix(out.Note+", "+out.Period.From.String()+" – "+out.Period.To.String(), ", ") // a line's period lies within the document's (Peppol R110, R111)
		out.Period = Period{}
	}
	paid := worth(net)
	switch {
	case paid.Sign() == 0:
		out.Quantity, out.Price = quantity, "0"
		return out
	case quantity.Sign() == 0 || quantity.Sign() < 0 && paid.Sign() > 0:
		if told == "" && l.Quantity != 0 { // a quantity that cannot stand as one is told in words
			out.Text = strings.Join(append(words, string(quantity)+" × "+l.Unit), ", ")
		}
		quantity, out.Unit = "1", "C62"
	}
	if paid.Sign() < 0 && quantity.Sign() > 0 {
		quantity = "-" + quantity
	}
	out.Quantity = quantity
	if each, ok := short(new(big.Rat).Quo(paid, quantity.rat()), maxPlaces); ok {
		out.Price = each
		return out
	}
	out.Price, _ = short(new(big.Rat).Abs(paid), maxPlaces)
	out.Base = Decimal(strings.TrimPrefix(string(quantity), "-"))
	return out
}

// quantity is that of a line in its priced unit where it is a short decimal there, in base units otherwise; told is what
// the unit code does not say.
func (w *writing) quantity(out *Line, l *proof.InvoiceLine) (q Decimal, told string) {
	code, known := unitCode(l.Unit)
	q, out.Unit = Decimal(l.Quantity.String()), code
	whole := l.Per == 0 && (l.Unit == string(price.Month) || l.Unit == string(price.Year) || l.Unit == "")
	if l.Per > 0 {
		var in Decimal
		if in, whole = short(big.NewRat(int64(l.Quantity), int64(l.Per)), 4); whole {
			q = in
		}
	}
	switch {
	case whole && known || l.Term != "" || l.Quantity == 0:
		return q, ""
	case whole:
		return q, string(q) + " × " + l.Unit
	}
	out.Unit = "C62" // base units have no name on the document
	if l.Per > 0 {
		return q, string(q) + " ÷ " + l.Per.String() + " × " + l.Unit
	}
	return q, string(q) + ", priced per " + l.Unit
}

// period is the civil days of a line. Its instants are in UTC; the billing period of a charge begins at midnight of the
// buyer's zone, which tells how far that is from UTC.
func period(l *proof.InvoiceLine) Period {
	if l.Period.IsZero() {
		return Period{}
	}
	zone := time.UTC
	if i := slices.IndexFunc(l.Charges, func(c proof.InvoiceCharge) bool { return !c.Period.IsZero() }); i >= 0 {
		zone = midnight(l.Charges[i].Period.From)
	} else if from := l.Period.From.UTC(); from.Hour() >= 20 && from.Truncate(time.Hour).Equal(from) {
		zone = midnight(from) // a part of a line has no charges; so late and on the hour it began with a day east of here
	}
	last := l.Period.To.Add(-time.Microsecond)
	if last.Before(l.Period.From) {
		last = l.Period.From
	}
	return Period{price.DateOf(l.Period.From, zone), price.DateOf(last, zone)}
}

// midnight is the zone in which an instant is midnight.
func midnight(at time.Time) *time.Location {
	after := at.Sub(at.Truncate(24 * time.Hour))
	if after >= 12*time.Hour {
		after -= 24 * time.Hour
	}
	return time.FixedZone("", -int(after/time.Second))
}
