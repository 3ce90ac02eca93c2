package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/residency"
)

// KnownFacts are the facts about clouds that hold, with their hash.
type KnownFacts struct {
	Hash  string           `json:"hash"`
	Facts *residency.Facts `json:"facts"`
}

// LayerVersion is a residency policy as it was set.
type LayerVersion struct {
	Scope     string          `json:"scope" doc:"market or organisation"`
	Version   int64           `json:"version"`
	Layer     residency.Layer `json:"layer"`
	Actor     string          `json:"actor"`
	CreatedAt time.Time       `json:"createdAt"`
	Proposal  string          `json:"proposal,omitempty" doc:"it waits for a second person, and nothing holds yet"`
}

func layerVersion(v residency.LayerVersion) LayerVersion { return LayerVersion(v) }

// NewLayer is what holds for all data, and what is added for a class.
type NewLayer struct {
	Default string                    `json:"default,omitempty" doc:"class of data that an order means when it names none"`
	All     residency.Rule            `json:"all,omitempty"`
	Classes map[string]residency.Rule `json:"classes,omitempty"`
}

func (l NewLayer) layer() residency.Layer {
	return residency.Layer{Default: l.Default, All: l.All, Classes: l.Classes}
}

func (s *server) residencyRoutes() {
	const tag = "residency"
	add(s, route{method: http.MethodGet, path: "/residency/facts", id: "getResidencyFacts", summary: "Facts about clouds and who is behind them", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[KnownFacts], error) {
			f, hash, err := s.Residency.FactsNow(ctx, c)
			return body(KnownFacts{Hash: hash, Facts: f}, err)
		})
	s.raw(route{method: http.MethodPost, path: "/residency/facts", id: "importResidencyFacts", summary: "Put facts from YAML over what is known", tag: tag},
		"/residency/facts", rawDoc{takes: []string{mediaYAML}, gives: []string{"application/json"}, answer: s.schemaOf(residency.Changed{})},
		func(w http.ResponseWriter, r *http.Request) error {
			text, err := yamlBody(w, r)
			if err != nil {
				return err
			}
			changed, err := s.Residency.Import(r.Context(), callerOf(r), text)
			if err != nil {
				return err
			}
			return answer(w, http.StatusOK, changed)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/residency-policy", id: "getResidencyPolicy", summary: "What an organisation is held to, its own layer last", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[residency.Policy], error) {
			p, err := s.Residency.PolicyOf(ctx, c, in.Org)
			return body(p, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/residency-layers", id: "listResidencyLayers", summary: "Versions of an organisation's own layer, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[LayerVersion]], error) {
			list, err := s.Residency.Layers(ctx, c, in.Org)
			return listOf(list, "", layerVersion, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/residency-policy", id: "setResidencyPolicy", summary: "Set an organisation's layer: it can only tighten", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewLayer
		}) (*Body[LayerVersion], error) {
			v, err := s.Residency.SetPolicy(ctx, c, in.Org, in.Body.layer())
			return body(layerVersion(v), err)
		})
	add(s, route{method: http.MethodPut, path: "/markets/{market}/residency-policy", id: "setMarketPolicy", summary: "Set what holds for all customers of a market", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
			Body   NewLayer
		}) (*Body[LayerVersion], error) {
			v, err := s.Residency.SetMarketPolicy(ctx, c, in.Market, in.Body.layer())
			return body(layerVersion(v), err)
		})
}
