package api_test

import (
	"context"
	"testing"

	"github.com/halle-cloud/halle/party"
)

// saying answers about VAT identifiers as it was told.
type saying party.VATOutcome

func (s saying) CheckVAT(context.Context, string, string) party.VATAnswer {
	return party.VATAnswer{Outcome: party.VATOutcome(s), Consultation: "WAPI1"}
}

// numbers gives Acme a VAT identifier that was valid and is no longer.
func (w *world) numbers(t testing.TB) {
	t.Helper()
	ctx, owner := context.Background(), w.who["owner"]
	list, err := w.Parties.Entities(ctx, owner, owner.Org)
	must(t, err)
	e := list[0]
	e.VATID = "FR61954506077"
	_, err = w.Parties.SetEntity(ctx, owner, e)
	must(t, err)
	for _, says := range []party.VATOutcome{party.VATValid, party.VATInvalid} {
		w.Parties.AskVAT(saying(says))
		k, err := w.Parties.CheckVAT(ctx, owner, owner.Org, e.ID)
		must(t, err)
		w.ids["company"], w.ids["check"] = e.ID, k.ID
	}
}
