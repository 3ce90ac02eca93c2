package table

import (
	"net/url"
	"strings"
)

// Query is the state of a list as it stands in the URL, so that it can be shared: q, sort, after and the filters.
type Query struct {
	path   string
	values url.Values
}

// Parse reads the state of a list.
func Parse(u *url.URL) Query { return Query{path: u.Path, values: u.Query()} }

// Text is what was searched for.
func (q Query) Text() string { return strings.TrimSpace(q.values.Get("q")) }

// Get is the value of a filter.
func (q Query) Get(name string) string { return q.values.Get(name) }

// After and Before are the cursors; at most one is set.
func (q Query) After() string { return q.values.Get("after") }

// Before is the cursor of the page before.
func (q Query) Before() string { return q.values.Get("before") }

// Sort is the column and whether it runs downwards ("-price"). fallback is used when nothing was chosen.
func (q Query) Sort(fallback string) (column string, down bool) {
	s := q.values.Get("sort")
	if s == "" {
		s = fallback
	}
	column, down = strings.CutPrefix(s, "-")
	return column, down
}

// Path is the list without its state.
func (q Query) Path() string { return q.path }

// With gives the URL with one parameter changed; an empty value removes it. Paging starts again.
func (q Query) With(name, value string) string {
	v := url.Values{}
	for k, all := range q.values {
		if k != "after" && k != "before" {
			v[k] = all
		}
	}
	v.Del(name)
	if value != "" {
		v.Set(name, value)
	}
	if len(v) == 0 {
		return q.path
	}
	return q.path + "?" + v.Encode()
}

// SortURL sorts by a column, and turns the order when it is sorted by it already.
func (q Query) SortURL(column string) string {
	if now, down := q.Sort(""); now == column && !down {
		return q.With("sort", "-"+column)
	}
	return q.With("sort", column)
}

// Order is "ascending", "descending" or "none": the aria-sort of a column.
func (q Query) Order(column string) string {
	now, down := q.Sort("")
	switch {
	case column == "" || now != column:
		return "none"
	case down:
		return "descending"
	}
	return "ascending"
}

// Kept lists the parameters that a search form must carry along.
func (q Query) Kept() []struct{ Name, Value string } {
	var out []struct{ Name, Value string }
	if s := q.values.Get("sort"); s != "" {
		out = append(out, struct{ Name, Value string }{"sort", s})
	}
	return out
}
