package api

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/money"
)

// MarketBilling is who bills what a market sells.
type MarketBilling struct {
	Mode   billing.Mode `json:"mode" enum:"own,handover" doc:"own: invoices from here; handover: another system of the operator bills the charges"`
	System string       `json:"system,omitempty" maxLength:"60" doc:"what the other system is called"`
}

// HandOver is a batch of charges that was given to another billing system.
type HandOver struct {
	ID     string    `json:"id"`
	Market string    `json:"market"`
	Number int64     `json:"number" doc:"1, 2, 3 … of the market, without gaps"`
	Lines  int64     `json:"lines"`
	MadeAt time.Time `json:"madeAt"`
}

func handOver(b handover.Batch) HandOver {
	return HandOver{ID: b.ID, Market: b.Market, Number: b.Number, Lines: b.Lines, MadeAt: b.MadeAt}
}

// HandOverLine is one line of a statement of charges on its way.
type HandOverLine struct {
	ID       string         `json:"id" doc:"document and number: the key by which the other system knows a line twice"`
	Batch    string         `json:"batch,omitempty"`
	Document string         `json:"document" doc:"the statement of charges: its proof verifies the line offline"`
	Line     int            `json:"line"`
	Org      string         `json:"org"`
	Net      money.Amount   `json:"net"`
	State    handover.State `json:"state" enum:"waiting,handed,acknowledged,refused,billed"`
	Reason   string         `json:"reason,omitempty"`
	Bill     string         `json:"bill,omitempty" doc:"number of the other system's bill"`
	Billed   money.Amount   `json:"billed" doc:"without tax, as it stands on that bill"`
	Attempt  int64          `json:"attempt"`
}

func handOverLine(l handover.Line) HandOverLine {
	return HandOverLine{ID: l.ID, Batch: l.Batch, Document: l.Document, Line: l.No, Org: l.Org, Net: l.Net, State: l.State, Reason: l.Reason, Bill: l.Bill, Billed: l.Billed, Attempt: l.Attempt}
}

// HandOverAnswers are what the other system says of lines.
type HandOverAnswers struct {
	Answers []HandOverAnswer `json:"answers" minItems:"1" maxItems:"10000"`
}

// HandOverAnswer is what it says of one.
type HandOverAnswer struct {
	Line   string         `json:"line"`
	State  handover.State `json:"state" enum:"acknowledged,refused,billed"`
	Reason string         `json:"reason,omitempty" doc:"of a refusal"`
	Bill   string         `json:"bill,omitempty" doc:"number of the bill that it stands on"`
	Amount money.Amount   `json:"amount,omitzero" doc:"without tax, as it stands there"`
}

// HandOverOutcome is what became of an answer.
type HandOverOutcome struct {
	Line    string `json:"line"`
	Changed bool   `json:"changed" doc:"false when it was known already, or was not taken"`
	Problem string `json:"problem,omitempty" doc:"why it was not taken"`
}

// HandOverSum is how much is in one state.
type HandOverSum struct {
	State handover.State `json:"state,omitempty"`
	Lines int64          `json:"lines"`
	Net   money.Amount   `json:"net"`
}

// HandOverReconciliation compares what was stated with what became of it.
type HandOverReconciliation struct {
	Billing MarketBilling  `json:"billing"`
	Stated  []HandOverSum  `json:"stated" nullable:"false" doc:"all that was ever stated, by currency: the sums come to it"`
	Sums    []HandOverSum  `json:"sums" nullable:"false" doc:"by state and currency"`
	Differs []HandOverLine `json:"differs" nullable:"false" doc:"billed there with another amount, at most 100"`
}

func reconciliation(r handover.Reconciliation) HandOverReconciliation {
	out := HandOverReconciliation{Billing: MarketBilling{Mode: r.Billed.Mode, System: r.Billed.System}, Stated: []HandOverSum{}, Sums: []HandOverSum{}, Differs: []HandOverLine{}}
	for _, s := range r.Stated {
		out.Stated = append(out.Stated, HandOverSum(s))
	}
	for _, s := range r.Sums {
		out.Sums = append(out.Sums, HandOverSum(s))
	}
	for _, l := range r.Differs {
		out.Differs = append(out.Differs, handOverLine(l))
	}
	return out
}

// HandOverPath names a batch in the address.
type HandOverPath struct {
	HandOver string `path:"handover"`
}

// BilledMarket names a market in the address.
type BilledMarket struct {
	Market string `path:"market"`
}

func (s *server) handOverRoutes() {
	const tag = "hand-over"
	add(s, route{method: http.MethodGet, path: "/markets/{market}/billing", id: "getMarketBilling", summary: "Who bills what a market sells, and what became of what was handed over", tag: tag},
		func(ctx context.Context, c access.Caller, in *BilledMarket) (*Body[HandOverReconciliation], error) {
			r, err := s.Handovers.Reconcile(ctx, c, in.Market)
			return body(reconciliation(r), err)
		})
	add(s, route{method: http.MethodPut, path: "/markets/{market}/billing", id: "setMarketBilling", summary: "Set who bills what a market sells from now on", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			BilledMarket
			Body MarketBilling
		}) (*Body[MarketBilling], error) {
			err := s.Invoices.SetBilled(ctx, c, billing.Billed{Market: in.Market, Mode: in.Body.Mode, System: in.Body.System})
			return body(in.Body, err)
		})
	add(s, route{method: http.MethodGet, path: "/markets/{market}/handovers", id: "listHandOvers", summary: "Batches that were handed over, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			BilledMarket
			Page
		}) (*Body[List[HandOver]], error) {
			before, err := number(in.Cursor)
			if err != nil {
				return nil, err
			}
			list, err := s.Handovers.Batches(ctx, c, in.Market, before, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = strconv.FormatInt(list[len(list)-1].Number, 10)
			}
			return listOf(list, next, handOver, err)
		})
	add(s, route{method: http.MethodPost, path: "/markets/{market}/handovers", id: "makeHandOver", summary: "Put what waits into the next batch; none when nothing waits", tag: tag},
		func(ctx context.Context, c access.Caller, in *BilledMarket) (*Body[List[HandOver]], error) {
			b, made, err := s.Handovers.Make(ctx, c, in.Market)
			list := []handover.Batch{b}
			if !made {
				list = nil
			}
			return listOf(list, "", handOver, err)
		})
	s.oneHandOver(tag)
}

func (s *server) oneHandOver(tag string) {
	add(s, route{method: http.MethodGet, path: "/handovers/{handover}/lines", id: "listHandOverLines", summary: "Lines of a batch", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			HandOverPath
			Page
			State string `query:"state" doc:"only those in this state"`
		}) (*Body[List[HandOverLine]], error) {
			list, err := s.Handovers.Lines(ctx, c, in.HandOver, handover.State(in.State), in.Cursor, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = list[len(list)-1].ID
			}
			return listOf(list, next, handOverLine, err)
		})
	add(s, route{method: http.MethodPost, path: "/handovers/{handover}/answers", id: "answerHandOver", summary: "Say what became of lines: acknowledged, refused or billed; the same again changes nothing", tag: tag, maxBody: 8 << 20},
		func(ctx context.Context, c access.Caller, in *struct {
			HandOverPath
			Body HandOverAnswers
		}) (*Body[List[HandOverOutcome]], error) {
			var answers []handover.Answer
			for _, a := range in.Body.Answers {
				answers = append(answers, handover.Answer(a))
			}
			list, err := s.Handovers.Answer(ctx, c, in.HandOver, answers)
			return listOf(list, "", func(o handover.Outcome) HandOverOutcome { return HandOverOutcome(o) }, err)
		})
	add(s, route{method: http.MethodPost, path: "/handovers/{handover}/again", id: "handOverAgain", summary: "Let the refused lines of a batch wait for the next one", tag: tag},
		func(ctx context.Context, c access.Caller, in *HandOverPath) (*Empty, error) {
			_, err := s.Handovers.Again(ctx, c, in.HandOver)
			return empty(err)
		})
	s.raw(route{method: http.MethodGet, path: "/handovers/{handover}/file", id: "getHandOverFile", tag: tag,
		summary: "A batch as a file: format csv (the default), jsonl, tmf678 (AppliedCustomerBillingRate) or tmf635 (Usage)"},
		"/handovers/{handover}/file", rawDoc{gives: []string{"text/csv", "application/x-ndjson", "application/json"}, query: []string{"format"}},
		func(w http.ResponseWriter, r *http.Request) error {
			f, err := s.Handovers.File(r.Context(), callerOf(r), r.PathValue("handover"), handover.Format(cmp.Or(r.URL.Query().Get("format"), string(handover.CSV))))
			if err != nil {
				return err
			}
			return s.file(w, r, f.Type, f.Name, func(w io.Writer) error { return f.Write(w) })
		})
}
