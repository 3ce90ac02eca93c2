package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/halle-cloud/halle/internal/fail"
)

// ErrNone is what QueryRow(…).Scan and One return when there is no row.
var ErrNone = sql.ErrNoRows

// Tx is one transaction. Not safe for concurrent use.
type Tx struct {
	ctx   context.Context
	pg    *pgTx           // PostgreSQL
	kept  *conn           // SQLite: the connection, which keeps prepared statements
	run   context.Context // SQLite: of the statements
	db    *DB
	after []func()
	once  map[string]any // what Once has read
}

// rows are what both engines give.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Tx runs fn in a read-write transaction (SQLite: BEGIN IMMEDIATE, PostgreSQL: SERIALIZABLE) and commits when it
// returns nil. On a serialization failure, a deadlock, a busy database or a lost connection it runs fn again, so fn must
// have no effect outside the transaction and must not wait for anything. The error is of kind fail.Unavailable when the
// database does not answer for some seconds, when the disk is full, and when the connection was lost at the commit: then
// alone it is unknown whether something was changed.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	if db.gate != nil {
		defer db.rush.enter(ctx)()
		return db.gated(ctx, fn)
	}
	return db.run(ctx, beginWrite, fn)
}

// Read runs fn on one consistent snapshot; writing in it is an error.
func (db *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	if prompt(ctx) { // it holds up nobody's writing
		return db.insist(ctx, func(int) (bool, error) { return db.once(ctx, beginRead, fn) })
	}
	return db.run(ctx, beginRead, fn)
}

// Claim runs fn in a read-write transaction that may take rows with SkipLocked (PostgreSQL: READ COMMITTED). For
// queues only.
func (db *DB) Claim(ctx context.Context, fn func(tx *Tx) error) error {
	return db.run(ctx, beginClaim, fn)
}

// SkipLocked is the suffix that lets concurrent claimers take different rows; empty on SQLite, where one writer at a
// time makes it needless.
func (tx *Tx) SkipLocked() string {
	if tx.db.engine == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

const (
	maxAttempts = 200
	patience    = 10 * time.Second
)

func (db *DB) run(ctx context.Context, begin string, fn func(tx *Tx) error) error {
	defer db.rush.enter(ctx)()
	return db.insist(ctx, func(int) (bool, error) { return db.once(ctx, begin, fn) })
}

// insist tries until it is done, told not to try again, or out of patience. once is told how often it was tried.
func (db *DB) insist(ctx context.Context, once func(attempt int) (again bool, err error)) error {
	start := time.Now()
	for attempt := 1; ; attempt++ {
		again, err := once(attempt)
		if err == nil || !again || ctx.Err() != nil || db.closed.Load() {
			return told(err)
		}
		if attempt >= maxAttempts || time.Since(start) > patience {
			return fail.New(fail.Unavailable, "store.unavailable", "The database does not answer or is too busy.",
				"Try again in a moment; nothing was changed.").Wrap(err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// pause waits a random time that grows with the attempts, so that rivals do not meet again.
func pause(ctx context.Context, attempt int) error {
	limit := min(time.Duration(attempt)*2*time.Millisecond, 100*time.Millisecond)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(rand.Int64N(int64(limit))) + time.Millisecond/4):
		return nil
	}
}

// once tells whether the failure may be tried again: everything before the commit was sent may, a commit whose
// outcome is unknown may not.
func (db *DB) once(ctx context.Context, begin string, fn func(tx *Tx) error) (again bool, err error) {
	switch {
	case db.engine == PostgreSQL:
		return db.onPostgres(ctx, begin, fn)
	case begin == beginRead:
		return db.readers.once(ctx, db, fn)
	}
	return db.writer.once(ctx, db, fn)
}

// uncertain marks a commit whose answer never came: PostgreSQL may have made it or not. An error that PostgreSQL told
// is certain, but for those of a server that is going down.
func (db *DB) uncertain(err error) error {
	var pg *pgconn.PgError
	if db.engine != PostgreSQL || errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "57P") {
		return err
	}
	return fail.New(fail.Unavailable, "store.uncertain", "The database went away while the change was being recorded: it may have been made or not.",
		"Look whether it was made. A request with an idempotency key may be sent again as it was.").Wrap(err)
}

// told gives the failures of the machine a text for the person who waits.
func told(err error) error {
	var lite *sqlite.Error
	switch {
	case fail.KindOf(err) != fail.Internal:
		return err
	case IsFull(err):
		return fail.New(fail.Unavailable, "store.full", "The server's disk is full; nothing was changed.",
			"Try again later: the operator of the server must make room.").Wrap(err)
	case errors.As(err, &lite) && lite.Code()&0xff == sqliteIOErr:
		return fail.New(fail.Unavailable, "store.disk", "The server's disk cannot be read or written; nothing was changed.",
			"Try again later: the operator of the server must look at its disk.").Wrap(err)
	}
	return err
}

const sqliteIOErr = 10 // SQLITE_IOERR

type retryError struct{ error }

func (r retryError) Unwrap() error { return r.error }

// Retry marks an error as worth running the transaction again, for example a rival that took the same version.
func Retry(err error) error { return retryError{err} }

func retryable(err error) bool {
	var r retryError
	if errors.As(err, &r) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		primary := lite.Code() & 0xff
		return primary == 5 || primary == 6 // SQLITE_BUSY, SQLITE_LOCKED
	}
	return false
}

// IsUnique tells whether err is a violated unique constraint or primary key.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == 1555 || lite.Code() == 2067)
}

// IsFull tells whether err says that the disk is full.
func IsFull(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == 13
}

// Context is the context the transaction was opened with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// AfterCommit runs f once the transaction is durable; not when it is rolled back. f must not fail and not block.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Exec runs a statement and tells how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.ctx.Err(); err != nil {
		return 0, err
	}
	if tx.pg != nil {
		return tx.pg.exec(query, args)
	}
	res, err := tx.exec(query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Send is Exec for a statement that is expected to succeed and whose rows nobody counts: PostgreSQL gets it with the
// next statement or the commit. Its failure ends the transaction as any does, but may come from what is sent after it.
func (tx *Tx) Send(query string, args ...any) error {
	if tx.pg != nil {
		tx.pg.send(query, args)
		return tx.ctx.Err()
	}
	_, err := tx.Exec(query, args...)
	return err
}

func (tx *Tx) exec(query string, args []any) (sql.Result, error) {
	if k := tx.kept.statement(query); k != nil {
		return k.stmt.ExecContext(tx.run, args...)
	}
	return tx.kept.c.ExecContext(tx.run, query, args...)
}

// query gives the rows, and what is to be done once they are closed.
func (tx *Tx) query(query string, args []any) (found rows, done func(), err error) {
	done = func() {}
	if err := tx.ctx.Err(); err != nil {
		return nil, done, err
	}
	if tx.pg != nil {
		found, err = tx.pg.query(query, args)
		return found, done, err
	}
	k := tx.kept.statement(query)
	if k == nil {
		found, err = tx.kept.c.QueryContext(tx.run, query, args...)
		return found, done, err
	}
	if found, err = k.stmt.QueryContext(tx.run, args...); err == nil {
		k.busy = true
		done = func() { k.busy = false }
	}
	return found, done, err
}

// Scanner is one row to scan.
type Scanner interface{ Scan(dest ...any) error }

// row is the one row of QueryRow.
type row struct {
	tx    *Tx
	query string
	args  []any
}

// Scan runs the query; rows after the first are not looked at.
func (r row) Scan(dest ...any) (err error) {
	rows, done, err := r.tx.query(r.query, r.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
		done()
	}()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNone
	}
	return rows.Scan(dest...)
}

// QueryRow is a query of at most one row, which Scan runs; Scan returns ErrNone when there is none.
func (tx *Tx) QueryRow(query string, args ...any) Scanner {
	return row{tx: tx, query: query, args: args}
}

// Each runs a query and calls f on each row.
func (tx *Tx) Each(f func(row Scanner) error, query string, args ...any) (err error) {
	rows, done, err := tx.query(query, args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
		done()
	}()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// All scans every row of a query.
func All[T any](tx *Tx, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := tx.Each(func(row Scanner) error {
		v, err := scan(row)
		out = append(out, v)
		return err
	}, query, args...)
	return out, err
}

// One scans one row; ErrNone when there is none.
func One[T any](tx *Tx, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	return scan(tx.QueryRow(query, args...))
}

// HoldLease takes or renews the lease called name for holder until now+ttl, and tells whether it is held. Done in the
// same transaction as the work it guards, it fences: two holders can never both commit.
func (tx *Tx) HoldLease(name, holder string, now time.Time, ttl time.Duration) (bool, error) {
	n, err := tx.Exec(`INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
		WHERE lease.holder = excluded.holder OR lease.held_until < $4`,
		name, holder, At(now.Add(ttl)), At(now))
	return n == 1, err
}

// rowsPerInsert keeps a multi-row INSERT under PostgreSQL's limit of 65,535 parameters.
const rowsPerInsert = 400

// Insert writes many rows of one table, in few statements. Table and columns are the program's own words.
func (tx *Tx) Insert(table string, columns []string, rows [][]any) error {
	return tx.Upsert(table+" ("+strings.Join(columns, ", ")+")", "", rows)
}

// Upsert writes many rows into "table (columns)" and does with those that are there what the conflict clause says. On
// SQLite the rows go one by one through a statement that is kept, which is quicker there than parsing a long one.
func (tx *Tx) Upsert(into, conflict string, rows [][]any) error {
	if tx.pg == nil && len(rows) > 0 {
		one := "INSERT INTO " + into + " VALUES (?" + strings.Repeat(", ?", len(rows[0])-1) + ") " + conflict // SQLite's $1 is a name, which is looked for
		for _, row := range rows {
			if _, err := tx.Exec(one, row...); err != nil {
				return err
			}
		}
		return nil
	}
	for chunk := range slices.Chunk(rows, rowsPerInsert) {
		var b strings.Builder
		b.WriteString("INSERT INTO " + into + " VALUES ")
		args := make([]any, 0, len(chunk)*len(chunk[0]))
		for i, row := range chunk {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Places(len(args)+1, len(row)))
			args = append(args, row...)
		}
		if err := tx.Send(b.String()+" "+conflict, args...); err != nil {
			return err
		}
	}
	return nil
}
