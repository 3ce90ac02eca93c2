package einvoice

import (
	"strings"

	"github.com/halle-cloud/halle/billing/einvoice/tree"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/tax"
)

// ubl reads an Invoice or CreditNote; kind is its name.
func (r *reading) ubl(n *tree.Node, kind string) {
	d := r.d
	d.Currency = money.Currency(n.Of("cbc:DocumentCurrencyCode"))
	d.Specification, d.Process, d.Number, d.Type = n.Of("cbc:CustomizationID"), n.Of("cbc:ProfileID"), n.Of("cbc:ID"), n.Of("cbc:"+kind+"TypeCode")
	d.Issued, d.Due, d.TaxPoint = r.date(n, "cbc:IssueDate"), r.date(n, "cbc:DueDate"), r.date(n, "cbc:TaxPointDate")
	if kind == "CreditNote" {
		d.Due = r.date(n, "cac:PaymentMeans/cbc:PaymentDueDate")
	}
	for _, e := range n.All("cbc:Note") {
		d.Notes = append(d.Notes, ublNote(e.Text))
	}
	d.Accounting, d.BuyerReference, d.Order, d.Contract = n.Of("cbc:AccountingCost"), n.Of("cbc:BuyerReference"), n.Of("cac:OrderReference/cbc:ID"), n.Of("cac:ContractDocumentReference/cbc:ID")
	d.Period = r.ublPeriod(n)
	for _, e := range n.All("cac:BillingReference/cac:InvoiceDocumentReference") {
		d.Preceding = append(d.Preceding, Reference{e.Of("cbc:ID"), r.date(e, "cbc:IssueDate")})
	}
	for _, e := range n.All("cac:AdditionalDocumentReference") {
		if e.Of("cbc:DocumentTypeCode") != "130" { // which is BT-18, the object that is billed
			d.Supporting = append(d.Supporting, Supporting{e.Of("cbc:ID"), e.Of("cbc:DocumentDescription"), e.Of("cac:Attachment/cac:ExternalReference/cbc:URI")})
		}
	}
	d.Seller, d.Buyer = r.ublParty(n.First("cac:AccountingSupplierParty/cac:Party")), r.ublParty(n.First("cac:AccountingCustomerParty/cac:Party"))
	place := n.First("cac:Delivery/cac:DeliveryLocation/cac:Address")
	d.Delivery = Delivery{r.date(n, "cac:Delivery/cbc:ActualDeliveryDate"), place.Of("cbc:CityName"), place.Of("cbc:PostalZone"), place.Of("cac:Country/cbc:IdentificationCode")}
	r.ublPayment(n)
	for _, e := range n.All("cac:AllowanceCharge") {
		d.Adjustments = append(d.Adjustments, r.ublAdjustment(e))
	}
	r.ublTotals(n)
	for _, e := range n.All("cac:" + kind + "Line") {
		d.Lines = append(d.Lines, r.ublLine(e))
	}
}

// ublNote takes the subject out of "#PMT#text".
func ublNote(text string) Note {
	if len(text) > 5 && text[0] == '#' && text[4] == '#' && has("noteSubjects", text[1:4]) {
		return Note{text[1:4], text[5:]}
	}
	return Note{Text: text}
}

func (r *reading) ublPeriod(n *tree.Node) Period {
	return Period{r.date(n, "cac:InvoicePeriod/cbc:StartDate"), r.date(n, "cac:InvoicePeriod/cbc:EndDate")}
}

func (r *reading) ublParty(n *tree.Node) Party {
	a := n.First("cac:PostalAddress")
	p := Party{Name: n.Of("cac:PartyLegalEntity/cbc:RegistrationName"), Trading: n.Of("cac:PartyName/cbc:Name"), Legal: id(n.First("cac:PartyLegalEntity/cbc:CompanyID")),
		LegalInfo: n.Of("cac:PartyLegalEntity/cbc:CompanyLegalForm"), Endpoint: id(n.First("cbc:EndpointID")),
		Address: Address{a.Of("cbc:StreetName"), a.Of("cbc:AdditionalStreetName"), a.Of("cac:AddressLine/cbc:Line"), a.Of("cbc:CityName"), a.Of("cbc:PostalZone"),
			a.Of("cbc:CountrySubentity"), a.Of("cac:Country/cbc:IdentificationCode")},
		Contact: Contact{n.Of("cac:Contact/cbc:Name"), n.Of("cac:Contact/cbc:Telephone"), n.Of("cac:Contact/cbc:ElectronicMail")}}
	for _, e := range n.All("cac:PartyIdentification/cbc:ID") {
		if e.Attr("schemeID") == "SEPA" {
			r.d.Payment.Creditor = e.Text
		} else if p.ID.ID == "" {
			p.ID = id(e)
		}
	}
	for _, e := range n.All("cac:PartyTaxScheme") {
		if strings.EqualFold(e.Of("cac:TaxScheme/cbc:ID"), "VAT") {
			p.VATID = e.Of("cbc:CompanyID")
		} else {
			p.TaxNumber = e.Of("cbc:CompanyID")
		}
	}
	return p
}

func (r *reading) ublPayment(n *tree.Node) {
	e, p := n.First("cac:PaymentMeans"), &r.d.Payment
	r.d.Terms = n.Of("cac:PaymentTerms/cbc:Note")
	p.Means, p.Text, p.Remit = e.Of("cbc:PaymentMeansCode"), e.First("cbc:PaymentMeansCode").Attr("name"), e.Of("cbc:PaymentID")
	p.Account, p.Holder = e.Of("cac:PayeeFinancialAccount/cbc:ID"), e.Of("cac:PayeeFinancialAccount/cbc:Name")
	p.BIC = e.Of("cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID")
	p.Mandate, p.Debited = e.Of("cac:PaymentMandate/cbc:ID"), e.Of("cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID")
}

func (r *reading) ublAdjustment(n *tree.Node) Adjustment {
	return Adjustment{Charge: n.Of("cbc:ChargeIndicator") == "true", Amount: r.amount(n, "cbc:Amount"), Base: r.amount(n, "cbc:BaseAmount"),
		Percent: r.decimal(n, "cbc:MultiplierFactorNumeric"), Category: tax.Category(n.Of("cac:TaxCategory/cbc:ID")),
		BasisPoints: r.basisPoints(n, "cac:TaxCategory/cbc:Percent"), Reason: n.Of("cbc:AllowanceChargeReason"), Code: n.Of("cbc:AllowanceChargeReasonCode")}
}

func (r *reading) ublTotals(n *tree.Node) {
	t, sums := &r.d.Totals, n.First("cac:LegalMonetaryTotal")
	t.Lines, t.Net, t.Gross = r.amount(sums, "cbc:LineExtensionAmount"), r.amount(sums, "cbc:TaxExclusiveAmount"), r.amount(sums, "cbc:TaxInclusiveAmount")
	t.Allowances, t.Charges = r.amount(sums, "cbc:AllowanceTotalAmount"), r.amount(sums, "cbc:ChargeTotalAmount")
	t.Prepaid, t.Rounding, t.Due = r.amount(sums, "cbc:PrepaidAmount"), r.amount(sums, "cbc:PayableRoundingAmount"), r.amount(sums, "cbc:PayableAmount")
	booked := n.Of("cbc:TaxCurrencyCode")
	for _, e := range n.All("cac:TaxTotal") {
		if c := e.First("cbc:TaxAmount").Attr("currencyID"); booked != "" && c == booked && c != string(r.d.Currency) {
			t.VATBooked = r.amount(e, "cbc:TaxAmount")
			continue
		}
		t.VAT = r.amount(e, "cbc:TaxAmount")
		for _, s := range e.All("cac:TaxSubtotal") {
			r.d.VAT = append(r.d.VAT, Breakdown{Base: r.amount(s, "cbc:TaxableAmount"), VAT: r.amount(s, "cbc:TaxAmount"), Category: tax.Category(s.Of("cac:TaxCategory/cbc:ID")),
				BasisPoints: r.basisPoints(s, "cac:TaxCategory/cbc:Percent"), Reason: s.Of("cac:TaxCategory/cbc:TaxExemptionReason"), Code: s.Of("cac:TaxCategory/cbc:TaxExemptionReasonCode")})
		}
	}
}

func (r *reading) ublLine(n *tree.Node) Line {
	quantity := "cbc:InvoicedQuantity"
	if n.First(quantity) == nil {
		quantity = "cbc:CreditedQuantity"
	}
	l := Line{ID: n.Of("cbc:ID"), Note: n.Of("cbc:Note"), Quantity: r.decimal(n, quantity), Unit: n.First(quantity).Attr("unitCode"), Net: r.amount(n, "cbc:LineExtensionAmount"),
		OrderLine: n.Of("cac:OrderLineReference/cbc:LineID"), Accounting: n.Of("cbc:AccountingCost"), Period: r.ublPeriod(n),
		Price: r.decimal(n, "cac:Price/cbc:PriceAmount"), Base: r.decimal(n, "cac:Price/cbc:BaseQuantity"),
		Category:    tax.Category(n.Of("cac:Item/cac:ClassifiedTaxCategory/cbc:ID")),
		BasisPoints: r.basisPoints(n, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"), Item: n.Of("cac:Item/cbc:Name"), Text: n.Of("cac:Item/cbc:Description")}
	for _, e := range n.All("cac:AllowanceCharge") {
		l.Adjustments = append(l.Adjustments, r.ublAdjustment(e))
	}
	return l
}
