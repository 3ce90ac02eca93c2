package monthclose

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// windowOf is how many chunks of customers are worked out while those before them are written.
const windowOf = 8

// drafted is some customers who are issued to in one transaction.
type drafted struct {
	items []Item
	list  []*billing.Drafted
	err   error
}

// issueAll issues to all customers that are ready: a window of them is worked out on all processors while the one before is
// written, some in one transaction. Whoever cannot go with the others goes alone, and fails alone.
func (s *Closes) issueAll(ctx context.Context, one Close) error {
	for {
		next, err := s.window(ctx, one, "")
		if err != nil {
			return err
		}
		if len(next) == 0 {
			return s.step(ctx, one, CommandIssued)
		}
		if err := s.windows(ctx, one, next); err != nil {
			return err
		}
	}
}

// windows issues to the customers of a window and of all behind it.
func (s *Closes) windows(ctx context.Context, one Close, next []*drafted) (err error) {
	for err == nil && len(next) > 0 {
		now := next
		last := now[len(now)-1].items
		ahead := make(chan error, 1)
		go func() {
			var err error
			next, err = s.window(ctx, one, last[len(last)-1].Org)
			ahead <- err
		}()
		for _, d := range now {
			if err = s.issueSome(ctx, one, d); err != nil {
				break
			}
		}
		err = errors.Join(err, <-ahead)
	}
	return err
}

// window works out the next customers behind one, "" for the first.
func (s *Closes) window(ctx context.Context, one Close, after string) ([]*drafted, error) {
	var items []Item
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		items, err = selectItemsIn(tx, one.ID, ItemReady, after, together*windowOf)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []*drafted
	for some := range slices.Chunk(items, together) {
		out = append(out, &drafted{items: some})
	}
	parallel(len(out), func(n int) {
		d := out[n]
		orgs := make([]string, len(d.items))
		for i := range d.items {
			orgs[i] = d.items[i].Org
		}
		if d.list, d.err = s.Invoices.DraftAll(ctx, system(), orgs, s.upTo(one)); d.err == nil {
			d.err = s.Invoices.Freeze(ctx, d.list)
		}
	})
	return out, ctx.Err()
}

// issueSome issues to the customers of a draft that come to what was approved, in one transaction, and to the others, or
// when that fails to all, one by one: so each failure is that of its customer.
func (s *Closes) issueSome(ctx context.Context, one Close, d *drafted) error {
	var good, bad []Item
	var list []*billing.Drafted
	for n, i := range d.items {
		if d.err != nil || d.list[n].Err != nil || i.agreed(d.list[n].Docs) != nil {
			bad = append(bad, i)
			continue
		}
		good, list = append(good, i), append(list, d.list[n])
	}
	if len(good) > 0 {
		err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.issueTogether(tx, one, good, list) })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			bad = append(bad, good...)
		}
	}
	for _, i := range bad {
		if err := s.alone(ctx, one, ItemReady, i, s.issue); err != nil {
			return err
		}
	}
	return nil
}

// issueTogether issues what was drafted, and notes it.
func (s *Closes) issueTogether(tx *store.Tx, one Close, items []Item, list []*billing.Drafted) error {
	orgs := make([]string, len(items))
	for n := range items {
		orgs[n] = items[n].Org
	}
	if n, err := countItemsIn(tx, one.ID, ItemReady, orgs); err != nil {
		return err
	} else if n != len(items) {
		return errMoved // somebody else issued to one of them
	}
	issued, err := s.Invoices.IssueAll(tx, system(), list)
	if err != nil {
		return err
	}
	noted := slices.Clone(items)
	for n := range noted {
		noted[n].State, noted[n].Invoices = ItemIssued, []Issued{}
		for _, d := range issued[n] {
			noted[n].Invoices = append(noted[n].Invoices, Issued{ID: d.ID, Number: d.Number, Gross: d.Gross, Due: d.Due})
		}
	}
	return noteItems(tx, one.ID, ItemReady, noted)
}

// each does something to all customers in a state, some in one transaction, then ends the stage. When one of them fails,
// they are done one by one, so that each failure is that of its customer.
func (s *Closes) each(ctx context.Context, one Close, from ItemState, do func(tx *store.Tx, one Close, i Item) error, command Command) error {
	for {
		var list []Item
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = selectItemsIn(tx, one.ID, from, "", together)
			return err
		})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return s.step(ctx, one, command)
		}
		err = s.DB.Tx(ctx, func(tx *store.Tx) error {
			for _, i := range list {
				if err := do(tx, one, i); err != nil {
					return err
				}
			}
			return nil
		})
		for _, i := range list {
			if err == nil {
				break
			}
			if err := s.alone(ctx, one, from, i, do); err != nil {
				return err
			}
		}
	}
}

// alone does it to one customer and notes why it failed.
func (s *Closes) alone(ctx context.Context, one Close, from ItemState, i Item, do func(tx *store.Tx, one Close, i Item) error) error {
	err := s.DB.Tx(ctx, func(tx *store.Tx) error { return do(tx, one, i) })
	if err == nil || ctx.Err() != nil {
		return err
	}
	i.Failure = failure(err)
	if i.State = ItemFailed; from == ItemIssued { // the invoice stands, and the portal shows it; only the letter failed
		i.State = ItemSent
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := updateItem(tx, one.ID, from, i)
		return err
	})
}

// issue issues a customer's invoices and notes it, in one transaction.
func (s *Closes) issue(tx *store.Tx, one Close, i Item) error {
	i.State, i.Invoices = ItemIssued, []Issued{}
	if ok, err := updateItem(tx, one.ID, ItemReady, i); err != nil || !ok {
		return err // somebody else did it
	}
	zone, err := s.Ratings.ZoneOf(tx, i.Org)
	if err != nil {
		return err
	}
	done, err := s.Invoices.IssueIn(tx, system(), i.Org, one.Month.End(zone), i.agreed)
	if err != nil {
		return err
	}
	for _, d := range done {
		i.Invoices = append(i.Invoices, Issued{ID: d.ID, Number: d.Number, Gross: d.Gross, Due: d.Due})
	}
	_, err = updateItem(tx, one.ID, ItemIssued, i)
	return err
}

// agreed refuses what does not come to what was approved.
func (i Item) agreed(docs []proof.Invoice) error {
	var now []Expected
	for n := range docs {
		now = append(now, expected(&docs[n]))
	}
	if slices.Equal(now, i.Expected) {
		return nil
	}
	was, _ := Item{Expected: i.Expected}.Total()
	is, _ := Item{Expected: now}.Total()
	return fail.New(fail.Conflict, "close.changed", "It came to "+amounts(was)+" when it was approved, and comes to "+amounts(is)+" now.", "Prepare again and have it approved.")
}

func amounts(list []money.Amount) string {
	out := ""
	for n, a := range list {
		if n > 0 {
			out += " + "
		}
		out += a.String()
	}
	return cmp.Or(out, "nothing")
}
