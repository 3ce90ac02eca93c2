package drift_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/halle-cloud/halle/copies/copiestest"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/residency"
)

// The placements of the benchmark: so many, of so many customers, of whom each twentieth set a policy of its own.
const (
	placements = 100_000
	customers  = 2_000
)

// BenchmarkRejudge100000 is what an ownership change asks for: 100,000 placements judged again, a remedy opened for every
// customer with something in the cloud that was sold, and, in the next round, all closed as it is put right.
func BenchmarkRejudge100000(b *testing.B) {
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		b.Run(string(engine), func(b *testing.B) {
			h := newHouse(b, storetest.Open(b, storetest.URL(b, engine, sets()), sets()))
			h.fill(b)
			h.marketRefuses(b)
			if _, err := h.drifts.JudgeNow(b.Context(), h.Operator); err != nil {
				b.Fatal(err)
			}
			var most uint64
			opened := int64(0)
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				sell := "- key: rhone-cloud\n    name: Rhône Cloud SAS\n    country: FR\n    ownership: complete\n"
				if i%2 == 0 {
					sell += "    parents:\n      - entity: potomac\n        percent: 80\n"
				}
				h.Know("entities:\n  " + sell)
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				b.StartTimer()
				run, err := h.drifts.JudgeNow(b.Context(), h.Operator)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				runtime.ReadMemStats(&after)
				most, opened = max(most, after.TotalAlloc-before.TotalAlloc), max(opened, run.Opened)
				if run.Copies != placements || run.Opened+run.Closed == 0 {
					b.Fatalf("%+v", run)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(opened), "remedies")
			b.ReportMetric(float64(most)/1e6, "MB-allocated")
		})
	}
}

// marketRefuses lets the market's policy refuse US law for personal data, and each twentieth customer add something.
func (h *house) marketRefuses(b *testing.B) {
	b.Helper()
	l := residency.DefaultLayer(h.Market.ID)
	l.Classes["personal"] = residency.Rule{Countries: []string{"EEA"}, RefusedLaws: []string{"US"}}
	_, err := h.Residency.SetMarketPolicy(context.Background(), h.Operator, h.Market.ID, l)
	copiestest.Must(b, err)
	copiestest.Must(b, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		var rows [][]any
		for i := 0; i < customers; i += 20 {
			rows = append(rows, []any{org(i), 1, fmt.Appendf(nil, `{"from":%q,"all":{"refusedLaws":["US","C%c"]}}`, org(i), 'A'+i/20%20), "test", store.At(h.Clock.Now())})
		}
		return tx.Insert("residency_policy", []string{"scope", "version", "layer", "actor", "created_at"}, rows)
	}))
}

func org(i int) string { return "org_bench_" + strconv.Itoa(i) }

// fill registers the placements: each tenth customer is in Lyon or Paris, the others elsewhere.
func (h *house) fill(b *testing.B) {
	b.Helper()
	for i := range customers {
		copiestest.Must(b, h.Ring.Ensure(context.Background(), keys.Tenant(org(i))))
	}
	for part := range 20 {
		rows := make([][]any, 0, placements/20)
		for n := part * placements / 20; n < (part+1)*placements/20; n++ {
			i := n % customers
			region, class := "dublin", "internal"
			if i%10 == 0 {
				region, class = []string{"lyon", "paris"}[n/customers%2], "personal"
			}
			at := store.At(h.Clock.Now())
			rows = append(rows, []any{"cpy_" + strconv.Itoa(n), org(i), "/" + h.Operator.Org + "/" + org(i) + "/", h.Publisher.Org, "sub_" + strconv.Itoa(n), "res_" + strconv.Itoa(n),
				h.Offer.ID, class, h.Market.ID, "primary", "", region, "process", "o" + strconv.Itoa(n), "", "", "", false, "present", int64(1), "test", nil, at, at})
		}
		copiestest.Must(b, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
			return tx.Insert("copy", []string{"id", "org", "org_path", "publisher", "subscription", "resource", "offer_version", "class", "market", "kind", "name", "region", "driver", "object",
				"country", "city", "keeper", "part", "state", "bytes", "actor", "made_at", "first_at", "changed_at"}, rows)
		}))
	}
}
