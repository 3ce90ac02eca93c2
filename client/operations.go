// Code generated from api/openapi.json by generate_test.go; DO NOT EDIT.

package client

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// AcceptDispute: Give the customer right: the events are corrected.
func (c *Client) AcceptDispute(ctx context.Context, dispute string, body Answered) (out Dispute, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/disputes/{dispute}/accept", values: []string{dispute}, body: body}, &out)
	return out, err
}

// AcceptInvitation: Accept an invitation.
func (c *Client) AcceptInvitation(ctx context.Context, body AcceptInvitationRequest) (out SignedUp, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/invitations/acceptances", body: body}, &out)
	return out, err
}

// AcceptLicence: Accept a customer's own licence, as its publisher.
func (c *Client) AcceptLicence(ctx context.Context, licence string) (out Licence, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/licences/{licence}/accept", values: []string{licence}}, &out)
	return out, err
}

// AcceptRemedy: Let the data lie where it is for a time, and say why.
func (c *Client) AcceptRemedy(ctx context.Context, remedy string, body NewAcceptance) (out Remedy, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/remedies/{remedy}/accept", values: []string{remedy}, body: body}, &out)
	return out, err
}

// Act: Act for another organisation, on behalf of a customer, or for a purpose.
func (c *Client) Act(ctx context.Context, body Acting) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/session/acting", body: body}, nil)
}

// AdoptCopy: Register a copy that was found and that nobody had registered.
func (c *Client) AdoptCopy(ctx context.Context, copy string, body CopyNote) (out Copy, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/copies/{copy}/adopt", values: []string{copy}, body: body}, &out)
	return out, err
}

// AnswerHandOver: Say what became of lines: acknowledged, refused or billed; the same again changes nothing.
func (c *Client) AnswerHandOver(ctx context.Context, handover string, body HandOverAnswers) (out ListHandOverOutcome, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/handovers/{handover}/answers", values: []string{handover}, body: body}, &out)
	return out, err
}

// AnswerWorkOrder: Do a work order's present step.
func (c *Client) AnswerWorkOrder(ctx context.Context, operation string, body json.RawMessage) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/work-orders/{operation}/answer", values: []string{operation}, body: body}, nil)
}

// ApproveClose: Release a close for issuing, as another person than the one who prepared it.
func (c *Client) ApproveClose(ctx context.Context, close string, body ApproveCloseRequest) (out MonthClose, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/closes/{close}/approve", values: []string{close}, body: body}, &out)
	return out, err
}

// ApproveOrderParams are the parameters of ApproveOrder.
type ApproveOrderParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// ApproveOrder: Release a held order.
func (c *Client) ApproveOrder(ctx context.Context, order string, p ApproveOrderParams) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/orders/{order}/approve", values: []string{order}, params: p}, &out)
	return out, err
}

// ApprovePayee: Let an account be used at once, as a second person.
func (c *Client) ApprovePayee(ctx context.Context, payee string) (out Payee, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-accounts/{payee}/approve", values: []string{payee}}, &out)
	return out, err
}

// ApprovePayoutRun: Approve a run, as a second person.
func (c *Client) ApprovePayoutRun(ctx context.Context, run string) (out PayoutRun, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-runs/{run}/approve", values: []string{run}}, &out)
	return out, err
}

// ApproveResidencyProposal: Let a proposed change hold, as a second person.
func (c *Client) ApproveResidencyProposal(ctx context.Context, proposal string, body ApproveResidencyProposalRequest) (out ResidencyProposal, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/residency-proposals/{proposal}/approve", values: []string{proposal}, body: body}, &out)
	return out, err
}

// AskConfirm: Ask for a new link to confirm your address.
func (c *Client) AskConfirm(ctx context.Context) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/me/confirmation"}, nil)
}

// AskReset: Ask for a link to set a new password.
func (c *Client) AskReset(ctx context.Context, body AskResetRequest) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/password-resets", body: body}, nil)
}

// AssignSeat: Give a named seat to a person.
func (c *Client) AssignSeat(ctx context.Context, service string, body SeatOwner) (out NamedSeat, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/named-seats", values: []string{service}, body: body}, &out)
	return out, err
}

// BookFee: Book what collecting an invoice cost, shared as the split rule says.
func (c *Client) BookFee(ctx context.Context, invoice string, body NewFee) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/invoices/{invoice}/fees", values: []string{invoice}, body: body}, nil)
}

// CancelOrderParams are the parameters of CancelOrder.
type CancelOrderParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// CancelOrder: Ask to stop an order.
func (c *Client) CancelOrder(ctx context.Context, order string, p CancelOrderParams, body Reason) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/orders/{order}/cancel", values: []string{order}, params: p, body: body}, &out)
	return out, err
}

// CancelServiceParams are the parameters of CancelService.
type CancelServiceParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// CancelService: End a service.
func (c *Client) CancelService(ctx context.Context, service string, p CancelServiceParams) (out Service, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/cancel", values: []string{service}, params: p}, &out)
	return out, err
}

// ChangeManaged: Manage the application of a service (path such as devices/pump-7).
func (c *Client) ChangeManaged(ctx context.Context, service, path string, body []byte) (out json.RawMessage, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/manage/{path}", values: []string{service, path}, raw: body, media: "application/json"}, &out)
	return out, err
}

// ChangePassword: Set a new password; your other sessions end.
func (c *Client) ChangePassword(ctx context.Context, body ChangePasswordRequest) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/me/password", body: body}, nil)
}

// ChangeServiceParams are the parameters of ChangeService.
type ChangeServiceParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Idempotency-Key
}

// ChangeService: Order another plan or other settings.
func (c *Client) ChangeService(ctx context.Context, service string, p ChangeServiceParams, body ServiceChange) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/change", values: []string{service}, params: p, body: body}, &out)
	return out, err
}

// CheckLedger: Prove the books.
func (c *Client) CheckLedger(ctx context.Context) (out LedgerReport, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/check"}, &out)
	return out, err
}

// CheckVAT: Ask now about the VAT identifier of a legal entity.
func (c *Client) CheckVAT(ctx context.Context, org, entity string) (out VATCheck, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/entities/{entity}/vat-checks", values: []string{org, entity}}, &out)
	return out, err
}

// CloseRevenueStatements: Close what a publisher earned up to a day.
func (c *Client) CloseRevenueStatements(ctx context.Context, org string, body Through) (out ListRevenueStatementRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/revenue-statements", values: []string{org}, body: body}, &out)
	return out, err
}

// CompareLicenceParams are the parameters of CompareLicence.
type CompareLicenceParams struct {
	Plan   string `query:"plan"`   // the other plan
	Offer  string `query:"offer"`  // key or id of the other offer; empty: the same
	Months int64  `query:"months"` // how many billing months to look back at; 0: 12
}

// CompareLicence: A licence beside a plan that is paid by use: cost by month, break-even, what is owed back.
func (c *Client) CompareLicence(ctx context.Context, service string, p CompareLicenceParams) (out Conversion, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/conversion", values: []string{service}, params: p}, &out)
	return out, err
}

// ComparePricesParams are the parameters of ComparePrices.
type ComparePricesParams struct {
	Plan  string    `query:"plan"`  // the other plan
	Offer string    `query:"offer"` // key or id of the other offer; empty: the same
	At    time.Time `query:"at"`    // an instant of the billing period; empty: the present one, so far
}

// ComparePrices: What a billing period would have cost by another plan.
func (c *Client) ComparePrices(ctx context.Context, service string, p ComparePricesParams) (out Comparison, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/comparison", values: []string{service}, params: p}, &out)
	return out, err
}

// ConfirmAddress: Use the link that proves an address.
func (c *Client) ConfirmAddress(ctx context.Context, body Secret) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/confirmations", body: body}, nil)
}

// CreateMarket: Make a market.
func (c *Client) CreateMarket(ctx context.Context, body Market) (out Market, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/markets", body: body}, &out)
	return out, err
}

// CreateOrganisation: Create an organisation below another.
func (c *Client) CreateOrganisation(ctx context.Context, body NewOrganisation) (out Organisation, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations", body: body}, &out)
	return out, err
}

// CreateQuote: Work out a price and keep it for 14 days.
func (c *Client) CreateQuote(ctx context.Context, body OrderQuoteInput) (out Quote, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/quotes", body: body}, &out)
	return out, err
}

// CreateToken: Make a token.
func (c *Client) CreateToken(ctx context.Context, org string, body NewToken) (out CreatedToken, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/tokens", values: []string{org}, body: body}, &out)
	return out, err
}

// CreditInvoice: Take an invoice back by a credit note, whole or in part.
func (c *Client) CreditInvoice(ctx context.Context, invoice string, body NewCreditNote) (out InvoiceRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/invoices/{invoice}/credit", values: []string{invoice}, body: body}, &out)
	return out, err
}

// DecideMovement: Say what a movement is that did not match.
func (c *Client) DecideMovement(ctx context.Context, movement string, body MovementDecision) (out Movement, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/movements/{movement}/decision", values: []string{movement}, body: body}, &out)
	return out, err
}

// DecideVAT: Keep a VAT identifier that is no longer valid, or withdraw it.
func (c *Client) DecideVAT(ctx context.Context, check string, body VATVerdict) (out VATCheck, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/vat-desk/{check}", values: []string{check}, body: body}, &out)
	return out, err
}

// DeclareLicence: Bring an own licence; it counts once its publisher has accepted it.
func (c *Client) DeclareLicence(ctx context.Context, service string, body OwnLicence) (out Licence, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/licences", values: []string{service}, body: body}, &out)
	return out, err
}

// DeleteManaged: Manage the application of a service (path such as devices/pump-7).
func (c *Client) DeleteManaged(ctx context.Context, service, path string) (out json.RawMessage, err error) {
	err = c.call(ctx, request{method: "DELETE", path: "/api/v1/services/{service}/manage/{path}", values: []string{service, path}}, &out)
	return out, err
}

// DiscardClose: End a close of which nothing was issued.
func (c *Client) DiscardClose(ctx context.Context, close string) (out MonthClose, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/closes/{close}/discard", values: []string{close}}, &out)
	return out, err
}

// DraftInvoicesParams are the parameters of DraftInvoices.
type DraftInvoicesParams struct {
	UpTo time.Time `query:"upTo"` // left out: now
}

// DraftInvoices: What would be invoiced.
func (c *Client) DraftInvoices(ctx context.Context, org string, p DraftInvoicesParams) (out ListInvoice, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/invoice-drafts", values: []string{org}, params: p}, &out)
	return out, err
}

// DropCollection: Give a collection up that is not at the bank.
func (c *Client) DropCollection(ctx context.Context, collection string) (out Collection, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/collections/{collection}/drop", values: []string{collection}}, &out)
	return out, err
}

// DropPayee: Stop an account that waits.
func (c *Client) DropPayee(ctx context.Context, payee string) (out Payee, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-accounts/{payee}/drop", values: []string{payee}}, &out)
	return out, err
}

// DropPayoutRun: Give a run up that is not at the bank.
func (c *Client) DropPayoutRun(ctx context.Context, run string) (out PayoutRun, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-runs/{run}/drop", values: []string{run}}, &out)
	return out, err
}

// EndPayout: Note that the bank has paid or returned a payout.
func (c *Client) EndPayout(ctx context.Context, payout string, body PayoutEnd) (out Payout, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payouts/{payout}/end", values: []string{payout}, body: body}, &out)
	return out, err
}

// EndSession: End one of your sessions.
func (c *Client) EndSession(ctx context.Context, session string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/me/sessions/{session}", values: []string{session}}, nil)
}

// EscalateDispute: Ask the operator after the publisher has refused.
func (c *Client) EscalateDispute(ctx context.Context, dispute string, body Answered) (out Dispute, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/disputes/{dispute}/escalate", values: []string{dispute}, body: body}, &out)
	return out, err
}

// ExplainChargeParams are the parameters of ExplainCharge.
type ExplainChargeParams struct {
	Language string `query:"language"` // language
}

// ExplainCharge: How a charge came about, step by step.
func (c *Client) ExplainCharge(ctx context.Context, charge string, p ExplainChargeParams) (out Explanation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/charges/{charge}/explanation", values: []string{charge}, params: p}, &out)
	return out, err
}

// ExplainInvoiceLineParams are the parameters of ExplainInvoiceLine.
type ExplainInvoiceLineParams struct {
	Language string `query:"language"` // language
}

// ExplainInvoiceLine: How a line of an invoice came about, step by step.
func (c *Client) ExplainInvoiceLine(ctx context.Context, invoice, line string, p ExplainInvoiceLineParams) (out Explanation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/lines/{line}/explanation", values: []string{invoice, line}, params: p}, &out)
	return out, err
}

// ExplainResidencyPolicy: Where data may live and why not elsewhere, for up to 1,000 questions.
func (c *Client) ExplainResidencyPolicy(ctx context.Context, org string, body ExplainResidencyPolicyRequest) (out ListExplanation, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/residency-policy/explain", values: []string{org}, body: body}, &out)
	return out, err
}

// ExportCopiesParams are the parameters of ExportCopies.
type ExportCopiesParams struct {
	Org string `query:"org"` // org
}

// ExportCopies: Every copy as CSV.
func (c *Client) ExportCopies(ctx context.Context, p ExportCopiesParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/copies/export", params: p}, w)
}

// ExportLedgerParams are the parameters of ExportLedger.
type ExportLedgerParams struct {
	Format   string `query:"format"`   // format
	From     string `query:"from"`     // from
	To       string `query:"to"`       // to
	Currency string `query:"currency"` // currency
}

// ExportLedger: The books as a file: format journal (CSV), datev, fec or saft, of the days from and to, both included; currency where the books have several.
func (c *Client) ExportLedger(ctx context.Context, p ExportLedgerParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/ledger/export", params: p}, w)
}

// ExportOffer: One version of an offer as YAML.
func (c *Client) ExportOffer(ctx context.Context, version string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/offer-versions/{version}/yaml", values: []string{version}}, w)
}

// GetAccount: The account of a legal entity.
func (c *Client) GetAccount(ctx context.Context, entity string) (out EntityAccount, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/entities/{entity}/account", values: []string{entity}}, &out)
	return out, err
}

// GetAgedDebt: What is owed to you, by age.
func (c *Client) GetAgedDebt(ctx context.Context) (out AgedDebt, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/aged-debt"}, &out)
	return out, err
}

// GetBillData: What an organisation wants on its own bills.
func (c *Client) GetBillData(ctx context.Context, org string) (out BillData, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/bill-data", values: []string{org}}, &out)
	return out, err
}

// GetBudget: One budget, and what is used of it.
func (c *Client) GetBudget(ctx context.Context, budget string) (out Budget, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/budgets/{budget}", values: []string{budget}}, &out)
	return out, err
}

// GetBundle: A decision with all its inputs, for a check offline.
func (c *Client) GetBundle(ctx context.Context, decision string) (out PlacementBundle, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/decisions/{decision}/bundle", values: []string{decision}}, &out)
	return out, err
}

// GetChart: The accounts of the books in a chart.
func (c *Client) GetChart(ctx context.Context, chart string) (out ListChartAccount, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/charts/{chart}", values: []string{chart}}, &out)
	return out, err
}

// GetClose: One month close with its progress.
func (c *Client) GetClose(ctx context.Context, close string) (out MonthClose, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/closes/{close}", values: []string{close}}, &out)
	return out, err
}

// GetCollection: One collection with its debits.
func (c *Client) GetCollection(ctx context.Context, collection string) (out Collection, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/collections/{collection}", values: []string{collection}}, &out)
	return out, err
}

// GetConnection: How to reach a service, with its secrets.
func (c *Client) GetConnection(ctx context.Context, service string) (out Connection, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/connection", values: []string{service}}, &out)
	return out, err
}

// GetCopy: One copy of data.
func (c *Client) GetCopy(ctx context.Context, copy string) (out Copy, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/copies/{copy}", values: []string{copy}}, &out)
	return out, err
}

// GetCost: What each service costs at this moment.
func (c *Client) GetCost(ctx context.Context, org string) (out ListCost, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/cost", values: []string{org}}, &out)
	return out, err
}

// GetDecision: One decision with all its reasons.
func (c *Client) GetDecision(ctx context.Context, decision string) (out Decision, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/decisions/{decision}", values: []string{decision}}, &out)
	return out, err
}

// GetDispute: One dispute with its events.
func (c *Client) GetDispute(ctx context.Context, dispute string) (out Dispute, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/disputes/{dispute}", values: []string{dispute}}, &out)
	return out, err
}

// GetDunning: By what steps a market reminds today.
func (c *Client) GetDunning(ctx context.Context, market string) (out DunningPlan, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/reminders", values: []string{market}}, &out)
	return out, err
}

// GetExportSettings: How the accountants know the books.
func (c *Client) GetExportSettings(ctx context.Context) (out ExportSettings, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/export-settings"}, &out)
	return out, err
}

// GetFactParams are the parameters of GetFact.
type GetFactParams struct {
	Org string `query:"org"` // empty: the caller's
}

// GetFact: One fact and its place in the log.
func (c *Client) GetFact(ctx context.Context, fact string, p GetFactParams) (out ProvableFact, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/facts/{fact}", values: []string{fact}, params: p}, &out)
	return out, err
}

// GetHandOverFileParams are the parameters of GetHandOverFile.
type GetHandOverFileParams struct {
	Format string `query:"format"` // format
}

// GetHandOverFile: A batch as a file: format csv (the default), jsonl, tmf678 (AppliedCustomerBillingRate) or tmf635 (Usage).
func (c *Client) GetHandOverFile(ctx context.Context, handover string, p GetHandOverFileParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/handovers/{handover}/file", values: []string{handover}, params: p}, w)
}

// GetHeldEvent: One event in the quarantine, with what it says.
func (c *Client) GetHeldEvent(ctx context.Context, event string) (out HeldEvent, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/quarantine/{event}", values: []string{event}}, &out)
	return out, err
}

// GetHistory: What was done to a service and how available it was.
func (c *Client) GetHistory(ctx context.Context, service string) (out History, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/history", values: []string{service}}, &out)
	return out, err
}

// GetIngestHealth: How the intake of usage is doing.
func (c *Client) GetIngestHealth(ctx context.Context) (out IngestHealth, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/desk/ingest"}, &out)
	return out, err
}

// GetInvoice: One invoice; of more than 1,000 lines without them, see listInvoiceLines.
func (c *Client) GetInvoice(ctx context.Context, invoice string) (out Invoice, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}", values: []string{invoice}}, &out)
	return out, err
}

// GetInvoiceDocumentParams are the parameters of GetInvoiceDocument.
type GetInvoiceDocumentParams struct {
	Format   string `query:"format"`   // format
	Language string `query:"language"` // language
}

// GetInvoiceDocument: An issued invoice or credit note as a file: format pdf (the default) is for people, in language en or fr, else the buyer's; ubl and cii are EN 16931 for machines, peppol, xrechnung, xrechnung-cii, france and france-cii what these ask for beyond it.
func (c *Client) GetInvoiceDocument(ctx context.Context, invoice string, p GetInvoiceDocumentParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/document", values: []string{invoice}, params: p}, w)
}

// GetInvoiceEvents: The usage events behind an invoice, in the order of its proof apart.
func (c *Client) GetInvoiceEvents(ctx context.Context, invoice string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/proof/events", values: []string{invoice}}, w)
}

// GetInvoiceProof: Everything to redo an invoice offline; with very many usage events it leaves them to getInvoiceEvents.
func (c *Client) GetInvoiceProof(ctx context.Context, invoice string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/proof", values: []string{invoice}}, w)
}

// GetInvoiceProofApart: Everything to redo an invoice offline but its usage events, for invoices of very many.
func (c *Client) GetInvoiceProofApart(ctx context.Context, invoice string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/proof/apart", values: []string{invoice}}, w)
}

// GetLedgerMonth: The invoices of a month and all that became of them, reconciled with the books.
func (c *Client) GetLedgerMonth(ctx context.Context, month string) (out ListLedgerMonth, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/months/{month}", values: []string{month}}, &out)
	return out, err
}

// GetLicences: Licences of a service: seats, who holds them, how often one was refused.
func (c *Client) GetLicences(ctx context.Context, service string) (out Licences, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/licence", values: []string{service}}, &out)
	return out, err
}

// GetMandate: One mandate.
func (c *Client) GetMandate(ctx context.Context, mandate string) (out Mandate, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/mandates/{mandate}", values: []string{mandate}}, &out)
	return out, err
}

// GetMarketBilling: Who bills what a market sells, and what became of what was handed over.
func (c *Client) GetMarketBilling(ctx context.Context, market string) (out HandOverReconciliation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/billing", values: []string{market}}, &out)
	return out, err
}

// GetMe: Who calls.
func (c *Client) GetMe(ctx context.Context) (out Me, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/me"}, &out)
	return out, err
}

// GetMember: One member.
func (c *Client) GetMember(ctx context.Context, org, person string) (out Person, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/members/{person}", values: []string{org, person}}, &out)
	return out, err
}

// GetMovement: One movement.
func (c *Client) GetMovement(ctx context.Context, movement string) (out Movement, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/movements/{movement}", values: []string{movement}}, &out)
	return out, err
}

// GetOffer: The version of an offer that a market sells.
func (c *Client) GetOffer(ctx context.Context, market, offer string) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/offers/{offer}", values: []string{market, offer}}, &out)
	return out, err
}

// GetOfferVersion: One version of an offer.
func (c *Client) GetOfferVersion(ctx context.Context, version string) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/offer-versions/{version}", values: []string{version}}, &out)
	return out, err
}

// GetOrder: One order.
func (c *Client) GetOrder(ctx context.Context, order string) (out Order, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/orders/{order}", values: []string{order}}, &out)
	return out, err
}

// GetOrganisation: One organisation.
func (c *Client) GetOrganisation(ctx context.Context, org string) (out Organisation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}", values: []string{org}}, &out)
	return out, err
}

// GetPayees: The account that a publisher's payouts go to.
func (c *Client) GetPayees(ctx context.Context, org string) (out Payees, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/payout-account", values: []string{org}}, &out)
	return out, err
}

// GetPaymentsParams are the parameters of GetPayments.
type GetPaymentsParams struct {
	Lang string `query:"lang"` // of the text of a mandate
}

// GetPayments: What is owed, and how it is paid.
func (c *Client) GetPayments(ctx context.Context, org string, p GetPaymentsParams) (out Payments, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/payments", values: []string{org}, params: p}, &out)
	return out, err
}

// GetPayoutRun: One run with what became of each payout.
func (c *Client) GetPayoutRun(ctx context.Context, run string) (out PayoutRun, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/payout-runs/{run}", values: []string{run}}, &out)
	return out, err
}

// GetPayoutRunFile: The file for the bank (pain.001.001.09), once a second person approved the run.
func (c *Client) GetPayoutRunFile(ctx context.Context, run string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/payout-runs/{run}/file", values: []string{run}}, w)
}

// GetProgress: What is done, and what is next.
func (c *Client) GetProgress(ctx context.Context, order string) (out ListStep, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/orders/{order}/progress", values: []string{order}}, &out)
	return out, err
}

// GetQuote: One quote.
func (c *Client) GetQuote(ctx context.Context, quote string) (out Quote, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/quotes/{quote}", values: []string{quote}}, &out)
	return out, err
}

// GetReceiptParams are the parameters of GetReceipt.
type GetReceiptParams struct {
	Org string `query:"org"` // empty: the caller's
}

// GetReceipt: The proof that a fact stands in the log.
func (c *Client) GetReceipt(ctx context.Context, fact string, p GetReceiptParams) (out ProofReceipt, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/facts/{fact}/receipt", values: []string{fact}, params: p}, &out)
	return out, err
}

// GetRemedy: One, with the regions to which the service could go.
func (c *Client) GetRemedy(ctx context.Context, remedy string) (out Remedy, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/remedies/{remedy}", values: []string{remedy}}, &out)
	return out, err
}

// GetResidencyFacts: Facts about clouds and who is behind them.
func (c *Client) GetResidencyFacts(ctx context.Context) (out KnownFacts, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/residency/facts"}, &out)
	return out, err
}

// GetResidencyPolicy: What an organisation is held to, its own layer last.
func (c *Client) GetResidencyPolicy(ctx context.Context, org string) (out ResidencyPolicy, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/residency-policy", values: []string{org}}, &out)
	return out, err
}

// GetResidencyProposal: A proposed change, with what it would newly allow and refuse now.
func (c *Client) GetResidencyProposal(ctx context.Context, proposal string) (out ResidencyProposalView, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/residency-proposals/{proposal}", values: []string{proposal}}, &out)
	return out, err
}

// GetResource: One resource.
func (c *Client) GetResource(ctx context.Context, resource string) (out Resource, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/resources/{resource}", values: []string{resource}}, &out)
	return out, err
}

// GetRevenueStatement: One statement of a publisher, with its lines.
func (c *Client) GetRevenueStatement(ctx context.Context, statement string) (out RevenueStatement, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/revenue-statements/{statement}", values: []string{statement}}, &out)
	return out, err
}

// GetRevenueStatementPDFParams are the parameters of GetRevenueStatementPDF.
type GetRevenueStatementPDFParams struct {
	Language string `query:"language"` // language
}

// GetRevenueStatementPDF: A publisher's statement as PDF: the self-billed invoice, with itself as EN 16931 inside.
func (c *Client) GetRevenueStatementPDF(ctx context.Context, statement string, p GetRevenueStatementPDFParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/revenue-statements/{statement}/pdf", values: []string{statement}, params: p}, w)
}

// GetService: One service with its history.
func (c *Client) GetService(ctx context.Context, service string) (out ServiceDetail, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}", values: []string{service}}, &out)
	return out, err
}

// GetSpending: What the month comes to at this moment, and its forecast.
func (c *Client) GetSpending(ctx context.Context, org string) (out Spending, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/spending", values: []string{org}}, &out)
	return out, err
}

// GetStatementParams are the parameters of GetStatement.
type GetStatementParams struct {
	Org string `query:"org"` // org
}

// GetStatement: All facts of an organisation, to be verified offline.
func (c *Client) GetStatement(ctx context.Context, p GetStatementParams, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/statement", params: p}, w)
}

// GetUsageParams are the parameters of GetUsage.
type GetUsageParams struct {
	Org     string    `query:"org"`     // empty: the caller's
	Service string    `query:"service"` // service
	Meter   string    `query:"meter"`   // meter
	From    time.Time `query:"from"`    // from
	To      time.Time `query:"to"`      // to
	Step    string    `query:"step"`    // a multiple of 15m, such as 1h or 24h
	Offset  string    `query:"offset"`  // of the zone from UTC, such as 2h, so that a step may be a civil day
}

// GetUsage: Amounts by step, with what is in no closed window yet.
func (c *Client) GetUsage(ctx context.Context, p GetUsageParams) (out ListUsagePoint, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/usage", params: p}, &out)
	return out, err
}

// GetUsageIntake: How usage comes in at this moment, over all publishers.
func (c *Client) GetUsageIntake(ctx context.Context) (out Intake, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/usage/intake"}, &out)
	return out, err
}

// GetUsageQualityParams are the parameters of GetUsageQuality.
type GetUsageQualityParams struct {
	Org  string    `query:"org"`  // the publisher; empty: the caller's
	From time.Time `query:"from"` // from
	To   time.Time `query:"to"`   // at most 92 days later
}

// GetUsageQuality: How a publisher's usage came in: counted, twice, late, held, and how long after it was used.
func (c *Client) GetUsageQuality(ctx context.Context, p GetUsageQualityParams) (out Sent, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/usage/quality", params: p}, &out)
	return out, err
}

// GetWindow: One closed usage window.
func (c *Client) GetWindow(ctx context.Context, window string) (out UsageWindow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/windows/{window}", values: []string{window}}, &out)
	return out, err
}

// GetWindowEvents: The events of a window in the compact binary form, for windows of many events.
func (c *Client) GetWindowEvents(ctx context.Context, window string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/windows/{window}/events", values: []string{window}}, w)
}

// GetWindowFile: A window with its events, to be verified offline.
func (c *Client) GetWindowFile(ctx context.Context, window string, w io.Writer) error {
	return c.save(ctx, request{method: "GET", path: "/api/v1/windows/{window}/file", values: []string{window}}, w)
}

// GiveMandate: Give a direct debit mandate.
func (c *Client) GiveMandate(ctx context.Context, org string, body NewMandate) (out Mandate, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/mandates", values: []string{org}, body: body}, &out)
	return out, err
}

// GrantRole: Give a member a role.
func (c *Client) GrantRole(ctx context.Context, org, person, role string) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/members/{person}/roles/{role}", values: []string{org, person, role}}, nil)
}

// HandOverAgain: Let the refused lines of a batch wait for the next one.
func (c *Client) HandOverAgain(ctx context.Context, handover string) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/handovers/{handover}/again", values: []string{handover}}, nil)
}

// HandOverCollection: Say that the file downloaded last is at the bank.
func (c *Client) HandOverCollection(ctx context.Context, collection string) (out Collection, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/collections/{collection}/hand-over", values: []string{collection}}, &out)
	return out, err
}

// HandOverPayoutRun: Say that the bank has the file.
func (c *Client) HandOverPayoutRun(ctx context.Context, run string) (out PayoutRun, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-runs/{run}/hand-over", values: []string{run}}, &out)
	return out, err
}

// ImportBankFile: Import a statement (camt.053) or a status report (pain.002).
func (c *Client) ImportBankFile(ctx context.Context, entity string, body []byte) (out BankFile, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/entities/{entity}/bank-files", values: []string{entity}, raw: body, media: "application/xml"}, &out)
	return out, err
}

// ImportOffer: Save an offer's draft from YAML or JSON.
func (c *Client) ImportOffer(ctx context.Context, org string, body []byte) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/offer-versions", values: []string{org}, raw: body, media: "application/yaml"}, &out)
	return out, err
}

// ImportResidencyFacts: Put facts from YAML over what is known.
func (c *Client) ImportResidencyFacts(ctx context.Context, body []byte) (out ResidencyChanged, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/residency/facts", raw: body, media: "application/yaml"}, &out)
	return out, err
}

// InviteMember: Invite a person.
func (c *Client) InviteMember(ctx context.Context, org string, body NewInvitation) (out Invitation, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/invitations", values: []string{org}, body: body}, &out)
	return out, err
}

// IssueInvoicesParams are the parameters of IssueInvoices.
type IssueInvoicesParams struct {
	UpTo time.Time `query:"upTo"` // left out: now
}

// IssueInvoices: Invoice an organisation's charges.
func (c *Client) IssueInvoices(ctx context.Context, org string, p IssueInvoicesParams) (out ListInvoiceRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/invoices", values: []string{org}, params: p}, &out)
	return out, err
}

// JudgePlacements: Judge every placement again now.
func (c *Client) JudgePlacements(ctx context.Context) (out DriftRun, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/remedies/judge"}, &out)
	return out, err
}

// ListBankFiles: Files imported last.
func (c *Client) ListBankFiles(ctx context.Context) (out ListBankFile, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/bank-files"}, &out)
	return out, err
}

// ListBudgets: Budgets, and what is used of them.
func (c *Client) ListBudgets(ctx context.Context, org string) (out ListBudget, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/budgets", values: []string{org}}, &out)
	return out, err
}

// ListChangesParams are the parameters of ListChanges.
type ListChangesParams struct {
	Of       string `query:"of"`       // of
	Month    string `query:"month"`    // such as 2026-10; left out: the last complete one
	Currency string `query:"currency"` // left out: the first
	Rank     string `query:"rank"`     // quantity: of meters
	Limit    int64  `query:"limit"`    // limit
}

// ListChanges: What is charged far more or less than in the month before.
func (c *Client) ListChanges(ctx context.Context, org string, p ListChangesParams) (out Changes, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/changes", values: []string{org}, params: p}, &out)
	return out, err
}

// ListCharges: Charges that are not billed yet.
func (c *Client) ListCharges(ctx context.Context, org string) (out ListCharge, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/charges", values: []string{org}}, &out)
	return out, err
}

// ListClosedCustomersParams are the parameters of ListClosedCustomers.
type ListClosedCustomersParams struct {
	State    string `query:"state"`    // only these
	Standing bool   `query:"standing"` // only those that stand out
	Cursor   string `query:"cursor"`   // cursor
}

// ListClosedCustomers: What a close does for each customer, those that stand out first.
func (c *Client) ListClosedCustomers(ctx context.Context, close string, p ListClosedCustomersParams) (out ListClosedCustomer, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/closes/{close}/customers", values: []string{close}, params: p}, &out)
	return out, err
}

// ListClosesParams are the parameters of ListCloses.
type ListClosesParams struct {
	Cursor string `query:"cursor"` // cursor
}

// ListCloses: Month closes of the caller's markets, newest first.
func (c *Client) ListCloses(ctx context.Context, p ListClosesParams) (out ListMonthClose, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/closes", params: p}, &out)
	return out, err
}

// ListCollectionsParams are the parameters of ListCollections.
type ListCollectionsParams struct {
	Cursor string `query:"cursor"` // cursor
}

// ListCollections: Collections, newest first.
func (c *Client) ListCollections(ctx context.Context, p ListCollectionsParams) (out ListCollection, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/collections", params: p}, &out)
	return out, err
}

// ListCopiesParams are the parameters of ListCopies.
type ListCopiesParams struct {
	Cursor  string `query:"cursor"`  // from the answer before; empty for the first page
	Limit   int64  `query:"limit"`   // entries at most
	Org     string `query:"org"`     // and everything below it; left out: the caller's
	Service string `query:"service"` // service
	State   string `query:"state"`   // left out: all but those that are gone
}

// ListCopies: Where data is: every copy, how well that is known, and why it may lie there.
func (c *Client) ListCopies(ctx context.Context, p ListCopiesParams) (out ListCopy, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/copies", params: p}, &out)
	return out, err
}

// ListCopyIncidentsParams are the parameters of ListCopyIncidents.
type ListCopyIncidentsParams struct {
	Org  string `query:"org"`  // left out: the caller's
	Open bool   `query:"open"` // only those that are not over
}

// ListCopyIncidents: Copies that were there and should not be, or should have been and were not; newest first.
func (c *Client) ListCopyIncidents(ctx context.Context, p ListCopyIncidentsParams) (out ListCopyIncident, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/copy-incidents", params: p}, &out)
	return out, err
}

// ListCopyLooks: When each region's engine was last asked for its copies.
func (c *Client) ListCopyLooks(ctx context.Context) (out ListCopyLook, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/copy-looks"}, &out)
	return out, err
}

// ListDeadJobs: Jobs that failed too often.
func (c *Client) ListDeadJobs(ctx context.Context) (out ListDeadJob, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/desk/jobs"}, &out)
	return out, err
}

// ListDecisions: Where the items of an order go, and why.
func (c *Client) ListDecisions(ctx context.Context, order string) (out ListDecision, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/orders/{order}/decisions", values: []string{order}}, &out)
	return out, err
}

// ListDisputesParams are the parameters of ListDisputes.
type ListDisputesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // empty: the caller's
	State  string `query:"state"`  // only these
	Window string `query:"window"` // only those about this window
}

// ListDisputes: Disputes that an organisation opened or is asked in, newest first.
func (c *Client) ListDisputes(ctx context.Context, p ListDisputesParams) (out ListDispute, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/disputes", params: p}, &out)
	return out, err
}

// ListEarningsParams are the parameters of ListEarnings.
type ListEarningsParams struct {
	From string `query:"from"` // first month, as a day in it; left out: all
}

// ListEarnings: A publisher's revenue by month and offer.
func (c *Client) ListEarnings(ctx context.Context, org string, p ListEarningsParams) (out ListEarning, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/earnings", values: []string{org}, params: p}, &out)
	return out, err
}

// ListEntities: Legal entities of an organisation, oldest first.
func (c *Client) ListEntities(ctx context.Context, org string) (out ListEntity, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/entities", values: []string{org}}, &out)
	return out, err
}

// ListFactsParams are the parameters of ListFacts.
type ListFactsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // empty: the caller's
	About  string `query:"about"`  // only those about one thing, oldest first
}

// ListFacts: Facts that concern an organisation, newest first.
func (c *Client) ListFacts(ctx context.Context, p ListFactsParams) (out ListFact, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/facts", params: p}, &out)
	return out, err
}

// ListFamilies: The shelves of a market.
func (c *Client) ListFamilies(ctx context.Context, market string) (out ListString, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/families", values: []string{market}}, &out)
	return out, err
}

// ListHandOverLinesParams are the parameters of ListHandOverLines.
type ListHandOverLinesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	State  string `query:"state"`  // only those in this state
}

// ListHandOverLines: Lines of a batch.
func (c *Client) ListHandOverLines(ctx context.Context, handover string, p ListHandOverLinesParams) (out ListHandOverLine, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/handovers/{handover}/lines", values: []string{handover}, params: p}, &out)
	return out, err
}

// ListHandOversParams are the parameters of ListHandOvers.
type ListHandOversParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListHandOvers: Batches that were handed over, newest first.
func (c *Client) ListHandOvers(ctx context.Context, market string, p ListHandOversParams) (out ListHandOver, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/handovers", values: []string{market}, params: p}, &out)
	return out, err
}

// ListHolds: What is kept back of a publisher's share.
func (c *Client) ListHolds(ctx context.Context, org string) (out ListHold, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/holds", values: []string{org}}, &out)
	return out, err
}

// ListInvitations: Open invitations.
func (c *Client) ListInvitations(ctx context.Context, org string) (out ListInvitation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/invitations", values: []string{org}}, &out)
	return out, err
}

// ListInvoiceLinesParams are the parameters of ListInvoiceLines.
type ListInvoiceLinesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListInvoiceLines: The lines of an invoice, in their order.
func (c *Client) ListInvoiceLines(ctx context.Context, invoice string, p ListInvoiceLinesParams) (out ListInvoiceLine, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/invoices/{invoice}/lines", values: []string{invoice}, params: p}, &out)
	return out, err
}

// ListInvoicesParams are the parameters of ListInvoices.
type ListInvoicesParams struct {
	Org    string `query:"org"`    // empty: the caller's
	Cursor string `query:"cursor"` // cursor
}

// ListInvoices: Invoices and credit notes, newest first.
func (c *Client) ListInvoices(ctx context.Context, p ListInvoicesParams) (out ListInvoiceRow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/invoices", params: p}, &out)
	return out, err
}

// ListLedgerAccountsParams are the parameters of ListLedgerAccounts.
type ListLedgerAccountsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Owner  string `query:"owner"`  // only those of this organisation
	Code   string `query:"code"`   // only those with this code
}

// ListLedgerAccounts: Accounts of the books.
func (c *Client) ListLedgerAccounts(ctx context.Context, p ListLedgerAccountsParams) (out ListLedgerAccount, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/accounts", params: p}, &out)
	return out, err
}

// ListLedgerEntriesParams are the parameters of ListLedgerEntries.
type ListLedgerEntriesParams struct {
	Cursor  string `query:"cursor"`  // from the answer before; empty for the first page
	Limit   int64  `query:"limit"`   // entries at most
	Account int64  `query:"account"` // only those that touch this account
}

// ListLedgerEntries: Entries of the books, newest first.
func (c *Client) ListLedgerEntries(ctx context.Context, p ListLedgerEntriesParams) (out ListLedgerEntry, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/entries", params: p}, &out)
	return out, err
}

// ListLimits: Limits and what counts against them.
func (c *Client) ListLimits(ctx context.Context, org string) (out ListLimit, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/limits", values: []string{org}}, &out)
	return out, err
}

// ListMandates: Direct debit mandates, newest first.
func (c *Client) ListMandates(ctx context.Context, org string) (out ListMandate, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/mandates", values: []string{org}}, &out)
	return out, err
}

// ListMarginsParams are the parameters of ListMargins.
type ListMarginsParams struct {
	From string `query:"from"` // first day; left out: the beginning
	To   string `query:"to"`   // last day; left out: today
}

// ListMargins: Revenue and margin by publisher.
func (c *Client) ListMargins(ctx context.Context, p ListMarginsParams) (out ListMargin, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/margins", params: p}, &out)
	return out, err
}

// ListMarkets: The markets.
func (c *Client) ListMarkets(ctx context.Context) (out ListMarket, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets"}, &out)
	return out, err
}

// ListMembers: The people of an organisation.
func (c *Client) ListMembers(ctx context.Context, org string) (out ListMember, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/members", values: []string{org}}, &out)
	return out, err
}

// ListMovementsParams are the parameters of ListMovements.
type ListMovementsParams struct {
	State  string `query:"state"`  // left out: all
	Cursor string `query:"cursor"` // cursor
}

// ListMovements: Movements on your accounts, newest first.
func (c *Client) ListMovements(ctx context.Context, p ListMovementsParams) (out ListMovement, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/movements", params: p}, &out)
	return out, err
}

// ListOfferVersionsParams are the parameters of ListOfferVersions.
type ListOfferVersionsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListOfferVersions: All versions of a publisher's offers, newest first.
func (c *Client) ListOfferVersions(ctx context.Context, org string, p ListOfferVersionsParams) (out ListOfferRow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/offer-versions", values: []string{org}, params: p}, &out)
	return out, err
}

// ListOffersParams are the parameters of ListOffers.
type ListOffersParams struct {
	Cursor   string `query:"cursor"`   // from the answer before; empty for the first page
	Limit    int64  `query:"limit"`    // entries at most
	Language string `query:"language"` // of the texts searched; empty searches all
	Family   string `query:"family"`   // family
	Q        string `query:"q"`        // words that must all be found
}

// ListOffers: What a market sells.
func (c *Client) ListOffers(ctx context.Context, market string, p ListOffersParams) (out ListOfferRow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/markets/{market}/offers", values: []string{market}, params: p}, &out)
	return out, err
}

// ListOrdersParams are the parameters of ListOrders.
type ListOrdersParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // empty: the caller's
	Branch bool   `query:"branch"` // also of all organisations below it
	State  string `query:"state"`  // state
}

// ListOrders: Orders, newest first.
func (c *Client) ListOrders(ctx context.Context, p ListOrdersParams) (out ListOrder, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/orders", params: p}, &out)
	return out, err
}

// ListOrganisationsParams are the parameters of ListOrganisations.
type ListOrganisationsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Below  string `query:"below"`  // empty: the caller's
}

// ListOrganisations: Organisations at and below one, in the order of the tree.
func (c *Client) ListOrganisations(ctx context.Context, p ListOrganisationsParams) (out ListOrganisation, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations", params: p}, &out)
	return out, err
}

// ListOwed: Accounts with something in them: who owes what.
func (c *Client) ListOwed(ctx context.Context) (out ListLedgerAccount, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/ledger/owed"}, &out)
	return out, err
}

// ListParked: Facts that a reader could not handle.
func (c *Client) ListParked(ctx context.Context) (out ListParked, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/desk/parked"}, &out)
	return out, err
}

// ListPayoutCandidates: To whom something is due, and whom the next run leaves out.
func (c *Client) ListPayoutCandidates(ctx context.Context) (out ListPayoutCandidate, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/payout-candidates"}, &out)
	return out, err
}

// ListPayoutRunsParams are the parameters of ListPayoutRuns.
type ListPayoutRunsParams struct {
	Cursor string `query:"cursor"` // cursor
}

// ListPayoutRuns: Runs of payouts, newest first.
func (c *Client) ListPayoutRuns(ctx context.Context, p ListPayoutRunsParams) (out ListPayoutRun, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/payout-runs", params: p}, &out)
	return out, err
}

// ListPayoutsParams are the parameters of ListPayouts.
type ListPayoutsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListPayouts: A publisher's payouts, newest first.
func (c *Client) ListPayouts(ctx context.Context, org string, p ListPayoutsParams) (out ListPayout, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/payouts", values: []string{org}, params: p}, &out)
	return out, err
}

// ListPlacesParams are the parameters of ListPlaces.
type ListPlacesParams struct {
	Market string `query:"market"` // market
	Class  string `query:"class"`  // of the data; empty: the policy's default
}

// ListPlaces: Where an offer may run, and why not elsewhere.
func (c *Client) ListPlaces(ctx context.Context, version string, p ListPlacesParams) (out ListPlace, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/offer-versions/{version}/places", values: []string{version}, params: p}, &out)
	return out, err
}

// ListPositions: Where a publisher's money is, by currency.
func (c *Client) ListPositions(ctx context.Context, org string) (out ListPosition, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/positions", values: []string{org}}, &out)
	return out, err
}

// ListQuarantineParams are the parameters of ListQuarantine.
type ListQuarantineParams struct {
	Cursor    string `query:"cursor"`    // from the answer before; empty for the first page
	Limit     int64  `query:"limit"`     // entries at most
	Org       string `query:"org"`       // empty: the caller's
	Reason    string `query:"reason"`    // only those held for it
	Publisher string `query:"publisher"` // only of this one, for the operator
	Source    string `query:"source"`    // only of this one
}

// ListQuarantine: Events that count nowhere, and why.
func (c *Client) ListQuarantine(ctx context.Context, p ListQuarantineParams) (out ListHeldEvent, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/quarantine", params: p}, &out)
	return out, err
}

// ListQuotesParams are the parameters of ListQuotes.
type ListQuotesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // empty: the caller's
}

// ListQuotes: Quotes of an organisation, newest first.
func (c *Client) ListQuotes(ctx context.Context, p ListQuotesParams) (out ListQuote, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/quotes", params: p}, &out)
	return out, err
}

// ListRemediesParams are the parameters of ListRemedies.
type ListRemediesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // and everything below it; left out: the caller's
	Closed bool   `query:"closed"` // also those that are over
}

// ListRemedies: Places that are no longer allowed for what lies there, newest first.
func (c *Client) ListRemedies(ctx context.Context, p ListRemediesParams) (out ListRemedy, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/remedies", params: p}, &out)
	return out, err
}

// ListReminders: Where overdue invoices stand.
func (c *Client) ListReminders(ctx context.Context, org string) (out ListReminder, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/reminders", values: []string{org}}, &out)
	return out, err
}

// ListResidencyLayers: Versions of an organisation's own layer, newest first.
func (c *Client) ListResidencyLayers(ctx context.Context, org string) (out ListLayerVersion, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/residency-layers", values: []string{org}}, &out)
	return out, err
}

// ListResidencyProposalsParams are the parameters of ListResidencyProposals.
type ListResidencyProposalsParams struct {
	Cursor string `query:"cursor"` // cursor
}

// ListResidencyProposals: Changes of facts and policies that an organisation's people decide about, newest first.
func (c *Client) ListResidencyProposals(ctx context.Context, org string, p ListResidencyProposalsParams) (out ListProposal, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/residency-proposals", values: []string{org}, params: p}, &out)
	return out, err
}

// ListResourcesParams are the parameters of ListResources.
type ListResourcesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListResources: Resources below the caller's organisation.
func (c *Client) ListResources(ctx context.Context, p ListResourcesParams) (out ListResource, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/resources", params: p}, &out)
	return out, err
}

// ListRevenueStatementsParams are the parameters of ListRevenueStatements.
type ListRevenueStatementsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListRevenueStatements: A publisher's statements, newest first.
func (c *Client) ListRevenueStatements(ctx context.Context, org string, p ListRevenueStatementsParams) (out ListRevenueStatementRow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/revenue-statements", values: []string{org}, params: p}, &out)
	return out, err
}

// ListReviewsParams are the parameters of ListReviews.
type ListReviewsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListReviews: Versions that wait for a review.
func (c *Client) ListReviews(ctx context.Context, p ListReviewsParams) (out ListOfferRow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/reviews", params: p}, &out)
	return out, err
}

// ListServicesParams are the parameters of ListServices.
type ListServicesParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
	Org    string `query:"org"`    // empty: the caller's
	Branch bool   `query:"branch"` // also of all organisations below it
	State  string `query:"state"`  // state
	Tag    string `query:"tag"`    // only those that bear it: key=value
}

// ListServices: Services, newest first.
func (c *Client) ListServices(ctx context.Context, p ListServicesParams) (out ListService, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services", params: p}, &out)
	return out, err
}

// ListSessions: Your sessions.
func (c *Client) ListSessions(ctx context.Context) (out ListSession, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/me/sessions"}, &out)
	return out, err
}

// ListSoldLicences: What a publisher granted and its customers brought, with its use.
func (c *Client) ListSoldLicences(ctx context.Context, org string) (out ListLicences, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/licences", values: []string{org}}, &out)
	return out, err
}

// ListSplitRulesParams are the parameters of ListSplitRules.
type ListSplitRulesParams struct {
	Publisher string `query:"publisher"` // only what is about this one; empty: all, for the operator's staff
}

// ListSplitRules: How revenue is shared.
func (c *Client) ListSplitRules(ctx context.Context, p ListSplitRulesParams) (out ListSplitRule, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/split-rules", params: p}, &out)
	return out, err
}

// ListStandings: Where you may act.
func (c *Client) ListStandings(ctx context.Context) (out ListStanding, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/me/organisations"}, &out)
	return out, err
}

// ListSubscribersParams are the parameters of ListSubscribers.
type ListSubscribersParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListSubscribers: Who has a publisher's offers: organisations, no people.
func (c *Client) ListSubscribers(ctx context.Context, org string, p ListSubscribersParams) (out ListService, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/subscribers", values: []string{org}, params: p}, &out)
	return out, err
}

// ListTokens: The tokens of an organisation.
func (c *Client) ListTokens(ctx context.Context, org string) (out ListToken, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/tokens", values: []string{org}}, &out)
	return out, err
}

// ListVATChecks: What was said about the VAT identifiers of a legal entity, newest first.
func (c *Client) ListVATChecks(ctx context.Context, org, entity string) (out ListVATCheck, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/organisations/{org}/entities/{entity}/vat-checks", values: []string{org, entity}}, &out)
	return out, err
}

// ListVATDesk: VAT identifiers that were valid and are no longer, on which nobody decided yet.
func (c *Client) ListVATDesk(ctx context.Context) (out ListVATCheck, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/vat-desk"}, &out)
	return out, err
}

// ListWindowsParams are the parameters of ListWindows.
type ListWindowsParams struct {
	Cursor string `query:"cursor"` // from the answer before; empty for the first page
	Limit  int64  `query:"limit"`  // entries at most
}

// ListWindows: Closed usage windows of a service.
func (c *Client) ListWindows(ctx context.Context, service string, p ListWindowsParams) (out ListUsageWindow, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/windows", values: []string{service}, params: p}, &out)
	return out, err
}

// ListWorkOrders: What waits for a person, oldest first.
func (c *Client) ListWorkOrders(ctx context.Context) (out ListWorkOrder, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/work-orders"}, &out)
	return out, err
}

// LockLedger: Close the books up to a day that is over.
func (c *Client) LockLedger(ctx context.Context, body Through) (out LedgerHead, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/ledger/lock", body: body}, &out)
	return out, err
}

// LookAtCopies: Ask every engine for its copies now.
func (c *Client) LookAtCopies(ctx context.Context) (out CopyCycle, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/copies/look"}, &out)
	return out, err
}

// MakeHandOver: Put what waits into the next batch; none when nothing waits.
func (c *Client) MakeHandOver(ctx context.Context, market string) (out ListHandOver, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/markets/{market}/handovers", values: []string{market}}, &out)
	return out, err
}

// OpenDispute: Dispute events that a usage window counted.
func (c *Client) OpenDispute(ctx context.Context, body OpenDisputeRequest) (out Dispute, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/disputes", body: body}, &out)
	return out, err
}

// OrderPayout: Order the payout of all that is due.
func (c *Client) OrderPayout(ctx context.Context, org string, body NewPayout) (out Payout, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/payouts", values: []string{org}, body: body}, &out)
	return out, err
}

// PlaceOrderParams are the parameters of PlaceOrder.
type PlaceOrderParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // the same key with the same body gives the same order
}

// PlaceOrder: Order: of a quote, or of items.
func (c *Client) PlaceOrder(ctx context.Context, p PlaceOrderParams, body OrderPlaceInput) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/orders", params: p, body: body}, &out)
	return out, err
}

// PrepareClose: Work out what a month's invoices would be, or join the one that does; a month that failed for some is taken up again.
func (c *Client) PrepareClose(ctx context.Context, body PrepareCloseRequest) (out MonthClose, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/closes", body: body}, &out)
	return out, err
}

// PrepareCloseAgain: Work out anew what is not issued.
func (c *Client) PrepareCloseAgain(ctx context.Context, close string) (out MonthClose, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/closes/{close}/again", values: []string{close}}, &out)
	return out, err
}

// PreparePayoutRun: Prepare a run of all that is due in euros.
func (c *Client) PreparePayoutRun(ctx context.Context) (out PayoutRun, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/payout-runs"}, &out)
	return out, err
}

// PreviewMarketPolicy: What a market's layer would newly allow and refuse, before it is set.
func (c *Client) PreviewMarketPolicy(ctx context.Context, market string, body NewLayer) (out ResidencyEffect, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/markets/{market}/residency-policy/preview", values: []string{market}, body: body}, &out)
	return out, err
}

// PreviewResidencyFacts: What facts from YAML would newly allow and refuse, before they are put.
func (c *Client) PreviewResidencyFacts(ctx context.Context, body []byte) (out ResidencyEffect, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/residency/facts/preview", raw: body, media: "application/yaml"}, &out)
	return out, err
}

// PreviewResidencyPolicy: What a layer would newly allow and refuse, before it is set.
func (c *Client) PreviewResidencyPolicy(ctx context.Context, org string, body NewLayer) (out ResidencyEffect, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/residency-policy/preview", values: []string{org}, body: body}, &out)
	return out, err
}

// PublishOffer: Put a reviewed version on the shelf.
func (c *Client) PublishOffer(ctx context.Context, version string) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/offer-versions/{version}/publish", values: []string{version}}, &out)
	return out, err
}

// ReadManaged: Manage the application of a service (path such as devices/pump-7).
func (c *Client) ReadManaged(ctx context.Context, service, path string) (out json.RawMessage, err error) {
	err = c.call(ctx, request{method: "GET", path: "/api/v1/services/{service}/manage/{path}", values: []string{service, path}}, &out)
	return out, err
}

// RecordPayment: Note a payment.
func (c *Client) RecordPayment(ctx context.Context, invoice string, body NewPayment) (out InvoiceRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/invoices/{invoice}/payments", values: []string{invoice}, body: body}, &out)
	return out, err
}

// RefuseDispute: Say why the events count as they are.
func (c *Client) RefuseDispute(ctx context.Context, dispute string, body Answered) (out Dispute, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/disputes/{dispute}/refuse", values: []string{dispute}, body: body}, &out)
	return out, err
}

// RefuseLicence: Refuse a customer's own licence, as its publisher.
func (c *Client) RefuseLicence(ctx context.Context, licence string, body Reason) (out Licence, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/licences/{licence}/refuse", values: []string{licence}, body: body}, &out)
	return out, err
}

// RegisterCopy: Register a copy: its place is judged as the service's own.
func (c *Client) RegisterCopy(ctx context.Context, body NewCopy) (out Copy, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/copies", body: body}, &out)
	return out, err
}

// RejectHeldEvent: Take a held event out of the quarantine for good.
func (c *Client) RejectHeldEvent(ctx context.Context, event string, body Decided) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/quarantine/{event}/reject", values: []string{event}, body: body}, nil)
}

// RejectOrderParams are the parameters of RejectOrder.
type RejectOrderParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// RejectOrder: Refuse a held order.
func (c *Client) RejectOrder(ctx context.Context, order string, p RejectOrderParams, body Reason) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/orders/{order}/reject", values: []string{order}, params: p, body: body}, &out)
	return out, err
}

// RejectResidencyProposal: Decline a proposed change, or withdraw one's own.
func (c *Client) RejectResidencyProposal(ctx context.Context, proposal string, body RejectResidencyProposalRequest) (out ResidencyProposal, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/residency-proposals/{proposal}/reject", values: []string{proposal}, body: body}, &out)
	return out, err
}

// ReleaseHeldEvent: Let a held event be judged again: by the operator whatever the cut-off says, by its publisher as if it was sent again.
func (c *Client) ReleaseHeldEvent(ctx context.Context, event string, body Decided) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/quarantine/{event}/release", values: []string{event}, body: body}, nil)
}

// ReleaseSeat: Take a named seat back.
func (c *Client) ReleaseSeat(ctx context.Context, service, seat string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/services/{service}/named-seats/{seat}", values: []string{service, seat}}, nil)
}

// RemoveBudget: Take a budget away; what stood still because of it goes on.
func (c *Client) RemoveBudget(ctx context.Context, budget string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/budgets/{budget}", values: []string{budget}}, nil)
}

// RemoveMember: End a membership.
func (c *Client) RemoveMember(ctx context.Context, org, person string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/organisations/{org}/members/{person}", values: []string{org, person}}, nil)
}

// RenewLicence: Renew a licence for another term.
func (c *Client) RenewLicence(ctx context.Context, licence string) (out Licence, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/licences/{licence}/renew", values: []string{licence}}, &out)
	return out, err
}

// RenewSeat: Say that a seat is still in use.
func (c *Client) RenewSeat(ctx context.Context, service, lease string, body SeatRenewal) (out Seat, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/seats/{lease}/renew", values: []string{service, lease}, body: body}, &out)
	return out, err
}

// ReplayDecision: Compute a decision again and compare.
func (c *Client) ReplayDecision(ctx context.Context, decision string) (out Replayed, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/decisions/{decision}/replay", values: []string{decision}}, &out)
	return out, err
}

// ResetPassword: Use the link to set a new password.
func (c *Client) ResetPassword(ctx context.Context, body ResetPasswordRequest) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/password-resets", body: body}, nil)
}

// ResumeServiceParams are the parameters of ResumeService.
type ResumeServiceParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// ResumeService: Let a service go on.
func (c *Client) ResumeService(ctx context.Context, service string, p ResumeServiceParams) (out Service, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/resume", values: []string{service}, params: p}, &out)
	return out, err
}

// RetireCopy: Say that a copy need not be there any more.
func (c *Client) RetireCopy(ctx context.Context, copy string, body CopyNote) (out Copy, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/copies/{copy}/retire", values: []string{copy}, body: body}, &out)
	return out, err
}

// RetryParked: Try a parked fact again now.
func (c *Client) RetryParked(ctx context.Context, body ParkedRef) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/desk/parked/retry", body: body}, nil)
}

// RetryResource: Make a resource again that vanished from its engine.
func (c *Client) RetryResource(ctx context.Context, resource string) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/resources/{resource}/retry", values: []string{resource}}, nil)
}

// ReturnOffer: Give a version in review back with a note.
func (c *Client) ReturnOffer(ctx context.Context, version string, body Note) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/offer-versions/{version}/return", values: []string{version}, body: body}, &out)
	return out, err
}

// ReturnSeatParams are the parameters of ReturnSeat.
type ReturnSeatParams struct {
	Device string `query:"device"` // of a seat that was taken offline: its device
}

// ReturnSeat: Give a seat back.
func (c *Client) ReturnSeat(ctx context.Context, service, lease string, p ReturnSeatParams) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/services/{service}/seats/{lease}", values: []string{service, lease}, params: p}, nil)
}

// ReviveJob: Let a dead job run again.
func (c *Client) ReviveJob(ctx context.Context, job string) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/desk/jobs/{job}/revive", values: []string{job}}, nil)
}

// RevokeMandate: Revoke a mandate, at once.
func (c *Client) RevokeMandate(ctx context.Context, mandate string) (out Mandate, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/mandates/{mandate}/revoke", values: []string{mandate}}, &out)
	return out, err
}

// RevokeRole: Take a role from a member.
func (c *Client) RevokeRole(ctx context.Context, org, person, role string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/organisations/{org}/members/{person}/roles/{role}", values: []string{org, person, role}}, nil)
}

// RevokeToken: Make a token worthless.
func (c *Client) RevokeToken(ctx context.Context, org, token string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/organisations/{org}/tokens/{token}", values: []string{org, token}}, nil)
}

// RunCollection: Announce the debits of open invoices, and make a file of them.
func (c *Client) RunCollection(ctx context.Context, entity string) (out Ran, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/entities/{entity}/collections", values: []string{entity}}, &out)
	return out, err
}

// SendUsage: Send usage events (CloudEvents 1.0), at most 1000 or 1 MiB.
func (c *Client) SendUsage(ctx context.Context, media string, body []byte) (out Verdicts, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/usage", raw: body, media: media}, &out)
	return out, err
}

// SetAccount: Say where a legal entity gets its money and how it collects.
func (c *Client) SetAccount(ctx context.Context, entity string, body EntityAccount) (out EntityAccount, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/entities/{entity}/account", values: []string{entity}, body: body}, &out)
	return out, err
}

// SetApprovalRule: Ask for an approval of orders above an amount.
func (c *Client) SetApprovalRule(ctx context.Context, org, currency string, body SetApprovalRuleRequest) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/approval-rules/{currency}", values: []string{org, currency}, body: body}, nil)
}

// SetBillData: Change what stands on an organisation's bills, from the next one on; all fields are replaced.
func (c *Client) SetBillData(ctx context.Context, org string, body BillData) (out BillData, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/bill-data", values: []string{org}, body: body}, &out)
	return out, err
}

// SetBudget: Set a budget, or change the one that is there for the same scope and currency.
func (c *Client) SetBudget(ctx context.Context, org string, body BudgetInput) (out Budget, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/budgets", values: []string{org}, body: body}, &out)
	return out, err
}

// SetDunning: Say by what steps a market reminds from a day on.
func (c *Client) SetDunning(ctx context.Context, market string, body DunningPlan) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/markets/{market}/reminders", values: []string{market}, body: body}, nil)
}

// SetEntity: Add a legal entity, or change one (its id set).
func (c *Client) SetEntity(ctx context.Context, org string, body Entity) (out Entity, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/entities", values: []string{org}, body: body}, &out)
	return out, err
}

// SetExportSettings: Set how the accountants know the books.
func (c *Client) SetExportSettings(ctx context.Context, body ExportSettings) (out ExportSettings, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/ledger/export-settings", body: body}, &out)
	return out, err
}

// SetFirstMarket: Give an organisation the market it buys in.
func (c *Client) SetFirstMarket(ctx context.Context, org string, body SetFirstMarketRequest) error {
	return c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/market", values: []string{org}, body: body}, nil)
}

// SetKinds: Change what an organisation does.
func (c *Client) SetKinds(ctx context.Context, org string, body SetKindsRequest) (out Organisation, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/kinds", values: []string{org}, body: body}, &out)
	return out, err
}

// SetLimit: Set a limit; -1 takes it away.
func (c *Client) SetLimit(ctx context.Context, org, dimension string, body SetLimitRequest) (out Limit, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/limits/{dimension}", values: []string{org, dimension}, body: body}, &out)
	return out, err
}

// SetMarketParams are the parameters of SetMarket.
type SetMarketParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// SetMarket: Change a market.
func (c *Client) SetMarket(ctx context.Context, market string, p SetMarketParams, body Market) (out Market, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/markets/{market}", values: []string{market}, params: p, body: body}, &out)
	return out, err
}

// SetMarketBilling: Set who bills what a market sells from now on.
func (c *Client) SetMarketBilling(ctx context.Context, market string, body MarketBilling) (out MarketBilling, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/markets/{market}/billing", values: []string{market}, body: body}, &out)
	return out, err
}

// SetMarketPolicy: Set what holds for all customers of a market.
func (c *Client) SetMarketPolicy(ctx context.Context, market string, body NewLayer) (out LayerVersion, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/markets/{market}/residency-policy", values: []string{market}, body: body}, &out)
	return out, err
}

// SetPayee: Name the account that payouts are to go to.
func (c *Client) SetPayee(ctx context.Context, org string, body NewPayee) (out Payee, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/payout-account", values: []string{org}, body: body}, &out)
	return out, err
}

// SetResidencyPolicy: Set an organisation's layer: it can only tighten.
func (c *Client) SetResidencyPolicy(ctx context.Context, org string, body NewLayer) (out LayerVersion, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/organisations/{org}/residency-policy", values: []string{org}, body: body}, &out)
	return out, err
}

// SetSplitRule: Write a new version of a split rule.
func (c *Client) SetSplitRule(ctx context.Context, body NewSplitRule) (out SplitRule, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/split-rules", body: body}, &out)
	return out, err
}

// SignIn: Sign in by e-mail address and password.
func (c *Client) SignIn(ctx context.Context, body Credentials) (out OpenedSession, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/session", body: body}, &out)
	return out, err
}

// SignMandate: Agree to a mandate that waits.
func (c *Client) SignMandate(ctx context.Context, mandate string, body Signing) (out Mandate, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/mandates/{mandate}/sign", values: []string{mandate}, body: body}, &out)
	return out, err
}

// SignOut: End this session.
func (c *Client) SignOut(ctx context.Context) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/session"}, nil)
}

// SignOutEverywhere: End all of your sessions.
func (c *Client) SignOutEverywhere(ctx context.Context) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/me/sessions"}, nil)
}

// SignUp: Sign a household up.
func (c *Client) SignUp(ctx context.Context, body SignUp) (out SignedUp, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/sign-up", body: body}, &out)
	return out, err
}

// SimulatePriceParams are the parameters of SimulatePrice.
type SimulatePriceParams struct {
	Plan   string `query:"plan"`   // plan
	Period string `query:"period"` // period
}

// SimulatePrice: What the last complete period would have cost an offer's subscribers by a draft.
func (c *Client) SimulatePrice(ctx context.Context, org string, p SimulatePriceParams, body []byte) (out Simulation, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/organisations/{org}/price-simulations", values: []string{org}, params: p, raw: body, media: "application/yaml"}, &out)
	return out, err
}

// SkipParked: Give a parked fact up for one reader; the reason is a fact.
func (c *Client) SkipParked(ctx context.Context, body SkipParkedRequest) error {
	return c.call(ctx, request{method: "POST", path: "/api/v1/desk/parked/skip", body: body}, nil)
}

// SubmitOffer: Give a draft to the operator for review.
func (c *Client) SubmitOffer(ctx context.Context, version string) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/offer-versions/{version}/submit", values: []string{version}}, &out)
	return out, err
}

// SuspendServiceParams are the parameters of SuspendService.
type SuspendServiceParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// SuspendService: Stop a service for a while.
func (c *Client) SuspendService(ctx context.Context, service string, p SuspendServiceParams) (out Service, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/suspend", values: []string{service}, params: p}, &out)
	return out, err
}

// TagService: Replace the tags of a service.
func (c *Client) TagService(ctx context.Context, service string, body ServiceTags) (out Service, err error) {
	err = c.call(ctx, request{method: "PUT", path: "/api/v1/services/{service}/tags", values: []string{service}, body: body}, &out)
	return out, err
}

// TakeCollectionFile: The file for the bank; what stopped being right is left out.
func (c *Client) TakeCollectionFile(ctx context.Context, collection string, w io.Writer) error {
	return c.save(ctx, request{method: "POST", path: "/api/v1/collections/{collection}/file", values: []string{collection}}, w)
}

// TakeSeatParams are the parameters of TakeSeat.
type TakeSeatParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // the same key with the same body gives the same seat
}

// TakeSeat: Take a seat.
func (c *Client) TakeSeat(ctx context.Context, service string, p TakeSeatParams, body SeatInput) (out Seat, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/services/{service}/seats", values: []string{service}, params: p, body: body}, &out)
	return out, err
}

// TakeUpInvoice: Expect again what was written off.
func (c *Client) TakeUpInvoice(ctx context.Context, invoice string) (out InvoiceRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/invoices/{invoice}/take-up", values: []string{invoice}}, &out)
	return out, err
}

// UpdateMeParams are the parameters of UpdateMe.
type UpdateMeParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// UpdateMe: Change your name or how you are reached.
func (c *Client) UpdateMe(ctx context.Context, p UpdateMeParams, body PersonChange) (out Person, err error) {
	err = c.call(ctx, request{method: "PATCH", path: "/api/v1/me", params: p, body: body}, &out)
	return out, err
}

// UpdateOrganisationParams are the parameters of UpdateOrganisation.
type UpdateOrganisationParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// UpdateOrganisation: Change name, country or language.
func (c *Client) UpdateOrganisation(ctx context.Context, org string, p UpdateOrganisationParams, body OrganisationChange) (out Organisation, err error) {
	err = c.call(ctx, request{method: "PATCH", path: "/api/v1/organisations/{org}", values: []string{org}, params: p, body: body}, &out)
	return out, err
}

// WithdrawDispute: End a dispute: what was counted is right.
func (c *Client) WithdrawDispute(ctx context.Context, dispute string, body Answered) (out Dispute, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/disputes/{dispute}/withdraw", values: []string{dispute}, body: body}, &out)
	return out, err
}

// WithdrawInvitation: Make an open invitation worthless.
func (c *Client) WithdrawInvitation(ctx context.Context, org, invitation string) error {
	return c.call(ctx, request{method: "DELETE", path: "/api/v1/organisations/{org}/invitations/{invitation}", values: []string{org, invitation}}, nil)
}

// WithdrawLicence: Take an own licence back; its price ends at once.
func (c *Client) WithdrawLicence(ctx context.Context, licence string) (out Licence, err error) {
	err = c.call(ctx, request{method: "DELETE", path: "/api/v1/licences/{licence}", values: []string{licence}}, &out)
	return out, err
}

// WithdrawOffer: Stop the sale of a version.
func (c *Client) WithdrawOffer(ctx context.Context, version string, body Note) (out OfferVersion, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/offer-versions/{version}/withdraw", values: []string{version}, body: body}, &out)
	return out, err
}

// WithdrawOrderParams are the parameters of WithdrawOrder.
type WithdrawOrderParams struct {
	IfMatch string `header:"If-Match"` // If-Match
}

// WithdrawOrder: Withdraw from the contract, as a consumer.
func (c *Client) WithdrawOrder(ctx context.Context, order string, p WithdrawOrderParams) (out Order, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/orders/{order}/withdraw", values: []string{order}, params: p}, &out)
	return out, err
}

// WriteOffInvoice: Give up what is still owed.
func (c *Client) WriteOffInvoice(ctx context.Context, invoice string, body NewWriteOff) (out InvoiceRow, err error) {
	err = c.call(ctx, request{method: "POST", path: "/api/v1/invoices/{invoice}/write-off", values: []string{invoice}, body: body}, &out)
	return out, err
}
