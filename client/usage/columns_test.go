package usage_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// columns are all columns of FOCUS 1.2 by feature level, data type and whether they may be null: the content constraints of
// specification/columns in github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tag v1.2 (commit 7296e3146fb9).
func columns() []columnGroup {
	return []columnGroup{
		{"Mandatory", "String", false, "BillingAccountId BillingCurrency ChargeCategory InvoiceIssuerName ProviderName PublisherName ServiceCategory ServiceName"},
		{"Mandatory", "String", true, "BillingAccountName ChargeClass ChargeDescription PricingUnit"},
		{"Mandatory", "Decimal", false, "BilledCost ContractedCost EffectiveCost ListCost"},
		{"Mandatory", "Decimal", true, "PricingQuantity"},
		{"Mandatory", "Date/Time", false, "BillingPeriodEnd BillingPeriodStart ChargePeriodEnd ChargePeriodStart"},
		{"Recommended", "String", false, "ChargeFrequency ServiceSubcategory"},
		{"Recommended", "String", true, "AvailabilityZone InvoiceId"},
		{"Conditional", "String", false, "BillingAccountType"},
		{"Conditional", "String", true, "CapacityReservationId CapacityReservationStatus CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit ConsumedUnit PricingCategory PricingCurrency RegionId RegionName ResourceId ResourceName ResourceType SkuId SkuMeter SkuPriceId SubAccountId SubAccountName SubAccountType"},
		{"Conditional", "Decimal", true, "CommitmentDiscountQuantity ConsumedQuantity ContractedUnitPrice ListUnitPrice PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice"},
		{"Conditional", "JSON", true, "SkuPriceDetails Tags"},
	}
}

type columnGroup struct {
	level, kind string
	nullable    bool
	names       string
}

// answered are the conditional and recommended columns that the export has. The others need not be there: they tell of
// commitments that are bought, capacity reservations, zones, sub-accounts and several pricing currencies, which an invoice
// has none of; and unit prices, SKUs, regions and resource types stand in the offer, not on the invoice.
func answered() []string {
	return []string{"ConsumedQuantity", "ConsumedUnit", "InvoiceId", "ResourceId", "SkuMeter", "Tags"}
}

// fits tells whether a cell is of a data type: NumericFormat, DateTimeFormat and KeyValueFormat of the specification.
func fits(kind, cell string) bool {
	switch kind {
	case "Decimal":
		return regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$`).MatchString(cell)
	case "Date/Time":
		_, err := time.Parse("2006-01-02T15:04:05Z", cell)
		return err == nil
	case "JSON":
		var pairs map[string]string
		return json.Unmarshal([]byte(cell), &pairs) == nil
	}
	return cell == strings.TrimSpace(cell)
}

// Every column is one of the specification or begins with x_; those that must be there are; each cell is of its column's
// type, and none is null that may not be.
func TestFOCUSColumnsAreThoseOfTheSpecification(t *testing.T) {
	known, total := map[string]bool{}, 0
	for _, i := range invoices(t) {
		head, rows := focus(t, i)
		for _, group := range columns() {
			for _, name := range strings.Fields(group.names) {
				known[name], total = true, total+1
				must := group.level == "Mandatory" || slices.Contains(answered(), name)
				if slices.Contains(head, name) != must {
					t.Errorf("%s column %s: in the file %v, want %v", group.level, name, !must, must)
				}
				for n, row := range rows {
					if cell, there := row[name]; there && (cell == "" && !group.nullable || cell != "" && !fits(group.kind, cell)) {
						t.Errorf("row %d: %s is %q, want %s, null %v", n, name, cell, group.kind, group.nullable)
					}
				}
			}
		}
		for n, name := range head {
			if !known[name] && !strings.HasPrefix(name, "x_") || slices.Contains(head[:n], name) {
				t.Errorf("%q is no column of FOCUS 1.2, or stands twice", name)
			}
		}
	}
	if total != 57*len(invoices(t)) {
		t.Errorf("%d columns, the specification has 57", total)
	}
}

// The allowed values of the columns that have some, of specification/columns, tag v1.2.
func TestFOCUSValuesAreAllowed(t *testing.T) {
	allowed := map[string][]string{"ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}, "ChargeClass": {"", "Correction"}, "ServiceCategory": {"Other"}}
	for _, i := range invoices(t) {
		_, rows := focus(t, i)
		tagged := 0
		for n, row := range rows {
			for name, values := range allowed {
				if !slices.Contains(values, row[name]) {
					t.Errorf("row %d: %s is %q", n, name, row[name])
				}
			}
			if row["Tags"] == `{"cost-centre":"4711","project":"=roof, cellar"}` {
				tagged++
			}
			if row["ConsumedQuantity"] != "" && row["ConsumedUnit"] == "" || row["PricingQuantity"] != "" && row["PricingUnit"] == "" {
				t.Errorf("row %d has a quantity without a unit: %v", n, row)
			}
		}
		if tagged != len(i.Document.Lines) {
			t.Errorf("%d of %d lines bear their service's tags", tagged, len(i.Document.Lines))
		}
	}
}
