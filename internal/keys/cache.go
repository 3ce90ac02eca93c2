package keys

import (
	"container/list"
	"sync"
	"time"
)

// cache holds unwrapped keys for a short time, the most recently used ones. Age is counted on the monotonic clock
// from before the row was read: neither a clock set back nor a slow database prolongs the life of a destroyed key.
type cache struct {
	mu      sync.Mutex
	entries map[Ref]*list.Element
	order   *list.List // front: used last
	size    int
	ttl     time.Duration
	purges  uint64
	age     func() time.Duration
}

type cached struct {
	ref  Ref
	key  *key // nil: destroyed, which is final and never too old
	from time.Duration
}

func newCache(size int, ttl time.Duration) *cache {
	start := time.Now()
	return &cache{entries: map[Ref]*list.Element{}, order: list.New(), size: size, ttl: ttl, age: func() time.Duration { return time.Since(start) }}
}

// get gives the key; destroyed is true when it is known to be.
func (c *cache) get(ref Ref) (k *key, destroyed bool) {
	now := c.age()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[ref]
	if e == nil {
		return nil, false
	}
	v := e.Value.(*cached)
	if v.key != nil && now-v.from >= c.ttl {
		c.drop(e)
		return nil, false
	}
	c.order.MoveToFront(e)
	return v.key, v.key == nil
}

// begin is called before a row is read; put refuses what was read before a purge.
func (c *cache) begin() (from time.Duration, purges uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.age(), c.purges
}

// put remembers a key, or with nil that it is destroyed.
func (c *cache) put(ref Ref, k *key, from time.Duration, purges uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k != nil && c.purges != purges {
		return
	}
	if e := c.entries[ref]; e != nil {
		c.drop(e)
	}
	c.entries[ref] = c.order.PushFront(&cached{ref: ref, key: k, from: from})
	for len(c.entries) > c.size {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	delete(c.entries, e.Value.(*cached).ref)
	c.order.Remove(e)
}

// purge forgets everything, and whatever is being read now.
func (c *cache) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purges++
	clear(c.entries)
	c.order.Init()
}
