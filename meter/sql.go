package meter

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

type subjectRow struct {
	subject  usage.Subject
	ended    *store.Time
	complete bool // at the end all usage had been handed over
	dirty    int64
}

func scanSubject(row store.Scanner) (s subjectRow, err error) {
	var terms []byte
	if err := row.Scan(&terms, &s.ended, &s.complete, &s.dirty); err != nil {
		return s, err
	}
	return s, json.Unmarshal(terms, &s.subject)
}

// putSubject makes or changes a subject; an ended one stays as it is.
func putSubject(tx *store.Tx, in usage.Subject) error {
	terms, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO meter_subject (id, tenant, publisher, terms, complete, dirty) VALUES ($1, $2, $3, $4, FALSE, 1)
		ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, dirty = meter_subject.dirty + 1
		WHERE meter_subject.ended_at IS NULL`, in.ID, in.Tenant, in.Publisher, terms)
	if err != nil {
		return fmt.Errorf("subject %s: %w", in.ID, err)
	}
	return nil
}

// endSubject ends a subject once; the first end stays.
func endSubject(tx *store.Tx, id string, at store.Time, complete bool) error {
	_, err := tx.Exec("UPDATE meter_subject SET ended_at = $1, complete = $2, dirty = dirty + 1 WHERE id = $3 AND ended_at IS NULL", at, complete, id)
	if err != nil {
		return fmt.Errorf("end of subject %s: %w", id, err)
	}
	return nil
}

func dirtySubjects(tx *store.Tx, limit int) ([]subjectRow, error) {
	return store.All(tx, scanSubject, "SELECT terms, ended_at, complete, dirty FROM meter_subject WHERE dirty > 0 ORDER BY id LIMIT $1", limit)
}

// cleanSubject marks what the usage store was told, unless the row has changed since.
func cleanSubject(tx *store.Tx, s subjectRow) error {
	_, err := tx.Exec("UPDATE meter_subject SET dirty = 0 WHERE id = $1 AND dirty = $2", s.subject.ID, s.dirty)
	return err
}

func selectSubject(tx *store.Tx, id string) (subjectRow, error) {
	s, err := store.One(tx, scanSubject, "SELECT terms, ended_at, complete, dirty FROM meter_subject WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return s, fail.Missing("subscription", id)
	}
	return s, err
}

const windowColumns = "id, position, tenant, subject, source, kind, corrects, from_at, to_at, events, sums, digest, closed_at"

func scanWindow(row store.Scanner) (w usage.Window, err error) {
	var from, to, closed store.Time
	var sums, digest []byte
	var kind string
	err = row.Scan(&w.ID, &w.Cursor, &w.Tenant, &w.Subject, &w.Source, &kind, &w.Corrects, &from, &to, &w.Events, &sums, &digest, &closed)
	if err != nil {
		return w, err
	}
	w.Kind, w.From, w.To, w.ClosedAt = usage.Kind(kind), from.Time, to.Time, closed.Time
	copy(w.Digest[:], digest)
	return w, json.Unmarshal(sums, &w.Sums)
}

// insertWindow tells whether the window was new.
func insertWindow(tx *store.Tx, w usage.Window, publisher string) (bool, error) {
	sums, err := json.Marshal(w.Sums)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO meter_window (id, position, tenant, publisher, subject, source, kind, corrects, from_at, to_at, events, sums, digest, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING`,
		w.ID, w.Cursor, w.Tenant, publisher, w.Subject, w.Source, string(w.Kind), w.Corrects, store.At(w.From), store.At(w.To), w.Events,
		sums, w.Digest[:], store.At(w.ClosedAt))
	if err != nil {
		return false, fmt.Errorf("window %s: %w", w.ID, err)
	}
	return n == 1, nil
}

func lastPosition(tx *store.Tx) (n int64, err error) {
	err = tx.QueryRow("SELECT coalesce(max(position), 0) FROM meter_window").Scan(&n)
	return n, err
}

func selectWindow(tx *store.Tx, id string) (usage.Window, error) {
	w, err := store.One(tx, scanWindow, "SELECT "+windowColumns+" FROM meter_window WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return w, fail.Missing("usage window", id)
	}
	return w, err
}

func selectWindows(tx *store.Tx, tenant, subject string, after int64, limit int) ([]usage.Window, error) {
	return store.All(tx, scanWindow, "SELECT "+windowColumns+` FROM meter_window
		WHERE tenant = $1 AND subject = $2 AND position > $3 ORDER BY position LIMIT $4`, tenant, subject, after, limit)
}

func selectWindowsIn(tx *store.Tx, tenant, subject string, from, to time.Time, after int64, limit int) ([]usage.Window, error) {
	return store.All(tx, scanWindow, "SELECT "+windowColumns+` FROM meter_window
		WHERE tenant = $1 AND subject = $2 AND to_at > $3 AND to_at <= $4 AND position > $5 ORDER BY position LIMIT $6`,
		tenant, subject, store.At(from), store.At(to), after, limit)
}
