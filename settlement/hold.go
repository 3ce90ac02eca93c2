package settlement

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// Hold is what is kept back of a publisher's share.
type Hold struct {
	ID        string
	Publisher string
	Document  string // the invoice
	Line      int    // 0 for a reserve of the whole document
	Dispute   string // "" for a reserve
	Amount    money.Amount
	Date      price.Date
	Until     price.Date // of a reserve
	Released  price.Date // the zero date while it is held
	heldIn    string
	freedIn   string
}

const holdColumns = "id, publisher, document, line, dispute, amount, currency, date, until, released, held_in, released_in"

func scanHold(r store.Scanner) (h Hold, err error) {
	var date, until, released, currency string
	if err = r.Scan(&h.ID, &h.Publisher, &h.Document, &h.Line, &h.Dispute, &h.Amount.Minor, &currency, &date, &until, &released, &h.heldIn, &h.freedIn); err != nil {
		return h, err
	}
	h.Amount.Currency = money.Currency(currency)
	for _, d := range []struct {
		to   *price.Date
		text string
	}{{&h.Date, date}, {&h.Until, until}, {&h.Released, released}} {
		if d.text == "" {
			continue
		}
		if err := d.to.UnmarshalText([]byte(d.text)); err != nil {
			return h, err
		}
	}
	return h, nil
}

func selectHolds(tx *store.Tx, where string, args ...any) ([]Hold, error) {
	return store.All(tx, scanHold, "SELECT "+holdColumns+" FROM settlement_hold WHERE "+where+" ORDER BY id", args...)
}

// reserve holds what the rules ask of a document that was just shared.
func (s *Settlements) reserve(tx *store.Tx, doc *proof.Invoice, lines []Line, rules map[string]Rule) error {
	kept := map[string]*Hold{}
	for _, l := range lines {
		r, ok := rules[l.Publisher+" "+l.Offer+" "+l.Market]
		if !ok || r.Terms.Reserve == 0 {
			continue
		}
		a, err := l.Share.Scale(int64(r.Terms.Reserve), Whole, "")
		if err != nil {
			return err
		}
		h := kept[l.Publisher]
		if h == nil {
			h = &Hold{Publisher: l.Publisher, Document: doc.ID, Amount: money.Zero(doc.Currency), Until: days(doc.Date, r.Terms.ReserveDays)}
			kept[l.Publisher] = h
		}
		if h.Amount, err = h.Amount.Add(a); err != nil {
			return err
		}
	}
	for _, l := range lines { // in their order, so that it is the same each time
		if h := kept[l.Publisher]; h != nil {
			delete(kept, l.Publisher)
			if err := s.hold(tx, *h); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdDisputed holds the lines of a document whose windows are in an open dispute; open has them by subscription and window.
func (s *Settlements) holdDisputed(tx *store.Tx, doc *proof.Invoice, lines []Line, open map[string]map[string]string) error {
	for _, l := range doc.Lines {
		windows := open[l.Subscription]
		if len(windows) == 0 {
			continue
		}
		disputes := map[string]bool{}
		for _, c := range l.Charges {
			if d := windows[c.Window]; d != "" && !disputes[d] {
				disputes[d] = true
				for _, one := range lines {
					if one.No == l.No {
						if err := s.holdLines(tx, d, []Line{one}); err != nil {
							return err
						}
					}
				}
			}
		}
	}
	return nil
}

// holdLines holds the publisher's shares of lines because of a dispute; a line that is held for it already is not again.
func (s *Settlements) holdLines(tx *store.Tx, dispute string, lines []Line) error {
	for _, l := range lines {
		have, err := selectHolds(tx, "dispute = $1 AND document = $2 AND line = $3", dispute, l.Document, int64(l.No))
		if err != nil {
			return err
		}
		if len(have) > 0 {
			continue
		}
		if err := s.hold(tx, Hold{Publisher: l.Publisher, Document: l.Document, Line: l.No, Dispute: dispute, Amount: l.Share}); err != nil {
			return err
		}
	}
	return nil
}

// hold moves an amount from payable to held; nothing when there is none.
func (s *Settlements) hold(tx *store.Tx, h Hold) error {
	if h.Amount.Sign() <= 0 || h.Publisher == s.Operator {
		return nil
	}
	h.ID, h.Date = s.IDs.New("hld"), s.today()
	until := ""
	if h.Until.Valid() {
		until = h.Until.String()
	}
	_, err := tx.Exec("INSERT INTO settlement_hold ("+holdColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '')", h.ID, h.Publisher, h.Document, int64(h.Line), h.Dispute,
		h.Amount.Minor, string(h.Amount.Currency), h.Date.String(), until)
	if err != nil {
		return err
	}
	return s.postIn(tx, "hold", h.ID, h.Date, move(nil, account(h.Publisher, Payable, h.Amount.Currency), account(h.Publisher, Held, h.Amount.Currency), h.Amount, h.Line))
}

// release moves it back.
func (s *Settlements) release(tx *store.Tx, h Hold) error {
	day := s.today()
	n, err := tx.Exec("UPDATE settlement_hold SET released = $1 WHERE id = $2 AND released = ''", day.String(), h.ID)
	if err != nil || n == 0 {
		return err
	}
	return s.postIn(tx, "release", h.ID, day, []ledger.Transfer{{Debit: account(h.Publisher, Held, h.Amount.Currency),
		Credit: account(h.Publisher, Payable, h.Amount.Currency), Amount: h.Amount, Line: h.Line}})
}

func (s *Settlements) releaseDispute(tx *store.Tx, dispute string) error {
	list, err := selectHolds(tx, "dispute = $1 AND released = ''", dispute)
	for _, h := range list {
		if err := s.release(tx, h); err != nil {
			return err
		}
	}
	return err
}

// ReleaseReserves gives back the reserves whose day has come. It may run at any time and again: the job that cmd repeats.
func (s *Settlements) ReleaseReserves(ctx context.Context) error {
	for {
		var n int
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			list, err := selectHolds(tx, "released = '' AND until <> '' AND until <= $1", s.today().String())
			if err != nil {
				return err
			}
			n = min(len(list), 100)
			for _, h := range list[:n] {
				if err := s.release(tx, h); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

func days(d price.Date, n int) price.Date {
	return price.DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC), time.UTC)
}
