package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Close closes a month: preview, approval by a second person, issuing, sending.
type Close struct {
	Month   string `help:"The month, such as 2026-10; the one that is over when it is missing." placeholder:"MONTH"`
	Approve bool   `help:"Issue and send what was prepared, as another person than the one who prepared it." xor:"what"`
	Again   bool   `help:"Work out anew what is not issued: what failed, and what changed." xor:"what"`
	Discard bool   `help:"End a close of which nothing was issued." xor:"what"`
	All     bool   `help:"Show every customer, not only those that stand out or failed."`
	NoWait  bool   `help:"Do not wait until the work is done."`
}

// Run does the next step and shows where the close stands.
func (a Close) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Month == "" {
		now := time.Now()
		a.Month = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
	}
	one, err := a.step(ctx, c)
	if err != nil {
		return err
	}
	if !a.NoWait {
		if one, err = a.wait(ctx, o, c, one); err != nil {
			return err
		}
	}
	customers, err := a.customers(ctx, c, one)
	if err != nil {
		return err
	}
	return o.Show(struct {
		client.MonthClose
		Customers []client.ClosedCustomer `json:"customers"`
	}{one, customers}, func(w io.Writer) error { return showClose(w, one, customers) })
}

// step prepares or joins, or does what the flags say to the close of the month.
func (a Close) step(ctx context.Context, c *client.Client) (client.MonthClose, error) {
	if !a.Approve && !a.Again && !a.Discard {
		if one, found, err := a.find(ctx, c); err != nil || found && one.State == "sent" && one.Failed == 0 {
			return one, err
		}
		return c.PrepareClose(ctx, client.PrepareCloseRequest{Month: a.Month})
	}
	one, found, err := a.find(ctx, c)
	if err != nil {
		return one, err
	}
	if !found {
		return one, fmt.Errorf("nobody has prepared the month %s.\nPrepare it: halle close --month %s", a.Month, a.Month)
	}
	switch {
	case a.Approve:
		return c.ApproveClose(ctx, one.ID, client.ApproveCloseRequest{Round: one.Round})
	case a.Again:
		return c.PrepareCloseAgain(ctx, one.ID)
	}
	return c.DiscardClose(ctx, one.ID)
}

// find is the newest close of the month that was not discarded.
func (a Close) find(ctx context.Context, c *client.Client) (client.MonthClose, bool, error) {
	list, err := pages(0, func(cursor string) ([]client.MonthClose, string, error) {
		l, err := c.ListCloses(ctx, client.ListClosesParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	for _, one := range list {
		if one.Month == a.Month && one.State != "discarded" {
			return one, true, nil
		}
	}
	return client.MonthClose{}, false, err
}

// wait asks until a person has the turn; on a terminal it shows how far the work is.
func (a Close) wait(ctx context.Context, o Out, c *client.Client, one client.MonthClose) (client.MonthClose, error) {
	last := ""
	for one.State == "preparing" || one.State == "issuing" || one.State == "sending" {
		if text := closeProgress(one); !o.JSON && text != last {
			_, _ = fmt.Fprintln(os.Stderr, text)
			last = text
		}
		if err := client.Wait(ctx, 300*time.Millisecond); err != nil {
			return one, err
		}
		var err error
		if one, err = c.GetClose(ctx, one.ID); err != nil {
			return one, err
		}
	}
	return one, nil
}

func closeProgress(one client.MonthClose) string {
	all := one.Ready + one.Issued + one.Sent + one.Failed
	switch one.State {
	case "preparing":
		return fmt.Sprintf("working out: %d customers", all+one.Nothing)
	case "issuing":
		return fmt.Sprintf("issuing: %d of %d customers", one.Issued+one.Failed+one.Sent, all)
	}
	return fmt.Sprintf("sending: %d of %d customers", one.Sent, all-one.Failed)
}

// customers are those worth a look: all, or those that failed, or those that stand out while nothing is issued.
func (a Close) customers(ctx context.Context, c *client.Client, one client.MonthClose) ([]client.ClosedCustomer, error) {
	in := client.ListClosedCustomersParams{}
	switch {
	case a.All:
	case one.State == "prepared":
		in.Standing = true
	default:
		in.State = "failed"
	}
	return pages(0, func(cursor string) ([]client.ClosedCustomer, string, error) {
		in.Cursor = cursor
		l, err := c.ListClosedCustomers(ctx, one.ID, in)
		return l.Items, l.Next, err
	})
}

func showClose(w io.Writer, one client.MonthClose, customers []client.ClosedCustomer) error {
	err := pairs(w, "close", one.ID, "month", one.Month, "state", one.State, "prepared by", one.Preparer, "approved by", one.Approver,
		"customers", fmt.Sprintf("%d to issue, %d issued, %d sent, %d failed, %d without anything", one.Ready, one.Issued, one.Sent, one.Failed, one.Nothing),
		"comes to", strings.Join(one.Totals, " + "), "month before", strings.Join(one.Before, " + "), "stand out", fmt.Sprint(one.Standing))
	if err != nil {
		return err
	}
	if len(customers) > 0 {
		_, _ = fmt.Fprintln(w)
		if err := table(w, "", []string{"CUSTOMER", "STATE", "COMES TO", "MONTH BEFORE", "WHY", "INVOICES"}, rowsOf(customers, closedRow)); err != nil {
			return err
		}
	}
	if text := closeNext(one); text != "" {
		_, err = fmt.Fprintln(w, "\n"+text)
	}
	return err
}

func closedRow(i client.ClosedCustomer) []string {
	why := strings.Join(i.Flags, ", ")
	if i.Failure != "" {
		why = i.Failure + " " + i.Remedy
	}
	var numbers []string
	for _, one := range i.Invoices {
		numbers = append(numbers, one.Number)
	}
	return []string{i.Org, i.State, strings.Join(i.Totals, " + "), strings.Join(i.Before, " + "), why, strings.Join(numbers, ", ")}
}

// closeNext says what somebody does next.
func closeNext(one client.MonthClose) string {
	switch {
	case one.State == "prepared" && one.Ready > 0:
		return "Look at it, then let another person than the one who prepared it run: halle close --month " + one.Month + " --approve"
	case one.State == "prepared":
		return "There is nothing to issue. End it with: halle close --month " + one.Month + " --discard"
	case one.State == "sent" && one.Failed > 0:
		return "Mend what failed, then run: halle close --month " + one.Month + " --again"
	}
	return ""
}
