package copies

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/trace"
)

// jobLook asks every engine which copies it has. A timer.
const jobLook = "copies.look"

// Config is what the service stands on.
type Config struct {
	DB         *store.DB
	IDs        *id.Source
	Now        clock.Clock
	Facts      *trace.Facts
	Policy     *access.Policy
	Parties    *party.Parties
	Residency  *residency.Residency
	Catalogue  *catalog.Catalogue
	Placements *placement.Placements
	Resources  *provision.Resources
	Outbox     *mail.Outbox
	Queue      *job.Queue
	Log        *slog.Logger
	Operator   string        // organisation that is told of every incident
	Site       string        // address of the portal, for links in mails
	Every      time.Duration // between two looks at the engines; 30 s when zero
}

// Register is the service. Safe for concurrent use.
type Register struct {
	Config
	texts *mail.Texts
	looks sync.Mutex // one cycle at a time in this process
}

// New makes the service and registers its job.
func New(c Config) (*Register, error) {
	if c.Every == 0 {
		c.Every = 30 * time.Second
	}
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, fmt.Errorf("copies: %w", err)
	}
	s := &Register{Config: c, texts: texts}
	c.Queue.Handle(jobLook, func(ctx context.Context, _ job.Job) error {
		_, err := s.look(ctx)
		return err
	})
	c.Queue.Every(jobLook, c.Every)
	return s, nil
}

func (s *Register) record(tx *store.Tx, actor, kind string, c Copy, first bool, i Incident) error {
	parties := []string{s.Operator}
	if c.Publisher != "" {
		parties = append(parties, c.Publisher)
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: c.ID, First: first, Owner: c.Org, Parties: parties, Actor: actor, At: s.Now(),
		Machine: Fact{Copy: c.ID, Org: c.Org, Subscription: c.Subscription, Resource: c.Resource, Kind: c.Kind, Class: c.Class, Region: c.Region, Country: c.Country,
			Object: c.Object, Incident: i.ID, How: i.How}})
	return err
}

func resourceOf(c Copy) access.Resource {
	return access.Resource{Type: "copy", ID: c.ID, Org: c.Org, Path: c.Path}
}

// NewCopy is a copy to be registered.
type NewCopy struct {
	Subscription string
	Kind         provision.CopyKind // any but primary and technical
	Region       string             // key
	Object       string             // the engine's name, where it is known already; "" otherwise
}

// Add registers a copy of a service's data that is to be made, or was made by hand: it is judged as the service's own place
// is, and refused with every reason (copy.register). The engine must show it within Patience.
func (s *Register) Add(ctx context.Context, c access.Caller, in NewCopy) (out Copy, err error) {
	if in.Kind == provision.CopyPrimary || in.Kind == provision.CopyTechnical || !known(in.Kind) {
		return out, fail.New(fail.Invalid, "copies.kind", "A copy of this kind is not registered by hand.", "Use replica, snapshot, backup, export, log, key or cache.").Field("kind", "is none of them")
	}
	if len(in.Object) > maxObject || strings.ContainsAny(in.Object, "\n\x00") {
		return out, fail.New(fail.Invalid, "copies.object", "The name of the copy cannot be used.", fmt.Sprintf("Give one line of at most %d bytes.", maxObject)).Field("object", "is too long")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		held, err := s.held(tx, c, in.Subscription)
		if err != nil {
			return err
		}
		facts, _, err := s.Residency.Snapshot(tx)
		if err != nil {
			return err
		}
		now := s.Now()
		out = Copy{ID: s.IDs.New("cpy"), Org: held.Org, Path: held.Path, Publisher: held.Publisher, Subscription: held.Subscription, OfferVersion: held.OfferVersion,
			Class: held.Class, Market: held.Market, Kind: in.Kind, Region: in.Region, Driver: driverOf(facts, in.Region), Object: in.Object, State: StateExpected,
			Actor: c.Ref(), FirstAt: now, ChangedAt: now}
		if r, err := s.Resources.OfIn(tx, in.Subscription); err == nil {
			out.Resource = r.ID
		}
		if err := s.allowed(tx, out); err != nil {
			return err
		}
		if in.Object != "" {
			if _, there, err := selectObject(tx, in.Region, provision.Copy{Object: in.Object}); err != nil || there {
				return errOr(err, fail.New(fail.Conflict, "copies.known", "This copy stands in the register already.", "Look at it there; one that nobody registered is adopted."))
			}
		}
		if err := insertCopy(tx, out); err != nil {
			return err
		}
		return s.record(tx, c.Ref(), FactRegistered, out, true, Incident{})
	})
	return out, err
}

const maxObject = 400

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func known(k provision.CopyKind) bool {
	for _, one := range provision.CopyKinds() {
		if one == k {
			return true
		}
	}
	return false
}

// held reads by what a subscription is judged, for a caller who may register copies of it. A stranger's is not found.
func (s *Register) held(tx *store.Tx, c access.Caller, subscription string) (placement.Held, error) {
	held, err := s.Placements.HeldBy(tx, subscription)
	if fail.Is(err, fail.NotFound) {
		return held, fail.Missing("service", subscription)
	}
	if err != nil {
		return held, err
	}
	err = s.Policy.Check(c, access.CopyRegister, access.Resource{Type: "service", ID: subscription, Org: held.Org, Path: held.Path})
	return held, err
}

func driverOf(f *residency.Facts, region string) string {
	for _, r := range f.Regions {
		if r.Key == region {
			return r.Driver
		}
	}
	return ""
}

// allowed refuses a copy whose place the customer's policy, or a rule, does not allow.
func (s *Register) allowed(tx *store.Tx, c Copy) error {
	j, err := s.judge(tx, []Copy{c})
	if err != nil {
		return err
	}
	v := j.verdict(c)
	if v.Allowed {
		return nil
	}
	out := fail.New(fail.Denied, "copies.place", "The data may not lie there.", "Choose another region; the reasons say what would make this one possible.")
	for _, r := range v.Reasons {
		out = out.Because(r.Fail())
	}
	return out
}

// Adopt registers a copy that was found unregistered: somebody of the customer or the operator knows it. Its place is judged
// first, and one that is not allowed is not adopted: it has to go (copy.register).
func (s *Register) Adopt(ctx context.Context, c access.Caller, copyID, note string) (out Copy, err error) {
	return s.settleBy(ctx, c, copyID, note, StateUnregistered, HowAdopted, func(tx *store.Tx, one *Copy) error {
		one.State = StatePresent
		return s.allowed(tx, *one)
	})
}

// Retire says that a copy need not be there any more: one that is missing, or that is going to be removed from the engine.
// What the engine still lists after Patience is an incident (copy.register). A service's primary copy goes with the service.
func (s *Register) Retire(ctx context.Context, c access.Caller, copyID, note string) (out Copy, err error) {
	return s.settleBy(ctx, c, copyID, note, "", HowRetired, func(_ *store.Tx, one *Copy) error {
		switch {
		case one.Kind == provision.CopyPrimary && one.State != StateMissing || one.Part:
			return fail.New(fail.Conflict, "copies.primary", "This copy belongs to the running service.", "Cancel the service, or move it.")
		case one.State == StateUnregistered:
			return fail.New(fail.Conflict, "copies.unregistered", "Nobody registered this copy.", "Remove it from the engine, and it leaves the register by itself; or adopt it.")
		case one.State == StateMissing:
			one.State = StateGone
		default:
			one.State = StateLeaving
		}
		return nil
	})
}

// settleBy changes one copy by a person's word and closes its incident.
func (s *Register) settleBy(ctx context.Context, c access.Caller, copyID, note string, from State, how How, change func(tx *store.Tx, one *Copy) error) (out Copy, err error) {
	note = strings.TrimSpace(note)
	if note == "" || len(note) > 500 {
		return out, fail.New(fail.Invalid, "copies.note", "A reason is missing.", "Say in at most 500 bytes why; the customer reads it.").Field("note", "is empty or too long")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		one, err := selectCopy(tx, copyID)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.CopyRegister, resourceOf(one)); err != nil {
			return err
		}
		if from != "" && one.State != from || one.State == StateGone {
			return fail.New(fail.Conflict, "copies.state", "The copy does not wait for this: it is "+string(one.State)+".", "Look at it again.")
		}
		if err := change(tx, &one); err != nil {
			return err
		}
		one.Actor, one.ChangedAt = c.Ref(), s.Now()
		out = one
		if err := updateCopy(tx, one); err != nil {
			return err
		}
		i, open, err := openIncident(tx, one.ID)
		if err != nil {
			return err
		}
		if !open {
			i = Incident{How: how}
			return s.record(tx, c.Ref(), FactRetired, one, false, i)
		}
		return s.settle(tx, c.Ref(), one, i, how, note)
	})
	return out, err
}

// settle closes an incident.
func (s *Register) settle(tx *store.Tx, actor string, c Copy, i Incident, how How, note string) error {
	i.ClosedAt, i.How, i.Actor, i.Note = s.Now(), how, actor, note
	if err := closeIncident(tx, i); err != nil {
		return err
	}
	return s.record(tx, actor, FactSettled, c, false, i)
}
