package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	groupMost = 64                   // transactions that one commit makes durable
	groupFor  = 5 * time.Millisecond // how long a commit waits while others have their turn
)

// writer lets SQLite's write transactions share a commit: one disk write makes all of them durable. They have their
// turns one after another, each behind a savepoint, so that a failed one takes nothing with it; the last in the line,
// or the one whose turn comes when the time is over, commits. Nobody gets an answer before the commit, not even one
// that failed: what it saw of the others must stand first.
type writer struct {
	turn    chan struct{} // holds one token; who has it may touch what follows
	waiting atomic.Int64
	conn    *conn
	group   *group // nil: no transaction is open
}

// group is a transaction that is shared.
type group struct {
	members int
	since   time.Time
	done    chan struct{}
	err     error // of the commit; read after done
}

func newWriter(c *conn) *writer {
	w := &writer{turn: make(chan struct{}, 1), conn: c}
	w.turn <- struct{}{}
	return w
}

// errGroup says that the shared transaction ended before its commit: everything in it may be done again.
var errGroup = errors.New("the shared transaction was rolled back")

// take waits for the turn. That is short: nobody who has it waits for anything outside.
func (w *writer) take() {
	w.waiting.Add(1)
	<-w.turn
	w.waiting.Add(-1)
}

// once is DB.once on the write connection.
func (w *writer) once(ctx context.Context, db *DB, fn func(tx *Tx) error) (again bool, err error) {
	w.take()
	if err := w.begin(ctx); err != nil {
		w.pass()
		return retryable(err), err
	}
	g := w.group
	// A statement that is interrupted half-way would end the whole transaction, so none is: ctx is looked at before each.
	tx := &Tx{ctx: ctx, run: context.WithoutCancel(ctx), on: w.conn.c, kept: w.conn, db: db}
	err = w.member(g, tx, fn)
	<-g.done
	if err == nil {
		err = g.err
	}
	if err != nil {
		return errors.Is(err, errGroup) || errors.Is(g.err, errGroup) || retryable(err), err
	}
	for _, f := range tx.after {
		f()
	}
	return false, nil
}

// begin opens a transaction unless one is open.
func (w *writer) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil || w.group != nil {
		return err
	}
	if err := w.conn.do("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	w.group = &group{since: time.Now(), done: make(chan struct{})}
	return nil
}

// member runs fn so that its failure leaves the others' work alone, and passes the turn on, also after a panic.
func (w *writer) member(g *group, tx *Tx, fn func(tx *Tx) error) (err error) {
	defer w.pass()
	first := g.members == 0
	if g.members++; !first {
		if err := w.conn.do("SAVEPOINT member"); err != nil {
			return w.abandon(err)
		}
	}
	whole := false
	defer func() {
		if !whole {
			w.undo(first)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	whole = true
	if !first {
		if err := w.conn.do("RELEASE member"); err != nil {
			return w.abandon(err)
		}
	}
	return nil
}

// undo takes back what one member did; of the first, before whom there is nothing, with the transaction.
func (w *writer) undo(first bool) {
	if first {
		_ = w.conn.do("ROLLBACK")
		w.end(nil)
		return
	}
	err := w.conn.do("ROLLBACK TO member")
	if err == nil {
		err = w.conn.do("RELEASE member")
	}
	if err != nil {
		_ = w.abandon(err) // SQLite took back everything by itself, as it does when the disk is full
	}
}

// abandon ends a shared transaction that cannot be committed any more.
func (w *writer) abandon(err error) error {
	_ = w.conn.do("ROLLBACK")
	err = fmt.Errorf("%w: %w", errGroup, err)
	w.end(err)
	return err
}

func (w *writer) end(err error) {
	g := w.group
	w.group, g.err = nil, err
	close(g.done)
}

// pass gives the turn to the next in the line, after a commit when the line is empty or the group has had its time.
func (w *writer) pass() {
	if g := w.group; g != nil && (w.waiting.Load() == 0 || g.members >= groupMost || time.Since(g.since) > groupFor) {
		w.commit()
	}
	w.turn <- struct{}{}
}

func (w *writer) commit() {
	err := w.conn.do("COMMIT")
	if err != nil {
		_ = w.conn.do("ROLLBACK")
	}
	w.end(err)
}

// alone runs f on the write connection outside of any transaction.
func (w *writer) alone(f func(c *conn) error) error {
	w.take()
	defer w.pass()
	if w.group != nil {
		w.commit()
	}
	return f(w.conn)
}
