package party

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// The facts about VAT identifiers.
const (
	FactVATChecked = "vat.checked.v1" // payload VATFact
	FactVATDecided = "vat.decided.v1" // payload VATFact with Decision
)

// VATFact is the payload of vat.checked.v1 and vat.decided.v1.
type VATFact struct {
	Check        string      `json:"check"`
	Org          string      `json:"org"`
	Entity       string      `json:"entity"`
	VATID        string      `json:"vat_id"`
	Outcome      VATOutcome  `json:"outcome"`
	Consultation string      `json:"consultation,omitempty"`
	Code         string      `json:"code,omitempty"`
	Desk         bool        `json:"desk,omitempty"` // it was valid before: a person decides
	Decision     VATDecision `json:"decision,omitempty"`
}

// VATDecision is a person's word on an identifier that is no longer valid.
type VATDecision string

// The decisions. Nothing changes before one was taken.
const (
	VATKeep     VATDecision = "keep"     // it stays, for a reason that is noted
	VATWithdraw VATDecision = "withdraw" // it is taken off the legal entity: the next bills are as without
	VATAgain    VATDecision = "again"    // it was valid again before anybody decided
)

// VATCheck is one question and its answer.
type VATCheck struct {
	ID        string
	Org       string
	Entity    string
	VATID     string
	At        time.Time
	Desk      bool // it was valid before and was not this time
	Decision  VATDecision
	Note      string
	DecidedAt time.Time
	VATAnswer
}

// AskVAT sets who is asked about VAT identifiers; nobody before. Only cmd calls it, before the server starts.
func (s *Parties) AskVAT(v VATChecker) { s.vat = v }

// CheckVAT asks now about the VAT identifier of a legal entity, in the name of the seller of its market, and keeps the
// answer: who holds its accounting, its owner, or staff above it. Errors: fail.NotFound; party.vat_none without one.
func (s *Parties) CheckVAT(ctx context.Context, c access.Caller, org, entity string) (VATCheck, error) {
	return s.checkVAT(ctx, c, org, entity, func(tx *store.Tx) (Organisation, error) {
		o, err := s.allowed(tx, c, access.BillsSet, org)
		return o.Organisation, err
	})
}

func (s *Parties) checkVAT(ctx context.Context, c access.Caller, org, entity string, may func(tx *store.Tx) (Organisation, error)) (VATCheck, error) {
	var e, seller Entity
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		o, err := may(tx)
		if err != nil {
			return err
		}
		row, err := selectEntity(tx, entity)
		if e = row.Entity; err != nil || e.Org != org {
			return orError(err, fail.Missing("legal entity", entity))
		}
		if o.Market == "" {
			return nil
		}
		m, err := selectMarket(tx, o.Market)
		if err != nil {
			return err
		}
		row, err = selectEntity(tx, m.Entity)
		seller = row.Entity
		return err
	})
	if err != nil {
		return VATCheck{}, err
	}
	if e.VATID == "" {
		return VATCheck{}, fail.New(fail.Invalid, "party.vat_none", "The legal entity has no VAT identifier.", "Enter it first.")
	}
	k := VATCheck{ID: s.ids.New("vat"), Org: org, Entity: entity, VATID: e.VATID, VATAnswer: s.vat.CheckVAT(ctx, e.VATID, seller.VATID)} // outside a transaction: it waits for another system
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := may(tx)
		if err != nil {
			return err
		}
		k.At = s.now()
		return s.keepVAT(tx, c, o, &k)
	})
	return k, err
}

// keepVAT writes an answer. A first invalid one after a valid one goes to the desk; a valid one takes it off again.
func (s *Parties) keepVAT(tx *store.Tx, c access.Caller, o Organisation, k *VATCheck) error {
	list, err := selectVATChecks(tx, "entity = $1 AND vat_id = $2", k.Entity, k.VATID)
	if err != nil {
		return err
	}
	k.Desk = false
	for _, was := range list { // newest first
		if was.Desk && was.Decision == "" && k.Outcome == VATValid {
			if err := s.decideVAT(tx, c, o, was, VATAgain, ""); err != nil {
				return err
			}
		}
	}
	for _, was := range list {
		if was.Outcome == VATValid || was.Outcome == VATInvalid {
			k.Desk = k.Outcome == VATInvalid && was.Outcome == VATValid
			break
		}
	}
	err = tx.Send(`INSERT INTO vat_check (id, org, entity, vat_id, outcome, consultation, code, actor, checked_at, desk, decision, note, decided_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', '')`, k.ID, k.Org, k.Entity, k.VATID, k.Outcome, k.Consultation, k.Code, c.Ref(), store.At(k.At), k.Desk)
	if err != nil {
		return fmt.Errorf("answer about a VAT identifier: %w", err)
	}
	return s.vatFact(tx, c, o, FactVATChecked, *k)
}

func (s *Parties) vatFact(tx *store.Tx, c access.Caller, o Organisation, kind string, k VATCheck) error {
	_, err := s.facts.Record(tx, trace.Fact{Type: kind, Aggregate: k.ID, Owner: o.ID, Parties: parties(c, o), Actor: c.Ref(), At: s.now(),
		Machine: VATFact{Check: k.ID, Org: k.Org, Entity: k.Entity, VATID: k.VATID, Outcome: k.Outcome, Consultation: k.Consultation, Code: k.Code, Desk: k.Desk, Decision: k.Decision}})
	return err
}

// VATChecks lists what was said about the VAT identifiers of a legal entity, newest first, for those who see it.
func (s *Parties) VATChecks(ctx context.Context, c access.Caller, org, entity string) (list []VATCheck, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.OrgRead, org); err != nil {
			return err
		}
		if row, err := selectEntity(tx, entity); err != nil || row.Org != org {
			return orError(err, fail.Missing("legal entity", entity))
		}
		list, err = selectVATChecks(tx, "entity = $1", entity)
		return err
	})
	return list, err
}

// VATDesk lists identifiers that were valid and are no longer, on which nobody decided yet, for the staff of whoever
// invoices.
func (s *Parties) VATDesk(ctx context.Context, c access.Caller) (list []VATCheck, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.InvoiceIssue, c.Org); err != nil {
			return err
		}
		all, err := selectVATChecks(tx, "desk = $1 AND decision = ''", true)
		list = nil
		for _, k := range all {
			if _, err := s.allowed(tx, c, access.InvoiceIssue, k.Org); err == nil {
				list = append(list, k)
			}
		}
		return err
	})
	return list, err
}

// DecideVAT is a person's word on an entry of the desk: VATKeep with a note, or VATWithdraw. Staff who invoice may.
// Errors: fail.NotFound; party.vat_decision; fail.Conflict when it was decided.
func (s *Parties) DecideVAT(ctx context.Context, c access.Caller, check string, d VATDecision, note string) (k VATCheck, err error) {
	note = strings.TrimSpace(note)
	if d != VATKeep && d != VATWithdraw || d == VATKeep && note == "" || len(note) > maxSentence {
		f := fail.New(fail.Invalid, "party.vat_decision", "That is no decision.", "Keep the number and say why, or withdraw it.")
		if d == VATKeep {
			f = f.Field("note", "is needed")
		}
		return k, f
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		list, err := selectVATChecks(tx, "id = $1", check)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fail.Missing("check", check)
		}
		k = list[0]
		o, err := s.readOrg(tx, k.Org)
		if err == nil {
			err = s.policy.Check(c, access.InvoiceIssue, o.Resource("check", check))
		}
		if err != nil {
			return err
		}
		if !k.Desk || k.Decision != "" {
			return fail.New(fail.Conflict, "party.vat_decided", "There is nothing to decide about this number any more.", "Look at the desk again.")
		}
		if d == VATWithdraw {
			e, err := s.readEntity(tx, k.Entity)
			if err != nil {
				return err
			}
			if e.VATID == k.VATID {
				e.VATID = ""
				if err := s.setEntity(tx, c, o.Organisation, e); err != nil {
					return err
				}
			}
		}
		k.Decision, k.Note, k.DecidedAt = d, note, s.now()
		return s.decideVAT(tx, c, o.Organisation, k, d, note)
	})
	return k, err
}

func (s *Parties) decideVAT(tx *store.Tx, c access.Caller, o Organisation, k VATCheck, d VATDecision, note string) error {
	k.Decision = d
	n, err := tx.Exec("UPDATE vat_check SET decision = $1, note = $2, decided_by = $3, decided_at = $4 WHERE id = $5 AND decision = ''", d, note, c.Ref(), store.At(s.now()), k.ID)
	if err == nil && n != 1 {
		err = store.Retry(errors.New("the check was decided"))
	}
	if err != nil {
		return err
	}
	return s.vatFact(tx, c, o, FactVATDecided, k)
}

// How often an identifier that is on file is asked about again, and how many at once.
const (
	vatEvery = 30 * 24 * time.Hour
	vatBatch = 100
)

// RecheckVAT asks again about identifiers whose last answer is older than a month, or that were never asked about. A job
// of the server calls it.
func (s *Parties) RecheckVAT(ctx context.Context) error {
	if _, off := s.vat.(FormOnly); off {
		return nil
	}
	var due []Entity
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := store.All(tx, scanEntity, "SELECT "+entityColumns+` FROM legal_entity WHERE vat_id <> '' AND NOT EXISTS
			(SELECT 1 FROM vat_check WHERE entity = legal_entity.id AND vat_check.vat_id = legal_entity.vat_id AND outcome <> 'unknown' AND checked_at > $1) ORDER BY id LIMIT $2`, store.At(s.now().Add(-vatEvery)), vatBatch)
		due = nil
		for _, r := range rows {
			due = append(due, r.Entity)
		}
		return err
	})
	for _, e := range due {
		if err != nil {
			return err
		}
		_, err = s.checkVAT(ctx, access.System("billing"), e.Org, e.ID, func(tx *store.Tx) (Organisation, error) { return s.Lookup(tx, e.Org) })
	}
	return err
}

func selectVATChecks(tx *store.Tx, where string, args ...any) ([]VATCheck, error) {
	return store.All(tx, func(row store.Scanner) (k VATCheck, err error) {
		var at store.Time
		var decided *store.Time
		err = row.Scan(&k.ID, &k.Org, &k.Entity, &k.VATID, &k.Outcome, &k.Consultation, &k.Code, &at, &k.Desk, &k.Decision, &k.Note, &decided)
		k.At, k.DecidedAt = at.Time, decided.OrZero()
		return k, err
	}, "SELECT id, org, entity, vat_id, outcome, consultation, code, checked_at, desk, decision, note, decided_at FROM vat_check WHERE "+where+" ORDER BY id DESC LIMIT 200", args...)
}
