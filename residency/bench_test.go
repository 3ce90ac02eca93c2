package residency

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// thousand is 1,000 regions of 200 clouds with operators three levels deep.
func thousand() Question {
	d := dice{rand.New(rand.NewPCG(1, 1))}
	f := &Facts{Own: "e0", OwnSupport: []string{"FR"}, Groups: DefaultGroups()}
	for i := range 600 {
		e := Entity{Key: fmt.Sprintf("e%d", i), Name: fmt.Sprintf("Company %d", i), Country: d.country(), Ownership: OwnershipComplete}
		if i < 400 {
			e.Parents = []Holding{{Entity: fmt.Sprintf("e%d", i+200), Percent: 6000}}
		}
		f.Entities = append(f.Entities, e)
	}
	for i := range 200 {
		f.Clouds = append(f.Clouds, Cloud{Key: fmt.Sprintf("c%d", i), Operator: fmt.Sprintf("e%d", i), Support: d.countries(2)})
	}
	for i := range 1000 {
		f.Regions = append(f.Regions, Region{Key: fmt.Sprintf("r%03d", i), Name: fmt.Sprintf("Region %d", i), City: "City", Cloud: fmt.Sprintf("c%d", i%200), Country: d.country(), Driver: "process",
			Evidence: Levels()[d.IntN(5)], Price: money.NewUnitPrice(1, money.EUR)})
		f.Certificates = append(f.Certificates, Certificate{Key: fmt.Sprintf("k%d", i), Type: "HDS", Holder: fmt.Sprintf("e%d", i%200), Region: f.Regions[i].Key,
			Activities: []int{1, 2, 3, 4, 5, 6}, From: price.Date{Year: 2025, Month: 1, Day: 1}, To: price.Date{Year: 2028, Month: 1, Day: 1}, Document: "x"})
	}
	f.index = newIndex(f)
	return Question{Facts: f, Policy: only(Layer{All: Rule{RefusedLaws: []string{"US"}}}), Class: "health", Chain: french(), At: noon}
}

// BenchmarkJudge1000Regions is one decision over 1,000 regions, each refusal with every reason.
func BenchmarkJudge1000Regions(b *testing.B) {
	r, q := NewRules(), thousand()
	b.ReportAllocs()
	for b.Loop() {
		if len(r.Judge(q)) != 1000 {
			b.Fatal("not all regions")
		}
	}
}
