package einvoice_test

import (
	"testing"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// BenchmarkDocument is an invoice of 20 lines, from the issued document to the file, its rules checked on the way.
func BenchmarkDocument(b *testing.B) {
	var lines []proof.InvoiceLine
	for n := range 20 {
		lines = append(lines, line("messages", "thousand-messages", money.Quantity(1000+n), 1000, int64(100+n)))
	}
	i := issue(b, buyer("FR", "FR61954506077"), lines...)
	for syntax, write := range map[string]func(*einvoice.Document) ([]byte, error){"UBL": einvoice.UBL, "CII": einvoice.CII} {
		b.Run(syntax, func(b *testing.B) {
			for b.Loop() {
				d, err := einvoice.From(i)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := write(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
