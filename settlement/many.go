package settlement

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/trace"
)

// A month close issues thousands of invoices at once: opening them and sharing their lines by the rules in force needs no
// transaction, since none of that changes afterwards, and their rows and entries go into the books together. Credit notes
// and payments look at what stands in the books, and come in their turn.

// errShared says that a document of many was shared before: each is then looked at by itself.
var errShared = errors.New("a document was shared already")

// onDocuments is onDocument for many facts.
func (s *Settlements) onDocuments(ctx context.Context, list []trace.Entry) (func(tx *store.Tx) error, error) {
	ready, err := s.shareAll(ctx, list)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		var some []*posting
		for _, e := range list {
			if p := ready[e.ID]; p != nil {
				some = append(some, p)
				continue
			}
			if err := s.postAll(tx, some); err != nil {
				return err
			}
			some = nil
			if err := s.onDocument(tx, e); err != nil {
				return err
			}
		}
		return s.postAll(tx, some)
	}, nil
}

// shareAll shares the lines of the invoices among facts, on a snapshot; by the fact.
func (s *Settlements) shareAll(ctx context.Context, list []trace.Entry) (map[string]*posting, error) {
	var ids, facts []string
	for _, e := range list {
		var f proof.InvoiceIssued
		if e.Type != billing.FactIssued {
			continue
		}
		if err := e.Into(&f); err != nil {
			return nil, err
		}
		if f.Invoice != "" && f.Type == proof.TypeInvoice {
			ids, facts = append(ids, f.Invoice), append(facts, e.ID)
		}
	}
	var ready map[string]*posting
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		ready = map[string]*posting{}
		_, docs, err := s.Invoices.IssuedMany(tx, ids)
		if err != nil {
			return err
		}
		sh := s.sharing(tx)
		if err := sh.fetch(docs); err != nil {
			return err
		}
		for n, doc := range docs {
			if doc == nil {
				continue // it was erased, which onDocument says
			}
			p, err := sh.begin(doc)
			if err == nil {
				err = p.invoice()
			}
			if err == nil {
				err = p.whole()
			}
			if err != nil {
				return err
			}
			ready[facts[n]] = p
		}
		return nil
	})
	return ready, err
}

// fetch reads what many documents ask for with one question each.
func (sh *sharing) fetch(docs []*proof.Invoice) (err error) {
	orgs, subscriptions := map[string]bool{}, map[string]bool{}
	for _, doc := range docs {
		if doc == nil {
			continue
		}
		orgs[doc.Org] = true
		for _, l := range doc.Lines {
			subscriptions[l.Subscription] = true
		}
	}
	if sh.orgs, err = sh.s.Parties.Lookups(sh.tx, slices.Sorted(maps.Keys(orgs))); err != nil {
		return err
	}
	all := slices.Sorted(maps.Keys(subscriptions))
	if sh.contracts, err = sh.s.Ratings.ContractsOf(sh.tx, all); err != nil || sh.s.Offers == nil {
		return err
	}
	sh.offers, err = sh.s.Offers(sh.tx, all)
	return err
}

// postAll writes invoices that were shared: their lines, their entries in the order given, and what is held of them.
func (s *Settlements) postAll(tx *store.Tx, list []*posting) error {
	if len(list) == 0 {
		return nil
	}
	head, err := s.Book.Head(tx)
	if err != nil {
		return err
	}
	var ids []string
	var lines []Line
	var entries []ledger.Entry
	open := map[string]map[string]string{}
	for _, p := range list {
		ids, lines = append(ids, p.doc.ID), append(lines, p.lines...)
		for _, l := range p.lines {
			if l.Subscription != "" {
				open[l.Subscription] = nil
			}
		}
		transfers, err := p.transfers()
		if err != nil {
			return err
		}
		if len(transfers) == 0 {
			continue
		}
		entries = append(entries, ledger.Entry{Ref: ledger.Ref{Kind: "invoice", ID: p.doc.ID}, Date: openDay(head, p.doc.Date), Transfers: transfers})
	}
	if err := unshared(tx, ids); err != nil {
		return err
	}
	if err := insertLines(tx, lines); err != nil {
		return err
	}
	if _, err := s.Book.PostIn(tx, entries...); err != nil {
		return err
	}
	if err := disputed(tx, open); err != nil {
		return err
	}
	for _, p := range list {
		if err := s.reserve(tx, p.doc, p.lines, p.rules); err != nil {
			return err
		}
		if err := s.holdDisputed(tx, p.doc, p.lines, open); err != nil {
			return err
		}
	}
	return nil
}

// unshared refuses documents that have lines already.
func unshared(tx *store.Tx, ids []string) error {
	for places, args := range store.In(ids) {
		var n int64
		if err := tx.QueryRow("SELECT count(*) FROM settlement_line WHERE line = 0 AND document IN "+places, args...).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return errShared
		}
	}
	return nil
}

// disputed fills in the open disputes about subscriptions: by window.
func disputed(tx *store.Tx, open map[string]map[string]string) error {
	for places, args := range store.In(slices.Sorted(maps.Keys(open)), true) {
		err := tx.Each(func(row store.Scanner) error {
			var subscription, dispute, window string
			err := row.Scan(&subscription, &dispute, &window)
			if open[subscription] == nil {
				open[subscription] = map[string]string{}
			}
			open[subscription][window] = dispute
			return err
		}, "SELECT subscription, dispute, usage_window FROM settlement_dispute WHERE open = $1 AND subscription IN "+places+" ORDER BY dispute", args...)
		if err != nil {
			return err
		}
	}
	return nil
}
