package api

import (
	"cmp"
	"io"
	"net/http"

	"github.com/halle-cloud/halle/billing"
)

func (s *server) documentRoutes() {
	s.raw(route{method: http.MethodGet, path: "/invoices/{invoice}/document", id: "getInvoiceDocument",
		summary: "An issued invoice or credit note as a file: format pdf (the default) is for people, in language en or fr, else the buyer's; ubl and cii are EN 16931 for machines, peppol, xrechnung, xrechnung-cii, france and france-cii what these ask for beyond it", tag: "invoices"},
		"/invoices/{invoice}/document", rawDoc{gives: []string{"application/pdf", "application/xml"}, query: []string{"format", "language"}}, s.invoiceDocument)
	s.raw(route{method: http.MethodGet, path: "/revenue-statements/{statement}/pdf", id: "getRevenueStatementPDF", summary: "A publisher's statement as PDF: the self-billed invoice, with itself as EN 16931 inside", tag: "settlement"},
		"/revenue-statements/{statement}/pdf", rawDoc{gives: []string{"application/pdf"}, query: []string{"language"}}, s.statementPaper)
}

// statementPaper is a publisher's statement for people.
func (s *server) statementPaper(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Settlements.Paper(r.Context(), callerOf(r), r.PathValue("statement"), r.URL.Query().Get("language"))
	if err != nil {
		return err
	}
	return s.file(w, r, f.Type, f.Name, func(w io.Writer) error {
		_, err := w.Write(f.Bytes)
		return err
	})
}

func (s *server) invoiceDocument(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := s.Invoices.Document(r.Context(), callerOf(r), r.PathValue("invoice"), billing.Format(cmp.Or(q.Get("format"), string(billing.FormatPDF))), q.Get("language"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(f.Bytes)
	return err
}
