package proof

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// windowCheck recomputes a window from its events, which come one by one.
type windowCheck struct {
	window *Window
	hashes [][32]byte
	groups map[groupKey]*group
	last   *group // of lastKey: events of one meter come in a row
	at     groupKey
}

type groupKey struct{ meter, unit, labels string }

// group is what one sum of the window is made of.
type group struct {
	aggregation Aggregation
	total       tally
	points      []Point
	compact     int  // how many points are in their order
	taken       bool // an event was taken back that does not add up: the window alone does not show the rest
	stated      bool // the window has the sum
}

func newWindowCheck(w *Window) *windowCheck {
	c := &windowCheck{window: w, groups: make(map[groupKey]*group, len(w.Sums))}
	for _, s := range w.Sums {
		c.groups[groupKey{s.Meter, s.Unit, s.Labels}] = &group{aggregation: s.Aggregation, stated: true}
	}
	return c
}

// add counts an event, and the one it takes back, both in canonical form.
func (c *windowCheck) add(text, original string) error {
	e, err := ParseEvent(text)
	if err != nil {
		return err
	}
	if e.Subject != c.window.Subject || e.Source != c.window.Source || !e.Counts() && !e.Corrects() {
		return fmt.Errorf("belongs to %s of %s, not to this window", e.Subject, e.Source)
	}
	hash := hashText(text)
	if !e.Corrects() {
		if original != "" {
			return errors.New("takes nothing back, and comes with another event")
		}
		c.hashes = append(c.hashes, hash)
		return c.count(&e, hash, 1)
	}
	o, err := ParseEvent(original)
	if err != nil {
		return fmt.Errorf("what it takes back: %w", err)
	}
	if !o.Counts() || o.Source != e.Source || o.Subject != e.Subject || o.ID != e.Data.Event && o.Data.Event != e.Data.Event {
		return fmt.Errorf("takes back %s, not %s", e.Data.Event, o.ID)
	}
	taken := hashText(original)
	c.hashes = append(c.hashes, CorrectionHash(hash, taken))
	if err := c.count(&o, taken, -1); err != nil || e.Type == TypeVoid {
		return err
	}
	return c.count(&e, hash, 1)
}

func hashText(text string) [32]byte { return EventHash([]byte(text)) }

// count adds an event to its group, or takes it away.
func (c *windowCheck) count(e *Event, hash [32]byte, sign int64) error {
	key := groupKey{e.Data.Meter, e.Data.Unit, e.Data.Labels()}
	if c.last == nil || c.at != key {
		if c.groups[key] == nil {
			c.groups[key] = &group{}
		}
		c.last, c.at = c.groups[key], key
	}
	g := c.last
	switch {
	case g.aggregation == AggregateCount:
		g.total.add(sign)
		return nil
	case g.aggregation.Adds():
		n, err := strconv.ParseInt(e.Data.Value, 10, 64)
		if err != nil {
			return fmt.Errorf("has the value %q, which is no integer of 64 bits", e.Data.Value)
		}
		g.total.add(sign * n)
		return nil
	case sign < 0:
		g.taken = true
		return nil
	}
	u, err := e.Usage()
	if err != nil {
		return err
	}
	g.points = append(g.points, g.aggregation.PointOf(e, u, hash, c.window.From))
	if len(g.points) >= 2*g.compact+4096 {
		g.points = g.aggregation.Compact(g.points)
		g.compact = len(g.points)
	}
	return nil
}

// close compares digest and sums.
func (c *windowCheck) close() error {
	w := c.window
	if int64(len(c.hashes)) != w.Events {
		return fmt.Errorf("window %s: counts %d events, there are %d", w.ID, w.Events, len(c.hashes))
	}
	got := WindowDigest(c.hashes) // sorts them
	for i := range c.hashes[min(1, len(c.hashes)):] {
		if c.hashes[i] == c.hashes[i+1] {
			return fmt.Errorf("window %s: the event with the hash %x stands twice", w.ID, c.hashes[i])
		}
	}
	if hex.EncodeToString(got[:]) != w.Digest {
		return fmt.Errorf("window %s: the digest of its events is %x, it says %s", w.ID, got, w.Digest)
	}
	c.hashes = nil
	if len(c.groups) != len(w.Sums) {
		return fmt.Errorf("window %s: has %d sums, its events give %d", w.ID, len(w.Sums), len(c.groups))
	}
	for _, s := range w.Sums {
		g := c.groups[groupKey{s.Meter, s.Unit, s.Labels}]
		switch {
		case !g.aggregation.Adds():
			g.points = g.aggregation.Compact(g.points)
		case s.Period != "" || s.Samples != 0 || s.Held != "" || s.Through != "":
			return fmt.Errorf("window %s: %s adds up, and has what belongs to other meters", w.ID, s.Meter)
		case g.total.String() != s.Quantity:
			return fmt.Errorf("window %s: the events give %s %s of %s, it says %s", w.ID, &g.total, s.Unit, s.Meter, s.Quantity)
		}
	}
	return nil
}
