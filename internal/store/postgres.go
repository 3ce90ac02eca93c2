package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// The ways a transaction of PostgreSQL begins.
const (
	beginWrite = "begin isolation level serializable"
	beginRead  = "begin isolation level repeatable read read only"
	beginClaim = "begin isolation level read committed"
)

// pgTx is a transaction of PostgreSQL. It speaks to the driver below database/sql, for two reasons: what need not be
// answered at once waits and goes out with the next statement, where each there-and-back costs as much as most
// statements; and database/sql watches the context of every statement with a goroutine, which costs twice that again,
// where one watch a transaction does.
type pgTx struct {
	ctx     context.Context // never ends; watched outside
	c       *pgx.Conn
	waiting *pgx.Batch
	begun   bool // something was sent
}

// onPostgres is DB.once on a connection of the pool.
func (db *DB) onPostgres(ctx context.Context, begin string, fn func(tx *Tx) error) (again bool, err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return true, err
	}
	var tx *Tx
	raw := conn.Raw(func(dc any) error {
		c := dc.(*stdlib.Conn).Conn()
		stop := context.AfterFunc(ctx, func() { _ = c.PgConn().Conn().SetDeadline(time.Unix(1, 0)) })
		tx = &Tx{ctx: ctx, db: db, pg: &pgTx{ctx: context.WithoutCancel(ctx), c: c, waiting: &pgx.Batch{}}}
		tx.pg.waiting.Queue(begin)
		again, err = db.through(tx, fn)
		if !stop() || c.IsClosed() {
			_ = c.Close(context.Background())
			return driver.ErrBadConn
		}
		return nil
	})
	if raw != nil && !errors.Is(raw, driver.ErrBadConn) && err == nil {
		return true, raw // fn was not called
	}
	_ = conn.Close() // gives it back
	if err == nil {
		for _, f := range tx.after {
			f()
		}
	}
	return again, err
}

// through runs fn and commits, or rolls back.
func (db *DB) through(tx *Tx, fn func(tx *Tx) error) (again bool, err error) {
	whole := false
	defer func() {
		if !whole {
			_ = tx.pg.rollback() // a panic goes on, and database/sql closes the connection
		}
	}()
	err = fn(tx)
	whole = true
	if err != nil {
		// A transaction that cannot even be rolled back has lost its connection, and the database gives it up.
		lost := tx.pg.rollback()
		return retryable(err) || lost != nil, err
	}
	if err := tx.pg.commit(); err != nil {
		_ = tx.pg.rollback()
		return retryable(err), db.uncertain(err)
	}
	return false, nil
}

// send lets a statement wait for the next one that is sent.
func (p *pgTx) send(query string, args []any) { p.waiting.Queue(query, args...) }

// flight sends what waits, reads the answers to all but the last, and leaves that one to be read.
func (p *pgTx) flight() (pgx.BatchResults, error) {
	batch := p.waiting
	p.waiting, p.begun = &pgx.Batch{}, true
	results := p.c.SendBatch(p.ctx, batch)
	for _, q := range batch.QueuedQueries[:batch.Len()-1] {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, fmt.Errorf("%.60s: %w", q.SQL, err)
		}
	}
	return results, nil
}

func (p *pgTx) exec(query string, args []any) (int64, error) {
	if p.waiting.Len() == 0 {
		tag, err := p.c.Exec(p.ctx, query, args...)
		return tag.RowsAffected(), err
	}
	p.send(query, args)
	results, err := p.flight()
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if e := results.Close(); err == nil {
		err = e
	}
	return tag.RowsAffected(), err
}

func (p *pgTx) query(query string, args []any) (rows, error) {
	if p.waiting.Len() == 0 {
		r, err := p.c.Query(p.ctx, query, args...)
		return pgRows{Rows: r}, err
	}
	p.send(query, args)
	results, err := p.flight()
	if err != nil {
		return nil, err
	}
	r, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return pgRows{Rows: r, of: results}, nil
}

var errRolledBack = errors.New("the transaction was rolled back: a statement in it had failed")

// commit is nothing where nothing was asked.
func (p *pgTx) commit() error {
	if !p.begun && p.waiting.Len() == 1 {
		return nil
	}
	p.send("commit", nil)
	results, err := p.flight()
	if err != nil {
		return err
	}
	tag, err := results.Exec()
	if e := results.Close(); err == nil {
		err = e
	}
	if err == nil && tag.String() == "ROLLBACK" {
		err = errRolledBack
	}
	p.begun = false
	return err
}

func (p *pgTx) rollback() error {
	if !p.begun {
		return nil
	}
	p.begun = false
	_, err := p.c.Exec(p.ctx, "rollback")
	return err
}

// pgRows are rows, and the batch they came in.
type pgRows struct {
	pgx.Rows
	of pgx.BatchResults
}

func (r pgRows) Close() error {
	r.Rows.Close()
	if r.of != nil {
		if err := r.of.Close(); r.Rows.Err() == nil && err != nil {
			return err
		}
	}
	return r.Rows.Err()
}
