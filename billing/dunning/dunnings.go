package dunning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB            *store.DB
	Now           clock.Clock
	Facts         *trace.Facts
	Policy        *access.Policy
	Parties       *party.Parties
	Subscriptions *subscription.Subscriptions
	Ratings       *rating.Ratings
	Invoices      *billing.Invoices
	Collects      *collect.Collects
	Site          string // address of the portal, for links in mails
}

// Dunnings is the service. Safe for concurrent use.
type Dunnings struct {
	Config
	texts *mail.Texts
}

// New makes the service; it errors when a mail text is missing.
func New(c Config) (*Dunnings, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	return &Dunnings{Config: c, texts: texts}, nil
}

func self() access.Caller { return access.System("billing") }

// SetPlan says by what steps a market reminds from a day on, today at the earliest. No steps: nobody is reminded. The staff
// of the organisation that runs the market may.
func (s *Dunnings) SetPlan(ctx context.Context, c access.Caller, p Plan) error {
	if err := p.check(); err != nil {
		return err
	}
	steps, err := json.Marshal(append([]Step{}, p.Steps...))
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		m, err := s.market(tx, c, access.MarketSet, p.Market)
		if err != nil {
			return err
		}
		if p.From.Before(price.DateOf(s.Now(), time.UTC)) {
			return fail.New(fail.Invalid, "dunning.past", "Steps cannot be changed for days that are over.", "Give today or a later day.").Field("from", "lies in the past")
		}
		if _, err := tx.Exec(`INSERT INTO dunning_plan (market, from_day, steps, actor, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (market, from_day) DO UPDATE SET steps = excluded.steps,
			actor = excluded.actor, created_at = excluded.created_at`, p.Market, p.From.String(), string(steps), c.Ref(), store.At(s.Now())); err != nil {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactPlan, Aggregate: m.ID, Owner: m.Org, Actor: c.Ref(), At: s.Now(), Machine: PlanFact{Market: p.Market, From: p.From, Steps: p.Steps}})
		return err
	})
}

// Plan gives the plan of a market that holds today. The staff of the organisation that runs the market may.
func (s *Dunnings) Plan(ctx context.Context, c access.Caller, market string) (p Plan, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.market(tx, c, access.MarketSet, market); err != nil {
			return err
		}
		p, err = selectPlan(tx, market, price.DateOf(s.Now(), time.UTC))
		return err
	})
	return p, err
}

func (s *Dunnings) market(tx *store.Tx, c access.Caller, a access.Action, market string) (party.Market, error) {
	m, err := s.Parties.Market(tx, market)
	if err != nil {
		return m, err
	}
	o, err := s.Parties.Lookup(tx, m.Org)
	if err != nil {
		return m, err
	}
	return m, s.Policy.Check(c, a, o.Resource("market", market))
}

// Run takes the next step of every overdue invoice whose time has come, and closes the cases of those that are paid. It may
// run at any time and again; an invoice that fails does not hold up the others. The job that cmd repeats.
func (s *Dunnings) Run(ctx context.Context) error {
	failed := s.settlePaid(ctx)
	for after := ""; ; {
		var list []billing.Summary
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = s.Invoices.OverdueIn(tx, price.DateOf(s.Now(), time.UTC), after, 200)
			return err
		})
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, i := range list {
			after = i.ID
			if err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.next(tx, i.ID) }); err != nil {
				failed = errors.Join(failed, fmt.Errorf("reminder of %s: %w", i.Number, err))
			}
		}
		if len(list) < 200 {
			return failed
		}
	}
}

// next takes the next step of an invoice if its time has come.
func (s *Dunnings) next(tx *store.Tx, invoice string) error {
	i, err := s.Invoices.InvoiceIn(tx, invoice)
	if err != nil || i.Owed().Sign() <= 0 {
		return err
	}
	if busy, err := s.Collects.UnderWay(tx, i.ID); busy || err != nil {
		return err
	}
	c, found, err := selectCase(tx, i.ID)
	if err != nil {
		return err
	}
	now := s.Now()
	if !found || c.State == Settled {
		c = Case{Invoice: i.ID, Org: i.Org, Entity: i.Entity, State: Open}
	}
	if c.Step > 0 && now.Before(c.At.Add(pause)) {
		return nil
	}
	o, err := s.Parties.Lookup(tx, i.Org)
	if err != nil {
		return err
	}
	step, due, err := s.due(tx, o, i, c)
	if err != nil || !due {
		return err
	}
	services := []string(nil)
	if step.Kind == Stop {
		// Two weeks after the notice was really sent, however late the job was.
		if c.Kind != Notice || now.Before(c.At.AddDate(0, 0, notice)) {
			return nil
		}
		if services, err = s.stop(tx, i); err != nil {
			return err
		}
	}
	c.Kind, c.Step, c.At = step.Kind, c.Step+1, now
	if err := upsertCase(tx, c); err != nil {
		return err
	}
	if err := s.record(tx, FactStep, i, step.Kind, services); err != nil {
		return err
	}
	return s.tell(tx, string(step.Kind), i)
}

// due is the next step of the plan of the customer's market; due is false when its day has not come.
func (s *Dunnings) due(tx *store.Tx, o party.Organisation, i billing.Summary, c Case) (Step, bool, error) {
	for o.Market == "" && o.Parent != "" { // a unit buys in the market of its house
		up, err := s.Parties.Lookup(tx, o.Parent)
		if err != nil {
			return Step{}, false, err
		}
		o = up
	}
	plan, err := selectPlan(tx, o.Market, price.DateOf(s.Now(), time.UTC))
	if err != nil {
		return Step{}, false, err
	}
	after := slices.Index(order, c.Kind) // −1 before the first
	for _, step := range plan.Steps {
		if slices.Index(order, step.Kind) > after {
			return step, !s.Now().Before(i.Due.Start(time.UTC).AddDate(0, 0, step.Days)), nil
		}
	}
	return Step{}, false, nil
}

// stop suspends the services of an invoice that run.
func (s *Dunnings) stop(tx *store.Tx, i billing.Summary) (stopped []string, err error) {
	bill, err := s.Ratings.Billed(tx, i.Org, i.ID)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, c := range bill.Charges {
		used[c.Subscription] = true
	}
	for _, id := range slices.Sorted(maps.Keys(used)) {
		sub, err := s.Subscriptions.SubscriptionIn(tx, id)
		if err != nil {
			return nil, err
		}
		if !sub.State.Runs() && sub.State != subscription.StateSuspended {
			continue
		}
		if _, err := tx.Exec("INSERT INTO dunning_stop (invoice, subscription) VALUES ($1, $2) ON CONFLICT (invoice, subscription) DO NOTHING", i.ID, id); err != nil {
			return nil, err
		}
		if err := s.Subscriptions.Suspend(tx, self().Ref(), id, subscription.ReasonPayment); err != nil {
			return nil, err
		}
		stopped = append(stopped, id)
	}
	return stopped, nil
}

// settlePaid closes the cases of invoices on which nothing is owed any more, and lets go on what no other one stops.
func (s *Dunnings) settlePaid(ctx context.Context) (failed error) {
	for after := ""; ; {
		var list []Case
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = selectOpenCases(tx, after, 200)
			return err
		})
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, c := range list {
			after = c.Invoice
			if err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.settle(tx, c.Invoice) }); err != nil {
				failed = errors.Join(failed, fmt.Errorf("case of %s: %w", c.Invoice, err))
			}
		}
		if len(list) < 200 {
			return failed
		}
	}
}

func (s *Dunnings) settle(tx *store.Tx, invoice string) error {
	c, found, err := selectCase(tx, invoice)
	if err != nil || !found || c.State != Open {
		return err
	}
	i, err := s.Invoices.InvoiceIn(tx, invoice)
	if err != nil || i.Owed().Sign() > 0 {
		return err
	}
	services, err := s.release(tx, invoice)
	if err != nil {
		return err
	}
	c.State = Settled
	if err := upsertCase(tx, c); err != nil {
		return err
	}
	if err := s.record(tx, FactSettled, i, c.Kind, services); err != nil || len(services) == 0 {
		return err
	}
	return s.tell(tx, "resumed", i)
}

func (s *Dunnings) release(tx *store.Tx, invoice string) (gone []string, err error) {
	list, err := store.All(tx, scanText, "SELECT subscription FROM dunning_stop WHERE invoice = $1 ORDER BY subscription", invoice)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if _, err := tx.Exec("DELETE FROM dunning_stop WHERE invoice = $1", invoice); err != nil {
		return nil, err
	}
	for _, id := range list {
		var others int64
		if err := tx.QueryRow("SELECT count(*) FROM dunning_stop WHERE subscription = $1", id).Scan(&others); err != nil {
			return nil, err
		}
		sub, err := s.Subscriptions.SubscriptionIn(tx, id)
		if err != nil {
			return nil, err
		}
		if others > 0 || sub.State != subscription.StateSuspended || !slices.Contains(sub.Reasons, subscription.ReasonPayment) {
			continue
		}
		if err := s.Subscriptions.Resume(tx, self().Ref(), id, subscription.ReasonPayment); err != nil {
			return nil, err
		}
		gone = append(gone, id)
	}
	return gone, nil
}

func (s *Dunnings) record(tx *store.Tx, kind string, i billing.Summary, step Kind, services []string) error {
	e, err := s.Parties.Entity(tx, i.Entity)
	if err != nil {
		return err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: i.ID, Owner: i.Org, Parties: []string{e.Org}, Actor: self().Ref(), At: s.Now(),
		Machine: CaseFact{Invoice: i.ID, Org: i.Org, Kind: step, Owed: i.Owed(), Services: services}})
	return err
}

func (s *Dunnings) tell(tx *store.Tx, kind string, i billing.Summary) error {
	e, err := s.Parties.Entity(tx, i.Entity)
	if err != nil {
		return err
	}
	return s.Collects.Write(tx, i.Org, "dunning."+kind, func(p party.Person) (string, string, error) {
		return s.texts.Render(kind, p.Language, map[string]string{"invoice": i.Number, "seller": e.Name, "owed": i.Owed().Format(p.Language), "due": collect.Day(i.Due.Start(time.UTC), p.Language),
			"stop": collect.Day(s.Now().AddDate(0, 0, notice), p.Language), "link": s.Site + "/payments"})
	})
}
