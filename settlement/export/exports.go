package export

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/trace"
)

// Exports is the service. Safe for concurrent use.
type Exports struct{ books *settlement.Settlements }

// New makes the service over the books.
func New(s *settlement.Settlements) *Exports { return &Exports{books: s} }

func (s *Exports) allowed(tx *store.Tx, c access.Caller, a access.Action) (party.Organisation, error) {
	o, err := s.books.Parties.Lookup(tx, s.books.Operator)
	if err != nil {
		return o, err
	}
	return o, s.books.Policy.Check(c, a, o.Resource("organisation", s.books.Operator))
}

// Settings gives how the accountants know the books. Who may read the books may.
func (s *Exports) Settings(ctx context.Context, c access.Caller) (out Settings, err error) {
	err = s.books.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerRead); err != nil {
			return err
		}
		out, err = selectSettings(tx, s.books.Operator)
		return err
	})
	return out, err
}

// SetSettings changes it. The operator's staff may. Error: fail.Invalid names what no file can be written with.
func (s *Exports) SetSettings(ctx context.Context, c access.Caller, in Settings) error {
	if err := in.validate(); err != nil {
		return err
	}
	return s.books.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerMap); err != nil {
			return err
		}
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(`INSERT INTO books_export (org, settings, actor, set_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (org) DO UPDATE SET settings = excluded.settings, actor = excluded.actor, set_at = excluded.set_at`, s.books.Operator, string(text), c.Ref(), store.At(s.books.Now())); err != nil {
			return err
		}
		_, err = s.books.Facts.Record(tx, trace.Fact{Type: FactMapped, Aggregate: s.books.Operator, Owner: s.books.Operator, Actor: c.Ref(), At: s.books.Now(),
			Machine: Settings{Numbers: in.Numbers, YearMonth: in.YearMonth, SIREN: in.SIREN, Datev: in.Datev}}) // without the person
		return err
	})
}

func selectSettings(tx *store.Tx, org string) (out Settings, err error) {
	var text string
	err = tx.QueryRow("SELECT settings FROM books_export WHERE org = $1", org).Scan(&text)
	if errors.Is(err, store.ErrNone) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}

// Currencies lists those that were ever booked, in the order of their codes. Who may read the books may.
func (s *Exports) Currencies(ctx context.Context, c access.Caller) (out []money.Currency, err error) {
	err = s.books.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerRead); err != nil {
			return err
		}
		list, err := accounts(s.books.Book, tx)
		out = currencies(list)
		return err
	})
	return out, err
}

func currencies(accounts []ledger.Account) (out []money.Currency) {
	for _, a := range accounts {
		if !slices.Contains(out, a.Key.Currency) {
			out = append(out, a.Key.Currency)
		}
	}
	slices.Sort(out)
	return out
}

// accounts reads all.
func accounts(book *ledger.Book, tx *store.Tx) (out []ledger.Account, err error) {
	for after := int64(0); ; after = out[len(out)-1].ID {
		list, err := book.Accounts(tx, "", "", after, 1000)
		if err != nil {
			return nil, err
		}
		if out = append(out, list...); len(list) < 1000 {
			return out, nil
		}
	}
}

// work is one file on its way.
type work struct {
	*settlement.Settlements
	Request
	Settings
	span    ledger.Span
	chart   Chart
	company party.Entity
	all     []ledger.Account
	serial  map[string]int64  // number of an organisation among those with accounts: that of its first one
	names   map[string]string // of organisations
	charted map[ledger.Code]Account
	locked  bool // the books are closed through the last day
	before  map[int64]ledger.Moved
	within  map[int64]ledger.Moved
	entries int64 // that are written
}

// File makes a file of the books ready. Who may read the books may. Error: fail.Invalid says which setting or day is
// missing, or that a currency must be chosen.
func (s *Exports) File(ctx context.Context, c access.Caller, in Request) (*File, error) {
	w := &work{Settlements: s.books, Request: in, serial: map[string]int64{}, names: map[string]string{}, charted: map[ledger.Code]Account{}}
	err := s.books.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.LedgerRead)
		if err != nil {
			return err
		}
		if w.Settings, err = selectSettings(tx, s.books.Operator); err != nil {
			return err
		}
		if w.company, err = s.books.Parties.Entity(tx, o.Entity); err != nil {
			return fmt.Errorf("legal entity of the operator: %w", err)
		}
		return w.look(tx)
	})
	if err != nil {
		return nil, err
	}
	switch in.Format {
	case Journal:
		return w.journal(ctx), nil
	case DATEV:
		return w.datev(ctx)
	case FEC:
		return w.fec(ctx)
	}
	return w.saft(ctx)
}

// look checks what is asked for and fixes the snapshot.
func (w *work) look(tx *store.Tx) error {
	f := fail.New(fail.Invalid, "export.request", "The books cannot be written like that.", "Correct the fields named.")
	if !slices.Contains(Formats(), w.Format) {
		f = f.Field("format", "use journal, datev, fec or saft")
	}
	if !w.From.Valid() || !w.To.Valid() || w.To.Before(w.From) {
		f = f.Field("to", "give a first and a last day that is not before it")
	}
	head, err := w.Book.Head(tx)
	if err != nil {
		return err
	}
	w.span = ledger.Span{UpTo: head.Entries, From: w.From, To: w.To}
	w.locked = head.Locked.Valid() && !head.Locked.Before(w.To)
	if w.all, err = accounts(w.Book, tx); err != nil {
		return err
	}
	for _, a := range w.all {
		if _, ok := w.serial[a.Key.Owner]; !ok {
			w.serial[a.Key.Owner] = a.ID
		}
	}
	if all := currencies(w.all); w.Format != Journal && w.Currency == "" {
		if len(all) > 1 {
			f = f.Field("currency", "the books have several, and a file has one: choose "+listed(all))
		} else if len(all) == 1 {
			w.Currency = all[0]
		} else {
			w.Currency = money.EUR
		}
	}
	if !w.Currency.Known() && w.Currency != "" {
		f = f.Field("currency", "is none")
	}
	if len(f.Fields) > 0 {
		return f
	}
	w.chart = map[Format]Chart{DATEV: w.Datev.chart(), FEC: PCG, SAFT: NS4102}[w.Format]
	return nil
}

func listed(all []money.Currency) string {
	var out []string
	for _, c := range all {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}

// year is the financial year that a day is in.
func (w *work) year(d price.Date) (first, last price.Date) {
	begin := time.Date(d.Year, time.Month(w.yearMonth()), 1, 0, 0, 0, 0, time.UTC)
	if begin.After(d.Start(time.UTC)) {
		begin = begin.AddDate(-1, 0, 0)
	}
	return price.DateOf(begin, time.UTC), price.DateOf(begin.AddDate(1, 0, -1), time.UTC)
}

// oneYear refuses days of two financial years.
func (w *work) oneYear() error {
	if first, last := w.year(w.From); last.Before(w.To) {
		return fail.New(fail.Invalid, "export.year", fmt.Sprintf("Such a file has one financial year, and %s to %s are in two.", w.From, w.To),
			fmt.Sprintf("End with %s, or tell in the settings when the year begins.", last)).Field("to", fmt.Sprintf("lies after the year that began on %s", first))
	}
	return nil
}

const step = 500 // entries at a time

// each gives every entry of the file in order. It reads some at a time, each in a transaction of its own.
func (w *work) each(ctx context.Context, f func(*entry) error) error {
	for span := w.span; ; {
		var list []entry
		var posted []ledger.Posted
		err := w.DB.Read(ctx, func(tx *store.Tx) (err error) {
			if posted, err = w.Book.Part(tx, span, step); err == nil {
				list, err = w.entriesOf(tx, posted)
			}
			return err
		})
		if err != nil || len(posted) == 0 {
			return err
		}
		for i := range list {
			if err := f(&list[i]); err != nil {
				return err
			}
		}
		span.After = posted[len(posted)-1].Seq
	}
}

// entriesOf names what entries are about; those with nothing in the currency are left out.
func (w *work) entriesOf(tx *store.Tx, posted []ledger.Posted) (out []entry, err error) {
	var ids []string
	for _, p := range posted {
		ids = append(ids, p.Ref.ID)
	}
	numbers, err := w.Invoices.NumbersIn(tx, ids)
	if err != nil {
		return nil, err
	}
	statements, err := w.NumbersIn(tx, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range posted {
		e := entry{Posted: p, piece: cmp.Or(numbers[p.Ref.ID], statements[p.Ref.ID], p.Ref.ID)}
		for _, t := range p.Transfers {
			if w.Currency != "" && t.Amount.Currency != w.Currency {
				continue
			}
			one := pair{amount: t.Amount, line: t.Line}
			if one.debit, err = w.side(tx, t.Debit); err == nil {
				one.credit, err = w.side(tx, t.Credit)
			}
			if err != nil {
				return nil, err
			}
			e.pairs = append(e.pairs, one)
		}
		if len(e.pairs) > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// code is the one that an account has in charts.
func (w *work) code(k ledger.Key) ledger.Code {
	if k.Owner != w.Operator && (k.Code == settlement.Bank || k.Code == settlement.VAT) {
		return Foreign
	}
	return k.Code
}

// charts is what an account is in the chart of the file.
func (w *work) charts(k ledger.Key) Account {
	code := w.code(k)
	a, ok := w.charted[code]
	if !ok {
		a = w.account(w.chart, code)
		w.charted[code] = a
	}
	return a
}

func (w *work) side(tx *store.Tx, k ledger.Key) (side, error) {
	out := side{key: k}
	if w.chart != "" {
		out.chart = w.charts(k)
		out.number = out.chart.Number
	}
	name, ok := w.names[k.Owner]
	if !ok {
		o, err := w.Parties.Lookup(tx, k.Owner)
		switch {
		case fail.Is(err, fail.NotFound):
		case err != nil:
			return out, err
		case o.Form != party.FormHousehold && o.Name != party.Erased:
			name = o.Name
		}
		name = cmp.Or(name, k.Owner)
		w.names[k.Owner] = name
	}
	out.name = name
	return out, nil
}

// total reads what went through the accounts before and within the span.
func (w *work) total(ctx context.Context) error {
	return w.DB.Read(ctx, func(tx *store.Tx) (err error) {
		before := w.span
		before.From, before.To = price.Date{Year: 1, Month: 1, Day: 1}, price.DateOf(w.From.Start(time.UTC).AddDate(0, 0, -1), time.UTC)
		if w.before, _, err = w.Book.Moved(tx, before, w.Currency); err == nil {
			w.within, w.entries, err = w.Book.Moved(tx, w.span, w.Currency)
		}
		return err
	})
}

// decimal is an amount of minor units with a decimal sign.
func decimal(minor int64, c money.Currency, sign string) string {
	return strings.Replace(money.New(minor, c).Decimal(), ".", sign, 1)
}

// lines writes text with \r\n at the end of each line.
func writeLine(w io.Writer, text string) error {
	_, err := io.WriteString(w, text+"\r\n")
	return err
}
