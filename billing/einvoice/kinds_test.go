package einvoice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

// kind is one kind of document that we issue or may have to write.
type kind struct {
	name string
	doc  func(t testing.TB) *einvoice.Document
}

func day(y int, m time.Month, d int) price.Date { return price.Date{Year: y, Month: m, Day: d} }

func seller() proof.InvoiceParty {
	return proof.InvoiceParty{Name: "Halle Démo SA", Address: "1 place du Marché\n69002 Lyon", Country: "FR", VATID: "FR40303265045", Registration: "303265045",
		Scheme: "0002", Business: true, Street: "1 place du Marché", City: "Lyon", Postcode: "69002", LegalInfo: "SA au capital de 100 000 €",
		Endpoint: proof.InvoiceAddress{Scheme: "0225", ID: "303265045"},
		Contact:  proof.InvoiceContact{Name: "Comptabilité", Phone: "+33 4 00 00 00 00", Email: "compta@halle.example"}}
}

func buyer(country, vatID string) proof.InvoiceParty {
	return proof.InvoiceParty{Name: "Acme <Santé> & Fils", Address: "12 rue de la Santé\n75013 Paris", Country: country, VATID: vatID, Registration: "954506077",
		Scheme: "0002", Business: true, Street: "12 rue de la Santé", City: "Paris", Postcode: "75013",
		Endpoint: proof.InvoiceAddress{Scheme: "0225", ID: "954506077"}}
}

// line is one of a month in Paris: quantity in base units, amount in minor units.
func line(component, unit string, quantity, per money.Quantity, amount int64) proof.InvoiceLine {
	from := time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)
	month := price.Interval{From: from, To: time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)}
	return proof.InvoiceLine{Subscription: "sub_1", Item: "Messaging, small", Component: component, Unit: unit, Quantity: quantity, Per: per, Period: month,
		Amount: money.New(amount, money.EUR), Category: tax.Standard, BasisPoints: 2000, Charges: []proof.InvoiceCharge{{ID: "chg_1", Period: month, Quantity: quantity}}}
}

// issue is an invoice of lines, summed up as billing does.
func issue(t testing.TB, buyer proof.InvoiceParty, lines ...proof.InvoiceLine) *proof.Invoice {
	t.Helper()
	i := &proof.Invoice{Version: proof.InvoiceVersion, ID: "inv_1", Type: proof.TypeInvoice, Number: "INV-2026-000042", Series: "INV", Issued: time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC),
		Date: day(2026, 4, 1), Due: day(2026, 4, 15), Currency: money.EUR, Basis: price.Net, Seller: seller(), Buyer: buyer, Lines: lines,
		Decision: tax.Decision{Category: tax.Standard, BasisPoints: 2000, Country: "FR"},
		InvoiceTrade: proof.InvoiceTrade{Order: "PO-7781", BuyerReference: "04011000-12345-03", Accounting: "CC 1200", Contract: "C-2026-9", Terms: "30 days net",
			Period: proof.InvoiceSpan{From: day(2026, 3, 1), To: day(2026, 3, 31)},
			Notes:  []proof.InvoiceNote{{Subject: "PMT", Text: "Indemnité forfaitaire de recouvrement : 40 €"}, {Subject: "PMD", Text: "Pénalités : trois fois le taux légal"}, {Subject: "AAB", Text: "Pas d’escompte"}},
			Payment: proof.InvoicePayment{Means: proof.PaySEPATransfer, IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP", Holder: "Halle Démo SA",
				Remit: "INV-2026-000042"}}}
	for n := range i.Lines {
		i.Lines[n].No = n + 1
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

func from(t testing.TB, i *proof.Invoice) *einvoice.Document {
	t.Helper()
	d, err := einvoice.From(i)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// under is an invoice of two lines in a VAT category.
func under(t testing.TB, c tax.Category, b proof.InvoiceParty, exemption, mention string) *proof.Invoice {
	t.Helper()
	lines := []proof.InvoiceLine{line("messages", "thousand-messages", 123_456, 1000, 1235), line("seat", "month", 5, 0, 5000)}
	for n := range lines {
		lines[n].Category, lines[n].BasisPoints = c, 0
	}
	i := issue(t, b, lines...)
	i.Decision = tax.Decision{Category: c, Exemption: exemption}
	if mention != "" {
		i.Mentions = []string{mention}
	}
	return i
}

func credited(t testing.TB, i *proof.Invoice) *proof.Invoice {
	t.Helper()
	n, err := i.Credit()
	if err != nil {
		t.Fatal(err)
	}
	n.Version, n.ID, n.Type, n.Number, n.Date, n.Due = i.Version, "inv_2", proof.TypeCreditNote, "CRN-2026-000007", day(2026, 4, 3), day(2026, 4, 3)
	n.Seller, n.Buyer, n.Note = i.Seller, i.Buyer, "Interruption of 12 March"
	n.Reference = proof.InvoiceReference{ID: i.ID, Number: i.Number, Date: i.Date}
	return &n
}

// creditedPart takes back a part of one line and all of another.
func creditedPart(t testing.TB) *proof.Invoice {
	t.Helper()
	i := plain(t)
	part, _, err := i.CreditPart(nil, []proof.CreditLine{{Line: 1, Amount: money.New(333, money.EUR)}, {Line: 2, Amount: i.Lines[1].Amount}})
	if err != nil {
		t.Fatal(err)
	}
	whole := credited(t, i)
	whole.Lines, whole.Totals = part.Lines, part.Totals
	return whole
}

// plain is a month with each kind of price: tiers, seats, usage by the second, one thing once, a discount, a correction
// and something for nothing.
func plain(t testing.TB) *proof.Invoice {
	t.Helper()
	discount := line("welcome", "", 0, 0, -500)
	discount.Term = "discount"
	correction := line("messages", "thousand-messages", -2_000, 1000, -20)
	correction.Correction = true
	earlier := line("cpu", "device-hour", 5_401, 3600, 31)
	earlier.Period.From = earlier.Period.From.AddDate(0, -1, 0)
	taken := line("cpu", "device-hour", 7_200, 3600, -31)
	odd := line("storage", "gigabyte", -7, 0, 12)
	free := line("support", "month", 1, 0, 0)
	return issue(t, buyer("FR", "FR61954506077"), line("messages", "thousand-messages", 1_234_567, 1000, 9_999), line("seat", "month", 3, 0, 3_000),
		line("run", "hour", 5_400, 3600, 7), line("setup", "", 1, 0, 4_900), discount, correction, earlier, taken, odd, free)
}

func several(t testing.TB) *proof.Invoice {
	t.Helper()
	reduced := line("book", "", 2, 0, 1_999)
	reduced.BasisPoints = 550
	zero := line("seed", "", 1, 0, 1_000)
	zero.Category, zero.BasisPoints = tax.ZeroRated, 0
	return issue(t, buyer("FR", "FR61954506077"), line("messages", "message", 33, 1, 3_333), reduced, zero)
}

func consumer(t testing.TB) *proof.Invoice {
	t.Helper()
	b := proof.InvoiceParty{Name: "Jeanne Dupont", Country: "FR"}
	i := issue(t, b, line("base", "month", 1, 0, 999), line("messages", "message", 17, 1, 101), line("messages", "message", 19, 1, 102))
	i.Basis, i.InvoiceTrade = price.Gross, proof.InvoiceTrade{}
	sum(t, i)
	return i
}

// kinds are every kind of document.
func kinds() []kind {
	made := func(f func(t testing.TB) *proof.Invoice) func(testing.TB) *einvoice.Document {
		return func(t testing.TB) *einvoice.Document { return from(t, f(t)) }
	}
	return append([]kind{
		{"invoice", made(plain)},
		{"credit-whole", made(func(t testing.TB) *proof.Invoice { return credited(t, plain(t)) })},
		{"credit-part", made(creditedPart)},
		{"credit-paid-back", made(func(t testing.TB) *proof.Invoice {
			i := credited(t, plain(t))
			i.Payment = proof.InvoicePayment{Means: proof.PaySEPATransfer, IBAN: "DE02120300000000202051"}
			return i
		})},
		{"self-billed", made(func(t testing.TB) *proof.Invoice {
			i := plain(t)
			i.Type, i.Seller, i.Buyer = proof.TypeSelfBilled, buyer("FR", "FR61954506077"), seller()
			return i
		})},
		{"self-billed-credit", made(func(t testing.TB) *proof.Invoice {
			i := credited(t, plain(t))
			i.Type, i.Seller, i.Buyer = proof.TypeSelfBilledNote, buyer("FR", "FR61954506077"), seller()
			return i
		})},
		{"reverse-charge", made(func(t testing.TB) *proof.Invoice {
			return under(t, tax.ReverseCharge, buyer("DE", "DE129273398"), "VATEX-EU-AE", tax.Mention("reverseCharge", "en"))
		})},
		{"reverse-charge-credit", made(func(t testing.TB) *proof.Invoice {
			return credited(t, under(t, tax.ReverseCharge, buyer("DE", "DE129273398"), "VATEX-EU-AE", tax.Mention("reverseCharge", "fr")))
		})},
		{"several-rates", made(several)},
		{"zero-rated", made(func(t testing.TB) *proof.Invoice {
			return under(t, tax.ZeroRated, buyer("FR", "FR61954506077"), "", "")
		})},
		{"exempt", made(func(t testing.TB) *proof.Invoice {
			return under(t, tax.Exempt, buyer("FR", "FR61954506077"), "VATEX-EU-132-1I", "Exonération de TVA, article 261-4-4° du CGI")
		})},
		{"outside-scope", made(func(t testing.TB) *proof.Invoice {
			return under(t, tax.OutsideScope, buyer("CH", ""), "VATEX-EU-O", tax.Mention("outsideScope", "en"))
		})},
		{"intra-community", func(t testing.TB) *einvoice.Document {
			d := from(t, under(t, tax.IntraCommunity, buyer("DE", "DE129273398"), "VATEX-EU-IC", ""))
			d.Delivery = einvoice.Delivery{Date: day(2026, 3, 20), City: "Köln", Postcode: "50667", Country: "DE"}
			return d
		}},
		{"export", made(func(t testing.TB) *proof.Invoice { return under(t, tax.Export, buyer("US", ""), "VATEX-EU-G", "") })},
		{"nothing", made(func(t testing.TB) *proof.Invoice { return issue(t, buyer("FR", ""), line("base", "month", 1, 0, 0)) })},
		{"below-zero", made(func(t testing.TB) *proof.Invoice { return issue(t, buyer("FR", ""), line("seat", "month", 3, 0, -100)) })},
		{"consumer", made(consumer)},
		{"consumer-credit", made(func(t testing.TB) *proof.Invoice { return credited(t, consumer(t)) })},
	}, moreKinds()...)
}

// moreKinds are about money: how it is paid, other currencies, allowances and charges, long and odd texts.
func moreKinds() []kind {
	return []kind{
		{"direct-debit", func(t testing.TB) *einvoice.Document {
			i := plain(t)
			i.Payment = proof.InvoicePayment{Means: proof.PaySEPADebit, Mandate: "M-2026-1", Creditor: "FR12ZZZ123456", Debited: "FR7630006000011234567890189", Remit: i.Number}
			return from(t, i)
		}},
		{"yen", func(t testing.TB) *einvoice.Document {
			l := line("seat", "month", 7, 0, 100)
			l.Amount.Currency = "JPY"
			i := issue(t, buyer("FR", ""))
			i.Currency, i.Lines = "JPY", []proof.InvoiceLine{l}
			i.Lines[0].No = 1
			sum(t, i)
			return from(t, i)
		}},
		{"other-books", func(t testing.TB) *einvoice.Document {
			i := plain(t)
			i.VATBooked = money.New(40_123, "SEK")
			return from(t, i)
		}},
		{"adjusted", adjusted},
		{"odd-texts", func(t testing.TB) *einvoice.Document {
			i := plain(t)
			i.Seller.Name = "  \"A\" & <B> ]]> 日本 \u202e " + strings.Repeat("long ", 60)
			i.Lines[0].Item = "tab\tand\nbreak"
			i.Seller.Street, i.Seller.City, i.Seller.Address = "", "", "a\nb\nc\nd"
			return from(t, i)
		}},
	}
}

// adjusted has allowances and charges, of the document and of a line, and something paid before.
func adjusted(t testing.TB) *einvoice.Document {
	d := from(t, plain(t))
	eur := func(n int64) money.Amount { return money.New(n, money.EUR) }
	d.Adjustments = []einvoice.Adjustment{
		{Amount: eur(100), Base: eur(1000), Percent: "10", Category: tax.Standard, BasisPoints: 2000, Reason: "Discount", Code: "95"},
		{Charge: true, Amount: eur(250), Category: tax.Standard, BasisPoints: 2000, Reason: "Packing", Code: "ABL"},
	}
	d.Lines[1].Adjustments = []einvoice.Adjustment{{Amount: eur(50), Reason: "Loyalty", Code: "95"}, {Charge: true, Amount: eur(20), Reason: "Express"}}
	d.Lines[1].Net = eur(d.Lines[1].Net.Minor - 30)
	d.Lines[1].OrderLine, d.Lines[1].Accounting = "3", "CC 1300"
	net := d.Totals.Lines.Minor - 30
	vat := d.VAT[0]
	vat.Base = eur(net + 150)
	vat.VAT, _ = tax.Of(vat.Base, 2000)
	d.VAT[0] = vat
	d.Totals = einvoice.Totals{Lines: eur(net), Allowances: eur(100), Charges: eur(250), Net: vat.Base, VAT: vat.VAT, Gross: eur(vat.Base.Minor + vat.VAT.Minor),
		Prepaid: eur(1000), Rounding: eur(2), Due: eur(vat.Base.Minor + vat.VAT.Minor - 1000 + 2)}
	d.TaxPoint, d.Delivery = day(2026, 3, 31), einvoice.Delivery{Date: day(2026, 3, 31), City: "Paris", Postcode: "75013", Country: "FR"}
	d.Seller.ID, d.Seller.TaxNumber, d.Seller.Trading = einvoice.Identifier{Scheme: "0009", ID: "30326504500012"}, "123/456/789", "Halle"
	d.Seller.Address.Line2, d.Seller.Address.Line3, d.Seller.Address.Region = "Bâtiment B", "3e étage", "Rhône"
	d.Buyer.ID = einvoice.Identifier{Scheme: "0088", ID: "4000001000005"}
	d.Buyer.Contact = einvoice.Contact{Name: "Ada", Phone: "+33 1 00 00 00 00", Email: "ada@acme.example"}
	d.Payment = einvoice.Payment{Means: "30", Text: "Virement", Remit: "RF18539007547034", Account: "12345-67", Holder: "Halle", BIC: "AGRIFRPP"}
	d.Supporting[0].URI = "https://halle.example/invoices/inv_1"
	return d
}
