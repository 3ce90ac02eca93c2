package usage

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/internal/parquet"
)

// The values of FOCUS that we use.
const (
	categoryUsage      = "Usage"
	categoryPurchase   = "Purchase"
	categoryTax        = "Tax"
	categoryCredit     = "Credit"
	categoryAdjustment = "Adjustment"
	classCorrection    = "Correction"
)

// focusColumns are the columns that FOCUS 1.2 (https://focus.finops.org) wants in every file, those of its others that
// an invoice answers, and ours, which begin with x_.
func focusColumns() []string {
	return []string{"BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
		"ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost",
		"InvoiceId", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ResourceId", "ServiceCategory",
		"ServiceName", "SkuMeter", "Tags", "x_InvoiceDocument", "x_InvoiceLine", "x_PriceVersion", "x_PublisherId"}
}

// FOCUSWriter writes invoices as FOCUS 1.2: a row for each line, and one for each rate of tax, so that the rows of an
// invoice add up to what it asks for. What an invoice does not know is told by what it does:
//
//   - The four costs of a row are the same: a price version is both the list and the contract, and nothing is amortised.
//   - Provider, publisher and issuer are the seller.
//   - The pricing quantity is what was consumed in the unit of the price, rounded to nine decimals.
//   - The tags are those that the service bears now.
//   - The billing period is that of the charges; of an invoice without any, the month of its date.
//
// In CSV, cells that a spreadsheet would take for a formula begin with an apostrophe.
type FOCUSWriter struct {
	write func([]string) error
	flush func() error
	cell  func(string) string // text as the file takes it
}

// NewFOCUSWriter writes the head of a CSV file.
func NewFOCUSWriter(w io.Writer) (*FOCUSWriter, error) {
	out := csv.NewWriter(w)
	f := &FOCUSWriter{write: out.Write, cell: harmless, flush: func() error {
		out.Flush()
		return out.Error()
	}}
	return f, out.Write(focusColumns())
}

// NewFOCUSParquet begins a Parquet file: costs and quantities are DECIMAL(38, 9), instants TIMESTAMP in milliseconds, all
// else text, and what FOCUS lets be null is null where CSV is empty. Flush ends it.
func NewFOCUSParquet(w io.Writer) *FOCUSWriter {
	columns := make([]parquet.Column, 0, len(focusColumns()))
	for _, name := range focusColumns() {
		c := parquet.Column{Name: name, Nullable: true}
		switch {
		case strings.HasSuffix(name, "Cost"):
			c.Kind, c.Nullable = parquet.Decimal, false
		case strings.HasSuffix(name, "Quantity"):
			c.Kind = parquet.Decimal
		case strings.HasSuffix(name, "PeriodStart"), strings.HasSuffix(name, "PeriodEnd"):
			c.Kind, c.Nullable = parquet.Instant, false
		}
		columns = append(columns, c)
	}
	out := parquet.New(w, columns)
	return &FOCUSWriter{write: out.Row, flush: out.Close, cell: func(s string) string { return s }}
}

// Flush writes what is buffered. Nothing is written after it.
func (f *FOCUSWriter) Flush() error { return f.flush() }

// Write writes an invoice or a credit note. The services are those of its lines, by id: they know the units. Error: the
// document is not shown to this reader, holds what is no amount, or a price that its service never had.
func (f *FOCUSWriter) Write(i client.Invoice, services map[string]client.ServiceDetail) error {
	d := i.Document
	if d == nil {
		return fmt.Errorf("the document of invoice %s is not shown to you.\nState a purpose, or ask the customer for it", i.ID)
	}
	from, to := BillingPeriod(i)
	common := map[string]string{"BillingAccountId": d.Org, "BillingAccountName": or(d.Buyer.Name, d.Org), "BillingCurrency": d.Currency, "BillingPeriodStart": stamp(from),
		"BillingPeriodEnd": stamp(to), "InvoiceId": d.Number, "InvoiceIssuerName": d.Seller.Name, "ProviderName": d.Seller.Name, "PublisherName": d.Seller.Name,
		"ServiceCategory": "Other", "x_InvoiceDocument": d.ID}
	if d.Type == "381" {
		common["ChargeClass"] = classCorrection
	}
	for _, l := range d.Lines {
		cells, err := lineCells(l, services[l.Subscription], from, to)
		if err == nil {
			err = f.row(common, cells, l.Net, d.Currency)
		}
		if err != nil {
			return fmt.Errorf("invoice %s, line %d: %w", d.ID, l.No, err)
		}
	}
	for _, s := range d.Totals.Subtotals {
		if amount, _, _ := strings.Cut(s.VAT, " "); strings.Trim(amount, "0.-") == "" {
			continue // no tax
		}
		cells := map[string]string{"ChargeCategory": categoryTax, "ChargeDescription": fmt.Sprintf("VAT %s, %d.%02d %%", s.Category, s.BasisPoints/100, s.BasisPoints%100),
			"ChargePeriodStart": stamp(from), "ChargePeriodEnd": stamp(to), "ServiceName": "VAT"}
		if err := f.row(common, cells, s.VAT, d.Currency); err != nil {
			return fmt.Errorf("invoice %s, tax: %w", d.ID, err)
		}
	}
	return nil
}

// BillingPeriod is when the charges of an invoice count: from the first billing period to the last. Corrections of
// earlier periods do not move it.
func BillingPeriod(i client.Invoice) (from, to time.Time) {
	for _, corrections := range []bool{false, true} {
		for _, l := range i.Document.Lines {
			if l.Correction != corrections {
				continue
			}
			for _, c := range l.Charges {
				if c.Period == nil {
					continue
				}
				if from.IsZero() || c.Period.From.Before(from) {
					from = c.Period.From
				}
				if c.Period.To.After(to) {
					to = c.Period.To
				}
			}
		}
		if !from.IsZero() {
			return from.UTC(), to.UTC()
		}
	}
	day, err := time.Parse(time.DateOnly, i.Document.Date)
	if err != nil {
		day = i.Document.Issued.UTC()
	}
	from = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	return from, from.AddDate(0, 1, 0)
}

// lineCells are the cells of one line.
func lineCells(l client.ProofInvoiceLine, of client.ServiceDetail, from, to time.Time) (map[string]string, error) {
	cells := map[string]string{"ChargeCategory": category(l), "ChargeDescription": l.Item + ", " + l.Component, "ServiceName": or(l.Item, l.Component),
		"ResourceId": l.Subscription, "SkuMeter": l.Component, "x_InvoiceLine": fmt.Sprint(l.No), "x_PriceVersion": l.Price}
	start, end := from, to
	if l.Period != nil {
		start, end = l.Period.From, l.Period.To
	}
	if !start.Before(end) { // owed once, at an instant
		end = start.Add(time.Second)
	}
	cells["ChargePeriodStart"], cells["ChargePeriodEnd"] = stamp(start.Truncate(time.Second)), stamp(end.Truncate(time.Second))
	if l.Correction {
		cells["ChargeClass"] = classCorrection
	}
	cells["x_PublisherId"] = of.Deal.Publisher
	if len(of.Tags) > 0 {
		text, err := json.Marshal(of.Tags)
		if err != nil {
			return nil, err
		}
		cells["Tags"] = string(text)
	}
	switch cells["ChargeCategory"] {
	case categoryUsage:
		per, unit, err := units(l, of)
		if err != nil {
			return nil, err
		}
		cells["ConsumedQuantity"], cells["ConsumedUnit"] = l.Quantity, unit
		if cells["PricingQuantity"], err = divided(l.Quantity, per); err != nil {
			return nil, err
		}
		cells["PricingUnit"] = or(l.Unit, unit)
	case categoryPurchase:
		cells["PricingQuantity"], cells["PricingUnit"] = l.Quantity, or(l.Unit, "unit")
	}
	return cells, nil
}

// units says how many units of the meter one unit of the price is, and what that of the meter is called.
func units(l client.ProofInvoiceLine, of client.ServiceDetail) (per, unit string, err error) {
	for _, span := range of.Prices {
		if span.PriceHash != l.Price {
			continue
		}
		var version struct{ Components []client.PriceComponent }
		if err := json.Unmarshal(span.Price, &version); err != nil {
			return "", "", fmt.Errorf("the price of service %s: %w", l.Subscription, err)
		}
		for _, c := range version.Components {
			if c.Key != l.Component {
				continue
			}
			unit = c.Meter
			for _, m := range of.Deal.Meters {
				if m.Key == c.Meter {
					unit = m.Unit
				}
			}
			return or(c.Per, "1"), or(unit, "unit"), nil
		}
	}
	return "", "", fmt.Errorf("service %q has no price %s with the component %s", l.Subscription, l.Price, l.Component)
}

// divided gives a quotient without superfluous zeros.
func divided(quantity, per string) (string, error) {
	q, ok := new(big.Rat).SetString(quantity)
	n, ok2 := new(big.Rat).SetString(per)
	if !ok || !ok2 || n.Sign() <= 0 {
		return "", fmt.Errorf("%q by %q is no quantity", quantity, per)
	}
	text := new(big.Rat).Quo(q, n).FloatString(9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), "."), nil
}

func category(l client.ProofInvoiceLine) string {
	switch {
	case slices.ContainsFunc(l.Charges, func(c client.ProofInvoiceCharge) bool { return c.Window != "" }):
		return categoryUsage
	case len(l.Charges) > 0:
		return categoryPurchase
	case strings.HasPrefix(l.Net, "-"):
		return categoryCredit
	}
	return categoryAdjustment
}

// row writes one row. The amount is one of money, such as "12.34 EUR".
func (f *FOCUSWriter) row(common, own map[string]string, amount, currency string) error {
	number, unit, _ := strings.Cut(amount, " ")
	if unit != currency {
		return fmt.Errorf("%q is no amount in %s", amount, currency)
	}
	var row []string
	for _, name := range focusColumns() {
		text := or(own[name], common[name])
		switch name {
		case "BilledCost", "ContractedCost", "EffectiveCost", "ListCost":
			text = number
			fallthrough
		case "PricingQuantity", "ConsumedQuantity":
			if text != "" && !decimal(text) {
				return fmt.Errorf("%s: %q is no number", name, text)
			}
		default:
			text = f.cell(text)
		}
		row = append(row, text)
	}
	return f.write(row)
}

func decimal(text string) bool {
	whole, fraction, dot := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return digits(whole) && (!dot || digits(fraction))
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// harmless keeps a spreadsheet from running what others wrote: a cell that begins as a formula does gets an apostrophe,
// and control characters become spaces.
func harmless(text string) string {
	formula := text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(text)[0])
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if formula {
		return "'" + text
	}
	return text
}
