package order_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
)

// TestRequestersOfMany: exactly the orders asked about are answered, wherever they stand in a long list; ids that are
// nothing have no entry, and neither has the order of another tenant that was not asked about.
func TestRequestersOfMany(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
		first, last := h.placed(t, add()), h.placed(t, add())
		foreign, err := h.place(t, other, add())
		must(t, err)
		ids := []string{first.ID}
		for n := range 900 {
			ids = append(ids, fmt.Sprint("ord_nobody", n))
		}
		ids = append(ids, last.ID)
		if h.buyer.Ref() == other.Ref() {
			t.Fatal("the two buyers are the same person")
		}
		for _, c := range []struct {
			ids  []string
			want map[string]string
		}{
			{nil, map[string]string{}},
			{[]string{"ord_nobody"}, map[string]string{}},
			{[]string{foreign.ID}, map[string]string{foreign.ID: other.Ref()}},
			{ids, map[string]string{first.ID: h.buyer.Ref(), last.ID: h.buyer.Ref()}},
		} {
			must(t, db.Read(ctx, func(tx *store.Tx) error {
				got, err := h.orders.RequestersIn(tx, c.ids)
				if !maps.Equal(got, c.want) {
					t.Errorf("%d asked about: %v, want %v", len(c.ids), got, c.want)
				}
				return err
			}))
		}
	})
}
