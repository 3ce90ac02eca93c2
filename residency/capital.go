package residency

import (
	"math/big"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// Capital limits how much of each entity in the chain may belong, through any number of others, to holders whose seat is
// elsewhere, and refuses any power of theirs over it: a veto, or the right to name most of the board. The source is
// SecNumCloud 3.2, 19.6.b, which allows 24 % to one and 39 % to all from outside the European Union.
type Capital struct {
	Within   []string `json:"within"`   // countries or groups that are not elsewhere
	Single   Percent  `json:"single"`   // at most, for one holder with all that it controls
	Together Percent  `json:"together"` // at most, for all of them
}

// stake is what holders from elsewhere have in an entity.
type stake struct {
	known    bool
	single   *big.Rat // the largest of one, with all that it controls; shares of 1
	holder   string   // its name
	together *big.Rat
	power    string // name of one with a veto or the board; "" for none
}

// stakeOf computes it once for an entity and a set of countries. What the listed holders do not have counts as held at the
// entity's seat: ownership is complete only when everybody is listed who matters. An entity of which that is not known, or
// above which it is not known, could belong to anybody.
func (x *index) stakeOf(key string, within []string) stake {
	at := key + "\n" + strings.Join(within, ",")
	if s, ok := x.stakes.Load(at); ok {
		return s.(stake)
	}
	s := x.stake(key, func(e *Entity) bool { return !slices.Contains(within, e.Country) })
	x.stakes.Store(at, s)
	return s
}

func (x *index) stake(key string, outside func(*Entity) bool) stake {
	above, known := x.above(key, outside)
	s := stake{known: known, single: new(big.Rat), together: new(big.Rat)}
	if !known {
		return s
	}
	holdings := map[string][]string{} // among those above
	for _, k := range above {
		for _, h := range x.entities[k].Parents {
			holdings[h.Entity] = append(holdings[h.Entity], k)
		}
	}
	all := map[string]bool{}
	for _, k := range above {
		e := x.entities[k]
		if k == key || !outside(e) {
			continue
		}
		all[k] = true
		if one := x.share(key, above, x.spread(map[string]bool{k: true}, []string{k}, holdings)); one.Cmp(s.single) > 0 {
			s.single, s.holder = one, e.Name
		}
	}
	group := x.spread(all, sortedKeys(all), holdings)
	s.together = x.share(key, above, group)
	for _, h := range x.entities[key].Parents {
		if group[h.Entity] && (h.Veto || h.Board) {
			s.power = x.entities[h.Entity].Name
		}
	}
	return s
}

// above lists an entity and all that hold something of it through any number of levels, in a fixed order. known is false
// when that of one of them is not known; who stands behind one from outside may stay unknown, for it counts wholly.
func (x *index) above(key string, outside func(*Entity) bool) (list []string, known bool) {
	settled := map[string]bool{key: false} // whether somebody from outside stands between it and the entity, on every way
	list = []string{key}
	for i := 0; i < len(list); i++ {
		e := x.entities[list[i]]
		beyond := settled[list[i]] || i > 0 && e.Country != "" && outside(e)
		if !beyond && !x.wellKnown(e) {
			return nil, false
		}
		for _, h := range e.Parents {
			was, seen := settled[h.Entity]
			if x.entities[h.Entity] == nil || seen && (!was || beyond) {
				continue
			}
			settled[h.Entity] = beyond
			list = append(list, h.Entity) // again when there is a way without
		}
	}
	slices.Sort(list[1:])
	return slices.Compact(list), true
}

// share is how much of an entity belongs to a group: to its members wholly, and to each other holder's part as much as of
// that holder does. It solves the linear equations of that, exactly, so that holdings may run in circles.
func (x *index) share(key string, above []string, group map[string]bool) *big.Rat {
	var free []string // whose part is sought; the entity itself first
	place := map[string]int{}
	for _, k := range above {
		if k == key || !group[k] {
			place[k] = len(free)
			free = append(free, k)
		}
	}
	rows := make([][]*big.Rat, len(free))
	for i, k := range free {
		row := make([]*big.Rat, len(free)+1)
		for j := range row {
			row[j] = new(big.Rat)
		}
		row[i].SetInt64(1)
		for _, h := range x.entities[k].Parents {
			part := big.NewRat(int64(h.Percent), int64(whole))
			if group[h.Entity] && h.Entity != key {
				row[len(free)].Add(row[len(free)], part)
			} else if j, ok := place[h.Entity]; ok {
				row[j].Sub(row[j], part)
			}
		}
		rows[i] = row
	}
	return solve(rows)
}

// solve gives the first unknown of linear equations, by elimination; of several solutions the one in which what is free is
// nothing: a circle of entities that own nothing but each other belongs to nobody from outside.
func solve(rows [][]*big.Rat) *big.Rat {
	n := len(rows)
	for c := n - 1; c >= 0; c-- {
		p := slices.IndexFunc(rows[:c+1], func(r []*big.Rat) bool { return r[c].Sign() != 0 })
		if p < 0 {
			for _, r := range rows {
				r[c].SetInt64(0)
			}
			continue
		}
		// The diagonal is used where it can be: rows above it keep their own unknown.
		if rows[c][c].Sign() != 0 {
			p = c
		}
		rows[p], rows[c] = rows[c], rows[p]
		for i := range c {
			if rows[i][c].Sign() == 0 {
				continue
			}
			f := new(big.Rat).Quo(rows[i][c], rows[c][c])
			for j := range rows[i] {
				rows[i][j].Sub(rows[i][j], new(big.Rat).Mul(f, rows[c][j]))
			}
		}
	}
	if rows[0][0].Sign() == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Quo(rows[0][n], rows[0][0])
}

// capitalScale is how a share of 1 is written for the rules, which know whole numbers only. Larger digits are cut upwards.
const capitalScale = 1_000_000_000_000

func scaled(r *big.Rat) int64 {
	up := new(big.Rat).Mul(r, new(big.Rat).SetInt64(capitalScale))
	q, rest := new(big.Int).QuoRem(up.Num(), up.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

// percentText is a share as people read it, with four decimals at most, upwards.
func percentText(r *big.Rat) string {
	n := (scaled(r) + capitalScale/1_000_000 - 1) / (capitalScale / 1_000_000)
	text := new(big.Rat).SetFrac64(n, 10_000).FloatString(4)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// attributes are what the rules read; none where the capital is not known.
func (s stake) attributes(into cedar.RecordMap) {
	if !s.known {
		return
	}
	into["capital_single"], into["capital_together"] = cedar.Long(scaled(s.single)), cedar.Long(scaled(s.together))
	into["capital_power"] = cedar.Boolean(s.power != "")
}

func (s stake) word(word string) string {
	switch word {
	case "capital_holder":
		return s.holder
	case "capital_single":
		return percentText(s.single)
	case "capital_together":
		return percentText(s.together)
	case "capital_power":
		return s.power
	}
	return ""
}

// limits is the capital rule of all layers as one: the least of each number, and elsewhere is what is elsewhere to any.
type limits struct {
	lists            [][]string
	single, together Percent
}

func (l *limits) add(c *Capital) {
	if c == nil {
		return
	}
	if len(l.lists) == 0 {
		l.single, l.together = whole, whole
	}
	l.lists = append(l.lists, c.Within)
	l.single, l.together = min(l.single, c.Single), min(l.together, c.Together)
}

func (l limits) attributes(into cedar.RecordMap) {
	into["limits_capital"] = cedar.Boolean(len(l.lists) > 0)
	into["max_single"], into["max_together"] = cedar.Long(int64(l.single)*(capitalScale/int64(whole))), cedar.Long(int64(l.together)*(capitalScale/int64(whole)))
}

func (l limits) word(word string) string {
	switch word {
	case "capital_within":
		return words(l.lists)
	case "max_single":
		return l.single.String()
	case "max_together":
		return l.together.String()
	}
	return ""
}
