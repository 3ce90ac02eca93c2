package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// timeForm is fixed-width UTC with microseconds: text that sorts as time does.
const timeForm = "2006-01-02T15:04:05.000000Z"

// Time is an instant as a column value: the same order, equality and max() on both engines. NULL scans into a *Time
// that stays nil.
type Time struct{ time.Time }

// At makes a Time, cut to the microsecond that both engines keep.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// AtOrNull is At, or NULL for the zero time.
func AtOrNull(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	at := At(t)
	return &at
}

// OrZero is the instant, or the zero time for NULL.
func (t *Time) OrZero() time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// Value is for database/sql.
func (t Time) Value() (driver.Value, error) { return t.UTC().Format(timeForm), nil }

// Scan is for database/sql.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*t = At(v)
		return nil
	case string:
		p, err := time.Parse(timeForm, v)
		if err != nil {
			return fmt.Errorf("stored instant: %w", err)
		}
		*t = Time{p}
		return nil
	}
	return fmt.Errorf("stored instant: %T is neither text nor time", src)
}

// JSON is a document as a column value. PostgreSQL rewrites its spacing: what is hashed is stored as BYTEA instead.
type JSON []byte

// Doc marshals v for a JSONB column.
func Doc(v any) (JSON, error) {
	b, err := json.Marshal(v)
	return b, err
}

// Into unmarshals the document; an empty one leaves v as it is.
func (j JSON) Into(v any) error {
	if len(j) == 0 {
		return nil
	}
	return json.Unmarshal(j, v)
}

// Value is for database/sql.
func (j JSON) Value() (driver.Value, error) {
	if j == nil {
		return nil, nil
	}
	return string(j), nil
}

// Scan is for database/sql.
func (j *JSON) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*j = nil
	case string:
		*j = JSON(v)
	case []byte:
		*j = append(JSON(nil), v...)
	default:
		return fmt.Errorf("stored document: %T is neither text nor bytes", src)
	}
	return nil
}
