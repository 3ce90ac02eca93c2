package copies

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// take writes one difference down. The row is read again: whoever changed it meanwhile was right.
func (s *Register) take(tx *store.Tx, region residency.Region, full bool, d step, cycle *Cycle) error {
	opened, closed := 0, 0
	tx.AfterCommit(func() { cycle.Opened, cycle.Closed = cycle.Opened+opened, cycle.Closed+closed })
	if d.row == nil {
		row, there, err := selectObject(tx, region.Key, *d.listed)
		if err != nil || there {
			return err
		}
		row, wait, err := s.newRow(tx, region, full, *d.listed)
		if err != nil || wait {
			return err
		}
		if row.State == StateUnregistered {
			opened++
		}
		return s.begin(tx, row)
	}
	c, err := selectCopy(tx, d.row.ID)
	if err != nil || c.State != d.row.State || !c.ChangedAt.Equal(d.row.ChangedAt) {
		return err
	}
	if d.listed == nil {
		return s.unlisted(tx, c, &opened, &closed)
	}
	return s.listed(tx, c, *d.listed, &opened, &closed)
}

// newRow is what a listed copy becomes of which there is no row. wait is true for one of a resource that is being made, or
// that another region answers for.
func (s *Register) newRow(tx *store.Tx, region residency.Region, full bool, l provision.Copy) (c Copy, wait bool, err error) {
	now := s.Now()
	c = Copy{ID: s.IDs.New("cpy"), Org: s.Operator, Path: "/" + s.Operator + "/", Resource: l.Resource, Kind: l.Kind, Region: region.Key, Driver: region.Driver, Object: l.Object,
		State: StateUnregistered, Bytes: l.Bytes, Part: l.Part, Actor: system, MadeAt: l.Made, FirstAt: now, ChangedAt: now}
	r, err := s.Resources.ResourceIn(tx, l.Resource)
	if fail.Is(err, fail.NotFound) {
		return c, false, nil // of nobody that we know: the operator's to explain
	}
	if err != nil || r.Org != l.Tenant && l.Tenant != "" {
		return c, false, err // the labels contradict each other
	}
	if !full && r.Region != region.Key {
		return c, true, nil
	}
	p, err := s.primary(tx, r)
	c.Org, c.Path, c.Publisher, c.Subscription, c.OfferVersion, c.Class, c.Market = p.Org, p.Path, p.Publisher, p.Subscription, p.OfferVersion, p.Class, p.Market
	if err != nil || l.Kind != provision.CopyPrimary && !l.Part || r.Region != region.Key {
		return c, false, err
	}
	wait = s.explained(tx, r, l, &c)
	return c, wait, nil
}

// explained takes a resource's own copy, or a part of it, into the register; wait is true while the resource is being made or
// removed.
func (s *Register) explained(tx *store.Tx, r provision.Resource, l provision.Copy, c *Copy) (wait bool) {
	switch r.State {
	case provision.StateGone:
		return r.Since.Add(Patience).After(s.Now()) && l.Kind == provision.CopyPrimary
	case provision.StateWaiting, provision.StateCreating, provision.StateDeleting:
		return true
	}
	list, err := selectOfResource(tx, r.ID)
	if err != nil {
		return true
	}
	for _, other := range list {
		if other.Kind == l.Kind && other.Region == c.Region && l.Kind == provision.CopyPrimary {
			return false // there is one already: this is another
		}
	}
	c.State, c.Actor = StatePresent, "system:provision"
	return false
}

// begin writes a new row, and the incident where nobody registered it.
func (s *Register) begin(tx *store.Tx, c Copy) error {
	if err := insertCopy(tx, c); err != nil {
		return err
	}
	if c.State != StateUnregistered {
		return nil // a resource's own, of which provision's facts tell
	}
	return s.open(tx, c, FactUnregistered, true)
}

// open writes an incident with its fact and its mails.
func (s *Register) open(tx *store.Tx, c Copy, fact string, first bool) error {
	i := Incident{ID: s.IDs.New("inc"), Copy: c.ID, Org: c.Org, Path: c.Path, Kind: c.State, OpenedAt: s.Now()}
	if err := insertIncident(tx, i); err != nil {
		return err
	}
	if err := s.record(tx, system, fact, c, first, i); err != nil {
		return err
	}
	return s.tell(tx, c)
}

// listed: the engine has it.
func (s *Register) listed(tx *store.Tx, c Copy, l provision.Copy, opened, closed *int) error {
	was := c.State
	c.Object, c.Bytes = l.Object, l.Bytes
	if !l.Made.IsZero() {
		c.MadeAt = l.Made
	}
	switch was {
	case StateExpected, StateMissing:
		c.State, c.ChangedAt = StatePresent, s.Now()
	case StateLeaving:
		c.State, c.ChangedAt = StateUnregistered, s.Now()
	}
	if err := updateCopy(tx, c); err != nil || was == c.State {
		return err
	}
	if c.State == StateUnregistered {
		*opened++
		return s.open(tx, c, FactUnregistered, false)
	}
	return s.over(tx, c, HowFound, closed)
}

// unlisted: the engine does not have it.
func (s *Register) unlisted(tx *store.Tx, c Copy, opened, closed *int) error {
	if c.Kind == provision.CopyPrimary || c.Part {
		r, err := s.Resources.ResourceIn(tx, c.Resource)
		if err != nil {
			return err
		}
		switch {
		case c.Part: // a log that is empty, a key that was taken back
			c.State = StateGone
		case r.State == provision.StateGone:
			c.State = StateGone
		case r.Desired == provision.DesiredAbsent || r.State == provision.StateCreating || r.State == provision.StateDeleting || r.State == provision.StateFailed:
			return nil // provision is at it
		}
	}
	missing := c.State == StatePresent || c.State == StateExpected
	c.ChangedAt = s.Now()
	if c.State = StateGone; missing && !c.Part {
		c.State = StateMissing
	}
	if err := updateCopy(tx, c); err != nil {
		return err
	}
	if c.State == StateMissing {
		*opened++
		return s.open(tx, c, FactMissing, false)
	}
	return s.over(tx, c, HowVanished, closed)
}

// over closes the incident of a copy, where there is one.
func (s *Register) over(tx *store.Tx, c Copy, how How, closed *int) error {
	i, open, err := openIncident(tx, c.ID)
	if err != nil || !open {
		return err
	}
	*closed++
	return s.settle(tx, system, c, i, how, "")
}
