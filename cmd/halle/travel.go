package main

import (
	"sync/atomic"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
)

// traveller is the clock of a demo: the machine's, set back while a month that is over is played. It stands a step behind
// the machine's and goes on as that does.
type traveller struct{ back atomic.Int64 }

// Now is a clock.Clock.
func (t *traveller) Now() time.Time { return clock.System().Add(-time.Duration(t.back.Load())) }

// to goes to an instant, but never beyond the present.
func (t *traveller) to(at time.Time) { t.back.Store(int64(max(0, clock.System().Sub(at)))) }

// home is the present again.
func (t *traveller) home() { t.back.Store(0) }
