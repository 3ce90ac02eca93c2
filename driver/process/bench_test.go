package process_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/process"
)

// BenchmarkCreateToUp measures from Begin to the first answer of the application, with the default isolation.
func BenchmarkCreateToUp(b *testing.B) {
	d, err := process.New(process.Config{Root: b.TempDir(), Apps: []string{"echo"}})
	if err != nil {
		b.Fatal(err)
	}
	d.Isolation()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		create(b, d, fmt.Sprintf("res_bench_%d", i), `{"app":"echo","config":{"greeting":"hello"}}`)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Milliseconds()), "p95-ms")
}
