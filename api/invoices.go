package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// InvoiceRow is an issued invoice or credit note without personal data.
type InvoiceRow struct {
	ID         string         `json:"id,omitempty"`
	Org        string         `json:"org"`
	Entity     string         `json:"entity"`
	Type       string         `json:"type" doc:"380 invoice, 381 credit note (UNTDID 1001)"`
	Number     string         `json:"number,omitempty"`
	IssuedAt   time.Time      `json:"issuedAt,omitzero"`
	Date       price.Date     `json:"date,omitzero"`
	Due        price.Date     `json:"due,omitzero"`
	Net        money.Amount   `json:"net"`
	VAT        money.Amount   `json:"vat"`
	Gross      money.Amount   `json:"gross"`
	Paid       money.Amount   `json:"paid"`
	Credited   money.Amount   `json:"credited" doc:"gross, taken back by credit notes"`
	Status     billing.Status `json:"status,omitempty"`
	Lines      int            `json:"lines"`
	Hash       string         `json:"hash,omitempty" doc:"SHA-256 of the canonical document, hex"`
	Previous   string         `json:"previous,omitempty" doc:"hash of the document before it"`
	Fact       string         `json:"fact,omitempty"`
	Credits    string         `json:"credits,omitempty" doc:"the invoice that a credit note takes back"`
	CreditedBy string         `json:"creditedBy,omitempty"`
}

func invoiceRow(s billing.Summary) InvoiceRow { return InvoiceRow(s) }

// Invoice is an invoice opened for a reader.
type Invoice struct {
	InvoiceRow
	Document *proof.Invoice `json:"document,omitempty"`
	Hidden   bool           `json:"hidden,omitempty" doc:"name and address of a household are not shown to this reader"`
	Payments []Payment      `json:"payments" nullable:"false"`
	Notes    []InvoiceRow   `json:"notes" nullable:"false" doc:"credit notes that took back some of it, oldest first"`
}

// Payment is money that came in for an invoice.
type Payment struct {
	ID         string       `json:"id"`
	Reference  string       `json:"reference"`
	Amount     money.Amount `json:"amount"`
	Received   price.Date   `json:"received"`
	RecordedAt time.Time    `json:"recordedAt"`
}

func invoice(v billing.View) Invoice {
	out := Invoice{InvoiceRow: invoiceRow(v.Summary), Document: v.Document, Hidden: v.Hidden, Payments: []Payment{}, Notes: []InvoiceRow{}}
	for _, n := range v.Notes {
		out.Notes = append(out.Notes, invoiceRow(n))
	}
	for _, p := range v.Payments {
		out.Payments = append(out.Payments, Payment{ID: p.ID, Reference: p.Reference, Amount: p.Amount, Received: p.Received, RecordedAt: p.RecordedAt})
	}
	return out
}

// NewPayment is money that came in. The same reference and amount again change nothing.
type NewPayment struct {
	Amount    money.Amount `json:"amount"`
	Received  price.Date   `json:"received"`
	Reference string       `json:"reference" minLength:"1" maxLength:"140"`
}

// NewCreditNote says what is taken back of an invoice: amounts of lines, or all that is left.
type NewCreditNote struct {
	Reason string       `json:"reason" minLength:"1" maxLength:"500" doc:"the customer reads it"`
	Lines  []CreditLine `json:"lines,omitempty" doc:"in the order of the invoice; left out: everything that is left"`
}

// CreditLine is an amount that is taken back of a line.
type CreditLine struct {
	Line   int          `json:"line" minimum:"1" doc:"its number on the invoice"`
	Amount money.Amount `json:"amount" doc:"with the sign of the line, in the basis of its price"`
}

// InvoicePath names an invoice in the address.
type InvoicePath struct {
	Invoice string `path:"invoice"`
}

// UpTo is the instant to bill up to.
type UpTo struct {
	UpTo time.Time `query:"upTo" doc:"left out: now"`
}

func (u UpTo) or(now time.Time) time.Time {
	if u.UpTo.IsZero() {
		return now
	}
	return u.UpTo
}

func (s *server) invoiceRoutes() {
	const tag = "invoices"
	s.documentRoutes()
	add(s, route{method: http.MethodGet, path: "/invoices", id: "listInvoices", summary: "Invoices and credit notes, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Org    string `query:"org" doc:"empty: the caller's"`
			Cursor string `query:"cursor" maxLength:"512"`
		}) (*Body[List[InvoiceRow]], error) {
			page, err := s.Invoices.Invoices(ctx, c, orgOr(in.Org, c), in.Cursor)
			return listOf(page.Invoices, page.Next, invoiceRow, err)
		})
	s.invoiceLineRoutes()
	s.raw(route{method: http.MethodGet, path: "/invoices/{invoice}/proof", id: "getInvoiceProof", summary: "Everything to redo an invoice offline; with very many usage events it leaves them to getInvoiceEvents", tag: tag},
		"/invoices/{invoice}/proof", rawDoc{gives: []string{"application/json"}}, s.invoiceProof)
	s.raw(route{method: http.MethodGet, path: "/invoices/{invoice}/proof/apart", id: "getInvoiceProofApart", summary: "Everything to redo an invoice offline but its usage events, for invoices of very many", tag: tag},
		"/invoices/{invoice}/proof/apart", rawDoc{gives: []string{"application/json"}}, s.invoiceProof)
	s.raw(route{method: http.MethodGet, path: "/invoices/{invoice}/proof/events", id: "getInvoiceEvents", summary: "The usage events behind an invoice, in the order of its proof apart", tag: tag},
		"/invoices/{invoice}/proof/events", rawDoc{gives: []string{"application/octet-stream"}}, s.invoiceEvents)
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/invoice-drafts", id: "draftInvoices", summary: "What would be invoiced", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			UpTo
		}) (*Body[List[Invoice]], error) {
			list, err := s.Invoices.Draft(ctx, c, in.Org, in.or(s.Invoices.Now()))
			return listOf(list, "", invoice, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/invoices", id: "issueInvoices", summary: "Invoice an organisation's charges", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			UpTo
		}) (*Body[List[InvoiceRow]], error) {
			list, err := s.Invoices.Issue(ctx, c, in.Org, in.or(s.Invoices.Now()))
			return listOf(list, "", invoiceRow, err)
		})
	add(s, route{method: http.MethodPost, path: "/invoices/{invoice}/payments", id: "recordPayment", summary: "Note a payment", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Body NewPayment
		}) (*Body[InvoiceRow], error) {
			v, err := s.Invoices.RecordPayment(ctx, c, billing.PaymentInput{Invoice: in.Invoice, Amount: in.Body.Amount, Received: in.Body.Received, Reference: in.Body.Reference})
			return body(invoiceRow(v), err)
		})
	add(s, route{method: http.MethodPost, path: "/invoices/{invoice}/credit", id: "creditInvoice", summary: "Take an invoice back by a credit note, whole or in part", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Body NewCreditNote
		}) (*Body[InvoiceRow], error) {
			v, err := s.credit(ctx, c, in.Invoice, in.Body)
			return body(invoiceRow(v), err)
		})
}

func (s *server) credit(ctx context.Context, c access.Caller, invoice string, in NewCreditNote) (billing.Summary, error) {
	if len(in.Lines) == 0 {
		return s.Invoices.Credit(ctx, c, invoice, in.Reason)
	}
	lines := make([]proof.CreditLine, len(in.Lines))
	for n, l := range in.Lines {
		lines[n] = proof.CreditLine(l)
	}
	return s.Invoices.CreditLines(ctx, c, invoice, in.Reason, lines)
}

func (s *server) invoiceProof(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("invoice")
	if _, _, _, ok := id.Parts(name); !ok {
		name = "invoice" // it is refused below: nothing of a stranger's text gets into a header
	}
	write := s.Invoices.ProofFile
	if strings.HasSuffix(r.URL.Path, "/apart") {
		write = s.Invoices.ProofFileApart
	}
	return s.file(w, r, "application/json", name+"-proof.json", func(w io.Writer) error {
		return write(r.Context(), callerOf(r), r.PathValue("invoice"), w)
	})
}

func (s *server) invoiceEvents(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("invoice")
	if _, _, _, ok := id.Parts(name); !ok {
		name = "invoice"
	}
	return s.file(w, r, "application/octet-stream", name+"-proof.events", func(w io.Writer) error {
		return s.Invoices.EventsFile(r.Context(), callerOf(r), r.PathValue("invoice"), w)
	})
}
