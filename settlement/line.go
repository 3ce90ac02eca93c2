package settlement

import (
	"slices"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Line is how one line of a document was shared. Net is the sum of Share, Kept and Resellers. Line 0 is the tax of the
// document (its Share is what is passed to a publisher who owes it), or what was booked beside lines.
type Line struct {
	Document     string
	No           int
	Origin       string // of a credit note's line: the invoice, and in OriginNo its line
	OriginNo     int
	Date         price.Date
	Customer     string
	Subscription string
	Publisher    string
	Offer        string
	Market       string
	Name         string // of what was sold
	Component    string
	Net          money.Amount
	Share        money.Amount // of the publisher
	Kept         money.Amount // by the operator
	Resellers    money.Amount // of all of them
	PassedOn     []PassedOn
	Tax          money.Amount
	Mode         Mode
	Rule         string // "default" where none was written
	Statement    string // "" while it is on none
}

// PassedOn is a reseller's part of a line.
type PassedOn struct {
	Reseller string       `json:"reseller"`
	Amount   money.Amount `json:"amount"`
}

// parts are the shares of the line as Split gives them.
func (l Line) parts() Share {
	out := Share{Publisher: l.Share, Operator: l.Kept}
	for _, p := range l.PassedOn {
		out.Resellers = append(out.Resellers, p.Amount)
	}
	return out
}

// take writes shares into the line; the resellers are those of PassedOn.
func (l *Line) take(s Share) (err error) {
	l.Share, l.Kept = s.Publisher, s.Operator
	l.PassedOn = slices.Clone(l.PassedOn)
	for i := range l.PassedOn {
		l.PassedOn[i].Amount = s.Resellers[i]
	}
	l.Resellers, err = money.Sum(l.Net.Currency, s.Resellers...)
	return err
}

const lineColumns = `document, line, origin, origin_line, date, currency, customer, subscription, publisher, offer, market, name, component, net, share,
	kept, resellers, passed_on, tax, mode, rule, statement`

func scanLine(r store.Scanner) (l Line, err error) {
	var date, currency string
	var passed store.JSON
	err = r.Scan(&l.Document, &l.No, &l.Origin, &l.OriginNo, &date, &currency, &l.Customer, &l.Subscription, &l.Publisher, &l.Offer, &l.Market, &l.Name, &l.Component,
		&l.Net.Minor, &l.Share.Minor, &l.Kept.Minor, &l.Resellers.Minor, &passed, &l.Tax.Minor, &l.Mode, &l.Rule, &l.Statement)
	if err != nil {
		return l, err
	}
	for _, a := range []*money.Amount{&l.Net, &l.Share, &l.Kept, &l.Resellers, &l.Tax} {
		a.Currency = money.Currency(currency)
	}
	if err := l.Date.UnmarshalText([]byte(date)); err != nil {
		return l, err
	}
	return l, passed.Into(&l.PassedOn)
}

func insertLines(tx *store.Tx, list []Line) error {
	rows := make([][]any, len(list))
	for i, l := range list {
		passed, err := store.Doc(l.PassedOn)
		if err != nil {
			return err
		}
		rows[i] = []any{l.Document, int64(l.No), l.Origin, int64(l.OriginNo), l.Date.String(), string(l.Net.Currency), l.Customer, l.Subscription, l.Publisher, l.Offer,
			l.Market, l.Name, l.Component, l.Net.Minor, l.Share.Minor, l.Kept.Minor, l.Resellers.Minor, passed, l.Tax.Minor, string(l.Mode), l.Rule, l.Statement}
	}
	return tx.Upsert("settlement_line ("+lineColumns+")", "", rows)
}

func selectLines(tx *store.Tx, where string, args ...any) ([]Line, error) {
	return store.All(tx, scanLine, "SELECT "+lineColumns+" FROM settlement_line WHERE "+where+" ORDER BY document, line", args...)
}

// takenBack is what credit notes took of a line so far, and how often.
func takenBack(tx *store.Tx, of Line) (money.Amount, int64, error) {
	net := money.Zero(of.Net.Currency)
	var times int64
	err := tx.QueryRow("SELECT coalesce(sum(net), 0), count(*) FROM settlement_line WHERE origin <> '' AND origin = $1 AND origin_line = $2", of.Document, int64(of.No)).Scan(&net.Minor, &times)
	return net, times, err
}

// soldBefore is what a publisher's lines under a rule come to in a month so far, without what is passed on or taken back elsewhere.
func soldBefore(tx *store.Tx, publisher, rule string, c money.Currency, month price.Date) (money.Amount, error) {
	first, last := month, month
	first.Day, last.Day = 1, 31
	net := money.Zero(c)
	err := tx.QueryRow(`SELECT coalesce(sum(net), 0) FROM settlement_line WHERE publisher = $1 AND date >= $2 AND date <= $3 AND rule = $4 AND currency = $5
		AND origin = ''`, publisher, first.String(), last.String(), rule, string(c)).Scan(&net.Minor)
	return net, err
}
