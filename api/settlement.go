package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

// Earning is what a publisher's offer brought in in one month, without tax.
type Earning struct {
	Month     string       `json:"month" doc:"2026-03"`
	Offer     string       `json:"offer" doc:"its key"`
	Name      string       `json:"name"`
	Lines     int          `json:"lines" doc:"of customers' invoices and credit notes"`
	Net       money.Amount `json:"net" doc:"what customers were charged"`
	Resellers money.Amount `json:"resellers" doc:"of it, passed on to resellers"`
	Kept      money.Amount `json:"kept" doc:"of it, kept by the operator"`
	Share     money.Amount `json:"share" doc:"of it, the publisher's"`
}

// Position is where a publisher's money is, in one currency.
type Position struct {
	Currency string       `json:"currency"`
	Payable  money.Amount `json:"payable" doc:"earned, on no statement yet"`
	Held     money.Amount `json:"held" doc:"kept back because of a dispute, or as a reserve"`
	Due      money.Amount `json:"due" doc:"on statements, not ordered yet"`
	Transit  money.Amount `json:"transit" doc:"ordered at the bank"`
}

func position(p settlement.Position) Position {
	return Position{Currency: string(p.Currency), Payable: p.Payable, Held: p.Held, Due: p.Due, Transit: p.Transit}
}

// Hold is what is kept back of a publisher's share.
type Hold struct {
	ID      string       `json:"id"`
	Invoice string       `json:"invoice"`
	Line    int          `json:"line" doc:"0: a reserve of the whole invoice"`
	Dispute string       `json:"dispute,omitempty"`
	Amount  money.Amount `json:"amount"`
	Date    price.Date   `json:"date"`
	Until   price.Date   `json:"until,omitzero" doc:"of a reserve"`
}

func hold(h settlement.Hold) Hold {
	return Hold{ID: h.ID, Invoice: h.Document, Line: h.Line, Dispute: h.Dispute, Amount: h.Amount, Date: h.Date, Until: h.Until}
}

// RevenueStatementRow is a publisher's statement without its lines.
type RevenueStatementRow struct {
	ID        string       `json:"id"`
	Publisher string       `json:"publisher"`
	Type      string       `json:"type" doc:"389 self-billed invoice, 261 self-billed credit note (UNTDID 1001)"`
	Number    string       `json:"number"`
	Through   price.Date   `json:"through"`
	Date      price.Date   `json:"date"`
	Net       money.Amount `json:"net"`
	Share     money.Amount `json:"share"`
	VAT       money.Amount `json:"vat"`
	Held      money.Amount `json:"held"`
	Released  money.Amount `json:"released"`
	Payable   money.Amount `json:"payable"`
	Hash      string       `json:"hash" doc:"SHA-256 of the canonical document, hex"`
}

func statementRow(s settlement.StatementRow) RevenueStatementRow { return RevenueStatementRow(s) }

// RevenueStatement is a publisher's statement with its document.
type RevenueStatement struct {
	Hash     string               `json:"hash"`
	Document settlement.Statement `json:"document"`
}

// Payout is money on its way to a publisher.
type Payout struct {
	ID        string                 `json:"id"`
	Publisher string                 `json:"publisher"`
	Amount    money.Amount           `json:"amount"`
	State     settlement.PayoutState `json:"state" enum:"ordered,paid,returned"`
	Reference string                 `json:"reference,omitempty" doc:"of the bank"`
	Ordered   price.Date             `json:"ordered"`
	Done      price.Date             `json:"done,omitzero"`
}

func payoutOf(p settlement.Payout) Payout {
	return Payout{ID: p.ID, Publisher: p.Publisher, Amount: p.Amount, State: p.State, Reference: p.Reference, Ordered: p.Ordered, Done: p.Done}
}

// Through names a day.
type Through struct {
	Through price.Date `json:"through" doc:"the last day, 2026-03-31"`
}

// NewPayout asks for all that is due in a currency.
type NewPayout struct {
	Currency money.Currency `json:"currency" minLength:"3" maxLength:"3"`
}

// PayoutEnd says what became of a payout.
type PayoutEnd struct {
	State     settlement.PayoutState `json:"state" enum:"paid,returned"`
	Reference string                 `json:"reference,omitempty" maxLength:"35" doc:"of the bank"`
	Date      price.Date             `json:"date,omitzero" doc:"left out: today"`
}

// day reads a date in a query; "" is none.
func day(name, text string) (d price.Date, err error) {
	if text == "" {
		return d, nil
	}
	if d, err = price.ParseDate(text); err != nil {
		return d, fail.New(fail.Invalid, "api.date", "The day cannot be read.", "Write it like 2026-03-31.").Field(name, "is no day")
	}
	return d, nil
}

func (s *server) settlementRoutes() {
	const tag = "settlement"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/earnings", id: "listEarnings", summary: "A publisher's revenue by month and offer", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			From string `query:"from" doc:"first month, as a day in it; left out: all"`
		}) (*Body[List[Earning]], error) {
			from, err := day("from", in.From)
			if err != nil {
				return nil, err
			}
			list, err := s.Settlements.Earnings(ctx, c, in.Org, from)
			return listOf(list, "", func(e settlement.Earned) Earning { return Earning(e) }, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/positions", id: "listPositions", summary: "Where a publisher's money is, by currency", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Position]], error) {
			list, err := s.Settlements.Positions(ctx, c, in.Org)
			return listOf(list, "", position, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/holds", id: "listHolds", summary: "What is kept back of a publisher's share", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Hold]], error) {
			list, err := s.Settlements.Holds(ctx, c, in.Org)
			return listOf(list, "", hold, err)
		})
	s.revenueStatementRoutes(tag)
	s.payoutRoutes(tag)
	s.splitRoutes(tag)
}

func (s *server) revenueStatementRoutes(tag string) {
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/revenue-statements", id: "listRevenueStatements", summary: "A publisher's statements, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Page
		}) (*Body[List[RevenueStatementRow]], error) {
			list, err := s.Settlements.Statements(ctx, c, in.Org, in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].ID
			}
			return listOf(list, next, statementRow, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/revenue-statements", id: "closeRevenueStatements", summary: "Close what a publisher earned up to a day", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body Through
		}) (*Body[List[RevenueStatementRow]], error) {
			list, err := s.Settlements.CloseStatements(ctx, c, in.Org, in.Body.Through)
			return listOf(list, "", statementRow, err)
		})
	add(s, route{method: http.MethodGet, path: "/revenue-statements/{statement}", id: "getRevenueStatement", summary: "One statement of a publisher, with its lines", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Statement string `path:"statement"`
		}) (*Body[RevenueStatement], error) {
			st, hash, err := s.Settlements.Statement(ctx, c, in.Statement)
			return body(RevenueStatement{Hash: hash, Document: st}, err)
		})
}

func (s *server) payoutRoutes(tag string) {
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/payouts", id: "listPayouts", summary: "A publisher's payouts, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Page
		}) (*Body[List[Payout]], error) {
			list, err := s.Settlements.Payouts(ctx, c, in.Org, in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].ID
			}
			return listOf(list, next, payoutOf, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/payouts", id: "orderPayout", summary: "Order the payout of all that is due", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewPayout
		}) (*Body[Payout], error) {
			p, err := s.Settlements.PayOut(ctx, c, in.Org, in.Body.Currency)
			return body(payoutOf(p), err)
		})
	add(s, route{method: http.MethodPost, path: "/payouts/{payout}/end", id: "endPayout", summary: "Note that the bank has paid or returned a payout", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Payout string `path:"payout"`
			Body   PayoutEnd
		}) (*Body[Payout], error) {
			p, err := s.Settlements.EndPayout(ctx, c, settlement.PayoutInput{Payout: in.Payout, State: in.Body.State, Reference: in.Body.Reference, Date: in.Body.Date})
			return body(payoutOf(p), err)
		})
}
