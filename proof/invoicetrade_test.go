package proof

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// TestDocumentOfAnEarlierDayKeepsItsHash holds the bytes of a document that was issued before InvoiceTrade was there.
func TestDocumentOfAnEarlierDayKeepsItsHash(t *testing.T) {
	const issued = "829e72f0c2ea921fb228ea2a5d5aaaede44ce3f1341d8fc3dcd58f7f1f03dabd"
	f := parsed(t, goldenInvoice(t))
	got, err := f.Invoice.Hash()
	if err != nil || got != issued {
		t.Fatalf("hash %s %v, it was issued with %s", got, err, issued)
	}
	var file struct{ Invoice json.RawMessage }
	if err := json.Unmarshal(goldenInvoice(t), &file); err != nil {
		t.Fatal(err)
	}
	kept, err := CanonicalBytes(file.Invoice)
	if err != nil {
		t.Fatal(err)
	}
	now, err := f.Invoice.Canonical()
	if err != nil || string(now) != string(kept) {
		t.Fatalf("it is written otherwise: %s %v", now, err)
	}
}

func TestTradeIsPartOfTheHashAndOfACreditNote(t *testing.T) {
	i := parsed(t, goldenInvoice(t)).Invoice
	before, err := i.Hash()
	if err != nil {
		t.Fatal(err)
	}
	i.InvoiceTrade = InvoiceTrade{Order: "PO-77", BuyerReference: "04011000-12345-03", Accounting: "CC 12", Terms: "14 days",
		Period:    InvoiceSpan{From: price.Date{Year: 2026, Month: 3, Day: 1}, To: price.Date{Year: 2026, Month: 3, Day: 31}},
		Payment:   InvoicePayment{Means: PaySEPATransfer, IBAN: "FR7630006000011234567890189", Remit: i.Number},
		VATBooked: money.New(120, "SEK")}
	after, err := i.Hash()
	if err != nil || after == before {
		t.Fatalf("the trade is not hashed: %v", err)
	}
	text, err := i.Canonical()
	if err != nil || !strings.Contains(string(text), `"order":"PO-77"`) || strings.Contains(string(text), "InvoiceTrade") {
		t.Fatalf("%s %v", text, err)
	}
	note, err := i.Credit()
	if err != nil || note.Order != "PO-77" || note.VATBooked != money.New(-120, "SEK") || note.Payment != (InvoicePayment{}) || note.Terms != "" {
		t.Fatalf("%+v %v", note.InvoiceTrade, err)
	}
}
