package meter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// Dispute opens a dispute about events of a closed window: each must be counted there, and not be in doubt already. The
// customer's people may. Errors: fail.Invalid, fail.Conflict, fail.NotFound.
func (m *Meters) Dispute(ctx context.Context, c access.Caller, in DisputeInput) (Dispute, error) {
	w, err := m.Window(ctx, c, in.Window)
	if err != nil {
		return Dispute{}, err
	}
	if err := m.db.Read(ctx, func(tx *store.Tx) error { return m.check(tx, c, access.DisputeOpen, w.Tenant, "usage window", w.ID) }); err != nil {
		return Dispute{}, err
	}
	if in.Reason, err = reasonText("reason", in.Reason); err != nil {
		return Dispute{}, err
	}
	if err := in.check(); err != nil {
		return Dispute{}, err
	}
	now := m.now()
	d := Dispute{ID: m.ids.New("dis"), Tenant: w.Tenant, Subject: w.Subject, Window: w.ID, Source: w.Source, State: DisputeOpen, Reason: in.Reason,
		OpenedAt: now, ChangedAt: now, Events: slices.Clone(in.Events)}
	if err := m.findDisputed(ctx, &d); err != nil {
		return Dispute{}, err
	}
	err = m.db.Tx(ctx, func(tx *store.Tx) error {
		s, err := selectSubject(tx, d.Subject)
		if err != nil {
			return err
		}
		d.Publisher = s.subject.Publisher
		if err := freeToDispute(tx, &d); err != nil {
			return err
		}
		if err := insertDispute(tx, &d); err != nil {
			return err
		}
		return m.recordDispute(tx, &d, FactDisputed, c.Ref(), d.Reason, true)
	})
	return d, err
}

// findDisputed fills in what the window counted.
func (m *Meters) findDisputed(ctx context.Context, d *Dispute) error {
	at := map[string]int{}
	for i, e := range d.Events {
		at[e.ID] = i
	}
	err := m.usage.WindowEvents(ctx, d.Tenant, d.Window, func(canonical []byte) error {
		e, err := proof.ParseEvent(string(canonical))
		if err != nil {
			return err
		}
		if i, ok := at[e.ID]; ok && e.Counts() {
			d.Events[i].Event = string(canonical)
			delete(at, e.ID)
		}
		return nil
	})
	if err != nil || len(at) == 0 {
		return err
	}
	bad := fail.New(fail.Invalid, "dispute.events", "The window did not count all of the events.", "Take the ids from the window's events.")
	for i, e := range d.Events {
		if e.Event == "" {
			bad = bad.Field(fmt.Sprintf("events.%d.id", i), "is no event of the window")
		}
	}
	return bad
}

// disputeSide is on which side of a dispute the caller stands, by what it may do.
func (m *Meters) disputeSide(tx *store.Tx, c access.Caller, d *Dispute, sides ...Side) (Side, error) {
	var first error
	for _, side := range sides {
		org, action := d.Tenant, access.DisputeOpen
		switch side {
		case SidePublisher:
			org, action = d.Publisher, access.DisputeAnswer
		case SideOperator:
			action = access.DisputeDecide
		}
		err := m.check(tx, c, action, org, "dispute", d.ID)
		if err == nil {
			return side, nil
		}
		if first == nil || fail.Is(first, fail.NotFound) {
			first = err
		}
	}
	return "", first
}

// AcceptDispute gives the customer right: each event is amended to the claim or voided. The publisher may, and the
// operator once it was asked. Errors: fail.Conflict (state), fail.NotFound.
func (m *Meters) AcceptDispute(ctx context.Context, c access.Caller, id, answer string) (Dispute, error) {
	return m.moveDispute(ctx, c, id, DisputeAccept, strings.TrimSpace(answer), SidePublisher, SideOperator)
}

// RefuseDispute says why the events count as they are. The publisher may, and the operator once it was asked, whose word
// is the last. Errors: fail.Invalid (no reason), fail.Conflict, fail.NotFound.
func (m *Meters) RefuseDispute(ctx context.Context, c access.Caller, id, answer string) (Dispute, error) {
	answer, err := reasonText("reason", answer)
	if err != nil {
		return Dispute{}, err
	}
	return m.moveDispute(ctx, c, id, DisputeRefuse, answer, SidePublisher, SideOperator)
}

// EscalateDispute asks the operator after the publisher has refused. The customer may, with a reason.
func (m *Meters) EscalateDispute(ctx context.Context, c access.Caller, id, reason string) (Dispute, error) {
	reason, err := reasonText("reason", reason)
	if err != nil {
		return Dispute{}, err
	}
	return m.moveDispute(ctx, c, id, DisputeEscalate, reason, SideCustomer)
}

// WithdrawDispute ends a dispute: the customer agrees with what was counted.
func (m *Meters) WithdrawDispute(ctx context.Context, c access.Caller, id string) (Dispute, error) {
	return m.moveDispute(ctx, c, id, DisputeWithdraw, "", SideCustomer)
}

func (m *Meters) moveDispute(ctx context.Context, c access.Caller, id string, command DisputeCommand, text string, sides ...Side) (d Dispute, err error) {
	if len(text) > maxReasonText {
		return d, fail.New(fail.Invalid, "dispute.reason", "The answer is longer than 1,000 characters.", "Shorten it.").Field("reason", "is too long")
	}
	err = m.db.Tx(ctx, func(tx *store.Tx) error {
		if d, err = selectDispute(tx, id); err != nil {
			return err
		}
		side, err := m.disputeSide(tx, c, &d, sides...)
		if err != nil {
			return err
		}
		t, err := disputeNext(d.State, command, side)
		if err != nil {
			return err
		}
		from := d.State
		if d.State, d.ChangedAt = t.To, m.now(); side != SideCustomer {
			d.Answer = text
		}
		if err := updateDispute(tx, &d, from); err != nil {
			return err
		}
		if t.To == DisputeAccepted {
			tx.AfterCommit(func() { m.db.WakeLocal(topicSubjects) })
		}
		return m.recordDispute(tx, &d, t.Fact, c.Ref(), text, false)
	})
	return d, err
}

func (m *Meters) recordDispute(tx *store.Tx, d *Dispute, kind, actor, reason string, events bool) error {
	_, err := m.facts.Record(tx, trace.Fact{Type: kind, Aggregate: d.ID, Owner: d.Tenant, Parties: []string{d.Publisher}, Actor: actor, At: m.now(),
		Machine: d.fact(reason, events)})
	return err
}

// OneDispute gives a dispute with its events. Both sides and the operator may.
func (m *Meters) OneDispute(ctx context.Context, c access.Caller, id string) (d Dispute, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		if d, err = selectDispute(tx, id); err != nil {
			return err
		}
		if err := m.check(tx, c, access.DisputeRead, d.Tenant, "dispute", id); err == nil || !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
			return err
		}
		return m.check(tx, c, access.DisputeRead, d.Publisher, "dispute", id)
	})
	if err != nil {
		return Dispute{}, err
	}
	return d, nil
}

// DisputeFilter narrows a list of disputes; its zero value does not.
type DisputeFilter struct {
	State  DisputeState
	Window string
}

// Disputes lists the disputes of an organisation, without their events, the newest first: those it opened or is asked in, and for the
// organisation at the root of the tree all of them. before is the id of the last one of the page before, "" for the
// first.
func (m *Meters) Disputes(ctx context.Context, c access.Caller, org string, f DisputeFilter, before string, limit int) (list []Dispute, err error) {
	o, err := m.allowed(ctx, c, access.DisputeRead, org)
	if err != nil {
		return nil, err
	}
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		list, err = selectDisputes(tx, scopeOf(o), f, before, limit)
		return err
	})
	return list, err
}

// Corrections lists the closed windows that correct the time of a settled dispute's window since then: one of them holds
// its corrections, and before it has closed there is none. Who sees the dispute may.
func (m *Meters) Corrections(ctx context.Context, c access.Caller, id string) (list []usage.Window, err error) {
	d, err := m.OneDispute(ctx, c, id)
	if err != nil || d.State != DisputeSettled {
		return nil, err
	}
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		list, err = selectCorrections(tx, &d)
		return err
	})
	return list, err
}

// scopeOf is "" for the organisation at the root of the tree, which sees everything.
func scopeOf(o party.Organisation) string {
	if strings.Count(o.Path, "/") == 2 {
		return ""
	}
	return o.ID
}

// settleDisputes sends the corrections of accepted disputes and notes what became of them. Idempotent: their ids are the
// dispute's, and what was counted before is a duplicate.
func (m *Meters) settleDisputes(ctx context.Context) (int, error) {
	var list []Dispute
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = acceptedDisputes(tx, syncRows)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("disputes to settle: %w", err)
	}
	for i := range list {
		if err := m.settleDispute(ctx, &list[i]); err != nil {
			return 0, fmt.Errorf("settle dispute %s: %w", list[i].ID, err)
		}
	}
	return len(list), nil
}

func (m *Meters) settleDispute(ctx context.Context, d *Dispute) error {
	events := make([]usage.Event, len(d.Events))
	for i := range d.Events {
		var err error
		if events[i], err = d.correction(i); err != nil {
			return err
		}
	}
	verdicts, err := m.usage.Ingest(ctx, usage.Publisher{Org: d.Publisher}, events)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		d.Events[i].Outcome = string(usage.Accepted)
		if v.Status != usage.Accepted && v.Status != usage.Duplicate {
			d.Events[i].Outcome = string(v.Reason)
		}
	}
	return m.db.Tx(ctx, func(tx *store.Tx) error {
		now, err := selectDispute(tx, d.ID)
		if err != nil || now.State != DisputeAccepted {
			return err
		}
		t, err := disputeNext(now.State, DisputeSettle, SideSystem)
		if err != nil {
			return err
		}
		d.State, d.ChangedAt = t.To, m.now()
		if err := updateDispute(tx, d, now.State); err != nil {
			return err
		}
		if err := updateOutcomes(tx, d); err != nil {
			return err
		}
		return m.recordDispute(tx, d, t.Fact, access.System("meter").Ref(), "", true)
	})
}
