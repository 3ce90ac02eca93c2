package meter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

// insertDecision tells whether nothing is being decided about the event; one that was settled and is held still may be
// decided again.
func insertDecision(tx *store.Tx, d decision, at time.Time) (bool, error) {
	n, err := tx.Exec(`INSERT INTO meter_decision (held, id, publisher, tenant, kind, state, decided_at) VALUES ($1, $2, $3, $4, $5, 'decided', $6)
		ON CONFLICT (held) DO UPDATE SET id = excluded.id, kind = excluded.kind, state = 'decided', decided_at = excluded.decided_at
		WHERE meter_decision.state <> 'decided'`, d.held, d.id, d.publisher, d.tenant, d.kind, store.At(at))
	return n == 1, err
}

func openDecisions(tx *store.Tx, limit int) ([]decision, error) {
	return store.All(tx, func(row store.Scanner) (d decision, err error) {
		err = row.Scan(&d.held, &d.id, &d.publisher, &d.tenant, &d.kind)
		return d, err
	}, "SELECT held, id, publisher, tenant, kind FROM meter_decision WHERE state = 'decided' ORDER BY held LIMIT $1", limit)
}

func settleDecision(tx *store.Tx, d decision) (bool, error) {
	n, err := tx.Exec("UPDATE meter_decision SET state = 'settled' WHERE held = $1 AND id = $2 AND state = 'decided'", d.held, d.id)
	return n == 1, err
}

const disputeColumns = "id, tenant, publisher, subject, window_id, source, state, reason, answer, opened_at, changed_at"

func scanDispute(row store.Scanner) (d Dispute, err error) {
	var state string
	var opened, changed store.Time
	err = row.Scan(&d.ID, &d.Tenant, &d.Publisher, &d.Subject, &d.Window, &d.Source, &state, &d.Reason, &d.Answer, &opened, &changed)
	d.State, d.OpenedAt, d.ChangedAt = DisputeState(state), opened.Time, changed.Time
	return d, err
}

func insertDispute(tx *store.Tx, d *Dispute) error {
	_, err := tx.Exec("INSERT INTO meter_dispute ("+disputeColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", d.ID, d.Tenant, d.Publisher,
		d.Subject, d.Window, d.Source, string(d.State), d.Reason, d.Answer, store.At(d.OpenedAt), store.At(d.ChangedAt))
	for i, e := range d.Events {
		if err == nil {
			_, err = tx.Exec("INSERT INTO meter_dispute_event (dispute, place, event_id, event, claim, outcome) VALUES ($1, $2, $3, $4, $5, '')",
				d.ID, i, e.ID, []byte(e.Event), e.Claim)
		}
	}
	if err != nil {
		return fmt.Errorf("dispute: %w", err)
	}
	return nil
}

// freeToDispute refuses events that are in a dispute which is not over, or were settled by one.
func freeToDispute(tx *store.Tx, d *Dispute) error {
	marks, args := make([]string, len(d.Events)), []any{d.Window}
	for i, e := range d.Events {
		marks[i] = fmt.Sprintf("$%d", i+2)
		args = append(args, e.ID)
	}
	var event, dispute string
	err := tx.QueryRow(`SELECT e.event_id, d.id FROM meter_dispute d JOIN meter_dispute_event e ON e.dispute = d.id
		WHERE d.window_id = $1 AND d.state NOT IN ('withdrawn', 'upheld') AND e.event_id IN (`+strings.Join(marks, ",")+`) ORDER BY d.id LIMIT 1`, args...).Scan(&event, &dispute)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return fail.New(fail.Conflict, "dispute.twice", "One of the events is in another dispute.", "Leave it out, or look at that dispute.").
		With("event", event).With("dispute", dispute)
}

func updateDispute(tx *store.Tx, d *Dispute, from DisputeState) error {
	n, err := tx.Exec("UPDATE meter_dispute SET state = $1, answer = $2, changed_at = $3 WHERE id = $4 AND state = $5",
		string(d.State), d.Answer, store.At(d.ChangedAt), d.ID, string(from))
	if err == nil && n != 1 {
		err = fmt.Errorf("dispute %s is not %s any more", d.ID, from)
	}
	return err
}

func updateOutcomes(tx *store.Tx, d *Dispute) error {
	for i, e := range d.Events {
		if _, err := tx.Exec("UPDATE meter_dispute_event SET outcome = $1 WHERE dispute = $2 AND place = $3", e.Outcome, d.ID, i); err != nil {
			return err
		}
	}
	return nil
}

func selectDispute(tx *store.Tx, id string) (Dispute, error) {
	d, err := store.One(tx, scanDispute, "SELECT "+disputeColumns+" FROM meter_dispute WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return d, fail.Missing("dispute", id)
	}
	if err != nil {
		return d, err
	}
	d.Events, err = store.All(tx, func(row store.Scanner) (e DisputedEvent, err error) {
		var text []byte
		err = row.Scan(&e.ID, &text, &e.Claim, &e.Outcome)
		e.Event = string(text)
		return e, err
	}, "SELECT event_id, event, claim, outcome FROM meter_dispute_event WHERE dispute = $1 ORDER BY place", id)
	return d, err
}

func selectDisputes(tx *store.Tx, org string, f DisputeFilter, before string, limit int) ([]Dispute, error) {
	return store.All(tx, scanDispute, "SELECT "+disputeColumns+` FROM meter_dispute
		WHERE ($1 = '' OR tenant = $1 OR publisher = $1) AND ($2 = '' OR id < $2) AND ($4 = '' OR state = $4) AND ($5 = '' OR window_id = $5)
		ORDER BY id DESC LIMIT $3`, org, before, limit, string(f.State), f.Window)
}

func selectCorrections(tx *store.Tx, d *Dispute) ([]usage.Window, error) {
	return store.All(tx, scanWindow, "SELECT "+windowColumns+` FROM meter_window WHERE tenant = $1 AND subject = $2 AND corrects = $3 AND closed_at >= $4
		ORDER BY position LIMIT 20`, d.Tenant, d.Subject, d.Window, store.At(d.ChangedAt))
}

func acceptedDisputes(tx *store.Tx, limit int) ([]Dispute, error) {
	ids, err := store.All(tx, func(row store.Scanner) (id string, err error) {
		err = row.Scan(&id)
		return id, err
	}, "SELECT id FROM meter_dispute WHERE state = 'accepted' ORDER BY id LIMIT $1", limit)
	list := make([]Dispute, len(ids))
	for i, id := range ids {
		if err == nil {
			list[i], err = selectDispute(tx, id)
		}
	}
	return list, err
}
