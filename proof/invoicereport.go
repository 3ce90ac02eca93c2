package proof

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// InvoiceReport is the outcome of verifying an invoice file: what was redone, what that proves and what not.
type InvoiceReport struct {
	Number    string       `json:"number"`
	Type      string       `json:"type"`
	Hash      string       `json:"hash"`
	Date      price.Date   `json:"date"`
	Gross     money.Amount `json:"gross"`
	Origin    string       `json:"origin"`  // of the log
	Size      uint64       `json:"size"`    // of its newest checkpoint in the file
	Trusted   bool         `json:"trusted"` // the key of the log came from the caller
	Lines     int          `json:"lines"`
	Charges   int          `json:"charges"`
	Prices    int          `json:"prices"`
	Windows   int          `json:"windows"`
	Events    int64        `json:"events"`
	Facts     int          `json:"facts"`
	Proves    []string     `json:"proves"`
	NotProved []string     `json:"not_proved"`
}

func (f *InvoiceFile) report(r InvoiceReport, e *evidence) InvoiceReport {
	r.Hash, _ = f.Invoice.Hash() // it had one a moment ago
	r.Origin, r.Size = e.origin, e.size
	r.Lines, r.Prices, r.Windows, r.Events, r.Facts = len(f.Invoice.Lines), len(f.Prices), len(f.Windows), e.events, len(f.Receipts)
	for _, l := range f.Invoice.Lines {
		r.Charges += len(l.Charges)
	}
	if f.Invoice.Type == TypeCreditNote {
		r.Proves = []string{"The credit note and its invoice are those that the log committed to.",
			"It takes the whole invoice back, line by line, tax included."}
		if slices.ContainsFunc(f.Invoice.Lines, func(l InvoiceLine) bool { return l.Credits > 0 }) {
			r.Proves[1] = "It takes back an amount of lines of the invoice, with their tax, and never more than the notes before it left of them."
		}
		r.NotProved = []string{"The lines of the invoice: its own proof file does that."}
	} else {
		r.Proves = []string{"The invoice is the one that the log committed to, and its totals are those of the log.",
			"Each price is the one that was agreed when the subscription began or changed its plan.",
			"Each usage window holds exactly its events, and each was charged once for a component.",
			"Each charge, each line with its one rounding, the tax at the stated rate and the totals come out the same."}
		r.NotProved = []string{"That the publisher's application counted truly: the events are its own account. Compare them with yours.",
			"That the rate of tax is the right one; the invoice states the rule and its source.",
			"That the service was not suspended in a span that a price per period charges: the facts of the subscription tell that.",
			"Units of a period that an earlier invoice charged: that invoice proves them."}
	}
	if len(f.Invoice.Closings) > 0 {
		r.Proves = append(r.Proves, "Each term of a price (discount, minimum, commitment) was settled on the lines of its period, once.")
		r.NotProved = append(r.NotProved, "What the lines of a period had come to on earlier invoices: those invoices prove it.")
	}
	if !r.Trusted {
		r.NotProved = append(r.NotProved, "That this is the operator's log: the key came from the file. Give the published key.")
	}
	return r
}

// Text explains the report to a person at a terminal.
func (r InvoiceReport) Text() string {
	var b strings.Builder
	noun := "Invoice"
	if r.Type == TypeCreditNote {
		noun = "Credit note"
	} else if r.Type == TypeProforma {
		noun = "Statement of charges"
	}
	fmt.Fprintf(&b, "%s %s of %s over %s agrees with its proof.\n", noun, r.Number, r.Date, r.Gross)
	fmt.Fprintf(&b, "hash %s\nlog %s, %d entries\n", r.Hash, r.Origin, r.Size)
	fmt.Fprintf(&b, "redone: %d lines, %d charges, %d price versions, %d usage windows with %d events, %d facts\n",
		r.Lines, r.Charges, r.Prices, r.Windows, r.Events, r.Facts)
	b.WriteString("\nThis proves:\n")
	for _, s := range r.Proves {
		b.WriteString("  - " + s + "\n")
	}
	b.WriteString("\nThis does not prove:\n")
	for _, s := range r.NotProved {
		b.WriteString("  - " + s + "\n")
	}
	return b.String()
}
