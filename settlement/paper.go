package settlement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/billing/paper"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

// Paper writes a statement as PDF for people: the self-billed invoice with its hash, and the same as CII inside where it
// says all that EN 16931 asks for. Words are French for a language that begins with "fr", else English. Who may read the
// statement may. Error: fail.Conflict for a statement of what the publisher sold itself alone, which bills nothing.
func (s *Settlements) Paper(ctx context.Context, c access.Caller, statement, language string) (f billing.File, err error) {
	st, hash, err := s.Statement(ctx, c, statement)
	if err != nil {
		return f, err
	}
	doc, err := st.invoice(language)
	if err != nil {
		return f, err
	}
	in := paper.Input{Invoice: doc, Hash: hash, Language: language}
	if d, err := einvoice.From(doc); err == nil {
		if in.XML, err = einvoice.CII(d); err != nil && !fail.Is(err, fail.Invalid) {
			return f, err
		}
	}
	p, err := s.printer()
	if err != nil {
		return f, err
	}
	b, err := p.PDF(in)
	return billing.File{Name: st.Number + ".pdf", Type: "application/pdf", Bytes: b}, err
}

// invoice is what the statement bills, as the invoice that it is: a line for each of its lines by resale.
func (s *Statement) invoice(language string) (*proof.Invoice, error) {
	doc := &proof.Invoice{Version: proof.InvoiceVersion, ID: s.ID, Type: s.Type, Number: s.Number, Series: s.Number[:strings.IndexByte(s.Number, '-')], Previous: s.Previous,
		Issued: s.Date.Start(time.UTC), Date: s.Date, Due: s.Date, Currency: s.Currency, Basis: price.Net, Org: s.Publisher, Entity: s.Publisher, Seller: s.Seller, Buyer: s.Buyer,
		Decision: s.Decision, Mentions: s.mentions(language)}
	if doc.Decision.Category == "" { // the publisher charges no tax
		doc.Decision.Category = tax.OutsideScope
	}
	for _, l := range s.Lines {
		if l.Mode == Agency || l.Share.IsZero() {
			continue
		}
		exact, err := l.Share.Exact()
		if err != nil {
			return nil, err
		}
		doc.Lines = append(doc.Lines, proof.InvoiceLine{No: len(doc.Lines) + 1, Item: l.Name, Component: l.Component, Quantity: 1, Exact: exact, Amount: l.Share, Net: l.Share,
			Category: doc.Decision.Category, BasisPoints: doc.Decision.BasisPoints, Charges: []proof.InvoiceCharge{}, Subscription: l.Offer,
			Period: price.Interval{From: s.From.Start(time.UTC), To: s.Through.Start(time.UTC).AddDate(0, 0, 1)}})
	}
	if len(doc.Lines) == 0 {
		return nil, fail.New(fail.Conflict, "settlement.nothing_billed", "This statement bills nothing: the publisher sold all of it itself, or nothing was sold.", "Read it as a page.")
	}
	totals, _, err := doc.Sum()
	if err != nil {
		return nil, err
	}
	if totals.Net != s.Billed || totals.VAT != s.VAT {
		return nil, fmt.Errorf("statement %s bills %s and %s tax, and its lines come to %s and %s", s.Number, s.Billed, s.VAT, totals.Net, totals.VAT)
	}
	doc.Totals = totals
	return doc, nil
}

// mentions are what the law asks for, and what becomes of the amount.
func (s *Statement) mentions(language string) []string {
	words := []string{selfBilling, "Held back since the last statement: %s", "Released since then: %s", "Of what you sold yourself: %s, and %s of tax collected for you", "Paid out in all: %s"}
	if strings.HasPrefix(language, "fr") {
		words = []string{"Autofacturation", "Retenu depuis le dernier relevé : %s", "Libéré depuis : %s", "De ce que vous avez vendu vous-même : %s, et %s de taxe encaissée pour vous", "Versé en tout : %s"}
	}
	out := []string{words[0]}
	for n, a := range []money.Amount{s.Held, s.Released} {
		if !a.IsZero() {
			out = append(out, fmt.Sprintf(words[1+n], a.Format(language)))
		}
	}
	own := money.New(s.Share.Minor-s.Billed.Minor, s.Currency)
	if !own.IsZero() || !s.Collected.IsZero() {
		out = append(out, fmt.Sprintf(words[3], own.Format(language), s.Collected.Format(language)))
	}
	return append(out, fmt.Sprintf(words[4], s.Payable.Format(language)))
}
