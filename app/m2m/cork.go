package m2m

import (
	"net"
	"sync"
)

// corkBytes is how much may gather before it is written anyway.
const corkBytes = 32 << 10

// corked is a connection on which several packets can travel in one TLS record: between cork and uncork, writes
// gather in memory. Acknowledgements come in groups, because they share an fsync.
type corked struct {
	net.Conn
	mu    sync.Mutex
	corks int
	buf   []byte
}

// Write implements net.Conn.
func (c *corked) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corks == 0 {
		return c.Conn.Write(b)
	}
	c.buf = append(c.buf, b...)
	if len(c.buf) < corkBytes {
		return len(b), nil
	}
	return len(b), c.flush()
}

func (c *corked) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *corked) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corks++
}

// uncork writes what has gathered, whoever else may still hold a cork. A connection that cannot be written is closed.
func (c *corked) uncork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corks--
	if err := c.flush(); err != nil {
		_ = c.Close()
	}
}
