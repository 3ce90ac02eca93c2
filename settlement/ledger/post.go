package ledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// Book is the books of an installation. Safe for concurrent use.
type Book struct {
	db  *store.DB
	now clock.Clock

	mu      sync.Mutex
	waiting []*order
	busy    bool
	known   map[Key]int64 // accounts that surely stand in the database
}

// order is what one caller wants posted.
type order struct {
	entries []Entry
	done    chan struct{}
	posted  int
	err     error
}

// batchMost is how many entries one transaction takes, unless a single caller brings more.
const batchMost = 2000

// Open gives the books of a database.
func Open(db *store.DB, now clock.Clock) *Book {
	return &Book{db: db, now: now, known: map[Key]int64{}}
}

// Post puts entries into the books, all or none, and tells how many were new. Callers at the same time share a
// transaction and its commit. An entry that stands there already changes nothing. Errors: fail.Invalid for an entry that
// cannot be (ledger.entry), fail.Conflict for one that says something else than the one that stands there (ledger.differs)
// or lies in a locked period (ledger.locked). When ctx ends before the answer the entries may have been posted: posting
// them again is harmless.
func (b *Book) Post(ctx context.Context, entries ...Entry) (int, error) {
	for i := range entries {
		if err := entries[i].validate(); err != nil {
			return 0, err
		}
	}
	o := &order{entries: entries, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, o)
	if !b.busy {
		b.busy = true
		go b.write(context.WithoutCancel(ctx))
	}
	b.mu.Unlock()
	select {
	case <-o.done:
		return o.posted, o.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// write is the one writer: it applies what waits until nothing does.
func (b *Book) write(ctx context.Context) {
	for {
		b.mu.Lock()
		n, size := 0, 0
		for n < len(b.waiting) && (n == 0 || size+len(b.waiting[n].entries) <= batchMost) {
			size += len(b.waiting[n].entries)
			n++
		}
		group := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		if b.busy = n > 0; !b.busy {
			b.waiting = nil
		}
		b.mu.Unlock()
		if n == 0 {
			return
		}
		err := b.db.Tx(ctx, func(tx *store.Tx) error { return b.apply(tx, group) })
		for _, o := range group {
			if err != nil {
				o.posted, o.err = 0, err
			}
			close(o.done)
		}
	}
}

// PostIn is Post in the caller's transaction.
func (b *Book) PostIn(tx *store.Tx, entries ...Entry) (int, error) {
	for i := range entries {
		if err := entries[i].validate(); err != nil {
			return 0, err
		}
	}
	o := &order{entries: entries}
	if err := b.apply(tx, []*order{o}); err != nil {
		return 0, err
	}
	return o.posted, o.err
}

// apply decides about every order by itself and writes what is new of the good ones.
func (b *Book) apply(tx *store.Tx, group []*order) error {
	was, err := selectHead(tx)
	if err != nil {
		return err
	}
	var ids []string
	for _, o := range group {
		for i := range o.entries {
			ids = append(ids, o.entries[i].Ref.ID)
		}
	}
	there, err := selectRefs(tx, ids)
	if err != nil {
		return err
	}
	fresh := batch{head: was, there: there, at: b.now().UTC().Truncate(time.Microsecond), sums: map[int64]*sum{}}
	var list []Entry
	for _, o := range group {
		var more []Entry
		more, o.err = fresh.judge(o.entries)
		o.posted = len(more)
		list = append(list, more...)
	}
	if len(list) == 0 {
		return nil
	}
	if err := b.accounts(tx, &fresh, list); err != nil {
		return err
	}
	for i := range list {
		if err := fresh.add(&list[i]); err != nil {
			return err
		}
	}
	return fresh.write(tx, was)
}

// judge gives the entries of one order that are new, or says why none of it may be posted.
func (w *batch) judge(entries []Entry) ([]Entry, error) {
	var fresh []Entry
	own := map[Ref]string{}
	for i := range entries {
		e := &entries[i]
		d := e.digest()
		have, ok := w.there[e.Ref]
		if !ok {
			have, ok = own[e.Ref]
		}
		switch {
		case ok && have == string(d[:]):
		case ok:
			return nil, fail.New(fail.Conflict, "ledger.differs", "The books say something else about this already; nothing was changed.",
				"Post a correction of its own.").With("entry", e.Ref.Kind+" "+e.Ref.ID)
		case w.head.locked.Valid() && !w.head.locked.Before(e.Date):
			return nil, fail.New(fail.Conflict, "ledger.locked", "The books are closed up to "+w.head.locked.String()+", and the entry is of "+e.Date.String()+".",
				"Book it on a later day.").With("entry", e.Ref.Kind+" "+e.Ref.ID)
		default:
			own[e.Ref] = string(d[:])
			fresh = append(fresh, *e)
		}
	}
	for ref, d := range own {
		w.there[ref] = d
	}
	return fresh, nil
}

// accounts gives the batch the numbers of all accounts of its entries, and new ones to those that are missing.
func (b *Book) accounts(tx *store.Tx, w *batch, list []Entry) error {
	ids := map[Key]int64{}
	w.ids = ids
	var missing []Key
	b.mu.Lock()
	for i := range list {
		for _, t := range list[i].Transfers {
			for _, k := range []Key{t.Debit, t.Credit} {
				if _, seen := ids[k]; seen {
					continue
				}
				if ids[k] = b.known[k]; ids[k] == 0 {
					missing = append(missing, k)
				}
			}
		}
	}
	b.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	var owners []string
	seen := map[string]bool{}
	for _, k := range missing {
		if !seen[k.Owner] {
			seen[k.Owner] = true
			owners = append(owners, k.Owner)
		}
	}
	found := map[Key]int64{}
	if err := selectIDs(tx, owners, found); err != nil {
		return err
	}
	for _, k := range missing {
		if found[k] == 0 {
			w.head.accounts++
			found[k] = w.head.accounts
			w.accounts = append(w.accounts, []any{found[k], k.Owner, string(k.Code), string(k.Currency)})
		}
		ids[k] = found[k]
	}
	tx.AfterCommit(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, k := range missing {
			b.known[k] = found[k]
		}
	})
	return nil
}

// batch is what one transaction adds to the books.
type batch struct {
	head      head
	there     map[Ref]string
	at        time.Time
	ids       map[Key]int64
	accounts  [][]any // new ones
	entries   [][]any
	transfers [][]any
	sums      map[int64]*sum
	touched   []int64
}

type sum struct{ debits, credits int64 }

var errFull = errors.New("an account has more than can be counted")

func (w *batch) add(e *Entry) error {
	first := w.head.transfers + 1
	for _, t := range e.Transfers {
		debit, credit := w.ids[t.Debit], w.ids[t.Credit]
		w.head.transfers++
		w.transfers = append(w.transfers, []any{w.head.transfers, w.head.entries + 1, debit, credit, t.Amount.Minor, string(t.Amount.Currency), int64(t.Line)})
		d, c := w.sum(debit), w.sum(credit)
		d.debits += t.Amount.Minor
		c.credits += t.Amount.Minor
		if d.debits < 0 || c.credits < 0 {
			return errFull
		}
	}
	w.head.entries++
	digest := e.digest()
	hash := link(w.head.hash, w.head.entries, w.at, digest)
	w.head.hash = hash[:]
	w.entries = append(w.entries, entryArgs(e, w.head.entries, first, w.at, digest, hash))
	return nil
}

func (w *batch) sum(account int64) *sum {
	s := w.sums[account]
	if s == nil {
		s = new(sum)
		w.sums[account] = s
		w.touched = append(w.touched, account)
	}
	return s
}

// write takes the head first: on PostgreSQL another writer then waits for this one and begins anew, instead of meeting
// its numbers.
func (w *batch) write(tx *store.Tx, was head) error {
	if err := updateHead(tx, was, w.head); err != nil {
		return err
	}
	if err := tx.Upsert("ledger_account (id, owner, code, currency)", "", w.accounts); err != nil {
		return err
	}
	if err := tx.Upsert("ledger_entry ("+entryColumns+")", "", w.entries); err != nil {
		return err
	}
	if err := tx.Upsert("ledger_transfer ("+transferColumns+")", "", w.transfers); err != nil {
		return err
	}
	rows := make([][]any, len(w.touched))
	for i, account := range w.touched {
		rows[i] = []any{account, w.sums[account].debits, w.sums[account].credits}
	}
	return tx.Upsert("ledger_balance (account, debits, credits)", balanceSet, rows)
}

// Lock closes the books up to a day, in the caller's transaction: nothing can be posted on it or before. It only moves
// forward; an earlier day changes nothing. The answer is the head, whose hash stands for everything up to now.
func (b *Book) Lock(tx *store.Tx, day price.Date) (Head, error) {
	was, err := selectHead(tx)
	if err != nil {
		return Head{}, err
	}
	now := was
	if !was.locked.Valid() || was.locked.Before(day) {
		now.locked = day
		if err := updateHead(tx, was, now); err != nil {
			return Head{}, err
		}
	}
	return now.public(), nil
}
