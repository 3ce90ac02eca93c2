package settlement

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// Month is all that became of the invoices dated in one calendar month, in one currency: the credit notes about them,
// whose each cent is, what was paid, and the statements that tell publishers. Every figure comes from the documents and is
// compared with the books; each difference is zero when they agree.
type Month struct {
	From       price.Date       `json:"from"`
	To         price.Date       `json:"to"`
	Currency   money.Currency   `json:"currency"`
	Documents  []MonthDocument  `json:"documents" nullable:"false"`
	Total      MonthDocument    `json:"total" doc:"the sum of the documents"`
	Publishers []MonthPublisher `json:"publishers" nullable:"false"`
	Resellers  []MonthReseller  `json:"resellers" nullable:"false"`
	Checks     []MonthCheck     `json:"checks" nullable:"false"`
}

// MonthDocument is one invoice or credit note. Net is Publishers + Resellers + Operator; Gross is Net + VAT. Of an invoice
// TakenBack, Paid, SentBack, GivenUp and Unpaid tell what became of it: Gross − TakenBack − Paid + SentBack − GivenUp = Unpaid,
// which is below zero when money is to be paid back.
type MonthDocument struct {
	ID         string       `json:"id,omitempty"`
	Number     string       `json:"number,omitempty"`
	Type       string       `json:"type,omitempty"`
	Customer   string       `json:"customer,omitempty"`
	Date       price.Date   `json:"date,omitzero"`
	Net        money.Amount `json:"net"`
	Publishers money.Amount `json:"publishers"`
	Resellers  money.Amount `json:"resellers"`
	Operator   money.Amount `json:"operator"`
	VAT        money.Amount `json:"vat"`
	Gross      money.Amount `json:"gross"`
	TakenBack  money.Amount `json:"takenBack"`
	Paid       money.Amount `json:"paid"`
	SentBack   money.Amount `json:"sentBack" doc:"payments that their bank took back"`
	GivenUp    money.Amount `json:"givenUp" doc:"written off: nobody expects it any more"`
	Unpaid     money.Amount `json:"unpaid"`
	Held       money.Amount `json:"held" doc:"of the publishers' share, kept back now"`
	Difference money.Amount `json:"difference" doc:"between the document, its shares and the books; zero when they agree"`
	credits    string
	writtenOff bool
	booked     int64 // what the books say that the customer owes of it
}

// MonthPublisher is a publisher's share of the month on one statement; Statement has no ID for what is on none yet.
type MonthPublisher struct {
	Publisher   string       `json:"publisher"`
	Statement   string       `json:"statement,omitempty"`
	Number      string       `json:"number,omitempty"`
	Share       money.Amount `json:"share" doc:"of the month's documents"`
	OtherMonths money.Amount `json:"otherMonths" doc:"on the same statement"`
	VAT         money.Amount `json:"vat"`
	Collected   money.Amount `json:"collected" doc:"tax of customers that the publisher owes"`
	Held        money.Amount `json:"held"`
	Released    money.Amount `json:"released"`
	Payable     money.Amount `json:"payable"`
	Difference  money.Amount `json:"difference"`
}

// MonthReseller is a reseller's part of the month.
type MonthReseller struct {
	Reseller   string       `json:"reseller"`
	Lines      int          `json:"lines"`
	Net        money.Amount `json:"net" doc:"of the lines that it has a part of"`
	Margin     money.Amount `json:"margin"`
	Difference money.Amount `json:"difference"`
}

// MonthCheck is one sum said twice: by the documents and by the books, or by a whole and its parts.
type MonthCheck struct {
	Name       string       `json:"name" doc:"charged, publishers, stated, resellers, operator, tax, taken or unpaid"`
	Left       money.Amount `json:"left"`
	Right      money.Amount `json:"right"`
	Difference money.Amount `json:"difference"`
}

// Right tells whether every difference of the month is zero.
func (m *Month) Right() bool {
	wrong := func(a money.Amount) bool { return !a.IsZero() }
	return !slices.ContainsFunc(m.Checks, func(c MonthCheck) bool { return wrong(c.Difference) }) &&
		!slices.ContainsFunc(m.Documents, func(d MonthDocument) bool { return wrong(d.Difference) }) &&
		!slices.ContainsFunc(m.Publishers, func(p MonthPublisher) bool { return wrong(p.Difference) }) &&
		!slices.ContainsFunc(m.Resellers, func(r MonthReseller) bool { return wrong(r.Difference) })
}

// MonthOf gives a month by the dates of its invoices, one for each currency; day is any day of it. Who may read the books
// may.
func (s *Settlements) MonthOf(ctx context.Context, c access.Caller, day price.Date) (out []Month, err error) {
	from := price.Date{Year: day.Year, Month: day.Month, Day: 1}
	to := price.DateOf(time.Date(day.Year, day.Month+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err := s.Invoices.IssuedBetween(tx, from, to)
		if err != nil {
			return err
		}
		var currencies []money.Currency
		for _, i := range list {
			currencies = append(currencies, i.Gross.Currency)
		}
		slices.Sort(currencies)
		out = []Month{}
		for _, one := range slices.Compact(currencies) {
			m := &monthly{s: s, tx: tx, Month: Month{From: from, To: to, Currency: one}}
			if err := m.read(slices.DeleteFunc(slices.Clone(list), func(i billing.Summary) bool { return i.Gross.Currency != one })); err != nil {
				return err
			}
			out = append(out, m.Month)
		}
		return nil
	})
	return out, err
}

// monthly is a month while it is put together.
type monthly struct {
	Month
	s     *Settlements
	tx    *store.Tx
	lines []Line
	books monthBooks
}

// monthBooks are what the books have of the month's documents, in minor units.
type monthBooks struct {
	customers, publishers, operator, tax int64
	resellers                            map[string]int64
}

func (m *monthly) zero() money.Amount              { return money.Zero(m.Currency) }
func (m *monthly) amount(minor int64) money.Amount { return money.New(minor, m.Currency) }

func (m *monthly) read(list []billing.Summary) error {
	ids := make([]string, len(list))
	for n, i := range list {
		ids[n] = i.ID
		m.Documents = append(m.Documents, m.document(i))
	}
	for places, args := range store.In(ids) {
		more, err := selectLines(m.tx, "document IN "+places, args...)
		if err != nil {
			return err
		}
		m.lines = append(m.lines, more...)
	}
	if err := m.share(ids); err != nil {
		return err
	}
	if err := m.pay(ids); err != nil {
		return err
	}
	if err := m.state(); err != nil {
		return err
	}
	m.pass()
	m.sum()
	m.check()
	return nil
}

func (m *monthly) document(i billing.Summary) MonthDocument {
	d := MonthDocument{ID: i.ID, Number: i.Number, Type: i.Type, Customer: i.Org, Date: i.Date, Net: i.Net, VAT: i.VAT, Gross: i.Gross, TakenBack: i.Credited, Publishers: m.zero(),
		Resellers: m.zero(), Operator: m.zero(), Paid: m.zero(), SentBack: m.zero(), GivenUp: m.zero(), Unpaid: m.zero(), Held: m.zero(), Difference: m.zero(), credits: i.Credits,
		writtenOff: i.Status == billing.StatusWrittenOff}
	if i.Type == proof.TypeCreditNote {
		d.TakenBack = m.zero()
	}
	return d
}

// share adds up whose each line is, and compares with what was booked of each document.
func (m *monthly) share(ids []string) error {
	at := m.places()
	tax := map[string]int64{}
	for _, l := range m.lines {
		d := &m.Documents[at[l.Document]]
		d.Publishers.Minor += l.Share.Minor
		d.Resellers.Minor += l.Resellers.Minor
		d.Operator.Minor += l.Kept.Minor
		tax[l.Document] += l.Tax.Minor
	}
	moved, err := m.s.Book.MovedBy(m.tx, ids)
	if err != nil {
		return err
	}
	m.books.resellers = map[string]int64{}
	for n := range m.Documents {
		d := &m.Documents[n]
		var customer int64
		for k, v := range moved[d.ID] {
			switch k.Code {
			case Receivable:
				customer += v
			case Payable:
				m.books.publishers -= v
			case Commission:
				m.books.resellers[k.Owner] -= v
			case Revenue, Cost:
				m.books.operator -= v
			case VAT:
				m.books.tax -= v
			}
		}
		d.booked = customer
		m.books.customers += customer
		d.Difference.Minor = far(d.Gross.Minor-customer) + far(d.Net.Minor-d.Publishers.Minor-d.Resellers.Minor-d.Operator.Minor) + far(d.VAT.Minor-tax[d.ID])
	}
	holds, err := selectHoldsOf(m.tx, ids)
	for _, h := range holds {
		if !h.Released.Valid() && h.Amount.Currency == m.Currency {
			m.Documents[at[h.Document]].Held.Minor += h.Amount.Minor
		}
	}
	return err
}

// far is how far a number is from zero.
func far(n int64) int64 { return max(n, -n) }

// places finds the documents by their identifiers.
func (m *monthly) places() map[string]int {
	at := map[string]int{}
	for n, d := range m.Documents {
		at[d.ID] = n
	}
	return at
}

// pay adds what was paid and went back, and compares what is left of each invoice with the books.
func (m *monthly) pay(ids []string) error {
	list, err := m.s.Invoices.PaymentsIn(m.tx, ids)
	if err != nil {
		return err
	}
	refs := make([]string, len(list))
	for n, p := range list {
		refs[n] = p.ID
	}
	moved, err := m.s.Book.MovedBy(m.tx, refs)
	if err != nil {
		return err
	}
	at, owed := m.places(), map[string]int64{}
	for _, d := range m.Documents {
		owed[cmp.Or(d.credits, d.ID)] += d.booked
	}
	for _, p := range list {
		d := &m.Documents[at[p.Invoice]]
		if p.Amount.Minor < 0 {
			d.SentBack.Minor -= p.Amount.Minor
		} else {
			d.Paid.Minor += p.Amount.Minor
		}
		for k, v := range moved[p.ID] {
			if k.Code == Receivable {
				owed[p.Invoice] += v
				m.books.customers += v
			}
		}
	}
	if err := m.giveUp(owed); err != nil {
		return err
	}
	for n := range m.Documents {
		if d := &m.Documents[n]; d.credits == "" {
			rest := d.Gross.Minor - d.TakenBack.Minor - d.Paid.Minor + d.SentBack.Minor
			if d.Unpaid.Minor = rest; d.writtenOff {
				d.GivenUp.Minor, d.Unpaid.Minor = rest, 0
			}
			d.Difference.Minor += far(d.Unpaid.Minor - owed[d.ID])
		}
	}
	return nil
}

// giveUp takes from what is owed in the books what their last write-off took.
func (m *monthly) giveUp(owed map[string]int64) error {
	for _, d := range m.Documents {
		if !d.writtenOff {
			continue
		}
		var last string
		err := m.tx.QueryRow("SELECT coalesce(max(document), '') FROM settlement_line WHERE origin = $1 AND line = 0 AND component = $2", d.ID, ComponentBadDebt).Scan(&last)
		if err != nil {
			return err
		}
		moved, err := m.s.Book.MovedBy(m.tx, []string{last})
		if err != nil {
			return err
		}
		for k, v := range moved[last] {
			if k.Code == Receivable {
				owed[d.ID] += v
				m.books.customers += v
			}
		}
	}
	return nil
}
