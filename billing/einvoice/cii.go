package einvoice

import (
	"strings"

	"github.com/halle-cloud/halle/billing/einvoice/tree"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// The namespaces of UN/CEFACT Cross Industry Invoice D16B.
const (
	nsRSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
	nsRAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
	nsUDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
	nsQDT = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
)

// CII is the document as UN/CEFACT Cross Industry Invoice D16B, whatever its type. The same document gives the same
// bytes. Error: einvoice.invalid with every rule that is violated.
func CII(d *Document) ([]byte, error) {
	if err := valid(d); err != nil {
		return nil, err
	}
	c := ciiWriter{d}
	root := &tree.Node{Name: "rsm:CrossIndustryInvoice", Attrs: []tree.Attr{{Name: "xmlns:rsm", Value: nsRSM}, {Name: "xmlns:qdt", Value: nsQDT},
		{Name: "xmlns:ram", Value: nsRAM}, {Name: "xmlns:udt", Value: nsUDT}}}
	root.Add(tree.El("rsm:ExchangedDocumentContext",
		tree.El("ram:BusinessProcessSpecifiedDocumentContextParameter", tree.Leaf("ram:ID", d.Process)),
		tree.El("ram:GuidelineSpecifiedDocumentContextParameter", tree.Leaf("ram:ID", d.Specification))), c.head())
	trade := &tree.Node{Name: "rsm:SupplyChainTradeTransaction"}
	for i := range d.Lines {
		trade.Add(c.line(&d.Lines[i]))
	}
	root.Add(trade.Add(c.agreement(), c.delivery(), c.settlement()))
	return root.Bytes(), nil
}

// ciiWriter writes the parts of one document, in the order of the schema.
type ciiWriter struct{ *Document }

func (c ciiWriter) head() *tree.Node {
	n := tree.El("rsm:ExchangedDocument", tree.Leaf("ram:ID", c.Number), tree.Leaf("ram:TypeCode", c.Type), when("ram:IssueDateTime", c.Issued))
	for _, note := range c.Notes {
		n.Add(tree.El("ram:IncludedNote", tree.Leaf("ram:Content", note.Text), tree.Leaf("ram:SubjectCode", note.Subject)))
	}
	return n
}

// when is a date as CII writes it, inside the element named.
func when(name string, d price.Date) *tree.Node {
	return tree.El(name, tree.Leaf("udt:DateTimeString", strings.ReplaceAll(date(d), "-", ""), "format", "102"))
}

func (c ciiWriter) line(l *Line) *tree.Node {
	unit := l.Unit
	settled := tree.El("ram:SpecifiedLineTradeSettlement", tree.El("ram:ApplicableTradeTax", tree.Leaf("ram:TypeCode", "VAT"),
		tree.Leaf("ram:CategoryCode", string(l.Category)), tree.Leaf("ram:RateApplicablePercent", rate(l.Category, l.BasisPoints))), ciiPeriod(l.Period))
	for i := range l.Adjustments {
		settled.Add(c.adjustment(&l.Adjustments[i], false))
	}
	settled.Add(tree.El("ram:SpecifiedTradeSettlementLineMonetarySummation", tree.Leaf("ram:LineTotalAmount", number(l.Net))),
		tree.El("ram:ReceivableSpecifiedTradeAccountingAccount", tree.Leaf("ram:ID", l.Accounting)))
	return tree.El("ram:IncludedSupplyChainTradeLineItem",
		tree.El("ram:AssociatedDocumentLineDocument", tree.Leaf("ram:LineID", l.ID), tree.El("ram:IncludedNote", tree.Leaf("ram:Content", l.Note))),
		tree.El("ram:SpecifiedTradeProduct", tree.Leaf("ram:Name", l.Item), tree.Leaf("ram:Description", l.Text)),
		tree.El("ram:SpecifiedLineTradeAgreement", tree.El("ram:BuyerOrderReferencedDocument", tree.Leaf("ram:LineID", l.OrderLine)),
			tree.El("ram:NetPriceProductTradePrice", tree.Leaf("ram:ChargeAmount", string(l.Price)), tree.Leaf("ram:BasisQuantity", string(l.Base), "unitCode", unit))),
		tree.El("ram:SpecifiedLineTradeDelivery", tree.Leaf("ram:BilledQuantity", string(l.Quantity), "unitCode", unit)), settled)
}

func (c ciiWriter) agreement() *tree.Node {
	n := tree.El("ram:ApplicableHeaderTradeAgreement", tree.Leaf("ram:BuyerReference", c.BuyerReference), ciiParty("ram:SellerTradeParty", &c.Seller),
		ciiParty("ram:BuyerTradeParty", &c.Buyer), tree.El("ram:BuyerOrderReferencedDocument", tree.Leaf("ram:IssuerAssignedID", c.Order)),
		tree.El("ram:ContractReferencedDocument", tree.Leaf("ram:IssuerAssignedID", c.Contract)))
	for _, s := range c.Supporting {
		n.Add(tree.El("ram:AdditionalReferencedDocument", tree.Leaf("ram:IssuerAssignedID", s.ID), tree.Leaf("ram:URIID", s.URI),
			tree.Leaf("ram:TypeCode", "916"), tree.Leaf("ram:Name", s.Text)))
	}
	return n
}

func ciiParty(name string, p *Party) *tree.Node {
	own, global := p.ID.ID, ""
	if p.ID.Scheme != "" {
		own, global = "", p.ID.ID
	}
	a := p.Address
	return tree.El(name, tree.Leaf("ram:ID", own), tree.Leaf("ram:GlobalID", global, "schemeID", p.ID.Scheme), tree.Leaf("ram:Name", p.Name),
		tree.Leaf("ram:Description", p.LegalInfo),
		tree.El("ram:SpecifiedLegalOrganization", tree.Leaf("ram:ID", p.Legal.ID, "schemeID", p.Legal.Scheme), tree.Leaf("ram:TradingBusinessName", p.Trading)),
		tree.El("ram:DefinedTradeContact", tree.Leaf("ram:PersonName", p.Contact.Name),
			tree.El("ram:TelephoneUniversalCommunication", tree.Leaf("ram:CompleteNumber", p.Contact.Phone)),
			tree.El("ram:EmailURIUniversalCommunication", tree.Leaf("ram:URIID", p.Contact.Email))),
		tree.El("ram:PostalTradeAddress", tree.Leaf("ram:PostcodeCode", a.Postcode), tree.Leaf("ram:LineOne", a.Line1), tree.Leaf("ram:LineTwo", a.Line2),
			tree.Leaf("ram:LineThree", a.Line3), tree.Leaf("ram:CityName", a.City), tree.Leaf("ram:CountryID", a.Country), tree.Leaf("ram:CountrySubDivisionName", a.Region)),
		tree.El("ram:URIUniversalCommunication", tree.Leaf("ram:URIID", p.Endpoint.ID, "schemeID", p.Endpoint.Scheme)),
		tree.El("ram:SpecifiedTaxRegistration", tree.Leaf("ram:ID", p.VATID, "schemeID", "VA")),
		tree.El("ram:SpecifiedTaxRegistration", tree.Leaf("ram:ID", p.TaxNumber, "schemeID", "FC")))
}

// delivery is there even when it says nothing: the schema wants it.
func (c ciiWriter) delivery() *tree.Node {
	n := &tree.Node{Name: "ram:ApplicableHeaderTradeDelivery"}
	return n.Add(tree.El("ram:ShipToTradeParty", tree.El("ram:PostalTradeAddress", tree.Leaf("ram:PostcodeCode", c.Delivery.Postcode),
		tree.Leaf("ram:CityName", c.Delivery.City), tree.Leaf("ram:CountryID", c.Delivery.Country))),
		tree.El("ram:ActualDeliverySupplyChainEvent", when("ram:OccurrenceDateTime", c.Delivery.Date)))
}

func (c ciiWriter) settlement() *tree.Node {
	n := tree.El("ram:ApplicableHeaderTradeSettlement", tree.Leaf("ram:CreditorReferenceID", c.Payment.Creditor), tree.Leaf("ram:PaymentReference", c.Payment.Remit),
		tree.Leaf("ram:TaxCurrencyCode", string(c.Totals.VATBooked.Currency)), tree.Leaf("ram:InvoiceCurrencyCode", string(c.Currency)), c.payment())
	for _, b := range c.VAT {
		n.Add(tree.El("ram:ApplicableTradeTax", tree.Leaf("ram:CalculatedAmount", number(b.VAT)), tree.Leaf("ram:TypeCode", "VAT"),
			tree.Leaf("ram:ExemptionReason", b.Reason), tree.Leaf("ram:BasisAmount", number(b.Base)), tree.Leaf("ram:CategoryCode", string(b.Category)),
			tree.Leaf("ram:ExemptionReasonCode", b.Code),
			tree.El("ram:TaxPointDate", tree.Leaf("udt:DateString", strings.ReplaceAll(date(c.TaxPoint), "-", ""), "format", "102")),
			tree.Leaf("ram:RateApplicablePercent", percent(b.BasisPoints))))
	}
	n.Add(ciiPeriod(c.Period))
	for i := range c.Adjustments {
		n.Add(c.adjustment(&c.Adjustments[i], true))
	}
	n.Add(tree.El("ram:SpecifiedTradePaymentTerms", tree.Leaf("ram:Description", c.Terms), when("ram:DueDateDateTime", c.Due),
		tree.Leaf("ram:DirectDebitMandateID", c.Payment.Mandate)), c.totals())
	for _, r := range c.Preceding {
		n.Add(tree.El("ram:InvoiceReferencedDocument", tree.Leaf("ram:IssuerAssignedID", r.Number),
			tree.El("ram:FormattedIssueDateTime", tree.Leaf("qdt:DateTimeString", strings.ReplaceAll(date(r.Issued), "-", ""), "format", "102"))))
	}
	return n.Add(tree.El("ram:ReceivableSpecifiedTradeAccountingAccount", tree.Leaf("ram:ID", c.Accounting)))
}

func (c ciiWriter) payment() *tree.Node {
	p := c.Payment
	if p.Means == "" {
		return nil
	}
	iban, other := p.Account, ""
	if !ibanForm(iban) {
		iban, other = "", p.Account
	}
	return tree.El("ram:SpecifiedTradeSettlementPaymentMeans", tree.Leaf("ram:TypeCode", p.Means), tree.Leaf("ram:Information", p.Text),
		tree.El("ram:PayerPartyDebtorFinancialAccount", tree.Leaf("ram:IBANID", p.Debited)),
		tree.El("ram:PayeePartyCreditorFinancialAccount", tree.Leaf("ram:IBANID", iban), tree.Leaf("ram:AccountName", p.Holder), tree.Leaf("ram:ProprietaryID", other)),
		tree.El("ram:PayeeSpecifiedCreditorFinancialInstitution", tree.Leaf("ram:BICID", p.BIC)))
}

// ibanForm tells whether an account number looks like an IBAN: two letters, two digits, 11 to 30 more letters or digits.
func ibanForm(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	for i, r := range s {
		letter, digit := r >= 'A' && r <= 'Z', r >= '0' && r <= '9'
		if i < 2 && !letter || i >= 2 && i < 4 && !digit || !letter && !digit {
			return false
		}
	}
	return true
}

func (c ciiWriter) adjustment(a *Adjustment, taxed bool) *tree.Node {
	indicator := "false"
	if a.Charge {
		indicator = "true"
	}
	n := tree.El("ram:SpecifiedTradeAllowanceCharge", tree.El("ram:ChargeIndicator", tree.Leaf("udt:Indicator", indicator)),
		tree.Leaf("ram:CalculationPercent", string(a.Percent)), tree.Leaf("ram:BasisAmount", number(a.Base)), tree.Leaf("ram:ActualAmount", number(a.Amount)),
		tree.Leaf("ram:ReasonCode", a.Code), tree.Leaf("ram:Reason", a.Reason))
	if taxed {
		n.Add(tree.El("ram:CategoryTradeTax", tree.Leaf("ram:TypeCode", "VAT"), tree.Leaf("ram:CategoryCode", string(a.Category)),
			tree.Leaf("ram:RateApplicablePercent", rate(a.Category, a.BasisPoints))))
	}
	return n
}

func (c ciiWriter) totals() *tree.Node {
	t := c.Totals
	vat := func(a money.Amount) *tree.Node {
		return tree.Leaf("ram:TaxTotalAmount", number(a), "currencyID", string(a.Currency))
	}
	return tree.El("ram:SpecifiedTradeSettlementHeaderMonetarySummation", tree.Leaf("ram:LineTotalAmount", number(t.Lines)),
		tree.Leaf("ram:ChargeTotalAmount", number(t.Charges)), tree.Leaf("ram:AllowanceTotalAmount", number(t.Allowances)),
		tree.Leaf("ram:TaxBasisTotalAmount", number(t.Net)), vat(t.VAT), vat(t.VATBooked), tree.Leaf("ram:RoundingAmount", number(t.Rounding)),
		tree.Leaf("ram:GrandTotalAmount", number(t.Gross)), tree.Leaf("ram:TotalPrepaidAmount", number(t.Prepaid)), tree.Leaf("ram:DuePayableAmount", number(t.Due)))
}

func ciiPeriod(p Period) *tree.Node {
	return tree.El("ram:BillingSpecifiedPeriod", when("ram:StartDateTime", p.From), when("ram:EndDateTime", p.To))
}
