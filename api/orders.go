package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
)

// Order is a customer's binding request.
type Order struct {
	ID            string         `json:"id"`
	Org           string         `json:"org"`
	Market        string         `json:"market"`
	Zone          string         `json:"zone" doc:"IANA name: civil dates of this contract"`
	Language      string         `json:"language"`
	Currency      money.Currency `json:"currency"`
	Basis         price.Basis    `json:"basis"`
	Total         money.Amount   `json:"total" doc:"of the first period, as shown"`
	Recurring     money.Amount   `json:"recurring" doc:"per month"`
	State         order.State    `json:"state"`
	Consumer      bool           `json:"consumer"`
	Consent       bool           `json:"consent"`
	Requester     string         `json:"requester"`
	Approver      string         `json:"approver,omitempty"`
	PurchaseOrder string         `json:"purchaseOrder,omitempty" doc:"the customer's number"`
	Reason        string         `json:"reason,omitempty" doc:"of a rejection or cancellation"`
	Withdrawn     bool           `json:"withdrawn,omitempty"`
	Items         []Item         `json:"items" nullable:"false"`
	CreatedAt     time.Time      `json:"createdAt"`
	ReleasedAt    time.Time      `json:"releasedAt,omitzero"`
	WithdrawBy    time.Time      `json:"withdrawBy,omitzero" doc:"end of a consumer's withdrawal period"`
	EndedAt       time.Time      `json:"endedAt,omitzero"`
	ETag          int64          `json:"etag"`
}

// Item is one line of an order.
type Item struct {
	ID           string          `json:"id"`
	No           int64           `json:"no"`
	Action       order.Action    `json:"action"`
	State        order.ItemState `json:"state"`
	Subscription string          `json:"subscription,omitempty"`
	Placement    string          `json:"placement,omitempty" doc:"decision about its place"`
	Terms        order.Terms     `json:"terms"`
	Reasons      []fail.Reason   `json:"reasons,omitempty" doc:"of a rejection, all of them"`
	Failure      *order.Failure  `json:"failure,omitempty"`
}

func orderWire(o order.Order) Order {
	out := Order{ID: o.ID, Org: o.Org, Market: o.Market, Zone: o.Zone, Language: o.Language, Currency: o.Currency, Basis: o.Basis, Total: o.Total,
		Recurring: o.Recurring, State: o.State, Consumer: o.Consumer, Consent: o.Consent, Requester: o.Requester, Approver: o.Approver, PurchaseOrder: o.PurchaseOrder, Reason: o.Reason,
		Withdrawn: o.Withdrawn, Items: []Item{}, CreatedAt: o.CreatedAt, ReleasedAt: o.ReleasedAt, WithdrawBy: o.WithdrawBy, EndedAt: o.EndedAt, ETag: o.ETag}
	for _, i := range o.Items {
		out.Items = append(out.Items, Item{ID: i.ID, No: i.No, Action: i.Action, State: i.State, Subscription: i.Subscription, Placement: i.Placement,
			Terms: i.Terms, Reasons: i.Reasons, Failure: i.Failure})
	}
	return out
}

// Step is one stop of an order's progress; one that lies ahead has no time.
type Step struct {
	Name string    `json:"name"`
	Item string    `json:"item,omitempty" doc:"empty for the whole order"`
	At   time.Time `json:"at,omitzero"`
	Done bool      `json:"done"`
}

func step(s order.Step) Step { return Step(s) }

// Reason says why, in words.
type Reason struct {
	Reason string `json:"reason" maxLength:"1000"`
}

// OrderPath names an order in the address.
type OrderPath struct {
	Order string `path:"order"`
}

// OrderChange names an order in the address, as the caller saw it.
type OrderChange struct {
	OrderPath
	IfMatch string `header:"If-Match"`
}

const ordersTag = "orders"

func (s *server) orderRoutes() {
	add(s, route{method: http.MethodPost, path: "/orders", id: "placeOrder", summary: "Order: of a quote, or of items", tag: ordersTag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" doc:"the same key with the same body gives the same order"`
			Body order.PlaceInput
		}) (*Tagged[Order], error) {
			in.Body.Key = in.Key
			o, err := s.Orders.Place(ctx, c, in.Body)
			return tagged(orderWire(o), o.ETag, err)
		})
	add(s, route{method: http.MethodGet, path: "/orders", id: "listOrders", summary: "Orders, newest first", tag: ordersTag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org    string `query:"org" doc:"empty: the caller's"`
			Branch bool   `query:"branch" doc:"also of all organisations below it"`
			State  string `query:"state"`
		}) (*Body[List[Order]], error) {
			page, err := s.Orders.Orders(ctx, c, order.Filter{Org: orgOr(in.Org, c), Branch: in.Branch, State: order.State(in.State), Cursor: in.Cursor, Limit: in.Limit})
			return listOf(page.Orders, page.Next, orderWire, err)
		})
	add(s, route{method: http.MethodGet, path: "/orders/{order}", id: "getOrder", summary: "One order", tag: ordersTag},
		func(ctx context.Context, c access.Caller, in *OrderPath) (*Tagged[Order], error) {
			o, err := s.Orders.Order(ctx, c, in.Order)
			return tagged(orderWire(o), o.ETag, err)
		})
	add(s, route{method: http.MethodGet, path: "/orders/{order}/progress", id: "getProgress", summary: "What is done, and what is next", tag: ordersTag},
		func(ctx context.Context, c access.Caller, in *OrderPath) (*Body[List[Step]], error) {
			list, err := s.Orders.Progress(ctx, c, in.Order)
			return listOf(list, "", step, err)
		})
	s.orderCommand("approve", "approveOrder", "Release a held order", func(ctx context.Context, c access.Caller, id, _ string) (order.Order, error) {
		return s.Orders.Approve(ctx, c, id)
	})
	s.orderCommand("withdraw", "withdrawOrder", "Withdraw from the contract, as a consumer", func(ctx context.Context, c access.Caller, id, _ string) (order.Order, error) {
		return s.Orders.Withdraw(ctx, c, id)
	})
	s.orderReason("reject", "rejectOrder", "Refuse a held order", s.Orders.Reject)
	s.orderReason("cancel", "cancelOrder", "Ask to stop an order", s.Orders.Cancel)
}

type orderChange func(ctx context.Context, c access.Caller, id, reason string) (order.Order, error)

// changed does a command on an order that stands as the caller saw it.
func (s *server) changed(ctx context.Context, c access.Caller, in OrderChange, reason string, f orderChange) (*Tagged[Order], error) {
	if in.IfMatch != "" {
		seen, err := s.Orders.Order(ctx, c, in.Order)
		if err != nil {
			return nil, err
		}
		if err := ifMatch(in.IfMatch, seen.ETag); err != nil {
			return nil, err
		}
	}
	o, err := f(ctx, c, in.Order, reason)
	return tagged(orderWire(o), o.ETag, err)
}

func (s *server) orderCommand(word, id, summary string, f orderChange) {
	add(s, route{method: http.MethodPost, path: "/orders/{order}/" + word, id: id, summary: summary, tag: ordersTag},
		func(ctx context.Context, c access.Caller, in *OrderChange) (*Tagged[Order], error) {
			return s.changed(ctx, c, *in, "", f)
		})
}

func (s *server) orderReason(word, id, summary string, f orderChange) {
	add(s, route{method: http.MethodPost, path: "/orders/{order}/" + word, id: id, summary: summary, tag: ordersTag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrderChange
			Body Reason
		}) (*Tagged[Order], error) {
			return s.changed(ctx, c, in.OrderChange, in.Body.Reason, f)
		})
}
