package party

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// BillData is what an organisation wants on its own bills. It is its own; a unit that has none takes that of the house
// above it.
type BillData struct {
	BuyerReference string `json:"buyer_reference,omitempty"` // what it routes bills by, such as a Leitweg-ID (EN 16931 BT-10)
	PurchaseOrder  string `json:"purchase_order,omitempty"`  // number of its purchase order, of what was ordered without one (BT-13)
	CostCentre     string `json:"cost_centre,omitempty"`     // of the whole bill (BT-19)
	CostTag        string `json:"cost_tag,omitempty"`        // key of the tag of a service that says its cost centre (BT-133)
	Version        int64  `json:"-"`
}

const maxReference = 100

// BillData gives what stands on the bills of an organisation, for those who see it: its own, without what it takes from
// above.
func (s *Parties) BillData(ctx context.Context, c access.Caller, org string) (b BillData, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.OrgRead, org); err != nil {
			return err
		}
		b, err = selectBillData(tx, org)
		return err
	})
	return b, err
}

// BillDataIn gives what stands on the bills of an organisation, with what it takes from the house above it, for packages
// downstream in their transaction. It does not authorise.
func (s *Parties) BillDataIn(tx *store.Tx, o Organisation) (b BillData, err error) {
	for {
		own, err := selectBillData(tx, o.ID)
		if err != nil {
			return b, err
		}
		b.BuyerReference, b.PurchaseOrder = cmp.Or(b.BuyerReference, own.BuyerReference), cmp.Or(b.PurchaseOrder, own.PurchaseOrder)
		b.CostCentre, b.CostTag = cmp.Or(b.CostCentre, own.CostCentre), cmp.Or(b.CostTag, own.CostTag)
		if !o.Is(KindUnit) || o.Parent == "" {
			return b, nil
		}
		if o, err = s.Lookup(tx, o.Parent); err != nil {
			return b, err
		}
	}
}

// SetBillData changes what stands on the bills of an organisation from the next invoice on: who holds its accounting, its
// owner, or staff above it. Version is what the caller has seen, 0 for whatever stands.
func (s *Parties) SetBillData(ctx context.Context, c access.Caller, org string, in BillData) (BillData, error) {
	for _, text := range []*string{&in.BuyerReference, &in.PurchaseOrder, &in.CostCentre, &in.CostTag} {
		*text = strings.TrimSpace(*text)
	}
	if err := in.validate(); err != nil {
		return BillData{}, err
	}
	out := in
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.BillsSet, org)
		if err != nil {
			return err
		}
		have, err := selectBillData(tx, org)
		if err != nil {
			return err
		}
		if in.Version != 0 && in.Version != have.Version {
			return stale("data")
		}
		out.Version = have.Version + 1
		err = tx.Send(`INSERT INTO bill_data (org, buyer_reference, purchase_order, cost_centre, cost_tag, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (org) DO UPDATE SET buyer_reference = excluded.buyer_reference, purchase_order = excluded.purchase_order,
			cost_centre = excluded.cost_centre, cost_tag = excluded.cost_tag, changed_at = excluded.changed_at, version = excluded.version`,
			org, out.BuyerReference, out.PurchaseOrder, out.CostCentre, out.CostTag, store.At(s.now()), out.Version)
		if err != nil {
			return fmt.Errorf("data of bills: %w", err)
		}
		return s.record(tx, c, FactBillsSet, org, o.Organisation, BillsFact{Org: org, BillData: out})
	})
	return out, err
}

func (b BillData) validate() error {
	f := fail.New(fail.Invalid, "party.bills", "What should stand on the bills cannot be accepted.", "Correct the fields named.")
	f = checkText(f, "buyer_reference", b.BuyerReference, maxReference, false)
	f = checkText(f, "purchase_order", b.PurchaseOrder, maxReference, false)
	f = checkText(f, "cost_centre", b.CostCentre, maxReference, false)
	f = checkText(f, "cost_tag", b.CostTag, maxReference, false)
	return orNil(f)
}

// selectBillData gives nothing for an organisation that has none.
func selectBillData(tx *store.Tx, org string) (b BillData, err error) {
	err = tx.QueryRow("SELECT buyer_reference, purchase_order, cost_centre, cost_tag, version FROM bill_data WHERE org = $1", org).
		Scan(&b.BuyerReference, &b.PurchaseOrder, &b.CostCentre, &b.CostTag, &b.Version)
	if errors.Is(err, store.ErrNone) {
		return BillData{}, nil
	}
	return b, err
}
