package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// LedgerAccount is an account of the books.
type LedgerAccount struct {
	ID      int64        `json:"id"`
	Owner   string       `json:"owner" doc:"organisation"`
	Code    string       `json:"code" doc:"receivable, bank, payable, held, due, transit, commission, vat, revenue or cost"`
	Debits  money.Amount `json:"debits"`
	Credits money.Amount `json:"credits"`
	Balance money.Amount `json:"balance" doc:"debits less credits: above zero it has it, below it owes it"`
}

func bookAccount(a ledger.Account) LedgerAccount {
	cur := a.Key.Currency
	return LedgerAccount{ID: a.ID, Owner: a.Key.Owner, Code: string(a.Key.Code), Debits: money.New(a.Debits, cur), Credits: money.New(a.Credits, cur), Balance: a.Balance()}
}

// LedgerTransfer moves an amount from one account to another.
type LedgerTransfer struct {
	Debit  LedgerSide   `json:"debit" doc:"has it then"`
	Credit LedgerSide   `json:"credit" doc:"gave it"`
	Amount money.Amount `json:"amount"`
	Line   int          `json:"line,omitempty" doc:"of the invoice"`
}

// LedgerSide names an account.
type LedgerSide struct {
	Owner string `json:"owner"`
	Code  string `json:"code"`
}

// LedgerEntry is what one event did to the books.
type LedgerEntry struct {
	Number    int64            `json:"number" doc:"1, 2, 3 … without gaps"`
	Kind      string           `json:"kind" doc:"of the event: invoice, payment, hold, release, statement, payout, payout-paid, payout-returned"`
	Ref       string           `json:"ref" doc:"identifier of the event"`
	Date      price.Date       `json:"date"`
	PostedAt  time.Time        `json:"postedAt"`
	Hash      string           `json:"hash" doc:"of this entry and all before it, hex"`
	Transfers []LedgerTransfer `json:"transfers" nullable:"false"`
}

func ledgerEntry(p ledger.Posted) LedgerEntry {
	out := LedgerEntry{Number: p.Seq, Kind: p.Ref.Kind, Ref: p.Ref.ID, Date: p.Date, PostedAt: p.At, Hash: p.Hash, Transfers: []LedgerTransfer{}}
	for _, t := range p.Transfers {
		out.Transfers = append(out.Transfers, LedgerTransfer{Debit: LedgerSide{t.Debit.Owner, string(t.Debit.Code)}, Credit: LedgerSide{t.Credit.Owner, string(t.Credit.Code)},
			Amount: t.Amount, Line: t.Line})
	}
	return out
}

// LedgerHead is the end of the books.
type LedgerHead struct {
	Entries   int64      `json:"entries"`
	Transfers int64      `json:"transfers"`
	Accounts  int64      `json:"accounts"`
	Hash      string     `json:"hash" doc:"of the last entry, hex: it stands for all before it"`
	Locked    price.Date `json:"locked,omitzero" doc:"nothing is booked on this day or before"`
}

// LedgerReport is what a check of the books found.
type LedgerReport struct {
	Head        LedgerHead     `json:"head"`
	Right       bool           `json:"right"`
	Differences []string       `json:"differences" nullable:"false" doc:"what does not hold"`
	Omitted     int            `json:"omitted,omitempty" doc:"differences beyond those"`
	Totals      []money.Amount `json:"totals" nullable:"false" doc:"all that was ever moved, by currency"`
}

func ledgerReport(r ledger.Report) LedgerReport {
	out := LedgerReport{Head: LedgerHead(r.Head), Right: len(r.Differences) == 0, Differences: append([]string{}, r.Differences...), Omitted: r.Omitted, Totals: []money.Amount{}}
	for _, t := range r.Totals {
		out.Totals = append(out.Totals, money.New(t.Debits, t.Currency))
	}
	return out
}

// Margin is what one publisher brought in.
type Margin struct {
	Publisher string       `json:"publisher"`
	Lines     int          `json:"lines"`
	Net       money.Amount `json:"net"`
	Resellers money.Amount `json:"resellers"`
	Kept      money.Amount `json:"kept" doc:"by the operator"`
	Share     money.Amount `json:"share" doc:"of the publisher"`
}

// number reads a cursor of the books.
func number(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || n < 0 {
		return 0, fail.New(fail.Invalid, "api.cursor", "The cursor cannot be read.", "Take it from the answer before.").Field("cursor", "is none")
	}
	return n, nil
}

func (s *server) bookRoutes() {
	const tag = "books"
	add(s, route{method: http.MethodGet, path: "/ledger/accounts", id: "listLedgerAccounts", summary: "Accounts of the books", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Owner string `query:"owner" doc:"only those of this organisation"`
			Code  string `query:"code" doc:"only those with this code"`
		}) (*Body[List[LedgerAccount]], error) {
			after, err := number(in.Cursor)
			if err != nil {
				return nil, err
			}
			list, err := s.Settlements.Accounts(ctx, c, in.Owner, ledger.Code(in.Code), after, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = strconv.FormatInt(list[len(list)-1].ID, 10)
			}
			return listOf(list, next, bookAccount, err)
		})
	add(s, route{method: http.MethodGet, path: "/ledger/owed", id: "listOwed", summary: "Accounts with something in them: who owes what", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[LedgerAccount]], error) {
			list, err := s.Settlements.Owed(ctx, c)
			return listOf(list, "", bookAccount, err)
		})
	add(s, route{method: http.MethodGet, path: "/ledger/entries", id: "listLedgerEntries", summary: "Entries of the books, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Account int64 `query:"account" minimum:"0" doc:"only those that touch this account"`
		}) (*Body[List[LedgerEntry]], error) {
			before, err := number(in.Cursor)
			if err != nil {
				return nil, err
			}
			list, err := s.Settlements.Entries(ctx, c, in.Account, before, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = strconv.FormatInt(list[len(list)-1].Seq, 10)
			}
			return listOf(list, next, ledgerEntry, err)
		})
	add(s, route{method: http.MethodGet, path: "/ledger/check", id: "checkLedger", summary: "Prove the books", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[LedgerReport], error) {
			r, err := s.Settlements.Check(ctx, c)
			return body(ledgerReport(r), err)
		})
	add(s, route{method: http.MethodPost, path: "/ledger/lock", id: "lockLedger", summary: "Close the books up to a day that is over", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct{ Body Through }) (*Body[LedgerHead], error) {
			h, err := s.Settlements.LockBooks(ctx, c, in.Body.Through)
			return body(LedgerHead(h), err)
		})
	add(s, route{method: http.MethodGet, path: "/margins", id: "listMargins", summary: "Revenue and margin by publisher", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			From string `query:"from" doc:"first day; left out: the beginning"`
			To   string `query:"to" doc:"last day; left out: today"`
		}) (*Body[List[Margin]], error) {
			from, err := day("from", in.From)
			if err != nil {
				return nil, err
			}
			to, err := day("to", in.To)
			if err != nil {
				return nil, err
			}
			list, err := s.Settlements.Margins(ctx, c, from, to)
			return listOf(list, "", func(m settlement.Margin) Margin { return Margin(m) }, err)
		})
}
