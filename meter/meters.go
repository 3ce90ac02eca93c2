package meter

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// Meters is the service. Safe for concurrent use.
type Meters struct {
	db      *store.DB
	ids     *id.Source
	now     clock.Clock
	facts   *trace.Facts
	policy  *access.Policy
	parties *party.Parties
	usage   *usage.Store
	log     *slog.Logger
}

// New makes the service over an open usage store, which its owner closes after Run has ended.
func New(db *store.DB, ids *id.Source, now clock.Clock, facts *trace.Facts, policy *access.Policy, parties *party.Parties, u *usage.Store, log *slog.Logger) *Meters {
	return &Meters{db: db, ids: ids, now: now, facts: facts, policy: policy, parties: parties, usage: u, log: log}
}

// Ingest takes the events of one request; see usage.Store.Ingest. The publisher is the caller's organisation, and a
// publisher's people and tokens may. The token of a resource reports for its own subscription alone: with one event
// about another, nothing of the request is taken (fail.Denied), so that an application which was taken over cannot
// bill its publisher's other customers.
func (m *Meters) Ingest(ctx context.Context, c access.Caller, events []usage.Event) ([]usage.Verdict, error) {
	if err := m.policy.Check(c, access.UsageWrite, access.Resource{Type: "organisation", ID: c.Org, Org: c.Org, OrgName: c.OrgName, Path: c.Path}); err != nil {
		return nil, err
	}
	if err := ownSubject(c, events); err != nil {
		return nil, err
	}
	return m.usage.Ingest(ctx, usage.Publisher{Org: c.Org}, events)
}

func ownSubject(c access.Caller, events []usage.Event) error {
	if c.Subject == "" {
		return nil
	}
	for i, e := range events {
		if e.Subject != c.Subject {
			return fail.New(fail.Denied, "usage.token_subject", "This token reports the usage of one subscription, and an event is about another.", "Send each event with the token of its own resource.").
				Because(fail.Reason{Rule: "usage.token_subject", Text: "The token of a resource reports for its own subscription only."}).Field(fmt.Sprintf("events.%d.subject", i), "is not the token's subscription")
		}
	}
	return nil
}

// Usage gives the amounts for a chart of an organisation's subscriptions, with what is in no closed window yet.
func (m *Meters) Usage(ctx context.Context, c access.Caller, org string, q usage.Query) ([]usage.Point, error) {
	if _, err := m.allowed(ctx, c, access.UsageRead, org); err != nil {
		return nil, err
	}
	return m.usage.Usage(ctx, org, q)
}

// Windows lists the closed windows of a subscription in the order of closing, at most limit after the cursor.
func (m *Meters) Windows(ctx context.Context, c access.Caller, subject string, after int64, limit int) (Page, error) {
	return m.windows(ctx, c, subject, after, limit, selectWindows)
}

// WindowsIn is Windows with those only that end in a stretch of time: from < end ≤ to.
func (m *Meters) WindowsIn(ctx context.Context, c access.Caller, subject string, from, to time.Time, after int64, limit int) (Page, error) {
	return m.windows(ctx, c, subject, after, limit, func(tx *store.Tx, tenant, subject string, after int64, limit int) ([]usage.Window, error) {
		return selectWindowsIn(tx, tenant, subject, from, to, after, limit)
	})
}

func (m *Meters) windows(ctx context.Context, c access.Caller, subject string, after int64, limit int,
	read func(tx *store.Tx, tenant, subject string, after int64, limit int) ([]usage.Window, error)) (page Page, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		s, err := selectSubject(tx, subject)
		if err != nil {
			return err
		}
		if err := m.check(tx, c, access.UsageRead, s.subject.Tenant, "subscription", subject); err != nil {
			return err
		}
		list, err := read(tx, s.subject.Tenant, subject, after, limit+1)
		page = Page{Windows: list}
		if len(list) > limit {
			page = Page{Windows: list[:limit], Next: list[limit-1].Cursor}
		}
		return err
	})
	return page, err
}

// Window gives one closed window.
func (m *Meters) Window(ctx context.Context, c access.Caller, id string) (w usage.Window, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		if w, err = selectWindow(tx, id); err != nil {
			return err
		}
		return m.check(tx, c, access.UsageRead, w.Tenant, "usage window", id)
	})
	if err != nil {
		return usage.Window{}, err
	}
	return w, nil
}

// WindowFile gives a closed window with the events it was made of, to be verified offline.
func (m *Meters) WindowFile(ctx context.Context, c access.Caller, id string) (*proof.WindowFile, error) {
	w, err := m.Window(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return m.usage.WindowFile(ctx, w.Tenant, id)
}

// WindowEvents calls fn with each event of a closed window in canonical form, streaming from the log.
func (m *Meters) WindowEvents(ctx context.Context, c access.Caller, id string, fn func(canonical []byte) error) error {
	w, err := m.Window(ctx, c, id)
	if err != nil {
		return err
	}
	return m.usage.WindowEvents(ctx, w.Tenant, id, fn)
}

// CountEvents adds up how many events closed windows have. For packages downstream, it does not authorise.
func (m *Meters) CountEvents(ctx context.Context, windows []string) (n int64, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		n = 0
		for places, args := range store.In(windows) {
			var one int64
			if err := tx.QueryRow("SELECT coalesce(sum(events), 0) FROM meter_window WHERE id IN "+places, args...).Scan(&one); err != nil {
				return err
			}
			n += one
		}
		return nil
	})
	return n, err
}

// WriteEvents adds a closed window to an events file, streaming from the log.
func (m *Meters) WriteEvents(ctx context.Context, c access.Caller, id string, out *proof.EventsWriter) error {
	w, err := m.Window(ctx, c, id)
	if err != nil {
		return err
	}
	return m.usage.WriteEvents(ctx, w.Tenant, id, out)
}

// Quarantine lists held events: for the organisation at the root of the tree all of them, for a publisher those it
// sent, for a customer those about its subscriptions.
func (m *Meters) Quarantine(ctx context.Context, c access.Caller, org string, f usage.HeldFilter, after string, limit int) ([]usage.Held, error) {
	o, err := m.allowed(ctx, c, access.QuarantineRead, org)
	if err != nil {
		return nil, err
	}
	scope := usage.Scope{Tenant: org}
	switch {
	case strings.Count(o.Path, "/") == 2:
		scope = usage.Scope{}
	case o.Is(party.KindPublisher):
		scope = usage.Scope{Publisher: org}
	}
	return m.usage.Quarantine(ctx, scope, f, after, limit)
}

// Health tells how ingest is doing, for the operator's desk; who may see all of the quarantine may.
func (m *Meters) Health(ctx context.Context, c access.Caller, org string) (usage.Health, error) {
	if _, err := m.allowed(ctx, c, access.QuarantineRead, org); err != nil {
		return usage.Health{}, err
	}
	return m.usage.Health(), nil
}

func (m *Meters) allowed(ctx context.Context, c access.Caller, a access.Action, org string) (o party.Organisation, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		if o, err = m.parties.Lookup(tx, org); err != nil {
			return err
		}
		return m.policy.Check(c, a, o.Resource("organisation", org))
	})
	return o, err
}

// check authorises on a thing of a tenant, in the words of that thing.
func (m *Meters) check(tx *store.Tx, c access.Caller, a access.Action, tenant, noun, id string) error {
	o, err := m.parties.Lookup(tx, tenant)
	if err != nil {
		return fmt.Errorf("tenant of %s %s: %w", noun, id, err)
	}
	return m.policy.Check(c, a, o.Resource(noun, id))
}
