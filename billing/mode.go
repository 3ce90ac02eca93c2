package billing

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// Mode says who bills what a market sells.
type Mode string

// The modes.
const (
	ModeOwn      Mode = "own"      // invoices are issued here
	ModeHandOver Mode = "handover" // charges are rated and stated here, and another system of the operator bills them
)

// FactMode says that a market is billed otherwise from now on: payload Billed; of the market.
const FactMode = "market.billing.v1"

// Billed is how a market is billed.
type Billed struct {
	Market string `json:"market"`
	Mode   Mode   `json:"mode"`
	System string `json:"system,omitempty"` // what the other system is called, for people
}

const maxSystem = 60

// BilledIn tells how a market is billed, to other packages in their transaction. It does not authorise.
func (s *Invoices) BilledIn(tx *store.Tx, market string) (Billed, error) {
	b := Billed{Market: market, Mode: ModeOwn}
	err := tx.QueryRow("SELECT mode, system FROM billing_mode WHERE market = $1", market).Scan(&b.Mode, &b.System)
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return b, err
}

// Billed tells how a market is billed. Who may read month closes of the organisation that runs it may.
func (s *Invoices) Billed(ctx context.Context, c access.Caller, market string) (b Billed, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.market(tx, c, access.HandOverRead, market); err != nil {
			return err
		}
		b, err = s.BilledIn(tx, market)
		return err
	})
	return b, err
}

// SetBilled changes how a market is billed: what is not billed yet goes the new way. The staff that may set the market may.
func (s *Invoices) SetBilled(ctx context.Context, c access.Caller, b Billed) error {
	b.System = strings.TrimSpace(b.System)
	f := fail.New(fail.Invalid, "billing.mode", "The market cannot be billed like that.", "Correct the fields named.")
	if !slices.Contains([]Mode{ModeOwn, ModeHandOver}, b.Mode) {
		f = f.Field("mode", "use own or handover")
	}
	if b.Mode == ModeHandOver && b.System == "" || len([]rune(b.System)) > maxSystem || strings.ContainsFunc(b.System, func(r rune) bool { return r < ' ' }) {
		f = f.Field("system", "write what the billing system is called, in at most 60 letters")
	}
	if len(f.Fields) > 0 {
		return f
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		m, err := s.market(tx, c, access.MarketSet, b.Market)
		if err != nil {
			return err
		}
		was, err := s.BilledIn(tx, b.Market)
		if err != nil || was == b {
			return err
		}
		if _, err = tx.Exec(`INSERT INTO billing_mode (market, mode, system, actor, set_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (market) DO UPDATE SET mode = excluded.mode, system = excluded.system, actor = excluded.actor, set_at = excluded.set_at`,
			b.Market, string(b.Mode), b.System, c.Ref(), store.At(s.Now())); err != nil {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactMode, Aggregate: m.ID, Owner: m.Org, Actor: c.Ref(), At: s.Now(), Machine: b})
		return err
	})
}

// market reads one and authorises the caller on the organisation that runs it.
func (s *Invoices) market(tx *store.Tx, c access.Caller, a access.Action, market string) (party.Market, error) {
	m, err := s.Parties.Market(tx, market)
	if err != nil {
		return m, err
	}
	_, err = s.allowed(tx, c, a, m.Org, "market", market)
	return m, err
}

// handOver makes the document a statement of charges where another system bills them. It has a series of its own: no
// invoice number of ours is used there.
func (s *Invoices) handOver(tx *store.Tx, market string, doc *proof.Invoice) error {
	b, err := s.BilledIn(tx, market)
	if err == nil && b.Mode == ModeHandOver {
		doc.Type, doc.Series = proof.TypeProforma, SeriesHandedOver
	}
	return err
}
