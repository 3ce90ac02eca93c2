package ledger

import (
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Span says which entries are read: those with numbers above After up to UpTo, dated From to To, both days included.
type Span struct {
	After, UpTo int64
	From, To    price.Date
}

// maxLegs is how many transfers one part of a span has at most, but for an entry that alone has more.
const maxLegs = 10_000

// Part reads the next entries of a span, oldest first, at most limit; none at its end. Entries are only ever added, so
// that parts read one after the other in transactions of their own, up to the same number, are one snapshot.
func (b *Book) Part(tx *store.Tx, s Span, limit int) ([]Posted, error) {
	rows, err := store.All(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_entry WHERE seq > $1 AND seq <= $2 AND date >= $3 AND date <= $4 ORDER BY seq LIMIT $5",
		s.After, s.UpTo, s.From.String(), s.To.String(), int64(limit))
	if err != nil {
		return nil, err
	}
	legs := int64(0)
	for i := range rows {
		if legs += rows[i].legs; legs > maxLegs && i > 0 {
			rows = rows[:i]
			break
		}
	}
	return together(tx, rows)
}

// together adds the transfers to entries, those whose numbers follow each other with one question.
func together(tx *store.Tx, rows []row) ([]Posted, error) {
	out := make([]Posted, 0, len(rows))
	for i := 0; i < len(rows); {
		j, end := i, rows[i].first
		for j < len(rows) && rows[j].first == end {
			end += rows[j].legs
			j++
		}
		all, err := selectTransfers(tx, rows[i].first, end)
		if err != nil {
			return nil, err
		}
		called, err := names(tx, all)
		if err != nil {
			return nil, err
		}
		for ; i < j; i++ {
			n := min(int(rows[i].legs), len(all))
			rows[i].Transfers = transfers(all[:n], called)
			out, all = append(out, rows[i].Posted), all[n:]
		}
	}
	return out, nil
}

// Moved is what went through an account, in minor units.
type Moved struct{ Debits, Credits int64 }

// Moved adds up by the numbers of accounts what the entries of a span moved in a currency, and counts these entries.
func (b *Book) Moved(tx *store.Tx, s Span, c money.Currency) (map[int64]Moved, int64, error) {
	const of = " FROM ledger_transfer t JOIN ledger_entry e ON e.seq = t.entry WHERE e.seq > $1 AND e.seq <= $2 AND e.date >= $3 AND e.date <= $4 AND t.currency = $5"
	args := []any{s.After, s.UpTo, s.From.String(), s.To.String(), string(c)}
	out := map[int64]Moved{}
	for _, side := range []string{"debit", "credit"} {
		err := tx.Each(func(r store.Scanner) error {
			var account, sum int64
			if err := r.Scan(&account, &sum); err != nil {
				return err
			}
			m := out[account]
			if side == "debit" {
				m.Debits = sum
			} else {
				m.Credits = sum
			}
			out[account] = m
			return nil
		}, "SELECT t."+side+", CAST(sum(t.amount) AS BIGINT)"+of+" GROUP BY t."+side, args...)
		if err != nil {
			return nil, 0, err
		}
	}
	var entries int64
	err := tx.QueryRow("SELECT count(DISTINCT t.entry)"+of, args...).Scan(&entries)
	return out, entries, err
}
