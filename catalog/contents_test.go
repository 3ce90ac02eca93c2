package catalog_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// TestKeptContent reads a version again and again: what was kept is what is stored, the state is always the present one,
// and a draft is never kept.
func TestKeptContent(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, ctx := newHouse(t, db), context.Background()
		in := func(id string) (v catalog.Version) {
			t.Helper()
			if err := db.Read(ctx, func(tx *store.Tx) (err error) { v, err = h.cat.VersionIn(tx, id); return err }); err != nil {
				t.Fatal(err)
			}
			return v
		}
		draft, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, catalogtest.Sample(t))
		if err != nil {
			t.Fatal(err)
		}
		before := in(draft.ID)
		if _, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(replace("Relay", "Changed")(string(catalogtest.Sample(t))))); err != nil {
			t.Fatal(err)
		}
		if after := in(draft.ID); after.State != catalog.StateDraft || after.Hash == before.Hash {
			t.Errorf("the draft is %s with the hash it had", after.State)
		}
		v := h.published(t, replace("Relay", "Sold"))
		stored, err := h.cat.Version(ctx, h.relay, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := in(v.ID)
			if diff := cmp.Diff(stored, got); diff != "" {
				t.Error(diff)
			}
			if err := h.cat.CheckParameters(&got, json.RawMessage(`{"nonsense":1}`)); !fail.Is(err, fail.Invalid) {
				t.Errorf("settings nobody knows: %v", err)
			}
		}
		if _, err := h.cat.Withdraw(ctx, h.relay, v.ID, "sold out"); err != nil {
			t.Fatal(err)
		}
		if got := in(v.ID); got.State != catalog.StateWithdrawn || got.Note == "" {
			t.Errorf("it was withdrawn, and is %s", got.State)
		}
	})
}
