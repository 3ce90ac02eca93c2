package einvoice

import (
	"github.com/halle-cloud/halle/billing/einvoice/tree"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// The namespaces of UBL 2.1.
const (
	nsInvoice = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
	nsCredit  = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
	nsCAC     = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
	nsCBC     = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
)

// UBL is the document as OASIS UBL 2.1: an Invoice, or a CreditNote for the types that give back. The same document
// gives the same bytes. Error: einvoice.invalid with every rule that is violated.
func UBL(d *Document) ([]byte, error) {
	if err := valid(d); err != nil {
		return nil, err
	}
	u := ublWriter{d}
	root, space := "Invoice", nsInvoice
	if d.Credit() {
		root, space = "CreditNote", nsCredit
	}
	n := &tree.Node{Name: root, Attrs: []tree.Attr{{Name: "xmlns", Value: space}, {Name: "xmlns:cac", Value: nsCAC}, {Name: "xmlns:cbc", Value: nsCBC}}}
	u.head(n)
	n.Add(tree.El("cac:AccountingSupplierParty", u.party(&d.Seller, true)), tree.El("cac:AccountingCustomerParty", u.party(&d.Buyer, false)),
		u.delivery(), u.payment(), tree.El("cac:PaymentTerms", tree.Leaf("cbc:Note", d.Terms)))
	for i := range d.Adjustments {
		n.Add(u.adjustment(&d.Adjustments[i], true))
	}
	n.Add(u.taxTotal(), tree.El("cac:TaxTotal", u.amount("cbc:TaxAmount", d.Totals.VATBooked)), u.totals())
	for i := range d.Lines {
		n.Add(u.line(&d.Lines[i]))
	}
	return n.Bytes(), nil
}

// ublWriter writes the parts of one document, in the order of the schema.
type ublWriter struct{ *Document }

func (u ublWriter) head(n *tree.Node) {
	n.Add(tree.Leaf("cbc:CustomizationID", u.Specification), tree.Leaf("cbc:ProfileID", u.Process), tree.Leaf("cbc:ID", u.Number),
		tree.Leaf("cbc:IssueDate", date(u.Issued)))
	if u.Credit() {
		n.Add(tree.Leaf("cbc:TaxPointDate", date(u.TaxPoint)), tree.Leaf("cbc:CreditNoteTypeCode", u.Type))
	} else {
		n.Add(tree.Leaf("cbc:DueDate", date(u.Due)), tree.Leaf("cbc:InvoiceTypeCode", u.Type))
	}
	for _, note := range u.Notes {
		text := note.Text
		if note.Subject != "" {
			text = "#" + note.Subject + "#" + text
		}
		n.Add(tree.Leaf("cbc:Note", text))
	}
	if !u.Credit() {
		n.Add(tree.Leaf("cbc:TaxPointDate", date(u.TaxPoint)))
	}
	n.Add(tree.Leaf("cbc:DocumentCurrencyCode", string(u.Currency)), tree.Leaf("cbc:TaxCurrencyCode", string(u.Totals.VATBooked.Currency)),
		tree.Leaf("cbc:AccountingCost", u.Accounting), tree.Leaf("cbc:BuyerReference", u.BuyerReference), ublPeriod(u.Period),
		tree.El("cac:OrderReference", tree.Leaf("cbc:ID", u.Order)))
	for _, r := range u.Preceding {
		n.Add(tree.El("cac:BillingReference", tree.El("cac:InvoiceDocumentReference", tree.Leaf("cbc:ID", r.Number), tree.Leaf("cbc:IssueDate", date(r.Issued)))))
	}
	n.Add(tree.El("cac:ContractDocumentReference", tree.Leaf("cbc:ID", u.Contract)))
	for _, s := range u.Supporting {
		n.Add(tree.El("cac:AdditionalDocumentReference", tree.Leaf("cbc:ID", s.ID), tree.Leaf("cbc:DocumentDescription", s.Text),
			tree.El("cac:Attachment", tree.El("cac:ExternalReference", tree.Leaf("cbc:URI", s.URI)))))
	}
}

func (u ublWriter) party(p *Party, seller bool) *tree.Node {
	n := tree.El("cac:Party", tree.Leaf("cbc:EndpointID", p.Endpoint.ID, "schemeID", p.Endpoint.Scheme),
		tree.El("cac:PartyIdentification", tree.Leaf("cbc:ID", p.ID.ID, "schemeID", p.ID.Scheme)))
	if n == nil {
		n = &tree.Node{Name: "cac:Party"}
	}
	if seller {
		n.Add(tree.El("cac:PartyIdentification", tree.Leaf("cbc:ID", u.Payment.Creditor, "schemeID", "SEPA")))
	}
	a := p.Address
	return n.Add(tree.El("cac:PartyName", tree.Leaf("cbc:Name", p.Trading)),
		tree.El("cac:PostalAddress", tree.Leaf("cbc:StreetName", a.Line1), tree.Leaf("cbc:AdditionalStreetName", a.Line2), tree.Leaf("cbc:CityName", a.City),
			tree.Leaf("cbc:PostalZone", a.Postcode), tree.Leaf("cbc:CountrySubentity", a.Region), tree.El("cac:AddressLine", tree.Leaf("cbc:Line", a.Line3)),
			tree.El("cac:Country", tree.Leaf("cbc:IdentificationCode", a.Country))),
		taxScheme(p.VATID, "VAT"), taxScheme(p.TaxNumber, "TAX"),
		tree.El("cac:PartyLegalEntity", tree.Leaf("cbc:RegistrationName", p.Name), tree.Leaf("cbc:CompanyID", p.Legal.ID, "schemeID", p.Legal.Scheme),
			tree.Leaf("cbc:CompanyLegalForm", p.LegalInfo)),
		tree.El("cac:Contact", tree.Leaf("cbc:Name", p.Contact.Name), tree.Leaf("cbc:Telephone", p.Contact.Phone), tree.Leaf("cbc:ElectronicMail", p.Contact.Email)))
}

func taxScheme(id, scheme string) *tree.Node {
	if id == "" {
		return nil
	}
	return tree.El("cac:PartyTaxScheme", tree.Leaf("cbc:CompanyID", id), tree.El("cac:TaxScheme", tree.Leaf("cbc:ID", scheme)))
}

func (u ublWriter) delivery() *tree.Node {
	return tree.El("cac:Delivery", tree.Leaf("cbc:ActualDeliveryDate", date(u.Delivery.Date)),
		tree.El("cac:DeliveryLocation", tree.El("cac:Address", tree.Leaf("cbc:CityName", u.Delivery.City),
			tree.Leaf("cbc:PostalZone", u.Delivery.Postcode), tree.El("cac:Country", tree.Leaf("cbc:IdentificationCode", u.Delivery.Country)))))
}

func (u ublWriter) payment() *tree.Node {
	p := u.Payment
	if p.Means == "" {
		return nil
	}
	due := ""
	if u.Credit() {
		due = date(u.Due)
	}
	var mandate *tree.Node
	if p.Mandate != "" || p.Debited != "" {
		mandate = tree.El("cac:PaymentMandate", tree.Leaf("cbc:ID", p.Mandate), tree.El("cac:PayerFinancialAccount", tree.Leaf("cbc:ID", p.Debited)))
	}
	return tree.El("cac:PaymentMeans", tree.Leaf("cbc:PaymentMeansCode", p.Means, "name", p.Text), tree.Leaf("cbc:PaymentDueDate", due),
		tree.Leaf("cbc:PaymentID", p.Remit), tree.El("cac:PayeeFinancialAccount", tree.Leaf("cbc:ID", p.Account), tree.Leaf("cbc:Name", p.Holder),
			tree.El("cac:FinancialInstitutionBranch", tree.Leaf("cbc:ID", p.BIC))), mandate)
}

// adjustment is an allowance or charge; those of lines have no tax of their own.
func (u ublWriter) adjustment(a *Adjustment, taxed bool) *tree.Node {
	indicator := "false"
	if a.Charge {
		indicator = "true"
	}
	n := tree.El("cac:AllowanceCharge", tree.Leaf("cbc:ChargeIndicator", indicator), tree.Leaf("cbc:AllowanceChargeReasonCode", a.Code),
		tree.Leaf("cbc:AllowanceChargeReason", a.Reason), tree.Leaf("cbc:MultiplierFactorNumeric", string(a.Percent)),
		u.amount("cbc:Amount", a.Amount), u.amount("cbc:BaseAmount", a.Base))
	if taxed {
		n.Add(taxCategory("cac:TaxCategory", a.Category, rate(a.Category, a.BasisPoints), "", ""))
	}
	return n
}

// rate is the text of a rate; lines, allowances and charges outside the scope of VAT have none (BR-O-05 to 07). The
// breakdown has one always (BR-DE-14).
func rate(c tax.Category, basisPoints int) string {
	if c == tax.OutsideScope {
		return ""
	}
	return percent(basisPoints)
}

func taxCategory(name string, c tax.Category, rate, code, reason string) *tree.Node {
	return tree.El(name, tree.Leaf("cbc:ID", string(c)), tree.Leaf("cbc:Percent", rate), tree.Leaf("cbc:TaxExemptionReasonCode", code),
		tree.Leaf("cbc:TaxExemptionReason", reason), tree.El("cac:TaxScheme", tree.Leaf("cbc:ID", "VAT")))
}

func (u ublWriter) taxTotal() *tree.Node {
	n := tree.El("cac:TaxTotal", u.amount("cbc:TaxAmount", u.Totals.VAT))
	for _, b := range u.VAT {
		n.Add(tree.El("cac:TaxSubtotal", u.amount("cbc:TaxableAmount", b.Base), u.amount("cbc:TaxAmount", b.VAT),
			taxCategory("cac:TaxCategory", b.Category, percent(b.BasisPoints), b.Code, b.Reason)))
	}
	return n
}

func (u ublWriter) totals() *tree.Node {
	t := u.Totals
	return tree.El("cac:LegalMonetaryTotal", u.amount("cbc:LineExtensionAmount", t.Lines), u.amount("cbc:TaxExclusiveAmount", t.Net),
		u.amount("cbc:TaxInclusiveAmount", t.Gross), u.amount("cbc:AllowanceTotalAmount", t.Allowances), u.amount("cbc:ChargeTotalAmount", t.Charges),
		u.amount("cbc:PrepaidAmount", t.Prepaid), u.amount("cbc:PayableRoundingAmount", t.Rounding), u.amount("cbc:PayableAmount", t.Due))
}

func (u ublWriter) line(l *Line) *tree.Node {
	name, quantity := "cac:InvoiceLine", "cbc:InvoicedQuantity"
	if u.Credit() {
		name, quantity = "cac:CreditNoteLine", "cbc:CreditedQuantity"
	}
	n := tree.El(name, tree.Leaf("cbc:ID", l.ID), tree.Leaf("cbc:Note", l.Note), tree.Leaf(quantity, string(l.Quantity), "unitCode", l.Unit),
		u.amount("cbc:LineExtensionAmount", l.Net), tree.Leaf("cbc:AccountingCost", l.Accounting), ublPeriod(l.Period),
		tree.El("cac:OrderLineReference", tree.Leaf("cbc:LineID", l.OrderLine)))
	for i := range l.Adjustments {
		n.Add(u.adjustment(&l.Adjustments[i], false))
	}
	return n.Add(tree.El("cac:Item", tree.Leaf("cbc:Description", l.Text), tree.Leaf("cbc:Name", l.Item),
		taxCategory("cac:ClassifiedTaxCategory", l.Category, rate(l.Category, l.BasisPoints), "", "")),
		tree.El("cac:Price", tree.Leaf("cbc:PriceAmount", string(l.Price), "currencyID", string(u.Currency)), tree.Leaf("cbc:BaseQuantity", string(l.Base), "unitCode", l.Unit)))
}

func (u ublWriter) amount(name string, a money.Amount) *tree.Node {
	return tree.Leaf(name, number(a), "currencyID", string(a.Currency))
}

func ublPeriod(p Period) *tree.Node {
	return tree.El("cac:InvoicePeriod", tree.Leaf("cbc:StartDate", date(p.From)), tree.Leaf("cbc:EndDate", date(p.To)))
}

// date is a civil date for a document, "" for none.
func date(d price.Date) string {
	if d == (price.Date{}) {
		return ""
	}
	return d.String()
}
