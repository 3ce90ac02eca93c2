package table_test

import (
	"net/url"
	"testing"

	"github.com/halle-cloud/halle/web/design/table"
)

func TestQueryKeepsTheListInItsAddress(t *testing.T) {
	u, err := url.Parse("/services?q=pg&state=running&sort=name&after=c9")
	if err != nil {
		t.Fatal(err)
	}
	q := table.Parse(u)
	for _, c := range []struct{ what, got, want string }{
		{"turning the order starts at the first page", q.SortURL("name"), "/services?q=pg&sort=-name&state=running"},
		{"another column", q.SortURL("spent"), "/services?q=pg&sort=spent&state=running"},
		{"the next page", q.With("after", "c10"), "/services?after=c10&q=pg&sort=name&state=running"},
		{"without a filter", q.With("state", ""), "/services?q=pg&sort=name"},
		{"order of the column", q.Order("name"), "ascending"},
		{"order of another", q.Order("spent"), "none"},
		{"after", q.After(), "c9"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	if column, down := table.Parse(&url.URL{Path: "/"}).Sort("-spent"); column != "spent" || !down {
		t.Errorf("fallback: %s %v", column, down)
	}
}
