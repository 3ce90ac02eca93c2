package ledger

import (
	"errors"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

// Head is the end of the books.
func (b *Book) Head(tx *store.Tx) (Head, error) {
	h, err := selectHead(tx)
	return h.public(), err
}

// Account is one account with its sums; zeros when nothing was ever posted to it.
func (b *Book) Account(tx *store.Tx, k Key) (Account, error) {
	a, err := store.One(tx, scanAccount, selectAccount+"a.owner = $1 AND a.code = $2 AND a.currency = $3", k.Owner, string(k.Code), string(k.Currency))
	if errors.Is(err, store.ErrNone) {
		return Account{Key: k}, nil
	}
	return a, err
}

// Accounts lists accounts by their numbers after a cursor (0 for the first), at most limit: of one owner, of one code, or
// of all where these are "".
func (b *Book) Accounts(tx *store.Tx, owner string, code Code, after int64, limit int) ([]Account, error) {
	return store.All(tx, scanAccount, selectAccount+"($1 = '' OR a.owner = $1) AND ($2 = '' OR a.code = $2) AND a.id > $3 ORDER BY a.id LIMIT $4",
		owner, string(code), after, int64(limit))
}

// Find gives the account with a number. Error: fail.NotFound.
func (b *Book) Find(tx *store.Tx, id int64) (Account, error) {
	a, err := store.One(tx, scanAccount, selectAccount+"a.id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return a, fail.New(fail.NotFound, "ledger.account", "There is no such account.", "Use a number from the list of accounts.")
	}
	return a, err
}

// Entries lists entries, newest first, with numbers below a cursor (0 for the newest), at most limit: of one account, or
// of all for 0.
func (b *Book) Entries(tx *store.Tx, account, before int64, limit int) ([]Posted, error) {
	if before == 0 {
		before = 1 << 62
	}
	rows, err := selectEntries(tx, account, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Posted, len(rows))
	for i := range rows {
		if out[i], err = rows[i].full(tx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// selectEntries finds those of an account by its transfers.
func selectEntries(tx *store.Tx, account, before int64, limit int) ([]row, error) {
	if account == 0 {
		return store.All(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_entry WHERE seq < $1 ORDER BY seq DESC LIMIT $2", before, int64(limit))
	}
	var seqs []int64
	for _, side := range []string{"debit", "credit"} {
		more, err := store.All(tx, scanInt, "SELECT entry FROM ledger_transfer WHERE "+side+" = $1 AND entry < $2 GROUP BY entry ORDER BY entry DESC LIMIT $3",
			account, before, int64(limit))
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, more...)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	slices.Reverse(seqs)
	var rows []row
	for _, seq := range seqs[:min(limit, len(seqs))] {
		r, err := store.One(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_entry WHERE seq = $1", seq)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func scanInt(r store.Scanner) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

// Entry gives the entry of an event; false when none was posted.
func (b *Book) Entry(tx *store.Tx, ref Ref) (Posted, bool, error) {
	r, err := store.One(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_entry WHERE ref_id = $1 AND ref_kind = $2", ref.ID, ref.Kind)
	if errors.Is(err, store.ErrNone) {
		return Posted{}, false, nil
	}
	if err != nil {
		return Posted{}, false, err
	}
	p, err := r.full(tx)
	return p, err == nil, err
}

// full adds the transfers.
func (r *row) full(tx *store.Tx) (Posted, error) {
	rows, err := selectTransfers(tx, r.first, r.first+r.legs)
	if err != nil {
		return Posted{}, err
	}
	called, err := names(tx, rows)
	r.Transfers = transfers(rows, called)
	return r.Posted, err
}

// Open lists the accounts of a code whose debits and credits differ, the largest difference first, at most limit.
func (b *Book) Open(tx *store.Tx, code Code, limit int) ([]Account, error) {
	return store.All(tx, scanAccount, selectAccount+"a.code = $1 AND b.debits <> b.credits ORDER BY abs(b.debits - b.credits) DESC, a.id LIMIT $2", string(code), int64(limit))
}

// MovedBy tells what events did to accounts: debits less credits in minor units, by the event's identifier and account. The
// kinds of an event that was booked in several entries are added up.
func (b *Book) MovedBy(tx *store.Tx, refs []string) (map[string]map[Key]int64, error) {
	out := map[string]map[Key]int64{}
	for _, side := range []struct {
		column string
		sign   int64
	}{{"debit", 1}, {"credit", -1}} {
		err := each(refs, func(places string, args []any) error {
			return tx.Each(func(row store.Scanner) error {
				var ref string
				var k Key
				var sum int64
				if err := row.Scan(&ref, &k.Owner, &k.Code, &k.Currency, &sum); err != nil {
					return err
				}
				if out[ref] == nil {
					out[ref] = map[Key]int64{}
				}
				out[ref][k] += side.sign * sum
				return nil
			}, `SELECT e.ref_id, a.owner, a.code, a.currency, CAST(sum(t.amount) AS BIGINT) FROM ledger_entry e JOIN ledger_transfer t ON t.id >= e.first AND t.id < e.first + e.legs
				JOIN ledger_account a ON a.id = t.`+side.column+` WHERE e.ref_id IN `+places+` GROUP BY e.ref_id, a.owner, a.code, a.currency`, args...)
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TrialLine is all accounts of a code in one currency.
type TrialLine struct {
	Code     Code
	Currency money.Currency
	Accounts int64
	Debits   int64
	Credits  int64
}

// Balance is debits less credits.
func (t TrialLine) Balance() money.Amount { return money.New(t.Debits-t.Credits, t.Currency) }

// Trial is the trial balance: the accounts added up by code. In each currency debits and credits come to the same.
func (b *Book) Trial(tx *store.Tx) ([]TrialLine, error) {
	return store.All(tx, func(r store.Scanner) (t TrialLine, err error) {
		err = r.Scan(&t.Code, &t.Currency, &t.Accounts, &t.Debits, &t.Credits)
		return t, err
	}, `SELECT a.code, a.currency, count(*), CAST(coalesce(sum(b.debits), 0) AS BIGINT), CAST(coalesce(sum(b.credits), 0) AS BIGINT)
		FROM ledger_account a LEFT JOIN ledger_balance b ON b.account = a.id GROUP BY a.code, a.currency ORDER BY a.currency, a.code`)
}
