package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

// Report is what a check of the books found. Differences names what does not hold, at most maxDifferences of it; none
// when the books are right.
type Report struct {
	Head        Head
	Entries     int64
	Transfers   int64
	Accounts    int64
	Differences []string
	Omitted     int            // differences beyond those named
	Totals      []CurrencySums // by currency
}

// CurrencySums is all that moved in one currency; debits and credits are the same when the books are right.
type CurrencySums struct {
	Currency money.Currency
	Debits   int64
	Credits  int64
}

const (
	maxDifferences = 100
	checkStep      = 1000 // entries at a time
)

// Add names something else that does not hold.
func (r *Report) Add(format string, args ...any) {
	if len(r.Differences) == maxDifferences {
		r.Omitted++
		return
	}
	r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
}

// Check proves the books of one snapshot: entries and transfers are numbered without gaps, every entry says what its
// digest says and carries the hash of the one before it, every transfer is above zero between two accounts of its
// currency, and every balance is the sum of its transfers. each, which may be nil, sees every entry in order.
func (b *Book) Check(tx *store.Tx, each func(Posted, *Report) error) (r Report, err error) {
	h, err := selectHead(tx)
	if err != nil {
		return r, err
	}
	r.Head = h.public()
	c := checking{Report: &r, accounts: map[int64]Account{}, sums: map[int64]*sum{}, hash: []byte{}}
	err = tx.Each(func(row store.Scanner) error {
		a, err := scanAccount(row)
		c.accounts[a.ID] = a
		return err
	}, selectAccount+"a.id > 0")
	if err != nil {
		return r, err
	}
	r.Accounts = int64(len(c.accounts))
	for from := int64(0); from < h.entries || from == 0; from += checkStep {
		if err := c.step(tx, from, each); err != nil {
			return r, err
		}
	}
	var beyond, loose int64
	if err := tx.QueryRow("SELECT count(*) FROM ledger_entry WHERE seq > $1", h.entries).Scan(&beyond); err != nil {
		return r, err
	}
	if err := tx.QueryRow("SELECT count(*) FROM ledger_transfer WHERE id > $1 OR id < 1", h.transfers).Scan(&loose); err != nil {
		return r, err
	}
	c.end(h, beyond, loose)
	return r, nil
}

// checking is a check under way: what was read so far adds up to this.
type checking struct {
	*Report
	accounts  map[int64]Account
	sums      map[int64]*sum
	hash      []byte
	transfers int64
}

// step checks the entries after a number.
func (c *checking) step(tx *store.Tx, from int64, each func(Posted, *Report) error) error {
	entries, err := store.All(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_entry WHERE seq > $1 AND seq <= $2 ORDER BY seq", from, from+checkStep)
	if err != nil || len(entries) == 0 {
		return err
	}
	last := entries[len(entries)-1]
	rows, err := selectTransfers(tx, entries[0].first, last.first+last.legs)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		var own []transferRow
		for len(rows) > 0 && rows[0].id < e.first+e.legs {
			if rows[0].id >= e.first {
				own = append(own, rows[0])
			}
			rows = rows[1:]
		}
		c.entry(e, own)
		if each != nil {
			if err := each(e.Posted, c.Report); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checking) entry(e *row, own []transferRow) {
	called := fmt.Sprintf("entry %d (%s %s)", e.Seq, e.Ref.Kind, e.Ref.ID)
	c.Entries++
	if e.Seq != c.Entries {
		c.Add("%s comes where number %d should: an entry is missing", called, c.Entries)
		c.Entries = e.Seq
	}
	if e.first != c.transfers+1 || int64(len(own)) != e.legs {
		c.Add("%s has %d transfers from number %d, where %d from number %d belong to it", called, len(own), e.first, e.legs, c.transfers+1)
	}
	c.transfers = e.first + e.legs - 1
	c.Transfers += int64(len(own))
	keys := map[int64]Key{}
	for _, t := range own {
		c.transfer(called, e.Seq, t)
		keys[t.debit], keys[t.credit] = c.accounts[t.debit].Key, c.accounts[t.credit].Key
	}
	e.Transfers = transfers(own, keys)
	digest := e.digest()
	if !bytes.Equal(digest[:], e.said) {
		c.Add("%s does not say what it said when it was posted", called)
	}
	copy(digest[:], e.said)
	hash := link(c.hash, e.Seq, e.At, digest)
	if !bytes.Equal(hash[:], e.hash) {
		c.Add("%s does not follow from the entries before it: one of them, its number or its time was altered", called)
	}
	c.hash = e.hash
}

func (c *checking) transfer(called string, seq int64, t transferRow) {
	debit, ok := c.accounts[t.debit]
	credit, also := c.accounts[t.credit]
	switch {
	case !ok || !also:
		c.Add("transfer %d of %s is about an account that does not exist", t.id, called)
	case t.amount <= 0 || t.debit == t.credit || string(debit.Key.Currency) != t.currency || string(credit.Key.Currency) != t.currency:
		c.Add("transfer %d of %s does not balance", t.id, called)
	case t.entry != seq:
		c.Add("transfer %d stands under entry %d and belongs to %s", t.id, t.entry, called)
	}
	for _, side := range []int64{t.debit, t.credit} {
		if c.sums[side] == nil {
			c.sums[side] = new(sum)
		}
	}
	c.sums[t.debit].debits += t.amount
	c.sums[t.credit].credits += t.amount
}

// end compares what was added up with the balances and the head.
func (c *checking) end(h head, beyond, loose int64) {
	if beyond > 0 {
		c.Add("%d entries stand behind the end of the books", beyond)
	}
	if loose > 0 {
		c.Add("%d transfers belong to no entry", loose)
	}
	if c.Entries != h.entries || c.transfers != h.transfers || c.Accounts != h.accounts {
		c.Add("the books end at entry %d, transfer %d, account %d, and say %d, %d, %d", c.Entries, c.transfers, c.Accounts, h.entries, h.transfers, h.accounts)
	}
	if !bytes.Equal(c.hash, h.hash) {
		c.Add("the hash at the end of the books is not that of the last entry")
	}
	totals := map[money.Currency]*CurrencySums{}
	for id := range h.accounts {
		a, ok := c.accounts[id+1]
		if !ok {
			c.Add("account %d is missing", id+1)
			continue
		}
		s := c.sums[a.ID]
		if s == nil {
			s = new(sum)
		}
		if s.debits != a.Debits || s.credits != a.Credits {
			c.Add("account %d (%s of %s) says %d debits and %d credits, and its transfers come to %d and %d", a.ID, a.Key.Code, a.Key.Owner, a.Debits, a.Credits, s.debits, s.credits)
		}
		t := totals[a.Key.Currency]
		if t == nil {
			t = &CurrencySums{Currency: a.Key.Currency}
			totals[a.Key.Currency] = t
		}
		t.Debits, t.Credits = t.Debits+a.Debits, t.Credits+a.Credits
	}
	for _, t := range totals {
		if t.Debits != t.Credits {
			c.Add("in %s the accounts have %d debits and %d credits", t.Currency, t.Debits, t.Credits)
		}
		c.Totals = append(c.Totals, *t)
	}
	slices.SortFunc(c.Totals, func(a, b CurrencySums) int { return cmp.Compare(a.Currency, b.Currency) })
}
