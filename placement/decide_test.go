package placement

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/residency"
)

// drawn is a world of regions with one operator, in countries and at prices that often tie.
func drawn(t *rapid.T) (*residency.Facts, Request) {
	country := rapid.SampledFrom([]string{"FR", "DE", "US"})
	f := &residency.Facts{Own: "own", OwnSupport: []string{"FR"}, Groups: residency.DefaultGroups(),
		Entities: []residency.Entity{{Key: "own", Name: "Own", Country: "FR", Ownership: residency.OwnershipComplete}},
		Clouds:   []residency.Cloud{{Key: "cloud", Name: "Cloud", Operator: "own", Support: []string{"FR"}}}}
	r := Request{Item: "itm", Attempt: 1, Class: "personal", Units: int64(rapid.IntRange(1, 3).Draw(t, "units")), Free: map[string]int64{}, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Chain: residency.Chain{Publisher: residency.Party{Ref: "p", Name: "P", Country: "FR", ControlledFrom: "FR"}, Support: []string{"FR"}, Driver: "process"}}
	for i := range rapid.IntRange(0, 6).Draw(t, "regions") {
		key := fmt.Sprintf("r%d", i)
		f.Regions = append(f.Regions, residency.Region{Key: key, Cloud: "cloud", Name: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "name"), City: "City", Country: country.Draw(t, "country"),
			Driver: rapid.SampledFrom([]string{"process", "process", "people"}).Draw(t, "driver"), Evidence: residency.EvidenceDeclared,
			Price: money.NewUnitPrice(int64(rapid.IntRange(1, 3).Draw(t, "price")), money.EUR), Retired: rapid.IntRange(0, 9).Draw(t, "retired") == 0})
		r.Free[key] = int64(rapid.IntRange(0, 4).Draw(t, "free"))
		if rapid.IntRange(0, 4).Draw(t, "failed") == 0 {
			r.Excluded = append(r.Excluded, key)
		}
	}
	r.Region = rapid.SampledFrom([]string{"", "", "", "r0", "r9"}).Draw(t, "wish")
	return f, r
}

// The choice is the first of the regions that can take it, sorted by price and name: told here without Decide's own words.
func TestDecideAgreesWithASort(t *testing.T) {
	rules := residency.NewRules()
	policy := residency.Policy{Layers: []residency.Layer{residency.DefaultLayer("market")}}
	rapid.Check(t, func(t *rapid.T) {
		f, r := drawn(t)
		var can []string
		for _, g := range f.Regions {
			if g.Driver == "process" && g.Country != "US" && !g.Retired && !slices.Contains(r.Excluded, g.Key) && r.Free[g.Key] >= r.Units && (r.Region == "" || r.Region == g.Key) {
				can = append(can, fmt.Sprintf("%03d %s %s", g.Price.Nanos, g.Name, g.Key))
			}
		}
		slices.Sort(can)
		want := ""
		if len(can) > 0 {
			want = can[0][len(can[0])-2:]
		}
		got := Decide(rules, f, policy, r)
		if got.Region != want {
			t.Fatalf("%s, want %s of %v", got.Region, want, can)
		}
		for _, c := range got.Candidates {
			if (len(c.Reasons) == 0) != slices.ContainsFunc(can, func(s string) bool { return s[len(s)-2:] == c.Region }) {
				t.Fatalf("%s: %+v", c.Region, c.Reasons)
			}
		}
		if got.Region == "" && len(r.reasons(got)) == 0 {
			t.Fatal("a refusal without a reason")
		}
	})
}
