package id

import (
	"crypto/rand"
	"sync/atomic"
	"time"
)

// latest is the time of the last UUID, as instant makes it: two UUIDs of one process never bear the same. It belongs to
// the process because identifiers of all sources sort against each other.
var latest atomic.Int64 //nolint:gochecknoglobals // one clock a process

// NewUUID is a UUIDv7 (RFC 9562, section 5.7); it panics only when the system has no randomness, in which case nothing
// may go on. Within a process each sorts after the one before: the 12 bits after the version are a part of the
// millisecond (section 6.2, method 3), moved on by one where the clock has not moved, or went back.
func NewUUID() [16]byte {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails: it ends the program instead
	stamp(&u, instant(&latest, time.Now()))
	return u
}

// stamp sets time, version and variant of a UUID, and leaves the 62 other bits.
func stamp(u *[16]byte, at int64) {
	ms, part := at>>12, at&0xfff
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6], u[7] = 0x70|byte(part>>8), byte(part)
	u[8] = 0x80 | u[8]&0x3f
}

// instant is a time in milliseconds since 1970, shifted by 12 bits, with steps of 256 ns (up to 3906) in those: later
// than every one before.
func instant(last *atomic.Int64, now time.Time) int64 {
	nanos := now.UnixNano()
	at := nanos/1e6<<12 | nanos%1e6>>8
	for {
		before := last.Load()
		next := max(at, before+1)
		if last.CompareAndSwap(before, next) {
			return next
		}
	}
}
