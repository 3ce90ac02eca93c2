package copies

import (
	"errors"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
)

const copyColumns = `id, org, org_path, publisher, subscription, resource, offer_version, class, market, kind, name, region, driver, object, country, city, keeper,
	part, state, bytes, actor, made_at, first_at, changed_at`

func scanCopy(row store.Scanner) (c Copy, err error) {
	var made *store.Time
	var first, changed store.Time
	err = row.Scan(&c.ID, &c.Org, &c.Path, &c.Publisher, &c.Subscription, &c.Resource, &c.OfferVersion, &c.Class, &c.Market, &c.Kind, &c.Name, &c.Region, &c.Driver, &c.Object,
		&c.Country, &c.City, &c.Keeper, &c.Part, &c.State, &c.Bytes, &c.Actor, &made, &first, &changed)
	c.MadeAt, c.FirstAt, c.ChangedAt = made.OrZero(), first.Time, changed.Time
	return c, err
}

func insertCopy(tx *store.Tx, c Copy) error {
	return tx.Send("INSERT INTO copy ("+copyColumns+") VALUES "+store.Places(1, 24), c.values()...)
}

func (c Copy) values() []any {
	return []any{c.ID, c.Org, c.Path, c.Publisher, c.Subscription, c.Resource, c.OfferVersion, c.Class, c.Market, c.Kind, c.Name, c.Region, c.Driver, c.Object, c.Country, c.City,
		c.Keeper, c.Part, c.State, c.Bytes, c.Actor, store.AtOrNull(c.MadeAt), store.At(c.FirstAt), store.At(c.ChangedAt)}
}

func updateCopy(tx *store.Tx, c Copy) error {
	return tx.Send("UPDATE copy SET state = $2, object = $3, bytes = $4, made_at = $5, changed_at = $6, actor = $7, offer_version = $8 WHERE id = $1", c.ID, c.State, c.Object, c.Bytes,
		store.AtOrNull(c.MadeAt), store.At(c.ChangedAt), c.Actor, c.OfferVersion)
}

func selectCopy(tx *store.Tx, id string) (Copy, error) {
	c, err := store.One(tx, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return c, fail.Missing("copy", id)
	}
	return c, err
}

func selectRegion(tx *store.Tx, region string) ([]Copy, error) {
	return store.All(tx, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE region = $1 AND state <> $2 AND kind <> $3 ORDER BY id", region, StateGone, provision.CopyTechnical)
}

func selectOfResource(tx *store.Tx, resource string) ([]Copy, error) {
	return store.All(tx, scanCopy, "SELECT "+copyColumns+" FROM copy WHERE resource = $1 AND state <> $2 ORDER BY id", resource, StateGone)
}

// selectObject finds a living copy by the engine's name of it, or one that was registered before it was made: its name is not
// known yet.
func selectObject(tx *store.Tx, region string, l provision.Copy) (c Copy, ok bool, err error) {
	c, err = store.One(tx, scanCopy, "SELECT "+copyColumns+` FROM copy WHERE region = $1 AND state <> $2 AND (object = $3 OR object = '' AND resource = $4 AND kind = $5)
		ORDER BY object DESC LIMIT 1`, region, StateGone, l.Object, l.Resource, l.Kind)
	if errors.Is(err, store.ErrNone) {
		return c, false, nil
	}
	return c, err == nil, err
}

const incidentColumns = "id, copy, org, org_path, kind, opened_at, closed_at, how, actor, note"

func scanIncident(row store.Scanner) (i Incident, err error) {
	var opened store.Time
	var closed *store.Time
	err = row.Scan(&i.ID, &i.Copy, &i.Org, &i.Path, &i.Kind, &opened, &closed, &i.How, &i.Actor, &i.Note)
	i.OpenedAt, i.ClosedAt = opened.Time, closed.OrZero()
	return i, err
}

func insertIncident(tx *store.Tx, i Incident) error {
	return tx.Send("INSERT INTO copy_incident ("+incidentColumns+") VALUES "+store.Places(1, 10), i.ID, i.Copy, i.Org, i.Path, i.Kind, store.At(i.OpenedAt),
		store.AtOrNull(i.ClosedAt), i.How, i.Actor, i.Note)
}

// openIncident is the one about a copy that is not over; ok is false for none.
func openIncident(tx *store.Tx, copyID string) (i Incident, ok bool, err error) {
	i, err = store.One(tx, scanIncident, "SELECT "+incidentColumns+" FROM copy_incident WHERE copy = $1 AND closed_at IS NULL ORDER BY id DESC LIMIT 1", copyID)
	if errors.Is(err, store.ErrNone) {
		return i, false, nil
	}
	return i, err == nil, err
}

func closeIncident(tx *store.Tx, i Incident) error {
	return tx.Send("UPDATE copy_incident SET closed_at = $2, how = $3, actor = $4, note = $5 WHERE id = $1", i.ID, store.At(i.ClosedAt), i.How, i.Actor, i.Note)
}

func scanLook(row store.Scanner) (l Look, err error) {
	var at store.Time
	var failed *store.Time
	err = row.Scan(&l.Region, &l.Driver, &l.Complete, &l.Found, &at, &failed, &l.Failure)
	if l.At = at.Time; l.At.Unix() <= 0 {
		l.At = time.Time{}
	}
	l.FailedAt = failed.OrZero()
	return l, err
}

func selectLooks(tx *store.Tx) ([]Look, error) {
	return store.All(tx, scanLook, "SELECT region, driver, complete, found, looked_at, failed_at, failure FROM copy_look ORDER BY region")
}

// upsertLook keeps what an engine answered.
func upsertLook(tx *store.Tx, l Look) error {
	return tx.Send(`INSERT INTO copy_look (region, driver, complete, found, looked_at, failed_at, failure) VALUES ($1, $2, $3, $4, $5, NULL, '')
		ON CONFLICT (region) DO UPDATE SET driver = excluded.driver, complete = excluded.complete, found = excluded.found, looked_at = excluded.looked_at, failed_at = NULL, failure = ''`,
		l.Region, l.Driver, l.Complete, l.Found, store.At(l.At))
}

// failLook keeps since when an engine does not answer; what it answered before stays.
func failLook(tx *store.Tx, l Look) error {
	return tx.Send(`INSERT INTO copy_look (region, driver, complete, found, looked_at, failed_at, failure) VALUES ($1, $2, $3, 0, $4, $5, $6)
		ON CONFLICT (region) DO UPDATE SET failed_at = coalesce(copy_look.failed_at, excluded.failed_at), failure = excluded.failure`,
		l.Region, l.Driver, false, store.At(time.Unix(0, 0)), store.At(l.FailedAt), l.Failure)
}
