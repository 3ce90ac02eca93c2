package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/halle-cloud/halle/client"
)

type invoiceWriteOff struct {
	invoiceArg
	Reason string `required:"" help:"Why; the customer reads it."`
	VAT    bool   `help:"The tax of it is taken back from the tax office." name:"vat"`
}

// Run writes off.
func (a invoiceWriteOff) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.givenUp(c.WriteOffInvoice(ctx, a.Invoice, client.NewWriteOff{Reason: a.Reason, VAT: a.VAT}))
}

func (o Out) givenUp(i client.InvoiceRow, err error) error {
	if err != nil {
		return err
	}
	return o.Show(i, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s of %s: %s.\n", i.Number, i.Gross, strings.ReplaceAll(i.Status, "_", " "))
		return err
	})
}

type invoiceTakeUp struct{ invoiceArg }

// Run takes up.
func (a invoiceTakeUp) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.givenUp(c.TakeUpInvoice(ctx, a.Invoice))
}

type invoiceFee struct {
	invoiceArg
	Amount    string `required:"" help:"What it cost, 7.50 EUR."`
	What      string `required:"" help:"For what: returned direct debit."`
	Reference string `required:"" help:"Of the bank; the same twice is one fee."`
}

// Run books.
func (a invoiceFee) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in := client.NewFee{Amount: a.Amount, What: a.What, Reference: a.Reference}
	if err := c.BookFee(ctx, a.Invoice, in); err != nil {
		return err
	}
	return o.Show(in, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Booked: %s for %s.\n", in.Amount, plain(in.What))
		return err
	})
}
