package rating

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// The questions of sql.go about many organisations at once.

func selectContractsOf(tx *store.Tx, orgs []string) (out []Contract, err error) {
	for places, args := range store.In(orgs) {
		list, err := store.All(tx, scanContract, "SELECT "+contractColumns+" FROM rating_contract WHERE org IN "+places+" ORDER BY org, subscription", args...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func selectUnbilledOf(tx *store.Tx, orgs []string, upTo time.Time) (out []Charge, err error) {
	for places, args := range store.In(orgs, store.At(upTo)) {
		list, err := store.All(tx, scanCharge, "SELECT "+chargeColumns+" FROM charge WHERE to_at <= $1 AND invoice IS NULL AND org IN "+places, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func selectStatesOf(tx *store.Tx, orgs []string, each func(org string, k closingKey, c closed)) error {
	for places, args := range store.In(orgs) {
		err := tx.Each(func(row store.Scanner) error {
			var org, every string
			var k closingKey
			var from store.Time
			var one closed
			var text []byte
			if err := row.Scan(&org, &k.subscription, &k.price, &every, &from, &one.seq, &text); err != nil {
				return err
			}
			if err := json.Unmarshal(text, &one.State); err != nil {
				return fmt.Errorf("closing of %s: %w", k.subscription, err)
			}
			k.every, k.from = price.Every(every), from.Unix()
			each(org, k, one)
			return nil
		}, `SELECT k.org, c.subscription, c.price_hash, c.every, c.period_from, c.seq, c.state FROM rating_closing c JOIN rating_contract k ON k.subscription = c.subscription
			WHERE k.org IN `+places+` ORDER BY c.seq`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// selectLengths tells of how many stretches the history of each subscription is.
func selectLengths(tx *store.Tx, ids []string) (map[string]int, error) {
	out := map[string]int{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var subscription string
			var n int
			err := row.Scan(&subscription, &n)
			out[subscription] = n
			return err
		}, "SELECT subscription, count(*) FROM rating_interval WHERE subscription IN "+places+" GROUP BY subscription", args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// markedAtOnce is how many charges one statement marks: few enough that its text is kept prepared.
const markedAtOnce = 64

// sendBilled gives charges that no invoice has to one; countBilled tells whether all had none.
func sendBilled(tx *store.Tx, invoice string, charges []Charge) error {
	args := make([]any, 0, 1+len(charges))
	args = append(args, invoice)
	for _, c := range charges {
		args = append(args, c.ID)
	}
	return tx.Send("UPDATE charge SET invoice = $1 WHERE invoice IS NULL AND id IN "+store.Places(2, len(charges)), args...)
}

func countBilled(tx *store.Tx, invoices []string) (n int, err error) {
	for places, args := range store.In(invoices) {
		var some int
		if err := tx.QueryRow("SELECT count(*) FROM charge WHERE invoice IN "+places, args...).Scan(&some); err != nil {
			return n, err
		}
		n += some
	}
	return n, nil
}
