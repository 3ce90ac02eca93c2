package placement_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/residency"
)

func TestATenantNeverSeesAnothers(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		o, d := h.placed("personal", "")
		rival := h.Business(t, h.Operator, "Rival", party.KindCustomer)
		for name, err := range map[string]error{
			"Decision":  second(h.places.Decision(ctx, rival, d.ID)),
			"Decisions": second(h.places.Decisions(ctx, rival, o.ID)),
			"Bundle":    second(h.places.Bundle(ctx, rival, d.ID)),
			"Replay":    h.places.Replay(ctx, rival, d.ID),
			"publisher": second(h.places.Decision(ctx, h.publisher, d.ID)),
			"nobody":    second(h.places.Decision(ctx, access.Caller{}, d.ID)),
		} {
			if want := map[bool]fail.Kind{true: fail.Unauthenticated, false: fail.NotFound}[name == "nobody"]; !fail.Is(err, want) {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		if _, err := h.places.Decision(ctx, h.Operator, d.ID); err != nil {
			t.Errorf("the operator: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTheShelf(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		shown := func(c access.Caller) string {
			list, err := h.places.WhereMayItRun(ctx, c, h.Market.ID, h.version.ID, "personal")
			must(t, err)
			var out []string
			for _, p := range list {
				out = append(out, fmt.Sprintf("%s %v", p.Region, p.Allowed))
			}
			return strings.Join(out, ", ")
		}
		if got := shown(h.buyer); got != "lyon true, paris true, dublin false, virginia false" {
			t.Error(got)
		}
		if got := shown(access.Caller{}); got != "dublin true, lyon true, paris true, virginia false" {
			t.Error(got)
		}
		list, err := h.places.WhereMayItRun(ctx, h.buyer, h.Market.ID, h.version.ID, "personal")
		must(t, err)
		if d := list[2]; d.City != "Dublin" || d.Operator != "Liffey Hosting Ltd" || !slices.Equal(d.Laws, []string{"IE", "NL", "US"}) || len(d.Reasons) != 1 {
			t.Errorf("%+v", d)
		}
	})
}
