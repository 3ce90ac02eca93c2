package meter

import (
	"context"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/trace"
)

// The types of the facts about events in the quarantine; the aggregate is the decision, the payload a HeldFact, and the
// publisher and, when it is known, the customer are concerned.
const (
	FactReleased    = "usage.released.v1" // it is judged again
	FactRejected    = "usage.rejected.v1" // it was taken out
	FactHeldSettled = "usage.decided.v1"  // what became of it
)

// HeldFact is the payload of those facts.
type HeldFact struct {
	Held      string       `json:"held"` // its place in the quarantine
	Publisher string       `json:"publisher"`
	Tenant    string       `json:"tenant,omitempty"`
	Source    string       `json:"source,omitempty"`
	Event     string       `json:"event,omitempty"` // its id
	Subject   string       `json:"subject,omitempty"`
	Why       usage.Reason `json:"why,omitempty"`     // it was held
	Reason    string       `json:"reason,omitempty"`  // of whoever decided, in words
	Outcome   string       `json:"outcome,omitempty"` // "accepted", "rejected", or the reason why it is held still
}

// decision is what was decided about a held event.
type decision struct {
	held, id, publisher, tenant, kind string
}

const (
	decideRelease = "release"
	decideAgain   = "again" // with the cut-off
	decideReject  = "reject"
)

// HeldEvent gives one event in the quarantine with what it says, to those who may see the publisher's quarantine.
func (m *Meters) HeldEvent(ctx context.Context, c access.Caller, held string) (usage.Held, error) {
	h, _, err := m.heldEvent(ctx, c, held, access.QuarantineRead)
	return h, err
}

// heldEvent gives it to those who may do one of the actions about it.
func (m *Meters) heldEvent(ctx context.Context, c access.Caller, held string, actions ...access.Action) (usage.Held, access.Action, error) {
	h, err := m.usage.HeldEvent(ctx, held)
	if err != nil {
		return usage.Held{}, "", err
	}
	var first error
	var can access.Action
	for _, a := range actions {
		if _, err := m.allowed(ctx, c, a, h.Publisher); err == nil {
			can = a
			break
		} else if first == nil {
			first = err
		}
	}
	if can == "" {
		return usage.Held{}, "", first
	}
	if h.Reason == usage.ForeignSubject && c.Org == h.Publisher {
		h.Reason = usage.UnknownSubject
	}
	return h, can, nil
}

// Release lets a held event be judged again. Who may decide about the quarantine lets it past the cut-off: one that came
// too late counts in the window that is open. Its publisher may have it judged as if it was sent again, for example once
// the plan has the meter, but not past the cut-off, which protects the customer. Traced with the reason; what became of it
// is a fact of its own a moment later. Errors: fail.Invalid (no reason), fail.NotFound, fail.Denied (cut-off),
// fail.Conflict (decided before).
func (m *Meters) Release(ctx context.Context, c access.Caller, held, reason string) error {
	return m.decide(ctx, c, held, reason, decideRelease, FactReleased)
}

// Reject takes a held event out of the quarantine for good, with a reason. Its publisher may, and who may decide about the
// quarantine. Errors as of Release.
func (m *Meters) Reject(ctx context.Context, c access.Caller, held, reason string) error {
	return m.decide(ctx, c, held, reason, decideReject, FactRejected)
}

func (m *Meters) decide(ctx context.Context, c access.Caller, held, reason, kind, fact string) error {
	h, as, err := m.heldEvent(ctx, c, held, access.QuarantineDecide, access.QuarantineAnswer)
	if err != nil {
		return err
	}
	if as == access.QuarantineAnswer && kind == decideRelease {
		if kind = decideAgain; h.Reason == usage.TooLate {
			return fail.New(fail.Denied, "usage.cut_off", "The event came after the cut-off, which protects the customer.", "Ask the operator, who decides about it.").
				Because(fail.Reason{Rule: "usage.cut_off", Text: "Only the operator lets usage count that came after the cut-off."})
		}
	}
	if reason, err = reasonText("reason", reason); err != nil {
		return err
	}
	d := decision{held: held, id: m.ids.New("dec"), publisher: h.Publisher, tenant: h.Tenant, kind: kind}
	return m.db.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := insertDecision(tx, d, m.now())
		if err != nil {
			return err
		}
		if !fresh {
			return fail.New(fail.Conflict, "usage.decided", "That event is being decided about already.", "Look at the quarantine again in a moment.")
		}
		tx.AfterCommit(func() { m.db.WakeLocal(topicSubjects) })
		return m.recordHeld(tx, d, fact, c.Ref(), HeldFact{Held: held, Publisher: h.Publisher, Tenant: h.Tenant, Source: h.Source, Event: h.ID,
			Subject: h.Subject, Why: h.Reason, Reason: reason})
	})
}

func (m *Meters) recordHeld(tx *store.Tx, d decision, kind, actor string, f HeldFact) error {
	fact := trace.Fact{Type: kind, Aggregate: d.id, Owner: d.publisher, Actor: actor, At: m.now(), Machine: f}
	if d.tenant != "" {
		fact.Parties = []string{d.tenant}
	}
	_, err := m.facts.Record(tx, fact)
	return err
}

// tellDecisions carries decisions to the usage store. Idempotent: an event that is not held any more was decided about
// in an attempt that a kill cut short, or was accepted meanwhile.
func (m *Meters) tellDecisions(ctx context.Context) (int, error) {
	var list []decision
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = openDecisions(tx, syncRows)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("decisions to tell: %w", err)
	}
	for _, d := range list {
		outcome, err := m.tellDecision(ctx, d)
		if err != nil {
			return 0, fmt.Errorf("decision about held event %s: %w", d.held, err)
		}
		err = m.db.Tx(ctx, func(tx *store.Tx) error {
			if fresh, err := settleDecision(tx, d); err != nil || !fresh {
				return err
			}
			return m.recordHeld(tx, d, FactHeldSettled, access.System("meter").Ref(),
				HeldFact{Held: d.held, Publisher: d.publisher, Tenant: d.tenant, Outcome: outcome})
		})
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func (m *Meters) tellDecision(ctx context.Context, d decision) (outcome string, err error) {
	if d.kind == decideReject {
		if err = m.usage.Reject(ctx, d.held); err == nil || fail.Is(err, fail.NotFound) {
			return string(usage.Rejected), nil
		}
		return "", err
	}
	judge := m.usage.Release
	if d.kind == decideAgain {
		judge = m.usage.Again
	}
	v, err := judge(ctx, d.held)
	switch {
	case fail.Is(err, fail.NotFound):
		return string(usage.Accepted), nil
	case err != nil:
		return "", err
	case v.Status == usage.Accepted || v.Status == usage.Duplicate:
		return string(usage.Accepted), nil
	}
	return string(v.Reason), nil
}
