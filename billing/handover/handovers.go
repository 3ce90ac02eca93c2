package handover

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service needs.
type Config struct {
	DB       *store.DB
	IDs      *id.Source
	Now      clock.Clock
	Facts    *trace.Facts
	Policy   *access.Policy
	Parties  *party.Parties
	Ratings  *rating.Ratings
	Invoices *billing.Invoices
}

// Handovers is the service. Safe for concurrent use.
type Handovers struct{ Config }

// New makes the service.
func New(c Config) *Handovers { return &Handovers{c} }

// Readers are the readers of this package: each statement of charges waits, line by line, to be handed over.
func (s *Handovers) Readers() []trace.Reader {
	return []trace.Reader{{Name: "handover.lines", Types: []string{billing.FactIssued}, Handle: s.onIssued}}
}

func (s *Handovers) onIssued(tx *store.Tx, e trace.Entry) error {
	var f proof.InvoiceIssued
	if err := e.Into(&f); err != nil || f.Type != proof.TypeProforma {
		return err
	}
	_, doc, err := s.Invoices.IssuedIn(tx, f.Invoice)
	if err != nil {
		return err
	}
	if doc == nil {
		return fmt.Errorf("document %s was erased before it was handed over", f.Number)
	}
	market := ""
	for _, l := range doc.Lines {
		if market == "" { // a customer buys in one market
			k, err := s.Ratings.ContractIn(tx, l.Subscription)
			if err != nil {
				return err
			}
			market = k.Market
		}
		one := Line{ID: lineID(doc.ID, l.No), Document: doc.ID, No: l.No, Org: doc.Org, Net: l.Net, State: Waiting, Billed: money.Zero(doc.Currency)}
		if err := insertLine(tx, market, one); err != nil {
			return err
		}
	}
	return nil
}

// market reads one and authorises the caller on the organisation that runs it.
func (s *Handovers) market(tx *store.Tx, c access.Caller, a access.Action, market string) (party.Market, error) {
	m, err := s.Parties.Market(tx, market)
	if err != nil {
		return m, err
	}
	o, err := s.Parties.Lookup(tx, m.Org)
	if err != nil {
		return m, err
	}
	return m, s.Policy.Check(c, a, o.Resource("market", market))
}

// batch reads one and authorises the caller on the organisation that runs its market.
func (s *Handovers) batch(tx *store.Tx, c access.Caller, a access.Action, id string) (Batch, error) {
	b, err := store.One(tx, scanBatch, "SELECT "+batchColumns+" FROM handover_batch WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return b, missing(id)
	}
	if err != nil {
		return b, err
	}
	o, err := s.Parties.Lookup(tx, b.org)
	if err != nil {
		return b, err
	}
	return b, s.Policy.Check(c, a, o.Resource("hand-over", id))
}

func (s *Handovers) record(tx *store.Tx, c access.Caller, kind string, b Batch, f Fact) error {
	f.Batch, f.Market, f.Number = b.ID, b.Market, b.Number
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: b.ID, Owner: b.org, Actor: c.Ref(), At: s.Now(), Machine: f})
	return err
}

// Make puts what waits in a market into the next batch, at most 10,000 lines; false when nothing waits. Operator's staff
// may, and the job that repeats it.
func (s *Handovers) Make(ctx context.Context, c access.Caller, market string) (b Batch, made bool, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		b, made = Batch{}, false
		m, err := s.market(tx, c, access.HandOverRun, market)
		if err != nil {
			return err
		}
		lines, err := selectLines(tx, "market = $1 AND state = $2 ORDER BY id LIMIT $3", market, string(Waiting), int64(perBatch))
		if err != nil || len(lines) == 0 {
			return err
		}
		b = Batch{ID: s.IDs.New("hov"), Market: market, Lines: int64(len(lines)), MadeAt: s.Now(), Actor: c.Ref(), org: m.Org}
		if b.Number, err = insertBatch(tx, b); err != nil {
			return err
		}
		for _, l := range lines {
			l.Batch, l.State, l.Attempt = b.ID, Handed, l.Attempt+1
			if err := updateLine(tx, l, Waiting); err != nil {
				return err
			}
		}
		made = true
		return s.record(tx, c, FactMade, b, Fact{Lines: b.Lines})
	})
	return b, made, err
}

// Run makes the batches of every market that is billed elsewhere. The job that cmd repeats.
func (s *Handovers) Run(ctx context.Context) error {
	markets, err := s.Parties.Markets(ctx)
	for _, m := range markets {
		for more := true; more; {
			var one error
			if _, more, one = s.Make(ctx, access.System("billing"), m.ID); one != nil {
				err = errors.Join(err, fmt.Errorf("hand-over of market %s: %w", m.ID, one))
				break
			}
		}
	}
	return err
}

// Answer takes what the other system says of lines of a batch, each by itself: one that cannot be taken is named with
// why, and holds up no other. The same answer again changes nothing. Operator's staff may: the other system has a token.
func (s *Handovers) Answer(ctx context.Context, c access.Caller, batch string, answers []Answer) (out []Outcome, err error) {
	if len(answers) == 0 || len(answers) > maxAnswers {
		return nil, fail.New(fail.Invalid, "handover.answers", "There is no answer, or more than 10,000 are sent at once.", "Send 1 to 10,000.").Field("answers", "1 to 10,000")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		out = nil
		b, err := s.batch(tx, c, access.HandOverRun, batch)
		if err != nil {
			return err
		}
		f := Fact{Lines: b.Lines}
		for _, a := range answers {
			o, err := s.answer(tx, b, a, &f)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		if f.Acknowledged+f.Refused+f.Billed == 0 {
			return nil
		}
		return s.record(tx, c, FactAnswered, b, f)
	})
	return out, err
}

func (s *Handovers) answer(tx *store.Tx, b Batch, a Answer, f *Fact) (Outcome, error) {
	o := Outcome{Line: a.Line}
	list, err := selectLines(tx, "id = $1 AND batch = $2", a.Line, b.ID)
	if err != nil {
		return o, err
	}
	if len(list) == 0 {
		o.Problem = "the batch has no such line"
		return o, nil
	}
	l := list[0]
	was := l.State
	if o.Changed, o.Problem = l.apply(a); !o.Changed {
		return o, nil
	}
	switch a.State {
	case Acknowledged:
		f.Acknowledged++
	case Refused:
		f.Refused++
	case BilledThere:
		f.Billed++
	}
	return o, updateLine(tx, l, was)
}

// Again lets the refused lines of a batch wait for the next one, once what they were refused for is mended. It tells how
// many. Operator's staff may.
func (s *Handovers) Again(ctx context.Context, c access.Caller, batch string) (n int, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		b, err := s.batch(tx, c, access.HandOverRun, batch)
		if err != nil {
			return err
		}
		lines, err := selectLines(tx, "batch = $1 AND state = $2 ORDER BY id", batch, string(Refused))
		if err != nil || len(lines) == 0 {
			n = 0
			return err
		}
		for _, l := range lines {
			l.State, l.Reason, l.Batch = Waiting, "", ""
			if err := updateLine(tx, l, Refused); err != nil {
				return err
			}
		}
		n = len(lines)
		return s.record(tx, c, FactReturned, b, Fact{Lines: int64(n)})
	})
	return n, err
}

// Batches lists a market's, the newest first, with numbers below before (0 for the newest). Who may read its hand-overs may.
func (s *Handovers) Batches(ctx context.Context, c access.Caller, market string, before int64, limit int) (list []Batch, err error) {
	if before == 0 {
		before = 1 << 62
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.market(tx, c, access.HandOverRead, market); err != nil {
			return err
		}
		list, err = store.All(tx, scanBatch, "SELECT "+batchColumns+" FROM handover_batch WHERE market = $1 AND number < $2 ORDER BY number DESC LIMIT $3", market, before, int64(limit))
		return err
	})
	return list, err
}

// Batch gives one. Who may read the market's hand-overs may.
func (s *Handovers) Batch(ctx context.Context, c access.Caller, batch string) (b Batch, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		b, err = s.batch(tx, c, access.HandOverRead, batch)
		return err
	})
	return b, err
}

// Lines lists those of a batch after one ("" for the first), in one state or in all for "". Who may read the market's
// hand-overs may.
func (s *Handovers) Lines(ctx context.Context, c access.Caller, batch string, state State, after string, limit int) (list []Line, err error) {
	if state != "" && !slices.Contains(States(), state) {
		return nil, fail.New(fail.Invalid, "handover.state", "Lines are in no such state.", "Use waiting, handed, acknowledged, refused or billed.").Field("state", "is none")
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.batch(tx, c, access.HandOverRead, batch); err != nil {
			return err
		}
		list, err = selectLines(tx, "batch = $1 AND id > $2 AND ($3 = '' OR state = $3) ORDER BY id LIMIT $4", batch, after, string(state), int64(limit))
		return err
	})
	return list, err
}

// Sum is how much is in one state, in one currency.
type Sum struct {
	State State
	Lines int64
	Net   money.Amount
}

// Reconciliation compares what was stated with what became of it.
type Reconciliation struct {
	Billed  billing.Billed
	Sums    []Sum
	Differs []Line // billed there with another amount than was handed over, at most 100
	Stated  []Sum  // all that was ever stated: the sums come to it
}

// Reconcile adds a market's lines up. Who may read its hand-overs may.
func (s *Handovers) Reconcile(ctx context.Context, c access.Caller, market string) (r Reconciliation, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		r = Reconciliation{}
		if _, err := s.market(tx, c, access.HandOverRead, market); err != nil {
			return err
		}
		if r.Billed, err = s.Invoices.BilledIn(tx, market); err != nil {
			return err
		}
		if r.Sums, err = selectSums(tx, "SELECT state, currency, count(*), CAST(sum(net) AS BIGINT) FROM handover_line WHERE market = $1 GROUP BY state, currency", market); err != nil {
			return err
		}
		slices.SortFunc(r.Sums, func(a, b Sum) int { return slices.Index(States(), a.State) - slices.Index(States(), b.State) })
		if r.Stated, err = selectSums(tx, "SELECT '', currency, count(*), CAST(sum(net) AS BIGINT) FROM handover_line WHERE market = $1 GROUP BY currency ORDER BY currency", market); err != nil {
			return err
		}
		r.Differs, err = selectLines(tx, "market = $1 AND state = $2 AND billed <> net ORDER BY id LIMIT 100", market, string(BilledThere))
		return err
	})
	return r, err
}
