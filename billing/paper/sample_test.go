package paper

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

const priceHash = "5f1c"

func prices() map[string]*price.Version {
	eur := func(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }
	return map[string]*price.Version{priceHash: {Currency: money.EUR, Components: []price.Component{
		{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: eur(10_000_000_000)},
		{Key: "messages", Kind: price.Graduated, Meter: "messages", Unit: "thousand-messages", Per: 1000, Tiers: []price.Tier{{UpTo: 1_000_000, Price: eur(50_000_000)}, {Price: eur(41_000_000)}}},
		{Key: "devices", Kind: price.PerUnit, Meter: "devices", Unit: "device-hour", Per: 3600, Price: eur(2_345_000)},
	}}}
}

// world is an invoice with n lines of services with three lines each.
func world(t testing.TB, n int, basis price.Basis, category tax.Category, points int) *proof.Invoice {
	t.Helper()
	from := time.Date(2026, time.October, 31, 23, 0, 0, 0, time.UTC)
	month := price.Interval{From: from, To: time.Date(2026, time.November, 30, 23, 0, 0, 0, time.UTC)}
	i := &proof.Invoice{Version: proof.InvoiceVersion, ID: "inv_018f2a7e", Type: proof.TypeInvoice, Series: "INV", Number: "INV-2026-000042", Issued: time.Date(2026, time.December, 1, 6, 0, 0, 0, time.UTC),
		Date: price.Date{Year: 2026, Month: time.December, Day: 1}, Due: price.Date{Year: 2026, Month: time.December, Day: 15}, Currency: money.EUR, Basis: basis,
		Seller:   proof.InvoiceParty{Name: "Halle Nord SAS", Address: "12 rue des Halles\n59000 Lille", Country: "FR", VATID: "FR40303265045", Registration: "RCS Lille 303 265 045", Business: true},
		Buyer:    proof.InvoiceParty{Name: "Acme Santé", Address: "3 quai Saint-Vincent\n69001 Lyon", Country: "FR", VATID: "FR83404833048", Business: true},
		Decision: tax.Decision{Category: category, BasisPoints: points, Country: "FR", Rule: "domestic"}}
	kinds := []struct {
		component, unit string
		quantity        money.Quantity
		minor           int64
	}{{"base", "month", 1, 1000}, {"messages", "thousand-messages", 1_234_567, 5962}, {"devices", "device-hour", 7_205_000, 469}}
	for k := range n {
		kind := kinds[k%3]
		i.Lines = append(i.Lines, proof.InvoiceLine{No: k + 1, Subscription: fmt.Sprintf("sub_%06d", k/3), Item: fmt.Sprintf("M2M broker, plan Flex %d", k/3+1), Component: kind.component, Unit: kind.unit,
			Quantity: kind.quantity, Period: month, Price: priceHash, Amount: money.New(kind.minor, money.EUR), Category: category, BasisPoints: points})
	}
	sum(t, i)
	return i
}

func sum(t testing.TB, i *proof.Invoice) {
	t.Helper()
	if err := i.Total(); err != nil {
		t.Fatal(err)
	}
}

func credit(t testing.TB, i *proof.Invoice) *proof.Invoice {
	t.Helper()
	c, err := i.Credit()
	if err != nil {
		t.Fatal(err)
	}
	c.Version, c.ID, c.Type, c.Number, c.Issued, c.Date, c.Seller, c.Buyer = i.Version, "inv_018f2a7f", proof.TypeCreditNote, "CRN-2026-000003", i.Issued, i.Date, i.Seller, i.Buyer
	c.Reference, c.Note = proof.InvoiceReference{ID: i.ID, Number: i.Number, Date: i.Date}, "The broker was down for a day."
	return &c
}

const xmlText = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rsm:CrossIndustryInvoice xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\"/>\n"

// part takes an amount of the second line of an invoice back.
func part(t testing.TB, i *proof.Invoice) *proof.Invoice {
	t.Helper()
	c, _, err := i.CreditPart(nil, []proof.CreditLine{{Line: 2, Amount: money.New(500, money.EUR)}})
	if err != nil {
		t.Fatal(err)
	}
	whole := credit(t, i)
	c.Version, c.ID, c.Type, c.Number, c.Issued, c.Date, c.Seller, c.Buyer, c.Reference, c.Note = whole.Version, whole.ID, whole.Type, whole.Number, whole.Issued, whole.Date, whole.Seller, whole.Buyer, whole.Reference, whole.Note
	return &c
}

// cases are the kinds of document that are looked at.
func cases(t testing.TB) map[string]Input {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("5f1c09ab", 8)
	in := func(i *proof.Invoice, lang string) Input {
		return Input{Invoice: i, Hash: hash, Language: lang, Zone: zone, Prices: prices(), XML: []byte(xmlText), Program: "halle"}
	}
	reverse := world(t, 3, price.Net, tax.ReverseCharge, 0)
	reverse.Buyer = proof.InvoiceParty{Name: "Łódzka Spółka Wodociągów i Kanalizacji Świętej Jadwigi", Address: "ul. Piotrkowska 1\n90-001 Łódź", Country: "PL", VATID: "PL5260001246", Business: true}
	reverse.Decision.Mention, reverse.Mentions = "reverseCharge", []string{tax.Mention("reverseCharge", "en")}
	consumer := world(t, 3, price.Gross, tax.Standard, 2000)
	consumer.Buyer = proof.InvoiceParty{Name: "Famille Müller", Address: "1 rue de la Paix\n75002 Paris", Country: "FR"}
	long := world(t, 6, price.Net, tax.Standard, 2000)
	long.Buyer.Name = strings.Repeat("Gesellschaft-für-außerordentlich-lange-Namen ", 12) + strings.Repeat("Donaudampfschifffahrt", 20)
	long.Buyer.Address = strings.Repeat("漢字 العربية עברית Ελλάδα България 🙂 \u202e\x01\ue000 e\u0301\n", 6)
	for n := range long.Lines {
		long.Lines[n].Item = strings.Repeat("Very long name of a service ", 14)
	}
	nothing := world(t, 0, price.Net, tax.Standard, 2000)
	paid := in(world(t, 20, price.Net, tax.Standard, 2000), "en")
	paid.Invoice.Order, paid.Invoice.BuyerReference = "PO-2026-7711", "04011000-12345-03"
	paid.Invoice.Payment = proof.InvoicePayment{Means: proof.PaySEPATransfer, Holder: "Halle Nord SAS", IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP"}
	return map[string]Input{"invoice": in(world(t, 6, price.Net, tax.Standard, 2000), "en"), "facture": in(world(t, 6, price.Net, tax.Standard, 550), "fr"), "twenty": paid,
		"credit": in(credit(t, world(t, 3, price.Net, tax.Standard, 2000)), "en"), "part": in(part(t, world(t, 3, price.Net, tax.Standard, 2000)), "en"), "avoir": in(credit(t, consumer), "fr"), "reverse": in(reverse, "en"), "consumer": in(consumer, "fr"),
		"names": in(long, "en"), "nothing": in(nothing, "en"), "pages": in(world(t, 300, price.Net, tax.Standard, 2000), "en"), "summary": in(world(t, 6000, price.Net, tax.Standard, 2000), "fr")}
}

func printer(t testing.TB) *Printer {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
