package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	groupMost = 64                   // transactions that one commit makes durable
	groupFor  = 5 * time.Millisecond // how long a commit waits while others have their turn
	streaks   = 8                    // turns of people after which Background has one
)

type (
	backgroundKey struct{}
	promptKey     struct{}
)

// Background marks transactions for which nobody waits: on SQLite, where one at a time writes, they let others go
// first, up to a point.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// Prompt marks transactions that nobody waits for, but that must not be late by a second: they let people's writing go
// first as Background does, and do not keep to a share of the time.
func Prompt(ctx context.Context) context.Context {
	return context.WithValue(Background(ctx), promptKey{}, true)
}

func prompt(ctx context.Context) bool { return ctx.Value(promptKey{}) != nil }

// writer lets SQLite's write transactions share a commit: one disk write makes all of them durable. They have their
// turns one after another, each behind a savepoint, so that a failed one takes nothing with it; the last in the line,
// or the one whose turn comes when the time is over, commits. Nobody gets an answer before the commit, not even one
// that failed: what it saw of the others must stand first.
type writer struct {
	mu     sync.Mutex
	taken  bool
	people []chan struct{} // the line of those for whom somebody waits
	others []chan struct{} // the line of Background
	streak int             // turns of people since one of others

	conn  *conn // whoever has the turn may touch this and the group
	group *group
}

// group is a transaction that is shared.
type group struct {
	members int
	people  bool // one of them at least
	since   time.Time
	done    chan struct{}
	err     error // of the commit; read after done
}

func newWriter(c *conn) *writer { return &writer{conn: c} }

// errGroup says that the shared transaction ended before its commit: everything in it may be done again.
var errGroup = errors.New("the shared transaction was rolled back")

// take waits for the turn. That is short: nobody who has it waits for anything outside.
func (w *writer) take(background bool) {
	w.mu.Lock()
	if !w.taken {
		w.taken = true
		w.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	if background {
		w.others = append(w.others, turn)
	} else {
		w.people = append(w.people, turn)
	}
	w.mu.Unlock()
	<-turn
}

// give gives the turn to the next.
func (w *writer) give() {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := &w.people
	if len(w.people) == 0 || len(w.others) > 0 && w.streak >= streaks {
		line, w.streak = &w.others, -1
	}
	if len(*line) == 0 {
		w.taken, w.streak = false, 0
		return
	}
	w.streak++
	close((*line)[0])
	*line = (*line)[1:]
}

// full tells whether the group is to be committed now: the line is empty, its time is over, or somebody would wait
// for those for whom nobody does.
func (w *writer) full(g *group) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.people) == 0 && (len(w.others) == 0 || g.people) || g.members >= groupMost || time.Since(g.since) > groupFor
}

// once is DB.once on the write connection.
func (w *writer) once(ctx context.Context, db *DB, fn func(tx *Tx) error) (again bool, err error) {
	background := ctx.Value(backgroundKey{}) != nil
	w.take(background)
	if err := w.begin(ctx); err != nil {
		w.pass()
		return retryable(err), err
	}
	g := w.group
	g.people = g.people || !background
	// A statement that is interrupted half-way would end the whole transaction, so none is: ctx is looked at before each.
	tx := &Tx{ctx: ctx, run: context.WithoutCancel(ctx), kept: w.conn, db: db}
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

// pass gives the turn on, after a commit when it is time.
func (w *writer) pass() {
	if w.group != nil && w.full(w.group) {
		w.commit()
	}
	w.give()
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
	w.take(false)
	defer w.pass()
	if w.group != nil {
		w.commit()
	}
	return f(w.conn)
}
