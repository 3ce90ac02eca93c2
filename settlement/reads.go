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

// Earned is what came in for one offer in one month.
type Earned struct {
	Month     string // "2026-03"
	Offer     string
	Name      string
	Lines     int
	Net       money.Amount
	Resellers money.Amount
	Kept      money.Amount
	Share     money.Amount
}

// Earnings gives a publisher's revenue by month and offer from a month on, the newest first. Who may read its statements
// may.
func (s *Settlements) Earnings(ctx context.Context, c access.Caller, publisher string, from price.Date) (list []Earned, err error) {
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanEarned, `SELECT substr(date, 1, 7), offer, max(name), currency, count(*), sum(net), sum(resellers), sum(kept), sum(share)
			FROM settlement_line WHERE publisher = $1 AND date >= $2 AND line > 0 GROUP BY substr(date, 1, 7), offer, currency
			ORDER BY substr(date, 1, 7) DESC, sum(net) DESC, offer, currency`, publisher, first(from))
		return err
	})
	return list, err
}

func first(d price.Date) string {
	if !d.Valid() {
		return ""
	}
	d.Day = 1
	return d.String()
}

func scanEarned(r store.Scanner) (e Earned, err error) {
	var currency string
	err = r.Scan(&e.Month, &e.Offer, &e.Name, &currency, &e.Lines, &e.Net.Minor, &e.Resellers.Minor, &e.Kept.Minor, &e.Share.Minor)
	for _, a := range []*money.Amount{&e.Net, &e.Resellers, &e.Kept, &e.Share} {
		a.Currency = money.Currency(currency)
	}
	return e, err
}

// Margin is what one publisher brought in.
type Margin struct {
	Publisher string
	Lines     int
	Net       money.Amount
	Resellers money.Amount
	Kept      money.Amount // of Net, by the operator
	Share     money.Amount
}

// Margins gives revenue and margin by publisher between two days, both included, the largest first. The operator's staff
// may.
func (s *Settlements) Margins(ctx context.Context, c access.Caller, from, to price.Date) (list []Margin, err error) {
	last := "9999"
	if to.Valid() {
		last = to.String()
	}
	begin := ""
	if from.Valid() {
		begin = from.String()
	}
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, func(r store.Scanner) (m Margin, err error) {
			var e Earned
			e, err = scanEarned(r)
			return Margin{Publisher: e.Offer, Lines: e.Lines, Net: e.Net, Resellers: e.Resellers, Kept: e.Kept, Share: e.Share}, err
		}, `SELECT '', publisher, '', currency, count(*), sum(net), sum(resellers), sum(kept), sum(share) FROM settlement_line
			WHERE line > 0 AND date >= $1 AND date <= $2 GROUP BY publisher, currency ORDER BY sum(net) DESC, publisher, currency`, begin, last)
		return err
	})
	return list, err
}

// Position is where a publisher's money is, in one currency.
type Position struct {
	Currency money.Currency
	Payable  money.Amount // earned, on no statement yet
	Held     money.Amount
	Due      money.Amount // on statements, not ordered yet
	Transit  money.Amount
}

// Positions gives them by currency. Who may read the publisher's statements may.
func (s *Settlements) Positions(ctx context.Context, c access.Caller, publisher string) (list []Position, err error) {
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		accounts, err := s.Book.Accounts(tx, publisher, "", 0, 1000)
		if err != nil {
			return err
		}
		list = positions(accounts)
		return nil
	})
	return list, err
}

func positions(accounts []ledger.Account) (list []Position) {
	at := map[money.Currency]int{}
	for _, a := range accounts {
		c := a.Key.Currency
		owed := money.New(a.Credits-a.Debits, c)
		set := func(pick func(*Position) *money.Amount) {
			if _, ok := at[c]; !ok {
				none := money.Zero(c)
				at[c] = len(list)
				list = append(list, Position{Currency: c, Payable: none, Held: none, Due: none, Transit: none})
			}
			*pick(&list[at[c]]) = owed
		}
		switch a.Key.Code {
		case Payable:
			set(func(p *Position) *money.Amount { return &p.Payable })
		case Held:
			set(func(p *Position) *money.Amount { return &p.Held })
		case Due:
			set(func(p *Position) *money.Amount { return &p.Due })
		case Transit:
			set(func(p *Position) *money.Amount { return &p.Transit })
		}
	}
	return list
}

// Holds lists what is kept back of a publisher's share now, the newest first. Who may read its statements may.
func (s *Settlements) Holds(ctx context.Context, c access.Caller, publisher string) (list []Hold, err error) {
	err = s.read(ctx, c, access.StatementRead, publisher, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanHold, "SELECT "+holdColumns+" FROM settlement_hold WHERE publisher = $1 AND released = '' ORDER BY id DESC LIMIT 200", publisher)
		return err
	})
	return list, err
}

// Accounts lists accounts of the books after a number, of one owner or code where these are not "". The operator's staff
// and auditors may.
func (s *Settlements) Accounts(ctx context.Context, c access.Caller, owner string, code ledger.Code, after int64, limit int) (list []ledger.Account, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = s.Book.Accounts(tx, owner, code, after, limit)
		return err
	})
	return list, err
}

// OneAccount gives an account by its number. Who may read the books may. Error: fail.NotFound.
func (s *Settlements) OneAccount(ctx context.Context, c access.Caller, id int64) (a ledger.Account, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		a, err = s.Book.Find(tx, id)
		return err
	})
	return a, err
}

// Entries lists entries below a number (0 for the newest), of one account or of all for 0. Who may read the books may.
func (s *Settlements) Entries(ctx context.Context, c access.Caller, of, before int64, limit int) (list []ledger.Posted, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = s.Book.Entries(tx, of, before, limit)
		return err
	})
	return list, err
}

// Owed lists the accounts with something in them, by code: who owes what. The operator's staff and auditors may.
func (s *Settlements) Owed(ctx context.Context, c access.Caller) (list []ledger.Account, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list = nil
		for _, code := range Codes() {
			more, err := s.Book.Open(tx, code, 200)
			if err != nil {
				return err
			}
			list = append(list, more...)
		}
		return nil
	})
	return list, err
}

// Head is the end of the books. Who may read the books may.
func (s *Settlements) Head(ctx context.Context, c access.Caller) (h ledger.Head, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		h, err = s.Book.Head(tx)
		return err
	})
	return h, err
}

// LockBooks closes the books through a day that is over, and writes their hash into the log: whatever is altered from
// then on shows. The operator's staff may.
func (s *Settlements) LockBooks(ctx context.Context, c access.Caller, through price.Date) (h ledger.Head, err error) {
	if !through.Valid() || !through.Before(s.today()) {
		return h, fail.New(fail.Invalid, "settlement.future", "Only days that are over can be closed.", "Give a day before today.").Field("through", "is not over")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerLock, s.Operator, "organisation", s.Operator); err != nil {
			return err
		}
		was, err := s.Book.Head(tx)
		if err != nil {
			return err
		}
		if h, err = s.Book.Lock(tx, through); err != nil || h.Locked == was.Locked {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactBooksClose, Aggregate: s.Operator, Owner: s.Operator, Actor: c.Ref(), At: s.Now(),
			Machine: LockedFact{Through: h.Locked, Entries: h.Entries, Hash: h.Hash}})
		return err
	})
	return h, err
}

// Check proves the books, and that they say of every document what it says: see ledger's Check. The operator's staff and
// auditors may.
func (s *Settlements) Check(ctx context.Context, c access.Caller) (r ledger.Report, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		booked := map[string]int64{}
		r, err = s.Book.Check(tx, func(e ledger.Posted, _ *ledger.Report) error {
			if e.Ref.Kind != "invoice" {
				return nil
			}
			for _, t := range e.Transfers {
				if t.Debit.Code == Receivable {
					booked[e.Ref.ID] += t.Amount.Minor
				}
				if t.Credit.Code == Receivable {
					booked[e.Ref.ID] -= t.Amount.Minor
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return s.compare(tx, booked, &r)
	})
	return r, err
}

// compare names the documents of which the books or the shares say something else.
func (s *Settlements) compare(tx *store.Tx, booked map[string]int64, r *ledger.Report) error {
	shared := map[string]int64{}
	err := tx.Each(func(row store.Scanner) error {
		var document string
		var sum int64
		err := row.Scan(&document, &sum)
		shared[document] = sum
		return err
	}, "SELECT document, sum(net + tax) FROM settlement_line GROUP BY document")
	if err != nil {
		return err
	}
	err = s.Invoices.EachIssued(tx, func(i billing.Summary) error {
		if booked[i.ID] != i.Gross.Minor {
			r.Add("%s says %s, and the books have %s of it", i.Number, i.Gross, money.New(booked[i.ID], i.Gross.Currency))
		}
		if sum, ok := shared[i.ID]; !ok || sum != i.Gross.Minor {
			r.Add("%s says %s, and its shares come to %s", i.Number, i.Gross, money.New(sum, i.Gross.Currency))
		}
		delete(booked, i.ID)
		delete(shared, i.ID)
		return nil
	})
	for id := range booked {
		r.Add("the books have an entry for %s, and there is no such document", strings.ToValidUTF8(id, "?"))
	}
	return err
}
