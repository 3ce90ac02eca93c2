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

// The states: ordered → paid, ordered → returned. Nothing else follows.
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
	Ordered   price.Date
	Done      price.Date // the zero date while it is on its way
	Actor     string
}

const payoutColumns = "id, publisher, amount, currency, state, reference, ordered, done, actor"

func scanPayout(r store.Scanner) (p Payout, err error) {
	var currency, ordered, done string
	if err = r.Scan(&p.ID, &p.Publisher, &p.Amount.Minor, &currency, &p.State, &p.Reference, &ordered, &done, &p.Actor); err != nil {
		return p, err
	}
	p.Amount.Currency = money.Currency(currency)
	if done != "" {
		err = p.Done.UnmarshalText([]byte(done))
	}
	return p, errors.Join(err, p.Ordered.UnmarshalText([]byte(ordered)))
}

// PayOut orders all that is due to a publisher in a currency. Refused while it is nothing, or less than the publisher's
// threshold. The operator's staff may.
func (s *Settlements) PayOut(ctx context.Context, c access.Caller, publisher string, currency money.Currency) (p Payout, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.PayoutMake, publisher, "organisation", publisher); err != nil {
			return err
		}
		due, err := s.Book.Account(tx, account(publisher, Due, currency))
		if err != nil {
			return err
		}
		amount := money.New(due.Credits-due.Debits, currency)
		r, err := s.ruleFor(tx, publisher, "", "", s.today())
		if err != nil {
			return err
		}
		least := money.New(max(1, r.Terms.Threshold), currency)
		if amount.Minor < least.Minor {
			return fail.New(fail.Conflict, "settlement.threshold", "What is due is less than what is paid out at once.",
				"Close the next statement first, or lower the threshold in the split rule.").With("due", amount.String()).With("least", least.String())
		}
		p = Payout{ID: s.IDs.New("pyo"), Publisher: publisher, Amount: amount, State: PayoutOrdered, Ordered: s.today(), Actor: c.Ref()}
		if _, err := tx.Exec("INSERT INTO settlement_payout ("+payoutColumns+") VALUES ($1, $2, $3, $4, $5, '', $6, '', $7)", p.ID, p.Publisher, p.Amount.Minor,
			string(currency), string(p.State), p.Ordered.String(), p.Actor); err != nil {
			return err
		}
		if err := s.postIn(tx, "payout", p.ID, p.Ordered, []ledger.Transfer{{Debit: account(publisher, Due, currency), Credit: account(publisher, Transit, currency), Amount: amount}}); err != nil {
			return err
		}
		return s.recordPayout(tx, c, FactOrdered, p)
	})
	return p, err
}

// PayoutInput says what became of a payout.
type PayoutInput struct {
	Payout    string
	State     PayoutState // PayoutPaid or PayoutReturned
	Reference string      // of the bank
	Date      price.Date  // the zero date is today
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
		if p, err = store.One(tx, scanPayout, "SELECT "+payoutColumns+" FROM settlement_payout WHERE id = $1", in.Payout); errors.Is(err, store.ErrNone) {
			return fail.Missing("payout", in.Payout)
		} else if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.PayoutMake, p.Publisher, "payout", p.ID); err != nil {
			return err
		}
		if p.State == in.State {
			return nil
		}
		if p.State != PayoutOrdered {
			return fail.New(fail.Conflict, "settlement.payout_over", "This payout is "+string(p.State)+" already.", "Order a new one when something is due.")
		}
		return s.endPayout(tx, c, &p, in)
	})
	return p, err
}

func (s *Settlements) endPayout(tx *store.Tx, c access.Caller, p *Payout, in PayoutInput) error {
	p.State, p.Reference, p.Done = in.State, in.Reference, in.Date
	n, err := tx.Exec("UPDATE settlement_payout SET state = $1, reference = $2, done = $3 WHERE id = $4 AND state = $5", string(p.State), p.Reference, p.Done.String(), p.ID,
		string(PayoutOrdered))
	if err != nil {
		return err
	}
	if n != 1 {
		return store.Retry(errors.New("the payout moved on"))
	}
	cur := p.Amount.Currency
	to, fact := account(s.Operator, Bank, cur), FactPaid
	if p.State == PayoutReturned {
		to, fact = account(p.Publisher, Due, cur), FactReturned
	}
	if err := s.postIn(tx, "payout-"+string(p.State), p.ID, p.Done, []ledger.Transfer{{Debit: account(p.Publisher, Transit, cur), Credit: to, Amount: p.Amount}}); err != nil {
		return err
	}
	return s.recordPayout(tx, c, fact, *p)
}

func (s *Settlements) recordPayout(tx *store.Tx, c access.Caller, kind string, p Payout) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: p.ID, Owner: s.Operator, Parties: []string{p.Publisher}, Actor: c.Ref(), At: s.Now(),
		Machine: PayoutFact{Payout: p.ID, Publisher: p.Publisher, Amount: p.Amount, State: p.State, Reference: p.Reference}})
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
