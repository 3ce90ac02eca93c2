package monthclose

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const closeColumns = "id, org, month, state, round, preparer, approver, summary, began_at, prepared_at, approved_at, ended_at"

func scanClose(row store.Scanner) (c Close, err error) {
	var month, summary string
	var began store.Time
	var prepared, approved, ended *store.Time
	if err = row.Scan(&c.ID, &c.Org, &month, &c.State, &c.Round, &c.Preparer, &c.Approver, &summary, &began, &prepared, &approved, &ended); err != nil {
		return c, err
	}
	c.BeganAt, c.PreparedAt, c.ApprovedAt, c.EndedAt = began.Time, prepared.OrZero(), approved.OrZero(), ended.OrZero()
	if err = json.Unmarshal([]byte(summary), &c.Summary); err != nil {
		return c, err
	}
	c.Month, err = ParseMonth(month)
	return c, err
}

func insertClose(tx *store.Tx, c Close) error {
	_, err := tx.Exec("INSERT INTO month_close ("+closeColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, NULL)",
		c.ID, c.Org, c.Month.String(), string(c.State), c.Round, c.Preparer, c.Approver, text(c.Summary), store.At(c.BeganAt))
	return err
}

// updateClose writes a close that still stands where it was read.
func updateClose(tx *store.Tx, from State, round int64, c Close) error {
	n, err := tx.Exec(`UPDATE month_close SET state = $1, round = $2, preparer = $3, approver = $4, prepared_at = $5, approved_at = $6, ended_at = $7, summary = $8
		WHERE id = $9 AND state = $10 AND round = $11`, string(c.State), c.Round, c.Preparer, c.Approver, store.AtOrNull(c.PreparedAt), store.AtOrNull(c.ApprovedAt),
		store.AtOrNull(c.EndedAt), text(c.Summary), c.ID, string(from), round)
	if err == nil && n != 1 {
		err = store.Retry(fail.New(fail.Conflict, "close.state", "The close moved on.", "Look at where it stands."))
	}
	return err
}

func selectClose(tx *store.Tx, id string) (Close, error) {
	c, err := store.One(tx, scanClose, "SELECT "+closeColumns+" FROM month_close WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return c, fail.Missing("close", id)
	}
	return c, err
}

func selectCloses(tx *store.Tx, org, before string, limit int) ([]Close, error) {
	return store.All(tx, scanClose, "SELECT "+closeColumns+" FROM month_close WHERE org = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3", org, before, limit)
}

func selectRunning(tx *store.Tx, org string) ([]Close, error) {
	return store.All(tx, scanClose, "SELECT "+closeColumns+" FROM month_close WHERE org = $1 AND ended_at IS NULL", org)
}

const itemColumns = "org, state, round, expected, before, flags, rank, invoices, mails, failure"

func scanItem(row store.Scanner) (i Item, err error) {
	var expected, before, flags, invoices, failure string
	if err = row.Scan(&i.Org, &i.State, &i.round, &expected, &before, &flags, &i.rank, &invoices, &i.Mails, &failure); err != nil {
		return i, err
	}
	for _, f := range strings.Fields(flags) {
		i.Flags = append(i.Flags, Flag(f))
	}
	if failure != "" {
		err = json.Unmarshal([]byte(failure), &i.Failure)
	}
	return i, errors.Join(err, json.Unmarshal([]byte(expected), &i.Expected), json.Unmarshal([]byte(before), &i.Before), json.Unmarshal([]byte(invoices), &i.Invoices))
}

// text is JSON in a column.
func text(v any) string {
	b, _ := json.Marshal(v) // amounts, words and numbers always marshal
	return string(b)
}

func (i Item) failure() string {
	if i.Failure == (Failure{}) {
		return ""
	}
	return text(i.Failure)
}

func (i Item) flags() string {
	words := make([]string, len(i.Flags))
	for n, f := range i.Flags {
		words[n] = string(f)
	}
	return strings.Join(words, " ")
}

// upsertItems writes what was worked out; customers whose invoices are issued keep what they have.
func upsertItems(tx *store.Tx, id string, list []Item) error {
	rows := make([][]any, len(list))
	for n, i := range list {
		rows[n] = []any{id, i.Org, string(i.State), i.round, text(i.Expected), text(i.Before), i.flags(), i.rank, "[]", int64(0), i.failure()}
	}
	return tx.Upsert("month_close_item (close, "+itemColumns+")", `ON CONFLICT (close, org) DO UPDATE SET state = excluded.state, round = excluded.round, expected = excluded.expected,
		before = excluded.before, flags = excluded.flags, rank = excluded.rank, failure = excluded.failure WHERE month_close_item.state NOT IN ('issued', 'sent')`, rows)
}

// updateItem notes what became of a customer, from a state; it tells whether it was in it.
func updateItem(tx *store.Tx, id string, from ItemState, i Item) (bool, error) {
	n, err := tx.Exec("UPDATE month_close_item SET state = $1, invoices = $2, mails = $3, failure = $4 WHERE close = $5 AND org = $6 AND state = $7",
		string(i.State), text(i.Invoices), i.Mails, i.failure(), id, i.Org, string(from))
	return n == 1, err
}

// noteItems is updateItem for many customers, who are all in the state.
func noteItems(tx *store.Tx, id string, from ItemState, list []Item) error {
	rows := make([][]any, len(list))
	for n, i := range list {
		rows[n] = []any{id, i.Org, string(i.State), i.round, text(i.Expected), text(i.Before), i.flags(), i.rank, text(i.Invoices), i.Mails, i.failure()}
	}
	return tx.Upsert("month_close_item (close, "+itemColumns+")", `ON CONFLICT (close, org) DO UPDATE SET state = excluded.state, invoices = excluded.invoices, mails = excluded.mails,
		failure = excluded.failure WHERE month_close_item.state = '`+string(from)+`'`, rows)
}

// selectItemsIn gives customers in a state behind one, in the order of their identifiers.
func selectItemsIn(tx *store.Tx, id string, state ItemState, after string, limit int) ([]Item, error) {
	return store.All(tx, scanItem, "SELECT "+itemColumns+" FROM month_close_item WHERE close = $1 AND state = $2 AND org > $3 ORDER BY org LIMIT $4", id, string(state), after, limit)
}

// countItemsIn tells how many of some customers are in a state.
func countItemsIn(tx *store.Tx, id string, state ItemState, orgs []string) (n int, err error) {
	for places, args := range store.In(orgs, id, string(state)) {
		var some int
		if err := tx.QueryRow("SELECT count(*) FROM month_close_item WHERE close = $1 AND state = $2 AND org IN "+places, args...).Scan(&some); err != nil {
			return n, err
		}
		n += some
	}
	return n, nil
}

// selectRounds gives for each customer the round in which it was worked out last, and those that are done as done.
func selectRounds(tx *store.Tx, id string, done int64) (map[string]int64, error) {
	out := map[string]int64{}
	err := tx.Each(func(row store.Scanner) error {
		var org string
		var state ItemState
		var round int64
		err := row.Scan(&org, &state, &round)
		if out[org] = round; state == ItemIssued || state == ItemSent {
			out[org] = done
		}
		return err
	}, "SELECT org, state, round FROM month_close_item WHERE close = $1", id)
	return out, err
}

// position is where a list of customers goes on.
type position struct {
	rank int64
	org  string
}

func selectItems(tx *store.Tx, id string, state ItemState, flagged bool, after position, limit int) ([]Item, error) {
	return store.All(tx, scanItem, "SELECT "+itemColumns+` FROM month_close_item WHERE close = $1 AND ($2 = '' OR state = $2) AND (NOT $3 OR flags <> '')
		AND (rank < $4 OR rank = $4 AND org > $5) ORDER BY rank DESC, org LIMIT $6`, id, string(state), flagged, after.rank, after.org, limit)
}

// selectCounts counts the customers of a close by what became of them.
func selectCounts(tx *store.Tx, id string) (n Counts, err error) {
	err = tx.Each(func(row store.Scanner) error {
		var state ItemState
		var count int64
		err := row.Scan(&state, &count)
		if at := map[ItemState]*int64{ItemReady: &n.Ready, ItemIssued: &n.Issued, ItemSent: &n.Sent, ItemFailed: &n.Failed, ItemNothing: &n.Nothing}[state]; at != nil {
			*at = count
		}
		return err
	}, "SELECT state, count(*) FROM month_close_item WHERE close = $1 GROUP BY state", id)
	return n, err
}

// selectSummary adds up what a close comes to: what was issued, and for the others what is expected.
func selectSummary(tx *store.Tx, id string) (s Summary, err error) {
	err = tx.Each(func(row store.Scanner) error {
		i, err := scanItem(row)
		if err != nil {
			return err
		}
		return s.add(i)
	}, "SELECT "+itemColumns+" FROM month_close_item WHERE close = $1", id)
	return s, err
}
