package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	orderColumns = "id, org, path, state, approver, reason, withdrawn, doc, created_at, released_at, ended_at, etag"
	itemColumns  = "id, order_id, org, no, action, state, subscription, placement, terms, outcome, created_at, placed_at, ended_at, etag"
)

func scanOrder(row store.Scanner) (o Order, err error) {
	var doc []byte
	var created store.Time
	var released, ended *store.Time
	var at Order
	err = row.Scan(&at.ID, &at.Org, &at.Path, &at.State, &at.Approver, &at.Reason, &at.Withdrawn, &doc, &created, &released, &ended, &at.ETag)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(doc, &o); err != nil {
		return o, fmt.Errorf("order %s: stored document: %w", at.ID, err)
	}
	o.ID, o.Org, o.Path, o.State, o.Approver, o.Reason, o.Withdrawn, o.ETag = at.ID, at.Org, at.Path, at.State, at.Approver, at.Reason, at.Withdrawn, at.ETag
	o.CreatedAt, o.ReleasedAt, o.EndedAt = created.Time, released.OrZero(), ended.OrZero()
	return o, nil
}

// outcome is what became of an item.
type outcome struct {
	Reasons []fail.Reason `json:"reasons,omitempty"`
	Failure *Failure      `json:"failure,omitempty"`
}

func scanItem(row store.Scanner) (i Item, err error) {
	var terms, out []byte
	var created store.Time
	var placed, ended *store.Time
	err = row.Scan(&i.ID, &i.Order, &i.Org, &i.No, &i.Action, &i.State, &i.Subscription, &i.Placement, &terms, &out, &created, &placed, &ended, &i.ETag)
	if err != nil {
		return i, err
	}
	i.CreatedAt, i.PlacedAt, i.EndedAt = created.Time, placed.OrZero(), ended.OrZero()
	if err := json.Unmarshal(terms, &i.Terms); err != nil {
		return i, fmt.Errorf("order item %s: stored terms: %w", i.ID, err)
	}
	if len(out) > 0 {
		var o outcome
		if err := json.Unmarshal(out, &o); err != nil {
			return i, fmt.Errorf("order item %s: stored outcome: %w", i.ID, err)
		}
		i.Reasons, i.Failure = o.Reasons, o.Failure
	}
	return i, nil
}

func missing(noun, id string, err error) error {
	if errors.Is(err, store.ErrNone) {
		return fail.Missing(noun, id)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", noun, id, err)
	}
	return nil
}

func selectOrder(tx *store.Tx, id string) (Order, error) {
	o, err := store.One(tx, scanOrder, "SELECT "+orderColumns+" FROM customer_order WHERE id = $1", id)
	if err != nil {
		return o, missing("order", id, err)
	}
	o.Items, err = selectItems(tx, id)
	return o, err
}

func selectItems(tx *store.Tx, order string) ([]Item, error) {
	return store.All(tx, scanItem, "SELECT "+itemColumns+" FROM order_item WHERE order_id = $1 ORDER BY no", order)
}

func selectItem(tx *store.Tx, id string) (Item, error) {
	i, err := store.One(tx, scanItem, "SELECT "+itemColumns+" FROM order_item WHERE id = $1", id)
	return i, missing("order item", id, err)
}

func insertOrder(tx *store.Tx, o Order) error {
	bare := o
	bare.Items = nil
	doc, err := json.Marshal(bare)
	if err != nil {
		return err
	}
	err = tx.Send("INSERT INTO customer_order ("+orderColumns+", requester) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12)",
		o.ID, o.Org, o.Path, o.State, o.Approver, o.Reason, o.Withdrawn, doc, store.At(o.CreatedAt), store.AtOrNull(o.ReleasedAt), store.AtOrNull(o.EndedAt), o.Requester)
	if err != nil {
		return err
	}
	for _, i := range o.Items {
		terms, err := json.Marshal(i.Terms)
		if err != nil {
			return err
		}
		err = tx.Send("INSERT INTO order_item ("+itemColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, NULL, $9, NULL, NULL, 1)",
			i.ID, o.ID, o.Org, i.No, i.Action, i.State, i.Subscription, terms, store.At(i.CreatedAt))
		if err != nil {
			return err
		}
	}
	return nil
}

func updateOrder(tx *store.Tx, o Order) error {
	n, err := tx.Exec(`UPDATE customer_order SET state = $3, approver = $4, reason = $5, withdrawn = $6, released_at = $7, ended_at = $8, etag = etag + 1
		WHERE id = $1 AND etag = $2`, o.ID, o.ETag, o.State, o.Approver, o.Reason, o.Withdrawn, store.AtOrNull(o.ReleasedAt), store.AtOrNull(o.EndedAt))
	return changedOne(n, err, "order", o.ID)
}

func updateItem(tx *store.Tx, i Item) error {
	var out []byte
	if len(i.Reasons) > 0 || i.Failure != nil {
		var err error
		if out, err = json.Marshal(outcome{i.Reasons, i.Failure}); err != nil {
			return err
		}
	}
	n, err := tx.Exec(`UPDATE order_item SET state = $3, placement = $4, outcome = $5, placed_at = $6, ended_at = $7, etag = etag + 1
		WHERE id = $1 AND etag = $2`, i.ID, i.ETag, i.State, i.Placement, out, store.AtOrNull(i.PlacedAt), store.AtOrNull(i.EndedAt))
	return changedOne(n, err, "order item", i.ID)
}

// changedOne runs the transaction again when a rival changed the row first.
func changedOne(n int64, err error, noun, id string) error {
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("%s %s was changed meanwhile", noun, id))
	}
	return err
}

// selectOrders lists newest first, before the cursor. within is a path prefix, "" for the organisation alone.
func selectOrders(tx *store.Tx, org, within string, state State, before string, limit int) ([]Order, error) {
	args := []any{before, limit, org}
	where := "org = $3"
	if within != "" {
		args[2], where = escapeLike(within)+"%", `path LIKE $3 ESCAPE '\'`
	}
	if state != "" {
		args, where = append(args, state), where+" AND state = $4"
	}
	list, err := store.All(tx, scanOrder, "SELECT "+orderColumns+" FROM customer_order WHERE id < $1 AND "+where+" ORDER BY id DESC LIMIT $2", args...)
	for n := range list {
		if err == nil {
			list[n].Items, err = selectItems(tx, list[n].ID)
		}
	}
	return list, err
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func insertQuote(tx *store.Tx, q Quote) error {
	doc, err := json.Marshal(q)
	if err != nil {
		return err
	}
	err = tx.Send("INSERT INTO quote (id, org, path, doc, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		q.ID, q.Org, q.Path, doc, store.At(q.CreatedAt), store.At(q.ExpiresAt))
	return err
}

func scanQuote(row store.Scanner) (q Quote, err error) {
	var doc []byte
	var order *string
	if err = row.Scan(&doc, &order); err != nil {
		return q, err
	}
	err = json.Unmarshal(doc, &q)
	if order != nil {
		q.Order = *order
	}
	return q, err
}

func selectQuote(tx *store.Tx, id string) (Quote, error) {
	q, err := store.One(tx, scanQuote, "SELECT doc, order_id FROM quote WHERE id = $1", id)
	return q, missing("quote", id, err)
}

func selectQuotes(tx *store.Tx, org, before string, limit int) ([]Quote, error) {
	return store.All(tx, scanQuote, "SELECT doc, order_id FROM quote WHERE org = $1 AND id < $2 ORDER BY id DESC LIMIT $3", org, before, limit)
}

func updateQuoteTaken(tx *store.Tx, id, order string) (bool, error) {
	n, err := tx.Exec("UPDATE quote SET order_id = $2 WHERE id = $1 AND order_id IS NULL", id, order)
	return n == 1, err
}

// selectKey gives what the key was used for.
func selectKey(tx *store.Tx, org, key string) (body, order string, err error) {
	err = tx.QueryRow("SELECT body, order_id FROM order_key WHERE org = $1 AND key = $2", org, key).Scan(&body, &order)
	return body, order, missing("idempotency key", key, err)
}

// insertKey violates a unique constraint, here or in what is sent next, when the key was used before.
func insertKey(tx *store.Tx, org, key, body, order string, now time.Time) error {
	return tx.Send("INSERT INTO order_key (org, key, body, order_id, at) VALUES ($1, $2, $3, $4, $5)", org, key, body, order, store.At(now))
}

// updateConfirmed notes that the confirmation is written, and tells whether it was not before.
func updateConfirmed(tx *store.Tx, order string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE customer_order SET confirmed_at = $2 WHERE id = $1 AND confirmed_at IS NULL", order, store.At(now))
	return n == 1, err
}

// registered is a row of the register of subscriptions.
type registered struct {
	id, org, path, item, currency string
	busy                          *string
	live, ended                   bool
	recurring                     int64
}

func selectRegistered(tx *store.Tx, subscription string) (r registered, err error) {
	err = tx.QueryRow("SELECT id, org, path, item, busy, live, ended, currency, recurring FROM order_subscription WHERE id = $1", subscription).
		Scan(&r.id, &r.org, &r.path, &r.item, &r.busy, &r.live, &r.ended, &r.currency, &r.recurring)
	return r, missing("service", subscription, err)
}

func insertRegistered(tx *store.Tx, o Order, i Item) error {
	err := tx.Send(`INSERT INTO order_subscription (id, org, path, item, busy, live, ended, currency, recurring) VALUES ($1, $2, $3, $4, $4, $5, $5, $6, $7)`,
		i.Subscription, o.Org, o.Path, i.ID, false, o.Currency, i.Terms.Recurring.Minor)
	return err
}

func updateRegistered(tx *store.Tx, r registered) error {
	err := tx.Send("UPDATE order_subscription SET item = $2, busy = $3, live = $4, ended = $5, recurring = $6 WHERE id = $1", r.id, r.item, r.busy, r.live, r.ended, r.recurring)
	return err
}
