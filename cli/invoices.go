package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/proof"
)

// Invoices lists invoices and credit notes.
type Invoices struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run lists.
func (a Invoices) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	invoices, err := allInvoices(ctx, c, a.Org)
	if err != nil {
		return err
	}
	return list(o, invoices, "There is no invoice.", []string{"INVOICE", "NUMBER", "DATE", "DUE", "GROSS", "STATUS"}, func(i client.InvoiceRow) []string {
		return []string{i.ID, i.Number, i.Date, i.Due, i.Gross, i.Status}
	})
}

func allInvoices(ctx context.Context, c *client.Client, org string) ([]client.InvoiceRow, error) {
	return pages(0, func(cursor string) ([]client.InvoiceRow, string, error) {
		l, err := c.ListInvoices(ctx, client.ListInvoicesParams{Org: org, Cursor: cursor})
		return l.Items, l.Next, err
	})
}

// Invoice is what one does with an invoice.
type Invoice struct {
	Show     invoiceShow     `cmd:"" help:"Show an invoice."`
	Download invoiceDownload `cmd:"" aliases:"get" help:"Write an invoice as JSON, as a PDF for people, or as an electronic invoice: halle invoice get INVOICE --format ubl -o FILE."`
	Proof    invoiceProof    `cmd:"" help:"Write everything that is needed to redo an invoice offline: halle verify invoice FILE."`
	Draft    invoiceDraft    `cmd:"" help:"Show what would be invoiced now."`
	Issue    invoiceIssue    `cmd:"" help:"Invoice an organisation's charges, as the operator."`
	Pay      invoicePay      `cmd:"" help:"Note a payment, as the operator."`
	WriteOff invoiceWriteOff `cmd:"" help:"Give up what is still owed, as the operator; publishers bear their part by their split rule."`
	TakeUp   invoiceTakeUp   `cmd:"" help:"Expect again what was written off, as the operator."`
	Fee      invoiceFee      `cmd:"" help:"Book what collecting an invoice cost, as the operator."`
	Credit   invoiceCredit   `cmd:"" help:"Take an invoice back by a credit note, whole or in part, as the operator."`
	Why      invoiceWhy      `cmd:"" help:"Explain a charge step by step."`
}

// invoiceArg names an invoice.
type invoiceArg struct {
	Invoice string `arg:"" help:"Id of the invoice (inv_…)."`
}

type invoiceShow struct{ invoiceArg }

// Run shows.
func (a invoiceShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	i, err := wholeInvoice(ctx, c, a.Invoice)
	if err != nil {
		return err
	}
	return o.Show(i, func(w io.Writer) error { return showInvoice(w, i) })
}

func showInvoice(w io.Writer, i client.Invoice) error {
	err := pairs(w, "invoice", i.ID, "number", i.Number, "date", i.Date, "due", i.Due, "status", i.Status)
	if i.Document == nil {
		return errors.Join(err, pairs(w, "gross", i.Gross))
	}
	_, _ = fmt.Fprintln(w)
	err = errors.Join(err, table(w, "It has no line.", []string{"WHAT", "COMPONENT", "QUANTITY", "PRICED PER", "NET"}, rowsOf(i.Document.Lines, func(l client.ProofInvoiceLine) []string {
		if l.Term != "" {
			return []string{l.Item, l.Component, "", l.Term, l.Net}
		}
		return []string{l.Item, l.Component, l.Quantity, l.Unit, l.Net}
	})))
	_, _ = fmt.Fprintln(w)
	return errors.Join(err, pairs(w, "net", i.Net, "VAT", i.VAT, "gross", i.Gross, "paid", i.Paid))
}

type invoiceProof struct {
	invoiceArg
	File    string        `arg:"" help:"Where to; - for standard output."`
	Events  string        `help:"Write the usage events into this file, in a compact form; without it an invoice of very many writes them beside FILE." placeholder:"FILE"`
	Timeout time.Duration `help:"How long to wait for facts that are on their way into the log." default:"1m"`
}

// Run writes.
func (a invoiceProof) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	get := c.GetInvoiceProof
	if a.Events != "" {
		get = c.GetInvoiceProofApart
		if err := download(o, a.Events, func(w io.Writer) error { return c.GetInvoiceEvents(ctx, a.Invoice, w) }); err != nil {
			return err
		}
	}
	begins := &start{}
	err = download(o, a.File, func(w io.Writer) error {
		for {
			err := get(ctx, a.Invoice, io.MultiWriter(w, begins))
			if !client.IsKind(err, "unavailable") || client.Wait(ctx, 500*time.Millisecond) != nil {
				return err
			}
		}
	})
	if err != nil || a.Events != "" || !strings.Contains(string(begins.text), proof.InvoiceFileApart) {
		return err
	}
	if a.File == "-" {
		return errors.New("the invoice has very many usage events, which stand in a file of their own.\nGive --events FILE")
	}
	return download(o, a.File+eventsSuffix, func(w io.Writer) error { return c.GetInvoiceEvents(ctx, a.Invoice, w) })
}

// eventsSuffix is where the events of a proof stand that leaves them out, beside it.
const eventsSuffix = ".events"

// start keeps the first bytes that are written, in which a proof says its version.
type start struct{ text []byte }

// Write is for io.
func (s *start) Write(b []byte) (int, error) {
	s.text = append(s.text, b[:min(len(b), 64-len(s.text))]...)
	return len(b), nil
}

type invoiceDraft struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run shows.
func (a invoiceDraft) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.DraftInvoices(ctx, org, client.DraftInvoicesParams{})
	if err != nil {
		return err
	}
	return o.Show(l.Items, func(w io.Writer) error {
		if len(l.Items) == 0 {
			_, err := fmt.Fprintln(w, "Nothing would be invoiced.")
			return err
		}
		for _, i := range l.Items {
			if err := showInvoice(w, i); err != nil {
				return err
			}
		}
		return nil
	})
}

type invoiceIssue struct {
	Org string `arg:"" help:"Organisation."`
}

// Run issues.
func (a invoiceIssue) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.IssueInvoices(ctx, a.Org, client.IssueInvoicesParams{})
	if err != nil {
		return err
	}
	return list(o, l.Items, "There was nothing to invoice.", []string{"INVOICE", "NUMBER", "GROSS"}, func(i client.InvoiceRow) []string {
		return []string{i.ID, i.Number, i.Gross}
	})
}

type invoicePay struct {
	invoiceArg
	Amount    string `arg:"" help:"Such as \"12.34 EUR\"."`
	Reference string `required:"" help:"Of the bank; the same twice is one payment."`
	Received  string `help:"Day of receipt, 2026-03-02; today when it is missing."`
}

// Run notes the payment.
func (a invoicePay) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Received == "" {
		a.Received = time.Now().Format(time.DateOnly)
	}
	i, err := c.RecordPayment(ctx, a.Invoice, client.NewPayment{Amount: a.Amount, Received: a.Received, Reference: a.Reference})
	return o.invoice(i, err)
}

func (o Out) invoice(i client.InvoiceRow, err error) error {
	if err != nil {
		return err
	}
	return o.Show(i, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s (%s): %s, %s, paid %s\n", i.ID, i.Number, i.Gross, i.Status, i.Paid)
		return err
	})
}

type invoiceCredit struct {
	invoiceArg
	Reason string   `required:"" help:"Why; the customer reads it."`
	Line   []string `help:"Only this amount of a line: 2=10.00, in the invoice's currency. May be given several times; without it everything that is left." placeholder:"NO=AMOUNT"`
}

// Run credits.
func (a invoiceCredit) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in := client.NewCreditNote{Reason: a.Reason}
	if len(a.Line) > 0 {
		of, err := c.GetInvoice(ctx, a.Invoice)
		if err != nil {
			return err
		}
		_, currency, _ := strings.Cut(of.Gross, " ")
		for _, text := range a.Line {
			no, amount, ok := strings.Cut(text, "=")
			n, err := strconv.Atoi(no)
			if !ok || err != nil {
				return fmt.Errorf("%q is no line with an amount.\nWrite it like 2=10.00", text)
			}
			in.Lines = append(in.Lines, client.CreditLine{Line: int64(n), Amount: amount + " " + currency})
		}
	}
	i, err := c.CreditInvoice(ctx, a.Invoice, in)
	return o.invoice(i, err)
}

type invoiceWhy struct {
	Charge   string `arg:"" help:"Id of the charge (chg_…)."`
	Language string `help:"en or fr." default:"en" placeholder:"LANG"`
}

// Run explains.
func (a invoiceWhy) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	e, err := c.ExplainCharge(ctx, a.Charge, client.ExplainChargeParams{Language: a.Language})
	if err != nil {
		return err
	}
	return o.Show(e, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, e.Text)
		return err
	})
}
