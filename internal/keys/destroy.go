package keys

import (
	"context"
	"fmt"

	"github.com/halle-cloud/halle/internal/store"
)

// batch is how many keys one transaction of Apply and Rewrap touches.
const batch = 500

// Destroy destroys the key for ever, also one that this store does not know: it will not be made later. It returns
// once the key's bytes have left the store (see the package comment) and may be called again after any failure.
// Other processes obey within the cache's time, at most 2 s.
func (r *Ring) Destroy(ctx context.Context, ref Ref) error {
	if err := ref.check(); err != nil {
		return err
	}
	if err := r.bury(ctx, []Ref{ref}); err != nil {
		return err
	}
	return r.scrub(ctx)
}

// Apply destroys every key of the list that is not destroyed yet. Called with all condemned keys at each start and
// after each restore, before anything is served.
func (r *Ring) Apply(ctx context.Context, condemned []Ref) error {
	for _, ref := range condemned {
		if err := ref.check(); err != nil {
			return err
		}
	}
	for len(condemned) > 0 {
		n := min(batch, len(condemned))
		if err := r.bury(ctx, condemned[:n]); err != nil {
			return err
		}
		condemned = condemned[n:]
	}
	return r.scrub(ctx)
}

// bury turns rows into tombstones and makes every process forget.
func (r *Ring) bury(ctx context.Context, refs []Ref) error {
	err := r.db.Tx(ctx, func(tx *store.Tx) error {
		now := store.At(r.now())
		for _, ref := range refs {
			if err := tx.Send(`INSERT INTO wrapped_key (ref, created_at, destroyed_at) VALUES ($1, $2, $2)
				ON CONFLICT (ref) DO UPDATE SET root = NULL, wrapped = NULL, destroyed_at = excluded.destroyed_at
				WHERE wrapped_key.destroyed_at IS NULL`, string(ref), now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	r.cache.purge()
	r.db.Wake(destroyedTopic)
	return nil
}

// scrub moves the deleted bytes out of the database's files when there are any, and notes that it did. A crash
// between bury and here is resumed by the next Open or Destroy.
func (r *Ring) scrub(ctx context.Context) error {
	var waiting []string
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		waiting, err = store.All(tx, scanText, "SELECT ref FROM wrapped_key WHERE destroyed_at IS NOT NULL AND scrubbed_at IS NULL")
		return err
	})
	if err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	if len(waiting) == 0 {
		return nil
	}
	if err := r.db.Checkpoint(ctx); err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	for len(waiting) > 0 {
		n := min(batch, len(waiting))
		if err := r.db.Tx(ctx, func(tx *store.Tx) error { return markScrubbed(tx, waiting[:n], store.At(r.now())) }); err != nil {
			return fmt.Errorf("destroy keys: %w", err)
		}
		waiting = waiting[n:]
	}
	return nil
}

func markScrubbed(tx *store.Tx, refs []string, now store.Time) error {
	for _, ref := range refs {
		if err := tx.Send("UPDATE wrapped_key SET scrubbed_at = $1 WHERE ref = $2 AND scrubbed_at IS NULL", now, ref); err != nil {
			return err
		}
	}
	return nil
}

// Refs lists up to limit keys, living and destroyed, in order of their reference after the one given ("" for the
// first), for sweeping orphans.
func (r *Ring) Refs(ctx context.Context, after Ref, limit int) ([]Info, error) {
	var out []Info
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = store.All(tx, scanInfo, `SELECT ref, root, created_at, destroyed_at, scrubbed_at FROM wrapped_key
			WHERE ref > $1 ORDER BY ref LIMIT $2`, string(after), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return out, nil
}

func scanInfo(row store.Scanner) (Info, error) {
	var i Info
	var root *string
	var created store.Time
	var destroyed, scrubbed *store.Time
	err := row.Scan(&i.Ref, &root, &created, &destroyed, &scrubbed)
	if root != nil {
		i.Root = *root
	}
	i.CreatedAt, i.DestroyedAt, i.ScrubbedAt = created.Time, destroyed.OrZero(), scrubbed.OrZero()
	return i, err
}

// Rewrap wraps every living key under the current root key, forgets the other root keys, and tells how many keys it
// moved. Rotation is: start every process with the new root key as OtherRootFile; start every process with the new
// one as RootFile and the old one as OtherRootFile; Rewrap; start without the old one; destroy the old file and its
// copies. It may be called again after any failure.
func (r *Ring) Rewrap(ctx context.Context) (moved int, err error) {
	for {
		n := 0
		err := r.db.Tx(ctx, func(tx *store.Tx) (err error) {
			n, err = r.rewrapSome(tx)
			return err
		})
		if err != nil {
			return moved, fmt.Errorf("rewrap keys: %w", err)
		}
		if n == 0 {
			break
		}
		moved += n
	}
	err = r.db.Tx(ctx, func(tx *store.Tx) error {
		err := tx.Send(`DELETE FROM root_key WHERE id <> $1
			AND NOT EXISTS (SELECT 1 FROM wrapped_key WHERE wrapped_key.root = root_key.id)`, r.root.id)
		return err
	})
	if err != nil {
		return moved, fmt.Errorf("rewrap keys: %w", err)
	}
	return moved, r.db.Checkpoint(ctx)
}

func (r *Ring) rewrapSome(tx *store.Tx) (int, error) {
	type row struct {
		ref     Ref
		root    string
		wrapped []byte
	}
	rows, err := store.All(tx, func(s store.Scanner) (v row, err error) {
		err = s.Scan(&v.ref, &v.root, &v.wrapped)
		return v, err
	}, "SELECT ref, root, wrapped FROM wrapped_key WHERE destroyed_at IS NULL AND root <> $1 LIMIT $2", r.root.id, batch)
	if err != nil {
		return 0, err
	}
	for _, v := range rows {
		old := r.roots[v.root]
		if old == nil {
			return 0, fmt.Errorf("key %s is wrapped by root key %s, whose file was not given", v.ref, v.root)
		}
		secret, err := old.unwrap(v.ref, v.wrapped)
		if err != nil {
			return 0, err
		}
		wrapped, err := r.root.wrap(v.ref, secret)
		if err != nil {
			return 0, fmt.Errorf("wrap key %s: %w", v.ref, err)
		}
		if err := tx.Send("UPDATE wrapped_key SET root = $1, wrapped = $2 WHERE ref = $3 AND destroyed_at IS NULL", r.root.id, wrapped, string(v.ref)); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
