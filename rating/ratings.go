package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service needs.
type Config struct {
	DB      *store.DB
	IDs     *id.Source
	Now     clock.Clock
	Facts   *trace.Facts
	Policy  *access.Policy
	Parties *party.Parties
	// Spend tells the limits upstream what was charged, in the same transaction: order's RaiseSpent.
	Spend func(tx *store.Tx, org string, amount money.Amount) error
	// Windows lists the closed usage windows of a subscription in a stretch of time, for comparisons: meter's WindowsIn.
	Windows func(ctx context.Context, c access.Caller, subscription string, from, to time.Time, after int64, limit int) (meter.Page, error)
	// Trial tells until when prices per period are free by the plan, for comparisons; zero for no time.
	Trial func(tx *store.Tx, subscription string) (time.Time, error)
	// Subscribers lists who has a publisher's offers, for simulations: subscription's Subscribers, which authorises.
	Subscribers func(ctx context.Context, c access.Caller, publisher, cursor string, limit int) (subscription.Page, error)
	// Zone is where an organisation without a contract has its civil dates; "" means UTC.
	Zone string
}

// Ratings is the service. Safe for concurrent use.
type Ratings struct {
	Config
	versions versions
}

// New makes the service.
func New(c Config) *Ratings { return &Ratings{Config: c} }

// versions are price versions that were read and checked, by hash: they never change, and each window needs one.
type versions struct {
	sync.Mutex
	list map[string]*price.Version
}

const maxVersions = 1000

func (v *versions) get(hash string) *price.Version {
	v.Lock()
	defer v.Unlock()
	return v.list[hash]
}

func (v *versions) put(hash string, one *price.Version) {
	v.Lock()
	defer v.Unlock()
	if v.list == nil || len(v.list) >= maxVersions {
		v.list = map[string]*price.Version{}
	}
	v.list[hash] = one
}

var system = access.System("rating").Ref()

// Begin takes a subscription's price down and charges what is owed once. Idempotent by subscription. Readers call it.
func (s *Ratings) Begin(tx *store.Tx, in Start) error {
	v, hash, err := s.keepPrice(tx, in.Price)
	if err != nil {
		return err
	}
	c := Contract{Subscription: in.Subscription, Org: in.Org, Path: in.Path, Publisher: in.Publisher, Seller: in.Seller, Market: in.Market,
		Currency: v.Currency, Name: in.Name, Zone: in.Zone, Anchor: in.Anchor, ActivatedAt: in.At.UTC(), ChargedTo: in.At.UTC(), exact: money.ZeroExact(v.Currency)}
	if in.FreeUntil.After(in.At) {
		c.ChargedTo = in.FreeUntil.UTC()
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return fmt.Errorf("zone of subscription %s: %w", in.Subscription, err)
	}
	if fresh, err := insertContract(tx, c); err != nil || !fresh {
		return err
	}
	first := Interval{Seq: 1, Price: hash, Plan: in.Plan, Name: in.Name, Held: true, Fact: in.Fact, From: in.At}
	if err := insertInterval(tx, in.Subscription, first); err != nil {
		return err
	}
	var charges []Charge
	for _, part := range v.Components {
		if part.Kind != price.OneOff {
			continue
		}
		charges = append(charges, Charge{Component: part.Key, Price: hash, Fact: in.Fact, At: price.Interval{From: in.At, To: in.At}, Quantity: 1})
	}
	return s.charge(tx, &c, v, charges, RatedFact{})
}

// ChangePrice gives a subscription another price from an instant on. Readers call it.
func (s *Ratings) ChangePrice(tx *store.Tx, subscription string, canonical []byte, plan, name, fact string, from time.Time) error {
	v, hash, err := s.keepPrice(tx, canonical)
	if err != nil {
		return err
	}
	fresh := false
	err = s.next(tx, subscription, from, func(i Interval) bool { return i.Fact == fact }, func(i *Interval) {
		i.Price, i.Plan, i.Fact, fresh = hash, plan, fact, true
		if name != "" {
			i.Name = name
		}
	})
	if err != nil || !fresh {
		return err
	}
	return s.credit(tx, subscription, v, hash, fact, from)
}

// Hold says from when on a subscription is held (resumed) or not (suspended). Readers call it.
func (s *Ratings) Hold(tx *store.Tx, subscription string, held bool, from time.Time) error {
	done := func(i Interval) bool { return i.From.Equal(from) && i.Held == held }
	return s.next(tx, subscription, from, done, func(i *Interval) { i.Held = held })
}

// next begins a new interval, unless one is there that is what the change wants (a replay). One that begins before the
// last one is moved to its start, so that history has no gap.
func (s *Ratings) next(tx *store.Tx, subscription string, from time.Time, done func(i Interval) bool, change func(i *Interval)) error {
	history, err := selectHistory(tx, subscription)
	if err != nil {
		return err
	}
	if len(history) == 0 {
		return fail.Missing("service", subscription)
	}
	if slices.ContainsFunc(history, done) {
		return nil
	}
	i := history[len(history)-1]
	if from.After(i.From) {
		i.From = from
	}
	i.Seq++
	change(&i)
	return insertInterval(tx, subscription, i)
}

// Waive says that nothing is owed for a subscription: its consumer withdrew without having asked for an early start.
func (s *Ratings) Waive(tx *store.Tx, subscription string) error {
	c, err := selectContract(tx, subscription)
	if err != nil {
		return err
	}
	c.Waived = true
	return updateContract(tx, c)
}

// End charges what is owed per period up to the end. A subscription without usage prices is then complete; others
// are with their final window. Idempotent. Readers call it.
func (s *Ratings) End(tx *store.Tx, subscription, fact string, ended time.Time) error {
	c, err := selectContract(tx, subscription)
	if err != nil || !c.EndedAt.IsZero() {
		return err
	}
	history, err := selectHistory(tx, subscription)
	if err != nil {
		return err
	}
	c.EndedAt, c.EndedFact = ended.UTC(), fact
	if c.EndedAt.Before(c.ActivatedAt) {
		c.EndedAt = c.ActivatedAt
	}
	if err := s.chargePeriods(tx, &c, history, c.EndedAt); err != nil {
		return err
	}
	usage := false
	for _, i := range history {
		v, err := s.price(tx, i.Price)
		if err != nil {
			return err
		}
		for _, part := range v.Components {
			usage = usage || part.Kind.Usage()
		}
	}
	if usage {
		return updateContract(tx, c)
	}
	return s.complete(tx, &c)
}

// complete says that nothing more comes but late usage.
func (s *Ratings) complete(tx *store.Tx, c *Contract) error {
	c.Complete = true
	if err := updateContract(tx, *c); err != nil {
		return err
	}
	return s.record(tx, *c, RatedFact{Final: true})
}

// ClosedWindow is a closed usage window to be rated, with the id of its fact.
type ClosedWindow struct {
	proof.Window
	Fact  string
	Final bool // no events: all usage of an ended subscription is in
}

// RateWindow charges a window: each usage component whose meter it counted. Idempotent by window. Readers call it.
func (s *Ratings) RateWindow(tx *store.Tx, w ClosedWindow) error {
	fresh, err := insertWindow(tx, w.ID, w.Subject)
	if err != nil || !fresh {
		return err
	}
	c, err := selectContract(tx, w.Subject)
	if err != nil {
		return err
	}
	if w.Final {
		return s.complete(tx, &c)
	}
	history, err := selectHistory(tx, w.Subject)
	if err != nil {
		return err
	}
	instant := w.Decides()
	in := at(history, instant)
	v, err := s.price(tx, in.Price)
	if err != nil {
		return err
	}
	charges, err := c.usage(v, w.Window, instant)
	if err != nil {
		return err
	}
	for n := range charges {
		charges[n].Price, charges[n].Window, charges[n].Fact, charges[n].Correction = in.Price, w.ID, w.Fact, w.Corrects != ""
	}
	return s.charge(tx, &c, v, charges, RatedFact{Window: w.ID})
}

// usage is what a window charges by a price: each component whose meter it counted, in its hours.
func (c Contract) usage(v *price.Version, w proof.Window, instant time.Time) (out []Charge, err error) {
	period, err := c.month(instant)
	if err != nil {
		return nil, err
	}
	for i := range v.Components {
		part := &v.Components[i]
		if !part.Kind.Usage() {
			continue
		}
		if applies, err := part.Applies(instant); err != nil {
			return nil, err
		} else if !applies {
			continue
		}
		quantity, err := money.ParseQuantity(w.Sum(part.Meter))
		if err != nil {
			return nil, fmt.Errorf("window %s: %w", w.ID, err)
		}
		if quantity != 0 {
			out = append(out, Charge{Component: part.Key, At: price.Interval{From: w.From, To: w.To}, Period: period.Interval, Quantity: quantity})
		}
	}
	return out, nil
}

// charge rates and writes charges, raises what is spent, and records the fact when there is a charge.
func (s *Ratings) charge(tx *store.Tx, c *Contract, v *price.Version, list []Charge, fact RatedFact) error {
	for n, one := range list {
		one.ID, one.Org, one.Subscription, one.CreatedAt = s.IDs.New("chg"), c.Org, c.Subscription, s.Now()
		part, err := v.Component(one.Component)
		if err != nil {
			return err
		}
		if part.Kind.Usage() {
			if one.From, err = takeUnits(tx, one); err != nil {
				return fmt.Errorf("units of %s: %w", one.Component, err)
			}
		}
		line, err := price.Rate(v, one.Component, one.Proof(part.Kind).Input(part.Kind))
		if err != nil {
			return fmt.Errorf("charge %s of %s: %w", one.Component, c.Subscription, err)
		}
		one.Exact = line.Exact
		if fresh, err := insertCharge(tx, one); err != nil {
			return err
		} else if !fresh {
			return fmt.Errorf("%s of %s for %s was charged before", one.Component, c.Subscription, one.source())
		}
		if err := s.spend(tx, c, one.Exact, v.Rounding); err != nil {
			return err
		}
		list[n] = one
		fact.Charges = append(fact.Charges, RatedCharge{Charge: one.ID, Component: one.Component, Price: one.Price, Quantity: one.Quantity, From: one.From, Exact: one.Exact})
	}
	if len(list) == 0 {
		return nil
	}
	if err := noteChange(tx, c, v, list); err != nil {
		return err
	}
	if err := updateContract(tx, *c); err != nil {
		return err
	}
	return s.record(tx, *c, fact)
}

func (s *Ratings) keepPrice(tx *store.Tx, canonical []byte) (*price.Version, string, error) {
	v, err := price.ParseVersion(canonical)
	if err != nil {
		return nil, "", err
	}
	h := sha256.Sum256(canonical)
	hash := hex.EncodeToString(h[:])
	return v, hash, insertPrice(tx, hash, canonical)
}

// PriceVersion is a price version by its hash, to be read and not to be changed. Billing calls it, authorised.
func (s *Ratings) PriceVersion(tx *store.Tx, hash string) (*price.Version, error) {
	return s.price(tx, hash)
}

// price reads a price version back. What was stored is checked against its hash when it is read first. Nobody changes
// what it gives.
func (s *Ratings) price(tx *store.Tx, hash string) (*price.Version, error) {
	if v := s.versions.get(hash); v != nil {
		return v, nil
	}
	body, err := selectPrice(tx, hash)
	if err != nil {
		return nil, fmt.Errorf("price version %s: %w", hash, err)
	}
	if h := sha256.Sum256(body); hex.EncodeToString(h[:]) != hash {
		return nil, fmt.Errorf("price version %s was changed where it is stored", hash)
	}
	v, err := price.ParseVersion(body)
	if err == nil {
		s.versions.put(hash, v)
	}
	return v, err
}

// allowed reads an organisation and authorises the caller.
func (s *Ratings) allowed(ctx context.Context, c access.Caller, org, noun, thing string, then func(tx *store.Tx) error) error {
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.InvoiceRead, o.Resource(noun, thing)); err != nil {
			return err
		}
		return then(tx)
	})
}
