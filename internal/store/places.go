package store

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// rowsPerQuestion is how many values go into one IN: few enough for both engines, and so that most questions have the same
// text.
const rowsPerQuestion = 400

// In asks about many values, at most 400 at once: for each part of the list it gives "($1, …)" for IN and the arguments of
// the query. The arguments before come first in each, as $1, $2 …; the places begin behind them. Nothing for an empty list.
func In[T any](list []T, before ...any) iter.Seq2[string, []any] {
	return func(yield func(string, []any) bool) {
		for some := range slices.Chunk(list, rowsPerQuestion) {
			args := append(make([]any, 0, len(before)+len(some)), before...)
			for _, v := range some {
				args = append(args, v)
			}
			if !yield(Places(len(before)+1, len(some)), args) {
				return
			}
		}
	}
}

// Places is "($first, …)" with n places: for IN and VALUES.
func Places(first, n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	b.WriteByte(')')
	return b.String()
}
