package settlement

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

// StatementVersion is the first field of every statement.
const StatementVersion = "halle-statement/1"

// The kinds of statement (UNTDID 1001).
const (
	TypeSelfBilled       = "389" // self-billed invoice
	TypeSelfBilledCredit = "261" // self-billed credit note: more was taken back than earned
)

// The series of statements, one sequence of each for every publisher.
const (
	seriesSelfBilled = "SB"
	seriesCredit     = "SBC"
)

// Statement is what a publisher earned up to a day and was not told before. It is the invoice that the operator writes in
// the publisher's name (Directive 2006/112/EC, article 224), and never changes: its hash stands in the fact
// statement.closed and in the publisher's next statement.
type Statement struct {
	Version   string             `json:"version"`
	ID        string             `json:"id"`
	Type      string             `json:"type"`
	Number    string             `json:"number"`   // without gaps for the publisher and series
	Previous  string             `json:"previous"` // hash of the statement before it in the series, hex; "" for the first
	Publisher string             `json:"publisher"`
	Date      price.Date         `json:"date"`
	From      price.Date         `json:"from"` // of the first line
	Through   price.Date         `json:"through"`
	Currency  money.Currency     `json:"currency"`
	Seller    proof.InvoiceParty `json:"seller"` // the publisher
	Buyer     proof.InvoiceParty `json:"buyer"`  // the operator
	Mention   string             `json:"mention"`
	Lines     []StatementLine    `json:"lines"`
	Decision  tax.Decision       `json:"decision"`
	Net       money.Amount       `json:"net"`       // what customers were charged, without tax
	Resellers money.Amount       `json:"resellers"` // of it
	Kept      money.Amount       `json:"kept"`      // of it, by the operator
	Share     money.Amount       `json:"share"`     // of it, the publisher's
	Billed    money.Amount       `json:"billed"`    // of the share, what the publisher bills the operator; the rest it sold itself
	VAT       money.Amount       `json:"vat"`       // on Billed
	Collected money.Amount       `json:"collected"` // tax of customers that the publisher owes
	Held      money.Amount       `json:"held"`      // kept back since the last statement
	Released  money.Amount       `json:"released"`  // given back since then
	Payable   money.Amount       `json:"payable"`   // Share + VAT + Collected − Held + Released
}

// StatementLine is what came in for one component of an offer by one rule.
type StatementLine struct {
	Offer     string       `json:"offer"`
	Name      string       `json:"name"`
	Component string       `json:"component"`
	Mode      Mode         `json:"mode"`
	Rule      string       `json:"rule"`
	Lines     int          `json:"lines"` // of customers' invoices and credit notes
	Net       money.Amount `json:"net"`
	Resellers money.Amount `json:"resellers"`
	Kept      money.Amount `json:"kept"`
	Share     money.Amount `json:"share"`
	Tax       money.Amount `json:"tax"` // collected for the publisher
}

// selfBilling is the mention that the invoice must bear (Directive 2006/112/EC, article 226 (10a)).
const selfBilling = "Self-billing"

// Hash is the SHA-256 of the canonical form, in hex.
func (s *Statement) Hash() (text []byte, hash string, err error) {
	if text, err = proof.Canonical(s); err != nil {
		return nil, "", err
	}
	return text, fmt.Sprintf("%x", sha(text)), nil
}

// gather adds lines up, offer by offer.
func (s *Statement) gather(list []Line) error {
	type key struct {
		offer, name, component string
		mode                   Mode
		rule                   string
	}
	byKey := map[key]*StatementLine{}
	none := money.Zero(s.Currency)
	for _, l := range list {
		if !s.From.Valid() || l.Date.Before(s.From) {
			s.From = l.Date
		}
		k := key{l.Offer, l.Name, l.Component, l.Mode, l.Rule}
		g := byKey[k]
		if g == nil {
			g = &StatementLine{Offer: l.Offer, Name: l.Name, Component: l.Component, Mode: l.Mode, Rule: l.Rule, Net: none, Resellers: none, Kept: none, Share: none, Tax: none}
			byKey[k] = g
		}
		g.Lines++
		billed, collected := l.Share, none
		if l.Mode == Agency {
			billed, collected = none, l.Tax
		}
		for _, a := range []struct {
			to   *money.Amount
			more money.Amount
		}{{&g.Net, l.Net}, {&g.Resellers, l.Resellers}, {&g.Kept, l.Kept}, {&g.Share, l.Share}, {&g.Tax, collected},
			{&s.Net, l.Net}, {&s.Resellers, l.Resellers}, {&s.Kept, l.Kept}, {&s.Share, l.Share}, {&s.Collected, collected}, {&s.Billed, billed}} {
			var err error
			if *a.to, err = a.to.Add(a.more); err != nil {
				return err
			}
		}
	}
	for _, g := range byKey {
		s.Lines = append(s.Lines, *g)
	}
	slices.SortFunc(s.Lines, func(a, b StatementLine) int {
		return cmp.Or(cmp.Compare(a.Offer, b.Offer), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Rule, b.Rule))
	})
	return nil
}

// total computes what is payable.
func (s *Statement) total(held, released money.Amount) (err error) {
	s.Held, s.Released = held, released
	less, err := held.Neg()
	if err != nil {
		return err
	}
	s.Payable, err = money.Sum(s.Currency, s.Share, s.VAT, s.Collected, less, released)
	return err
}

// StatementRow is a statement without its lines.
type StatementRow struct {
	ID        string
	Publisher string
	Type      string
	Number    string
	Through   price.Date
	Date      price.Date
	Net       money.Amount
	Share     money.Amount
	VAT       money.Amount
	Held      money.Amount
	Released  money.Amount
	Payable   money.Amount
	Hash      string
}

const statementColumns = "id, publisher, type, number, through, date, currency, net, share, vat, held, released, payable, hash"

func scanStatement(r store.Scanner) (s StatementRow, err error) {
	var through, date, currency string
	if err = r.Scan(&s.ID, &s.Publisher, &s.Type, &s.Number, &through, &date, &currency, &s.Net.Minor, &s.Share.Minor, &s.VAT.Minor, &s.Held.Minor, &s.Released.Minor,
		&s.Payable.Minor, &s.Hash); err != nil {
		return s, err
	}
	for _, a := range []*money.Amount{&s.Net, &s.Share, &s.VAT, &s.Held, &s.Released, &s.Payable} {
		a.Currency = money.Currency(currency)
	}
	return s, errors.Join(s.Through.UnmarshalText([]byte(through)), s.Date.UnmarshalText([]byte(date)))
}

func insertStatement(tx *store.Tx, s *Statement, text []byte, hash string) error {
	_, err := tx.Exec("INSERT INTO settlement_statement ("+statementColumns+", document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)", s.ID, s.Publisher,
		s.Type, s.Number, s.Through.String(), s.Date.String(), string(s.Currency), s.Net.Minor, s.Share.Minor, s.VAT.Minor, s.Held.Minor, s.Released.Minor, s.Payable.Minor, hash, text)
	return err
}

// next takes the next number of a publisher's series; written ends it with the hash.
func next(tx *store.Tx, publisher, series string, year int64) (number, previous string, written func(hash string) error, err error) {
	var was, last int64
	err = tx.QueryRow("SELECT year, last, hash FROM settlement_series WHERE publisher = $1 AND series = $2", publisher, series).Scan(&was, &last, &previous)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return "", "", nil, err
	}
	n := last + 1
	if year > was { // a clock set back never reopens a year
		n = 1
	} else {
		year = was
	}
	return fmt.Sprintf("%s-%04d-%06d", series, year, n), previous, func(hash string) error {
		done, err := tx.Exec(`INSERT INTO settlement_series (publisher, series, year, last, hash) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (publisher, series)
			DO UPDATE SET year = excluded.year, last = excluded.last, hash = excluded.hash WHERE settlement_series.year = $6 AND settlement_series.last = $7`,
			publisher, series, year, n, hash, was, last)
		if err == nil && done != 1 {
			err = store.Retry(fail.New(fail.Conflict, "settlement.series", "Another statement was closed at the same time.", "Look at it."))
		}
		return err
	}, nil
}
