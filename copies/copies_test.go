package copies_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/copiestest"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// house is a world with one service in Lyon on an engine that the test can reach into.
type house struct {
	*copiestest.World
	engine   *memory.Engine
	service  string
	resource string
}

// begin is earlier than every deadline of the test.
func begin() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{engine: memory.NewEngine()}
	h.World = copiestest.New(t, db, map[string]provision.Driver{"process": memory.New(h.engine, begin)})
	h.service = h.Service(h.Buyer, "personal", "lyon")
	r, err := h.Resources.Of(t.Context(), h.Buyer, h.service)
	copiestest.Must(t, err)
	h.resource = r.ID
	return h
}

func both(t *testing.T, fn func(t *testing.T, h *house)) {
	storetest.Each(t, copiestest.Sets(), func(t *testing.T, db *store.DB) { fn(t, newHouse(t, db)) })
}

func (h *house) cycle() copies.Cycle {
	h.T.Helper()
	c, err := h.Register.LookNow(context.Background(), h.Operator)
	copiestest.Must(h.T, err)
	return c
}

func (h *house) list() []copies.Placed {
	h.T.Helper()
	list, err := h.Register.List(context.Background(), h.Buyer, copies.Query{})
	copiestest.Must(h.T, err)
	return list
}

// one is the only copy of a kind.
func (h *house) one(kind provision.CopyKind) (out copies.Placed) {
	h.T.Helper()
	n := 0
	for _, c := range h.list() {
		if c.Kind == kind {
			out, n = c, n+1
		}
	}
	if n != 1 {
		h.T.Fatalf("%d copies of the kind %s: %+v", n, kind, h.list())
	}
	return out
}

func (h *house) facts(aggregate string) (out []string) {
	h.T.Helper()
	copiestest.Must(h.T, h.Facts.Drain(context.Background()))
	list, err := h.Facts.About(context.Background(), h.Buyer.Org, aggregate)
	copiestest.Must(h.T, err)
	for _, e := range list {
		out = append(out, e.Type)
	}
	return out
}

func (h *house) plant(object string) {
	h.engine.PutCopy(provision.Copy{Object: object, Kind: provision.CopySnapshot, Tenant: h.Buyer.Org, Resource: h.resource, Region: "lyon", Bytes: 4096})
}

func TestARunningServiceHasItsPrimaryCopyInTheRegister(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.cycle()
		c := h.one(provision.CopyPrimary)
		if c.State != copies.StatePresent || c.Region != "lyon" || c.Country != "FR" || c.Keeper != "Rhône Cloud SAS" || c.Class != "personal" ||
			c.Evidence != residency.EvidenceListed || !c.Verdict.Allowed || c.SeenAt.IsZero() || c.Subscription != h.service {
			t.Errorf("%+v", c)
		}
	})
}

func TestACopyThatNobodyRegisteredIsFoundInTheNextCycle(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.cycle()
		h.plant("snap-1")
		if c := h.cycle(); c.Opened != 1 {
			t.Fatalf("%+v", c)
		}
		if c := h.cycle(); c.Opened != 0 {
			t.Errorf("the same copy is told twice: %+v", c)
		}
		found := h.one(provision.CopySnapshot)
		if found.State != copies.StateUnregistered || found.Incident == nil || found.Org != h.Buyer.Org || found.Subscription != h.service {
			t.Fatalf("%+v", found)
		}
		if got := h.facts(found.ID); !slices.Equal(got, []string{copies.FactUnregistered}) {
			t.Errorf("facts %v", got)
		}
		h.Settle()
		if subject, mail := h.Mail(t, "bakery@bakery.example"); !strings.Contains(subject, "A copy of data was found") || !strings.Contains(mail, "snap-1") {
			t.Errorf("the customer was told: %s", mail)
		}
		if _, mail := h.Mail(t, "odile@operator.example"); !strings.Contains(mail, "snap-1") {
			t.Errorf("the operator was told: %s", mail)
		}
		h.engine.DropCopy("snap-1")
		if c := h.cycle(); c.Closed != 1 {
			t.Errorf("%+v", c)
		}
		if got := h.facts(found.ID); !slices.Equal(got, []string{copies.FactUnregistered, copies.FactSettled}) {
			t.Errorf("facts %v", got)
		}
	})
}

func TestACopyUnderAnotherTenantsLabelsIsTheOperatorsToExplain(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.engine.PutCopy(provision.Copy{Object: "odd", Kind: provision.CopyBackup, Tenant: h.Stranger.Org, Resource: h.resource, Region: "lyon"})
		h.engine.PutCopy(provision.Copy{Object: "nobodys", Kind: provision.CopyPrimary, Tenant: h.Buyer.Org, Resource: "res_none", Region: "lyon"})
		if c := h.cycle(); c.Opened != 2 {
			t.Fatalf("%+v", c)
		}
		if n := len(h.list()); n != 1 {
			t.Errorf("the buyer sees %d copies", n)
		}
		list, err := h.Register.List(t.Context(), h.Stranger, copies.Query{})
		if err != nil || len(list) != 0 {
			t.Errorf("the stranger sees %+v, %v", list, err)
		}
	})
}

func TestAMissingCopyIsAnIncidentUntilItIsThereAgain(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		b, err := h.Register.Add(t.Context(), h.Buyer, copies.NewCopy{Subscription: h.service, Kind: provision.CopyBackup, Region: "paris", Object: "b-1"})
		copiestest.Must(t, err)
		if c := h.cycle(); c.Opened != 0 {
			t.Fatalf("it is not given the time to be made: %+v", c)
		}
		h.Clock.Advance(copies.Patience + time.Second)
		if c := h.cycle(); c.Opened != 1 || h.one(provision.CopyBackup).State != copies.StateMissing {
			t.Fatalf("%+v", c)
		}
		h.engine.PutCopy(provision.Copy{Object: "b-1", Kind: provision.CopyBackup, Tenant: h.Buyer.Org, Resource: h.resource, Region: "paris"})
		if c := h.cycle(); c.Closed != 1 || h.one(provision.CopyBackup).State != copies.StatePresent {
			t.Fatalf("%+v", c)
		}
		h.engine.DropCopy("b-1")
		if c := h.cycle(); c.Opened != 1 {
			t.Errorf("%+v", c)
		}
		_, err = h.Register.Retire(t.Context(), h.Buyer, b.ID, "The retention is over.")
		copiestest.Must(t, err)
		want := []string{copies.FactRegistered, copies.FactMissing, copies.FactSettled, copies.FactMissing, copies.FactSettled}
		if got := h.facts(b.ID); !slices.Equal(got, want) {
			t.Errorf("facts %v", got)
		}
	})
}

func TestABackupIsJudgedAsAPlacement(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		_, err := h.Register.Add(t.Context(), h.Buyer, copies.NewCopy{Subscription: h.service, Kind: provision.CopyBackup, Region: "virginia"})
		if fail.CodeOf(err) != "copies.place" || !strings.Contains(err.Error(), "lie") {
			t.Fatalf("a backup outside the EEA: %v", err)
		}
		h.plant("in lyon")
		h.engine.PutCopy(provision.Copy{Object: "in virginia", Kind: provision.CopyBackup, Tenant: h.Buyer.Org, Resource: h.resource, Region: "virginia"})
		h.cycle()
		abroad, home := h.one(provision.CopyBackup), h.one(provision.CopySnapshot)
		if abroad.Verdict.Allowed || len(abroad.Verdict.Reasons) == 0 {
			t.Errorf("%+v", abroad.Verdict)
		}
		if _, err := h.Register.Adopt(t.Context(), h.Buyer, abroad.ID, "It is ours."); fail.CodeOf(err) != "copies.place" {
			t.Errorf("adopted outside the EEA: %v", err)
		}
		if _, err := h.Register.Adopt(t.Context(), h.Buyer, home.ID, ""); fail.CodeOf(err) != "copies.note" {
			t.Errorf("adopted without a reason: %v", err)
		}
		_, err = h.Register.Adopt(t.Context(), h.Buyer, home.ID, "Before the upgrade.")
		copiestest.Must(t, err)
		if c := h.cycle(); c.Opened+c.Closed != 0 || h.one(provision.CopySnapshot).State != copies.StatePresent {
			t.Errorf("%+v", c)
		}
	})
}

func TestAnEngineThatDoesNotAnswerProvesNothing(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.cycle()
		h.engine.Inject(memory.Fault{Call: memory.CallCopies, Times: 4})
		h.Clock.Advance(time.Hour)
		if c := h.cycle(); c.Silent != 4 || c.Opened != 0 {
			t.Fatalf("%+v", c)
		}
		if c := h.one(provision.CopyPrimary); c.State != copies.StatePresent || !c.Silent || c.Evidence != residency.EvidenceCertified {
			t.Errorf("%+v", c)
		}
		h.cycle()
		if c := h.one(provision.CopyPrimary); c.Silent || c.Evidence != residency.EvidenceListed {
			t.Errorf("%+v", c)
		}
	})
}

func TestWhatIsRemovedLeavesTheRegister(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.cycle()
		_, err := h.Subscriptions.CancelService(t.Context(), h.Buyer, h.service)
		copiestest.Must(t, err)
		h.Settle()
		if c := h.cycle(); c.Opened != 0 {
			t.Errorf("%+v", c)
		}
		if list := h.list(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

func TestAttackersSeeAndChangeNothing(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.cycle()
		h.plant("snap")
		h.cycle()
		snap := h.one(provision.CopySnapshot).ID
		ctx := t.Context()
		for name, err := range map[string]error{
			"one":       second(h.Register.One(ctx, h.Stranger, snap)),
			"adopt":     second(h.Register.Adopt(ctx, h.Stranger, snap, "Mine.")),
			"retire":    second(h.Register.Retire(ctx, h.Stranger, snap, "Mine.")),
			"add":       second(h.Register.Add(ctx, h.Stranger, copies.NewCopy{Subscription: h.service, Kind: provision.CopyBackup, Region: "lyon"})),
			"list":      second(h.Register.List(ctx, h.Stranger, copies.Query{Org: h.Buyer.Org})),
			"publisher": second(h.Register.One(ctx, h.Publisher, snap)),
		} {
			if !fail.Is(err, fail.NotFound) {
				t.Errorf("%s of another's: %v", name, err)
			}
		}
		if _, err := h.Register.LookNow(ctx, h.Buyer); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
			t.Errorf("a customer asks all engines: %v", err)
		}
		if _, err := h.Register.Retire(ctx, h.Buyer, h.one(provision.CopyPrimary).ID, "Away."); !fail.Is(err, fail.Conflict) {
			t.Errorf("the primary copy is retired: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestThePlatformsOwnDataStandsInTheRegister(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		for range 2 {
			copiestest.Must(t, h.Register.SetTechnical(t.Context(), "Halle Operator", []copies.Technical{{Name: "database", Country: "FR", City: "Lyon", Object: "halle.db"}}))
		}
		list, err := h.Register.List(t.Context(), h.Operator, copies.Query{})
		copiestest.Must(t, err)
		list = slices.DeleteFunc(list, func(c copies.Placed) bool { return c.Kind != provision.CopyTechnical })
		if len(list) != 1 || list[0].Country != "FR" || list[0].Evidence != residency.EvidenceDeclared || list[0].Keeper != "Halle Operator" {
			t.Errorf("%+v", list)
		}
	})
}

func TestTheExportHoldsEveryCopy(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.plant("=cmd|x")
		h.cycle()
		var out bytes.Buffer
		copiestest.Must(t, h.Register.WriteCSV(t.Context(), h.Buyer, copies.Query{}, &out))
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.HasPrefix(cell, "=") {
					t.Errorf("a spreadsheet would compute %q", cell)
				}
			}
		}
	})
}
