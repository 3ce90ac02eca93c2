package order

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Commands from downstream, each in the caller's own transaction. They are idempotent: an item that already stands
// where the command leads is left alone. ErrCancelled is the answer when the customer's cancellation came first.

// ErrCancelled says that the item was cancelled before: nothing is to be made any more. Compare with errors.Is.
var ErrCancelled = fail.New(fail.Conflict, "order.item_cancelled", "The customer has cancelled this item.", "Make nothing, and remove what was begun.")

// ItemPlaced says that placement decided where an item goes. Again with another placement: it goes elsewhere.
func (s *Orders) ItemPlaced(tx *store.Tx, item, placement string) error {
	return s.item(tx, systemRef("placement"), item, CommandPlace, func(i *Item) bool {
		if i.Placement == placement && i.State != ItemAcknowledged {
			return false
		}
		i.Placement, i.PlacedAt = placement, s.Now()
		return true
	})
}

// ItemRefused says that no region may have the item, with every reason.
func (s *Orders) ItemRefused(tx *store.Tx, item string, reasons []fail.Reason) error {
	return s.item(tx, systemRef("placement"), item, CommandRefuse, func(i *Item) bool {
		i.Reasons = reasons
		return i.State != ItemRejected
	})
}

// ItemBegun says that work on an item without a placement began: a change, suspension, resumption or end of a service
// that stands.
func (s *Orders) ItemBegun(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("subscription"), item, CommandPlace, func(i *Item) bool {
		begun := i.State != ItemAcknowledged
		i.PlacedAt = s.Now()
		return !begun
	})
}

// ItemWaiting says that the item needs an answer from outside before it goes on.
func (s *Orders) ItemWaiting(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("provision"), item, CommandWait, func(i *Item) bool { return i.State != ItemPending })
}

// ItemContinued says that the answer came.
func (s *Orders) ItemContinued(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("provision"), item, CommandGoOn, func(i *Item) bool { return i.State != ItemInProgress })
}

// ItemDone says that the item was made.
func (s *Orders) ItemDone(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("provision"), item, CommandDone, func(i *Item) bool { return i.State != ItemCompleted })
}

// ItemFailed says that the item could not be made, and that nothing of it is left or will be.
func (s *Orders) ItemFailed(tx *store.Tx, item string, failure Failure) error {
	return s.item(tx, systemRef("provision"), item, CommandFail, func(i *Item) bool {
		if i.State == ItemFailed {
			return false
		}
		i.Failure = &failure
		return true
	})
}

// ItemCancelling says that an item whose cancellation was asked can be stopped and is being removed.
func (s *Orders) ItemCancelling(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("provision"), item, CommandRemove, func(i *Item) bool { return i.State != ItemPendingCancellation })
}

// ItemCancelled says that nothing is left of an item whose cancellation, or withdrawal, was asked.
func (s *Orders) ItemCancelled(tx *store.Tx, item string) error {
	return s.item(tx, systemRef("provision"), item, CommandCancelled, func(i *Item) bool { return i.State != ItemCancelled })
}

// item runs one command of the table of items; set fills the item in and tells whether there is something to do.
func (s *Orders) item(tx *store.Tx, actor, id string, command Command, set func(*Item) bool) error {
	i, err := selectItem(tx, id)
	if err != nil {
		return err
	}
	from := i.State
	if !set(&i) {
		return nil
	}
	if from == ItemCancelled {
		return ErrCancelled
	}
	o, err := selectOrder(tx, i.Order)
	if err != nil {
		return err
	}
	if command == CommandDone && o.Withdrawn && from == ItemPendingCancellation {
		return nil // it was made before; what is done now is its removal
	}
	if err := s.moveItem(tx, actor, o, &i, command); err != nil {
		return err
	}
	o.Items[i.No-1] = i
	return s.follow(tx, actor, &o)
}

// eachItem runs the command that choose names on each item; "" leaves it.
func (s *Orders) eachItem(tx *store.Tx, actor string, o *Order, choose func(Item) Command) error {
	for n := range o.Items {
		command := choose(o.Items[n])
		if command == "" {
			continue
		}
		if err := s.moveItem(tx, actor, *o, &o.Items[n], command); err != nil {
			return err
		}
	}
	return nil
}

// moveItem takes one row of the table of items, with what it means for limits and the register.
func (s *Orders) moveItem(tx *store.Tx, actor string, o Order, i *Item, command Command) error {
	row, err := nextItem(i.State, command)
	if err != nil {
		return err
	}
	i.State = row.To
	i.EndedAt = time.Time{}
	if i.State.Final() {
		i.EndedAt = s.Now()
	}
	if err := updateItem(tx, *i); err != nil {
		return err
	}
	i.ETag++
	if err := s.recordItem(tx, actor, row.Fact, o, *i); err != nil || !i.State.Final() {
		return err
	}
	return s.ended(tx, *i)
}

// ended settles what the item reserved and brings the register up to date.
func (s *Orders) ended(tx *store.Tx, i Item) error {
	done := i.State == ItemCompleted
	if err := settle(tx, i.ID, done); err != nil {
		return err
	}
	r, err := selectRegistered(tx, i.Subscription)
	if err != nil {
		return err
	}
	switch {
	case r.ended:
		return nil
	case i.Action == ActionAdd && !done, i.Action == ActionCancel && done:
		return s.Ended(tx, i.Subscription) // of one that never lived, nothing is committed
	case i.Action == ActionAdd:
		r.live = true
	case i.Action == ActionChange && done:
		r.item, r.recurring = i.ID, i.Terms.Recurring.Minor
	}
	if r.busy != nil && *r.busy == i.ID {
		r.busy = nil
	}
	return updateRegistered(tx, r)
}

// follow moves the order as far as its items say.
func (s *Orders) follow(tx *store.Tx, actor string, o *Order) error {
	for {
		command := derived(*o)
		if command == "" {
			return nil
		}
		if err := s.advance(tx, actor, o, command); err != nil {
			return err
		}
	}
}

// derived is the command that the items' states give, "" for none.
func derived(o Order) Command {
	if o.State.Final() || o.State == StateHeld {
		return ""
	}
	n := map[ItemState]int{}
	final := 0
	for _, i := range o.Items {
		n[i.State]++
		if i.State.Final() {
			final++
		}
	}
	all := len(o.Items)
	if final == all {
		switch {
		case n[ItemCompleted] == all:
			return CommandComplete
		case n[ItemCompleted] > 0:
			return CommandPartial
		case n[ItemFailed] > 0:
			return CommandFail
		case n[ItemRejected] == all:
			return CommandRefuse
		}
		return CommandVoid
	}
	switch {
	case o.State == StateAcknowledged && n[ItemAcknowledged] < all:
		return CommandStart
	case o.State == StateInProgress && n[ItemPending] > 0:
		return CommandWait
	case o.State == StatePending && n[ItemPending] == 0:
		return CommandGoOn
	case o.State == StateAssessingCancel && n[ItemPendingCancellation] > 0:
		return CommandRemove
	}
	return ""
}
