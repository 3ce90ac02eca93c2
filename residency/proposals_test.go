package residency_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/residency"
)

const moreRoom = "regions:\n  - key: nice\n    cloud: rhone\n    name: Nice\n    city: Nice\n    country: FR\n    driver: process\n    capacity: 7\n    price: 0.02 EUR\n    evidence: measured\n"

func TestFactsChangeByTwo(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w, ctx := partytest.New(t, db), t.Context()
		s := newService(w)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		if out, err := s.Import(ctx, w.Operator, demoText(t)); err != nil || out.Proposal != "" || out.Version != 1 {
			t.Fatalf("alone: %+v %v", out, err)
		}
		second := w.Join(t, w.Operator, w.Operator.Org, "olga@operator.example", access.RoleOperator)
		second.Confirmed = true
		out, err := s.Import(ctx, w.Operator, []byte(moreRoom))
		if err != nil || out.Proposal == "" || out.Version != 1 {
			t.Fatalf("with a colleague: %+v %v", out, err)
		}
		if same, err := s.Import(ctx, w.Operator, demoText(t)); err != nil || same.Proposal != "" {
			t.Errorf("what changes nothing needs nobody: %+v %v", same, err)
		}
		v, err := s.Proposal(ctx, second, out.Proposal)
		if err != nil || v.State != residency.ProposalWaiting || v.Text != moreRoom || v.Effect.Allowed == 0 || v.Effect.Refused != 0 || v.Broken != "" {
			t.Fatalf("%+v %v", v, err)
		}
		for _, c := range v.Effect.Opened {
			if c.Region != "nice" || c.Market != w.Market.ID || c.Class == "" {
				t.Errorf("%+v", c)
			}
		}
		if _, err := s.Approve(ctx, w.Operator, out.Proposal, v.Base); !fail.Is(err, fail.Denied) || !strings.Contains(err.Error(), "two people") {
			t.Errorf("an own proposal: %v", err)
		}
		if _, err := s.Approve(ctx, second, out.Proposal, "something else"); !fail.Is(err, fail.Conflict) {
			t.Errorf("looked at something else: %v", err)
		}
		customer := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		if _, err := s.Proposal(ctx, customer, out.Proposal); !fail.Is(err, fail.NotFound) {
			t.Errorf("a customer sees what the operator proposes: %v", err)
		}
		for _, act := range []func() error{
			func() error { _, err := s.Approve(ctx, customer, out.Proposal, v.Base); return err },
			func() error { _, err := s.Reject(ctx, customer, out.Proposal, "no"); return err },
			func() error { _, err := s.PreviewFacts(ctx, customer, []byte(moreRoom)); return err },
			func() error { _, _, err := s.Proposals(ctx, customer, w.Operator.Org, ""); return err },
			func() error {
				_, err := s.Approve(ctx, access.Caller{Token: "tok_1", Org: second.Org, Path: second.Path, Roles: second.Roles, Scopes: []access.Action{access.PolicyApprove}, Confirmed: true}, out.Proposal, v.Base)
				return err
			},
		} {
			if err := act(); err == nil {
				t.Error("somebody acted who may not")
			}
		}
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = s.Approve(ctx, second, out.Proposal, v.Base) })
		}
		all.Wait()
		if n := count(errs, nil); n != 1 {
			t.Errorf("%d of 4 approvals counted: %v", n, errs)
		}
		facts, _, err := s.FactsNow(ctx, w.Operator)
		must(err)
		if len(facts.Regions) != 5 {
			t.Errorf("%+v", facts.Regions)
		}
		entries, err := w.Facts.About(ctx, w.Operator.Org, "residency_"+w.Operator.Org)
		must(err)
		var f residency.ChangedFact
		must(entries[len(entries)-1].Into(&f))
		if entries[len(entries)-1].Actor != second.Ref() || f.Proposer != w.Operator.Ref() || f.Version != 2 {
			t.Errorf("%+v %+v", entries[len(entries)-1], f)
		}
	})
}

func count(errs []error, want error) (n int) {
	for _, err := range errs {
		if err == want {
			n++
		}
	}
	return n
}

func TestAWiderPolicyNeedsASecondOwner(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w, ctx := partytest.New(t, db), t.Context()
		s := newService(w)
		if _, err := s.Import(ctx, w.Operator, demoText(t)); err != nil {
			t.Fatal(err)
		}
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		noUS, wide := residency.Layer{All: residency.Rule{RefusedLaws: []string{"US"}}}, residency.Layer{}
		for _, l := range []residency.Layer{noUS, wide, noUS} {
			if v, err := s.SetPolicy(ctx, acme, acme.Org, l); err != nil || v.Proposal != "" {
				t.Fatalf("a single owner: %+v %v", v, err)
			}
		}
		other := w.Join(t, acme, acme.Org, "olga@acme.example", access.RoleOwner)
		other.Confirmed = true
		e, err := s.Preview(ctx, acme, residency.KindPolicy, acme.Org, wide)
		if err != nil || e.Allowed == 0 || e.Refused != 0 || len(e.Loosens) != 1 || e.Loosens[0].Demand != residency.DemandLaws {
			t.Fatalf("%+v %v", e, err)
		}
		v, err := s.SetPolicy(ctx, acme, acme.Org, wide)
		if err != nil || v.Proposal == "" || v.Version != 0 {
			t.Fatalf("%+v %v", v, err)
		}
		if v, err := s.SetPolicy(ctx, acme, acme.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"US", "CN"}}}); err != nil || v.Version != 4 {
			t.Errorf("a tighter one holds at once: %+v %v", v, err)
		}
		view, err := s.Proposal(ctx, other, v.Proposal)
		if err != nil || view.Base != "4" || len(view.Effect.Loosens) != 1 {
			t.Fatalf("%+v %v", view, err)
		}
		if _, err := s.Approve(ctx, other, v.Proposal, "3"); !fail.Is(err, fail.Conflict) {
			t.Errorf("the policy that was looked at is no longer the one: %v", err)
		}
		if p, err := s.Reject(ctx, other, v.Proposal, "not now"); err != nil || p.State != residency.ProposalRejected || p.Reason != "not now" {
			t.Errorf("%+v %v", p, err)
		}
		if _, err := s.Approve(ctx, other, v.Proposal, "4"); !fail.Is(err, fail.Conflict) {
			t.Errorf("it was decided already: %v", err)
		}
		again, err := s.SetPolicy(ctx, acme, acme.Org, wide)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.Reject(ctx, acme, again.Proposal, ""); err != nil || p.State != residency.ProposalWithdrawn {
			t.Errorf("%+v %v", p, err)
		}
		if again, err = s.SetPolicy(ctx, acme, acme.Org, wide); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Approve(ctx, w.Operator, again.Proposal, "4"); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
			t.Errorf("the operator widens a customer's policy: %v", err)
		}
		if _, err := s.Approve(ctx, other, again.Proposal, "4"); err != nil {
			t.Fatal(err)
		}
		if layers, err := s.Layers(ctx, acme, acme.Org); err != nil || layers[0].Version != 5 || layers[0].Actor != other.Ref() || layers[0].Layer.All.RefusedLaws != nil {
			t.Errorf("%+v %v", layers, err)
		}
		list, next, err := s.Proposals(ctx, other, acme.Org, "")
		if err != nil || len(list) != 3 || next != "" || list[0].State != residency.ProposalApproved || list[2].State != residency.ProposalRejected {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestExplain(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w, ctx := partytest.New(t, db), t.Context()
		s := newService(w)
		if _, err := s.Import(ctx, w.Operator, demoText(t)); err != nil {
			t.Fatal(err)
		}
		acme, rival := w.Business(t, w.Operator, "Acme", party.KindCustomer), w.Business(t, w.Operator, "Rival", party.KindCustomer)
		tight := residency.Layer{All: residency.Rule{Countries: []string{"DE"}}}
		list, err := s.Explain(ctx, acme, acme.Org, []residency.Ask{{Region: "lyon", Offer: "relay"}, {Class: "public", Region: "lyon", Offer: "relay", Layer: &tight}, {Class: "public"}})
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		if one := list[0]; one.Class != "personal" || len(one.Verdicts) != 1 || !one.Verdicts[0].Allowed || len(one.Policy.Layers) != 1 {
			t.Errorf("%+v", one)
		}
		if one := list[1]; one.Verdicts[0].Allowed || one.Verdicts[0].Reasons[0].Rule != "residency.country" || len(one.Policy.Layers) != 2 {
			t.Errorf("%+v", one)
		}
		if len(list[2].Verdicts) != 4 || list[2].Verdicts[0].Region != "dublin" || !list[2].Verdicts[0].Allowed {
			t.Errorf("%+v", list[2])
		}
		if _, err := s.Explain(ctx, rival, acme.Org, []residency.Ask{{}}); !fail.Is(err, fail.NotFound) {
			t.Errorf("a rival asks about Acme: %v", err)
		}
		if _, err := s.Explain(ctx, acme, acme.Org, []residency.Ask{{Offer: "nothing"}}); !fail.Is(err, fail.NotFound) {
			t.Errorf("an offer that is not sold: %v", err)
		}
		if _, err := s.Explain(ctx, acme, acme.Org, make([]residency.Ask, 1001)); !fail.Is(err, fail.Invalid) {
			t.Errorf("too many questions: %v", err)
		}
	})
}
