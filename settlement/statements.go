package settlement

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

func sha(text []byte) [32]byte { return sha256.Sum256(text) }

// CloseStatements closes what a publisher earned through a day that is over, one statement for each currency; none when
// there is nothing new, so a second call changes nothing. The operator's staff may.
func (s *Settlements) CloseStatements(ctx context.Context, c access.Caller, publisher string, through price.Date) (out []StatementRow, err error) {
	if !through.Valid() || s.today().Before(through) {
		return nil, fail.New(fail.Invalid, "settlement.future", "Days that are still to come cannot be closed.", "Give a day that has begun.").Field("through", "lies in the future")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		out = nil
		o, err := s.allowed(tx, c, access.StatementClose, publisher, "organisation", publisher)
		if err != nil {
			return err
		}
		lines, err := selectLines(tx, "publisher = $1 AND statement = '' AND date <= $2", publisher, through.String())
		if err != nil {
			return err
		}
		holds, err := untoldHolds(tx, publisher, through)
		if err != nil {
			return err
		}
		for _, currency := range currencies(lines, holds) {
			one, err := s.close(tx, c, o, currency, through, lines, holds)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// untoldHolds are those whose holding or release is on no statement yet, of lines that are: what is kept of a line is never
// told before the line.
func untoldHolds(tx *store.Tx, publisher string, through price.Date) ([]Hold, error) {
	return selectHolds(tx, `publisher = $1 AND (held_in = '' OR (released <> '' AND released_in = ''))
		AND EXISTS (SELECT 1 FROM settlement_line WHERE settlement_line.document = settlement_hold.document AND settlement_line.date <= $2)`, publisher, through.String())
}

func currencies(lines []Line, holds []Hold) (out []money.Currency) {
	for _, l := range lines {
		out = append(out, l.Net.Currency)
	}
	for _, h := range holds {
		out = append(out, h.Amount.Currency)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// close writes one statement in the caller's transaction.
func (s *Settlements) close(tx *store.Tx, c access.Caller, o party.Organisation, currency money.Currency, through price.Date, lines []Line, holds []Hold) (StatementRow, error) {
	none := money.Zero(currency)
	st := &Statement{Version: StatementVersion, ID: s.IDs.New("stm"), Type: TypeSelfBilled, Publisher: o.ID, Date: s.today(), Through: through, Currency: currency,
		Mention: selfBilling, Lines: []StatementLine{}, Net: none, Resellers: none, Kept: none, Share: none, Billed: none, VAT: none, Collected: none, Held: none, Released: none}
	lines = slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return l.Net.Currency != currency })
	if err := st.gather(lines); err != nil {
		return StatementRow{}, err
	}
	if err := s.parties(tx, o, st); err != nil {
		return StatementRow{}, err
	}
	held, released, err := stateHolds(tx, st.ID, currency, holds)
	if err != nil {
		return StatementRow{}, err
	}
	if err := st.total(held, released); err != nil {
		return StatementRow{}, err
	}
	if !st.From.Valid() {
		st.From = through
	}
	series := seriesSelfBilled
	if st.Billed.Sign() < 0 {
		st.Type, series = TypeSelfBilledCredit, seriesCredit
	}
	number, previous, written, err := next(tx, o.ID, series, int64(st.Date.Year))
	if err != nil {
		return StatementRow{}, err
	}
	st.Number, st.Previous = number, previous
	text, hash, err := st.Hash()
	if err != nil {
		return StatementRow{}, err
	}
	if err := errors.Join(written(hash), insertStatement(tx, st, text, hash)); err != nil {
		return StatementRow{}, err
	}
	for _, l := range lines {
		if err := tx.Send("UPDATE settlement_line SET statement = $1 WHERE document = $2 AND line = $3", st.ID, l.Document, int64(l.No)); err != nil {
			return StatementRow{}, err
		}
	}
	if err := s.bookStatement(tx, st); err != nil {
		return StatementRow{}, err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: FactClosed, Aggregate: st.ID, First: true, Owner: s.Operator, Parties: []string{o.ID}, Actor: c.Ref(), At: s.Now(),
		Machine: ClosedFact{Statement: st.ID, Publisher: o.ID, Type: st.Type, Number: st.Number, Hash: hash, Previous: st.Previous, Share: st.Share, VAT: st.VAT, Payable: st.Payable}})
	return StatementRow{ID: st.ID, Publisher: o.ID, Type: st.Type, Number: st.Number, Through: through, Date: st.Date, Net: st.Net, Share: st.Share, VAT: st.VAT, Held: st.Held,
		Released: st.Released, Payable: st.Payable, Hash: hash}, err
}

// parties writes who bills whom, and decides the tax. A publisher without a VAT identifier charges none.
func (s *Settlements) parties(tx *store.Tx, o party.Organisation, st *Statement) (err error) {
	operator, err := s.Parties.Lookup(tx, s.Operator)
	if err != nil {
		return err
	}
	if st.Seller, err = s.entity(tx, o); err != nil {
		return err
	}
	if st.Buyer, err = s.entity(tx, operator); err != nil {
		return err
	}
	if st.Seller.VATID == "" {
		st.Decision = tax.Decision{Rule: "notRegistered", Reason: "The publisher gave no VAT identifier, so it charges no tax."}
		return nil
	}
	st.Decision, err = s.Tax.Decide(tax.Seller{Country: st.Seller.Country}, tax.Buyer{Country: st.Buyer.Country, Business: true, VATID: st.Buyer.VATID}, st.Date)
	if err != nil {
		return err
	}
	st.VAT, err = st.Billed.Scale(int64(st.Decision.BasisPoints), Whole, "")
	return err
}

func (s *Settlements) entity(tx *store.Tx, o party.Organisation) (proof.InvoiceParty, error) {
	if o.Entity == "" {
		return proof.InvoiceParty{Name: o.Name, Country: o.Country, Business: true}, nil
	}
	e, err := s.Parties.Entity(tx, o.Entity)
	return proof.InvoiceParty{Name: e.Name, Address: e.Address, Country: e.Country, VATID: e.VATID, Registration: e.Registration, Business: true}, err
}

// stateHolds marks what was held and released as told in a statement, and adds it up.
func stateHolds(tx *store.Tx, statement string, c money.Currency, holds []Hold) (held, released money.Amount, err error) {
	held, released = money.Zero(c), money.Zero(c)
	for _, h := range holds {
		if h.Amount.Currency != c {
			continue
		}
		heldIn, freedIn := h.heldIn, h.freedIn
		if heldIn == "" {
			heldIn = statement
			if held, err = held.Add(h.Amount); err != nil {
				return held, released, err
			}
		}
		if h.Released.Valid() && freedIn == "" {
			freedIn = statement
			if released, err = released.Add(h.Amount); err != nil {
				return held, released, err
			}
		}
		if err := tx.Send("UPDATE settlement_hold SET held_in = $1, released_in = $2 WHERE id = $3", heldIn, freedIn, h.ID); err != nil {
			return held, released, err
		}
	}
	return held, released, nil
}

// bookStatement moves what is stated from payable to due, with the tax that the operator may deduct.
func (s *Settlements) bookStatement(tx *store.Tx, st *Statement) error {
	payable := account(st.Publisher, Payable, st.Currency)
	list := move([]ledger.Transfer(nil), account(s.Operator, VAT, st.Currency), payable, st.VAT, 0)
	return s.postIn(tx, "statement", st.ID, st.Date, move(list, payable, account(st.Publisher, Due, st.Currency), st.Payable, 0))
}

// CloseMonth closes the statements of all publishers through the last day of the month before; one that fails does not
// hold up the others. It may run at any time and again: the job that cmd repeats.
func (s *Settlements) CloseMonth(ctx context.Context) error {
	last := s.today()
	last.Day = 1
	last = days(last, -1)
	var due []string
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = store.All(tx, func(r store.Scanner) (p string, err error) {
			err = r.Scan(&p)
			return p, err
		}, "SELECT DISTINCT publisher FROM settlement_line WHERE statement = '' AND publisher <> '' AND publisher <> $1 AND date <= $2", s.Operator, last.String())
		return err
	})
	for _, p := range due {
		if _, one := s.CloseStatements(ctx, access.System("settlement"), p, last); one != nil {
			err = errors.Join(err, fmt.Errorf("statement of %s: %w", p, one))
		}
	}
	return err
}

// Statements lists a publisher's statements, newest first, after a cursor. Its owners, billing staff and publishers'
// roles may, and the operator's staff.
func (s *Settlements) Statements(ctx context.Context, c access.Caller, publisher, before string, limit int) (list []StatementRow, err error) {
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanStatement, "SELECT "+statementColumns+" FROM settlement_statement WHERE publisher = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3",
			publisher, before, int64(limit))
		return err
	})
	return list, err
}

// Statement opens one, and checks it against its hash: a statement that was changed where it is stored is an error, never
// shown. Who may read the publisher's statements may. Error: fail.NotFound.
func (s *Settlements) Statement(ctx context.Context, c access.Caller, id string) (st Statement, hash string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		var text []byte
		var publisher string
		err := tx.QueryRow("SELECT publisher, hash, document FROM settlement_statement WHERE id = $1", id).Scan(&publisher, &hash, &text)
		if errors.Is(err, store.ErrNone) {
			return fail.Missing("statement", id)
		}
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.StatementRead, publisher, "statement", id); err != nil {
			return err
		}
		if fmt.Sprintf("%x", sha(text)) != hash {
			return fmt.Errorf("statement %s: the document is not the one that was closed", id)
		}
		return json.Unmarshal(text, &st)
	})
	return st, hash, err
}
