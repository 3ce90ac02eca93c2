package budget

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB            *store.DB
	IDs           *id.Source
	Now           clock.Clock
	Facts         *trace.Facts
	Policy        *access.Policy
	Parties       *party.Parties
	Orders        *order.Orders
	Subscriptions *subscription.Subscriptions
	Ratings       *rating.Ratings
	Outbox        *mail.Outbox
	Log           *slog.Logger
	Site          string // address of the portal, for links in mails
	// Meter gives what is counted and not charged yet: the methods of meter.Meters.
	Meter Meter
}

// Meter are the methods of meter.Meters that tell what usage moved, and what runs.
type Meter struct {
	Moved     func() <-chan struct{}
	Moves     func() []usage.Move
	RunningOf func(ctx context.Context, subjects []string, from time.Time, charged func(tx *store.Tx, window string) (bool, error)) ([][]usage.Window, error)
}

// Budgets is the service. Safe for concurrent use.
type Budgets struct {
	Config
	texts *mail.Texts

	mu    sync.Mutex // guards what follows
	dirty dirt
	look  sync.Mutex // one pass at a time

	known    map[string]*rating.Estimate // by subscription and zone; of the pass
	seen     time.Time                   // up to when changes of budgets were looked at
	covering map[string]bool             // whether a budget covers what an organisation uses; nil: ask again
}

// New makes the service; it errors when a mail text is missing.
func New(c Config) (*Budgets, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	return &Budgets{Config: c, texts: texts, dirty: dirt{everything: true}, known: map[string]*rating.Estimate{}}, nil
}

func self() string { return access.System("budget").Ref() }

// topic wakes the evaluators of all processes when a budget was set.
const topic = "budget"

// SetInput says what may be spent.
type SetInput struct {
	Org        string // organisation or unit; empty: the caller's
	Service    string // only this service of it; empty: all
	Tag        string // only the services that bear this tag, "key" or "key=value"; empty: all
	Amount     money.Amount
	Thresholds []int  // percent; empty: 50, 80, 100
	Action     Action // empty: Notify
}

func (in *SetInput) check() (err error) {
	if !in.Amount.Currency.Known() || in.Amount.Minor < 0 || in.Amount.Minor >= maxAmount {
		return fail.New(fail.Invalid, "budget.amount", "This is not an amount that can be a budget.", "Give an amount from 0 on, with its currency.").Field("amount", "must be 0 or more, with a currency")
	}
	switch in.Action {
	case "":
		in.Action = Notify
	case Notify, Refuse, Suspend:
	default:
		return fail.New(fail.Invalid, "budget.action", "There is no such action.", "Use notify, refuse or suspend.").Field("action", "is unknown")
	}
	if err := in.checkTag(); err != nil {
		return err
	}
	in.Thresholds, err = checked(in.Thresholds)
	return err
}

// Set says what may be spent in a month, or changes it: there is one budget for each organisation or unit, or one of its
// services or tags, and currency. Owners and people with the role billing may. It counts within a second: a cap that the new amount allows to
// end ends then.
func (s *Budgets) Set(ctx context.Context, c access.Caller, in SetInput) (b Budget, err error) {
	if in.Org == "" {
		in.Org = c.Org
	}
	if err := in.check(); err != nil {
		return b, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetSet, in.Org)
		if err != nil {
			return err
		}
		if in.Service != "" {
			if err := s.covers(tx, o, in); err != nil {
				return err
			}
		}
		if b, err = s.put(tx, o, in); err != nil {
			return err
		}
		f := b.fact()
		f.Thresholds = b.Thresholds
		if err := s.record(tx, c.Ref(), FactSet, b, f); err != nil {
			return err
		}
		s.touch(tx, b.ID)
		return nil
	})
	if err != nil {
		return Budget{}, err
	}
	return b, nil
}

// covers refuses a service of somebody else, and one that is paid in another currency.
func (s *Budgets) covers(tx *store.Tx, o party.Organisation, in SetInput) error {
	sub, err := s.Subscriptions.SubscriptionIn(tx, in.Service)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(sub.Path, o.Path) {
		return fail.Missing("service", in.Service)
	}
	if sub.Deal.Currency != in.Amount.Currency {
		return fail.New(fail.Invalid, "budget.currency", fmt.Sprintf("The service is paid in %s.", sub.Deal.Currency), "Give the amount in that currency.").Field("amount", "has another currency than the service")
	}
	return nil
}

func (s *Budgets) put(tx *store.Tx, o party.Organisation, in SetInput) (Budget, error) {
	now := s.Now()
	b, found, err := selectScope(tx, o.ID, in.Service, in.Tag, in.Amount.Currency)
	if err != nil {
		return b, err
	}
	if found {
		b.Amount, b.Thresholds, b.Action, b.ChangedAt = in.Amount, in.Thresholds, in.Action, now
		b.CappedAt = time.Time{} // a cap is judged anew
		if err := forget(tx, b); err != nil {
			return b, err
		}
		return b, update(tx, &b)
	}
	zone, _, err := s.Orders.ZoneIn(tx, o.ID)
	if err != nil {
		return b, err
	}
	period, month := monthOf(now, zone)
	nothing := money.Zero(in.Amount.Currency)
	b = Budget{ID: s.IDs.New("bud"), Org: o.ID, Path: o.Path, Service: in.Service, Tag: in.Tag, Amount: in.Amount, Thresholds: in.Thresholds, Action: in.Action, Zone: zone.String(),
		State: Watching, Period: period, Until: month.To, Used: nothing, Reserved: nothing, CreatedAt: now, ChangedAt: now, ETag: 1}
	return b, insert(tx, b)
}

// touch has a budget worked out anew once the transaction stands.
func (s *Budgets) touch(tx *store.Tx, budget string) {
	tx.AfterCommit(func() {
		s.mark(func(d *dirt) { d.budgets = add(d.budgets, budget) })
		s.DB.Wake(topic)
	})
}

// Remove takes a budget away; what stood still because of it goes on. Owners and people with the role billing may.
func (s *Budgets) Remove(ctx context.Context, c access.Caller, id string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		b, err := s.one(tx, c, access.BudgetSet, id)
		if err != nil {
			return err
		}
		row, err := b.move(CommandRemove)
		if err != nil {
			return err
		}
		f := b.fact()
		if f.Services, err = s.release(tx, b); err != nil {
			return err
		}
		b.CappedIn, b.ChangedAt = "", s.Now()
		if err := update(tx, &b); err != nil {
			return err
		}
		if err := s.Orders.DropRoom(tx, b.ID); err != nil {
			return err
		}
		s.touch(tx, b.ID)
		return s.record(tx, c.Ref(), row.Fact, b, f)
	})
}

// one reads a budget that is there and authorises.
func (s *Budgets) one(tx *store.Tx, c access.Caller, a access.Action, id string) (Budget, error) {
	b, err := selectOne(tx, id)
	if err != nil {
		return b, err
	}
	if err := s.Policy.Check(c, a, access.Resource{Type: "budget", ID: b.ID, Org: b.Org, Path: b.Path}); err != nil {
		return b, err
	}
	if b.State == Removed {
		return b, fail.Missing("budget", id)
	}
	return b, nil
}

func (s *Budgets) organisation(tx *store.Tx, c access.Caller, a access.Action, org string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource("organisation", o.ID))
}

// Budget gives one. Owners, buyers, people with the role billing and auditors may see it.
func (s *Budgets) Budget(ctx context.Context, c access.Caller, id string) (b Budget, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		b, err = s.one(tx, c, access.BudgetRead, id)
		return err
	})
	if err != nil {
		return Budget{}, err
	}
	return b, nil
}

// List gives the budgets of an organisation or unit, with their last figures. Owners, buyers, people with the role
// billing and auditors may.
func (s *Budgets) List(ctx context.Context, c access.Caller, org string) (list []Budget, err error) {
	if org == "" {
		org = c.Org
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetRead, org)
		if err != nil {
			return err
		}
		list, err = selectOf(tx, o.ID)
		return err
	})
	return list, err
}

// InForce lists the caps in force below an organisation, newest first, at most limit: for the operator's desk. Those who
// may see its budgets may.
func (s *Budgets) InForce(ctx context.Context, c access.Caller, org string, limit int) (list []Budget, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.BudgetRead, org)
		if err != nil {
			return err
		}
		list, err = selectCapped(tx, o.Path, limit)
		return err
	})
	return list, err
}
