package store

import (
	"context"
	"database/sql"
	"errors"
)

const (
	keptMost = 1000 // statements; the program has fewer of its own
	keptLong = 2000 // bytes; longer ones are lists whose length varies
)

// conn is a connection to SQLite that keeps its prepared statements: parsing one takes longer than most of them run.
// (On PostgreSQL the driver keeps them.) For one transaction at a time.
type conn struct {
	c    *sql.Conn
	kept map[string]*kept
}

// kept is a prepared statement; busy while its rows are read, so that a query inside a query of the same text gets
// one of its own.
type kept struct {
	stmt *sql.Stmt
	busy bool
}

func open(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, kept: map[string]*kept{}}, nil
}

// statement gives the kept one, or nil where the text is to be run as it is.
func (c *conn) statement(query string) *kept {
	k, ok := c.kept[query]
	if !ok && len(query) < keptLong && len(c.kept) < keptMost {
		stmt, err := c.c.PrepareContext(context.Background(), query)
		if err != nil {
			return nil // whoever runs it hears why
		}
		k = &kept{stmt: stmt}
		c.kept[query] = k
	}
	if k == nil || k.busy {
		return nil
	}
	return k
}

// do runs a statement of this package.
func (c *conn) do(query string) error {
	if k := c.statement(query); k != nil {
		_, err := k.stmt.ExecContext(context.Background())
		return err
	}
	_, err := c.c.ExecContext(context.Background(), query)
	return err
}

func (c *conn) close() error {
	var errs []error
	for _, k := range c.kept {
		errs = append(errs, k.stmt.Close())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

// readers is the pool of SQLite's read connections.
type readers struct {
	pool   *sql.DB
	free   chan *conn    // nil stands for one that is not open yet
	closed chan struct{} // nobody waits for a connection of a database that is closed
}

const readersMost = 8

func newReaders(pool *sql.DB) *readers {
	r := &readers{pool: pool, free: make(chan *conn, readersMost), closed: make(chan struct{})}
	for range readersMost {
		r.free <- nil
	}
	return r
}

// once is DB.once on a read connection.
func (r *readers) once(ctx context.Context, db *DB, fn func(tx *Tx) error) (again bool, err error) {
	var c *conn
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-r.closed:
		return false, sql.ErrConnDone
	case c = <-r.free:
	}
	defer func() { r.free <- c }()
	if c == nil {
		if c, err = open(ctx, r.pool); err != nil {
			return true, err
		}
	}
	if err := c.do("BEGIN"); err != nil {
		return retryable(err), err
	}
	defer func() {
		if e := c.do("ROLLBACK"); err == nil { // nothing was written
			err = e
		}
	}()
	tx := &Tx{ctx: ctx, run: ctx, kept: c, db: db}
	if err := fn(tx); err != nil {
		return retryable(err), err
	}
	for _, f := range tx.after {
		f()
	}
	return false, nil
}

// close waits for those who read, and refuses whoever comes later. It is called once.
func (r *readers) close() error {
	close(r.closed)
	var errs []error
	for range readersMost {
		if c := <-r.free; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}
