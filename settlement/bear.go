package settlement

import (
	"context"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/trace"
)

// What is borne beside invoices, in the field Component of its lines.
const (
	ComponentBadDebt = "badDebt" // what a customer never paid
	ComponentFee     = "fee"     // what collecting it cost
)

// FactFee is the fact that a fee was booked; of the invoice. Payload FeeFact.
const FactFee = "fee.booked.v1"

// FeeFact is the payload of fee.booked.v1.
type FeeFact struct {
	Fee     string       `json:"fee"`
	Invoice string       `json:"invoice"`
	Amount  money.Amount `json:"amount"`
	What    string       `json:"what"`
}

// FeeInput is what a bank or a collection agency took because of an invoice. Reference is unique for the invoice: the same
// twice is one fee.
type FeeInput struct {
	Invoice   string
	Amount    money.Amount
	What      string // "returned direct debit"; without names
	Reference string
}

const maxWhat = 200

// BookFee books a fee and shares it as the split rules of the invoice's lines say. Staff that records payments may. Errors:
// fail.Invalid; fail.Conflict for another fee under the same reference.
func (s *Settlements) BookFee(ctx context.Context, c access.Caller, in FeeInput) error {
	in.What, in.Reference = strings.TrimSpace(in.What), strings.TrimSpace(in.Reference)
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		i, err := s.Invoices.InvoiceIn(tx, in.Invoice)
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.PaymentRecord, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		if err := in.validate(i); err != nil {
			return err
		}
		ref := i.ID + "/" + in.Reference
		if have, found, err := s.Book.Entry(tx, ledger.Ref{Kind: "fee", ID: ref}); err != nil || found {
			if found && have.Transfers[0].Amount != in.Amount {
				err = fail.New(fail.Conflict, "settlement.fee_taken", "Another fee of this invoice has the reference.", "Use the reference of this fee.").Field("reference", "taken")
			}
			return err
		}
		if of, err := selectLines(tx, "document = $1", i.ID); err != nil || len(of) == 0 {
			if err == nil {
				err = fail.New(fail.Conflict, "settlement.not_shared", "The invoice was just issued and is not in the books yet.", "Try again in some seconds.")
			}
			return err
		}
		cur := in.Amount.Currency
		list := move(nil, account(s.Operator, Cost, cur), account(s.Operator, Bank, cur), in.Amount, 0)
		lines, list, err := s.bear(tx, bearing{Ref: ref, Invoice: i.ID, Component: ComponentFee, Loss: in.Amount, By: func(t Terms) Bearer { return t.Fees }}, list)
		if err != nil {
			return err
		}
		if err := s.postIn(tx, "fee", ref, s.today(), list); err != nil {
			return err
		}
		if err := insertLines(tx, lines); err != nil {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactFee, Aggregate: i.ID, Owner: s.Operator, Actor: c.Ref(), At: s.Now(),
			Machine: FeeFact{Fee: ref, Invoice: i.ID, Amount: in.Amount, What: in.What}})
		return err
	})
}

func (in FeeInput) validate(i billing.Summary) error {
	e := fail.New(fail.Invalid, "settlement.fee", "The fee cannot be booked as it is.", "Correct the fields named.")
	if in.Amount.Sign() <= 0 || in.Amount.Currency != i.Gross.Currency {
		e = e.Field("amount", "must be above zero, in "+string(i.Gross.Currency))
	}
	if in.What == "" || len(in.What) > maxWhat {
		e = e.Field("what", "says in at most 200 bytes what it was for")
	}
	if in.Reference == "" || len(in.Reference) > maxBankReference || strings.ContainsFunc(in.Reference, func(r rune) bool { return r <= ' ' || r > '~' }) {
		e = e.Field("reference", "must have 1 to 35 plain letters, digits and signs")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// bearing is a loss because of an invoice, which the split rules of its lines share.
type bearing struct {
	Ref       string // of its entry and lines
	Invoice   string
	Component string
	Loss      money.Amount // borne by the operator, where a rule does not say otherwise; below zero when it is taken back
	By        func(Terms) Bearer
}

// bear gives the lines by which publishers and resellers bear their part of a loss, and adds the transfers: what they bear
// comes off what the operator did.
func (s *Settlements) bear(tx *store.Tx, b bearing, list []ledger.Transfer) ([]Line, []ledger.Transfer, error) {
	of, err := selectLines(tx, "document = $1 AND line > 0", b.Invoice)
	if err != nil || len(of) == 0 {
		return nil, list, err
	}
	weights := make([]int64, len(of))
	for n, l := range of {
		before, _, err := takenBack(tx, l)
		if err != nil {
			return nil, list, err
		}
		weights[n] = max(0, l.Net.Minor+before.Minor)
	}
	losses, err := split(b.Loss, weights)
	if err != nil {
		return nil, list, err
	}
	var lines []Line
	for n, l := range of {
		if losses[n].IsZero() || l.Publisher == s.Operator {
			continue
		}
		r, err := s.rule(tx, l.Rule)
		if err != nil {
			return nil, list, err
		}
		borne, err := l.bears(b.By(r.Terms), losses[n])
		if err != nil {
			return nil, list, err
		}
		out := l
		out.Document, out.Date, out.Component, out.Statement = b.Ref, s.today(), b.Component, ""
		out.Net, out.Tax = money.Zero(l.Net.Currency), money.Zero(l.Net.Currency)
		if err := out.take(borne); err != nil {
			return nil, list, err
		}
		lines = append(lines, out)
		cur := l.Net.Currency
		list = move(list, account(l.Publisher, Payable, cur), account(s.Operator, Cost, cur), money.New(-out.Share.Minor, cur), l.No)
		for _, p := range out.PassedOn {
			list = move(list, account(p.Reseller, Commission, cur), account(s.Operator, Cost, cur), money.New(-p.Amount.Minor, cur), l.No)
		}
	}
	return lines, list, nil
}

// bears is who bears how much of a loss on a line: shares of nothing, what publisher and resellers give the operator gets.
func (l Line) bears(by Bearer, loss money.Amount) (Share, error) {
	none := money.Zero(loss.Currency)
	out := Share{Publisher: none, Operator: none, Resellers: make([]money.Amount, len(l.PassedOn))}
	for i := range out.Resellers {
		out.Resellers[i] = none
	}
	switch by {
	case ByOperator:
		return out, nil
	case ByPublisher:
		out.Publisher = money.New(-loss.Minor, loss.Currency)
	default:
		weights := []int64{max(0, l.Share.Minor), max(0, l.Kept.Minor)}
		for _, p := range l.PassedOn {
			weights = append(weights, max(0, p.Amount.Minor))
		}
		parts, err := split(loss, weights)
		if err != nil {
			return out, err
		}
		out.Publisher.Minor = -parts[0].Minor
		for i := range out.Resellers {
			out.Resellers[i].Minor = -parts[2+i].Minor
		}
	}
	out.Operator.Minor = -out.Publisher.Minor
	for _, r := range out.Resellers {
		out.Operator.Minor -= r.Minor
	}
	return out, nil
}

// split is money.Split, all on the first where no weight is above zero.
func split(a money.Amount, weights []int64) ([]money.Amount, error) {
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		weights = append([]int64{1}, make([]int64, len(weights)-1)...)
	}
	return money.Split(a, weights)
}

// writeOff books that nobody expects the rest of an invoice any more, or does again.
func (s *Settlements) writeOff(tx *store.Tx, f billing.WriteOffFact, up bool) error {
	if up {
		return s.takeUp(tx, f)
	}
	sum, err := s.Invoices.InvoiceIn(tx, f.Invoice)
	if err != nil {
		return err
	}
	seller, err := s.Parties.Entity(tx, sum.Entity)
	if err != nil {
		return err
	}
	cur := f.Amount.Currency
	loss, err := f.Amount.Sub(f.VAT)
	if err != nil {
		return err
	}
	from := account(f.Org, Receivable, cur)
	list := move(nil, account(s.Operator, Cost, cur), from, loss, 0)
	owed, err := s.owes(tx, f.Invoice, seller.Org, cur)
	if err != nil {
		return err
	}
	list = move(list, owed, from, f.VAT, 0)
	lines, list, err := s.bear(tx, bearing{Ref: f.WriteOff, Invoice: f.Invoice, Component: ComponentBadDebt, Loss: loss, By: func(t Terms) Bearer { return t.BadDebt }}, list)
	if err != nil {
		return err
	}
	none := money.Zero(cur)
	mark := Line{Document: f.WriteOff, Origin: f.Invoice, Date: s.today(), Customer: f.Org, Component: ComponentBadDebt, Net: none, Share: none, Kept: none, Resellers: none, Tax: none, Mode: Resale}
	if err := insertLines(tx, append(lines, mark)); err != nil {
		return err
	}
	return s.postIn(tx, "write-off", f.WriteOff, s.today(), list)
}

// owes is the account that has the tax of an invoice: of the publisher who sold it, else of whoever its entry says.
func (s *Settlements) owes(tx *store.Tx, invoice, seller string, c money.Currency) (ledger.Key, error) {
	lines, err := selectLines(tx, "document = $1 AND line = 0", invoice)
	if err != nil {
		return ledger.Key{}, err
	}
	for _, l := range lines {
		if l.Mode == Agency {
			return account(l.Publisher, Payable, c), nil
		}
	}
	e, _, err := s.Book.Entry(tx, ledger.Ref{Kind: "invoice", ID: invoice})
	for _, t := range e.Transfers {
		if t.Credit.Code == VAT {
			return t.Credit, err
		}
	}
	return account(seller, VAT, c), err
}

// takeUp turns what the last write-off of an invoice booked.
func (s *Settlements) takeUp(tx *store.Tx, f billing.WriteOffFact) error {
	var last string
	err := tx.QueryRow("SELECT coalesce(max(document), '') FROM settlement_line WHERE origin = $1 AND line = 0 AND component = $2", f.Invoice, ComponentBadDebt).Scan(&last)
	if err != nil || last == "" {
		return err
	}
	e, found, err := s.Book.Entry(tx, ledger.Ref{Kind: "write-off", ID: last})
	if err != nil || !found {
		return err
	}
	for i, t := range e.Transfers {
		e.Transfers[i].Debit, e.Transfers[i].Credit = t.Credit, t.Debit
	}
	lines, err := selectLines(tx, "document = $1 AND line > 0", last)
	if err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		back := Share{Publisher: money.New(-l.Share.Minor, l.Share.Currency), Operator: money.New(-l.Kept.Minor, l.Kept.Currency)}
		for _, p := range l.PassedOn {
			back.Resellers = append(back.Resellers, money.New(-p.Amount.Minor, p.Amount.Currency))
		}
		l.Document, l.Date, l.Statement = f.WriteOff, s.today(), ""
		if err := l.take(back); err != nil {
			return err
		}
	}
	if err := insertLines(tx, lines); err != nil {
		return err
	}
	return s.postIn(tx, "taken-up", f.WriteOff, s.today(), e.Transfers)
}

// credit books what is kept for a customer beyond its invoices, or that some of it paid one: then the money came in when it
// was kept.
func (s *Settlements) credit(tx *store.Tx, ref, org, entity string, amount money.Amount, used bool, on price.Date) error {
	seller, err := s.Parties.Entity(tx, entity)
	if err != nil {
		return err
	}
	kind, debit, credit := "credit-kept", account(seller.Org, Bank, amount.Currency), account(org, Credit, amount.Currency)
	if used {
		kind, debit, credit = "credit-used", credit, debit
	}
	return s.postIn(tx, kind, ref, on, move(nil, debit, credit, amount, 0))
}
