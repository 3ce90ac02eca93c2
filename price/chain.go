package price

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Listed is a version on a price list: whom it is for. The versions for the same reseller, currency and basis form a
// chain, each in force until the next one is.
type Listed struct {
	Reseller string // organisation; "" for everybody without a chain of their own
	Version  *Version
}

func (l *Listed) same(o *Listed) bool {
	return l.Reseller == o.Reseller && l.Version.Currency == o.Version.Currency && l.Version.Basis == o.Version.Basis
}

// CheckChains tells whether each chain of a price list covers time from its first version on without gap and without
// overlap: no two versions begin at the same instant, and a version that says until when it is in force is followed at
// that instant. The last of a chain may have an end. Each complaint names the place in the list. Error: price.chain.
func CheckChains(list []Listed) error {
	bad := fail.New(fail.Invalid, "price.chain", "The price list does not have exactly one price at each instant.", "Correct the dates named.")
	for i := range list {
		next := -1
		for j := range list {
			a, b := list[i].Version.EffectiveFrom, list[j].Version.EffectiveFrom
			if i == j || !list[i].same(&list[j]) || b.Before(a) {
				continue
			}
			if a.Equal(b) {
				if i > j {
					bad = bad.Field(fmt.Sprintf("%d.effectiveFrom", i), "overlaps: another price begins at the same instant")
				}
				continue
			}
			if next < 0 || b.Before(list[next].Version.EffectiveFrom) {
				next = j
			}
		}
		end := list[i].Version.EffectiveTo
		if next < 0 || end.IsZero() {
			continue
		}
		begins := list[next].Version.EffectiveFrom
		switch {
		case end.Before(begins):
			bad = bad.Field(fmt.Sprintf("%d.effectiveTo", i), "leaves a gap: the next price begins at "+begins.UTC().Format(time.RFC3339))
		case begins.Before(end):
			bad = bad.Field(fmt.Sprintf("%d.effectiveTo", i), "overlaps: the next price begins at "+begins.UTC().Format(time.RFC3339))
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// InForce gives the place in the list of the version that a buyer gets at an instant: of the chain of the nearest of
// its resellers (nearest last) that has one, else of the chain for everybody. -1 when no version is in force.
func InForce(list []Listed, resellers []string, currency money.Currency, basis Basis, at time.Time) int {
	pick := func(reseller string) (found int, chain bool) {
		found = -1
		for i, l := range list {
			v := l.Version
			if l.Reseller != reseller || v.Currency != currency || v.Basis != basis {
				continue
			}
			chain = true
			if v.EffectiveFrom.After(at) || !v.EffectiveTo.IsZero() && !at.Before(v.EffectiveTo) {
				continue
			}
			if found < 0 || v.EffectiveFrom.After(list[found].Version.EffectiveFrom) {
				found = i
			}
		}
		return found, chain
	}
	for _, r := range slices.Backward(resellers) {
		if i, chain := pick(r); chain && r != "" {
			return i
		}
	}
	i, _ := pick("")
	return i
}
