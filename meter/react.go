package meter

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
)

const (
	topicSubjects = "meter.subjects"
	syncRows      = 100
	idlePoll      = time.Second
)

// Readers are the readers of this package: what usage may be about follows the life of subscriptions.
func (m *Meters) Readers() []trace.Reader {
	return []trace.Reader{{Name: "meter", Handle: m.on,
		Types: []string{subscription.FactActivated, subscription.FactPlanChanged, subscription.FactEnded, licence.FactUsed}}}
}

// on does one fact. An erased one changes nothing: whatever it led to was done when it was read first.
func (m *Meters) on(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil
	}
	switch e.Type {
	case subscription.FactActivated:
		var f subscription.ActivatedFact
		if err := e.Into(&f); err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, f.At)
		if err != nil {
			return fmt.Errorf("fact %s: %w", e.ID, err)
		}
		s := usage.Subject{ID: f.Subscription, Tenant: f.Org, Publisher: f.Publisher, From: at, Zone: f.Zone, Anchor: f.Anchor, Window: grid(f.Zone, at)}
		take(&s, f.Meters)
		return m.Begin(tx, s)
	case subscription.FactPlanChanged:
		var f subscription.PlanChangedFact
		if err := e.Into(&f); err != nil {
			return err
		}
		return m.change(tx, f)
	case licence.FactUsed:
		return m.seats(tx, e)
	}
	var f subscription.EndedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, f.At)
	if err != nil {
		return fmt.Errorf("fact %s: %w", e.ID, err)
	}
	return m.Finish(tx, f.Subscription, at, f.Complete)
}

// change adds the meters of the new plan; those of the old one stay, for usage that is still on its way.
func (m *Meters) change(tx *store.Tx, f subscription.PlanChangedFact) error {
	s, err := selectSubject(tx, f.Subscription)
	if err != nil {
		return err
	}
	take(&s.subject, f.Meters)
	return m.Begin(tx, s.subject)
}

// take adds meters to a subject, and their rules. A meter that it has keeps how it is aggregated: a period half of which
// was added up cannot become a peak.
func take(s *usage.Subject, meters []catalog.Meter) {
	had, rules := maps.Clone(s.Meters), maps.Clone(s.Rules)
	s.Meters, s.Rules = maps.Clone(s.Meters), map[string]usage.Rule{}
	if s.Meters == nil {
		s.Meters = map[string]string{}
	}
	maps.Copy(s.Rules, rules)
	for _, meter := range meters {
		s.Meters[meter.Key] = meter.Unit
		rule := ruleOf(meter)
		if _, known := had[meter.Key]; known {
			rule.Aggregation = rules[meter.Key].Aggregation
		}
		if rule != (usage.Rule{}) {
			s.Rules[meter.Key] = rule
		} else {
			delete(s.Rules, meter.Key)
		}
	}
	if len(s.Rules) == 0 {
		s.Rules = nil
	}
}

func ruleOf(m catalog.Meter) usage.Rule {
	r := usage.Rule{Grace: time.Duration(m.GraceHours) * time.Hour, CutOff: time.Duration(m.CutOffDays) * 24 * time.Hour}
	if a := proof.Aggregation(m.Aggregation); a != proof.AggregateSum {
		r.Aggregation = a
	}
	return r
}

// grid is the length of windows: a quarter of an hour where civil days do not begin on the hour of UTC, so that no
// window crosses the end of a billing period. It looks at the offsets of the year that begins.
func grid(zone string, from time.Time) time.Duration {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return 0
	}
	for month := range 12 {
		if _, offset := from.AddDate(0, month, 0).In(place).Zone(); offset%3600 != 0 {
			return usage.Bucket
		}
	}
	return 0
}

// Begin makes a subscription something that usage may be about, or changes its meters, in the transaction of the
// reader that saw the fact. Idempotent; the usage store is told right after. A publisher that sends before that is
// told to send again in a moment. Errors: fail.Invalid, fail.Conflict (tenant, publisher, start and window stay).
func (m *Meters) Begin(tx *store.Tx, s usage.Subject) error {
	s.From = s.From.UTC().Truncate(time.Microsecond)
	if err := s.Check(); err != nil {
		return err
	}
	was, err := selectSubject(tx, s.ID)
	switch {
	case fail.Is(err, fail.NotFound):
	case err != nil:
		return err
	case was.subject.Equal(s):
		return nil
	default:
		if err := was.subject.CheckChange(s); err != nil {
			return err
		}
	}
	if err := putSubject(tx, s); err != nil {
		return err
	}
	tx.AfterCommit(func() { m.db.WakeLocal(topicSubjects) })
	return nil
}

// Finish ends a subscription's usage at an instant, in the transaction of the reader that saw the fact. Idempotent: the
// first end stays. Once every source is complete through it, or at once when all usage was handed over, a window of
// kind final becomes a fact.
func (m *Meters) Finish(tx *store.Tx, subject string, at time.Time, complete bool) error {
	if err := endSubject(tx, subject, store.At(at), complete); err != nil {
		return err
	}
	tx.AfterCommit(func() { m.db.WakeLocal(topicSubjects) })
	return nil
}

// Run carries subjects to the usage store and closed windows back until ctx ends. It errors at once when the usage
// store knows less than the main database: it was lost, and must be restored before anything is counted.
func (m *Meters) Run(ctx context.Context) error {
	ctx = store.Background(ctx)
	last, err := m.lastPosition(ctx)
	if err != nil {
		return err
	}
	if closings := m.usage.Health().Closings; closings < last {
		return fmt.Errorf("the usage store has closed %d windows, the main database has %d: restore the usage store from its backup", closings, last)
	}
	wake := m.db.Listen(topicSubjects)
	for ctx.Err() == nil {
		more, err := m.Sync(ctx)
		if err != nil && ctx.Err() == nil {
			m.log.ErrorContext(ctx, "meter step failed", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-m.usage.Changed():
		case <-time.After(idlePoll):
		}
	}
	return nil
}

// Sync does one step of Run and tells whether there may be more. Idempotent: after a kill between the two databases
// it does again what is not known to be done.
func (m *Meters) Sync(ctx context.Context) (more bool, err error) {
	subjects, err := m.tellSubjects(ctx)
	if err != nil {
		return false, err
	}
	uses, err := m.tellUses(ctx)
	if err != nil {
		return false, err
	}
	decisions, err := m.tellDecisions(ctx)
	if err != nil {
		return false, err
	}
	disputes, err := m.settleDisputes(ctx)
	if err != nil {
		return false, err
	}
	windows, err := m.recordWindows(ctx)
	return subjects == syncRows || uses == useRows || decisions == syncRows || disputes == syncRows || windows == syncRows, err
}

func (m *Meters) tellSubjects(ctx context.Context) (int, error) {
	var list []subjectRow
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = dirtySubjects(tx, syncRows)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("subjects to tell: %w", err)
	}
	for _, s := range list {
		if err := m.usage.Register(ctx, s.subject); err != nil {
			return 0, fmt.Errorf("register subject %s: %w", s.subject.ID, err)
		}
		if s.ended != nil {
			if err := m.usage.End(ctx, s.subject.ID, s.ended.Time, s.complete); err != nil {
				return 0, fmt.Errorf("end subject %s: %w", s.subject.ID, err)
			}
		}
		if err := m.db.Tx(ctx, func(tx *store.Tx) error { return cleanSubject(tx, s) }); err != nil {
			return 0, fmt.Errorf("subject %s: %w", s.subject.ID, err)
		}
	}
	return len(list), nil
}

// recordWindows writes each closed window and its fact into the main database, once.
func (m *Meters) recordWindows(ctx context.Context) (int, error) {
	after, err := m.lastPosition(ctx)
	if err != nil {
		return 0, err
	}
	list, err := m.usage.Closed(ctx, after, syncRows)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return len(list), m.db.Tx(ctx, func(tx *store.Tx) error {
		for _, w := range list {
			if err := m.recordWindow(tx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *Meters) lastPosition(ctx context.Context) (n int64, err error) {
	err = m.db.Read(ctx, func(tx *store.Tx) (err error) {
		n, err = lastPosition(tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("position of windows: %w", err)
	}
	return n, nil
}

func (m *Meters) recordWindow(tx *store.Tx, w usage.Window) error {
	s, err := selectSubject(tx, w.Subject)
	if err != nil {
		return fmt.Errorf("window %s: %w", w.ID, err)
	}
	fresh, err := insertWindow(tx, w, s.subject.Publisher)
	if err != nil || !fresh {
		return err
	}
	_, err = m.facts.Record(tx, trace.Fact{Type: FactWindowClosed, Aggregate: w.ID, Owner: w.Tenant, Parties: []string{s.subject.Publisher},
		Actor: access.System("meter").Ref(), At: m.now(), Machine: payload(w)})
	return err
}
