package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
)

// Limit is how much of one dimension an organisation or unit may have, and has.
type Limit struct {
	Org       string          `json:"org"`
	Dimension order.Dimension `json:"dimension" doc:"subscriptions, or minor units of a currency a month"`
	Max       int64           `json:"max" doc:"-1: none"`
	Committed int64           `json:"committed" doc:"by what stands"`
	Reserved  int64           `json:"reserved" doc:"by orders under way"`
	Spent     int64           `json:"spent" doc:"by usage in the period"`
	Period    string          `json:"period,omitempty" doc:"month of spent"`
}

func limit(l order.Limit) Limit { return Limit(l) }

func (s *server) limitRoutes() {
	const tag = "limits"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/limits", id: "listLimits", summary: "Limits and what counts against them", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Limit]], error) {
			list, err := s.Orders.Limits(ctx, c, in.Org)
			return listOf(list, "", limit, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/limits/{dimension}", id: "setLimit", summary: "Set a limit; -1 takes it away", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Dimension string `path:"dimension"`
			Body      struct {
				Max int64 `json:"max" minimum:"-1"`
			}
		}) (*Body[Limit], error) {
			l, err := s.Orders.SetLimit(ctx, c, in.Org, order.Dimension(in.Dimension), in.Body.Max)
			return body(limit(l), err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/approval-rules/{currency}", id: "setApprovalRule", summary: "Ask for an approval of orders above an amount", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Currency string `path:"currency"`
			Body     struct {
				Above *money.Amount `json:"above,omitempty" doc:"left out: no approval is needed"`
			}
		}) (*Empty, error) {
			return empty(s.Orders.SetApprovalRule(ctx, c, in.Org, money.Currency(in.Currency), in.Body.Above))
		})
}
