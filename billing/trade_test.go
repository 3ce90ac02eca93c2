package billing_test

import (
	"context"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/ident"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
)

// complete gives the seller and a buyer everything that the national forms ask for.
func (w *world) complete(t *testing.T, buyer access.Caller) {
	t.Helper()
	ctx := context.Background()
	_, err := w.Parties.SetEntity(ctx, w.Operator, party.Entity{ID: w.Entity, Org: w.Operator.Org, Name: "Halle Operator", Country: "FR", VATID: "FR40303265045", Registration: "303265045",
		Details: &party.Details{Street: "1 place du Marché", City: "Lyon", Postcode: "69002", Scheme: "0002", LegalInfo: "SA au capital de 100 000 €", Endpoint: party.Endpoint{Scheme: "0225", ID: "303265045"},
			Contact: party.BillingContact{Name: "Service clients", Phone: "+33 4 12 34 56 78", Email: "factures@halle.example"}}})
	must(t, err)
	list, err := w.Parties.Entities(ctx, buyer, buyer.Org)
	must(t, err)
	e := list[0]
	e.VATID, e.Registration = "FR61954506077", "954506077"
	e.Details = &party.Details{Street: "12 rue de la Santé", City: "Paris", Postcode: "75013", Region: "Île-de-France", Scheme: "0002", Endpoint: party.Endpoint{Scheme: "0225", ID: "954506077"},
		Contact: party.BillingContact{Name: "Claire Moreau", Email: "compta@acme.example"}}
	_, err = w.Parties.SetEntity(ctx, buyer, e)
	must(t, err)
	_, err = w.Parties.SetBillData(ctx, buyer, buyer.Org, party.BillData{BuyerReference: "04011000-1234512345-06", PurchaseOrder: "PO-77", CostCentre: "Médecine"})
	must(t, err)
	w.invoices.Payment = func(*store.Tx, string, string, money.Currency) (proof.InvoicePayment, error) {
		return proof.InvoicePayment{Means: proof.PaySEPATransfer, IBAN: "FR7630006000011234567890189"}, nil
	}
}

// TestEveryNationalForm makes each form of a real invoice and of its credit note, with nothing missing, and reads it back.
func TestEveryNationalForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		w.complete(t, c)
		w.final(t, c, w.subscribe(t, c, prices(price.Net)))
		i := w.list(t, c)[0]
		note, err := w.invoices.Credit(ctx, w.Operator, i.ID, "Wrong buyer")
		must(t, err)
		for _, of := range []billing.Summary{i, note} {
			for _, f := range billing.MachineFormats() {
				file, err := w.invoices.Document(ctx, c, of.ID, f.Format, "")
				if err != nil {
					t.Errorf("%s of %s: %v", f.Format, of.Number, err)
					continue
				}
				d, err := einvoice.Read(file.Bytes)
				must(t, err)
				if d.BuyerReference != "04011000-1234512345-06" || d.Order != "PO-77" || d.Accounting != "Médecine" || d.Buyer.Address.City != "Paris" || d.Buyer.Address.Region != "Île-de-France" ||
					d.Buyer.Endpoint != (einvoice.Identifier{Scheme: "0225", ID: "954506077"}) || d.Seller.Legal != (einvoice.Identifier{Scheme: "0002", ID: "303265045"}) ||
					d.Seller.Contact.Phone != "+33 4 12 34 56 78" || d.Buyer.Contact.Name != "Claire Moreau" {
					t.Errorf("%s of %s says %+v %+v", f.Format, of.Number, d.Buyer, d.Seller)
				}
			}
		}
		pdf, err := w.invoices.Document(ctx, c, i.ID, billing.FormatPDF, "fr")
		must(t, err)
		for _, want := range []string{"75013 Paris", "PO-77", "04011000-", "Médecine", "Indemnité forfaitaire", "Pas d’escompte", "SA au capital"} {
			if text := textOf(t, pdf.Bytes); !strings.Contains(text, want) {
				t.Errorf("no %q on paper:\n%s", want, text)
			}
		}
	})
}

// TestAHouseholdsBillCarriesNothingOfBusinesses: neither references nor the terms between businesses.
func TestAHouseholdsBillCarriesNothingOfBusinesses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Household(t, "Jeanne Martin")
		w.final(t, c, w.subscribe(t, c, prices(price.Gross)))
		v, err := w.invoices.Invoice(context.Background(), c, w.list(t, c)[0].ID)
		must(t, err)
		if d := v.Document; len(d.Notes) > 0 || d.Order != "" || d.BuyerReference != "" {
			t.Errorf("%+v", d.InvoiceTrade)
		}
	})
}

// TestSchemesStandInTheCodeLists: whatever scheme people may choose, an electronic invoice with it is valid.
func TestSchemesStandInTheCodeLists(t *testing.T) {
	for _, s := range ident.Schemes("") {
		if s.Register && !einvoice.KnownScheme("identifierSchemes", s.Code) || s.Address && !einvoice.KnownScheme("addressSchemes", s.Code) {
			t.Errorf("%s %s is not in the list", s.Code, s.Name)
		}
	}
}

// TestCostCentresAndPurchaseOrders: a line says the cost centre and the order of its service, the sums by cost centre come
// to the total, and a number that all lines share stands on the document.
func TestCostCentresAndPurchaseOrders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		w.complete(t, c)
		one, two := w.subscribe(t, c, prices(price.Net)), w.subscribe(t, c, prices(price.Net))
		bearings := map[string]subscription.Bearing{one: {PurchaseOrder: "PO-8", Tags: subscription.Tags{"cost-centre": "4711"}}, two: {PurchaseOrder: "PO-8"}}
		w.invoices.Bearings = func(_ *store.Tx, ids ...string) (map[string]subscription.Bearing, error) { return bearings, nil }
		now := func() *proof.Invoice {
			views, err := w.invoices.Draft(ctx, c, c.Org, w.Clock.Now())
			must(t, err)
			return views[0].Document
		}
		if d := now(); d.Order != "PO-8" || d.Lines[0].Order != "" {
			t.Errorf("one order: %s %+v", d.Order, d.Lines)
		}
		bearings[two] = subscription.Bearing{}
		d := now()
		centres, err := d.CostCentres()
		must(t, err)
		sum := money.Zero(d.Currency)
		for _, centre := range centres {
			sum, err = sum.Add(centre.Net)
			must(t, err)
		}
		if d.Order != "PO-77" || len(centres) != 2 || centres[0].Name != "4711" || centres[1].Name != "" || sum != d.Totals.Net {
			t.Errorf("%s %+v of %s", d.Order, centres, d.Totals.Net)
		}
		for _, l := range d.Lines {
			if (l.Order == "PO-8") != (l.Subscription == one) || (l.Accounting == "4711") != (l.Subscription == one) {
				t.Errorf("%+v", l)
			}
		}
		_, err = w.Parties.SetBillData(ctx, c, c.Org, party.BillData{CostTag: "team"})
		must(t, err)
		bearings[one] = subscription.Bearing{Tags: subscription.Tags{"cost-centre": "4711", "team": "red"}}
		if d := now(); d.Lines[0].Accounting != "red" && d.Lines[1].Accounting != "red" || d.Order != "" {
			t.Errorf("%+v", d.Lines)
		}
		w.final(t, c, one)
		i := w.list(t, c)[0]
		file, err := w.invoices.Document(ctx, c, i.ID, billing.FormatUBL, "")
		must(t, err)
		if !strings.Contains(string(file.Bytes), "<cbc:AccountingCost>red</cbc:AccountingCost>") {
			t.Errorf("no BT-133\n%s", file.Bytes)
		}
		note, err := w.invoices.Credit(ctx, w.Operator, i.ID, "Wrong buyer")
		must(t, err)
		v, err := w.invoices.Invoice(ctx, c, note.ID)
		must(t, err)
		if v.Document.Lines[0].Accounting != "red" {
			t.Error("the credit note has another cost centre")
		}
	})
}
