package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
)

// TestInAsksAboutEachOnce: parts of at most 400 in the order of the list, places that fit the arguments, and what stands
// before in each.
func TestInAsksAboutEachOnce(t *testing.T) {
	for _, n := range []int{0, 1, 399, 400, 401, 1000} {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		var got []int
		parts := 0
		for places, args := range store.In(list, "first", "second") {
			parts++
			if args[0] != "first" || args[1] != "second" {
				t.Errorf("%d: before stands %v", n, args[:2])
			}
			rest := args[2:]
			if len(rest) == 0 || len(rest) > 400 || places != store.Places(3, len(rest)) || strings.Count(places, "$") != len(rest) {
				t.Errorf("%d: %d arguments for %.40s", n, len(rest), places)
			}
			for _, v := range rest {
				got = append(got, v.(int))
			}
		}
		if !slices.Equal(got, list) || parts != (n+399)/400 {
			t.Errorf("%d: %d came in %d parts", n, len(got), parts)
		}
	}
	for places, args := range store.In([]string{"a", "b"}) {
		if places != "($1, $2)" || !slices.Equal(args, []any{"a", "b"}) {
			t.Errorf("%s %v", places, args)
		}
	}
	for range store.In(make([]int, 1000)) {
		break // a question that fails is the last
	}
}
