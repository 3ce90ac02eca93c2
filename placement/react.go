package placement

import (
	"encoding/json"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/trace"
)

// The facts of placement.
const (
	FactDecided = "placement.decided.v1" // DecidedFact
	FactRefused = "placement.refused.v1" // RefusedFact
)

// Target is one account or endpoint of an engine, as provision hands it to a driver.
type Target struct {
	ID     string          `json:"id"`
	Region string          `json:"region"`
	Config json.RawMessage `json:"config,omitempty"`
}

// Hashes name the inputs and the outcome of a decision: SHA-256 of canonical forms, in hex.
type Hashes struct {
	Policy  string `json:"policy"`
	Facts   string `json:"facts"`
	Rules   string `json:"rules"`
	Request string `json:"request"`
	Result  string `json:"result"`
}

// DecidedFact says where an item goes, with all that provision needs.
type DecidedFact struct {
	Decision     string          `json:"decision"`
	Attempt      int64           `json:"attempt"`
	Order        string          `json:"order"`
	Item         string          `json:"item"`
	Subscription string          `json:"subscription"`
	Org          string          `json:"org"`
	Path         string          `json:"path"`
	Market       string          `json:"market"`
	Publisher    string          `json:"publisher"`
	OfferVersion string          `json:"offer_version"`
	Plan         string          `json:"plan"`
	Class        string          `json:"class"`
	Kind         string          `json:"kind"`
	Driver       string          `json:"driver"`
	Target       Target          `json:"target"`
	Region       string          `json:"region"`
	City         string          `json:"city"`
	Country      string          `json:"country"`
	Units        int64           `json:"units"`
	Spec         json.RawMessage `json:"spec,omitempty"`
	Hashes       Hashes          `json:"hashes"`
}

// RefusedFact says that no region can take an item. The reasons stand in the decision, whose result has the hash.
type RefusedFact struct {
	Decision     string   `json:"decision"`
	Attempt      int64    `json:"attempt"`
	Order        string   `json:"order"`
	Item         string   `json:"item"`
	Org          string   `json:"org"`
	Publisher    string   `json:"publisher"`
	OfferVersion string   `json:"offer_version"`
	Class        string   `json:"class"`
	Rules        []string `json:"rules"` // that refused, each once
	Hashes       Hashes   `json:"hashes"`
}

// Readers are what placement reads: orders that may go ahead.
func (s *Placements) Readers() []trace.Reader {
	return []trace.Reader{{Name: "placement", Types: []string{order.FactPlaced}, Handle: s.placed}}
}

func (s *Placements) placed(tx *store.Tx, e trace.Entry) error {
	var f order.PlacedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	for _, i := range f.Items {
		if i.Action != order.ActionAdd {
			continue
		}
		if err := s.place(tx, item{Org: f.Org, Path: f.Path, Market: f.Market, Order: f.Order, ItemFact: i}); err != nil {
			return err
		}
	}
	return nil
}
