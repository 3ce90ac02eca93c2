// Package clock injects time.
//
// Owns: the type that everything which needs the time takes in its constructor.
// Does not own: legal clocks, billing periods or time zones.
// Reads: the system clock.
// Writes: nothing.
package clock

import (
	"sync"
	"time"
)

// Clock tells the present instant, in UTC with microseconds (what both databases keep).
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Fake is a clock for tests that moves only when told. Safe for concurrent use.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake starts at an instant.
func NewFake(at time.Time) *Fake { return &Fake{now: at.UTC().Truncate(time.Microsecond)} }

// Now is a Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves it by d, which may be negative (a clock set back).
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}
