package einvoice

import (
	"github.com/halle-cloud/halle/billing/einvoice/tree"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/tax"
)

// cii reads a Cross Industry Invoice.
func (r *reading) cii(n *tree.Node) {
	d := r.d
	context, head, trade := n.First("rsm:ExchangedDocumentContext"), n.First("rsm:ExchangedDocument"), n.First("rsm:SupplyChainTradeTransaction")
	agreed, delivered, settled := trade.First("ram:ApplicableHeaderTradeAgreement"), trade.First("ram:ApplicableHeaderTradeDelivery"), trade.First("ram:ApplicableHeaderTradeSettlement")
	d.Currency = money.Currency(settled.Of("ram:InvoiceCurrencyCode"))
	d.Process = context.Of("ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID")
	d.Specification = context.Of("ram:GuidelineSpecifiedDocumentContextParameter/ram:ID")
	d.Number, d.Type, d.Issued = head.Of("ram:ID"), head.Of("ram:TypeCode"), r.date(head, "ram:IssueDateTime/udt:DateTimeString")
	for _, e := range head.All("ram:IncludedNote") {
		d.Notes = append(d.Notes, Note{e.Of("ram:SubjectCode"), e.Of("ram:Content")})
	}
	d.BuyerReference, d.Order = agreed.Of("ram:BuyerReference"), agreed.Of("ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID")
	d.Contract, d.Accounting = agreed.Of("ram:ContractReferencedDocument/ram:IssuerAssignedID"), settled.Of("ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID")
	d.Seller, d.Buyer = ciiRead(agreed.First("ram:SellerTradeParty")), ciiRead(agreed.First("ram:BuyerTradeParty"))
	for _, e := range agreed.All("ram:AdditionalReferencedDocument") {
		if code := e.Of("ram:TypeCode"); code == "916" || code == "" { // others are BT-17 and BT-18
			d.Supporting = append(d.Supporting, Supporting{e.Of("ram:IssuerAssignedID"), e.Of("ram:Name"), e.Of("ram:URIID")})
		}
	}
	place := delivered.First("ram:ShipToTradeParty/ram:PostalTradeAddress")
	d.Delivery = Delivery{r.date(delivered, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime/udt:DateTimeString"), place.Of("ram:CityName"),
		place.Of("ram:PostcodeCode"), place.Of("ram:CountryID")}
	r.ciiSettled(settled)
	for _, e := range trade.All("ram:IncludedSupplyChainTradeLineItem") {
		d.Lines = append(d.Lines, r.ciiLine(e))
	}
}

func ciiRead(n *tree.Node) Party {
	a := n.First("ram:PostalTradeAddress")
	p := Party{Name: n.Of("ram:Name"), Trading: n.Of("ram:SpecifiedLegalOrganization/ram:TradingBusinessName"), ID: id(n.First("ram:ID")),
		Legal: id(n.First("ram:SpecifiedLegalOrganization/ram:ID")), LegalInfo: n.Of("ram:Description"), Endpoint: id(n.First("ram:URIUniversalCommunication/ram:URIID")),
		Address: Address{a.Of("ram:LineOne"), a.Of("ram:LineTwo"), a.Of("ram:LineThree"), a.Of("ram:CityName"), a.Of("ram:PostcodeCode"), a.Of("ram:CountrySubDivisionName"), a.Of("ram:CountryID")},
		Contact: Contact{n.Of("ram:DefinedTradeContact/ram:PersonName"), n.Of("ram:DefinedTradeContact/ram:TelephoneUniversalCommunication/ram:CompleteNumber"),
			n.Of("ram:DefinedTradeContact/ram:EmailURIUniversalCommunication/ram:URIID")}}
	if g := n.First("ram:GlobalID"); g != nil {
		p.ID = id(g)
	}
	for _, e := range n.All("ram:SpecifiedTaxRegistration/ram:ID") {
		if e.Attr("schemeID") == "VA" {
			p.VATID = e.Text
		} else {
			p.TaxNumber = e.Text
		}
	}
	return p
}

func (r *reading) ciiSettled(n *tree.Node) {
	d := r.d
	pay, terms := n.First("ram:SpecifiedTradeSettlementPaymentMeans"), n.First("ram:SpecifiedTradePaymentTerms")
	d.Payment = Payment{Means: pay.Of("ram:TypeCode"), Text: pay.Of("ram:Information"), Remit: n.Of("ram:PaymentReference"),
		Account: pay.Of("ram:PayeePartyCreditorFinancialAccount/ram:IBANID"), Holder: pay.Of("ram:PayeePartyCreditorFinancialAccount/ram:AccountName"),
		BIC: pay.Of("ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"), Mandate: terms.Of("ram:DirectDebitMandateID"),
		Creditor: n.Of("ram:CreditorReferenceID"), Debited: pay.Of("ram:PayerPartyDebtorFinancialAccount/ram:IBANID")}
	if d.Payment.Account == "" {
		d.Payment.Account = pay.Of("ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID")
	}
	d.Terms, d.Due = terms.Of("ram:Description"), r.date(terms, "ram:DueDateDateTime/udt:DateTimeString")
	d.Period = r.ciiPeriod(n)
	for _, e := range n.All("ram:ApplicableTradeTax") {
		d.VAT = append(d.VAT, Breakdown{Base: r.amount(e, "ram:BasisAmount"), VAT: r.amount(e, "ram:CalculatedAmount"), Category: tax.Category(e.Of("ram:CategoryCode")),
			BasisPoints: r.basisPoints(e, "ram:RateApplicablePercent"), Reason: e.Of("ram:ExemptionReason"), Code: e.Of("ram:ExemptionReasonCode")})
		d.TaxPoint = r.date(e, "ram:TaxPointDate/udt:DateString")
	}
	for _, e := range n.All("ram:SpecifiedTradeAllowanceCharge") {
		d.Adjustments = append(d.Adjustments, r.ciiAdjustment(e))
	}
	for _, e := range n.All("ram:InvoiceReferencedDocument") {
		d.Preceding = append(d.Preceding, Reference{e.Of("ram:IssuerAssignedID"), r.date(e, "ram:FormattedIssueDateTime/qdt:DateTimeString")})
	}
	s, t := n.First("ram:SpecifiedTradeSettlementHeaderMonetarySummation"), &d.Totals
	t.Lines, t.Charges, t.Allowances = r.amount(s, "ram:LineTotalAmount"), r.amount(s, "ram:ChargeTotalAmount"), r.amount(s, "ram:AllowanceTotalAmount")
	t.Net, t.Rounding, t.Gross = r.amount(s, "ram:TaxBasisTotalAmount"), r.amount(s, "ram:RoundingAmount"), r.amount(s, "ram:GrandTotalAmount")
	t.Prepaid, t.Due = r.amount(s, "ram:TotalPrepaidAmount"), r.amount(s, "ram:DuePayableAmount")
	for _, e := range s.All("ram:TaxTotalAmount") {
		a := r.amount(&tree.Node{Kids: []*tree.Node{e}}, "ram:TaxTotalAmount")
		if a.Currency == d.Currency {
			t.VAT = a
		} else {
			t.VATBooked = a
		}
	}
}

func (r *reading) ciiPeriod(n *tree.Node) Period {
	p := n.First("ram:BillingSpecifiedPeriod")
	return Period{r.date(p, "ram:StartDateTime/udt:DateTimeString"), r.date(p, "ram:EndDateTime/udt:DateTimeString")}
}

func (r *reading) ciiAdjustment(n *tree.Node) Adjustment {
	return Adjustment{Charge: n.Of("ram:ChargeIndicator/udt:Indicator") == "true", Amount: r.amount(n, "ram:ActualAmount"), Base: r.amount(n, "ram:BasisAmount"),
		Percent: r.decimal(n, "ram:CalculationPercent"), Category: tax.Category(n.Of("ram:CategoryTradeTax/ram:CategoryCode")),
		BasisPoints: r.basisPoints(n, "ram:CategoryTradeTax/ram:RateApplicablePercent"), Reason: n.Of("ram:Reason"), Code: n.Of("ram:ReasonCode")}
}

func (r *reading) ciiLine(n *tree.Node) Line {
	deal, settled := n.First("ram:SpecifiedLineTradeAgreement"), n.First("ram:SpecifiedLineTradeSettlement")
	const quantity = "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"
	l := Line{ID: n.Of("ram:AssociatedDocumentLineDocument/ram:LineID"), Note: n.Of("ram:AssociatedDocumentLineDocument/ram:IncludedNote/ram:Content"),
		Quantity: r.decimal(n, quantity), Unit: n.First(quantity).Attr("unitCode"),
		Net:       r.amount(settled, "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"),
		OrderLine: deal.Of("ram:BuyerOrderReferencedDocument/ram:LineID"), Accounting: settled.Of("ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
		Period: r.ciiPeriod(settled), Price: r.decimal(deal, "ram:NetPriceProductTradePrice/ram:ChargeAmount"), Base: r.decimal(deal, "ram:NetPriceProductTradePrice/ram:BasisQuantity"),
		Category: tax.Category(settled.Of("ram:ApplicableTradeTax/ram:CategoryCode")), BasisPoints: r.basisPoints(settled, "ram:ApplicableTradeTax/ram:RateApplicablePercent"),
		Item: n.Of("ram:SpecifiedTradeProduct/ram:Name"), Text: n.Of("ram:SpecifiedTradeProduct/ram:Description")}
	for _, e := range settled.All("ram:SpecifiedTradeAllowanceCharge") {
		l.Adjustments = append(l.Adjustments, r.ciiAdjustment(e))
	}
	return l
}
