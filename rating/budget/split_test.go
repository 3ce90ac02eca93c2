package budget

import (
	"testing"

	"github.com/halle-cloud/halle/money"
)

// However services are added up, nothing is lost and the most stands first.
func TestSharesSumToTheServices(t *testing.T) {
	eur := func(n int64) money.Amount { return money.New(n, money.EUR) }
	m := Month{Used: eur(60), Services: []Service{
		{ID: "a", Org: "org_1", Person: "person:1", Region: "lyon", Tags: map[string]string{"project": "roof"}, Usage: eur(1), Used: eur(10), Forecast: eur(20)},
		{ID: "b", Org: "org_2", Person: "person:1", Region: "paris", Usage: eur(2), Used: eur(30), Forecast: eur(40)},
		{ID: "c", Org: "org_2", Person: "", Region: "lyon", Usage: eur(3), Used: eur(20), Forecast: eur(30)}}}
	for by, want := range map[By][]Share{
		ByUnit:        {{"org_2", 2, eur(5), eur(50), eur(70)}, {"org_1", 1, eur(1), eur(10), eur(20)}},
		ByPerson:      {{"person:1", 2, eur(3), eur(40), eur(60)}, {"", 1, eur(3), eur(20), eur(30)}},
		ByPlace:       {{"lyon", 2, eur(4), eur(30), eur(50)}, {"paris", 1, eur(2), eur(30), eur(40)}},
		"tag:project": {{"", 2, eur(5), eur(50), eur(70)}, {"roof", 1, eur(1), eur(10), eur(20)}},
	} {
		got := m.Split(by)
		if len(got) != len(want) {
			t.Fatalf("%s: %+v", by, got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %+v, want %+v", by, got[i], want[i])
			}
		}
	}
}
