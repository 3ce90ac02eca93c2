package order

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// change runs f on an order that the caller may act on, in one transaction.
func (s *Orders) change(ctx context.Context, c access.Caller, a access.Action, id string, f func(tx *store.Tx, o *Order) error) (o Order, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if o, err = s.read(tx, c, a, id); err != nil {
			return err
		}
		return f(tx, &o)
	})
	if err != nil {
		o = Order{}
	}
	return o, err
}

func (s *Orders) read(tx *store.Tx, c access.Caller, a access.Action, id string) (Order, error) {
	o, err := selectOrder(tx, id)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, access.Resource{Type: "order", ID: o.ID, Org: o.Org, Path: o.Path})
}

// advance takes one row of the table and records its fact.
func (s *Orders) advance(tx *store.Tx, actor string, o *Order, command Command) error {
	row, err := next(o.State, command)
	if err != nil {
		return err
	}
	o.State = row.To
	o.EndedAt = time.Time{}
	if o.State.Final() {
		o.EndedAt = s.Now()
	}
	if err := updateOrder(tx, *o); err != nil {
		return err
	}
	o.ETag++
	if row.Fact == FactWithdrawn {
		f := WithdrawnFact{StateFact: o.state(), Owed: OwedNothing, At: s.Now().Format(time.RFC3339Nano)}
		if o.Consent {
			f.Owed = OwedProRata
		}
		return s.record(tx, actor, row.Fact, *o, f)
	}
	return s.record(tx, actor, row.Fact, *o, o.state())
}

// Approve releases a held order. Owners and people with the role billing may; not the one who asked for it when
// somebody else could.
func (s *Orders) Approve(ctx context.Context, c access.Caller, id string) (Order, error) {
	return s.change(ctx, c, access.OrderApprove, id, func(tx *store.Tx, o *Order) error {
		if _, err := next(o.State, CommandApprove); err != nil {
			return err
		}
		if err := s.otherEyes(tx, c, *o); err != nil {
			return err
		}
		for n, i := range o.Items {
			if i.Action != ActionAdd && i.Action != ActionChange {
				continue
			}
			v, err := s.Catalogue.VersionIn(tx, i.Terms.Version)
			if err != nil {
				return err
			}
			if v.WithdrawnAt.IsZero() {
				continue
			}
			return numbered(fail.New(fail.Gone, "order.withdrawn_offer", "The publisher has withdrawn "+i.Terms.Name+" since the order.",
				"Reject this order; the requester can choose another offer.").Field("offer", "was withdrawn"), n)
		}
		o.Approver, o.ReleasedAt = c.Ref(), s.Now()
		if err := s.eachItem(tx, c.Ref(), o, func(Item) Command { return CommandRelease }); err != nil {
			return err
		}
		if err := s.advance(tx, c.Ref(), o, CommandApprove); err != nil {
			return err
		}
		if err := s.recordGo(tx, c.Ref(), *o); err != nil {
			return err
		}
		return s.confirm(tx, *o)
	})
}

// otherEyes refuses the requester while another approver exists.
func (s *Orders) otherEyes(tx *store.Tx, c access.Caller, o Order) error {
	if c.Ref() != o.Requester {
		return nil
	}
	approvers, err := s.approvers(tx, o)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(approvers, func(p string) bool { return p != c.Person }) {
		return nil
	}
	return fail.New(fail.Denied, "order.own_approval", "You asked for this order, so somebody else must approve it.", "Ask another person with the role owner or billing.").
		Because(fail.Reason{Rule: "order.four_eyes", Text: "Nobody approves an own order while another approver exists."})
}

// approvers are the people who may approve: owners and billing of the organisation and of the house above it.
func (s *Orders) approvers(tx *store.Tx, o Order) ([]string, error) {
	var out []string
	for _, org := range house(o.Path) {
		for _, role := range []access.Role{access.RoleBilling, access.RoleOwner} {
			people, err := s.Parties.Holders(tx, org, role)
			if err != nil {
				return nil, err
			}
			for _, p := range people {
				if !slices.Contains(out, p) {
					out = append(out, p)
				}
			}
		}
	}
	return out, nil
}

// Reject refuses a held order; the reason is shown to the requester. Owners and people with the role billing may.
func (s *Orders) Reject(ctx context.Context, c access.Caller, id, reason string) (Order, error) {
	reason, err := sentence(reason, true)
	if err != nil {
		return Order{}, err
	}
	return s.change(ctx, c, access.OrderApprove, id, func(tx *store.Tx, o *Order) error {
		if _, err := next(o.State, CommandReject); err != nil {
			return err
		}
		o.Reason = reason
		if err := s.eachItem(tx, c.Ref(), o, func(Item) Command { return CommandRefuse }); err != nil {
			return err
		}
		return s.advance(tx, c.Ref(), o, CommandReject)
	})
}

func sentence(text string, needed bool) (string, error) {
	text = strings.TrimSpace(text)
	if needed && text == "" || len(text) > 500 {
		return "", fail.New(fail.Invalid, "order.reason", "A reason is needed, in a sentence.", "Write 1 to 500 characters.").Field("reason", "must be 1 to 500 characters")
	}
	return text, nil
}

// Cancel asks to stop an order: at once when nothing was begun, else what was begun is assessed and removed, or turns
// out to be ready already. Owners, buyers and the operator's staff may.
func (s *Orders) Cancel(ctx context.Context, c access.Caller, id, reason string) (Order, error) {
	reason, err := sentence(reason, false)
	if err != nil {
		return Order{}, err
	}
	return s.change(ctx, c, access.OrderCancel, id, func(tx *store.Tx, o *Order) error {
		if _, err := next(o.State, CommandCancel); err != nil {
			return err
		}
		o.Reason = reason
		err := s.eachItem(tx, c.Ref(), o, func(i Item) Command {
			switch i.State {
			case ItemHeld, ItemAcknowledged:
				return CommandCancelled
			case ItemInProgress, ItemPending:
				return CommandAsk
			}
			return ""
		})
		if err != nil {
			return err
		}
		if err := s.advance(tx, c.Ref(), o, CommandCancel); err != nil {
			return err
		}
		return s.follow(tx, c.Ref(), o)
	})
}

// Withdraw is a consumer's withdrawal from the contract within 14 days, without a reason (Directive 2011/83/EU, art.
// 9): the services end, and only what was used until now is owed when the consumer asked to start early. The head of a
// household may.
func (s *Orders) Withdraw(ctx context.Context, c access.Caller, id string) (Order, error) {
	return s.change(ctx, c, access.ServiceWithdraw, id, func(tx *store.Tx, o *Order) error {
		switch {
		case o.WithdrawBy.IsZero():
			return fail.New(fail.Conflict, "order.no_withdrawal", "Only a consumer's order of a new service can be withdrawn from.", "Cancel the service instead.")
		case !s.Now().Before(o.WithdrawBy):
			return fail.New(fail.Conflict, "order.withdrawal_over", "The 14 days for withdrawal ended on "+o.lastDay()+".", "Cancel the service instead.").
				Because(fail.Reason{Rule: "order.withdrawal_period", Text: "A consumer may withdraw within 14 days.", Clause: "Directive 2011/83/EU, art. 9"})
		}
		if _, err := next(o.State, CommandWithdraw); err != nil {
			return err
		}
		if !slices.ContainsFunc(o.Items, Item.stands) {
			return fail.New(fail.Conflict, "order.nothing_left", "Nothing of this order is left to withdraw from.", "Look at your services.")
		}
		o.Withdrawn = true
		err := s.eachItem(tx, c.Ref(), o, func(i Item) Command {
			if i.stands() {
				return CommandWithdraw
			}
			return ""
		})
		if err != nil {
			return err
		}
		return s.advance(tx, c.Ref(), o, CommandWithdraw)
	})
}

// stands tells whether the item made a service.
func (i Item) stands() bool { return i.Action == ActionAdd && i.State == ItemCompleted }

// Order gives one that the caller may see.
func (s *Orders) Order(ctx context.Context, c access.Caller, id string) (o Order, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err = s.read(tx, c, access.OrderRead, id)
		return err
	})
	if err != nil {
		o = Order{}
	}
	return o, err
}

// Progress is the rail of an order that the caller may see: what is done with its time, then what is next.
func (s *Orders) Progress(ctx context.Context, c access.Caller, id string) ([]Step, error) {
	o, err := s.Order(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return o.Steps(), nil
}

// Filter says which orders to list.
type Filter struct {
	Org    string // empty: the caller's
	Branch bool   // also of all organisations below it
	State  State  // empty: all
	Cursor string // Page.Next of the page before
	Limit  int    // 0: 25, at most 100
}

// Page is a part of a list of orders, newest first. Next is "" on the last one.
type Page struct {
	Orders []Order
	Next   string
}

// Orders lists orders that the caller may see, newest first.
func (s *Orders) Orders(ctx context.Context, c access.Caller, f Filter) (p Page, err error) {
	limit := pageSize(f.Limit)
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.OrderRead, f.Org)
		if err != nil {
			return err
		}
		within := ""
		if f.Branch {
			within = o.Path
		}
		p.Orders, err = selectOrders(tx, o.ID, within, f.State, cursor(f.Cursor), limit+1)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	if len(p.Orders) > limit {
		p.Orders = p.Orders[:limit]
		p.Next = p.Orders[limit-1].ID
	}
	if f.Branch { // below a customer's border the role decides, order by order
		p.Orders = slices.DeleteFunc(p.Orders, func(o Order) bool {
			return s.Policy.Check(c, access.OrderRead, access.Resource{Type: "order", ID: o.ID, Org: o.Org, Path: o.Path}) != nil
		})
	}
	return p, nil
}

func pageSize(limit int) int {
	if limit <= 0 {
		return 25
	}
	return min(limit, 100)
}

// cursor is where a list that goes backwards begins: after every identifier, in every collation.
func cursor(c string) string {
	if c == "" {
		return "zzzzz"
	}
	return c
}

// Quotes lists the quotes of an organisation, newest first; next is "" on the last page.
func (s *Orders) Quotes(ctx context.Context, c access.Caller, org, after string, limit int) (list []Quote, next string, err error) {
	limit = pageSize(limit)
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.OrderQuote, org)
		if err != nil {
			return err
		}
		list, err = selectQuotes(tx, o.ID, cursor(after), limit+1)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// OrderIn gives an order to another package inside its transaction. It does not authorise.
func (s *Orders) OrderIn(tx *store.Tx, id string) (Order, error) { return selectOrder(tx, id) }

// ItemIn gives an item to another package inside its transaction. It does not authorise.
func (s *Orders) ItemIn(tx *store.Tx, id string) (Item, error) { return selectItem(tx, id) }
