package id

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTheExampleOfTheStandard is RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
func TestTheExampleOfTheStandard(t *testing.T) {
	u := [16]byte{8: 0x18, 9: 0xc4, 10: 0xdc, 11: 0x0c, 12: 0x0c, 13: 0x07, 14: 0x39, 15: 0x8f}
	stamp(&u, 0x017f22e279b0<<12|0xcc3)
	want := [16]byte{0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f}
	if u != want {
		t.Errorf("%x, want %x", u, want)
	}
}

func TestUUIDsRise(t *testing.T) {
	const each, makers = 2000, 8
	var mu sync.Mutex
	seen := map[[8]byte]bool{}
	var wait sync.WaitGroup
	for range makers {
		wait.Go(func() {
			var last [16]byte
			for range each {
				u := NewUUID()
				if bytes.Compare(u[:], last[:]) <= 0 {
					t.Errorf("%x follows %x", u, last)
				}
				last = u
				mu.Lock()
				seen[[8]byte(u[:8])] = true
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if len(seen) != each*makers {
		t.Errorf("%d UUIDs have %d times", each*makers, len(seen))
	}
	u := NewUUID()
	ms := int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5])
	if off := time.Since(time.UnixMilli(ms)); off < -time.Second || off > time.Minute {
		t.Errorf("the time of %x is %v off", u, off)
	}
}

// FuzzUUID: whatever the clock says, also backwards, version and variant stand and the next sorts after the last.
func FuzzUUID(f *testing.F) {
	f.Add(int64(1_700_000_000_000_000_000), int64(-5), int64(0), []byte("random bytes"))
	f.Fuzz(func(t *testing.T, start, step, other int64, random []byte) {
		const end = int64(1) << 62 // of what UnixNano can tell is the year 2262
		now := start & (end - 1)
		var last atomic.Int64
		var before [16]byte
		for _, d := range []int64{0, step, other, 0, -step} {
			now = (now + d) & (end - 1)
			var u [16]byte
			copy(u[:], random)
			stamp(&u, instant(&last, time.Unix(0, now)))
			if u[6]>>4 != 7 || u[8]>>6 != 2 {
				t.Fatalf("%x is no UUIDv7", u)
			}
			if bytes.Compare(u[:8], before[:8]) <= 0 {
				t.Fatalf("%x follows %x", u, before)
			}
			before = u
			if again, ok := decode(encode(u)); !ok || again != u {
				t.Fatalf("%x does not come back", u)
			}
		}
	})
}
