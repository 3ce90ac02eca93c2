package handover

import (
	"errors"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

const batchColumns = "id, market, org, number, lines, made_at, actor"

func scanBatch(r store.Scanner) (b Batch, err error) {
	var at store.Time
	err = r.Scan(&b.ID, &b.Market, &b.org, &b.Number, &b.Lines, &at, &b.Actor)
	b.MadeAt = at.Time
	return b, err
}

// insertBatch gives it the next number of its market.
func insertBatch(tx *store.Tx, b Batch) (number int64, err error) {
	err = tx.QueryRow(`INSERT INTO handover_batch (`+batchColumns+`) SELECT $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6 FROM handover_batch WHERE market = $2 RETURNING number`,
		b.ID, b.Market, b.org, b.Lines, store.At(b.MadeAt), b.Actor).Scan(&number)
	if store.IsUnique(err) {
		err = store.Retry(err) // a rival made one
	}
	return number, err
}

const lineColumns = "id, batch, document, line, org, currency, net, state, reason, bill, billed, attempt"

func scanLine(r store.Scanner) (l Line, err error) {
	var currency string
	err = r.Scan(&l.ID, &l.Batch, &l.Document, &l.No, &l.Org, &currency, &l.Net.Minor, &l.State, &l.Reason, &l.Bill, &l.Billed.Minor, &l.Attempt)
	l.Net.Currency, l.Billed.Currency = money.Currency(currency), money.Currency(currency)
	return l, err
}

func selectLines(tx *store.Tx, where string, args ...any) ([]Line, error) {
	return store.All(tx, scanLine, "SELECT "+lineColumns+" FROM handover_line WHERE "+where, args...)
}

// insertLine lets a line wait, unless it is there.
func insertLine(tx *store.Tx, market string, l Line) error {
	_, err := tx.Exec(`INSERT INTO handover_line (market, `+lineColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING`,
		market, l.ID, l.Batch, l.Document, l.No, l.Org, string(l.Net.Currency), l.Net.Minor, string(l.State), l.Reason, l.Bill, l.Billed.Minor, l.Attempt)
	return err
}

// updateLine changes a line that is still in the state it was read in.
func updateLine(tx *store.Tx, l Line, was State) error {
	n, err := tx.Exec("UPDATE handover_line SET batch = $1, state = $2, reason = $3, bill = $4, billed = $5, attempt = $6 WHERE id = $7 AND state = $8",
		l.Batch, string(l.State), l.Reason, l.Bill, l.Billed.Minor, l.Attempt, l.ID, string(was))
	if err == nil && n != 1 {
		err = store.Retry(errors.New("the line moved on"))
	}
	return err
}

func selectSums(tx *store.Tx, query string, args ...any) ([]Sum, error) {
	return store.All(tx, func(r store.Scanner) (s Sum, err error) {
		var currency string
		err = r.Scan(&s.State, &currency, &s.Lines, &s.Net.Minor)
		s.Net.Currency = money.Currency(currency)
		return s, err
	}, query, args...)
}
