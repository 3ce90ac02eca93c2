package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/halle-cloud/halle/client"
)

// Handover is charges that another system bills.
type Handover struct {
	Market handoverMarket `cmd:"" help:"Who bills a market, and what became of what was handed over; with --mode change it."`
	List   handoverList   `cmd:"" help:"List the batches of a market, newest first."`
	Make   handoverMake   `cmd:"" help:"Put what waits into the next batch."`
	Get    handoverGet    `cmd:"" help:"Write a batch as a file."`
	Lines  handoverLines  `cmd:"" help:"List the lines of a batch."`
	Answer handoverAnswer `cmd:"" help:"Say what became of a line in the other system."`
	Again  handoverAgain  `cmd:"" help:"Let the refused lines of a batch wait for the next one."`
}

type handoverMarket struct {
	Market string `arg:"" help:"The market."`
	Mode   string `help:"own: invoices from here; handover: another system bills." enum:",own,handover" default:""`
	System string `help:"What the other system is called." placeholder:"NAME"`
}

// Run shows, after the change.
func (a handoverMarket) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Mode != "" {
		if _, err := c.SetMarketBilling(ctx, a.Market, client.MarketBilling{Mode: a.Mode, System: a.System}); err != nil {
			return err
		}
	}
	r, err := c.GetMarketBilling(ctx, a.Market)
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		who := "Invoices are issued here."
		if r.Billing.Mode == "handover" {
			who = "Billed by " + plain(r.Billing.System) + "."
		}
		if _, err := fmt.Fprintln(w, who); err != nil {
			return err
		}
		rows := rowsOf(r.Sums, func(s client.HandOverSum) []string { return []string{s.State, strconv.FormatInt(s.Lines, 10), s.Net} })
		rows = append(rows, rowsOf(r.Stated, func(s client.HandOverSum) []string {
			return []string{"stated", strconv.FormatInt(s.Lines, 10), s.Net}
		})...)
		if err := table(w, "Nothing was handed over.", []string{"STATE", "LINES", "NET"}, rows); err != nil || len(r.Differs) == 0 {
			return err
		}
		return table(w, "", []string{"BILLED OTHERWISE", "HANDED OVER", "BILLED", "BILL"}, rowsOf(r.Differs, func(l client.HandOverLine) []string {
			return []string{l.ID, l.Net, l.Billed, l.Bill}
		}))
	})
}

func handOvers(o Out, l []client.HandOver, none string) error {
	return list(o, l, none, []string{"BATCH", "NUMBER", "LINES", "MADE"}, func(b client.HandOver) []string {
		return []string{b.ID, strconv.FormatInt(b.Number, 10), strconv.FormatInt(b.Lines, 10), b.MadeAt.UTC().Format("2006-01-02 15:04")}
	})
}

type handoverList struct {
	Market string `arg:"" help:"The market."`
}

// Run lists.
func (a handoverList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.HandOver, string, error) {
		l, err := c.ListHandOvers(ctx, a.Market, client.ListHandOversParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return handOvers(o, l, "Nothing was handed over.")
}

type handoverMake struct {
	Market string `arg:"" help:"The market."`
}

// Run makes.
func (a handoverMake) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.MakeHandOver(ctx, a.Market)
	if err != nil {
		return err
	}
	return handOvers(o, l.Items, "Nothing waits.")
}

type handoverGet struct {
	Batch  string `arg:"" help:"The batch."`
	File   string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	Format string `help:"csv, jsonl, tmf678 (AppliedCustomerBillingRate) or tmf635 (Usage)." enum:"csv,jsonl,tmf678,tmf635" default:"csv"`
}

// Run writes.
func (a handoverGet) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error {
		return c.GetHandOverFile(ctx, a.Batch, client.GetHandOverFileParams{Format: a.Format}, w)
	})
}

type handoverLines struct {
	Batch string `arg:"" help:"The batch."`
	State string `help:"Only those that are waiting, handed, acknowledged, refused or billed." placeholder:"STATE"`
}

// Run lists.
func (a handoverLines) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.HandOverLine, string, error) {
		l, err := c.ListHandOverLines(ctx, a.Batch, client.ListHandOverLinesParams{Cursor: cursor, State: a.State})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, l, "There is none.", []string{"LINE", "CUSTOMER", "NET", "STATE", "BILL", "REASON"}, func(l client.HandOverLine) []string {
		return []string{l.ID, l.Org, l.Net, l.State, plain(l.Bill), plain(l.Reason)}
	})
}

type handoverAnswer struct {
	Batch  string   `arg:"" help:"The batch."`
	State  string   `arg:"" enum:"acknowledged,refused,billed" help:"acknowledged, refused or billed."`
	Lines  []string `arg:"" help:"The lines."`
	Reason string   `help:"Of a refusal."`
	Bill   string   `help:"Number of the bill they stand on."`
	Amount string   `help:"Without tax, as it stands there: of one line." placeholder:"12.34 EUR"`
}

// Run answers; the exit code is 1 when an answer was not taken.
func (a handoverAnswer) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	var in client.HandOverAnswers
	for _, l := range a.Lines {
		in.Answers = append(in.Answers, client.HandOverAnswer{Line: l, State: a.State, Reason: a.Reason, Bill: a.Bill, Amount: a.Amount})
	}
	l, err := c.AnswerHandOver(ctx, a.Batch, in)
	if err != nil {
		return err
	}
	err = list(o, l.Items, "", []string{"LINE", "TAKEN", "WHY NOT"}, func(r client.HandOverOutcome) []string {
		taken := "known already"
		if r.Changed {
			taken = "yes"
		} else if r.Problem != "" {
			taken = "no"
		}
		return []string{r.Line, taken, plain(r.Problem)}
	})
	for _, r := range l.Items {
		if r.Problem != "" && err == nil {
			err = ErrShown
		}
	}
	return err
}

type handoverAgain struct {
	Batch string `arg:"" help:"The batch."`
}

// Run returns.
func (a handoverAgain) Run(ctx context.Context, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return c.HandOverAgain(ctx, a.Batch)
}
