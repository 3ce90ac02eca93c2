package signin

import (
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
)

const (
	cacheFor  = 1500 * time.Millisecond
	cacheSize = 8192
)

// cache remembers for a moment who a credential is. Safe for concurrent use.
type cache struct {
	mu     sync.Mutex
	known  map[[32]byte]remembered
	purges uint64
}

type remembered struct {
	caller access.Caller
	at     time.Time
}

func newCache() *cache { return &cache{known: map[[32]byte]remembered{}} }

// get gives the caller when it is fresh, and the number of purges so far for put.
func (c *cache) get(hash []byte, now time.Time) (access.Caller, uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.known[[32]byte(hash)]
	age := now.Sub(r.at)
	return r.caller, c.purges, ok && age >= 0 && age < cacheFor
}

// put keeps what was read, unless something was purged since: then the read may be older than the purge.
func (c *cache) put(hash []byte, caller access.Caller, at time.Time, purges uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if purges != c.purges {
		return
	}
	if len(c.known) >= cacheSize {
		clear(c.known)
	}
	c.known[[32]byte(hash)] = remembered{caller, at}
}

func (c *cache) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purges++
	clear(c.known)
}
