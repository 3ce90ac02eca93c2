package price

import (
	"cmp"
	"slices"

	"github.com/halle-cloud/halle/money"
)

// Effect is what one buyer pays by one price, and would pay by another.
type Effect struct {
	Key    string       `json:"key"`
	Before money.Amount `json:"before"`
	After  money.Amount `json:"after"`
}

// rise is by how many minor units it is dearer.
func (e Effect) rise() int64 { return e.After.Minor - e.Before.Minor }

// Spread tells how a change of price falls on many buyers, in one currency and basis.
type Spread struct {
	Basis   Basis          `json:"basis"`
	Before  money.Amount   `json:"before"` // of all together
	After   money.Amount   `json:"after"`
	More    int            `json:"more"` // buyers who would pay more
	Less    int            `json:"less"`
	Same    int            `json:"same"`
	Deciles []money.Amount `json:"deciles"` // nine: what the change comes to for the buyer at each tenth, the one who saves most first
	Rises   []Effect       `json:"rises"`   // the largest increases, the largest first
}

// maxRises is how many of the largest increases are kept.
const maxRises = 10

// Spreader adds effects up to a Spread. It keeps one number for each. Not safe for concurrent use.
type Spreader struct {
	spread  Spread
	changes []int64
}

// NewSpreader begins a spread.
func NewSpreader(currency money.Currency, basis Basis) *Spreader {
	zero := money.Zero(currency)
	return &Spreader{spread: Spread{Basis: basis, Before: zero, After: zero}}
}

// Add counts one buyer. Errors: money.currency for another currency, money.overflow; nothing is counted then.
func (s *Spreader) Add(e Effect) error {
	change, err := e.After.Sub(e.Before)
	if err != nil {
		return err
	}
	before, err := s.spread.Before.Add(e.Before)
	if err != nil {
		return err
	}
	after, err := s.spread.After.Add(e.After)
	if err != nil {
		return err
	}
	s.spread.Before, s.spread.After = before, after
	s.changes = append(s.changes, change.Minor)
	switch change.Sign() {
	case -1:
		s.spread.Less++
	case 0:
		s.spread.Same++
	default:
		s.spread.More++
		s.rise(e)
	}
	return nil
}

// rise keeps the largest increases in order; of equal ones the first by key.
func (s *Spreader) rise(e Effect) {
	at, _ := slices.BinarySearchFunc(s.spread.Rises, e, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(b.rise(), a.rise()), cmp.Compare(a.Key, b.Key))
	})
	if at == maxRises {
		return
	}
	s.spread.Rises = slices.Insert(s.spread.Rises, at, e)
	s.spread.Rises = s.spread.Rises[:min(len(s.spread.Rises), maxRises)]
}

// Spread is what was added up so far. A decile is the change of a buyer (nearest rank), never a mean of two.
func (s *Spreader) Spread() Spread {
	out := s.spread
	out.Rises = slices.Clone(out.Rises)
	if out.Rises == nil {
		out.Rises = []Effect{}
	}
	out.Deciles = []money.Amount{}
	n := len(s.changes)
	if n == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(s.changes))
	for tenth := 1; tenth <= 9; tenth++ {
		out.Deciles = append(out.Deciles, money.New(sorted[(tenth*n+9)/10-1], out.Before.Currency))
	}
	return out
}
