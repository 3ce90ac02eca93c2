package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

type head struct {
	entries, transfers, accounts int64
	hash                         []byte
	locked                       price.Date
}

func selectHead(tx *store.Tx) (h head, err error) {
	var locked string
	err = tx.QueryRow("SELECT entries, transfers, accounts, hash, locked FROM ledger_head WHERE id = 1").Scan(&h.entries, &h.transfers, &h.accounts, &h.hash, &locked)
	if errors.Is(err, store.ErrNone) {
		return head{hash: []byte{}}, nil
	}
	if err == nil && locked != "" {
		err = h.locked.UnmarshalText([]byte(locked))
	}
	return h, err
}

// updateHead appends to the books when nobody else did since the head was read.
func updateHead(tx *store.Tx, was, now head) error {
	locked := ""
	if now.locked.Valid() {
		locked = now.locked.String()
	}
	n, err := tx.Exec(`INSERT INTO ledger_head (id, entries, transfers, accounts, hash, locked) VALUES (1, $1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET entries = excluded.entries, transfers = excluded.transfers, accounts = excluded.accounts, hash = excluded.hash,
		locked = excluded.locked WHERE ledger_head.entries = $6 AND ledger_head.accounts = $7`,
		now.entries, now.transfers, now.accounts, now.hash, locked, was.entries, was.accounts)
	if err == nil && n != 1 {
		err = store.Retry(errors.New("the books moved on"))
	}
	return err
}

// lookups are the sizes of a query for many things, so that few statements are prepared.
var lookups = []int{512, 64, 8, 1}

// each calls query with parts of the list that have one of the sizes.
func each(list []string, query func(places string, args []any) error) error {
	for len(list) > 0 {
		n := 1
		for _, size := range lookups {
			if len(list) >= size {
				n = size
				break
			}
		}
		args := make([]any, n)
		for i := range n {
			args[i] = list[i]
		}
		if err := query(store.Places(1, n), args); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// selectRefs gives the digests of the entries that are there already.
func selectRefs(tx *store.Tx, ids []string) (map[Ref]string, error) {
	found := map[Ref]string{}
	err := each(ids, func(places string, args []any) error {
		return tx.Each(func(row store.Scanner) error {
			var r Ref
			var digest []byte
			err := row.Scan(&r.ID, &r.Kind, &digest)
			found[r] = string(digest)
			return err
		}, "SELECT ref_id, ref_kind, digest FROM ledger_entry WHERE ref_id IN "+places, args...)
	})
	return found, err
}

// selectIDs adds the accounts of the owners to known.
func selectIDs(tx *store.Tx, owners []string, known map[Key]int64) error {
	return each(owners, func(places string, args []any) error {
		return tx.Each(func(row store.Scanner) error {
			var k Key
			var id int64
			err := row.Scan(&id, &k.Owner, &k.Code, &k.Currency)
			known[k] = id
			return err
		}, "SELECT id, owner, code, currency FROM ledger_account WHERE owner IN "+places, args...)
	})
}

const balanceSet = "ON CONFLICT (account) DO UPDATE SET debits = ledger_balance.debits + excluded.debits, credits = ledger_balance.credits + excluded.credits"

func scanAccount(r store.Scanner) (a Account, err error) {
	err = r.Scan(&a.ID, &a.Key.Owner, &a.Key.Code, &a.Key.Currency, &a.Debits, &a.Credits)
	return a, err
}

const selectAccount = `SELECT a.id, a.owner, a.code, a.currency, coalesce(b.debits, 0), coalesce(b.credits, 0)
	FROM ledger_account a LEFT JOIN ledger_balance b ON b.account = a.id WHERE `

// row is an entry without its transfers.
type row struct {
	Posted
	first, legs int64
	said, hash  []byte // said is the stored digest
}

const entryColumns = "seq, ref_id, ref_kind, date, first, legs, posted_at, digest, hash"

func scanEntry(r store.Scanner) (e row, err error) {
	var at store.Time
	var date string
	err = r.Scan(&e.Seq, &e.Ref.ID, &e.Ref.Kind, &date, &e.first, &e.legs, &at, &e.said, &e.hash)
	e.At, e.Hash = at.Time, fmt.Sprintf("%x", e.hash)
	return e, errors.Join(err, e.Date.UnmarshalText([]byte(date)))
}

func entryArgs(e *Entry, seq, first int64, at time.Time, digest, hash [32]byte) []any {
	return []any{seq, e.Ref.ID, e.Ref.Kind, e.Date.String(), first, int64(len(e.Transfers)), store.At(at), digest[:], hash[:]}
}

const transferColumns = "id, entry, debit, credit, amount, currency, line"

type transferRow struct {
	id, entry, debit, credit, amount, line int64
	currency                               string
}

func scanTransfer(r store.Scanner) (t transferRow, err error) {
	err = r.Scan(&t.id, &t.entry, &t.debit, &t.credit, &t.amount, &t.currency, &t.line)
	return t, err
}

func selectTransfers(tx *store.Tx, from, to int64) ([]transferRow, error) {
	return store.All(tx, scanTransfer, "SELECT "+transferColumns+" FROM ledger_transfer WHERE id >= $1 AND id < $2 ORDER BY id", from, to)
}

// transfers gives rows the names of their accounts.
func transfers(rows []transferRow, names map[int64]Key) []Transfer {
	out := make([]Transfer, len(rows))
	for i, t := range rows {
		out[i] = Transfer{Debit: names[t.debit], Credit: names[t.credit], Amount: money.New(t.amount, money.Currency(t.currency)), Line: int(t.line)}
	}
	return out
}

// names reads the accounts that rows are about.
func names(tx *store.Tx, rows []transferRow) (map[int64]Key, error) {
	all := map[int64]Key{}
	var args []any
	for _, t := range rows {
		for _, id := range []int64{t.debit, t.credit} {
			if _, ok := all[id]; !ok {
				all[id] = Key{}
				args = append(args, id)
			}
		}
	}
	for len(args) > 0 {
		n := min(len(args), lookups[0])
		err := tx.Each(func(row store.Scanner) error {
			a, err := scanAccount(row)
			all[a.ID] = a.Key
			return err
		}, selectAccount+"a.id IN "+store.Places(1, n), args[:n]...)
		if err != nil {
			return nil, err
		}
		args = args[n:]
	}
	return all, nil
}
