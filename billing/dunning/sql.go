package dunning

import (
	"encoding/json"
	"errors"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// selectPlan is the plan of a market on a day; the default when it set none.
func selectPlan(tx *store.Tx, market string, on price.Date) (Plan, error) {
	p := Plan{Market: market, Steps: Default()}
	var from, steps string
	err := tx.QueryRow("SELECT from_day, steps FROM dunning_plan WHERE market = $1 AND from_day <= $2 ORDER BY from_day DESC LIMIT 1", market, on.String()).Scan(&from, &steps)
	if errors.Is(err, store.ErrNone) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.Steps = nil
	return p, errors.Join(p.From.UnmarshalText([]byte(from)), json.Unmarshal([]byte(steps), &p.Steps))
}

const caseColumns = "invoice, org, entity, kind, step, state, at"

func scanCase(r store.Scanner) (c Case, err error) {
	var at store.Time
	err = r.Scan(&c.Invoice, &c.Org, &c.Entity, &c.Kind, &c.Step, &c.State, &at)
	c.At = at.Time
	return c, err
}

func selectCase(tx *store.Tx, invoice string) (c Case, found bool, err error) {
	c, err = store.One(tx, scanCase, "SELECT "+caseColumns+" FROM dunning_case WHERE invoice = $1", invoice)
	if errors.Is(err, store.ErrNone) {
		return c, false, nil
	}
	return c, err == nil, err
}

func selectOpenCases(tx *store.Tx, after string, limit int) ([]Case, error) {
	return store.All(tx, scanCase, "SELECT "+caseColumns+" FROM dunning_case WHERE state = 'open' AND invoice > $1 ORDER BY invoice LIMIT $2", after, limit)
}

func selectCases(tx *store.Tx, org string) ([]Case, error) {
	return store.All(tx, scanCase, "SELECT "+caseColumns+" FROM dunning_case WHERE org = $1 ORDER BY invoice DESC LIMIT 100", org)
}

func upsertCase(tx *store.Tx, c Case) error {
	_, err := tx.Exec(`INSERT INTO dunning_case (`+caseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (invoice) DO UPDATE SET
		kind = excluded.kind, step = excluded.step, state = excluded.state, at = excluded.at`, c.Invoice, c.Org, c.Entity, string(c.Kind), c.Step, string(c.State), store.At(c.At))
	return err
}

func scanText(r store.Scanner) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}
