package order_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
)

func BenchmarkPlace(b *testing.B) {
	h := onSQLite(b)
	ctx := context.Background()
	must(b, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.orders.Paid(tx, h.buyer.Org) }))
	for n := 0; b.Loop(); n++ {
		_, err := h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: fmt.Sprint("b", n), Items: []order.ItemInput{add()}})
		must(b, err)
	}
}
