package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
)

// NewWriteOff is why what is owed for an invoice is given up.
type NewWriteOff struct {
	Reason string `json:"reason" maxLength:"500" doc:"without names; the customer reads it"`
	VAT    bool   `json:"vat,omitempty" doc:"the seller takes the tax of it back from its tax office"`
}

// NewFee is what a bank or a collection agency took because of an invoice.
type NewFee struct {
	Amount    money.Amount `json:"amount"`
	What      string       `json:"what" maxLength:"200" doc:"without names"`
	Reference string       `json:"reference" maxLength:"35" doc:"unique for the invoice: the same twice is one fee"`
}

func (s *server) writeOffRoutes() {
	const tag = "invoices"
	add(s, route{method: http.MethodPost, path: "/invoices/{invoice}/write-off", id: "writeOffInvoice", summary: "Give up what is still owed", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Body NewWriteOff
		}) (*Body[InvoiceRow], error) {
			v, err := s.Invoices.WriteOff(ctx, c, billing.WriteOffInput{Invoice: in.Invoice, Reason: in.Body.Reason, VAT: in.Body.VAT})
			return body(invoiceRow(v), err)
		})
	add(s, route{method: http.MethodPost, path: "/invoices/{invoice}/take-up", id: "takeUpInvoice", summary: "Expect again what was written off", tag: tag},
		func(ctx context.Context, c access.Caller, in *InvoicePath) (*Body[InvoiceRow], error) {
			v, err := s.Invoices.TakeUp(ctx, c, in.Invoice)
			return body(invoiceRow(v), err)
		})
	add(s, route{method: http.MethodPost, path: "/invoices/{invoice}/fees", id: "bookFee", summary: "Book what collecting an invoice cost, shared as the split rule says", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Body NewFee
		}) (*struct{}, error) {
			return nil, s.Settlements.BookFee(ctx, c, settlement.FeeInput{Invoice: in.Invoice, Amount: in.Body.Amount, What: in.Body.What, Reference: in.Body.Reference})
		})
}
