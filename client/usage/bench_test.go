package usage_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

// yes is a server that takes everything at once: what is measured is the publisher's side.
func yes(b *testing.B) *client.Client {
	b.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var out strings.Builder
		out.WriteString(`{"results":[`)
		for i := range bytes.Count(body, []byte("\n")) {
			if i > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, `{"index":%d,"verdict":"accepted"}`, i)
		}
		_, _ = io.WriteString(w, out.String()+"]}")
	}))
	b.Cleanup(s.Close)
	return client.New(s.URL, "hal_test")
}

// BenchmarkSender adds one event at a time and waits for the disk, from as many goroutines as the name says.
func BenchmarkSender(b *testing.B) {
	for _, parts := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(parts), func(b *testing.B) {
			s, err := usage.Open(yes(b), usage.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			var id atomic.Int64
			b.SetParallelism(parts)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Add(event(fmt.Sprint(id.Add(1)))); err != nil {
						b.Error(err)
					}
				}
			})
			if err := s.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkLook reads rows of CSV, as the first pass of an import does.
func BenchmarkLook(b *testing.B) {
	b.ReportAllocs()
	s, err := usage.Look(&endless{head: csvHead, row: csvRow, rows: b.N}, usage.Mapping{})
	if err != nil || s.Events != int64(b.N) {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkImport reads rows twice and sends them.
func BenchmarkImport(b *testing.B) {
	file := []byte(csvHead + strings.Repeat(csvRow, b.N))
	r, err := usage.Import(b.Context(), yes(b), bytes.NewReader(file), usage.ImportOptions{})
	if err != nil || r.Accepted != int64(b.N) {
		b.Fatal(r.Accepted, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
