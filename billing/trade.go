package billing

import (
	"cmp"
	"slices"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
)

// partyOf is a legal entity as it stands on a document: a business.
func partyOf(e party.Entity) proof.InvoiceParty {
	p := proof.InvoiceParty{Name: e.Name, Address: e.Address, Country: e.Country, VATID: e.VATID, Registration: e.Registration, Business: true}
	if d := e.Details; d != nil {
		p.Street, p.Street2, p.City, p.Postcode, p.Region = d.Street, d.Street2, d.City, d.Postcode, d.Region
		p.Scheme, p.TaxNumber, p.LegalInfo, p.Trading = d.Scheme, d.TaxNumber, d.LegalInfo, d.Trading
		p.Endpoint, p.Contact = proof.InvoiceAddress(d.Endpoint), proof.InvoiceContact(d.Contact)
	}
	return p
}

// trade writes what buyer and seller want on the document beside its amounts: references of the buyer, sentences of the
// seller.
func (s *Invoices) trade(tx *store.Tx, o party.Organisation, doc *proof.Invoice) error {
	if !doc.Buyer.Business {
		return nil
	}
	b, err := s.Parties.BillDataIn(tx, o)
	if err != nil {
		return err
	}
	doc.BuyerReference, doc.Accounting = b.BuyerReference, b.CostCentre
	if err := s.bearings(tx, doc, cmp.Or(b.CostTag, DefaultCostTag), b.PurchaseOrder); err != nil {
		return err
	}
	seller, err := s.Parties.Entity(tx, doc.Entity)
	if err != nil {
		return err
	}
	doc.Notes = sentences(seller)
	return nil
}

// DefaultCostTag is the tag whose value is the cost centre of a service, where an organisation names no other.
const DefaultCostTag = "cost-centre"

// bearings writes the cost centre of each line, by the tag of its service as it is now, and the purchase order: on the
// document (EN 16931 has one, BT-13) when it is that of all lines, else on the document the organisation's own and on
// each other line its number.
func (s *Invoices) bearings(tx *store.Tx, doc *proof.Invoice, tag, standing string) error {
	doc.Order = standing
	if s.Bearings == nil || len(doc.Lines) == 0 {
		return nil
	}
	var ids []string
	for n := range doc.Lines {
		if !slices.Contains(ids, doc.Lines[n].Subscription) {
			ids = append(ids, doc.Lines[n].Subscription)
		}
	}
	all, err := s.Bearings(tx, ids...)
	if err != nil {
		return err
	}
	one := true
	for n := range doc.Lines {
		l := &doc.Lines[n]
		own := all[l.Subscription]
		l.Accounting, l.Order = own.Tags[tag], cmp.Or(own.PurchaseOrder, standing)
		one = one && l.Order == doc.Lines[0].Order
	}
	if one {
		doc.Order = doc.Lines[0].Order
	}
	for n := range doc.Lines {
		if l := &doc.Lines[n]; l.Order == doc.Order {
			l.Order = ""
		}
	}
	return nil
}

// Sentences of a French invoice between businesses where nothing else was agreed: the law's own terms.
const (
	recoveryFR = "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 € (code de commerce, art. D441-5)."
	penaltyFR  = "Pénalités de retard : taux de refinancement de la Banque centrale européenne majoré de 10 points de pourcentage, exigibles sans rappel (code de commerce, art. L441-10)."
	discountFR = "Pas d’escompte pour paiement anticipé (code de commerce, art. L441-9)."
)

// sentences are those that the law of the seller wants between businesses, by their subject in UNTDID 4451. Another
// country's seller has those that it wrote down.
func sentences(seller party.Entity) (out []proof.InvoiceNote) {
	own := party.Sentences{}
	if seller.Details != nil {
		own = seller.Details.Sentences
	}
	if seller.Country == "FR" {
		own.Recovery, own.Penalty, own.Discount = cmp.Or(own.Recovery, recoveryFR), cmp.Or(own.Penalty, penaltyFR), cmp.Or(own.Discount, discountFR)
	}
	for _, n := range []proof.InvoiceNote{{Subject: "PMT", Text: own.Recovery}, {Subject: "PMD", Text: own.Penalty}, {Subject: "AAB", Text: own.Discount}} {
		if n.Text != "" {
			out = append(out, n)
		}
	}
	return out
}
