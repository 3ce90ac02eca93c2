package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
)

// Market is where something is sold.
type Market struct {
	ID         string           `json:"id,omitempty"`
	Org        string           `json:"org,omitempty" doc:"operator or reseller that runs it"`
	Entity     string           `json:"entity,omitempty" doc:"the legal entity that contracts and invoices"`
	Name       string           `json:"name" maxLength:"100"`
	Brand      string           `json:"brand,omitempty" maxLength:"100"`
	Domain     string           `json:"domain" doc:"of its storefront"`
	Country    string           `json:"country"`
	Currency   string           `json:"currency" doc:"ISO 4217"`
	Languages  []string         `json:"languages" nullable:"false" minItems:"1" doc:"the first is the default"`
	SellsTo    party.SellsTo    `json:"sellsTo" enum:"consumer,business,both"`
	FirstLimit int64            `json:"firstLimit" minimum:"0" doc:"minor units that an unconfirmed or never-paid account may commit to"`
	VATMode    party.VATMode    `json:"vatMode" enum:"gross,net"`
	MonthClose party.MonthClose `json:"monthClose,omitempty" enum:"automatic,approval" doc:"whether a month's invoices are issued by themselves, or prepared and approved by two people; left out: automatic"`
	Version    int64            `json:"version,omitempty"`
}

func market(m party.Market) Market { return Market(m) }

func (s *server) marketRoutes() {
	const tag = "markets"
	add(s, route{method: http.MethodGet, path: "/markets", id: "listMarkets", summary: "The markets", tag: tag, public: true},
		func(ctx context.Context, _ access.Caller, _ *struct{}) (*Body[List[Market]], error) {
			list, err := s.Parties.Markets(ctx)
			return listOf(list, "", market, err)
		})
	add(s, route{method: http.MethodPost, path: "/markets", id: "createMarket", summary: "Make a market", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct{ Body Market }) (*Tagged[Market], error) {
			in.Body.ID, in.Body.Org = "", orgOr(in.Body.Org, c)
			m, err := s.Parties.SetMarket(ctx, c, party.Market(in.Body))
			return tagged(market(m), m.Version, err)
		})
	add(s, route{method: http.MethodPut, path: "/markets/{market}", id: "setMarket", summary: "Change a market", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Market  string `path:"market"`
			IfMatch string `header:"If-Match"`
			Body    Market
		}) (*Tagged[Market], error) {
			version, err := versionOf(in.IfMatch)
			if err != nil {
				return nil, err
			}
			in.Body.ID, in.Body.Org = in.Market, orgOr(in.Body.Org, c)
			if version != 0 {
				in.Body.Version = version
			}
			m, err := s.Parties.SetMarket(ctx, c, party.Market(in.Body))
			return tagged(market(m), m.Version, err)
		})
}
