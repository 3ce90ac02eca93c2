package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/client"
)

// Facts shows what happened, with proofs.
type Facts struct {
	List      factsList      `cmd:"" default:"withargs" help:"List facts that concern you, newest first."`
	Show      factsShow      `cmd:"" help:"Show a fact and its place in the log."`
	Receipt   factsReceipt   `cmd:"" help:"Write the proof that a fact stands in the log: halle verify receipt FILE."`
	Redact    factsRedact    `cmd:"" help:"Make a receipt that shows single fields and keeps the others back. It verifies as the whole one does."`
	Statement factsStatement `cmd:"" help:"Write all of your facts, with the proof that none is missing: halle verify facts FILE."`
}

type factsList struct {
	About string `arg:"" optional:"" help:"Only those about this: the id of an order, service or invoice."`
	Org   string `help:"Organisation; your own when it is missing."`
	Limit int    `help:"At most so many." default:"50"`
}

// Run lists.
func (a factsList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	facts, err := pages(a.Limit, func(cursor string) ([]client.Fact, string, error) {
		l, err := c.ListFacts(ctx, client.ListFactsParams{Cursor: cursor, Org: a.Org, About: a.About})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, facts, "There is no fact.", []string{"AT", "FACT", "TYPE", "ABOUT", "BY"}, func(f client.Fact) []string {
		return []string{when(f.At), f.ID, f.Type, f.Aggregate, f.Actor}
	})
}

// factArg names a fact.
type factArg struct {
	Fact string `arg:"" help:"Id of the fact."`
	Org  string `help:"Organisation; your own when it is missing."`
}

type factsShow struct{ factArg }

// Run shows.
func (a factsShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	f, err := c.GetFact(ctx, a.Fact, client.GetFactParams{Org: a.Org})
	if err != nil {
		return err
	}
	return o.Show(f, func(w io.Writer) error {
		place := "on its way into the log"
		if f.Seal.Published {
			place = fmt.Sprintf("entry %d of %d", f.Seal.Index, f.Seal.Size)
		}
		return pairs(w, "fact", f.ID, "type", f.Type, "about", f.Aggregate, "at", when(f.At), "by", f.Actor, "log", place, "says", string(f.Data))
	})
}

type factsReceipt struct {
	factArg
	File string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	Bare bool   `help:"The proof alone, as C2SP tlog-proof with the leaf as its extra data: any program that knows the format checks it, and it says nothing about anyone."`
}

// Run writes.
func (a factsReceipt) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	r, err := c.GetReceipt(ctx, a.Fact, client.GetReceiptParams{Org: a.Org})
	if err != nil {
		return err
	}
	if a.Bare {
		return bare(o, a.File, r)
	}
	return download(o, a.File, func(w io.Writer) error { return json.NewEncoder(w).Encode(r) })
}

type factsStatement struct {
	File string `arg:"" help:"Where to; - for standard output."`
	Org  string `help:"Organisation; your own when it is missing."`
}

// Run writes.
func (a factsStatement) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.GetStatement(ctx, client.GetStatementParams{Org: a.Org}, w) })
}
