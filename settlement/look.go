package settlement

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// LineFilter narrows a publisher's lines; its zero value does not.
type LineFilter struct {
	Statement string     // only those on this statement
	Month     price.Date // only those of the calendar month that this day is in
	Offer     string
}

// SharedLines lists how a publisher's lines were shared, by documents and their lines, after a cursor ("" for the first); next is
// the cursor of the following page, "" at the end. Who may read its statements may.
func (s *Settlements) SharedLines(ctx context.Context, c access.Caller, publisher string, f LineFilter, after string, limit int) (list []Line, next string, err error) {
	document, no, err := lineCursor(after)
	if err != nil {
		return nil, "", err
	}
	from, to := "", "9999"
	if f.Month.Valid() {
		from, to = first(f.Month), first(f.Month)[:8]+"31"
	}
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanLine, "SELECT "+lineColumns+` FROM settlement_line WHERE publisher = $1 AND line > 0 AND ($2 = '' OR statement = $2) AND date >= $3 AND date <= $4
			AND ($5 = '' OR offer = $5) AND (document > $6 OR document = $6 AND line > $7) ORDER BY document, line LIMIT $8`, publisher, f.Statement, from, to, f.Offer, document, no, int64(limit))
		return err
	})
	if len(list) == limit && limit > 0 {
		last := list[limit-1]
		next = last.Document + "." + strconv.Itoa(last.No)
	}
	return list, next, err
}

func lineCursor(after string) (document string, no int64, err error) {
	if after == "" {
		return "", 0, nil
	}
	document, text, _ := strings.Cut(after, ".")
	if no, err = strconv.ParseInt(text, 10, 64); err != nil {
		return "", 0, fail.New(fail.Invalid, "settlement.cursor", "The place in the list cannot be read.", "Start at the beginning of the list.")
	}
	return document, no, nil
}

// Resold is what the customers of a reseller were charged in one month, and the reseller's part of it.
type Resold struct {
	Month    string // "2026-03"
	Customer string
	Lines    int
	Net      money.Amount
	Margin   money.Amount
}

// Resold gives a reseller's margin by month and customer from a month on, the newest first. Who may read its statements
// may.
func (s *Settlements) Resold(ctx context.Context, c access.Caller, reseller string, from price.Date) (list []Resold, err error) {
	err = s.read(ctx, c, access.StatementRead, reseller, "organisation", func(tx *store.Tx) error {
		type key struct {
			month, customer string
			currency        money.Currency
		}
		by := map[key]*Resold{}
		err := tx.Each(func(row store.Scanner) error {
			l, err := scanLine(row)
			if err != nil {
				return err
			}
			k := key{l.Date.String()[:7], l.Customer, l.Net.Currency}
			for _, p := range l.PassedOn {
				if p.Reseller != reseller {
					continue
				}
				if by[k] == nil {
					by[k] = &Resold{Month: k.month, Customer: k.customer, Net: money.Zero(k.currency), Margin: money.Zero(k.currency)}
				}
				r := by[k]
				r.Lines++
				if r.Net, err = r.Net.Add(l.Net); err == nil {
					r.Margin, err = r.Margin.Add(p.Amount)
				}
			}
			return err
		}, "SELECT "+lineColumns+" FROM settlement_line WHERE date >= $1 AND line > 0 AND CAST(passed_on AS TEXT) LIKE $2", first(from), "%"+reseller+"%")
		list = nil
		for _, r := range by {
			list = append(list, *r)
		}
		slices.SortFunc(list, func(a, b Resold) int {
			return cmp.Or(cmp.Compare(b.Month, a.Month), cmp.Compare(b.Net.Minor, a.Net.Minor), cmp.Compare(a.Customer, b.Customer))
		})
		return err
	})
	return list, err
}

// ResellerPosition is how a reseller and the operator stand in one currency. What customers paid into the reseller's own
// account, less the tax that it owes itself and its margin, is the operator's; ToOperator is below zero when the operator
// owes the reseller.
type ResellerPosition struct {
	Currency   money.Currency
	Paid       money.Amount // by customers, to the reseller
	VAT        money.Amount // that the reseller owes the tax office
	Margin     money.Amount
	ToOperator money.Amount
}

// ResellerPositions gives them by currency. Who may read the reseller's statements may.
func (s *Settlements) ResellerPositions(ctx context.Context, c access.Caller, reseller string) (list []ResellerPosition, err error) {
	err = s.read(ctx, c, access.StatementRead, reseller, "organisation", func(tx *store.Tx) error {
		accounts, err := s.Book.Accounts(tx, reseller, "", 0, 1000)
		list = resellerPositions(accounts)
		return err
	})
	return list, err
}

func resellerPositions(accounts []ledger.Account) (list []ResellerPosition) {
	at := map[money.Currency]int{}
	for _, a := range accounts {
		cur, minor := a.Key.Currency, a.Debits-a.Credits
		n, ok := at[cur]
		if !ok {
			none := money.Zero(cur)
			n, at[cur] = len(list), len(list)
			list = append(list, ResellerPosition{Currency: cur, Paid: none, VAT: none, Margin: none, ToOperator: none})
		}
		p := &list[n]
		switch a.Key.Code {
		case Bank:
			p.Paid.Minor += minor
		case VAT:
			p.VAT.Minor -= minor
		case Commission:
			p.Margin.Minor -= minor
		default:
			continue
		}
		p.ToOperator.Minor += minor
	}
	return list
}

// PayoutsOnTheWay lists the payouts of all publishers that are ordered and not ended, oldest first. The operator's staff
// and auditors may.
func (s *Settlements) PayoutsOnTheWay(ctx context.Context, c access.Caller, limit int) (list []Payout, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanPayout, "SELECT "+payoutColumns+" FROM settlement_payout WHERE state = $1 ORDER BY id LIMIT $2", string(PayoutOrdered), int64(limit))
		return err
	})
	return list, err
}

// OneEntry gives an entry of the books by its number. Who may read the books may. Error: fail.NotFound.
func (s *Settlements) OneEntry(ctx context.Context, c access.Caller, seq int64) (p ledger.Posted, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err := s.Book.Entries(tx, 0, seq+1, 1)
		if err == nil && (len(list) == 0 || list[0].Seq != seq) {
			err = fail.New(fail.NotFound, "ledger.entry", "There is no such entry.", "Use a number from the list of entries.")
		}
		if err == nil {
			p = list[0]
		}
		return err
	})
	return p, err
}

// Trial is the trial balance of the books, in the order of a balance sheet. Who may read the books may.
func (s *Settlements) Trial(ctx context.Context, c access.Caller) (list []ledger.TrialLine, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = s.Book.Trial(tx)
		return err
	})
	order := Codes()
	slices.SortStableFunc(list, func(a, b ledger.TrialLine) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(slices.Index(order, a.Code), slices.Index(order, b.Code)))
	})
	return list, err
}

// OnePayout gives a payout. Who may read the publisher's statements may. Error: fail.NotFound.
func (s *Settlements) OnePayout(ctx context.Context, c access.Caller, id string) (p Payout, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		p, err = store.One(tx, scanPayout, "SELECT "+payoutColumns+" FROM settlement_payout WHERE id = $1", id)
		if errors.Is(err, store.ErrNone) {
			return fail.Missing("payout", id)
		}
		if err != nil {
			return err
		}
		_, err = s.allowed(tx, c, access.StatementRead, p.Publisher, "payout", id)
		return err
	})
	return p, err
}
