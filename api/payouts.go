package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/payout"
)

// Payee is an account that a publisher's payouts go to, or are to go to.
type Payee struct {
	ID         string    `json:"id"`
	Publisher  string    `json:"publisher"`
	Name       string    `json:"name,omitempty" doc:"of its holder; for those who may change it"`
	IBAN       string    `json:"iban,omitempty" doc:"for those who may change it"`
	BIC        string    `json:"bic,omitempty" doc:"for those who may change it"`
	Masked     string    `json:"masked" doc:"what others see of the number"`
	From       time.Time `json:"from" doc:"from when on it is used when no second person approves it"`
	CreatedAt  time.Time `json:"createdAt"`
	CreatedBy  string    `json:"createdBy"`
	ApprovedAt time.Time `json:"approvedAt,omitzero"`
}

func payee(p payout.Payee) Payee {
	return Payee{ID: p.ID, Publisher: p.Publisher, Name: p.Name, IBAN: p.IBAN.Electronic(), BIC: string(p.BIC), Masked: p.Masked, From: p.From, CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy,
		ApprovedAt: p.ApprovedAt}
}

// Payees are the account that payouts go to now, and the one that waits.
type Payees struct {
	Used    *Payee `json:"used,omitempty" doc:"left out: there is none, and nothing is paid out"`
	Waiting *Payee `json:"waiting,omitempty" doc:"used once a second person approves it, or from its day on"`
}

// NewPayee is an account as people write it.
type NewPayee struct {
	Name string `json:"name" maxLength:"200" doc:"of its holder"`
	IBAN string `json:"iban" maxLength:"50"`
	BIC  string `json:"bic,omitempty" maxLength:"11" doc:"may be left out inside the European Economic Area"`
}

// PayoutRun is a file of credit transfers to publishers.
type PayoutRun struct {
	ID         string          `json:"id"`
	Entity     string          `json:"entity" doc:"the legal entity whose account pays"`
	State      payout.RunState `json:"state" enum:"prepared,approved,handed,dropped"`
	Message    string          `json:"message" doc:"identifier of the file for the bank"`
	On         price.Date      `json:"on" doc:"when the bank carries it out"`
	Count      int64           `json:"count"`
	Total      money.Amount    `json:"total"`
	CreatedAt  time.Time       `json:"createdAt"`
	CreatedBy  string          `json:"createdBy"`
	ApprovedAt time.Time       `json:"approvedAt,omitzero"`
	ApprovedBy string          `json:"approvedBy,omitempty"`
	HandedAt   time.Time       `json:"handedAt,omitzero"`
	Payouts    []PayoutItem    `json:"payouts,omitempty" doc:"of getPayoutRun"`
}

// PayoutItem is what a run pays to one publisher, and what became of it.
type PayoutItem struct {
	Payout
	EndToEnd string `json:"endToEnd" doc:"comes back with every answer of the bank"`
	Account  string `json:"account" doc:"masked"`
	Code     string `json:"code,omitempty" doc:"why the bank sent it back (ISO 20022)"`
}

func payoutRun(k payout.Run) PayoutRun {
	out := PayoutRun{ID: k.ID, Entity: k.Entity, State: k.State, Message: k.Message, On: k.On, Count: k.Count, Total: k.Total, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		ApprovedAt: k.ApprovedAt, ApprovedBy: k.ApprovedBy, HandedAt: k.HandedAt}
	for _, i := range k.Items {
		out.Payouts = append(out.Payouts, PayoutItem{Payout: payoutOf(i.Payout), EndToEnd: i.EndToEnd, Account: i.Masked, Code: i.Payout.Code})
	}
	return out
}

// PayoutCandidate is a publisher to whom something is due in euros.
type PayoutCandidate struct {
	Publisher string       `json:"publisher"`
	Amount    money.Amount `json:"amount"`
	Account   string       `json:"account,omitempty" doc:"masked"`
	Why       string       `json:"why,omitempty" enum:"threshold,account,waiting,erased" doc:"why the next run leaves it out"`
}

func candidate(c payout.Candidate) PayoutCandidate {
	return PayoutCandidate{Publisher: c.Publisher, Amount: c.Amount, Account: c.Masked, Why: c.Why}
}

// PayeePath names an account.
type PayeePath struct {
	Payee string `path:"payee"`
}

// PayoutRunPath names a run.
type PayoutRunPath struct {
	Run string `path:"run"`
}

func (s *server) payeeRoutes() {
	const tag = "payouts"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/payout-account", id: "getPayees", summary: "The account that a publisher's payouts go to", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[Payees], error) {
			used, waiting, err := s.Payouts.Payees(ctx, c, in.Org)
			var out Payees
			if used != nil {
				one := payee(*used)
				out.Used = &one
			}
			if waiting != nil {
				one := payee(*waiting)
				out.Waiting = &one
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/payout-account", id: "setPayee", summary: "Name the account that payouts are to go to", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewPayee
		}) (*Body[Payee], error) {
			p, err := s.Payouts.SetPayee(ctx, c, payout.PayeeInput{Publisher: in.Org, Name: in.Body.Name, IBAN: in.Body.IBAN, BIC: in.Body.BIC})
			return body(payee(p), err)
		})
	s.payeeRoute("approve", "approvePayee", "Let an account be used at once, as a second person", s.Payouts.ApprovePayee)
	s.payeeRoute("drop", "dropPayee", "Stop an account that waits", s.Payouts.DropPayee)
}

func (s *server) payeeRoute(word, name, summary string, f func(context.Context, access.Caller, string) (payout.Payee, error)) {
	add(s, route{method: http.MethodPost, path: "/payout-accounts/{payee}/" + word, id: name, summary: summary, tag: "payouts"},
		func(ctx context.Context, c access.Caller, in *PayeePath) (*Body[Payee], error) {
			p, err := f(ctx, c, in.Payee)
			return body(payee(p), err)
		})
}

func (s *server) payoutRunRoutes() {
	const tag = "payouts"
	add(s, route{method: http.MethodGet, path: "/payout-candidates", id: "listPayoutCandidates", summary: "To whom something is due, and whom the next run leaves out", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[PayoutCandidate]], error) {
			list, err := s.Payouts.Candidates(ctx, c)
			return listOf(list, "", candidate, err)
		})
	add(s, route{method: http.MethodPost, path: "/payout-runs", id: "preparePayoutRun", summary: "Prepare a run of all that is due in euros", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[PayoutRun], error) {
			k, err := s.Payouts.Prepare(ctx, c)
			return body(payoutRun(k), err)
		})
	add(s, route{method: http.MethodGet, path: "/payout-runs", id: "listPayoutRuns", summary: "Runs of payouts, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Cursor string `query:"cursor" maxLength:"512"`
		}) (*Body[List[PayoutRun]], error) {
			list, next, err := s.Payouts.Runs(ctx, c, in.Cursor)
			return listOf(list, next, payoutRun, err)
		})
	s.payoutRunRoute(http.MethodGet, "", "getPayoutRun", "One run with what became of each payout", s.Payouts.Run)
	s.payoutRunRoute(http.MethodPost, "/approve", "approvePayoutRun", "Approve a run, as a second person", s.Payouts.Approve)
	s.payoutRunRoute(http.MethodPost, "/hand-over", "handOverPayoutRun", "Say that the bank has the file", s.Payouts.HandOver)
	s.payoutRunRoute(http.MethodPost, "/drop", "dropPayoutRun", "Give a run up that is not at the bank", s.Payouts.Drop)
	s.raw(route{method: http.MethodGet, path: "/payout-runs/{run}/file", id: "getPayoutRunFile", summary: "The file for the bank (pain.001.001.09), once a second person approved the run", tag: tag},
		"/payout-runs/{run}/file", rawDoc{gives: []string{"application/xml"}}, s.payoutRunFile)
}

func (s *server) payoutRunRoute(method, word, name, summary string, f func(context.Context, access.Caller, string) (payout.Run, error)) {
	add(s, route{method: method, path: "/payout-runs/{run}" + word, id: name, summary: summary, tag: "payouts"},
		func(ctx context.Context, c access.Caller, in *PayoutRunPath) (*Body[PayoutRun], error) {
			k, err := f(ctx, c, in.Run)
			return body(payoutRun(k), err)
		})
}

func (s *server) payoutRunFile(w http.ResponseWriter, r *http.Request) error {
	file, _, err := s.Payouts.File(r.Context(), callerOf(r), r.PathValue("run"))
	if err != nil {
		return err
	}
	name := r.PathValue("run")
	if _, _, _, ok := id.Parts(name); !ok {
		name = "payouts"
	}
	return s.file(w, r, "application/xml", name+".xml", func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}
