package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/proof"
)

// invoiceLineRoutes are an invoice, whose lines come with it unless there are very many, and its lines page by page.
func (s *server) invoiceLineRoutes() {
	const tag = "invoices"
	add(s, route{method: http.MethodGet, path: "/invoices/{invoice}", id: "getInvoice", summary: "One invoice; of more than 1,000 lines without them, see listInvoiceLines", tag: tag},
		func(ctx context.Context, c access.Caller, in *InvoicePath) (*Body[Invoice], error) {
			v, err := s.Invoices.InvoicePage(ctx, c, in.Invoice, 0, billing.MostWhole)
			if v.Lines > billing.MostWhole && v.Document != nil {
				v.Document.Lines = []proof.InvoiceLine{}
			}
			return body(invoice(v), err)
		})
	add(s, route{method: http.MethodGet, path: "/invoices/{invoice}/lines", id: "listInvoiceLines", summary: "The lines of an invoice, in their order", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Page
		}) (*Body[List[proof.InvoiceLine]], error) {
			from, err := number(in.Cursor)
			if err != nil {
				return nil, err
			}
			var lines []proof.InvoiceLine
			v, err := s.Invoices.InvoicePage(ctx, c, in.Invoice, int(min(from, 1<<31)), in.Limit)
			if v.Document != nil {
				lines = v.Document.Lines
			}
			next := ""
			if end := int(from) + len(lines); len(lines) > 0 && end < v.Lines {
				next = strconv.Itoa(end)
			}
			return listOf(lines, next, func(l proof.InvoiceLine) proof.InvoiceLine { return l }, err)
		})
}
