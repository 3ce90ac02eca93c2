package drift

import (
	"encoding/json"
	"errors"

	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const remedyColumns = `id, org, org_path, publisher, market, region, offer_version, class, copies, reasons, by_own, facts_hash, state, opened_at, deadline, until_at, actor, note, told,
	closed_at`

func scanRemedy(row store.Scanner) (r Remedy, err error) {
	var reasons []byte
	var opened, deadline store.Time
	var until, closed *store.Time
	err = row.Scan(&r.ID, &r.Org, &r.Path, &r.Publisher, &r.Market, &r.Region, &r.OfferVersion, &r.Class, &r.Copies, &reasons, &r.ByOwn, &r.FactsHash, &r.State, &opened, &deadline,
		&until, &r.Actor, &r.Note, &r.told, &closed)
	if err != nil {
		return r, err
	}
	r.OpenedAt, r.Deadline, r.Until, r.ClosedAt = opened.Time, deadline.Time, until.OrZero(), closed.OrZero()
	return r, json.Unmarshal(reasons, &r.Reasons)
}

// key names a group: one remedy at a time.
func key(g copies.Group) string {
	return g.Org + "|" + g.Market + "|" + g.Region + "|" + g.OfferVersion + "|" + g.Class
}

func insertRemedies(tx *store.Tx, list []Remedy) error {
	rows := make([][]any, len(list))
	for i, r := range list {
		reasons, err := json.Marshal(r.Reasons)
		if err != nil {
			return err
		}
		rows[i] = []any{key(r.Group), r.ID, r.Org, r.Path, r.Publisher, r.Market, r.Region, r.OfferVersion, r.Class, r.Copies, reasons, r.ByOwn, r.FactsHash, r.State,
			store.At(r.OpenedAt), store.At(r.Deadline), store.AtOrNull(r.Until), r.Actor, r.Note, r.told, store.AtOrNull(r.ClosedAt)}
	}
	return tx.Upsert("remedy (active, "+remedyColumns+")", "", rows)
}

func updateRemedy(tx *store.Tx, r Remedy) error {
	reasons, err := json.Marshal(r.Reasons)
	if err != nil {
		return err
	}
	active := any(key(r.Group))
	if r.State == StateClosed {
		active = nil
	}
	return tx.Send(`UPDATE remedy SET active = $2, copies = $3, reasons = $4, by_own = $5, facts_hash = $6, state = $7, deadline = $8, until_at = $9, actor = $10, note = $11, told = $12,
		closed_at = $13 WHERE id = $1`, r.ID, active, r.Copies, reasons, r.ByOwn, r.FactsHash, r.State, store.At(r.Deadline), store.AtOrNull(r.Until), r.Actor, r.Note, r.told,
		store.AtOrNull(r.ClosedAt))
}

func selectRemedy(tx *store.Tx, id string) (Remedy, error) {
	r, err := store.One(tx, scanRemedy, "SELECT "+remedyColumns+" FROM remedy WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return r, fail.Missing("remedy", id)
	}
	return r, err
}

// selectActive are all that are not closed.
func selectActive(tx *store.Tx) ([]Remedy, error) {
	return store.All(tx, scanRemedy, "SELECT "+remedyColumns+" FROM remedy WHERE active IS NOT NULL")
}

func upsertRun(tx *store.Tx, r Run) error {
	return tx.Send(`INSERT INTO drift_run (id, judged_at, took_ms, copies, distinct_n, opened, closed) VALUES (1, $1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET judged_at = excluded.judged_at, took_ms = excluded.took_ms, copies = excluded.copies, distinct_n = excluded.distinct_n, opened = excluded.opened,
		closed = excluded.closed`, store.At(r.At), r.Took.Milliseconds(), r.Copies, r.Distinct, r.Opened, r.Closed)
}
