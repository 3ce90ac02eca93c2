package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/trace"
)

// Kinds of jobs.
const (
	endless = 1 << 30 // a resource is never given up because the database was away for long

	jobReconcile = "provision.reconcile" // key: resource
	jobObserve   = "provision.observe"   // a timer
)

// Upstream are the commands of the packages above that provision calls in its own transactions.
type Upstream struct {
	ItemDone   func(tx *store.Tx, item string) error
	ItemFailed func(tx *store.Tx, item string, f Failure) error
	// ItemCancelled says that nothing is left of an item whose cancellation was asked.
	ItemCancelled func(tx *store.Tx, item string) error
	// Elsewhere asks placement for another region after a failure of capacity or quota; false when there is none.
	Elsewhere func(tx *store.Tx, item, region string) (bool, error)
	// Released says that nothing of a subscription is left in a region: its units are free again. Nil when none are held.
	Released func(tx *store.Tx, subscription, region string) error
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Facts    *trace.Facts
	Ring     *keys.Ring
	Queue    *job.Queue
	Policy   *access.Policy
	SignIns  *signin.SignIns
	IDs      *id.Source
	Operator string // organisation that is told of what belongs to nobody
	Now      clock.Clock
	Log      *slog.Logger
	Drivers  map[string]Driver
	Upstream Upstream
	// ObserveEvery is how often engines are looked at; 10 s when zero.
	ObserveEvery time.Duration
}

// Resources is the service. Safe for concurrent use.
type Resources struct {
	Config
	targets targets
}

// New makes the service and registers its jobs.
func New(c Config) *Resources {
	if c.ObserveEvery == 0 {
		c.ObserveEvery = 10 * time.Second
	}
	s := &Resources{Config: c}
	c.Queue.Handle(jobReconcile, s.reconcile)
	c.Queue.Handle(jobObserve, s.observeAll)
	c.Queue.Every(jobObserve, c.ObserveEvery)
	return s
}

// Want is a new resource, as placement decided it.
type Want struct {
	Org, Path, Publisher      string
	Subscription, Order, Item string
	OfferVersion, Plan        string
	Kind, Driver              string
	Target                    Target
	Region                    string
	Spec                      json.RawMessage
	Decision                  string // of the placement and its attempt; the same one is the same wish for ever; "" for none
}

// Create records the wish for a new resource in the caller's transaction; a second wish for the same subscription is
// the same wish. The tenant's key must exist.
func (s *Resources) Create(tx *store.Tx, w Want) (string, error) {
	if _, ok := s.Drivers[w.Driver]; !ok {
		return "", fail.New(fail.Unavailable, "provision.driver", fmt.Sprintf("This installation has no driver %q.", w.Driver),
			"The operator adds the driver, or withdraws the offer.").With("driver", w.Driver)
	}
	if made, err := selectByDecision(tx, w); err != nil || made != "" {
		return made, err
	}
	if r, err := selectBySubscription(tx, w.Subscription); err == nil && r.Item == w.Item && r.Region == w.Region {
		return r.ID, nil
	} else if err != nil && !fail.Is(err, fail.NotFound) {
		return "", err
	}
	now := s.Now()
	r := Resource{ID: s.IDs.New("res"), Org: w.Org, Path: w.Path, Publisher: w.Publisher, Subscription: w.Subscription, Order: w.Order, Item: w.Item,
		OfferVersion: w.OfferVersion, Plan: w.Plan, Kind: w.Kind, Driver: w.Driver, Target: w.Target, Region: w.Region, Desired: DesiredUp, Spec: w.Spec,
		Generation: 1, State: StateWaiting, Condition: ConditionUnknown, Since: now, CreatedAt: now, decision: w.Decision}
	if err := insertResource(tx, r); err != nil {
		return "", fmt.Errorf("resource of %s: %w", w.Subscription, err)
	}
	if err := openInterval(tx, r.ID, now, r.Condition, ""); err != nil {
		return "", err
	}
	return r.ID, s.wake(tx, r.ID)
}

func (s *Resources) wake(tx *store.Tx, resource string) error {
	return s.Queue.Enqueue(tx, job.Job{Kind: jobReconcile, Key: resource, MaxAttempts: endless})
}

// Change is a new desired state for an existing resource.
type Change struct {
	Item         string          // order item to be told when it is done; "" for none
	Desired      Desired         // "" leaves it
	Spec         json.RawMessage // nil leaves it
	OfferVersion string          // "" leaves it
	Plan         string          // "" leaves it
}

// SetDesired changes what is wanted of the resource of a subscription, in the caller's transaction. Subscription calls
// it; wishing a gone resource back is a conflict.
func (s *Resources) SetDesired(tx *store.Tx, subscription string, c Change) error {
	r, err := selectBySubscription(tx, subscription)
	if err != nil {
		return err
	}
	if r.Desired == DesiredAbsent && c.Desired != DesiredAbsent {
		return fail.New(fail.Conflict, "provision.ending", "This service is being removed.", "Order it anew.")
	}
	if c.Desired != "" {
		r.Desired = c.Desired
	}
	if c.Spec != nil {
		r.Spec, r.Generation = c.Spec, r.Generation+1
	}
	if c.OfferVersion != "" {
		r.OfferVersion = c.OfferVersion
	}
	if c.Plan != "" {
		r.Plan = c.Plan
	}
	if c.Item != "" {
		r.Item = c.Item
	}
	if err := s.cancelCreation(tx, r); err != nil {
		return err
	}
	if err := updateResource(tx, r); err != nil {
		return err
	}
	return s.wake(tx, r.ID)
}

// cancelCreation asks an operation under way to stop when the resource is no longer wanted at all.
func (s *Resources) cancelCreation(tx *store.Tx, r Resource) error {
	if r.Desired != DesiredAbsent {
		return nil
	}
	o, open, err := openRun(tx, r.ID)
	if err != nil || !open || o.Action == ActionDrain || o.Action == ActionDelete {
		return err
	}
	o.Cancelling = true
	return updateRun(tx, o)
}

// CancelItem stops the making of what an item ordered, in the caller's transaction: whatever was made is removed, and
// the item is told when nothing is left. Nothing happens when it is already made: then the order is told so by its
// completion.
func (s *Resources) CancelItem(tx *store.Tx, item string) error {
	r, err := store.One(tx, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE item = $1 ORDER BY id DESC LIMIT 1", item)
	if errors.Is(err, store.ErrNone) {
		return nil // placement never decided: the order ends it alone
	}
	if err != nil || r.Applied > 0 || r.State == StateGone {
		return err
	}
	r.Cancels, r.Item, r.Desired = item, "", DesiredAbsent
	if err := s.cancelCreation(tx, r); err != nil {
		return err
	}
	if err := updateResource(tx, r); err != nil {
		return err
	}
	return s.wake(tx, r.ID)
}

func (s *Resources) check(c access.Caller, a access.Action, r Resource) error {
	return s.Policy.Check(c, a, access.Resource{Type: "resource", ID: r.ID, Org: r.Org, Path: r.Path})
}

// Resource gives one that the caller may see (resource.read).
func (s *Resources) Resource(ctx context.Context, c access.Caller, resource string) (Resource, error) {
	return s.read(ctx, c, access.ResourceRead, func(tx *store.Tx) (Resource, error) { return selectResource(tx, resource) })
}

// Of gives the resource of a subscription that the caller may see (resource.read).
func (s *Resources) Of(ctx context.Context, c access.Caller, subscription string) (Resource, error) {
	return s.readOf(ctx, c, access.ResourceRead, subscription)
}

// readOf reads the resource of a subscription. A refusal names what was asked for, never the resource behind it: else a
// stranger would learn that the subscription exists.
func (s *Resources) readOf(ctx context.Context, c access.Caller, a access.Action, subscription string) (Resource, error) {
	r, err := s.read(ctx, c, a, func(tx *store.Tx) (Resource, error) { return selectBySubscription(tx, subscription) })
	if fail.Is(err, fail.NotFound) {
		return r, fail.Missing("service", subscription).Wrap(err)
	}
	return r, err
}

func (s *Resources) read(ctx context.Context, c access.Caller, a access.Action, find func(tx *store.Tx) (Resource, error)) (r Resource, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = find(tx)
		return err
	})
	if err == nil {
		err = s.check(c, a, r)
	}
	if err != nil {
		return Resource{}, err
	}
	return r, nil
}

// History lists the operations and intervals of availability of a resource, oldest first (resource.read).
func (s *Resources) History(ctx context.Context, c access.Caller, resource string) (runs []Run, intervals []Interval, err error) {
	if _, err := s.Resource(ctx, c, resource); err != nil {
		return nil, nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if runs, err = selectRuns(tx, resource); err != nil {
			return err
		}
		intervals, err = selectIntervals(tx, resource)
		return err
	})
	return runs, intervals, err
}

// SecretsOf gives what the driver said the customer must know, such as a first password (resource.operate).
func (s *Resources) SecretsOf(ctx context.Context, c access.Caller, resource string) (map[string]string, error) {
	r, err := s.read(ctx, c, access.ResourceOperate, func(tx *store.Tx) (Resource, error) { return selectResource(tx, resource) })
	if err != nil || len(r.sealed) == 0 {
		return nil, err
	}
	plain, err := s.Ring.Open(ctx, keys.Tenant(r.Org), r.sealed, secretsAAD(r.ID))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, json.Unmarshal(plain, &out)
}

func secretsAAD(resource string) []byte { return []byte("resource|" + resource + "|secrets") }

// All lists resources below the caller's organisation after a cursor, at most limit (resource.read). For desks.
func (s *Resources) All(ctx context.Context, c access.Caller, after string, limit int) (list []Resource, err error) {
	if err := s.Policy.Check(c, access.ResourceRead, access.Resource{Type: "resource", Org: c.Org, Path: c.Path}); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanResource, "SELECT "+resourceColumns+` FROM resource WHERE id > $1 AND org_path >= $2 AND org_path < $3
			ORDER BY id LIMIT $4`, after, c.Path, c.Path+"~", limit)
		return err
	})
	return list, err
}

// Retry makes a resource again that vanished from its engine and could not be restored (resource.operate); a conflict
// otherwise.
func (s *Resources) Retry(ctx context.Context, c access.Caller, resource string) error {
	if _, err := s.read(ctx, c, access.ResourceOperate, func(tx *store.Tx) (Resource, error) { return selectResource(tx, resource) }); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		r, err := selectResource(tx, resource)
		if err != nil {
			return err
		}
		if r.State != StateFailed || r.Applied == 0 {
			return fail.New(fail.Conflict, "provision.not_failed", "This resource does not wait for another try.", "Order it anew when it could not be made.")
		}
		r.State = StateWaiting
		if err := updateResource(tx, r); err != nil {
			return err
		}
		return s.wake(tx, r.ID)
	})
}
