package usage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Held is an event in the quarantine: it is kept in the log and counts nowhere. One that was accepted later, rejected by
// the operator, or released, is not there any more.
type Held struct {
	Cursor     string // for Quarantine; it names the event
	Publisher  string
	Tenant     string
	Source, ID string
	Subject    string
	Reason     Reason
	ReceivedAt time.Time // the last time
	Times      int64     // how often it came
	Event      string    // canonical form; HeldEvent gives it, lists leave it out

	key       heldKey
	canonical []byte
}

// Scope says whose quarantine is listed: of a publisher, of a customer, or (both empty) all of it, for the operator.
type Scope struct{ Publisher, Tenant string }

// HeldFilter narrows a list of held events; its zero value does not.
type HeldFilter struct {
	Reason            Reason
	Publisher, Source string
}

const heldColumns = "batch, place, publisher, tenant, source, event_id, subject, reason, received_at, times, event_key, event_hash"

func scanHeld(row store.Scanner) (h Held, err error) {
	var batch, place int64
	var at store.Time
	var reason string
	err = row.Scan(&batch, &place, &h.Publisher, &h.Tenant, &h.Source, &h.ID, &h.Subject, &reason, &at, &h.Times, &h.key.Key, &h.key.Hash)
	h.Cursor, h.Reason, h.ReceivedAt = fmt.Sprintf("%d.%d", batch, place), Reason(reason), at.Time
	return h, err
}

func parseCursor(text string) (batch, place int64, err error) {
	if text == "" {
		return 0, 0, nil
	}
	if _, err := fmt.Sscanf(text, "%d.%d", &batch, &place); err != nil || fmt.Sprintf("%d.%d", batch, place) != text {
		return 0, 0, fail.New(fail.Invalid, "usage.cursor", "The cursor is not one of this list.", "Start again from the beginning.")
	}
	return batch, place, nil
}

// Quarantine lists held events, oldest first, after a cursor ("" for the first). A publisher reads UnknownSubject for
// another's subscription.
func (s *Store) Quarantine(ctx context.Context, scope Scope, f HeldFilter, after string, limit int) (list []Held, err error) {
	batch, place, err := parseCursor(after)
	if err != nil {
		return nil, err
	}
	also := f.Reason
	if scope != (Scope{}) && f.Reason == UnknownSubject {
		also = ForeignSubject
	} else if scope != (Scope{}) && f.Reason == ForeignSubject {
		return nil, nil
	}
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanHeld, "SELECT "+heldColumns+` FROM usage_quarantine
			WHERE (batch > $1 OR batch = $1 AND place > $2) AND ($3 = '' OR publisher = $3) AND ($4 = '' OR tenant = $4)
			AND ($6 = '' OR reason = $6 OR reason = $7) AND ($8 = '' OR publisher = $8) AND ($9 = '' OR source = $9)
			ORDER BY batch, place LIMIT $5`, batch, place, scope.Publisher, scope.Tenant, limit, string(f.Reason), string(also), f.Publisher, f.Source)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	for i := range list {
		if list[i].Reason == ForeignSubject && scope != (Scope{}) {
			list[i].Reason = UnknownSubject
		}
	}
	return list, nil
}

// HeldEvent is one event in the quarantine with what it says. It is not scoped. Error: fail.NotFound.
func (s *Store) HeldEvent(ctx context.Context, cursor string) (h Held, err error) {
	batch, place, err := parseCursor(cursor)
	if err != nil {
		return h, fail.Missing("held event", cursor)
	}
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		h, err = store.One(tx, scanHeld, "SELECT "+heldColumns+" FROM usage_quarantine WHERE batch = $1 AND place = $2", batch, place)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return h, fail.Missing("held event", cursor)
	}
	if err != nil {
		return h, fmt.Errorf("held event %s: %w", cursor, err)
	}
	r := s.log.Reader()
	defer func() { err = errors.Join(err, r.Close()) }()
	events, err := readEvents(r, uint64(batch), nil)
	if err == nil && place >= int64(len(events)) {
		err = fmt.Errorf("record %d of the usage log has no event %d", batch, place)
	}
	if err != nil {
		return h, err
	}
	h.canonical = slices.Clone(events[place])
	h.Event = string(h.canonical)
	return h, nil
}

// Release lets a held event be judged again, whatever the cut-off says: one that came after it counts in the window that
// is open. What refuses it otherwise refuses it still. An event that is not held any more was decided before. The caller
// has authorised it. Errors: fail.NotFound, fail.Unavailable.
func (s *Store) Release(ctx context.Context, cursor string) (Verdict, error) {
	return s.judgeAgain(ctx, cursor, holdsRelease)
}

// Again judges a held event as if it was sent again: the cut-off holds as well. Errors as of Release.
func (s *Store) Again(ctx context.Context, cursor string) (Verdict, error) {
	return s.judgeAgain(ctx, cursor, holdsEvents)
}

func (s *Store) judgeAgain(ctx context.Context, cursor string, as byte) (Verdict, error) {
	h, err := s.HeldEvent(ctx, cursor)
	if err != nil {
		return Verdict{}, err
	}
	payload := binary.AppendUvarint([]byte{as}, uint64(len(h.canonical)))
	payload = append(payload, h.canonical...)
	b := batchlog.Batch{Principal: h.Publisher, Count: 1, Payload: payload}
	r, err := readRecord(b)
	if err != nil {
		return Verdict{}, err
	}
	r.done = make(chan struct{})
	if err := s.append(ctx, r, b); err != nil {
		return Verdict{}, err
	}
	return r.verdicts[0], nil
}

// Reject takes a held event out of the quarantine: it counts nowhere, and stays in the log. Sent again it is judged
// anew. The caller has authorised it. Errors: fail.NotFound, fail.Unavailable.
func (s *Store) Reject(ctx context.Context, cursor string) error {
	h, err := s.HeldEvent(ctx, cursor)
	if err != nil {
		return err
	}
	return s.control(ctx, control{Reject: &h.key})
}
