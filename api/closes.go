package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// MonthClose is the closing of a month for all customers of the caller's markets.
type MonthClose struct {
	ID         string           `json:"id"`
	Org        string           `json:"org" doc:"whose markets are closed"`
	Month      string           `json:"month" doc:"2026-10"`
	State      monthclose.State `json:"state" enum:"preparing,prepared,issuing,sending,sent,discarded"`
	Round      int64            `json:"round" doc:"grows each time the amounts are worked out again: an approval names it"`
	Preparer   string           `json:"preparer"`
	Approver   string           `json:"approver,omitempty" doc:"another person than the preparer"`
	BeganAt    time.Time        `json:"beganAt"`
	PreparedAt time.Time        `json:"preparedAt,omitzero"`
	ApprovedAt time.Time        `json:"approvedAt,omitzero"`
	EndedAt    time.Time        `json:"endedAt,omitzero"`
	Ready      int64            `json:"ready" doc:"customers worked out, not issued to"`
	Issued     int64            `json:"issued" doc:"customers issued to, not written to"`
	Sent       int64            `json:"sent" doc:"customers issued and written to"`
	Failed     int64            `json:"failed"`
	Nothing    int64            `json:"nothing" doc:"customers without anything to invoice"`
	Standing   int64            `json:"standing" doc:"customers that stand out"`
	Totals     []money.Amount   `json:"totals" nullable:"false" doc:"gross, in each currency"`
	Before     []money.Amount   `json:"before" nullable:"false" doc:"what was invoiced in the month before"`
}

func monthClose(c monthclose.Close) MonthClose {
	return MonthClose{ID: c.ID, Org: c.Org, Month: c.Month.String(), State: c.State, Round: c.Round, Preparer: c.Preparer, Approver: c.Approver, BeganAt: c.BeganAt, PreparedAt: c.PreparedAt,
		ApprovedAt: c.ApprovedAt, EndedAt: c.EndedAt, Ready: c.Ready, Issued: c.Issued, Sent: c.Sent, Failed: c.Failed, Nothing: c.Nothing, Standing: c.Standing,
		Totals: append([]money.Amount{}, c.Totals...), Before: append([]money.Amount{}, c.Before...)}
}

// ClosedCustomer is what a close does for one customer.
type ClosedCustomer struct {
	Org      string               `json:"org"`
	State    monthclose.ItemState `json:"state" enum:"ready,issued,sent,failed,nothing"`
	Totals   []money.Amount       `json:"totals" nullable:"false" doc:"gross, as it was worked out"`
	Before   []money.Amount       `json:"before" nullable:"false" doc:"invoiced in the month before"`
	Flags    []monthclose.Flag    `json:"flags" nullable:"false" doc:"why it stands out: new, gone, more, less, waits, failed"`
	Invoices []ClosedInvoice      `json:"invoices" nullable:"false"`
	Mails    int64                `json:"mails" doc:"people that were written to"`
	Code     string               `json:"code,omitempty" doc:"of what failed"`
	Failure  string               `json:"failure,omitempty" doc:"why it failed"`
	Remedy   string               `json:"remedy,omitempty" doc:"what would make it pass"`
}

// ClosedInvoice is an invoice that a close issued.
type ClosedInvoice struct {
	ID     string       `json:"id"`
	Number string       `json:"number"`
	Gross  money.Amount `json:"gross"`
	Due    price.Date   `json:"due"`
}

func closedCustomer(i monthclose.Item) ClosedCustomer {
	totals, _ := i.Total() // adding up worked when it was prepared
	out := ClosedCustomer{Org: i.Org, State: i.State, Totals: append([]money.Amount{}, totals...), Before: append([]money.Amount{}, i.Before...), Flags: append([]monthclose.Flag{}, i.Flags...),
		Invoices: []ClosedInvoice{}, Mails: i.Mails, Code: i.Failure.Code, Failure: i.Failure.Text, Remedy: i.Failure.Remedy}
	for _, one := range i.Invoices {
		out.Invoices = append(out.Invoices, ClosedInvoice(one))
	}
	return out
}

// ClosePath names a close in the address.
type ClosePath struct {
	Close string `path:"close"`
}

func (s *server) closeRoutes() {
	const tag = "invoices"
	add(s, route{method: http.MethodGet, path: "/closes", id: "listCloses", summary: "Month closes of the caller's markets, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Cursor string `query:"cursor" maxLength:"512"`
		}) (*Body[List[MonthClose]], error) {
			list, next, err := s.Closes.Closes(ctx, c, in.Cursor)
			return listOf(list, next, monthClose, err)
		})
	add(s, route{method: http.MethodPost, path: "/closes", id: "prepareClose", summary: "Work out what a month's invoices would be, or join the one that does; a month that failed for some is taken up again", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Body struct {
				Month string `json:"month" doc:"2026-10"`
			}
		}) (*Body[MonthClose], error) {
			month, err := monthclose.ParseMonth(in.Body.Month)
			if err != nil {
				return nil, err
			}
			one, err := s.Closes.Prepare(ctx, c, month)
			return body(monthClose(one), err)
		})
	add(s, route{method: http.MethodGet, path: "/closes/{close}", id: "getClose", summary: "One month close with its progress", tag: tag},
		func(ctx context.Context, c access.Caller, in *ClosePath) (*Body[MonthClose], error) {
			one, err := s.Closes.Close(ctx, c, in.Close)
			return body(monthClose(one), err)
		})
	add(s, route{method: http.MethodGet, path: "/closes/{close}/customers", id: "listClosedCustomers", summary: "What a close does for each customer, those that stand out first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ClosePath
			State    string `query:"state" enum:"ready,issued,sent,failed,nothing" doc:"only these"`
			Standing bool   `query:"standing" doc:"only those that stand out"`
			Cursor   string `query:"cursor" maxLength:"512"`
		}) (*Body[List[ClosedCustomer]], error) {
			list, next, err := s.Closes.Customers(ctx, c, in.Close, monthclose.Filter{State: monthclose.ItemState(in.State), Standing: in.Standing}, in.Cursor)
			return listOf(list, next, closedCustomer, err)
		})
	add(s, route{method: http.MethodPost, path: "/closes/{close}/approve", id: "approveClose", summary: "Release a close for issuing, as another person than the one who prepared it", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ClosePath
			Body struct {
				Round int64 `json:"round" minimum:"1" doc:"that was looked at"`
			}
		}) (*Body[MonthClose], error) {
			one, err := s.Closes.Approve(ctx, c, in.Close, in.Body.Round)
			return body(monthClose(one), err)
		})
	s.closeCommand("again", "prepareCloseAgain", "Work out anew what is not issued", s.Closes.Again)
	s.closeCommand("discard", "discardClose", "End a close of which nothing was issued", s.Closes.Discard)
}

func (s *server) closeCommand(word, id, summary string, do func(ctx context.Context, c access.Caller, id string) (monthclose.Close, error)) {
	add(s, route{method: http.MethodPost, path: "/closes/{close}/" + word, id: id, summary: summary, tag: "invoices"},
		func(ctx context.Context, c access.Caller, in *ClosePath) (*Body[MonthClose], error) {
			one, err := do(ctx, c, in.Close)
			return body(monthClose(one), err)
		})
}
