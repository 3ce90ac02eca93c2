package rating

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

const contractColumns = `subscription, org, path, publisher, seller, market, currency, name, zone, anchor, activated_at, ended_at,
	charged_to, complete, waived, exact, raised, ended_fact`

func scanContract(row store.Scanner) (c Contract, err error) {
	var activated, charged store.Time
	var ended *store.Time
	var anchor, exact, currency string
	err = row.Scan(&c.Subscription, &c.Org, &c.Path, &c.Publisher, &c.Seller, &c.Market, &currency, &c.Name, &c.Zone, &anchor,
		&activated, &ended, &charged, &c.Complete, &c.Waived, &exact, &c.raised, &c.EndedFact)
	if err != nil {
		return c, err
	}
	c.Currency, c.ActivatedAt, c.EndedAt, c.ChargedTo = money.Currency(currency), activated.Time, ended.OrZero(), charged.Time
	if err := c.Anchor.UnmarshalText([]byte(anchor)); err != nil {
		return c, err
	}
	return c, c.exact.UnmarshalText([]byte(exact))
}

func insertContract(tx *store.Tx, c Contract) (bool, error) {
	n, err := tx.Exec(`INSERT INTO rating_contract (`+contractColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (subscription) DO NOTHING`, c.Subscription, c.Org, c.Path, c.Publisher, c.Seller, c.Market, string(c.Currency), c.Name, c.Zone,
		c.Anchor.String(), store.At(c.ActivatedAt), store.AtOrNull(c.EndedAt), store.At(c.ChargedTo), c.Complete, c.Waived, c.exact.String(), c.raised, c.EndedFact)
	return n == 1, err
}

const setContract = `UPDATE rating_contract SET ended_at = $1, charged_to = $2, complete = $3, waived = $4, exact = $5, raised = $6, ended_fact = $7 WHERE subscription = $8`

func contractValues(c Contract) []any {
	return []any{store.AtOrNull(c.EndedAt), store.At(c.ChargedTo), c.Complete, c.Waived, c.exact.String(), c.raised, c.EndedFact, c.Subscription}
}

func updateContract(tx *store.Tx, c Contract) error {
	_, err := tx.Exec(setContract, contractValues(c)...)
	return err
}

// sendContract is updateContract without waiting for the answer.
func sendContract(tx *store.Tx, c Contract) error { return tx.Send(setContract, contractValues(c)...) }

func selectContract(tx *store.Tx, subscription string) (Contract, error) {
	c, err := store.One(tx, scanContract, "SELECT "+contractColumns+" FROM rating_contract WHERE subscription = $1", subscription)
	if errors.Is(err, store.ErrNone) {
		return c, fail.Missing("service", subscription)
	}
	return c, err
}

func selectContracts(tx *store.Tx, org string) ([]Contract, error) {
	return store.All(tx, scanContract, "SELECT "+contractColumns+" FROM rating_contract WHERE org = $1 ORDER BY subscription", org)
}

func insertPrice(tx *store.Tx, hash string, body []byte) error {
	_, err := tx.Exec("INSERT INTO rating_price (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, body)
	return err
}

func selectPrice(tx *store.Tx, hash string) (body []byte, err error) {
	err = tx.QueryRow("SELECT body FROM rating_price WHERE hash = $1", hash).Scan(&body)
	return body, err
}

func insertInterval(tx *store.Tx, subscription string, i Interval) error {
	_, err := tx.Exec(`INSERT INTO rating_interval (subscription, seq, price_hash, plan, name, held, fact, from_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		subscription, i.Seq, i.Price, i.Plan, i.Name, i.Held, i.Fact, store.At(i.From))
	return err
}

func selectHistory(tx *store.Tx, subscription string) ([]Interval, error) {
	return store.All(tx, func(row store.Scanner) (i Interval, err error) {
		var from store.Time
		err = row.Scan(&i.Seq, &i.Price, &i.Plan, &i.Name, &i.Held, &i.Fact, &from)
		i.From = from.Time
		return i, err
	}, "SELECT seq, price_hash, plan, name, held, fact, from_at FROM rating_interval WHERE subscription = $1 ORDER BY seq", subscription)
}

const chargeColumns = `id, org, subscription, component, price_hash, source, source_fact, correction, from_at, to_at, period_from, period_to,
	quantity, before, exact, created_at, invoice`

func scanCharge(row store.Scanner) (c Charge, err error) {
	var from, to, created store.Time
	var periodFrom, periodTo *store.Time
	var source, exact string
	var invoice *string
	err = row.Scan(&c.ID, &c.Org, &c.Subscription, &c.Component, &c.Price, &source, &c.Fact, &c.Correction, &from, &to, &periodFrom, &periodTo,
		&c.Quantity, &c.From, &exact, &created, &invoice)
	if err != nil {
		return c, err
	}
	c.At, c.CreatedAt = price.Interval{From: from.Time, To: to.Time}, created.Time
	c.Period = price.Interval{From: periodFrom.OrZero(), To: periodTo.OrZero()}
	if invoice != nil {
		c.Invoice = *invoice
	}
	if c.source() != source { // neither once nor a span
		c.Window = source
	}
	return c, c.Exact.UnmarshalText([]byte(exact))
}

// insertCharge writes a charge unless it stands; it tells whether it did.
func insertCharge(tx *store.Tx, c Charge) (bool, error) {
	n, err := tx.Exec(`INSERT INTO charge (`+chargeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL)
		ON CONFLICT (subscription, component, price_hash, source) DO NOTHING`, chargeValues(c)...)
	return n == 1, err
}

// chargeValues are the columns of a charge without its invoice.
func chargeValues(c Charge) []any {
	return []any{c.ID, c.Org, c.Subscription, c.Component, c.Price, c.source(), c.Fact, c.Correction, store.At(c.At.From), store.At(c.At.To),
		store.AtOrNull(c.Period.From), store.AtOrNull(c.Period.To), int64(c.Quantity), int64(c.From), c.Exact.String(), store.At(c.CreatedAt)}
}

func selectCharge(tx *store.Tx, id string) (Charge, error) {
	c, err := store.One(tx, scanCharge, "SELECT "+chargeColumns+" FROM charge WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return c, fail.Missing("charge", id)
	}
	return c, err
}

func selectUnbilled(tx *store.Tx, org string, upTo time.Time) ([]Charge, error) {
	return store.All(tx, scanCharge, "SELECT "+chargeColumns+` FROM charge WHERE org = $1 AND to_at <= $2 AND invoice IS NULL
		AND subscription NOT IN (SELECT subscription FROM rating_contract WHERE org = $1 AND waived) ORDER BY subscription, component, from_at, id`, org, store.At(upTo))
}

func selectBilled(tx *store.Tx, invoice string) ([]Charge, error) {
	return store.All(tx, scanCharge, "SELECT "+chargeColumns+" FROM charge WHERE invoice = $1 ORDER BY subscription, component, from_at, id", invoice)
}

func updateBilled(tx *store.Tx, charge, invoice string) (bool, error) {
	n, err := tx.Exec("UPDATE charge SET invoice = $1 WHERE id = $2 AND invoice IS NULL", invoice, charge)
	return n == 1, err
}

// takeUnits adds to the units charged in a period and gives what there was before.
func takeUnits(tx *store.Tx, c Charge) (before money.Quantity, err error) {
	var after int64
	err = tx.QueryRow(`INSERT INTO rating_total (subscription, component, price_hash, period_from, charged) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (subscription, component, price_hash, period_from) DO UPDATE SET charged = rating_total.charged + excluded.charged RETURNING charged`,
		c.Subscription, c.Component, c.Price, store.At(c.Period.From), int64(c.Quantity)).Scan(&after)
	return money.Quantity(after) - c.Quantity, err
}

func insertWindow(tx *store.Tx, id, subscription string) (bool, error) {
	n, err := tx.Exec("INSERT INTO rating_window (id, subscription) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", id, subscription)
	return n == 1, err
}

// selectDue lists organisations with something that may be billed up to an instant.
func selectDue(tx *store.Tx, upTo time.Time, markets []string) (out []string, err error) {
	for places, args := range store.In(markets, store.At(upTo)) {
		some, err := store.All(tx, func(row store.Scanner) (org string, err error) {
			err = row.Scan(&org)
			return org, err
		}, `SELECT DISTINCT k.org FROM rating_contract k WHERE k.market IN `+places+` AND (NOT k.complete AND k.charged_to < $1
			OR EXISTS (SELECT 1 FROM charge c WHERE c.org = k.org AND c.invoice IS NULL AND c.to_at <= $1)) ORDER BY 1`, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// closed is the state in which a period was closed last, and the number of that closing.
type closed struct {
	price.State
	seq int64
}

// insertClosing keeps the state in which a period was closed. Of two that follow the same one the second is worked out
// again, on what the first left.
func insertClosing(tx *store.Tx, invoice string, c Closing, now time.Time) error {
	state, err := json.Marshal(c.Now)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO rating_closing (subscription, price_hash, every, period_from, seq, period_to, state, invoice, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (subscription, price_hash, every, period_from, seq) DO NOTHING`,
		c.Subscription, c.Price, string(c.Every), store.At(c.Period.From), c.seq, store.At(c.Period.To), state, invoice, store.At(now))
	if err == nil && n == 0 {
		err = store.Retry(fail.New(fail.Conflict, "rating.closed", "The period was closed by somebody else at the same time.", "Issue the invoice again."))
	}
	return err
}

// selectStates gives the state in which each period of an organisation's subscriptions was closed last.
func selectStates(tx *store.Tx, org string) (map[closingKey]closed, error) {
	out := map[closingKey]closed{}
	_, err := store.All(tx, func(row store.Scanner) (none struct{}, err error) {
		var k closingKey
		var from store.Time
		var one closed
		var text []byte
		var every string
		if err := row.Scan(&k.subscription, &k.price, &every, &from, &one.seq, &text); err != nil {
			return none, err
		}
		if err := json.Unmarshal(text, &one.State); err != nil {
			return none, fmt.Errorf("closing of %s: %w", k.subscription, err)
		}
		k.every, k.from = price.Every(every), from.Unix()
		out[k] = one
		return none, nil
	}, `SELECT c.subscription, c.price_hash, c.every, c.period_from, c.seq, c.state FROM rating_closing c JOIN rating_contract k ON k.subscription = c.subscription
		WHERE k.org = $1 ORDER BY c.seq`, org)
	return out, err
}
