package licence

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const poolColumns = "subscription, org, path, publisher, name, plan, item, zone, terms, state, capacity, until_at, started_at, settled_at, etag"

func scanPool(row store.Scanner) (p Pool, err error) {
	var terms []byte
	var until *store.Time
	var started, settled store.Time
	if err := row.Scan(&p.Subscription, &p.Org, &p.Path, &p.Publisher, &p.Name, &p.Plan, &p.item, &p.Zone, &terms, &p.State, &p.Capacity, &until, &started, &settled, &p.ETag); err != nil {
		return p, err
	}
	p.Until, p.StartedAt, p.SettledAt = until.OrZero(), started.Time, settled.Time
	return p, json.Unmarshal(terms, &p.Terms)
}

// putPool makes a pool, or changes it when nobody else did since it was read.
func putPool(tx *store.Tx, p *Pool) error {
	terms, err := json.Marshal(p.Terms)
	if err != nil {
		return err
	}
	args := []any{p.Subscription, p.Org, p.Path, p.Publisher, p.Name, p.Plan, p.item, p.Zone, terms, string(p.State), p.Capacity, store.AtOrNull(p.Until),
		store.At(p.StartedAt), store.At(p.SettledAt), p.ETag + 1, 0, store.At(p.SettledAt)}
	n, err := tx.Exec("INSERT INTO licence_pool ("+poolColumns+", turn, due_at) VALUES "+store.Places(1, len(args))+`
		ON CONFLICT (subscription) DO UPDATE SET name = excluded.name, plan = excluded.plan, item = excluded.item, zone = excluded.zone, terms = excluded.terms,
		state = excluded.state, capacity = excluded.capacity, until_at = excluded.until_at, started_at = excluded.started_at, settled_at = excluded.settled_at,
		etag = excluded.etag WHERE licence_pool.etag = excluded.etag - 1`, args...)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("the pool of %s was changed meanwhile", p.Subscription))
	}
	return err
}

func selectPool(tx *store.Tx, subscription string) (Pool, error) {
	p, err := store.One(tx, scanPool, "SELECT "+poolColumns+" FROM licence_pool WHERE subscription = $1", subscription)
	if errors.Is(err, store.ErrNone) {
		return p, fail.Missing("licence", subscription)
	}
	return p, err
}

func selectSold(tx *store.Tx, publisher string, limit int) ([]Pool, error) {
	return store.All(tx, scanPool, "SELECT "+poolColumns+" FROM licence_pool WHERE publisher = $1 AND state <> 'closed' ORDER BY subscription DESC LIMIT $2", publisher, limit)
}

// selectUnsettled lists the pools whose seats were in use since they were reported, or whose hour is not complete.
func selectUnsettled(tx *store.Tx, through time.Time, limit int) ([]string, error) {
	return store.All(tx, scanText, "SELECT subscription FROM licence_pool WHERE settled_at < due_at AND settled_at < $1 AND state <> 'closed' ORDER BY subscription LIMIT $2",
		store.At(through), limit)
}

func scanText(row store.Scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

const licenceColumns = "id, subscription, kind, state, reference, seats, valid_from, valid_to, number, number_mac, document, declared_by, decided_by, note, told, told_at, created_at, changed_at, etag"

func scanLicence(row store.Scanner) (l Licence, err error) {
	var to, toldAt *store.Time
	var from, created, changed store.Time
	err = row.Scan(&l.ID, &l.Subscription, &l.Kind, &l.State, &l.Reference, &l.Seats, &from, &to, &l.sealed, &l.mac, &l.Document, &l.DeclaredBy, &l.DecidedBy, &l.Note,
		&l.Told, &toldAt, &created, &changed, &l.ETag)
	l.From, l.To, l.ToldAt, l.CreatedAt, l.ChangedAt = from.Time, to.OrZero(), toldAt.OrZero(), created.Time, changed.Time
	return l, err
}

func (l Licence) values() []any {
	return []any{l.ID, l.Subscription, string(l.Kind), string(l.State), l.Reference, l.Seats, store.At(l.From), store.AtOrNull(l.To), l.sealed, l.mac, l.Document,
		l.DeclaredBy, l.DecidedBy, l.Note, l.Told, store.AtOrNull(l.ToldAt), store.At(l.CreatedAt), store.At(l.ChangedAt), l.ETag}
}

func insertLicence(tx *store.Tx, l Licence) error {
	v := l.values()
	_, err := tx.Exec("INSERT INTO licence ("+licenceColumns+") VALUES "+store.Places(1, len(v)), v...)
	return err
}

// updateLicence writes it when nobody else did since it was read.
func updateLicence(tx *store.Tx, l *Licence) error {
	n, err := tx.Exec(`UPDATE licence SET state = $2, seats = $3, valid_from = $4, valid_to = $5, decided_by = $6, note = $7, told = $8, told_at = $9, changed_at = $10, etag = etag + 1
		WHERE id = $1 AND etag = $11`, l.ID, string(l.State), l.Seats, store.At(l.From), store.AtOrNull(l.To), l.DecidedBy, l.Note, l.Told, store.AtOrNull(l.ToldAt), store.At(l.ChangedAt), l.ETag)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("licence %s was changed meanwhile", l.ID))
	}
	l.ETag++
	return err
}

func selectLicence(tx *store.Tx, id string) (Licence, error) {
	l, err := store.One(tx, scanLicence, "SELECT "+licenceColumns+" FROM licence WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return l, fail.Missing("licence", id)
	}
	return l, err
}

func selectLicences(tx *store.Tx, subscription string) ([]Licence, error) {
	return store.All(tx, scanLicence, "SELECT "+licenceColumns+" FROM licence WHERE subscription = $1 ORDER BY id", subscription)
}

func selectEnding(tx *store.Tx, by time.Time, limit int) ([]string, error) {
	return store.All(tx, scanText, "SELECT id FROM licence WHERE state = 'valid' AND valid_to <= $1 ORDER BY valid_to, id LIMIT $2", store.At(by), limit)
}

// declaredElsewhere tells whether a number stands in a licence of another organisation.
func declaredElsewhere(tx *store.Tx, l Licence, org string) (bool, error) {
	if l.mac == nil {
		return false, nil
	}
	var n int64
	err := tx.QueryRow(`SELECT COUNT(*) FROM licence l JOIN licence_pool p ON p.subscription = l.subscription
		WHERE l.number_mac = $1 AND p.org <> $2 AND l.state IN ('declared', 'valid')`, l.mac, org).Scan(&n)
	return n > 0, err
}

func scanSeat(row store.Scanner) (s Seat, err error) {
	var since store.Time
	err = row.Scan(&s.No, &s.Person, &s.was, &since)
	s.Since = since.Time
	return s, err
}

func selectSeats(tx *store.Tx, subscription string) ([]Seat, error) {
	return store.All(tx, scanSeat, "SELECT no, person, was, since_at FROM licence_seat WHERE subscription = $1 ORDER BY no", subscription)
}

// putSeat gives a seat that nobody has, or takes it from who has it.
func putSeat(tx *store.Tx, subscription string, s Seat, from string) error {
	n, err := tx.Exec(`INSERT INTO licence_seat (subscription, no, person, was, since_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (subscription, no) DO UPDATE SET person = excluded.person, was = excluded.was, since_at = excluded.since_at WHERE licence_seat.person = $6`,
		subscription, s.No, s.Person, s.was, store.At(s.Since), from)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("seat %d of %s was given meanwhile", s.No, subscription))
	}
	return err
}

const leaseColumns = "id, subscription, holder, device, key, hours, from_at, until_at"

func scanLease(row store.Scanner) (l Lease, err error) {
	var from, until store.Time
	err = row.Scan(&l.ID, &l.Subscription, &l.Holder, &l.Device, &l.key, &l.Hours, &from, &until)
	l.From, l.Until = from.Time, until.Time
	return l, err
}

func insertLease(tx *store.Tx, l Lease) error {
	_, err := tx.Exec("INSERT INTO licence_lease ("+leaseColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		l.ID, l.Subscription, l.Holder, l.Device, l.key, l.Hours, store.At(l.From), store.At(l.Until))
	return err
}

// moveLease changes the end of a seat that is in use.
func moveLease(tx *store.Tx, l Lease, now time.Time) error {
	n, err := tx.Exec("UPDATE licence_lease SET until_at = $2, hours = $3 WHERE id = $1 AND until_at > $4", l.ID, store.At(l.Until), l.Hours, store.At(now))
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("lease %s ended meanwhile", l.ID))
	}
	return err
}

// oneLease finds by a condition of the program's own words; found is false for none.
func oneLease(tx *store.Tx, where string, args ...any) (l Lease, found bool, err error) {
	l, err = store.One(tx, scanLease, "SELECT "+leaseColumns+" FROM licence_lease WHERE "+where, args...)
	if errors.Is(err, store.ErrNone) {
		return l, false, nil
	}
	return l, err == nil, err
}

// selectUse lists the leases that meet from ≤ t < to.
func selectUse(tx *store.Tx, subscription string, from, to time.Time) ([]Lease, error) {
	return store.All(tx, scanLease, "SELECT "+leaseColumns+" FROM licence_lease WHERE subscription = $1 AND until_at > $2 AND from_at < $3 ORDER BY from_at, id",
		subscription, store.At(from), store.At(to))
}

// countUse is how many seats are in use.
func countUse(tx *store.Tx, subscription string, at time.Time) (n int64, err error) {
	err = tx.QueryRow("SELECT COUNT(*) FROM licence_lease WHERE subscription = $1 AND until_at > $2", subscription, store.At(at)).Scan(&n)
	return n, err
}

// endLeases frees all seats at an instant, or those of one holder that were not taken offline.
func endLeases(tx *store.Tx, subscription, holder string, at time.Time) error {
	_, err := tx.Exec("UPDATE licence_lease SET until_at = $3 WHERE subscription = $1 AND ($2 = '' OR holder = $2 AND hours = 0) AND until_at > $3", subscription, holder, store.At(at))
	return err
}

// take takes a seat when one is free: the one conditional update that all rivals meet on.
func take(tx *store.Tx, subscription string, now, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE licence_pool SET turn = turn + 1, due_at = CASE WHEN due_at > $3 THEN due_at ELSE $3 END WHERE subscription = $1 AND state = 'open' AND (capacity < 0
		OR capacity > (SELECT COUNT(*) FROM licence_lease WHERE subscription = $1 AND until_at > $2))`, subscription, store.At(now), store.At(due(until)))
	return n == 1, err
}

// takeFreely is take where a person's own seat serves it on every device: only whether the pool is open counts.
func takeFreely(tx *store.Tx, subscription string, until time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE licence_pool SET turn = turn + 1, due_at = CASE WHEN due_at > $2 THEN due_at ELSE $2 END WHERE subscription = $1 AND state = 'open'",
		subscription, store.At(due(until)))
	return n == 1, err
}

// owe says that use is to be reported up to the end of a lease that was renewed.
func owe(tx *store.Tx, subscription string, until time.Time) error {
	_, err := tx.Exec("UPDATE licence_pool SET due_at = $2 WHERE subscription = $1 AND due_at < $2", subscription, store.At(due(until)))
	return err
}

// due is the end of the hour: windows of usage close by the hour.
func due(until time.Time) time.Time { return until.Add(time.Hour).Truncate(time.Hour) }

func addMonth(tx *store.Tx, subscription string, m Month) error {
	_, err := tx.Exec(`INSERT INTO licence_month (subscription, month, taken, refused, peak, capacity) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (subscription, month) DO UPDATE SET taken = licence_month.taken + excluded.taken, refused = licence_month.refused + excluded.refused,
		capacity = CASE WHEN excluded.peak >= licence_month.peak THEN excluded.capacity ELSE licence_month.capacity END,
		peak = CASE WHEN excluded.peak > licence_month.peak THEN excluded.peak ELSE licence_month.peak END`, subscription, m.Month, m.Taken, m.Refused, m.Peak, m.Capacity)
	return err
}

func selectMonths(tx *store.Tx, subscription string, limit int) ([]Month, error) {
	return store.All(tx, func(row store.Scanner) (m Month, err error) {
		err = row.Scan(&m.Month, &m.Taken, &m.Refused, &m.Peak, &m.Capacity)
		return m, err
	}, "SELECT month, taken, refused, peak, capacity FROM licence_month WHERE subscription = $1 ORDER BY month DESC LIMIT $2", subscription, limit)
}

// dropLeases forgets what ended long ago and was reported.
func dropLeases(tx *store.Tx, before time.Time) error {
	_, err := tx.Exec(`DELETE FROM licence_lease WHERE until_at < $1 AND until_at < (SELECT settled_at FROM licence_pool p WHERE p.subscription = licence_lease.subscription)`, store.At(before))
	return err
}
