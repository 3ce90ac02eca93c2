package proof

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
)

// BenchmarkInvoiceFileEvents reads a file whose window has many events and verifies that window, the part that grows.
// One operation is one event.
func BenchmarkInvoiceFileEvents(b *testing.B) {
	f := parsed(b, goldenInvoice(b))
	w := WindowFile{Window: f.Windows[0].Window}
	type one struct {
		hash [32]byte
		text string
	}
	n := max(b.N, 1000)
	list := make([]one, n)
	hashes := make([][32]byte, n)
	for i := range list {
		e := Event{SpecVersion: "1.0", ID: fmt.Sprintf("res_demo_1/1/%d", i), Source: w.Window.Source, Type: TypeUsage, Subject: w.Window.Subject,
			Data: Data{Meter: "messages", Value: "1", Unit: "message", Start: "2026-03-02T09:00:00Z", End: "2026-03-02T09:01:00Z"}}
		text := e.Canonical()
		list[i] = one{EventHash(text), string(text)}
		hashes[i] = list[i].hash
	}
	slices.SortFunc(list, func(x, y one) int { return bytes.Compare(x.hash[:], y.hash[:]) })
	for _, o := range list {
		w.Hashes, w.Events = append(w.Hashes, hex.EncodeToString(o.hash[:])), append(w.Events, o.text)
	}
	d := WindowDigest(hashes)
	w.Window.Events, w.Window.Digest = int64(n), hex.EncodeToString(d[:])
	w.Window.Sums = []Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(n)}}
	f.Windows[0] = w
	text, err := written(f)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text) / n))
	b.ResetTimer()
	f = parsed(b, text)
	if err := f.Windows[0].Verify(); err != nil {
		b.Fatal(err)
	}
}
