package usage_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

// invoices are documents as the server makes them.
func invoices(t *testing.T) (list []client.Invoice) {
	t.Helper()
	for _, name := range []string{"invoice", "invoice-terms"} {
		b, err := os.ReadFile("../../proof/testdata/" + name + ".json")
		must(t, err)
		var file struct{ Invoice *client.ProofInvoice }
		must(t, json.Unmarshal(b, &file))
		list = append(list, client.Invoice{ID: file.Invoice.ID, Document: file.Invoice})
	}
	return list
}

// services have the prices of the invoice's lines, each for a thousand of the meter's unit.
func services(i client.Invoice) map[string]client.ServiceDetail {
	out := map[string]client.ServiceDetail{}
	for _, l := range i.Document.Lines {
		s := out[l.Subscription]
		s.Tags = map[string]string{"cost-centre": "4711", "project": "=roof, cellar"}
		s.Deal.Publisher, s.Deal.Meters = "org_publisher", []client.CatalogMeter{{Key: "m", Unit: "piece"}}
		price, _ := json.Marshal(client.PriceVersion{Components: []client.PriceComponent{{Key: l.Component, Meter: "m", Per: "1000"}}})
		s.Prices = append(s.Prices, client.PriceSpan{PriceHash: l.Price, Price: price})
		out[l.Subscription] = s
	}
	return out
}

func focus(t *testing.T, list ...client.Invoice) (head []string, rows []map[string]string) {
	t.Helper()
	var b bytes.Buffer
	w, err := usage.NewFOCUSWriter(&b)
	must(t, err)
	for _, i := range list {
		must(t, w.Write(i, services(i)))
	}
	must(t, w.Flush())
	all, err := csv.NewReader(&b).ReadAll()
	must(t, err)
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

// mandatory are the columns of FOCUS 1.2 with the feature level Mandatory, and whether they may be null.
func mandatory() map[string]bool {
	return map[string]bool{"BilledCost": false, "BillingAccountId": false, "BillingAccountName": true, "BillingCurrency": false, "BillingPeriodEnd": false,
		"BillingPeriodStart": false, "ChargeCategory": false, "ChargeClass": true, "ChargeDescription": true, "ChargePeriodEnd": false,
		"ChargePeriodStart": false, "ContractedCost": false, "EffectiveCost": false, "InvoiceIssuerName": false, "ListCost": false, "PricingQuantity": true,
		"PricingUnit": true, "ProviderName": false, "PublisherName": false, "ServiceCategory": false, "ServiceName": false}
}

func TestFOCUSHasWhatEveryFileMust(t *testing.T) {
	for _, i := range invoices(t) {
		head, rows := focus(t, i)
		if len(rows) <= len(i.Document.Lines) {
			t.Fatalf("%d rows for %d lines and the tax", len(rows), len(i.Document.Lines))
		}
		total := new(big.Rat)
		for _, row := range rows {
			for name, nullable := range mandatory() {
				if !slices.Contains(head, name) || row[name] == "" && !nullable {
					t.Errorf("%s is missing in %v", name, row)
				}
			}
			if usageOrPurchase := row["ChargeCategory"] == "Usage" || row["ChargeCategory"] == "Purchase"; usageOrPurchase != (row["PricingQuantity"] != "") ||
				(row["ChargeCategory"] == "Usage") != (row["ConsumedQuantity"] != "") {
				t.Errorf("quantities of %v", row)
			}
			for _, period := range []string{"Charge", "Billing"} {
				from, err := time.Parse(time.RFC3339, row[period+"PeriodStart"])
				to, err2 := time.Parse(time.RFC3339, row[period+"PeriodEnd"])
				if err != nil || err2 != nil || !from.Before(to) {
					t.Errorf("%s period of %v", period, row)
				}
			}
			cost, ok := new(big.Rat).SetString(row["BilledCost"])
			if !ok {
				t.Fatalf("cost of %v", row)
			}
			total.Add(total, cost)
		}
		if gross, _, _ := strings.Cut(i.Document.Totals.Gross, " "); total.FloatString(2) != gross {
			t.Errorf("the rows add up to %s, the invoice to %s", total.FloatString(2), gross)
		}
	}
}

func TestACellIsNoFormula(t *testing.T) {
	for _, evil := range []string{"=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"} {
		i := invoices(t)[0]
		i.Document.Lines[0].Item, i.Document.Buyer.Name, i.Document.Seller.Name = evil, evil, evil
		_, rows := focus(t, i)
		for name, cell := range rows[0] {
			if cell != "" && strings.ContainsAny(cell[:1], "=+@\t\r\n") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "＝") {
				t.Errorf("%q: %s begins as a formula: %q", evil, name, cell)
			}
		}
	}
	i := invoices(t)[0]
	i.Document.Lines[0].Net = "-1.50 EUR"
	if _, rows := focus(t, i); rows[0]["BilledCost"] != "-1.50" {
		t.Errorf("a negative amount is a number: %q", rows[0]["BilledCost"])
	}
	for _, amount := range []string{"=1 EUR", "1 USD", "NaN EUR", "1,5 EUR"} {
		i.Document.Lines[0].Net = amount
		w, err := usage.NewFOCUSWriter(&bytes.Buffer{})
		must(t, err)
		if w.Write(i, services(i)) == nil {
			t.Errorf("%s is written as an amount", amount)
		}
	}
}

func TestCorrectionsAreOfTheirClass(t *testing.T) {
	i := invoices(t)[0]
	i.Document.Type = "381"
	if _, rows := focus(t, i); rows[0]["ChargeClass"] != "Correction" {
		t.Errorf("a credit note: %v", rows[0])
	}
	i = invoices(t)[0]
	i.Document.Lines[0].Correction = true
	if _, rows := focus(t, i); rows[0]["ChargeClass"] != "Correction" || rows[1]["ChargeClass"] != "" {
		t.Errorf("a correction: %v", rows[0])
	}
	w, err := usage.NewFOCUSWriter(&bytes.Buffer{})
	must(t, err)
	if w.Write(client.Invoice{ID: "inv_1"}, nil) == nil {
		t.Error("an invoice that is not shown is written")
	}
}

func TestQuantitiesStandInTheirUnits(t *testing.T) {
	i := invoices(t)[0]
	_, rows := focus(t, i)
	found := false
	for _, row := range rows {
		if row["ChargeCategory"] == "Usage" && row["ConsumedQuantity"] == "17" {
			found = row["ConsumedUnit"] == "piece" && row["PricingQuantity"] == "0.017" && row["x_PublisherId"] == "org_publisher"
		}
	}
	if !found {
		t.Errorf("%v", rows)
	}
	w, err := usage.NewFOCUSWriter(&bytes.Buffer{})
	must(t, err)
	if w.Write(i, nil) == nil {
		t.Error("a quantity in an unknown unit is written")
	}
}

// What the values are, the tests of internal/parquet read back.
func TestParquetHasEveryInvoice(t *testing.T) {
	var b bytes.Buffer
	w := usage.NewFOCUSParquet(&b)
	for _, i := range invoices(t) {
		must(t, w.Write(i, services(i)))
	}
	must(t, w.Flush())
	file := b.Bytes()
	if !bytes.HasPrefix(file, []byte("PAR1")) || !bytes.HasSuffix(file, []byte("PAR1")) || !bytes.Contains(file, []byte("BilledCost")) {
		t.Errorf("%d bytes are no Parquet file", len(file))
	}
}
