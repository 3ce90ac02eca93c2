package monthclose

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
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
	Outbox   *mail.Outbox
	Queue    *job.Queue
	Site     string // address of the portal, for links in mails
}

// Closes is the service. Safe for concurrent use.
type Closes struct {
	Config
	texts *mail.Texts
}

// jobRun is the job that works a close off; its key is the close.
const jobRun = "close.run"

// New makes the service and gives its job to the queue; it errors when a mail text is missing.
func New(c Config) (*Closes, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	s := &Closes{Config: c, texts: texts}
	c.Queue.Handle(jobRun, func(ctx context.Context, j job.Job) error { return s.Work(ctx, j.Key) })
	return s, nil
}

// Prepare begins to close a month of the markets that the caller's organisation runs, or joins the close of that month
// that runs; one that is sent but failed for some is taken up again. Refused while another month is being closed, with
// who does it, and before the month is over. Operator's staff may, as persons.
func (s *Closes) Prepare(ctx context.Context, c access.Caller, month Month) (out Close, err error) {
	if month.End(time.UTC).After(s.Now()) {
		return out, fail.New(fail.Invalid, "close.early", fmt.Sprintf("The month %s is not over.", month), "Close a month that is over.").Field("month", "is not over")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if err := s.allowed(tx, c, access.ClosePrepare, Close{Org: c.Org}); err != nil {
			return err
		}
		running, err := selectRunning(tx, c.Org)
		if err != nil {
			return err
		}
		for _, one := range running {
			if one.Month == month {
				out = one
				return s.counted(tx, &out)
			}
			return fail.New(fail.Conflict, "close.running", fmt.Sprintf("The month %s is being closed since %s, by %s.", one.Month, one.BeganAt.Format("2006-01-02 15:04 UTC"), one.Preparer),
				"Finish or discard that one first.").With("close", one.ID).With("by", one.Preparer)
		}
		out, err = s.begin(tx, c, month)
		return err
	})
	return out, err
}

// begin makes a new close, or takes up the last one of the month when it failed for some.
func (s *Closes) begin(tx *store.Tx, c access.Caller, month Month) (Close, error) {
	last, err := selectCloses(tx, c.Org, "", 1)
	if err != nil {
		return Close{}, err
	}
	if len(last) == 1 && last[0].Month == month && last[0].State == StateSent {
		if err := s.counted(tx, &last[0]); err != nil {
			return Close{}, err
		}
		if last[0].Failed > 0 {
			return s.again(tx, c, last[0])
		}
	}
	one := Close{ID: s.IDs.New("clo"), Org: c.Org, Month: month, State: StatePreparing, Round: 1, Preparer: c.Ref(), BeganAt: s.Now()}
	if err := insertClose(tx, one); err != nil {
		if store.IsUnique(err) {
			err = store.Retry(err) // a rival began one: the next run joins it or says who
		}
		return one, err
	}
	return one, s.enqueue(tx, one.ID)
}

func (s *Closes) enqueue(tx *store.Tx, id string) error {
	return s.Queue.Enqueue(tx, job.Job{Kind: jobRun, Key: id, MaxAttempts: 1000})
}

// Again works out anew what is not issued: what changed, and what failed. It needs approval again. Operator's staff may,
// as persons.
func (s *Closes) Again(ctx context.Context, c access.Caller, id string) (Close, error) {
	return s.command(ctx, c, access.ClosePrepare, id, func(tx *store.Tx, one Close) (Close, error) {
		if one.State == StateSent && one.Failed == 0 {
			return one, fail.New(fail.Conflict, "close.state", "Nothing failed in this close.", "Begin a new one if more has come.")
		}
		return s.again(tx, c, one)
	})
}

func (s *Closes) again(tx *store.Tx, c access.Caller, one Close) (Close, error) {
	if one.State.ended() {
		running, err := selectRunning(tx, one.Org)
		if err != nil {
			return one, err
		}
		if len(running) > 0 {
			return one, fail.New(fail.Conflict, "close.running", fmt.Sprintf("The month %s is being closed by %s.", running[0].Month, running[0].Preparer), "Finish or discard that one first.").
				With("close", running[0].ID).With("by", running[0].Preparer)
		}
	}
	was := one
	one.Round++
	one.Preparer, one.Approver, one.PreparedAt, one.ApprovedAt, one.EndedAt = c.Ref(), "", time.Time{}, time.Time{}, time.Time{}
	if err := s.move(tx, &one, was, CommandPrepare, c.Ref()); err != nil {
		return one, err
	}
	return one, s.enqueue(tx, one.ID)
}

// Approve releases what was worked out in a round for issuing. Another person than the one who prepared it may; it is
// refused when the amounts were worked out again since that round.
func (s *Closes) Approve(ctx context.Context, c access.Caller, id string, round int64) (Close, error) {
	return s.command(ctx, c, access.CloseApprove, id, func(tx *store.Tx, one Close) (Close, error) {
		if one.Round != round {
			return one, fail.New(fail.Conflict, "close.round", "The amounts were worked out again since you looked at them.", "Look at them once more, then approve.").
				With("round", strconv.FormatInt(one.Round, 10))
		}
		was := one
		one.Approver, one.ApprovedAt = c.Ref(), s.Now()
		if err := s.move(tx, &one, was, CommandApprove, c.Ref()); err != nil {
			return one, err
		}
		return one, s.enqueue(tx, one.ID)
	})
}

// Discard ends a close of which nothing was issued; the charges stay for the next one. Operator's staff may, as persons.
func (s *Closes) Discard(ctx context.Context, c access.Caller, id string) (Close, error) {
	return s.command(ctx, c, access.ClosePrepare, id, func(tx *store.Tx, one Close) (Close, error) {
		if one.Issued+one.Sent > 0 {
			return one, fail.New(fail.Conflict, "close.issued", "Invoices of this close are issued: it cannot be undone.", "Approve the rest, or credit an invoice.")
		}
		was := one
		one.EndedAt = s.Now()
		err := s.move(tx, &one, was, CommandDiscard, c.Ref())
		return one, err
	})
}

// command authorises and changes one close in a transaction.
func (s *Closes) command(ctx context.Context, c access.Caller, a access.Action, id string, do func(tx *store.Tx, one Close) (Close, error)) (out Close, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		one, err := s.find(tx, c, a, id)
		if err != nil {
			return err
		}
		out, err = do(tx, one)
		return err
	})
	if err != nil {
		return Close{}, err
	}
	return out, nil
}

// move takes a close through the table of states and records its fact.
func (s *Closes) move(tx *store.Tx, one *Close, was Close, command Command, actor string) error {
	t, err := next(was.State, command)
	if err != nil {
		return err
	}
	one.State = t.To
	if err := updateClose(tx, was.State, was.Round, *one); err != nil || t.Fact == "" {
		return err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: t.Fact, Aggregate: one.ID, Owner: one.Org, Actor: actor, At: s.Now(), Machine: Fact{Close: one.ID, Org: one.Org,
		Month: one.Month.String(), Round: one.Round, State: one.State, Preparer: one.Preparer, Approver: one.Approver, Ready: one.Ready, Issued: one.Issued,
		Sent: one.Sent, Failed: one.Failed, Totals: one.Totals}})
	return err
}

func (s *Closes) counted(tx *store.Tx, one *Close) (err error) {
	one.Counts, err = selectCounts(tx, one.ID)
	return err
}

func (s *Closes) find(tx *store.Tx, c access.Caller, a access.Action, id string) (Close, error) {
	one, err := selectClose(tx, id)
	if err != nil {
		return one, err
	}
	if err := s.allowed(tx, c, a, one); err != nil {
		return Close{}, err
	}
	return one, s.counted(tx, &one)
}

func (s *Closes) allowed(tx *store.Tx, c access.Caller, a access.Action, one Close) error {
	o, err := s.Parties.Lookup(tx, one.Org)
	if err != nil {
		return err
	}
	r := o.Resource("close", one.ID)
	r.Author = one.Preparer
	return s.Policy.Check(c, a, r)
}

// Close gives one with its progress. Operator's staff and its auditors may.
func (s *Closes) Close(ctx context.Context, c access.Caller, id string) (out Close, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		out, err = s.find(tx, c, access.CloseRead, id)
		return err
	})
	return out, err
}

const pageSize = 50

// Closes lists the closes of the caller's organisation, newest first, after a cursor. Operator's staff and its auditors
// may.
func (s *Closes) Closes(ctx context.Context, c access.Caller, cursor string) (list []Close, after string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		after = ""
		if err := s.allowed(tx, c, access.CloseRead, Close{Org: c.Org}); err != nil {
			return err
		}
		if list, err = selectCloses(tx, c.Org, cursor, pageSize+1); err != nil {
			return err
		}
		if len(list) > pageSize {
			list = list[:pageSize]
			after = list[pageSize-1].ID
		}
		for n := range list {
			if err := s.counted(tx, &list[n]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, after, err
}

// Filter narrows a list of customers.
type Filter struct {
	State    ItemState // "" for all
	Standing bool      // only those that stand out
}

// Customers lists what a close does for each customer: those that stand out first, the largest change first. Operator's
// staff and its auditors may.
func (s *Closes) Customers(ctx context.Context, c access.Caller, id string, f Filter, cursor string) (list []Item, after string, err error) {
	at := position{rank: 1<<63 - 1}
	if cursor != "" {
		rank, org, _ := strings.Cut(cursor, "_")
		if at.rank, err = strconv.ParseInt(rank, 36, 64); err != nil {
			return nil, "", fail.New(fail.Invalid, "close.cursor", "This is not where a list goes on.", "Take the cursor from the answer before.").Field("cursor", "is unknown")
		}
		at.org = org
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		after = ""
		if _, err := s.find(tx, c, access.CloseRead, id); err != nil {
			return err
		}
		if list, err = selectItems(tx, id, f.State, f.Standing, at, pageSize+1); err != nil {
			return err
		}
		if len(list) > pageSize {
			list = list[:pageSize]
			last := list[pageSize-1]
			after = strconv.FormatInt(last.rank, 36) + "_" + last.Org
		}
		return nil
	})
	return list, after, err
}
