package usage

import (
	"context"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/proof"
)

// proven adds up the sums of windows of org_a by a key. The file of each must verify, and no event may count in two.
func proven(t rapid.TB, s *Store, list []Window, key func(Window, proof.Sum) string) map[string]int64 {
	t.Helper()
	got, hashes := map[string]int64{}, map[string]bool{}
	for _, w := range list {
		file, err := s.WindowFile(context.Background(), "org_a", w.ID)
		if err == nil {
			err = file.Verify()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range file.Hashes {
			if hashes[h] {
				t.Fatalf("event %s counts in two windows", h)
			}
			hashes[h] = true
		}
		for _, sum := range w.Sums {
			q, err := proof.ParseQuantity(sum.Quantity)
			n, ok := q.Int64()
			if err != nil || !ok {
				t.Fatal(sum, err)
			}
			got[key(w, sum)] += n
		}
	}
	return got
}
