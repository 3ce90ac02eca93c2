package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
)

// Quote is a price that holds until it expires.
type Quote struct {
	ID        string         `json:"id"`
	Org       string         `json:"org"`
	Market    string         `json:"market"`
	Language  string         `json:"language"`
	Currency  money.Currency `json:"currency"`
	Basis     price.Basis    `json:"basis"`
	Lines     []order.Line   `json:"lines" nullable:"false"`
	Total     money.Amount   `json:"total" doc:"first period of all lines"`
	Recurring money.Amount   `json:"recurring" doc:"per month"`
	CreatedAt time.Time      `json:"createdAt"`
	ExpiresAt time.Time      `json:"expiresAt"`
	Order     string         `json:"order,omitempty" doc:"that took it"`
}

func quote(q order.Quote) Quote {
	return Quote{ID: q.ID, Org: q.Org, Market: q.Market, Language: q.Language, Currency: q.Currency, Basis: q.Basis, Lines: q.Lines, Total: q.Total,
		Recurring: q.Recurring, CreatedAt: q.CreatedAt, ExpiresAt: q.ExpiresAt, Order: q.Order}
}

func (s *server) quoteRoutes() {
	const tag = "orders"
	add(s, route{method: http.MethodPost, path: "/quotes", id: "createQuote", summary: "Work out a price and keep it for 14 days", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct{ Body order.QuoteInput }) (*Body[Quote], error) {
			q, err := s.Orders.Quote(ctx, c, in.Body)
			return body(quote(q), err)
		})
	add(s, route{method: http.MethodGet, path: "/quotes", id: "listQuotes", summary: "Quotes of an organisation, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org string `query:"org" doc:"empty: the caller's"`
		}) (*Body[List[Quote]], error) {
			list, next, err := s.Orders.Quotes(ctx, c, orgOr(in.Org, c), in.Cursor, in.Limit)
			return listOf(list, next, quote, err)
		})
	add(s, route{method: http.MethodGet, path: "/quotes/{quote}", id: "getQuote", summary: "One quote", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Quote string `path:"quote"`
		}) (*Body[Quote], error) {
			q, err := s.Orders.Quoted(ctx, c, in.Quote)
			return body(quote(q), err)
		})
}
