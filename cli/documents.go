package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/halle-cloud/halle/client"
)

type invoiceDownload struct {
	invoiceArg
	File     string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	Output   string `short:"o" help:"The same as FILE." placeholder:"FILE"`
	Format   string `help:"json is what its hash in the log is of, pdf the document for people, ubl and cii are EN 16931 for machines; peppol, xrechnung, xrechnung-cii, france, france-cii." default:"json"`
	Language string `help:"Of a PDF: en or fr; the buyer's when it is missing." placeholder:"LANG"`
}

// Run writes.
func (a invoiceDownload) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Output != "" {
		a.File = a.Output
	}
	if a.Format != "json" {
		return download(o, a.File, func(w io.Writer) error {
			return c.GetInvoiceDocument(ctx, a.Invoice, client.GetInvoiceDocumentParams{Format: a.Format, Language: a.Language}, w)
		})
	}
	i, err := wholeInvoice(ctx, c, a.Invoice)
	if err != nil {
		return err
	}
	if i.Document == nil {
		return errors.New("the document of this invoice is not shown to you.\nState a purpose, or ask the customer for it")
	}
	return download(o, a.File, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(i.Document)
	})
}
