package placement

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const decisionColumns = "id, item, attempt, order_id, org, org_path, publisher, region, policy_hash, facts_hash, rules_hash, request, result, created_at"

func scanDecision(row store.Scanner) (d Decision, err error) {
	var at store.Time
	err = row.Scan(&d.ID, &d.Item, &d.Attempt, &d.Order, &d.Org, &d.Path, &d.Publisher, &d.Region, &d.PolicyHash, &d.FactsHash, &d.RulesHash, &d.request, &d.result, &at)
	if err != nil {
		return d, err
	}
	d.At = at.Time
	if err := errors.Join(json.Unmarshal(d.request, &d.Request), json.Unmarshal(d.result, &d.Result)); err != nil {
		return d, fmt.Errorf("placement %s: what is stored: %w", d.ID, err)
	}
	return d, nil
}

func insertDecision(tx *store.Tx, d Decision) error {
	err := tx.Send("INSERT INTO placement_decision ("+decisionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		d.ID, d.Item, d.Attempt, d.Order, d.Org, d.Path, d.Publisher, d.Region, d.PolicyHash, d.FactsHash, d.RulesHash, d.request, d.result, store.At(d.At))
	return err
}

func selectDecision(tx *store.Tx, id string) (Decision, error) {
	d, err := store.One(tx, scanDecision, "SELECT "+decisionColumns+" FROM placement_decision WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return d, fail.Missing("placement", id)
	}
	return d, err
}

// selectLast is the newest decision about an item; ok is false when there is none.
func selectLast(tx *store.Tx, item string) (d Decision, ok bool, err error) {
	d, err = store.One(tx, scanDecision, "SELECT "+decisionColumns+" FROM placement_decision WHERE item = $1 ORDER BY attempt DESC LIMIT 1", item)
	if errors.Is(err, store.ErrNone) {
		return d, false, nil
	}
	return d, err == nil, err
}

func selectOfOrder(tx *store.Tx, order string) ([]Decision, error) {
	return store.All(tx, scanDecision, "SELECT "+decisionColumns+" FROM placement_decision WHERE order_id = $1 ORDER BY id", order)
}

func insertItem(tx *store.Tx, i item) error {
	body, err := json.Marshal(i)
	if err != nil {
		return err
	}
	err = tx.Send("INSERT INTO placement_item (item, org, body) VALUES ($1, $2, $3) ON CONFLICT (item) DO NOTHING", i.Item, i.Org, body)
	return err
}

func selectItem(tx *store.Tx, id string) (i item, err error) {
	var body []byte
	err = tx.QueryRow("SELECT body FROM placement_item WHERE item = $1", id).Scan(&body)
	if errors.Is(err, store.ErrNone) {
		return i, fail.Missing("order item", id)
	}
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(body, &i)
}

func insertHold(tx *store.Tx, subscription string, d Decision) error {
	err := tx.Send("INSERT INTO placement_hold (subscription, region, decision, units) VALUES ($1, $2, $3, $4)", subscription, d.Region, d.ID, d.Request.Units)
	return err
}

// deleteHold gives the units that were held; 0 when none are any more.
func deleteHold(tx *store.Tx, subscription, region string) (units int64, err error) {
	err = tx.QueryRow("DELETE FROM placement_hold WHERE subscription = $1 AND region = $2 RETURNING units", subscription, region).Scan(&units)
	if errors.Is(err, store.ErrNone) {
		return 0, nil
	}
	return units, err
}
