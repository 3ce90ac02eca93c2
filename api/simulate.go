package api

import (
	"net/http"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// Simulation is what the last complete billing period of an offer's subscribers cost, and what it would have cost by a draft.
type Simulation struct {
	Offer    string         `json:"offer"`
	Period   price.Interval `json:"period,omitzero" doc:"from the first of the periods replayed to the last; each subscriber has its own"`
	Windows  int            `json:"windows" doc:"closed usage windows that were replayed"`
	Spreads  []PriceSpread  `json:"spreads" nullable:"false" doc:"by currency and basis; none when nobody had a complete period"`
	Unpriced int            `json:"unpriced" doc:"subscribers for whom the draft has no price in their currency and basis"`
	Young    int            `json:"young" doc:"subscribers without a complete period, or with nothing owed"`
	Left     bool           `json:"left,omitempty" doc:"not all were looked at in the time there was: the newest were"`
}

// PriceSpread is how a change of price falls on subscribers.
type PriceSpread struct {
	Basis   price.Basis    `json:"basis"`
	Before  money.Amount   `json:"before" doc:"of all together, by the prices agreed"`
	After   money.Amount   `json:"after" doc:"by the draft"`
	More    int            `json:"more" doc:"subscribers who would pay more"`
	Less    int            `json:"less"`
	Same    int            `json:"same"`
	Deciles []money.Amount `json:"deciles" nullable:"false" doc:"what the change comes to for the subscriber at each tenth, the one who saves most first"`
	Rises   []PriceRise    `json:"rises" nullable:"false" doc:"the largest increases"`
}

// PriceRise is one of the largest increases.
type PriceRise struct {
	Service string       `json:"service"`
	Org     string       `json:"org"`
	Before  money.Amount `json:"before"`
	After   money.Amount `json:"after"`
}

func simulation(s rating.Simulation) Simulation {
	out := Simulation{Offer: s.Offer, Period: s.Period, Windows: s.Windows, Spreads: []PriceSpread{}, Unpriced: s.Unpriced, Young: s.Young, Left: s.Left}
	for _, one := range s.Spreads {
		spread := PriceSpread{Basis: one.Basis, Before: one.Before, After: one.After, More: one.More, Less: one.Less, Same: one.Same, Deciles: one.Deciles, Rises: []PriceRise{}}
		for _, e := range one.Rises {
			spread.Rises = append(spread.Rises, PriceRise{Service: e.Key, Org: s.Holders[e.Key], Before: e.Before, After: e.After})
		}
		out.Spreads = append(out.Spreads, spread)
	}
	return out
}

func (s *server) simulationRoutes() {
	s.raw(route{method: http.MethodPost, path: "/organisations/{org}/price-simulations", id: "simulatePrice", summary: "What the last complete period would have cost an offer's subscribers by a draft", tag: shelf},
		"/organisations/{org}/price-simulations", rawDoc{takes: []string{mediaYAML}, gives: []string{"application/json"}, answer: s.schemaOf(Simulation{}), query: []string{"plan", "period"}}, s.simulatePrice)
}

// simulateFor is how long a simulation may take: less than a request.
const simulateFor = 8 * time.Second

func (s *server) simulatePrice(w http.ResponseWriter, r *http.Request) error {
	text, err := yamlBody(w, r)
	if err != nil {
		return err
	}
	draft, err := catalog.Parse(text)
	if err != nil {
		return err
	}
	in := rating.SimulateInput{Publisher: r.PathValue("org"), Draft: draft, Plan: r.URL.Query().Get("plan"), Budget: simulateFor}
	switch r.URL.Query().Get("period") {
	case "", "last":
	case "present":
		in.Present = true
	default:
		return fail.New(fail.Invalid, "api.period", "That is not a period to replay.", "Write last or present.").Field("period", "is neither last nor present")
	}
	out, err := s.Ratings.Simulate(r.Context(), callerOf(r), in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, simulation(out))
}
