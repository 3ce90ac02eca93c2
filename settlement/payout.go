package settlement

import (
	"context"
	"errors"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/trace"
)

// PayoutState is where a payout stands.
type PayoutState string

// The states: ordered → paid, ordered → returned, and paid → returned when the bank sends back what it had carried out.
const (
	PayoutOrdered  PayoutState = "ordered"  // on its way to the publisher's bank
	PayoutPaid     PayoutState = "paid"     // the bank has it
	PayoutReturned PayoutState = "returned" // it came back: the amount is due again
)

// Payout is money on its way to a publisher.
type Payout struct {
	ID        string
	Publisher string
	Amount    money.Amount
	State     PayoutState
	Reference string // of the bank, once it is known
	Run       string // of payouts to which it belongs, "" when it was made by hand
	Code      string // why the bank sent it back (ISO 20022), "" when it gave no reason
	Ordered   price.Date
	Done      price.Date // the zero date while it is on its way
	Actor     string
}

const payoutColumns = "id, publisher, amount, currency, state, reference, ordered, done, actor, run, code"

func scanPayout(r store.Scanner) (p Payout, err error) {
	var currency, ordered, done string
	if err = r.Scan(&p.ID, &p.Publisher, &p.Amount.Minor, &currency, &p.State, &p.Reference, &ordered, &done, &p.Actor, &p.Run, &p.Code); err != nil {
		return p, err
	}
	p.Amount.Currency = money.Currency(currency)
	if done != "" {
		err = p.Done.UnmarshalText([]byte(done))
	}
	return p, errors.Join(err, p.Ordered.UnmarshalText([]byte(ordered)))
}

// PayOut orders all that is due to a publisher in a currency, by hand: somebody makes the transfer at the bank. Refused
// while it is nothing, or less than the publisher's threshold. The operator's staff may.
func (s *Settlements) PayOut(ctx context.Context, c access.Caller, publisher string, currency money.Currency) (p Payout, err error) {
	payout := s.IDs.New("pyo")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.PayoutMake, publisher, "organisation", publisher); err != nil {
			return err
		}
		amount, least, err := s.DueIn(tx, publisher, currency)
		if err != nil {
			return err
		}
		if amount.Minor < least.Minor {
			return fail.New(fail.Conflict, "settlement.threshold", "What is due is less than what is paid out at once.",
				"Close the next statement first, or lower the threshold in the split rule.").With("due", amount.String()).With("least", least.String())
		}
		p, err = s.OrderIn(tx, c, Payout{ID: payout, Publisher: publisher, Amount: amount})
		return err
	})
	return p, err
}

// DueIn is what is due to a publisher in a currency, and the least that is paid out at once; to packages downstream in
// their transaction. It does not authorise.
func (s *Settlements) DueIn(tx *store.Tx, publisher string, currency money.Currency) (amount, least money.Amount, err error) {
	due, err := s.Book.Account(tx, account(publisher, Due, currency))
	if err != nil {
		return amount, least, err
	}
	r, err := s.ruleFor(tx, publisher, "", "", s.today())
	return money.New(due.Credits-due.Debits, currency), money.New(max(1, r.Terms.Threshold), currency), err
}

// DueTo lists the publishers to whom something is due in a currency, the most first; to packages downstream in their
// transaction. It does not authorise.
func (s *Settlements) DueTo(tx *store.Tx, currency money.Currency, limit int) (list []string, err error) {
	accounts, err := s.Book.Open(tx, Due, limit)
	for _, a := range accounts {
		if a.Key.Currency == currency && a.Credits > a.Debits {
			list = append(list, a.Key.Owner)
		}
	}
	return list, err
}

// OrderIn books a payout of what is due as ordered, of which ID, publisher, amount and run are given; to packages
// downstream in their transaction. It does not authorise.
func (s *Settlements) OrderIn(tx *store.Tx, c access.Caller, p Payout) (Payout, error) {
	p.State, p.Ordered, p.Actor = PayoutOrdered, s.today(), c.Ref()
	_, err := tx.Exec("INSERT INTO settlement_payout ("+payoutColumns+") VALUES ($1, $2, $3, $4, $5, '', $6, '', $7, $8, '')", p.ID, p.Publisher, p.Amount.Minor, string(p.Amount.Currency),
		string(p.State), p.Ordered.String(), p.Actor, p.Run)
	if err != nil {
		return p, err
	}
	cur := p.Amount.Currency
	if err := s.postIn(tx, "payout", p.ID, p.Ordered, []ledger.Transfer{{Debit: account(p.Publisher, Due, cur), Credit: account(p.Publisher, Transit, cur), Amount: p.Amount}}); err != nil {
		return p, err
	}
	return p, s.recordPayout(tx, c, FactOrdered, p)
}

// PayoutInput says what became of a payout.
type PayoutInput struct {
	Payout    string
	State     PayoutState // PayoutPaid or PayoutReturned
	Reference string      // of the bank
	Date      price.Date  // the zero date is today
	Code      string      // why the bank sent it back
}

const maxBankReference = 35

// EndPayout notes that the bank has paid or returned a payout. The same again changes nothing. The operator's staff may.
func (s *Settlements) EndPayout(ctx context.Context, c access.Caller, in PayoutInput) (p Payout, err error) {
	in.Reference = strings.TrimSpace(in.Reference)
	if !in.Date.Valid() {
		in.Date = s.today()
	}
	if in.State != PayoutPaid && in.State != PayoutReturned || len(in.Reference) > maxBankReference || s.today().Before(in.Date) {
		return p, fail.New(fail.Invalid, "settlement.payout", "What became of the payout cannot be noted like this.",
			"Say paid or returned, the bank's reference in at most 35 characters, and a day that has begun.").Field("state", "paid or returned")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if p, err = s.PayoutIn(tx, in.Payout); err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.PayoutMake, p.Publisher, "payout", p.ID); err != nil {
			return err
		}
		switch {
		case p.State == in.State:
			return nil
		case p.Run != "":
			return fail.New(fail.Conflict, "settlement.payout_run", "This payout is part of a file for the bank, which tells what became of it.", "Import the bank's statement or report.")
		case p.State != PayoutOrdered:
			return fail.New(fail.Conflict, "settlement.payout_over", "This payout is "+string(p.State)+" already.", "Order a new one when something is due.")
		}
		p, err = s.EndIn(tx, c, in)
		return err
	})
	return p, err
}

// PayoutIn gives a payout to packages downstream in their transaction. It does not authorise. Error: fail.NotFound.
func (s *Settlements) PayoutIn(tx *store.Tx, id string) (Payout, error) {
	p, err := store.One(tx, scanPayout, "SELECT "+payoutColumns+" FROM settlement_payout WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return p, fail.Missing("payout", id)
	}
	return p, err
}

// EndIn books that the bank has paid a payout, or sent it back before or after it had; to packages downstream in their
// transaction. It does not authorise. The same again changes nothing.
func (s *Settlements) EndIn(tx *store.Tx, c access.Caller, in PayoutInput) (Payout, error) {
	p, err := s.PayoutIn(tx, in.Payout)
	if err != nil || p.State == in.State || p.State == PayoutReturned {
		return p, err
	}
	was := p.State
	p.State, p.Reference, p.Done, p.Code = in.State, in.Reference, in.Date, in.Code
	n, err := tx.Exec("UPDATE settlement_payout SET state = $1, reference = $2, done = $3, code = $4 WHERE id = $5 AND state = $6", string(p.State), p.Reference, p.Done.String(), p.Code, p.ID,
		string(was))
	if err != nil {
		return p, err
	}
	if n != 1 {
		return p, store.Retry(errors.New("the payout moved on"))
	}
	cur := p.Amount.Currency
	from, to, fact := account(p.Publisher, Transit, cur), account(s.Operator, Bank, cur), FactPaid
	if p.State == PayoutReturned {
		fact, to = FactReturned, account(p.Publisher, Due, cur)
		if was == PayoutPaid {
			from = account(s.Operator, Bank, cur)
		}
	}
	if err := s.postIn(tx, "payout-"+string(p.State), p.ID, p.Done, []ledger.Transfer{{Debit: from, Credit: to, Amount: p.Amount}}); err != nil {
		return p, err
	}
	return p, s.recordPayout(tx, c, fact, p)
}

func (s *Settlements) recordPayout(tx *store.Tx, c access.Caller, kind string, p Payout) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: p.ID, Owner: s.Operator, Parties: []string{p.Publisher}, Actor: c.Ref(), At: s.Now(),
		Machine: PayoutFact{Payout: p.ID, Publisher: p.Publisher, Amount: p.Amount, State: p.State, Reference: p.Reference, Code: p.Code}})
	return err
}

// Payouts lists a publisher's payouts, newest first, after a cursor. Who may read its statements may.
func (s *Settlements) Payouts(ctx context.Context, c access.Caller, publisher, before string, limit int) (list []Payout, err error) {
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanPayout, "SELECT "+payoutColumns+" FROM settlement_payout WHERE publisher = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3",
			publisher, before, int64(limit))
		return err
	})
	return list, err
}
