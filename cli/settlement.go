package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Statement is what a publisher earned, and what it is paid.
type Statement struct {
	Revenue statementRevenue `cmd:"" help:"Revenue by month and offer, and where the money is."`
	List    statementList    `cmd:"" help:"List a publisher's statements."`
	Show    statementShow    `cmd:"" help:"Show a statement with its lines."`
	Get     statementGet     `cmd:"" help:"Write a statement as PDF, to read, print and archive."`
	Close   statementClose   `cmd:"" help:"Close what a publisher earned up to a day, as the operator."`
	Payouts statementPayouts `cmd:"" help:"List a publisher's payouts."`
	Pay     statementPay     `cmd:"" help:"Order the payout of all that is due, as the operator."`
	Paid    statementPaid    `cmd:"" help:"Note that the bank has paid a payout, or returned it, as the operator."`
}

type publisherFlag struct {
	Publisher string `help:"Organisation; your own when it is missing." placeholder:"ORG"`
}

type statementRevenue struct {
	publisherFlag
	From string `help:"From the month of this day on, 2026-03-01."`
}

// Run shows.
func (a statementRevenue) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Publisher)
	if err != nil {
		return err
	}
	earned, err := c.ListEarnings(ctx, org, client.ListEarningsParams{From: a.From})
	if err != nil {
		return err
	}
	where, err := c.ListPositions(ctx, org)
	if err != nil {
		return err
	}
	both := struct {
		Earnings  []client.Earning  `json:"earnings"`
		Positions []client.Position `json:"positions"`
	}{earned.Items, where.Items}
	return o.Show(both, func(w io.Writer) error {
		rows := rowsOf(earned.Items, func(e client.Earning) []string {
			return []string{e.Month, e.Offer, strconv.FormatInt(e.Lines, 10), e.Net, e.Resellers, e.Kept, e.Share}
		})
		if err := table(w, "Nothing was sold.", []string{"MONTH", "OFFER", "LINES", "NET", "RESELLERS'", "OPERATOR'S", "SHARE"}, rows); err != nil {
			return err
		}
		for _, p := range where.Items {
			if _, err := fmt.Fprintf(w, "%s: %s on no statement yet, %s held, %s due, %s on its way.\n", p.Currency, p.Payable, p.Held, p.Due, p.Transit); err != nil {
				return err
			}
		}
		return nil
	})
}

type statementList struct{ publisherFlag }

// Run lists.
func (a statementList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Publisher)
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.RevenueStatementRow, string, error) {
		l, err := c.ListRevenueStatements(ctx, org, client.ListRevenueStatementsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return statements(o, l)
}

func statements(o Out, l []client.RevenueStatementRow) error {
	return list(o, l, "There is no statement.", []string{"STATEMENT", "NUMBER", "THROUGH", "NET", "SHARE", "VAT", "HELD", "RELEASED", "PAYABLE"}, func(s client.RevenueStatementRow) []string {
		return []string{s.ID, s.Number, s.Through, s.Net, s.Share, s.VAT, s.Held, s.Released, s.Payable}
	})
}

type statementShow struct {
	Statement string `arg:"" help:"Id of the statement."`
}

// Run shows.
func (a statementShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.GetRevenueStatement(ctx, a.Statement)
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error {
		d := s.Document
		if _, err := fmt.Fprintf(w, "%s of %s, through %s. Self-billed by %s for %s.\n", d.Number, d.Date, d.Through, plain(d.Buyer.Name), plain(d.Seller.Name)); err != nil {
			return err
		}
		rows := rowsOf(d.Lines, func(l client.SettlementStatementLine) []string {
			return []string{l.Name, l.Component, l.Mode, strconv.FormatInt(l.Lines, 10), l.Net, l.Resellers, l.Kept, l.Share}
		})
		if err := table(w, "No line.", []string{"OFFER", "COMPONENT", "SOLD BY", "LINES", "NET", "RESELLERS'", "OPERATOR'S", "SHARE"}, rows); err != nil {
			return err
		}
		return pairs(w, "Share", d.Share, "VAT", d.VAT, "Tax collected for you", d.Collected, "Held", d.Held, "Released", d.Released, "Payable", d.Payable, "Hash", s.Hash)
	})
}

type statementGet struct {
	Statement string `arg:"" help:"Id of the statement."`
	File      string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	Language  string `help:"en or fr." default:"en"`
}

// Run writes.
func (a statementGet) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error {
		return c.GetRevenueStatementPDF(ctx, a.Statement, client.GetRevenueStatementPDFParams{Language: a.Language}, w)
	})
}

type statementClose struct {
	Publisher string `arg:"" help:"Organisation."`
	Through   string `required:"" help:"The last day, 2026-03-31."`
}

// Run closes.
func (a statementClose) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.CloseRevenueStatements(ctx, a.Publisher, client.Through{Through: a.Through})
	if err != nil {
		return err
	}
	return statements(o, l.Items)
}

type statementPayouts struct{ publisherFlag }

// Run lists.
func (a statementPayouts) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Publisher)
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.Payout, string, error) {
		l, err := c.ListPayouts(ctx, org, client.ListPayoutsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, l, "There is no payout.", []string{"PAYOUT", "ORDERED", "AMOUNT", "STATE", "DONE", "REFERENCE"}, payoutRow)
}

func payoutRow(p client.Payout) []string {
	return []string{p.ID, p.Ordered, p.Amount, p.State, p.Done, p.Reference}
}

func (o Out) payout(p client.Payout, err error) error {
	if err != nil {
		return err
	}
	return o.Show(p, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Payout %s of %s to %s: %s.\n", p.ID, p.Amount, p.Publisher, p.State)
		return err
	})
}

type statementPay struct {
	Publisher string `arg:"" help:"Organisation."`
	Currency  string `help:"Currency." default:"EUR"`
}

// Run orders.
func (a statementPay) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payout(c.OrderPayout(ctx, a.Publisher, client.NewPayout{Currency: a.Currency}))
}

type statementPaid struct {
	Payout    string `arg:"" help:"Id of the payout."`
	Returned  bool   `help:"The bank returned it: the amount is due again."`
	Reference string `help:"The bank's reference."`
}

// Run notes.
func (a statementPaid) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	state := "paid"
	if a.Returned {
		state = "returned"
	}
	return o.payout(c.EndPayout(ctx, a.Payout, client.PayoutEnd{State: state, Reference: a.Reference}))
}

// Split is how revenue is shared.
type Split struct {
	List splitList `cmd:"" help:"List split rules, as the operator; or those about a publisher."`
	Set  splitSet  `cmd:"" help:"Write a new version of a split rule, as the operator."`
}

type splitList struct{ publisherFlag }

// Run lists.
func (a splitList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListSplitRules(ctx, client.ListSplitRulesParams{Publisher: a.Publisher})
	if err != nil {
		return err
	}
	return splits(o, l.Items)
}

func splits(o Out, l []client.SplitRule) error {
	return list(o, l, "There is no rule.", []string{"RULE", "PUBLISHER", "OFFER", "MARKET", "VERSION", "FROM", "SHARES"}, func(r client.SplitRule) []string {
		var shares []string
		for _, c := range r.Terms.Clauses {
			shares = append(shares, strings.TrimSpace(c.Component+" "+clauseText(c)))
		}
		return []string{r.ID, r.Publisher, r.Offer, r.Market, strconv.FormatInt(r.Number, 10), r.From, strings.Join(shares, "; ")}
	})
}

// clauseText says what a publisher gets.
func clauseText(c client.SplitClause) string {
	switch c.Kind {
	case "fixed":
		return fmt.Sprintf("%s for %s", c.Each, c.Per)
	case "tiers":
		var steps []string
		for _, t := range c.Tiers {
			steps = append(steps, hundredths(t.Parts.Publisher))
		}
		return strings.Join(steps, " then ")
	}
	if c.Parts == nil {
		return ""
	}
	return hundredths(c.Parts.Publisher)
}

// hundredths is basis points as a percentage.
func hundredths(n int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%d.%02d", n/100, n%100), ".00") + " %"
}

type splitSet struct {
	Publisher string `help:"Organisation; any when it is missing." placeholder:"ORG"`
	Offer     string `help:"Key of the offer; any when it is missing."`
	Market    string `help:"Market; any when it is missing."`
	From      string `help:"First day, today or later; today when it is missing."`
	Operator  int    `help:"What the operator keeps, in basis points: 2000 is 20 %. The publisher gets the rest." default:"-1"`
	File      string `help:"JSON file with the terms, for everything else: clauses, bearers, reserve, threshold." type:"existingfile"`
}

// Run writes.
func (a splitSet) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in := client.NewSplitRule{Publisher: a.Publisher, Offer: a.Offer, Market: a.Market, From: a.From}
	switch {
	case (a.File == "") == (a.Operator < 0):
		return fmt.Errorf("say either --operator or --file")
	case a.File != "":
		text, err := os.ReadFile(a.File)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &in.Terms); err != nil {
			return fmt.Errorf("%s: %w", a.File, err)
		}
	default:
		in.Terms.Clauses = []client.SplitClause{{Kind: "percent", Parts: &client.SplitParts{Publisher: int64(10_000 - a.Operator), Operator: int64(a.Operator)}}}
	}
	r, err := c.SetSplitRule(ctx, in)
	if err != nil {
		return err
	}
	return splits(o, []client.SplitRule{r})
}
