package proof

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"math/big"
	"slices"
	"time"
)

// Aggregation says how the events of a meter become its quantity of a billing period. The empty one is AggregateSum.
type Aggregation string

// The aggregations. Each combination of dimensions of a meter is aggregated by itself.
const (
	AggregateSum      Aggregation = "sum"
	AggregateCount    Aggregation = "count"
	AggregateMin      Aggregation = "min"
	AggregateMax      Aggregation = "max"
	AggregateLatest   Aggregation = "latest"   // the value whose interval ends last
	AggregateUnique   Aggregation = "unique"   // how many different items
	AggregateWeighted Aggregation = "weighted" // value × hours held, from the start of its interval until the next value
	AggregateP95      Aggregation = "p95"      // the 95th percentile of what each five minutes add up to
)

// Aggregations lists them.
func Aggregations() []Aggregation {
	return []Aggregation{AggregateSum, AggregateCount, AggregateMin, AggregateMax, AggregateLatest, AggregateUnique, AggregateWeighted, AggregateP95}
}

// Sample is the length of the samples of AggregateP95.
const Sample = 5 * time.Minute

// Valid tells whether it is one of the list, or empty.
func (a Aggregation) Valid() bool { return a == "" || slices.Contains(Aggregations(), a) }

// Adds tells whether the quantities of windows add up to that of their period, so that a window stands for itself. The
// others need the Points of the whole period.
func (a Aggregation) Adds() bool { return a == "" || a == AggregateSum || a == AggregateCount }

// Point is what an event contributes to an aggregation that does not add up. At is in microseconds.
type Point struct {
	At    int64
	Key   [16]byte // of the event's hash, or of the hash of its item
	Value Quantity
}

// PointOf is what a usage event contributes, given its hash and the beginning of the window that counts it: what was
// held before that is another window's.
func (a Aggregation) PointOf(e *Event, u Usage, hash [32]byte, window time.Time) Point {
	p := Point{At: u.End.UnixMicro() - 1, Value: Quantity{}}
	p.Value.Add(u.Value)
	copy(p.Key[:], hash[:])
	switch a {
	case AggregateUnique:
		item := sha256.Sum256([]byte(e.Data.Item))
		copy(p.Key[:], item[:])
	case AggregateWeighted:
		p.At = max(u.Start.UnixMicro(), window.UnixMicro())
	}
	return p
}

// Compact brings points into the one order of the aggregation and leaves out what cannot matter beside the others. It
// does not depend on their order, and compacting parts first changes nothing. The slice is used again.
func (a Aggregation) Compact(points []Point) []Point {
	if len(points) == 0 {
		return points
	}
	switch a {
	case AggregateMax:
		return append(points[:0], slices.MaxFunc(points, byValue))
	case AggregateMin:
		return append(points[:0], slices.MinFunc(points, byValue))
	case AggregateLatest:
		return append(points[:0], slices.MaxFunc(points, byTime))
	case AggregateUnique:
		for i := range points {
			points[i].At, points[i].Value = 0, Quantity{}
		}
		slices.SortFunc(points, byTime)
		return slices.Compact(points)
	case AggregateP95:
		return samples(points)
	}
	slices.SortFunc(points, byTime)
	return points
}

func byTime(a, b Point) int {
	return cmp.Or(cmp.Compare(a.At, b.At), bytes.Compare(a.Key[:], b.Key[:]))
}

func byValue(a, b Point) int { return cmp.Or(a.Value.Cmp(b.Value), byTime(a, b)) }

func samples(points []Point) []Point {
	for i := range points {
		points[i].At, points[i].Key = floorTo(points[i].At, Sample.Microseconds()), [16]byte{}
	}
	slices.SortFunc(points, byTime)
	n := 0
	for _, p := range points[1:] {
		if p.At == points[n].At {
			points[n].Value.AddQuantity(p.Value)
			continue
		}
		n++
		points[n] = p
	}
	return points[:n+1]
}

// Of is the quantity of a period, from its compacted points, for [from, to) in microseconds: the part of the period in
// which the subscription lived, for AggregateWeighted up to where all is in. Points before from count for
// AggregateWeighted alone: the last of them is the value that was held when the period began.
func (a Aggregation) Of(points []Point, from, to int64) Quantity {
	if len(points) == 0 {
		return Quantity{}
	}
	switch a {
	case AggregateUnique:
		return Quantity{0, int64(len(points))}
	case AggregateWeighted:
		return held(points, from, to)
	case AggregateP95:
		return percentile(points, from, to)
	}
	return points[len(points)-1].Value
}

// held is the sum of value × time in whole hours of one unit. Time before the first value counts nothing.
func held(points []Point, from, to int64) Quantity {
	total := new(big.Int)
	for i, p := range points {
		end := to
		if i+1 < len(points) {
			end = min(to, points[i+1].At)
		}
		if start := max(p.At, from); start < end {
			total.Add(total, new(big.Int).Mul(p.Value.big(), big.NewInt(end-start)))
		}
	}
	q, _ := quantityOf(total.Div(total, big.NewInt(time.Hour.Microseconds()))) // 2^63 held for a century fits
	return q
}

// percentile is the nearest rank: of all samples of the period, those without usage being zero, the smallest that is
// not below 95 % of them.
func percentile(points []Point, from, to int64) Quantity {
	step := Sample.Microseconds()
	n := max((floorTo(to-1, step)-floorTo(from, step))/step+1, int64(len(points)))
	values := make([]Quantity, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	slices.SortFunc(values, Quantity.Cmp)
	rank := (95*n + 99) / 100 // from 1
	at := rank - 1 - (n - int64(len(values)))
	if at < 0 {
		return Quantity{}
	}
	return values[at]
}

// floorTo is the start of the step that holds t; instants before 1970 too.
func floorTo(t, step int64) int64 {
	d := t % step
	if d < 0 {
		d += step
	}
	return t - d
}
