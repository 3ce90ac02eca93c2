package copies

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/trace"
)

// system is who acts without a person.
const system = "system:copies"

// Readers are what this package reads: resources that are made, changed and removed.
func (s *Register) Readers() []trace.Reader {
	return []trace.Reader{{Name: "copies", Types: []string{provision.FactReady, provision.FactChanged, provision.FactDeleted}, Handle: s.react}}
}

func (s *Register) react(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil // of a customer who is gone
	}
	var f provision.ResourceFact
	if err := e.Into(&f); err != nil {
		return err
	}
	list, err := selectOfResource(tx, f.Resource)
	if err != nil {
		return err
	}
	switch e.Type {
	case provision.FactReady:
		return s.made(tx, f, list)
	case provision.FactChanged:
		return s.changed(tx, f, list)
	}
	return s.deleted(tx, list)
}

// made registers the primary copy of a resource, where no cycle was quicker.
func (s *Register) made(tx *store.Tx, f provision.ResourceFact, list []Copy) error {
	for _, c := range list {
		if c.Kind == provision.CopyPrimary {
			return nil
		}
	}
	r, err := s.Resources.ResourceIn(tx, f.Resource)
	if err != nil || r.Driver == "people" || r.State == provision.StateGone {
		return err // what people do is no data; what is long gone needs no row
	}
	c, err := s.primary(tx, r)
	if err != nil {
		return err
	}
	return insertCopy(tx, c) // resource.ready.v1 has told it
}

// primary is the row of a resource that stands in no register yet.
func (s *Register) primary(tx *store.Tx, r provision.Resource) (Copy, error) {
	now := s.Now()
	c := Copy{ID: s.IDs.New("cpy"), Org: r.Org, Path: r.Path, Publisher: r.Publisher, Subscription: r.Subscription, Resource: r.ID, OfferVersion: r.OfferVersion,
		Kind: provision.CopyPrimary, Region: r.Region, Driver: r.Driver, State: StateExpected, Actor: "system:provision", FirstAt: now, ChangedAt: now}
	held, err := s.Placements.HeldBy(tx, r.Subscription)
	if fail.Is(err, fail.NotFound) {
		return c, nil
	}
	c.fill(held)
	return c, err
}

// fill takes over by what a subscription's place is judged.
func (c *Copy) fill(h placement.Held) {
	c.Class, c.Market = h.Class, h.Market
	if c.OfferVersion == "" {
		c.OfferVersion = h.OfferVersion
	}
}

// changed lets the copies follow the offer version of their resource.
func (s *Register) changed(tx *store.Tx, f provision.ResourceFact, list []Copy) error {
	for _, c := range list {
		if c.OfferVersion == f.OfferVersion {
			continue
		}
		c.OfferVersion = f.OfferVersion
		if err := updateCopy(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// deleted lets go of what was removed with the resource; backups of it stay registered until somebody retires them.
func (s *Register) deleted(tx *store.Tx, list []Copy) error {
	for _, c := range list {
		if c.Kind != provision.CopyPrimary && !c.Part || c.State == StateLeaving {
			continue
		}
		if i, open, err := openIncident(tx, c.ID); err != nil {
			return err
		} else if open {
			if err := s.settle(tx, system, c, i, HowRetired, "The service was removed."); err != nil {
				return err
			}
		}
		c.State, c.ChangedAt = StateLeaving, s.Now()
		if err := updateCopy(tx, c); err != nil { // resource.deleted.v1 has told it
			return err
		}
	}
	return nil
}
