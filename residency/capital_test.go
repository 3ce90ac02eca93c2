package residency

import (
	"fmt"
	"testing"
	"time"
)

// chainOf makes a provider owned through three levels: "abroad" holds first % of a holding at home, that holds second % of
// another, that holds third % of the provider; and beside it so many percent directly.
func chainOf(first, second, third, direct Percent) *Facts {
	home := func(key string, parents ...Holding) Entity {
		return Entity{Key: key, Name: key, Country: "FR", Ownership: OwnershipComplete, Parents: parents}
	}
	provider := home("provider", Holding{Entity: "low", Percent: third})
	if direct > 0 {
		provider.Parents = append(provider.Parents, Holding{Entity: "fund", Percent: direct})
	}
	return &Facts{Own: "own", Groups: DefaultGroups(), Entities: []Entity{
		{Key: "abroad", Name: "abroad", Country: "US", Ownership: OwnershipUnknown},
		{Key: "fund", Name: "fund", Country: "CH", Ownership: OwnershipUnknown},
		home("own"), provider,
		home("top", Holding{Entity: "abroad", Percent: first}),
		home("low", Holding{Entity: "top", Percent: second}),
	}}
}

// TestCapitalThroughThreeLevels is SecNumCloud's 24 % and 39 %, to the tenth of a percent, where nobody types a share of
// the provider: holdings of 50 % or less are multiplied, more than that is control and counts wholly.
func TestCapitalThroughThreeLevels(t *testing.T) {
	limit := Policy{Layers: []Layer{{From: "m", Default: "internal", All: Rule{Capital: &Capital{Within: []string{"EU"}, Single: 24_00, Together: 39_00}}, Classes: map[string]Rule{"internal": {}}}}}
	rules := NewRules()
	for _, c := range []struct {
		name                 string
		first, second, third Percent
		direct               Percent
		single, together     string
		refused              []string
	}{
		{"24.0 through control", 60_00, 60_00, 24_00, 0, "24", "24", nil},
		{"24.1 through control", 60_00, 60_00, 24_10, 0, "24.1", "24.1", []string{"residency.capital"}},
		{"24.0 multiplied", 50_00, 48_00, 100_00, 0, "24", "24", nil},
		{"24.1 multiplied", 50_00, 48_20, 100_00, 0, "24.1", "24.1", []string{"residency.capital"}},
		{"39.0 together", 60_00, 60_00, 24_00, 15_00, "24", "39", nil},
		{"39.1 together", 60_00, 60_00, 24_00, 15_10, "24", "39.1", []string{"residency.capital_together"}},
		{"39.0 together, multiplied", 48_00, 50_00, 100_00, 15_00, "24", "39", nil},
		{"both", 60_00, 60_00, 24_10, 15_00, "24.1", "39.1", []string{"residency.capital", "residency.capital_together"}},
		{"a hair", 49_99, 49_99, 50_00, 15_00, "15", "27.4951", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := chainOf(c.first, c.second, c.third, c.direct)
			s := newIndex(f).stakeOf("provider", within([][]string{{"EU"}}, f.Groups))
			if !s.known || percentText(s.single) != c.single || percentText(s.together) != c.together {
				t.Errorf("one has %s %%, all have %s %%, known %v", percentText(s.single), percentText(s.together), s.known)
			}
			f.Clouds = []Cloud{{Key: "c", Operator: "provider"}}
			f.Regions = []Region{{Key: "r", Cloud: "c", Country: "FR", Driver: "d", Evidence: EvidenceListed}}
			v := rules.JudgeRegion(Question{Facts: f, Policy: limit, At: time.Unix(0, 0), Chain: Chain{Driver: "d", Publisher: Party{Ref: "own", Country: "FR", ControlledFrom: "FR"}}}, "r")
			var got []string
			for _, r := range v.Reasons {
				got = append(got, r.Rule)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.refused) {
				t.Errorf("refused by %v: %+v", got, v.Reasons)
			}
		})
	}
}

func TestCapitalInCircles(t *testing.T) {
	at := func(key, country string, parents ...Holding) Entity {
		return Entity{Key: key, Name: key, Country: country, Ownership: OwnershipComplete, Parents: parents}
	}
	f := &Facts{Groups: DefaultGroups(), Entities: []Entity{
		at("abroad", "US"),
		at("a", "FR", Holding{Entity: "b", Percent: 50_00}, Holding{Entity: "abroad", Percent: 10_00}),
		at("b", "FR", Holding{Entity: "a", Percent: 50_00}),
		at("closed", "FR", Holding{Entity: "ring", Percent: 100_00}),
		at("ring", "FR", Holding{Entity: "closed", Percent: 100_00}),
		at("veiled", "FR", Holding{Entity: "nobody", Percent: 1_00}),
		at("vetoed", "FR", Holding{Entity: "abroad", Percent: 1_00, Veto: true}),
	}}
	eu := within([][]string{{"EU"}}, f.Groups)
	x := newIndex(f)
	for key, want := range map[string]string{"a": "13.3334", "b": "6.6667", "closed": "0", "vetoed": "1"} {
		if s := x.stakeOf(key, eu); !s.known || percentText(s.together) != want {
			t.Errorf("%s belongs to %s %%, want %s %%", key, percentText(s.together), want)
		}
	}
	if x.stakeOf("veiled", eu).known {
		t.Error("a holder that nobody knows is known")
	}
	if s := x.stakeOf("vetoed", eu); s.power != "abroad" {
		t.Errorf("the veto is %q's", s.power)
	}
}
