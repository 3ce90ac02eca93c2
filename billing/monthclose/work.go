package monthclose

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

const (
	chunkOf  = 32 // customers worked out on one snapshot
	together = 32 // customers issued or written to in one transaction: few, so that people have their turn soon
)

func system() access.Caller { return access.System("billing") }

// Work takes a close on until a person has the turn. It may end anywhere and be called again: what is done is noted in
// the transaction that did it. Two at once do nothing twice; the job sees to it that one does.
func (s *Closes) Work(ctx context.Context, id string) error {
	for {
		var one Close
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			one, err = selectClose(tx, id)
			return err
		})
		if err != nil {
			return err
		}
		switch one.State {
		case StatePreparing:
			err = s.workOut(ctx, one)
		case StateIssuing:
			err = s.issueAll(ctx, one)
		case StateSending:
			err = s.each(ctx, one, ItemIssued, s.send, CommandSent)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// step ends a stage of the job, unless it was ended meanwhile.
func (s *Closes) step(ctx context.Context, one Close, command Command) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		now, err := selectClose(tx, one.ID)
		if err != nil || now.State != one.State || now.Round != one.Round {
			return err
		}
		was := now
		if now.Summary, err = selectSummary(tx, one.ID); err != nil {
			return err
		}
		if err := s.counted(tx, &now); err != nil {
			return err
		}
		switch command {
		case CommandPrepared:
			now.PreparedAt = s.Now()
		case CommandSent:
			now.EndedAt = s.Now()
		}
		return s.move(tx, &now, was, command, system().Ref())
	})
}

// workOut works out what would be issued for every customer that this round has not looked at.
func (s *Closes) workOut(ctx context.Context, one Close) error {
	var due []string
	before := map[string][]money.Amount{}
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, before, err = s.look(ctx, tx, one)
		return err
	})
	if err != nil {
		return err
	}
	for window := range slices.Chunk(due, chunkOf*windowOf) {
		items := s.drafts(ctx, one, window, before)
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			now, err := selectClose(tx, one.ID)
			if err != nil || now.State != one.State || now.Round != one.Round {
				return cmp.Or(err, error(errMoved))
			}
			return upsertItems(tx, one.ID, items)
		})
		if errors.Is(err, errMoved) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return s.step(ctx, one, CommandPrepared)
}

var errMoved = errors.New("the close moved on")

// look lists the customers that are to be worked out in this round, and what each was invoiced in the month before.
func (s *Closes) look(ctx context.Context, tx *store.Tx, one Close) ([]string, map[string][]money.Amount, error) {
	markets, err := s.Parties.Markets(ctx)
	if err != nil {
		return nil, nil, err
	}
	var ids, entities []string
	for _, m := range markets {
		if m.Org == one.Org {
			ids, entities = append(ids, m.ID), append(entities, m.Entity)
		}
	}
	slices.Sort(entities)
	entities = slices.Compact(entities)
	latest := one.Month.End(time.UTC).Add(14 * time.Hour) // the month has ended everywhere; each customer is cut at its own midnight
	due, err := s.Ratings.Due(tx, latest, ids)
	if err != nil {
		return nil, nil, err
	}
	before, err := s.Invoices.Invoiced(tx, entities, one.Month.First(0), one.Month.First(1))
	if err != nil {
		return nil, nil, err
	}
	already, err := s.Invoices.Invoiced(tx, entities, one.Month.First(1), one.Month.First(2))
	if err != nil {
		return nil, nil, err
	}
	rounds, err := selectRounds(tx, one.ID, one.Round)
	if err != nil {
		return nil, nil, err
	}
	for org := range before {
		if already[org] == nil { // who has the month's invoice is not missing
			due = append(due, org)
		}
	}
	due = slices.AppendSeq(due, maps.Keys(rounds))
	slices.Sort(due)
	due = slices.DeleteFunc(slices.Compact(due), func(org string) bool { return rounds[org] == one.Round })
	return due, before, nil
}

// drafts works customers out, some on a snapshot, on all processors.
func (s *Closes) drafts(ctx context.Context, one Close, orgs []string, before map[string][]money.Amount) []Item {
	chunks := slices.Collect(slices.Chunk(orgs, chunkOf))
	items := make([][]Item, len(chunks))
	parallel(len(chunks), func(n int) {
		list, err := s.Invoices.DraftAll(ctx, system(), chunks[n], s.upTo(one))
		for i, org := range chunks[n] {
			d := &billing.Drafted{Org: org, Err: err}
			if err == nil {
				d = list[i]
			}
			items[n] = append(items[n], one.item(d, before[org]))
		}
	})
	return slices.Concat(items...)
}

// item is what was worked out for a customer.
func (one Close) item(d *billing.Drafted, before []money.Amount) Item {
	i := Item{Org: d.Org, State: ItemReady, Before: before, round: one.Round}
	if d.Err != nil {
		i.State, i.Failure = ItemFailed, failure(d.Err)
		return i.judged()
	}
	for n := range d.Docs {
		i.Expected = append(i.Expected, expected(&d.Docs[n]))
	}
	if d.Waits {
		i.Flags = append(i.Flags, FlagWaits)
	}
	if len(i.Expected) == 0 {
		i.State = ItemNothing
	}
	return i.judged()
}

// upTo is where the month ends for a customer, in its zone.
func (s *Closes) upTo(one Close) func(zone *time.Location) (time.Time, error) {
	now := s.Now()
	return func(zone *time.Location) (time.Time, error) {
		end := one.Month.End(zone)
		if end.After(now) {
			return end, fail.New(fail.Unavailable, "close.early", "Where this customer is, the month is not over.", "Prepare again in some hours.")
		}
		return end, nil
	}
}

func expected(doc *proof.Invoice) Expected {
	return Expected{Entity: doc.Entity, Basis: doc.Basis, Net: doc.Totals.Net, Gross: doc.Totals.Gross, Lines: len(doc.Lines)}
}

const standsOut = 1 << 60

// judged says why a customer stands out, and how far up in the list it belongs.
func (i Item) judged() Item {
	now, was := first(i.Expected, func(e Expected) money.Amount { return e.Gross }), first(i.Before, func(a money.Amount) money.Amount { return a })
	switch {
	case i.State == ItemFailed:
		i.Flags = append(i.Flags, FlagFailed)
	case len(i.Before) == 0 && len(i.Expected) > 0:
		i.Flags = append(i.Flags, FlagNew)
	case len(i.Before) > 0 && len(i.Expected) == 0:
		i.Flags = append(i.Flags, FlagGone)
	case now-was > was/2 && now != was:
		i.Flags = append(i.Flags, FlagMore)
	case now < was/2:
		i.Flags = append(i.Flags, FlagLess)
	}
	i.rank = min(max(now-was, was-now), standsOut-1)
	if len(i.Flags) > 0 {
		i.rank += standsOut
	}
	return i
}

// first adds up what is of the first one's currency: to compare, not to book.
func first[T any](list []T, amount func(T) money.Amount) (minor int64) {
	for _, one := range list {
		if a := amount(one); a.Currency == amount(list[0]).Currency {
			minor += a.Minor
		}
	}
	return minor
}

func failure(err error) Failure {
	var f *fail.Error
	if errors.As(err, &f) {
		return Failure{Code: f.Code, Text: f.Message, Remedy: f.Remedy}
	}
	return Failure{Code: "internal", Text: err.Error(), Remedy: "Look into the server's log, mend the cause and prepare again."}
}

// parallel calls f for 0…n-1 on as many processors as there are.
func parallel(n int, f func(n int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, runtime.NumCPU()) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
