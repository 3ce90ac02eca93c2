package drift

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/residency"
)

// Filter says which remedies. All may be empty.
type Filter struct {
	Org    string // and everything below it; "": the caller's
	Closed bool   // also those that are over
	After  string // id
	Limit  int    // 100 when zero, at most 1,000
}

// Remedies lists them, the newest first (copy.read).
func (s *Drifts) Remedies(ctx context.Context, c access.Caller, f Filter) (list []Remedy, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		on := access.Resource{Type: "remedies", Org: c.Org, Path: c.Path}
		if f.Org != "" && f.Org != c.Org {
			o, err := s.Parties.Lookup(tx, f.Org)
			if err != nil {
				return err
			}
			on = o.Resource("organisation", o.ID)
		}
		if err := s.Policy.Check(c, access.CopyRead, on); err != nil {
			return err
		}
		query := "SELECT " + remedyColumns + " FROM remedy WHERE org_path >= $1 AND org_path < $2 AND ($3 = '' OR id < $3)"
		if !f.Closed {
			query += " AND active IS NOT NULL"
		}
		list, err = store.All(tx, scanRemedy, query+" ORDER BY id DESC LIMIT $4", on.Path, on.Path+"~", f.After, min(f.Limit, 1000))
		return err
	})
	return list, err
}

// Remedy gives one (copy.read).
func (s *Drifts) Remedy(ctx context.Context, c access.Caller, remedy string) (r Remedy, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if r, err = selectRemedy(tx, remedy); err != nil {
			return err
		}
		return s.Policy.Check(c, access.CopyRead, resourceOf(r))
	})
	if err != nil {
		return Remedy{}, err
	}
	return r, nil
}

func resourceOf(r Remedy) access.Resource {
	return access.Resource{Type: "remedy", ID: r.ID, Org: r.Org, Path: r.Path}
}

// Copies are what lies in the place of a remedy (copy.read).
func (s *Drifts) Copies(ctx context.Context, c access.Caller, remedy string) ([]copies.Placed, error) {
	r, err := s.Remedy(ctx, c, remedy)
	if err != nil {
		return nil, err
	}
	return s.Register.Of(ctx, c, r.Group)
}

// LastRun is the last judgement of everything, zero before the first (copy.look: the operator's staff).
func (s *Drifts) LastRun(ctx context.Context, c access.Caller) (run Run, err error) {
	if err := s.Policy.Check(c, access.CopyLook, access.Resource{Type: "remedies", Org: s.Operator, Path: "/" + s.Operator + "/"}); err != nil {
		return run, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(row store.Scanner) error {
			var at store.Time
			var took int64
			err := row.Scan(&at, &took, &run.Copies, &run.Distinct, &run.Opened, &run.Closed)
			run.At, run.Took = at.Time, time.Duration(took)*time.Millisecond
			return err
		}, "SELECT judged_at, took_ms, copies, distinct_n, opened, closed FROM drift_run")
	})
	return run, err
}

// Accept lets the data lie where it is until an instant, at most a year away, for a reason that everybody concerned reads
// (remedy.accept). A customer may accept what its own policy alone refuses; what a market's policy or a rule refuses, only
// the operator's staff may, who answer for it.
func (s *Drifts) Accept(ctx context.Context, c access.Caller, remedy, reason string, until time.Time) (r Remedy, err error) {
	reason = strings.TrimSpace(reason)
	bad := fail.New(fail.Invalid, "drift.accept", "The acceptance cannot be taken like this.", "Say why, and until when: a day from tomorrow to a year from now.")
	if reason == "" || len(reason) > 500 {
		return r, bad.Field("reason", "is empty or longer than 500 bytes")
	}
	if now := s.Now(); !until.After(now) || until.Sub(now) > longestAcceptance {
		return r, bad.Field("until", "is not in the coming year")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if r, err = selectRemedy(tx, remedy); err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.RemedyAccept, resourceOf(r)); err != nil {
			return err
		}
		if !r.ByOwn && !c.Outside(r.Path) {
			refused := fail.New(fail.Denied, "drift.not_own", "More than your own policy refuses this place: it is not yours to accept.", "Move the service, end it, or ask the operator.")
			for _, one := range r.Reasons {
				refused = refused.Because(one.Fail())
			}
			return refused
		}
		if r.State == StateClosed {
			return fail.New(fail.Conflict, "drift.closed", "This is over already.", "Nothing has to be done.")
		}
		r.State, r.Until, r.Actor, r.Note = StateAccepted, until, c.Ref(), reason
		if err := updateRemedy(tx, r); err != nil {
			return err
		}
		return s.record(tx, c.Ref(), FactAccepted, r, false)
	})
	return r, err
}

// Way is a region to which the service could go instead, with what that costs.
type Way struct {
	Region  residency.Region
	Free    int64  // units
	Dearer  string // of a unit for an hour against where it is now, for whoever runs it; the customer's price is agreed
	Nearest bool   // the cheapest
}

// Ways are the regions that are allowed and have room, the cheapest first (copy.read). What the customer pays stays as it
// was agreed, wherever its service runs.
func (s *Drifts) Ways(ctx context.Context, c access.Caller, remedy string) (list []Way, err error) {
	r, err := s.Remedy(ctx, c, remedy)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		facts, _, err := s.Residency.Snapshot(tx)
		if err != nil {
			return err
		}
		layers, err := s.Residency.LayersNow(tx)
		if err != nil {
			return err
		}
		chain, err := s.Register.ChainIn(tx, r.OfferVersion)
		if err != nil {
			return err
		}
		free, err := s.Residency.Capacity(tx)
		if err != nil {
			return err
		}
		q := residency.Question{Facts: facts, Policy: layers.Policy(layers.Scopes(r.Market, r.Path)), Class: r.Class, Chain: chain, At: s.Now()}
		list = ways(facts, s.Residency.Rules.Judge(q), free, r.Region)
		return nil
	})
	return list, err
}

func ways(facts *residency.Facts, verdicts []residency.Verdict, free map[string]int64, from string) (list []Way) {
	regions := map[string]residency.Region{}
	for _, g := range facts.Regions {
		regions[g.Key] = g
	}
	for _, v := range verdicts {
		if g := regions[v.Region]; v.Allowed && v.Region != from && free[v.Region] > 0 {
			diff := g.Price
			diff.Nanos -= regions[from].Price.Nanos
			list = append(list, Way{Region: g, Free: free[v.Region], Dearer: diff.String()})
		}
	}
	slices.SortFunc(list, func(a, b Way) int {
		if a.Region.Price.Nanos != b.Region.Price.Nanos {
			return int(min(max(a.Region.Price.Nanos-b.Region.Price.Nanos, -1), 1))
		}
		return strings.Compare(a.Region.Key, b.Region.Key)
	})
	if len(list) > 0 {
		list[0].Nearest = true
	}
	return list
}
