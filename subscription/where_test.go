package subscription_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/subscription"
)

// TestWhereAndTagsOfMany: exactly the services asked about are answered, wherever they stand in a long list; ids that are
// nothing have no entry, and neither has the service of another tenant that was not asked about.
func TestWhereAndTagsOfMany(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
		first, last, bare, foreign := h.standing(t, h.buyer, "start"), h.standing(t, h.buyer, "start"), h.standing(t, h.buyer, "start"), h.standing(t, other, "start")
		tag := func(i order.Item, tags subscription.Tags) {
			t.Helper()
			_, err := h.subs.SetTags(ctx, h.buyer, i.Subscription, tags)
			must(t, err)
		}
		tag(first, subscription.Tags{"project": "roof", "cost-centre": "4711"})
		tag(last, subscription.Tags{"project": "cellar"})
		_, err := h.subs.SetTags(ctx, other, foreign.Subscription, subscription.Tags{"project": "lift"})
		must(t, err)
		ids := []string{first.Subscription, bare.Subscription}
		for n := range 900 {
			ids = append(ids, fmt.Sprint("sub_nobody", n))
		}
		ids = append(ids, last.Subscription)
		for _, c := range []struct {
			ids   []string
			where map[string]subscription.Where
			tags  map[string]subscription.Tags
		}{
			{nil, map[string]subscription.Where{}, nil},
			{[]string{"sub_nobody"}, map[string]subscription.Where{}, nil},
			{[]string{foreign.Subscription}, map[string]subscription.Where{foreign.Subscription: {Region: "reg_a", Order: foreign.Order}},
				map[string]subscription.Tags{foreign.Subscription: {"project": "lift"}}},
			{ids, map[string]subscription.Where{first.Subscription: {Region: "reg_a", Order: first.Order}, bare.Subscription: {Region: "reg_a", Order: bare.Order},
				last.Subscription: {Region: "reg_a", Order: last.Order}},
				map[string]subscription.Tags{first.Subscription: {"project": "roof", "cost-centre": "4711"}, last.Subscription: {"project": "cellar"}}},
		} {
			must(t, db.Read(ctx, func(tx *store.Tx) error {
				where, err := h.subs.WhereIn(tx, c.ids)
				must(t, err)
				if !maps.Equal(where, c.where) {
					t.Errorf("%d asked about: where %v, want %v", len(c.ids), where, c.where)
				}
				tags, err := h.subs.TagsIn(tx, c.ids...)
				must(t, err)
				if !maps.EqualFunc(tags, c.tags, maps.Equal[subscription.Tags, subscription.Tags]) {
					t.Errorf("%d asked about: tags %v, want %v", len(c.ids), tags, c.tags)
				}
				return nil
			}))
		}
	})
}

// TestBearings: the purchase order of the order that began a service, with its tags; a stranger's id has no entry that was
// not asked about.
func TestBearings(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		plain := h.standing(t, h.buyer, "start")
		o, err := h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "po", PurchaseOrder: "PO-7", Items: []order.ItemInput{add("start")}})
		must(t, err)
		h.drain(t)
		with := o.Items[0].Subscription
		_, err = h.subs.SetTags(ctx, h.buyer, plain.Subscription, subscription.Tags{"cost-centre": "4711"})
		must(t, err)
		must(t, db.Read(ctx, func(tx *store.Tx) error {
			got, err := h.subs.BearingsIn(tx, plain.Subscription, with, "sub_nobody")
			if len(got) != 2 || got[with].PurchaseOrder != "PO-7" || got[plain.Subscription].PurchaseOrder != "" || got[plain.Subscription].Tags["cost-centre"] != "4711" {
				t.Errorf("%+v", got)
			}
			return err
		}))
	})
}
