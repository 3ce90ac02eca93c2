package provision

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const resourceColumns = `id, org, org_path, publisher, subscription, order_id, item, cancels, offer_version, plan, kind, driver, target, region,
	desired, spec, generation, applied, state, delete_owed, outputs, secrets, token, condition, since, created_at`

func scanResource(row store.Scanner) (r Resource, err error) {
	var target, outputs store.JSON
	var spec []byte
	var since, created store.Time
	err = row.Scan(&r.ID, &r.Org, &r.Path, &r.Publisher, &r.Subscription, &r.Order, &r.Item, &r.Cancels, &r.OfferVersion, &r.Plan, &r.Kind, &r.Driver,
		&target, &r.Region, &r.Desired, &spec, &r.Generation, &r.Applied, &r.State, &r.DeleteOwed, &outputs, &r.sealed, &r.token, &r.Condition, &since, &created)
	if err != nil {
		return r, err
	}
	r.Spec, r.Since, r.CreatedAt = spec, since.Time, created.Time
	return r, errors.Join(target.Into(&r.Target), outputs.Into(&r.Outputs))
}

func selectResource(tx *store.Tx, id string) (Resource, error) {
	r, err := store.One(tx, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return r, fail.Missing("resource", id)
	}
	return r, err
}

func selectBySubscription(tx *store.Tx, subscription string) (Resource, error) {
	r, err := store.One(tx, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE subscription = $1 ORDER BY id DESC LIMIT 1", subscription)
	if errors.Is(err, store.ErrNone) {
		return r, fail.Missing("resource", subscription)
	}
	return r, err
}

// selectByDecision gives the resource that the wish led to before, "" for none.
func selectByDecision(tx *store.Tx, w Want) (id string, err error) {
	if w.Decision == "" {
		return "", nil
	}
	err = tx.QueryRow("SELECT coalesce(max(id), '') FROM resource WHERE subscription = $1 AND decision = $2", w.Subscription, w.Decision).Scan(&id)
	return id, err
}

func insertResource(tx *store.Tx, r Resource) error {
	target, err := store.Doc(r.Target)
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO resource (`+resourceColumns+`, decision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
		$18, $19, $20, $21, $22, $23, $24, $25, $26, $27)`, r.ID, r.Org, r.Path, r.Publisher, r.Subscription, r.Order, r.Item, r.Cancels, r.OfferVersion, r.Plan, r.Kind, r.Driver,
		target, r.Region, r.Desired, []byte(r.Spec), r.Generation, r.Applied, r.State, r.DeleteOwed, nil, nil, r.token, r.Condition, store.At(r.Since), store.At(r.CreatedAt), r.decision)
	return err
}

func updateResource(tx *store.Tx, r Resource) error {
	outputs, err := store.Doc(r.Outputs)
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE resource SET item = $2, desired = $3, spec = $4, generation = $5, applied = $6, state = $7, delete_owed = $8, outputs = $9,
		secrets = $10, condition = $11, since = $12, plan = $13, offer_version = $14, cancels = $15, token = $16 WHERE id = $1`, r.ID, r.Item, r.Desired, []byte(r.Spec), r.Generation,
		r.Applied, r.State, r.DeleteOwed, outputs, r.sealed, r.Condition, store.At(r.Since), r.Plan, r.OfferVersion, r.Cancels, r.token)
	return err
}

const runColumns = `id, resource, action, item, generation, spec, phase, begun, cancelling, attempt, handle, percent, message, need, input, failure,
	leftovers, deadline, started_at, ended_at`

func scanRun(row store.Scanner) (o Run, err error) {
	var need, failure, leftovers store.JSON
	var spec, handle, input []byte
	var deadline, started store.Time
	var ended *store.Time
	err = row.Scan(&o.ID, &o.Resource, &o.Action, &o.Item, &o.Generation, &spec, &o.Phase, &o.Begun, &o.Cancelling, &o.Attempt, &handle, &o.Percent,
		&o.Message, &need, &input, &failure, &leftovers, &deadline, &started, &ended)
	if err != nil {
		return o, err
	}
	o.Spec, o.Handle, o.Input = spec, handle, input
	o.Deadline, o.StartedAt, o.EndedAt = deadline.Time, started.Time, ended.OrZero()
	return o, errors.Join(need.Into(&o.Need), failure.Into(&o.Failure), leftovers.Into(&o.Leftovers))
}

func insertRun(tx *store.Tx, o Run) error {
	err := tx.Send(`INSERT INTO operation (id, resource, action, item, generation, spec, phase, begun, cancelling, attempt, percent, message, deadline, started_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, o.ID, o.Resource, o.Action, o.Item, o.Generation, []byte(o.Spec), o.Phase,
		false, false, o.Attempt, 0, "", store.At(o.Deadline), store.At(o.StartedAt))
	return err
}

func updateRun(tx *store.Tx, o Run) error {
	docs := make([]store.JSON, 3)
	for i, v := range []any{o.Need, o.Failure, o.Leftovers} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		docs[i] = b
	}
	err := tx.Send(`UPDATE operation SET phase = $2, begun = $3, cancelling = $4, attempt = $5, handle = $6, percent = $7, message = $8, need = $9,
		input = $10, failure = $11, leftovers = $12, ended_at = $13 WHERE id = $1`, o.ID, o.Phase, o.Begun, o.Cancelling, o.Attempt, []byte(o.Handle),
		o.Percent, o.Message, docs[0], []byte(o.Input), docs[1], docs[2], store.AtOrNull(o.EndedAt))
	return err
}

// openRun is the operation under way, if any: at most one a resource.
func openRun(tx *store.Tx, resource string) (Run, bool, error) {
	o, err := store.One(tx, scanRun, "SELECT "+runColumns+" FROM operation WHERE resource = $1 AND ended_at IS NULL ORDER BY id LIMIT 1", resource)
	if errors.Is(err, store.ErrNone) {
		return o, false, nil
	}
	return o, err == nil, err
}

func selectRun(tx *store.Tx, id string) (Run, error) {
	o, err := store.One(tx, scanRun, "SELECT "+runColumns+" FROM operation WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return o, fail.Missing("operation", id)
	}
	return o, err
}

func selectRuns(tx *store.Tx, resource string) ([]Run, error) {
	return store.All(tx, scanRun, "SELECT "+runColumns+" FROM operation WHERE resource = $1 ORDER BY id", resource)
}

func selectIntervals(tx *store.Tx, resource string) ([]Interval, error) {
	return store.All(tx, func(row store.Scanner) (i Interval, err error) {
		var from store.Time
		var to *store.Time
		err = row.Scan(&from, &to, &i.Condition, &i.Detail)
		i.From, i.To = from.Time, to.OrZero()
		return i, err
	}, "SELECT from_at, to_at, condition, detail FROM availability WHERE resource = $1 ORDER BY from_at", resource)
}

// openInterval ends the present interval and begins the next at the instant.
func openInterval(tx *store.Tx, resource string, at time.Time, c Condition, detail string) error {
	if err := tx.Send("UPDATE availability SET to_at = $2 WHERE resource = $1 AND to_at IS NULL", resource, store.At(at)); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO availability (resource, from_at, condition, detail) VALUES ($1, $2, $3, $4)
		ON CONFLICT (resource, from_at) DO UPDATE SET condition = excluded.condition, detail = excluded.detail, to_at = NULL`, resource, store.At(at), c, detail)
	return err
}
