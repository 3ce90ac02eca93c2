// Code generated from api/openapi.json by generate_test.go; DO NOT EDIT.

package client

import (
	"encoding/json"
	"time"
)

// AcceptInvitationRequest is what the API calls so.
type AcceptInvitationRequest struct {
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
	Secret   string `json:"secret"`
}

// Acting is what the API calls so.
type Acting struct {
	OnBehalfOf string `json:"onBehalfOf,omitempty"` // an organisation below it, for staff
	Org        string `json:"org"`                  // one of the person's organisations
	Purpose    string `json:"purpose,omitempty"`    // why staff looks at customers' data; the customer reads it
}

// AgedDebt is what the API calls so.
type AgedDebt struct {
	At    string         `json:"at"`
	Items []CustomerDebt `json:"items"` // the largest overdue debt first
}

// Answered is what the API calls so.
type Answered struct {
	Reason string `json:"reason,omitempty"` // both sides read it: no personal data
}

// ApproveCloseRequest is what the API calls so.
type ApproveCloseRequest struct {
	Round int64 `json:"round"` // that was looked at
}

// ApproveResidencyProposalRequest is what the API calls so.
type ApproveResidencyProposalRequest struct {
	Base string `json:"base"` // of the proposal as it was looked at
}

// AskResetRequest is what the API calls so.
type AskResetRequest struct {
	Email string `json:"email"`
}

// BankFile is what the API calls so.
type BankFile struct {
	ID         string    `json:"id"`
	Again      bool      `json:"again,omitempty"` // it was imported before, and nothing changed
	Desk       int64     `json:"desk"`            // that wait for a person
	Digest     string    `json:"digest"`          // SHA-256 of its bytes, hex
	Entity     string    `json:"entity"`
	Entries    int64     `json:"entries"` // movements, or debits that it speaks of
	Failed     int64     `json:"failed"`  // debits refused or returned
	Fresh      int64     `json:"fresh"`   // that no file told before
	ImportedAt time.Time `json:"importedAt"`
	Kind       string    `json:"kind"`
	Matched    int64     `json:"matched"`
	Name       string    `json:"name"`
}

// BillData is what the API calls so.
type BillData struct {
	BuyerReference string `json:"buyerReference,omitempty"` // what bills are routed by, such as a Leitweg-ID (BT-10)
	CostCentre     string `json:"costCentre,omitempty"`     // of the whole bill (BT-19)
	CostTag        string `json:"costTag,omitempty"`        // key of the tag of a service that says its cost centre (BT-133); empty: cost-centre
	PurchaseOrder  string `json:"purchaseOrder,omitempty"`  // number of the purchase order, of what was ordered without one (BT-13)
	Version        int64  `json:"version,omitempty"`        // that you have seen; left out in a change: whatever stands
}

// Budget is what the API calls so.
type Budget struct {
	ID         string    `json:"id"`
	Action     string    `json:"action"` // what happens when it is used up
	Amount     string    `json:"amount"`
	CappedAt   time.Time `json:"cappedAt,omitzero"`
	Org        string    `json:"org"`               // organisation or unit; its units count in it
	Percent    int64     `json:"percent"`           // how much is used, rounded down
	Period     string    `json:"period"`            // month of the figures
	Reserved   string    `json:"reserved"`          // by orders under way
	Service    string    `json:"service,omitempty"` // the one service that it is for; left out: all
	State      string    `json:"state"`             // watching, or capped: orders are refused, and services stand still if so set
	Tag        string    `json:"tag,omitempty"`     // the tag that its services bear, key or key=value; left out: all
	Thresholds []int64   `json:"thresholds"`        // percent at which people are told
	Until      time.Time `json:"until"`             // when the month turns
	Used       string    `json:"used"`              // usage of the month, and fees for all of it
	Zone       string    `json:"zone"`              // of the calendar month
}

// BudgetInput is what the API calls so.
type BudgetInput struct {
	Action     string  `json:"action,omitempty"`     // what happens when it is used up; left out: notify
	Amount     string  `json:"amount"`               // a calendar month
	Service    string  `json:"service,omitempty"`    // only this service; left out: all of the organisation and its units
	Tag        string  `json:"tag,omitempty"`        // only the services that bear this tag now, key or key=value; left out: all
	Thresholds []int64 `json:"thresholds,omitempty"` // percent at which people are told; left out: 50, 80, 100
}

// CatalogContent is what the API calls so.
type CatalogContent struct {
	Contract      map[string]string     `json:"contract"`
	DataClasses   []string              `json:"dataClasses,omitempty"`
	Description   map[string]string     `json:"description,omitempty"`
	Driver        CatalogDriver         `json:"driver"`
	Entity        string                `json:"entity,omitempty"`
	Exit          CatalogExit           `json:"exit"`
	Families      []string              `json:"families"`
	Key           string                `json:"key"`
	Markets       []string              `json:"markets,omitempty"`
	Meters        []CatalogMeter        `json:"meters,omitempty"`
	Name          map[string]string     `json:"name"`
	Parameters    json.RawMessage       `json:"parameters,omitempty"`
	Plans         []CatalogPlan         `json:"plans"`
	Regions       []string              `json:"regions,omitempty"`
	Seller        string                `json:"seller"`
	ServiceLevels []CatalogServiceLevel `json:"serviceLevels,omitempty"`
	SubProcessors []CatalogSubProcessor `json:"subProcessors,omitempty"`
	Summary       map[string]string     `json:"summary"`
	Support       []string              `json:"support,omitempty"`
	Tags          []string              `json:"tags,omitempty"`
}

// CatalogCredit is what the API calls so.
type CatalogCredit struct {
	Below string `json:"below"`
	Share int64  `json:"share"`
}

// CatalogDriver is what the API calls so.
type CatalogDriver struct {
	Isolation      string          `json:"isolation,omitempty"`
	Kind           string          `json:"kind"`
	LimitsInto     string          `json:"limitsInto,omitempty"`
	Name           string          `json:"name"`
	ParametersInto string          `json:"parametersInto,omitempty"`
	Spec           json.RawMessage `json:"spec,omitempty"`
}

// CatalogExit is what the API calls so.
type CatalogExit struct {
	Formats   []string `json:"formats"`
	Import    bool     `json:"import,omitempty"`
	Rehearsed string   `json:"rehearsed,omitempty"`
}

// CatalogLicence is what the API calls so.
type CatalogLicence struct {
	BorrowHours  int64    `json:"borrowHours,omitempty"`
	BringOwn     bool     `json:"bringOwn,omitempty"`
	Charges      []string `json:"charges,omitempty"`
	Credit       int64    `json:"credit,omitempty"`
	Kind         string   `json:"kind"`
	LeaseMinutes int64    `json:"leaseMinutes,omitempty"`
	Meter        string   `json:"meter,omitempty"`
	Months       int64    `json:"months,omitempty"`
	ReassignDays int64    `json:"reassignDays,omitempty"`
	Reference    string   `json:"reference,omitempty"`
	Seats        int64    `json:"seats,omitempty"`
}

// CatalogMeter is what the API calls so.
type CatalogMeter struct {
	Aggregation string            `json:"aggregation"`
	CutOffDays  int64             `json:"cutOffDays,omitempty"`
	GraceHours  int64             `json:"graceHours,omitempty"`
	Key         string            `json:"key"`
	Name        map[string]string `json:"name"`
	Unit        string            `json:"unit"`
}

// CatalogPlan is what the API calls so.
type CatalogPlan struct {
	Entitlements []string          `json:"entitlements,omitempty"`
	Key          string            `json:"key"`
	Licence      *CatalogLicence   `json:"licence,omitempty"`
	Limits       map[string]int64  `json:"limits,omitempty"`
	Name         map[string]string `json:"name"`
	Prices       []CatalogPrice    `json:"prices"`
	Spec         json.RawMessage   `json:"spec,omitempty"`
	Summary      map[string]string `json:"summary,omitempty"`
	TermMonths   int64             `json:"termMonths,omitempty"`
	TrialDays    int64             `json:"trialDays,omitempty"`
	Withdrawn    bool              `json:"withdrawn,omitempty"`
}

// CatalogPrice is what the API calls so.
type CatalogPrice struct {
	ID            string           `json:"id,omitempty"`
	Basis         string           `json:"basis"`
	Components    []PriceComponent `json:"components"`
	Currency      string           `json:"currency"`
	EffectiveFrom time.Time        `json:"effectiveFrom,omitzero"`
	EffectiveTo   time.Time        `json:"effectiveTo,omitzero"`
	Markets       []string         `json:"markets,omitempty"`
	Resellers     []string         `json:"resellers,omitempty"`
	Rounding      string           `json:"rounding,omitempty"`
	Terms         []PriceTerm      `json:"terms,omitempty"`
}

// CatalogServiceLevel is what the API calls so.
type CatalogServiceLevel struct {
	Contact string            `json:"contact,omitempty"`
	Credits []CatalogCredit   `json:"credits,omitempty"`
	Hours   map[string]string `json:"hours,omitempty"`
	Measure string            `json:"measure"`
	Target  string            `json:"target"`
	Window  string            `json:"window"`
}

// CatalogSubProcessor is what the API calls so.
type CatalogSubProcessor struct {
	ControlledFrom string            `json:"controlledFrom,omitempty"`
	Country        string            `json:"country"`
	Name           string            `json:"name"`
	Purpose        map[string]string `json:"purpose"`
}

// Change is what the API calls so.
type Change struct {
	Amount         string `json:"amount"` // charges of the month, before discounts and minimums
	Before         string `json:"before"` // those of the month before
	Change         string `json:"change"`
	Meter          string `json:"meter,omitempty"`
	Name           string `json:"name,omitempty"`     // of the service
	Quantity       string `json:"quantity,omitempty"` // base units of the meter
	QuantityBefore string `json:"quantityBefore,omitempty"`
	Subject        string `json:"subject"` // organisation or service
}

// ChangePasswordRequest is what the API calls so.
type ChangePasswordRequest struct {
	New string `json:"new"`
	Old string `json:"old"`
}

// Changes is what the API calls so.
type Changes struct {
	Complete   bool     `json:"complete"`   // the month is over
	Currencies []string `json:"currencies"` // that something was charged in
	Currency   string   `json:"currency,omitempty"`
	Down       []Change `json:"down"`  // what shrank, the most first
	Month      string   `json:"month"` // in UTC
	Of         string   `json:"of"`
	Up         []Change `json:"up"` // what grew, the most first
}

// Charge is what the API calls so.
type Charge struct {
	ID         string         `json:"id"`
	At         PriceInterval  `json:"at"`
	Component  string         `json:"component"`
	Correction bool           `json:"correction,omitempty"`
	CreatedAt  time.Time      `json:"createdAt"`
	Exact      string         `json:"exact"`
	From       string         `json:"from"` // units of the period charged before
	Invoice    string         `json:"invoice,omitempty"`
	Org        string         `json:"org"`
	Period     *PriceInterval `json:"period,omitempty"`
	Price      string         `json:"price"` // hash of the price version, hex
	Quantity   string         `json:"quantity"`
	Service    string         `json:"service"`
	Window     string         `json:"window,omitempty"`
}

// ChartAccount is what the API calls so.
type ChartAccount struct {
	Code   string `json:"code"` // of the books; foreign: bank and tax of another seller; other: what has no number of its own
	Name   string `json:"name"`
	Number string `json:"number"`
	Own    bool   `json:"own,omitempty"` // set by the operator, not the default
}

// ClosedCustomer is what the API calls so.
type ClosedCustomer struct {
	Before   []string        `json:"before"`            // invoiced in the month before
	Code     string          `json:"code,omitempty"`    // of what failed
	Failure  string          `json:"failure,omitempty"` // why it failed
	Flags    []string        `json:"flags"`             // why it stands out: new, gone, more, less, waits, failed
	Invoices []ClosedInvoice `json:"invoices"`
	Mails    int64           `json:"mails"` // people that were written to
	Org      string          `json:"org"`
	Remedy   string          `json:"remedy,omitempty"` // what would make it pass
	State    string          `json:"state"`
	Totals   []string        `json:"totals"` // gross, as it was worked out
}

// ClosedInvoice is what the API calls so.
type ClosedInvoice struct {
	ID     string `json:"id"`
	Due    string `json:"due"`
	Gross  string `json:"gross"`
	Number string `json:"number"`
}

// Collection is what the API calls so.
type Collection struct {
	ID        string    `json:"id"`
	Count     int64     `json:"count"`
	CreatedAt time.Time `json:"createdAt"`
	Debits    []Debit   `json:"debits,omitempty"` // of getCollection
	Edition   int64     `json:"edition"`          // grows when something is left out
	Entity    string    `json:"entity"`
	HandedAt  time.Time `json:"handedAt,omitzero"`
	Message   string    `json:"message"` // identifier of the file for the bank
	State     string    `json:"state"`
	Taken     int64     `json:"taken"` // edition that was downloaded last; 0 for none
	Total     string    `json:"total"`
}

// Collector is what the API calls so.
type Collector struct {
	Creditor string `json:"creditor"` // SEPA creditor identifier
	Entity   string `json:"entity"`
	Name     string `json:"name"`
	Text     string `json:"text"` // what a mandate for it says
}

// Comparison is what the API calls so.
type Comparison struct {
	Agreed  Cost          `json:"agreed"`
	Offer   string        `json:"offer"`
	Other   Cost          `json:"other"`
	Period  PriceInterval `json:"period"`
	Plan    string        `json:"plan"`
	Saving  string        `json:"saving,omitempty"` // agreed less other; none when they are in two currencies or only one carries tax
	Service string        `json:"service"`
	Windows int64         `json:"windows"` // closed usage windows that were replayed
}

// Connection is what the API calls so.
type Connection struct {
	Outputs map[string]string `json:"outputs"`
	Secrets map[string]string `json:"secrets,omitempty"`
}

// Conversion is what the API calls so.
type Conversion struct {
	Always  string            `json:"always,omitempty"` // who is cheaper whatever is used; left out: there is a break-even
	Credit  string            `json:"credit,omitempty"` // owed back for the unused part of the term if it were converted now
	Even    []EvenPart        `json:"even"`             // the usage of thirty days at which both cost the same
	Licence string            `json:"licence"`          // all months by the contract that stands
	Months  []ConversionMonth `json:"months"`           // oldest first; the present one so far
	Offer   string            `json:"offer"`
	Other   string            `json:"other"`             // by the other plan
	Percent int64             `json:"percent,omitempty"` // the break-even, in percent of the usage so far
	Plan    string            `json:"plan"`
	Saving  string            `json:"saving,omitempty"` // licence less other
	Service string            `json:"service"`
	Term    int64             `json:"term,omitempty"`   // seconds
	Unused  int64             `json:"unused,omitempty"` // seconds of the term that are left
}

// ConversionMonth is what the API calls so.
type ConversionMonth struct {
	Bought  string        `json:"bought"` // of it: the part of what was paid once
	Licence string        `json:"licence"`
	Other   string        `json:"other"`
	Period  PriceInterval `json:"period"`
	Saving  string        `json:"saving,omitempty"`
}

// Copy is what the API calls so.
type Copy struct {
	ID           string            `json:"id"`
	Allowed      bool              `json:"allowed"` // by the policy and the rules of now
	Bytes        int64             `json:"bytes"`
	City         string            `json:"city,omitempty"`
	Class        string            `json:"class"`
	Cloud        string            `json:"cloud,omitempty"`
	Complete     bool              `json:"complete"` // the engine lists every copy that it has
	Country      string            `json:"country,omitempty"`
	Evidence     string            `json:"evidence"`           // how well the place is known, weakest first
	Incident     *CopyIncident     `json:"incident,omitempty"` // that is open
	Kind         string            `json:"kind"`
	Laws         []string          `json:"laws"`               // countries whose law reaches the operator; ? where that is not known
	Name         string            `json:"name,omitempty"`     // what it is, of the platform's own data
	Object       string            `json:"object,omitempty"`   // the engine's own name
	Operator     string            `json:"operator,omitempty"` // who operates the place
	Org          string            `json:"org"`                // whose data
	Reasons      []ResidencyReason `json:"reasons"`            // every one, when it is not allowed
	Region       string            `json:"region,omitempty"`
	RegisteredAt time.Time         `json:"registeredAt"`
	SeenAt       time.Time         `json:"seenAt,omitzero"` // when the engine last listed it
	Service      string            `json:"service,omitempty"`
	State        string            `json:"state"`
}

// CopyCycle is what the API calls so.
type CopyCycle struct {
	Closed  int64 `json:"closed"`
	Copies  int64 `json:"copies"`
	Opened  int64 `json:"opened"`  // incidents
	Regions int64 `json:"regions"` // asked
	Silent  int64 `json:"silent"`  // that did not answer
}

// CopyIncident is what the API calls so.
type CopyIncident struct {
	ID       string    `json:"id"`
	ClosedAt time.Time `json:"closedAt,omitzero"`
	Copy     string    `json:"copy"`
	How      string    `json:"how,omitempty"` // it ended: vanished, found, adopted or retired
	Kind     string    `json:"kind"`
	Note     string    `json:"note,omitempty"`
	OpenedAt time.Time `json:"openedAt"`
}

// CopyLook is what the API calls so.
type CopyLook struct {
	At       time.Time `json:"at,omitzero"` // of the last answer
	Complete bool      `json:"complete"`    // it lists every copy, not only the services themselves
	Driver   string    `json:"driver"`
	FailedAt time.Time `json:"failedAt,omitzero"` // since when it does not answer
	Found    int64     `json:"found"`
	Region   string    `json:"region"`
}

// CopyNote is what the API calls so.
type CopyNote struct {
	Reason string `json:"reason"` // the customer reads it
}

// Cost is what the API calls so.
type Cost struct {
	Basis   string     `json:"basis"`
	Name    string     `json:"name"`
	Parts   []CostPart `json:"parts"`
	Service string     `json:"service"`
	Total   string     `json:"total"`
}

// CostPart is what the API calls so.
type CostPart struct {
	Amount    string `json:"amount"`
	Component string `json:"component"`
	Exact     string `json:"exact"`
	Kind      string `json:"kind"`
	Price     string `json:"price"`
	Quantity  string `json:"quantity"`
	Unit      string `json:"unit"`
}

// CreatedToken is what the API calls so.
type CreatedToken struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"`
	ExpiresAt time.Time `json:"expiresAt"`
	Name      string    `json:"name"`
	Org       string    `json:"org"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
	Roles     []string  `json:"roles"`
	Scopes    []string  `json:"scopes"`
	Secret    string    `json:"secret"`
	UsedAt    time.Time `json:"usedAt,omitzero"` // within a minute
}

// Credentials is what the API calls so.
type Credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// CreditLine is what the API calls so.
type CreditLine struct {
	Amount string `json:"amount"` // with the sign of the line, in the basis of its price
	Line   int64  `json:"line"`   // its number on the invoice
}

// CustomerDebt is what the API calls so.
type CustomerDebt struct {
	Days30   string `json:"days30"` // due up to 30 days ago
	Days60   string `json:"days60"` // 31 to 60 days
	Days90   string `json:"days90"` // 61 to 90 days
	Invoices int64  `json:"invoices"`
	More     string `json:"more"`
	NotDue   string `json:"notDue"`
	Oldest   string `json:"oldest"` // when the oldest was due
	Org      string `json:"org"`
	Step     string `json:"step,omitempty"` // the furthest reminder
	Total    string `json:"total"`
}

// DeadJob is what the API calls so.
type DeadJob struct {
	ID        string    `json:"id"`
	Attempt   int64     `json:"attempt"`
	CreatedAt time.Time `json:"createdAt"`
	Error     string    `json:"error"`
	Kind      string    `json:"kind"`
}

// Debit is what the API calls so.
type Debit struct {
	ID         string    `json:"id"`
	Amount     string    `json:"amount"`
	ChangedAt  time.Time `json:"changedAt"`
	Code       string    `json:"code,omitempty"` // why it failed (ISO 20022 return reason) or was left out
	Collection string    `json:"collection"`
	Due        string    `json:"due"` // when the payer's bank takes it
	Invoice    string    `json:"invoice"`
	Mandate    string    `json:"mandate"`
	Org        string    `json:"org"`
	Sequence   string    `json:"sequence"` // FRST or RCUR
	State      string    `json:"state"`
}

// Decided is what the API calls so.
type Decided struct {
	Reason string `json:"reason"` // publisher and operator read it: no personal data
}

// Decision is what the API calls so.
type Decision struct {
	ID         string           `json:"id"`
	At         time.Time        `json:"at"`
	Attempt    int64            `json:"attempt"`
	FactsHash  string           `json:"factsHash"`
	Item       string           `json:"item"`
	Order      string           `json:"order"`
	Org        string           `json:"org"`
	PolicyHash string           `json:"policyHash"`
	Region     string           `json:"region,omitempty"` // empty for a refusal
	Request    PlacementRequest `json:"request"`
	Result     PlacementResult  `json:"result"`
	RulesHash  string           `json:"rulesHash"`
	Words      []string         `json:"words"` // the decision in sentences
}

// Dispute is what the API calls so.
type Dispute struct {
	ID          string          `json:"id"`
	Answer      string          `json:"answer,omitempty"` // of the publisher, or in the end of the operator
	ChangedAt   time.Time       `json:"changedAt"`
	Corrections []UsageWindow   `json:"corrections,omitempty"` // once settled: closed windows that correct the time of the window; left out in lists
	Events      []DisputedEvent `json:"events,omitempty"`      // left out in lists
	OpenedAt    time.Time       `json:"openedAt"`
	Publisher   string          `json:"publisher"`
	Reason      string          `json:"reason"` // of the customer
	Service     string          `json:"service"`
	State       string          `json:"state"`
	Tenant      string          `json:"tenant"` // the customer's organisation
	Window      string          `json:"window"`
}

// DisputeClaim is what the API calls so.
type DisputeClaim struct {
	ID    string `json:"id"`              // of the event in the window
	Claim string `json:"claim,omitempty"` // the amount that would be right, as a decimal integer; none: the event should not count
}

// DisputedEvent is what the API calls so.
type DisputedEvent struct {
	ID      string `json:"id"`
	Claim   string `json:"claim,omitempty"`   // the amount that would be right; none: the event should not count
	Event   string `json:"event"`             // as it was counted, canonical JSON
	Outcome string `json:"outcome,omitempty"` // accepted, or why the correction did not count
}

// DriftRun is what the API calls so.
type DriftRun struct {
	At       time.Time `json:"at"`
	Closed   int64     `json:"closed"`
	Copies   int64     `json:"copies"`
	Distinct int64     `json:"distinct"` // decisions that were computed: placements that are alike share one
	Opened   int64     `json:"opened"`   // remedies
	TookMs   int64     `json:"tookMs"`
}

// DunningPlan is what the API calls so.
type DunningPlan struct {
	From  string        `json:"from,omitempty"` // first day; of the answer left out while the market set none
	Steps []DunningStep `json:"steps"`          // none: nobody is reminded
}

// DunningStep is what the API calls so.
type DunningStep struct {
	Days int64  `json:"days"`
	Kind string `json:"kind"` // stop: services of the invoice stand still, two weeks after a notice at the earliest
}

// Earning is what the API calls so.
type Earning struct {
	Kept      string `json:"kept"`  // of it, kept by the operator
	Lines     int64  `json:"lines"` // of customers' invoices and credit notes
	Month     string `json:"month"` // 2026-03
	Name      string `json:"name"`
	Net       string `json:"net"`       // what customers were charged
	Offer     string `json:"offer"`     // its key
	Resellers string `json:"resellers"` // of it, passed on to resellers
	Share     string `json:"share"`     // of it, the publisher's
}

// Entity is what the API calls so.
type Entity struct {
	ID             string         `json:"id,omitempty"`
	Address        string         `json:"address,omitempty"`        // lines separated by a line feed
	ControlledFrom string         `json:"controlledFrom,omitempty"` // country whose law reaches its parent
	Country        string         `json:"country,omitempty"`        // of its seat, ISO 3166-1 alpha-2
	Details        *EntityDetails `json:"details,omitempty"`        // for bills and electronic invoices; left out in a change: those that stand stay
	Name           string         `json:"name,omitempty"`
	Registration   string         `json:"registration,omitempty"`
	Rounding       string         `json:"rounding,omitempty"` // kept, not applied yet: a line is rounded as its price says
	VATID          string         `json:"vatId,omitempty"`
	Version        int64          `json:"version,omitempty"` // that you have seen; left out in a change: whatever stands
}

// EntityAccount is what the API calls so.
type EntityAccount struct {
	Bic        string `json:"bic,omitempty"`
	Creditor   string `json:"creditor,omitempty"` // SEPA creditor identifier; without it the legal entity does not collect
	Iban       string `json:"iban"`
	NoticeDays int64  `json:"noticeDays,omitempty"` // days between telling the customer and the debit, 5 to 30; left out: 14
	Old        bool   `json:"old,omitempty"`        // the bank still asks for pain.008.001.02
}

// EntityDetails is what the API calls so.
type EntityDetails struct {
	City         string `json:"city,omitempty"`
	ContactEmail string `json:"contactEmail,omitempty"`
	ContactName  string `json:"contactName,omitempty"` // whom to ask about a bill; not shown from outside the organisation
	ContactPhone string `json:"contactPhone,omitempty"`
	Discount     string `json:"discount,omitempty"`     // of a seller: sentence on discounts for early payment
	Endpoint     string `json:"endpoint,omitempty"`     // where it takes electronic documents
	EndpointKind string `json:"endpointKind,omitempty"` // kind of the electronic address, EAS: 0225 French directory, 9930 German VAT identifier, 0204 Leitweg-ID, EM e-mail
	LegalInfo    string `json:"legalInfo,omitempty"`    // legal form and capital
	Penalty      string `json:"penalty,omitempty"`      // of a seller: sentence on the penalty for late payment
	Postcode     string `json:"postcode,omitempty"`
	Recovery     string `json:"recovery,omitempty"` // of a seller: sentence on the costs of recovery; empty is that of the law
	Region       string `json:"region,omitempty"`   // subdivision of the country
	Scheme       string `json:"scheme,omitempty"`   // register that registration is of, ISO 6523: 0002 SIREN, 0009 SIRET, 0204 Leitweg-ID
	Street       string `json:"street,omitempty"`   // street and number; the lines of address are made of the parts
	Street2      string `json:"street2,omitempty"`
	TaxNumber    string `json:"taxNumber,omitempty"` // at its tax office, where it is not the VAT identifier
	Trading      string `json:"trading,omitempty"`   // the name it trades under
}

// EvenPart is what the API calls so.
type EvenPart struct {
	At        string `json:"at"` // base units at which both cost the same
	Component string `json:"component"`
	Now       string `json:"now"` // base units in thirty days so far
	Per       string `json:"per"` // base units in one unit
	Unit      string `json:"unit"`
}

// ExplainResidencyPolicyRequest is what the API calls so.
type ExplainResidencyPolicyRequest struct {
	Asks []ResidencyAsk `json:"asks"`
}

// Explanation is what the API calls so.
type Explanation struct {
	Text string `json:"text"`
}

// ExportDatevSettings is what the API calls so.
type ExportDatevSettings struct {
	Adviser int64  `json:"adviser,omitempty"`
	Chart   string `json:"chart,omitempty"`
	Client  int64  `json:"client,omitempty"`
	Length  int64  `json:"length,omitempty"`
}

// ExportSettings is what the API calls so.
type ExportSettings struct {
	Datev     *ExportDatevSettings         `json:"datev,omitempty"`
	First     string                       `json:"first,omitempty"`
	Last      string                       `json:"last,omitempty"`
	Numbers   map[string]map[string]string `json:"numbers,omitempty"`
	Siren     string                       `json:"siren,omitempty"`
	YearMonth int64                        `json:"yearMonth,omitempty"`
}

// Fact is what the API calls so.
type Fact struct {
	ID        string          `json:"id"`
	Actor     string          `json:"actor"`
	Aggregate string          `json:"aggregate"` // what it is about
	At        time.Time       `json:"at"`
	Data      json.RawMessage `json:"data,omitempty"`
	Erased    bool            `json:"erased,omitempty"` // its key was destroyed
	Type      string          `json:"type"`
	Version   int64           `json:"version"`
}

// FailField is what the API calls so.
type FailField struct {
	Message string `json:"message"`
	Path    string `json:"path"`
}

// FailReason is what the API calls so.
type FailReason struct {
	Clause string `json:"clause,omitempty"`
	Rule   string `json:"rule"`
	Text   string `json:"text"`
}

// HandOver is what the API calls so.
type HandOver struct {
	ID     string    `json:"id"`
	Lines  int64     `json:"lines"`
	MadeAt time.Time `json:"madeAt"`
	Market string    `json:"market"`
	Number int64     `json:"number"` // 1, 2, 3 … of the market, without gaps
}

// HandOverAnswer is what the API calls so.
type HandOverAnswer struct {
	Amount string `json:"amount,omitempty"` // without tax, as it stands there
	Bill   string `json:"bill,omitempty"`   // number of the bill that it stands on
	Line   string `json:"line"`
	Reason string `json:"reason,omitempty"` // of a refusal
	State  string `json:"state"`
}

// HandOverAnswers is what the API calls so.
type HandOverAnswers struct {
	Answers []HandOverAnswer `json:"answers"`
}

// HandOverLine is what the API calls so.
type HandOverLine struct {
	ID       string `json:"id"` // document and number: the key by which the other system knows a line twice
	Attempt  int64  `json:"attempt"`
	Batch    string `json:"batch,omitempty"`
	Bill     string `json:"bill,omitempty"` // number of the other system's bill
	Billed   string `json:"billed"`         // without tax, as it stands on that bill
	Document string `json:"document"`       // the statement of charges: its proof verifies the line offline
	Line     int64  `json:"line"`
	Net      string `json:"net"`
	Org      string `json:"org"`
	Reason   string `json:"reason,omitempty"`
	State    string `json:"state"`
}

// HandOverOutcome is what the API calls so.
type HandOverOutcome struct {
	Changed bool   `json:"changed"` // false when it was known already, or was not taken
	Line    string `json:"line"`
	Problem string `json:"problem,omitempty"` // why it was not taken
}

// HandOverReconciliation is what the API calls so.
type HandOverReconciliation struct {
	Billing MarketBilling  `json:"billing"`
	Differs []HandOverLine `json:"differs"` // billed there with another amount, at most 100
	Stated  []HandOverSum  `json:"stated"`  // all that was ever stated, by currency: the sums come to it
	Sums    []HandOverSum  `json:"sums"`    // by state and currency
}

// HandOverSum is what the API calls so.
type HandOverSum struct {
	Lines int64  `json:"lines"`
	Net   string `json:"net"`
	State string `json:"state,omitempty"`
}

// HeldEvent is what the API calls so.
type HeldEvent struct {
	ID         string    `json:"id"`
	Event      string    `json:"event,omitempty"` // what it says, canonical JSON; left out in lists
	Held       string    `json:"held"`            // its place in the quarantine, for a decision
	Publisher  string    `json:"publisher"`
	Reason     string    `json:"reason"`
	ReceivedAt time.Time `json:"receivedAt"`
	Service    string    `json:"service"`
	Source     string    `json:"source"`
	Tenant     string    `json:"tenant,omitempty"`
	Text       string    `json:"text"`
	Times      int64     `json:"times"`
}

// History is what the API calls so.
type History struct {
	Intervals []Interval `json:"intervals"`
	Runs      []Run      `json:"runs"`
}

// Hold is what the API calls so.
type Hold struct {
	ID      string `json:"id"`
	Amount  string `json:"amount"`
	Date    string `json:"date"`
	Dispute string `json:"dispute,omitempty"`
	Invoice string `json:"invoice"`
	Line    int64  `json:"line"`            // 0: a reserve of the whole invoice
	Until   string `json:"until,omitempty"` // of a reserve
}

// IngestHealth is what the API calls so.
type IngestHealth struct {
	Closings  int64    `json:"closings"`
	Committed int64    `json:"committed"`
	Folded    int64    `json:"folded"`
	Log       UsageLog `json:"log"`
	Open      int64    `json:"open"`              // windows
	Stopped   string   `json:"stopped,omitempty"` // why it does not fold
	Stored    int64    `json:"stored"`            // records in the log
	Subjects  int64    `json:"subjects"`
}

// Intake is what the API calls so.
type Intake struct {
	Closed    int64          `json:"closed"`    // windows, ever
	Committed int64          `json:"committed"` // of them in the database
	Folded    int64          `json:"folded"`    // of them counted
	Hours     []UsageQuality `json:"hours"`     // by publisher and hour of receipt, of the last 24 hours
	Keys      int64          `json:"keys"`      // events that the index remembers, so that none counts twice
	Now       []IntakeNow    `json:"now"`
	Open      int64          `json:"open"` // windows
	Services  int64          `json:"services"`
	Stopped   string         `json:"stopped,omitempty"` // why nothing is counted
	Stored    int64          `json:"stored"`            // records in the log
}

// IntakeNow is what the API calls so.
type IntakeNow struct {
	PerSecond int64  `json:"perSecond"` // events, over the last ten seconds
	Publisher string `json:"publisher"`
	Refused   int64  `json:"refused"` // requests turned away with 429 in the last 24 hours, since the process started
}

// Interval is what the API calls so.
type Interval struct {
	Condition string    `json:"condition"`
	Detail    string    `json:"detail,omitempty"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to,omitzero"`
}

// Invitation is what the API calls so.
type Invitation struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expiresAt"`
	Org       string    `json:"org"`
	Roles     []string  `json:"roles"`
}

// Invoice is what the API calls so.
type Invoice struct {
	ID         string        `json:"id,omitempty"`
	Credited   string        `json:"credited"` // gross, taken back by credit notes
	CreditedBy string        `json:"creditedBy,omitempty"`
	Credits    string        `json:"credits,omitempty"` // the invoice that a credit note takes back
	Date       string        `json:"date,omitempty"`
	Document   *ProofInvoice `json:"document,omitempty"`
	Due        string        `json:"due,omitempty"`
	Entity     string        `json:"entity"`
	Fact       string        `json:"fact,omitempty"`
	Gross      string        `json:"gross"`
	Hash       string        `json:"hash,omitempty"`   // SHA-256 of the canonical document, hex
	Hidden     bool          `json:"hidden,omitempty"` // name and address of a household are not shown to this reader
	IssuedAt   time.Time     `json:"issuedAt,omitzero"`
	Lines      int64         `json:"lines"`
	Net        string        `json:"net"`
	Notes      []InvoiceRow  `json:"notes"` // credit notes that took back some of it, oldest first
	Number     string        `json:"number,omitempty"`
	Org        string        `json:"org"`
	Paid       string        `json:"paid"`
	Payments   []Payment     `json:"payments"`
	Previous   string        `json:"previous,omitempty"` // hash of the document before it
	Status     string        `json:"status,omitempty"`
	Type       string        `json:"type"` // 380 invoice, 381 credit note (UNTDID 1001)
	VAT        string        `json:"vat"`
}

// InvoiceRow is what the API calls so.
type InvoiceRow struct {
	ID         string    `json:"id,omitempty"`
	Credited   string    `json:"credited"` // gross, taken back by credit notes
	CreditedBy string    `json:"creditedBy,omitempty"`
	Credits    string    `json:"credits,omitempty"` // the invoice that a credit note takes back
	Date       string    `json:"date,omitempty"`
	Due        string    `json:"due,omitempty"`
	Entity     string    `json:"entity"`
	Fact       string    `json:"fact,omitempty"`
	Gross      string    `json:"gross"`
	Hash       string    `json:"hash,omitempty"` // SHA-256 of the canonical document, hex
	IssuedAt   time.Time `json:"issuedAt,omitzero"`
	Lines      int64     `json:"lines"`
	Net        string    `json:"net"`
	Number     string    `json:"number,omitempty"`
	Org        string    `json:"org"`
	Paid       string    `json:"paid"`
	Previous   string    `json:"previous,omitempty"` // hash of the document before it
	Status     string    `json:"status,omitempty"`
	Type       string    `json:"type"` // 380 invoice, 381 credit note (UNTDID 1001)
	VAT        string    `json:"vat"`
}

// Item is what the API calls so.
type Item struct {
	ID           string        `json:"id"`
	Action       string        `json:"action"`
	Failure      *OrderFailure `json:"failure,omitempty"`
	No           int64         `json:"no"`
	Placement    string        `json:"placement,omitempty"` // decision about its place
	Reasons      []FailReason  `json:"reasons,omitempty"`   // of a rejection, all of them
	State        string        `json:"state"`
	Subscription string        `json:"subscription,omitempty"`
	Terms        OrderTerms    `json:"terms"`
}

// KnownFacts is what the API calls so.
type KnownFacts struct {
	Facts ResidencyFacts `json:"facts"`
	Hash  string         `json:"hash"`
}

// LayerVersion is what the API calls so.
type LayerVersion struct {
	Actor     string         `json:"actor"`
	CreatedAt time.Time      `json:"createdAt"`
	Layer     ResidencyLayer `json:"layer"`
	Proposal  string         `json:"proposal,omitempty"` // it waits for a second person, and nothing holds yet
	Scope     string         `json:"scope"`              // market or organisation
	Version   int64          `json:"version"`
}

// LedgerAccount is what the API calls so.
type LedgerAccount struct {
	ID      int64  `json:"id"`
	Balance string `json:"balance"` // debits less credits: above zero it has it, below it owes it
	Code    string `json:"code"`    // receivable, bank, payable, held, due, transit, commission, vat, revenue or cost
	Credits string `json:"credits"`
	Debits  string `json:"debits"`
	Owner   string `json:"owner"` // organisation
}

// LedgerEntry is what the API calls so.
type LedgerEntry struct {
	Date      string           `json:"date"`
	Hash      string           `json:"hash"`   // of this entry and all before it, hex
	Kind      string           `json:"kind"`   // of the event: invoice, payment, hold, release, statement, payout, payout-paid, payout-returned
	Number    int64            `json:"number"` // 1, 2, 3 … without gaps
	PostedAt  time.Time        `json:"postedAt"`
	Ref       string           `json:"ref"` // identifier of the event
	Transfers []LedgerTransfer `json:"transfers"`
}

// LedgerHead is what the API calls so.
type LedgerHead struct {
	Accounts  int64  `json:"accounts"`
	Entries   int64  `json:"entries"`
	Hash      string `json:"hash"`             // of the last entry, hex: it stands for all before it
	Locked    string `json:"locked,omitempty"` // nothing is booked on this day or before
	Transfers int64  `json:"transfers"`
}

// LedgerMonth is what the API calls so.
type LedgerMonth struct {
	Month SettlementMonth `json:"month"`
	Right bool            `json:"right"` // every difference is zero
}

// LedgerReport is what the API calls so.
type LedgerReport struct {
	Differences []string   `json:"differences"` // what does not hold
	Head        LedgerHead `json:"head"`
	Omitted     int64      `json:"omitted,omitempty"` // differences beyond those
	Right       bool       `json:"right"`
	Totals      []string   `json:"totals"` // all that was ever moved, by currency
}

// LedgerSide is what the API calls so.
type LedgerSide struct {
	Code  string `json:"code"`
	Owner string `json:"owner"`
}

// LedgerTransfer is what the API calls so.
type LedgerTransfer struct {
	Amount string     `json:"amount"`
	Credit LedgerSide `json:"credit"`         // gave it
	Debit  LedgerSide `json:"debit"`          // has it then
	Line   int64      `json:"line,omitempty"` // of the invoice
}

// Licence is what the API calls so.
type Licence struct {
	ID        string    `json:"id"`
	Attested  string    `json:"attested"` // by whom
	CreatedAt time.Time `json:"createdAt"`
	DecidedBy string    `json:"decidedBy,omitempty"`
	Document  string    `json:"document,omitempty"` // SHA-256 of the evidence
	Ends      time.Time `json:"ends,omitzero"`      // when it ends, as far as the customer was told: never less than a day after
	From      time.Time `json:"from"`
	Kind      string    `json:"kind"`
	Note      string    `json:"note,omitempty"`   // why it was refused
	Number    string    `json:"number,omitempty"` // of an own licence
	Reference string    `json:"reference,omitempty"`
	Seats     int64     `json:"seats"` // 0: any number
	Service   string    `json:"service"`
	State     string    `json:"state"`
	To        time.Time `json:"to,omitzero"`
	Told      int64     `json:"told,omitempty"`  // days before the end that were announced last
	Twice     bool      `json:"twice,omitempty"` // for its publisher: another customer declared the same number
}

// LicenceMonth is what the API calls so.
type LicenceMonth struct {
	Capacity int64  `json:"capacity"` // when the peak was reached
	Month    string `json:"month"`
	Peak     int64  `json:"peak"`    // in use at once
	Refused  int64  `json:"refused"` // how often no seat was free
	Taken    int64  `json:"taken"`
}

// Licences is what the API calls so.
type Licences struct {
	Capacity  int64          `json:"capacity"`         // seats at once; -1: any number
	Credit    string         `json:"credit,omitempty"` // owed back if another plan were ordered now
	Free      int64          `json:"free"`             // -1: any number
	InUse     int64          `json:"inUse"`            // seats in use; of named ones those that were given
	Licences  []Licence      `json:"licences"`
	Month     LicenceMonth   `json:"month"`
	Months    []LicenceMonth `json:"months"` // newest first
	Name      string         `json:"name"`   // of the offer and plan
	Named     []NamedSeat    `json:"named"`  // seats that belong to people
	Org       string         `json:"org"`
	Seats     []Seat         `json:"seats"` // in use
	Service   string         `json:"service"`
	SettledAt time.Time      `json:"settledAt"` // use is reported up to here
	State     string         `json:"state"`
	Terms     CatalogLicence `json:"terms"`          // of the plan
	Until     time.Time      `json:"until,omitzero"` // no seat is taken beyond it
}

// Limit is what the API calls so.
type Limit struct {
	Committed int64  `json:"committed"` // by what stands
	Dimension string `json:"dimension"` // subscriptions, or minor units of a currency a month
	Max       int64  `json:"max"`       // -1: none
	Org       string `json:"org"`
	Period    string `json:"period,omitempty"` // month of spent
	Reserved  int64  `json:"reserved"`         // by orders under way
	Spent     int64  `json:"spent"`            // by usage in the period
}

// ListBankFile is what the API calls so.
type ListBankFile struct {
	Items []BankFile `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListBudget is what the API calls so.
type ListBudget struct {
	Items []Budget `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListCharge is what the API calls so.
type ListCharge struct {
	Items []Charge `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListChartAccount is what the API calls so.
type ListChartAccount struct {
	Items []ChartAccount `json:"items"`
	Next  string         `json:"next,omitempty"` // cursor of the next page
}

// ListClosedCustomer is what the API calls so.
type ListClosedCustomer struct {
	Items []ClosedCustomer `json:"items"`
	Next  string           `json:"next,omitempty"` // cursor of the next page
}

// ListCollection is what the API calls so.
type ListCollection struct {
	Items []Collection `json:"items"`
	Next  string       `json:"next,omitempty"` // cursor of the next page
}

// ListCopy is what the API calls so.
type ListCopy struct {
	Items []Copy `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page
}

// ListCopyIncident is what the API calls so.
type ListCopyIncident struct {
	Items []CopyIncident `json:"items"`
	Next  string         `json:"next,omitempty"` // cursor of the next page
}

// ListCopyLook is what the API calls so.
type ListCopyLook struct {
	Items []CopyLook `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListCost is what the API calls so.
type ListCost struct {
	Items []Cost `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page
}

// ListDeadJob is what the API calls so.
type ListDeadJob struct {
	Items []DeadJob `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListDecision is what the API calls so.
type ListDecision struct {
	Items []Decision `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListDispute is what the API calls so.
type ListDispute struct {
	Items []Dispute `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListEarning is what the API calls so.
type ListEarning struct {
	Items []Earning `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListEntity is what the API calls so.
type ListEntity struct {
	Items []Entity `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListExplanation is what the API calls so.
type ListExplanation struct {
	Items []ResidencyExplanation `json:"items"`
	Next  string                 `json:"next,omitempty"` // cursor of the next page
}

// ListFact is what the API calls so.
type ListFact struct {
	Items []Fact `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page
}

// ListHandOver is what the API calls so.
type ListHandOver struct {
	Items []HandOver `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListHandOverLine is what the API calls so.
type ListHandOverLine struct {
	Items []HandOverLine `json:"items"`
	Next  string         `json:"next,omitempty"` // cursor of the next page
}

// ListHandOverOutcome is what the API calls so.
type ListHandOverOutcome struct {
	Items []HandOverOutcome `json:"items"`
	Next  string            `json:"next,omitempty"` // cursor of the next page
}

// ListHeldEvent is what the API calls so.
type ListHeldEvent struct {
	Items []HeldEvent `json:"items"`
	Next  string      `json:"next,omitempty"` // cursor of the next page
}

// ListHold is what the API calls so.
type ListHold struct {
	Items []Hold `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page
}

// ListInvitation is what the API calls so.
type ListInvitation struct {
	Items []Invitation `json:"items"`
	Next  string       `json:"next,omitempty"` // cursor of the next page
}

// ListInvoice is what the API calls so.
type ListInvoice struct {
	Items []Invoice `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListInvoiceLine is what the API calls so.
type ListInvoiceLine struct {
	Items []ProofInvoiceLine `json:"items"`
	Next  string             `json:"next,omitempty"` // cursor of the next page
}

// ListInvoiceRow is what the API calls so.
type ListInvoiceRow struct {
	Items []InvoiceRow `json:"items"`
	Next  string       `json:"next,omitempty"` // cursor of the next page
}

// ListLayerVersion is what the API calls so.
type ListLayerVersion struct {
	Items []LayerVersion `json:"items"`
	Next  string         `json:"next,omitempty"` // cursor of the next page
}

// ListLedgerAccount is what the API calls so.
type ListLedgerAccount struct {
	Items []LedgerAccount `json:"items"`
	Next  string          `json:"next,omitempty"` // cursor of the next page
}

// ListLedgerEntry is what the API calls so.
type ListLedgerEntry struct {
	Items []LedgerEntry `json:"items"`
	Next  string        `json:"next,omitempty"` // cursor of the next page
}

// ListLedgerMonth is what the API calls so.
type ListLedgerMonth struct {
	Items []LedgerMonth `json:"items"`
	Next  string        `json:"next,omitempty"` // cursor of the next page
}

// ListLicences is what the API calls so.
type ListLicences struct {
	Items []Licences `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListLimit is what the API calls so.
type ListLimit struct {
	Items []Limit `json:"items"`
	Next  string  `json:"next,omitempty"` // cursor of the next page
}

// ListMandate is what the API calls so.
type ListMandate struct {
	Items []Mandate `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListMargin is what the API calls so.
type ListMargin struct {
	Items []Margin `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListMarket is what the API calls so.
type ListMarket struct {
	Items []Market `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListMember is what the API calls so.
type ListMember struct {
	Items []Member `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListMonthClose is what the API calls so.
type ListMonthClose struct {
	Items []MonthClose `json:"items"`
	Next  string       `json:"next,omitempty"` // cursor of the next page
}

// ListMovement is what the API calls so.
type ListMovement struct {
	Items []Movement `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListOfferRow is what the API calls so.
type ListOfferRow struct {
	Items []OfferRow `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListOrder is what the API calls so.
type ListOrder struct {
	Items []Order `json:"items"`
	Next  string  `json:"next,omitempty"` // cursor of the next page
}

// ListOrganisation is what the API calls so.
type ListOrganisation struct {
	Items []Organisation `json:"items"`
	Next  string         `json:"next,omitempty"` // cursor of the next page
}

// ListParked is what the API calls so.
type ListParked struct {
	Items []Parked `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListPayout is what the API calls so.
type ListPayout struct {
	Items []Payout `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListPayoutCandidate is what the API calls so.
type ListPayoutCandidate struct {
	Items []PayoutCandidate `json:"items"`
	Next  string            `json:"next,omitempty"` // cursor of the next page
}

// ListPayoutRun is what the API calls so.
type ListPayoutRun struct {
	Items []PayoutRun `json:"items"`
	Next  string      `json:"next,omitempty"` // cursor of the next page
}

// ListPlace is what the API calls so.
type ListPlace struct {
	Items []Place `json:"items"`
	Next  string  `json:"next,omitempty"` // cursor of the next page
}

// ListPosition is what the API calls so.
type ListPosition struct {
	Items []Position `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListProposal is what the API calls so.
type ListProposal struct {
	Items []ResidencyProposal `json:"items"`
	Next  string              `json:"next,omitempty"` // cursor of the next page
}

// ListQuote is what the API calls so.
type ListQuote struct {
	Items []Quote `json:"items"`
	Next  string  `json:"next,omitempty"` // cursor of the next page
}

// ListRemedy is what the API calls so.
type ListRemedy struct {
	Items []Remedy `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListReminder is what the API calls so.
type ListReminder struct {
	Items []Reminder `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListResource is what the API calls so.
type ListResource struct {
	Items []Resource `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListRevenueStatementRow is what the API calls so.
type ListRevenueStatementRow struct {
	Items []RevenueStatementRow `json:"items"`
	Next  string                `json:"next,omitempty"` // cursor of the next page
}

// ListService is what the API calls so.
type ListService struct {
	Items []Service `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListSession is what the API calls so.
type ListSession struct {
	Items []Session `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the next page
}

// ListSplitRule is what the API calls so.
type ListSplitRule struct {
	Items []SplitRule `json:"items"`
	Next  string      `json:"next,omitempty"` // cursor of the next page
}

// ListStanding is what the API calls so.
type ListStanding struct {
	Items []Standing `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListStep is what the API calls so.
type ListStep struct {
	Items []Step `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page
}

// ListString is what the API calls so.
type ListString struct {
	Items []string `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page
}

// ListToken is what the API calls so.
type ListToken struct {
	Items []Token `json:"items"`
	Next  string  `json:"next,omitempty"` // cursor of the next page
}

// ListUsagePoint is what the API calls so.
type ListUsagePoint struct {
	Items []UsagePoint `json:"items"`
	Next  string       `json:"next,omitempty"` // cursor of the next page
}

// ListUsageWindow is what the API calls so.
type ListUsageWindow struct {
	Items []UsageWindow `json:"items"`
	Next  string        `json:"next,omitempty"` // cursor of the next page
}

// ListVATCheck is what the API calls so.
type ListVATCheck struct {
	Items []VATCheck `json:"items"`
	Next  string     `json:"next,omitempty"` // cursor of the next page
}

// ListWorkOrder is what the API calls so.
type ListWorkOrder struct {
	Items []WorkOrder `json:"items"`
	Next  string      `json:"next,omitempty"` // cursor of the next page
}

// Mandate is what the API calls so.
type Mandate struct {
	ID        string    `json:"id"`
	Account   string    `json:"account,omitempty"` // country and last four signs
	Channel   string    `json:"channel,omitempty"` // how it was signed: portal, paper or api
	CreatedAt time.Time `json:"createdAt"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	Entity    string    `json:"entity"`         // legal entity that collects
	Name      string    `json:"name,omitempty"` // holder of the account; left out for those who do not see it
	Org       string    `json:"org"`
	Reference string    `json:"reference"` // unique mandate reference, as it stands on the payer's statement
	Signed    string    `json:"signed,omitempty"`
	State     string    `json:"state"`
	TextHash  string    `json:"textHash,omitempty"` // SHA-256 of the text that was agreed to, hex
	Used      int64     `json:"used"`               // debits handed to the bank
	Why       string    `json:"why,omitempty"`      // why it ended: customer, replaced, bank or idle
}

// Margin is what the API calls so.
type Margin struct {
	Kept      string `json:"kept"` // by the operator
	Lines     int64  `json:"lines"`
	Net       string `json:"net"`
	Publisher string `json:"publisher"`
	Resellers string `json:"resellers"`
	Share     string `json:"share"` // of the publisher
}

// Market is what the API calls so.
type Market struct {
	ID         string   `json:"id,omitempty"`
	Brand      string   `json:"brand,omitempty"`
	Country    string   `json:"country"`
	Currency   string   `json:"currency"`             // ISO 4217
	Domain     string   `json:"domain"`               // of its storefront
	Entity     string   `json:"entity,omitempty"`     // the legal entity that contracts and invoices
	FirstLimit int64    `json:"firstLimit"`           // minor units that an unconfirmed or never-paid account may commit to
	Languages  []string `json:"languages"`            // the first is the default
	MonthClose string   `json:"monthClose,omitempty"` // whether a month's invoices are issued by themselves, or prepared and approved by two people; left out: automatic
	Name       string   `json:"name"`
	Org        string   `json:"org,omitempty"` // operator or reseller that runs it
	SellsTo    string   `json:"sellsTo"`
	VATMode    string   `json:"vatMode"`
	Version    int64    `json:"version,omitempty"`
}

// MarketBilling is what the API calls so.
type MarketBilling struct {
	Mode   string `json:"mode"`             // own: invoices from here; handover: another system of the operator bills the charges
	System string `json:"system,omitempty"` // what the other system is called
}

// Me is what the API calls so.
type Me struct {
	OnBehalfOf string   `json:"onBehalfOf,omitempty"`
	Org        string   `json:"org,omitempty"`
	Path       string   `json:"path,omitempty"`
	Person     *Person  `json:"person,omitempty"`
	Purpose    string   `json:"purpose,omitempty"`
	Ref        string   `json:"ref"` // how facts name the caller
	Roles      []string `json:"roles"`
	Scopes     []string `json:"scopes,omitempty"` // what a token is cut to
	Token      string   `json:"token,omitempty"`
}

// Member is what the API calls so.
type Member struct {
	JoinedAt time.Time `json:"joinedAt"`
	Person   Person    `json:"person"`
	Roles    []string  `json:"roles"`
}

// MonthClose is what the API calls so.
type MonthClose struct {
	ID         string    `json:"id"`
	ApprovedAt time.Time `json:"approvedAt,omitzero"`
	Approver   string    `json:"approver,omitempty"` // another person than the preparer
	Before     []string  `json:"before"`             // what was invoiced in the month before
	BeganAt    time.Time `json:"beganAt"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Failed     int64     `json:"failed"`
	Issued     int64     `json:"issued"`  // customers issued to, not written to
	Month      string    `json:"month"`   // 2026-10
	Nothing    int64     `json:"nothing"` // customers without anything to invoice
	Org        string    `json:"org"`     // whose markets are closed
	PreparedAt time.Time `json:"preparedAt,omitzero"`
	Preparer   string    `json:"preparer"`
	Ready      int64     `json:"ready"`    // customers worked out, not issued to
	Round      int64     `json:"round"`    // grows each time the amounts are worked out again: an approval names it
	Sent       int64     `json:"sent"`     // customers issued and written to
	Standing   int64     `json:"standing"` // customers that stand out
	State      string    `json:"state"`
	Totals     []string  `json:"totals"` // gross, in each currency
}

// Movement is what the API calls so.
type Movement struct {
	ID        string         `json:"id"`
	Account   string         `json:"account,omitempty"` // of the other side: country and last four signs
	Amount    string         `json:"amount"`
	Code      string         `json:"code,omitempty"` // of a return (ISO 20022)
	Date      string         `json:"date"`
	Entity    string         `json:"entity"`
	In        bool           `json:"in"`             // money came in
	Kept      string         `json:"kept,omitempty"` // of it, as credit of the customer
	Parts     []MovementPart `json:"parts"`
	Payer     string         `json:"payer,omitempty"`
	Reference string         `json:"reference,omitempty"` // of the bank
	State     string         `json:"state"`
	Text      string         `json:"text,omitempty"` // what the payer wrote
	Why       string         `json:"why,omitempty"`  // why a person has to decide
}

// MovementDecision is what the API calls so.
type MovementDecision struct {
	Back  bool           `json:"back,omitempty"` // it goes back through the bank
	Keep  string         `json:"keep,omitempty"` // organisation whose credit it is, or what is above the parts
	Note  bool           `json:"note,omitempty"` // it is no customer's payment
	Parts []MovementPart `json:"parts,omitempty"`
}

// MovementPart is what the API calls so.
type MovementPart struct {
	Amount  string `json:"amount,omitempty"` // in a decision left out: all that is owed
	Invoice string `json:"invoice"`          // id, or in a decision also its number
}

// NamedSeat is what the API calls so.
type NamedSeat struct {
	Free   time.Time `json:"free"` // when it may go to another person
	Person string    `json:"person"`
	Seat   int64     `json:"seat"`
	Since  time.Time `json:"since"`
}

// NewAcceptance is what the API calls so.
type NewAcceptance struct {
	Reason string    `json:"reason"` // everybody concerned reads it
	Until  time.Time `json:"until"`  // at most a year away
}

// NewCopy is what the API calls so.
type NewCopy struct {
	Kind    string `json:"kind"`
	Object  string `json:"object,omitempty"` // the engine's name, where it is there already
	Region  string `json:"region"`
	Service string `json:"service"` // whose data it holds
}

// NewCreditNote is what the API calls so.
type NewCreditNote struct {
	Lines  []CreditLine `json:"lines,omitempty"` // in the order of the invoice; left out: everything that is left
	Reason string       `json:"reason"`          // the customer reads it
}

// NewFee is what the API calls so.
type NewFee struct {
	Amount    string `json:"amount"`
	Reference string `json:"reference"` // unique for the invoice: the same twice is one fee
	What      string `json:"what"`      // without names
}

// NewInvitation is what the API calls so.
type NewInvitation struct {
	Email    string   `json:"email"`
	Language string   `json:"language,omitempty"` // of the message; the organisation's when empty
	Roles    []string `json:"roles"`
}

// NewLayer is what the API calls so.
type NewLayer struct {
	All     *ResidencyRule           `json:"all,omitempty"`
	Classes map[string]ResidencyRule `json:"classes,omitempty"`
	Default string                   `json:"default,omitempty"` // class of data that an order means when it names none
}

// NewMandate is what the API calls so.
type NewMandate struct {
	Agreed bool   `json:"agreed,omitempty"` // the text of getPayments was read and agreed to; without it the mandate waits for signMandate
	Bic    string `json:"bic,omitempty"`    // only for accounts outside the European Economic Area
	Entity string `json:"entity"`           // who shall collect: of getPayments
	Iban   string `json:"iban"`
	Lang   string `json:"lang,omitempty"`  // of the text
	Name   string `json:"name"`            // holder of the account
	Paper  bool   `json:"paper,omitempty"` // it was signed on paper, which you keep
}

// NewOrganisation is what the API calls so.
type NewOrganisation struct {
	Country  string   `json:"country"`
	Entity   *Entity  `json:"entity,omitempty"`
	Kinds    []string `json:"kinds"`
	Language string   `json:"language,omitempty"`
	Market   string   `json:"market,omitempty"` // needed for a customer
	Name     string   `json:"name"`
	Parent   string   `json:"parent,omitempty"` // empty: the caller's
}

// NewPayee is what the API calls so.
type NewPayee struct {
	Bic  string `json:"bic,omitempty"` // may be left out inside the European Economic Area
	Iban string `json:"iban"`
	Name string `json:"name"` // of its holder
}

// NewPayment is what the API calls so.
type NewPayment struct {
	Amount    string `json:"amount"`
	Received  string `json:"received"`
	Reference string `json:"reference"`
}

// NewPayout is what the API calls so.
type NewPayout struct {
	Currency string `json:"currency"`
}

// NewSplitRule is what the API calls so.
type NewSplitRule struct {
	From      string     `json:"from,omitempty"` // today or later; left out: today
	Market    string     `json:"market,omitempty"`
	Offer     string     `json:"offer,omitempty"`
	Publisher string     `json:"publisher,omitempty"`
	Terms     SplitTerms `json:"terms"`
}

// NewToken is what the API calls so.
type NewToken struct {
	Days   int64    `json:"days,omitempty"` // until it expires; 0 means 90
	Name   string   `json:"name"`
	Roles  []string `json:"roles,omitempty"` // of the maker's own; empty: all of them
	Scopes []string `json:"scopes"`          // actions (usage.write) or families (order.*)
}

// NewWriteOff is what the API calls so.
type NewWriteOff struct {
	Reason string `json:"reason"`        // without names; the customer reads it
	VAT    bool   `json:"vat,omitempty"` // the seller takes the tax of it back from its tax office
}

// Note is what the API calls so.
type Note struct {
	Note string `json:"note"`
}

// OfferRow is what the API calls so.
type OfferRow struct {
	Families  []string          `json:"families"`
	Hash      string            `json:"hash"`
	Key       string            `json:"key"`
	Name      map[string]string `json:"name"`
	Note      string            `json:"note,omitempty"`
	Number    int64             `json:"number"`
	Offer     string            `json:"offer"`
	Plans     []string          `json:"plans"` // keys of those on sale
	Publisher string            `json:"publisher"`
	State     string            `json:"state"`
	Summary   map[string]string `json:"summary"`
	Version   string            `json:"version"`
}

// OfferVersion is what the API calls so.
type OfferVersion struct {
	ID          string         `json:"id"`
	Content     CatalogContent `json:"content"`
	CreatedAt   time.Time      `json:"createdAt"`
	ETag        int64          `json:"etag"`
	Hash        string         `json:"hash"`           // SHA-256 of the canonical content, in hex
	Note        string         `json:"note,omitempty"` // why it was returned or withdrawn
	Number      int64          `json:"number"`
	Offer       string         `json:"offer"`
	PublishedAt time.Time      `json:"publishedAt,omitzero"`
	Publisher   string         `json:"publisher"`
	State       string         `json:"state"`
	SubmittedAt time.Time      `json:"submittedAt,omitzero"`
	WithdrawnAt time.Time      `json:"withdrawnAt,omitzero"`
}

// OpenDisputeRequest is what the API calls so.
type OpenDisputeRequest struct {
	Events []DisputeClaim `json:"events"`
	Reason string         `json:"reason"` // both sides read it: no personal data
	Window string         `json:"window"`
}

// OpenedSession is what the API calls so.
type OpenedSession struct {
	ID     string    `json:"id"`
	EndsAt time.Time `json:"endsAt"`
	Org    string    `json:"org,omitempty"` // organisation acted for
	Person string    `json:"person"`
	Secret string    `json:"secret"` // send it as bearer token
}

// Order is what the API calls so.
type Order struct {
	ID            string    `json:"id"`
	Approver      string    `json:"approver,omitempty"`
	Basis         string    `json:"basis"`
	Consent       bool      `json:"consent"`
	Consumer      bool      `json:"consumer"`
	CreatedAt     time.Time `json:"createdAt"`
	Currency      string    `json:"currency"`
	EndedAt       time.Time `json:"endedAt,omitzero"`
	ETag          int64     `json:"etag"`
	Items         []Item    `json:"items"`
	Language      string    `json:"language"`
	Market        string    `json:"market"`
	Org           string    `json:"org"`
	PurchaseOrder string    `json:"purchaseOrder,omitempty"` // the customer's number
	Reason        string    `json:"reason,omitempty"`        // of a rejection or cancellation
	Recurring     string    `json:"recurring"`               // per month
	ReleasedAt    time.Time `json:"releasedAt,omitzero"`
	Requester     string    `json:"requester"`
	State         string    `json:"state"`
	Total         string    `json:"total"`               // of the first period, as shown
	WithdrawBy    time.Time `json:"withdrawBy,omitzero"` // end of a consumer's withdrawal period
	Withdrawn     bool      `json:"withdrawn,omitempty"`
	Zone          string    `json:"zone"` // IANA name: civil dates of this contract
}

// OrderFailure is what the API calls so.
type OrderFailure struct {
	Class string `json:"class"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// OrderItemInput is what the API calls so.
type OrderItemInput struct {
	Action       string            `json:"action,omitempty"`
	Assumed      map[string]string `json:"assumed,omitempty"`
	DataClass    string            `json:"dataClass,omitempty"`
	Offer        string            `json:"offer,omitempty"`
	Parameters   json.RawMessage   `json:"parameters,omitempty"`
	Plan         string            `json:"plan,omitempty"`
	Region       string            `json:"region,omitempty"`
	Subscription string            `json:"subscription,omitempty"`
	Version      string            `json:"version,omitempty"`
}

// OrderLine is what the API calls so.
type OrderLine struct {
	Action       string     `json:"action"`
	Subscription string     `json:"subscription,omitempty"`
	Terms        OrderTerms `json:"terms"`
}

// OrderPlaceInput is what the API calls so.
type OrderPlaceInput struct {
	ConsentToStart bool             `json:"consentToStart,omitempty"`
	Items          []OrderItemInput `json:"items,omitempty"`
	Language       string           `json:"language,omitempty"`
	Org            string           `json:"org,omitempty"`
	PurchaseOrder  string           `json:"purchaseOrder,omitempty"` // number of your own purchase order: it stands on the bills of what is ordered
	Quote          string           `json:"quote,omitempty"`
	Total          string           `json:"total,omitempty"`
}

// OrderQuoteInput is what the API calls so.
type OrderQuoteInput struct {
	Items    []OrderItemInput `json:"items"`
	Language string           `json:"language,omitempty"`
	Org      string           `json:"org,omitempty"`
}

// OrderTerms is what the API calls so.
type OrderTerms struct {
	Assumed      map[string]string `json:"assumed,omitempty"`
	Contract     string            `json:"contract"`
	DataClass    string            `json:"dataClass,omitempty"`
	Driver       string            `json:"driver"`
	Entitlements []string          `json:"entitlements,omitempty"`
	First        PriceQuote        `json:"first"`
	Isolation    string            `json:"isolation,omitempty"`
	Key          string            `json:"key"`
	Kind         string            `json:"kind"`
	Language     string            `json:"language"`
	Licence      *CatalogLicence   `json:"licence,omitempty"`
	Meters       []CatalogMeter    `json:"meters,omitempty"`
	Name         string            `json:"name"`
	Offer        string            `json:"offer"`
	Parameters   json.RawMessage   `json:"parameters,omitempty"`
	Plan         string            `json:"plan"`
	PlanName     string            `json:"planName"`
	Price        PriceVersion      `json:"price"`
	PriceHash    string            `json:"priceHash"`
	Publisher    string            `json:"publisher"`
	Recurring    string            `json:"recurring"`
	Region       string            `json:"region,omitempty"`
	Seller       string            `json:"seller"`
	Spec         json.RawMessage   `json:"spec,omitempty"`
	SpecHash     string            `json:"specHash,omitempty"`
	TermMonths   int64             `json:"termMonths,omitempty"`
	TrialDays    int64             `json:"trialDays,omitempty"`
	Version      string            `json:"version"`
	VersionHash  string            `json:"versionHash"`
}

// Organisation is what the API calls so.
type Organisation struct {
	ID        string    `json:"id"`
	Country   string    `json:"country"`
	CreatedAt time.Time `json:"createdAt"`
	Entity    string    `json:"entity,omitempty"` // its legal entity
	Form      string    `json:"form"`
	Kinds     []string  `json:"kinds"`
	Language  string    `json:"language"`
	Market    string    `json:"market,omitempty"` // where it buys
	Name      string    `json:"name"`
	Parent    string    `json:"parent,omitempty"`
	Path      string    `json:"path"` // identifiers from the root to it
	Version   int64     `json:"version"`
}

// OrganisationChange is what the API calls so.
type OrganisationChange struct {
	Country  string `json:"country,omitempty"`
	Language string `json:"language,omitempty"`
	Name     string `json:"name,omitempty"`
}

// OwedInvoice is what the API calls so.
type OwedInvoice struct {
	Failed  string       `json:"failed,omitempty"` // why the last debit failed
	Invoice InvoiceRow   `json:"invoice"`
	Owed    string       `json:"owed"`
	Ways    []PaymentWay `json:"ways"`
}

// OwnLicence is what the API calls so.
type OwnLicence struct {
	Attested  bool      `json:"attested"`           // you attest that you may use the software by this licence
	Document  string    `json:"document,omitempty"` // SHA-256 of the evidence, hex
	From      time.Time `json:"from,omitzero"`      // left out: now
	Number    string    `json:"number"`
	Reference string    `json:"reference,omitempty"`
	Seats     int64     `json:"seats"`
	To        time.Time `json:"to"`
}

// Parked is what the API calls so.
type Parked struct {
	Attempts int64     `json:"attempts"` // 0 for one that waits behind another
	Error    string    `json:"error"`
	Key      string    `json:"key"`
	NextAt   time.Time `json:"nextAt,omitzero"`
	Position int64     `json:"position"`
	Reader   string    `json:"reader"`
}

// ParkedRef is what the API calls so.
type ParkedRef struct {
	Position int64  `json:"position"`
	Reader   string `json:"reader"`
}

// Payee is what the API calls so.
type Payee struct {
	ID         string    `json:"id"`
	ApprovedAt time.Time `json:"approvedAt,omitzero"`
	Bic        string    `json:"bic,omitempty"` // for those who may change it
	CreatedAt  time.Time `json:"createdAt"`
	CreatedBy  string    `json:"createdBy"`
	From       time.Time `json:"from"`           // from when on it is used when no second person approves it
	Iban       string    `json:"iban,omitempty"` // for those who may change it
	Masked     string    `json:"masked"`         // what others see of the number
	Name       string    `json:"name,omitempty"` // of its holder; for those who may change it
	Publisher  string    `json:"publisher"`
}

// Payees is what the API calls so.
type Payees struct {
	Used    *Payee `json:"used,omitempty"`    // left out: there is none, and nothing is paid out
	Waiting *Payee `json:"waiting,omitempty"` // used once a second person approves it, or from its day on
}

// Payment is what the API calls so.
type Payment struct {
	ID         string    `json:"id"`
	Amount     string    `json:"amount"`
	Received   string    `json:"received"`
	RecordedAt time.Time `json:"recordedAt"`
	Reference  string    `json:"reference"`
}

// PaymentWay is what the API calls so.
type PaymentWay struct {
	Bic       string `json:"bic,omitempty"`
	Day       string `json:"day,omitempty"` // of a debit: when it is taken
	Iban      string `json:"iban,omitempty"`
	Reference string `json:"reference,omitempty"` // what to write
	To        string `json:"to,omitempty"`        // holder of the account to transfer to
	Way       string `json:"way"`
}

// Payments is what the API calls so.
type Payments struct {
	Credits  []string      `json:"credits"` // paid above what was owed, and used for the next invoices
	Debits   []Debit       `json:"debits"`  // the last 50, newest first
	Mandates []Mandate     `json:"mandates"`
	Owed     []OwedInvoice `json:"owed"`
	Sellers  []Collector   `json:"sellers"` // who may be given a mandate
	Totals   []string      `json:"totals"`  // owed, one for each currency
}

// Payout is what the API calls so.
type Payout struct {
	ID        string `json:"id"`
	Amount    string `json:"amount"`
	Done      string `json:"done,omitempty"`
	Ordered   string `json:"ordered"`
	Publisher string `json:"publisher"`
	Reference string `json:"reference,omitempty"` // of the bank
	State     string `json:"state"`
}

// PayoutCandidate is what the API calls so.
type PayoutCandidate struct {
	Account   string `json:"account,omitempty"` // masked
	Amount    string `json:"amount"`
	Publisher string `json:"publisher"`
	Why       string `json:"why,omitempty"` // why the next run leaves it out
}

// PayoutEnd is what the API calls so.
type PayoutEnd struct {
	Date      string `json:"date,omitempty"`      // left out: today
	Reference string `json:"reference,omitempty"` // of the bank
	State     string `json:"state"`
}

// PayoutItem is what the API calls so.
type PayoutItem struct {
	ID        string `json:"id"`
	Account   string `json:"account"` // masked
	Amount    string `json:"amount"`
	Code      string `json:"code,omitempty"` // why the bank sent it back (ISO 20022)
	Done      string `json:"done,omitempty"`
	EndToEnd  string `json:"endToEnd"` // comes back with every answer of the bank
	Ordered   string `json:"ordered"`
	Publisher string `json:"publisher"`
	Reference string `json:"reference,omitempty"` // of the bank
	State     string `json:"state"`
}

// PayoutRun is what the API calls so.
type PayoutRun struct {
	ID         string       `json:"id"`
	ApprovedAt time.Time    `json:"approvedAt,omitzero"`
	ApprovedBy string       `json:"approvedBy,omitempty"`
	Count      int64        `json:"count"`
	CreatedAt  time.Time    `json:"createdAt"`
	CreatedBy  string       `json:"createdBy"`
	Entity     string       `json:"entity"` // the legal entity whose account pays
	HandedAt   time.Time    `json:"handedAt,omitzero"`
	Message    string       `json:"message"`           // identifier of the file for the bank
	On         string       `json:"on"`                // when the bank carries it out
	Payouts    []PayoutItem `json:"payouts,omitempty"` // of getPayoutRun
	State      string       `json:"state"`
	Total      string       `json:"total"`
}

// Person is what the API calls so.
type Person struct {
	ID        string `json:"id"`
	Address   string `json:"address,omitempty"`
	Confirmed bool   `json:"confirmed"` // has proved to read the e-mail address
	Email     string `json:"email"`
	Erased    bool   `json:"erased,omitempty"`
	Language  string `json:"language"`
	Name      string `json:"name"`
	Phone     string `json:"phone,omitempty"`
	Version   int64  `json:"version"`
}

// PersonChange is what the API calls so.
type PersonChange struct {
	Address  string `json:"address,omitempty"`
	Language string `json:"language,omitempty"`
	Name     string `json:"name,omitempty"`
	Phone    string `json:"phone,omitempty"`
}

// Place is what the API calls so.
type Place struct {
	Allowed  bool              `json:"allowed"`
	City     string            `json:"city"`
	Cloud    string            `json:"cloud"`
	Country  string            `json:"country"`
	Evidence string            `json:"evidence"`
	Laws     []string          `json:"laws"`
	Name     string            `json:"name"`
	Operator string            `json:"operator"`
	Price    string            `json:"price"` // of a unit for an hour
	Reasons  []ResidencyReason `json:"reasons,omitempty"`
	Region   string            `json:"region"`
}

// PlacementBundle is what the API calls so.
type PlacementBundle struct {
	Decision string          `json:"decision"`
	Facts    json.RawMessage `json:"facts"`
	Policy   json.RawMessage `json:"policy"`
	Request  json.RawMessage `json:"request"`
	Result   json.RawMessage `json:"result"`
	Version  int64           `json:"version"`
}

// PlacementCandidate is what the API calls so.
type PlacementCandidate struct {
	Allowed bool              `json:"allowed"`
	Free    int64             `json:"free"`
	Price   string            `json:"price"`
	Reasons []ResidencyReason `json:"reasons,omitempty"`
	Region  string            `json:"region"`
}

// PlacementRequest is what the API calls so.
type PlacementRequest struct {
	At           time.Time        `json:"at"`
	Attempt      int64            `json:"attempt"`
	Chain        ResidencyChain   `json:"chain"`
	Class        string           `json:"class"`
	Excluded     []string         `json:"excluded,omitempty"`
	FactsHash    string           `json:"facts_hash"`
	Free         map[string]int64 `json:"free"`
	Item         string           `json:"item"`
	Market       string           `json:"market"`
	OfferVersion string           `json:"offer_version"`
	Order        string           `json:"order"`
	Org          string           `json:"org"`
	Plan         string           `json:"plan"`
	PolicyHash   string           `json:"policy_hash"`
	Region       string           `json:"region,omitempty"`
	RulesHash    string           `json:"rules_hash"`
	Units        int64            `json:"units"`
}

// PlacementResult is what the API calls so.
type PlacementResult struct {
	Candidates []PlacementCandidate `json:"candidates"`
	Region     string               `json:"region"`
}

// Position is what the API calls so.
type Position struct {
	Currency string `json:"currency"`
	Due      string `json:"due"`     // on statements, not ordered yet
	Held     string `json:"held"`    // kept back because of a dispute, or as a reserve
	Payable  string `json:"payable"` // earned, on no statement yet
	Transit  string `json:"transit"` // ordered at the bank
}

// PrepareCloseRequest is what the API calls so.
type PrepareCloseRequest struct {
	Month string `json:"month"` // 2026-10
}

// PriceComponent is what the API calls so.
type PriceComponent struct {
	Every string      `json:"every,omitempty"`
	Free  string      `json:"free,omitempty"`
	Hours *PriceHours `json:"hours,omitempty"`
	Key   string      `json:"key"`
	Kind  string      `json:"kind"`
	Meter string      `json:"meter,omitempty"`
	Parts []PricePart `json:"parts,omitempty"`
	Per   string      `json:"per,omitempty"`
	Price string      `json:"price,omitempty"`
	Tiers []PriceTier `json:"tiers,omitempty"`
	Unit  string      `json:"unit,omitempty"`
}

// PriceHours is what the API calls so.
type PriceHours struct {
	Spans []PriceWeekSpan `json:"spans"`
	Zone  string          `json:"zone"`
}

// PriceInterval is what the API calls so.
type PriceInterval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// PriceLine is what the API calls so.
type PriceLine struct {
	Amount    string         `json:"amount"`
	Component string         `json:"component"`
	Exact     string         `json:"exact"`
	From      string         `json:"from,omitempty"`
	Kind      string         `json:"kind"`
	Period    *PriceInterval `json:"period,omitempty"`
	Quantity  string         `json:"quantity"`
	Span      *PriceInterval `json:"span,omitempty"`
	Version   string         `json:"version"`
}

// PricePart is what the API calls so.
type PricePart struct {
	Key    string `json:"key"`
	Weight string `json:"weight"`
}

// PriceQuote is what the API calls so.
type PriceQuote struct {
	Lines   []PriceLine `json:"lines"`
	Monthly string      `json:"monthly"`
	OneOff  string      `json:"oneOff"`
	Terms   string      `json:"terms,omitempty"`
	Total   string      `json:"total"`
	Usage   string      `json:"usage"`
	Yearly  string      `json:"yearly"`
}

// PriceRise is what the API calls so.
type PriceRise struct {
	After   string `json:"after"`
	Before  string `json:"before"`
	Org     string `json:"org"`
	Service string `json:"service"`
}

// PriceShare is what the API calls so.
type PriceShare struct {
	Amount string `json:"amount"`
	Key    string `json:"key"`
}

// PriceSpan is what the API calls so.
type PriceSpan struct {
	From      time.Time       `json:"from"`
	Plan      string          `json:"plan"`
	Price     json.RawMessage `json:"price"`
	PriceHash string          `json:"priceHash"`
	To        time.Time       `json:"to,omitzero"`
}

// PriceSpread is what the API calls so.
type PriceSpread struct {
	After   string      `json:"after"` // by the draft
	Basis   string      `json:"basis"`
	Before  string      `json:"before"`  // of all together, by the prices agreed
	Deciles []string    `json:"deciles"` // what the change comes to for the subscriber at each tenth, the one who saves most first
	Less    int64       `json:"less"`
	More    int64       `json:"more"`  // subscribers who would pay more
	Rises   []PriceRise `json:"rises"` // the largest increases
	Same    int64       `json:"same"`
}

// PriceState is what the API calls so.
type PriceState struct {
	Held   string       `json:"held"`
	Over   bool         `json:"over,omitempty"`
	Totals []PriceTotal `json:"totals"`
}

// PriceTerm is what the API calls so.
type PriceTerm struct {
	Amount     string   `json:"amount,omitempty"`
	Components []string `json:"components,omitempty"`
	Days       int64    `json:"days,omitempty"`
	Every      string   `json:"every,omitempty"`
	Key        string   `json:"key"`
	Kind       string   `json:"kind"`
	Percent    string   `json:"percent,omitempty"`
	Periods    int64    `json:"periods,omitempty"`
	Prepaid    bool     `json:"prepaid,omitempty"`
	Prorate    bool     `json:"prorate,omitempty"`
}

// PriceTier is what the API calls so.
type PriceTier struct {
	Flat  string `json:"flat,omitempty"`
	Price string `json:"price"`
	Step  string `json:"step,omitempty"`
	UpTo  string `json:"upTo,omitempty"`
}

// PriceTotal is what the API calls so.
type PriceTotal struct {
	Amount string `json:"amount"`
	Key    string `json:"key"`
	Trial  string `json:"trial,omitempty"`
}

// PriceVersion is what the API calls so.
type PriceVersion struct {
	ID            string           `json:"id"`
	Basis         string           `json:"basis"`
	Components    []PriceComponent `json:"components"`
	Currency      string           `json:"currency"`
	EffectiveFrom time.Time        `json:"effectiveFrom"`
	EffectiveTo   time.Time        `json:"effectiveTo,omitzero"`
	Rounding      string           `json:"rounding,omitempty"`
	Terms         []PriceTerm      `json:"terms,omitempty"`
}

// PriceWeekSpan is what the API calls so.
type PriceWeekSpan struct {
	Days []string `json:"days,omitempty"`
	From string   `json:"from"`
	To   string   `json:"to"`
}

// Problem is what the API calls so.
type Problem struct {
	Args    map[string]string `json:"args,omitempty"`    // values inside detail, for translation
	Code    string            `json:"code"`              // stable word for programs and translations
	Detail  string            `json:"detail"`            // what happened, and why
	Fields  []FailField       `json:"fields,omitempty"`  // inputs that were refused
	Reasons []FailReason      `json:"reasons,omitempty"` // rules that refused, all of them
	Remedy  string            `json:"remedy,omitempty"`  // what would make it pass
	Request string            `json:"request,omitempty"` // id to give to support
	Status  int64             `json:"status"`            // HTTP status
	Title   string            `json:"title"`             // the kind, in words
	Type    string            `json:"type"`              // stable name of the kind of problem
}

// ProofDisclosed is what the API calls so.
type ProofDisclosed struct {
	ID       string             `json:"id"`
	Leaf     string             `json:"leaf"`
	Salt     string             `json:"salt"`
	Segments []ProofOpenSegment `json:"segments"`
	Seq      int64              `json:"seq"`
	Type     string             `json:"type"`
}

// ProofInvoice is what the API calls so.
type ProofInvoice struct {
	ID             string                 `json:"id"`
	Accounting     string                 `json:"accounting,omitempty"`
	Basis          string                 `json:"basis"`
	Buyer          ProofInvoiceParty      `json:"buyer"`
	BuyerReference string                 `json:"buyer_reference,omitempty"`
	Closings       []ProofInvoiceClosing  `json:"closings,omitempty"`
	Contract       string                 `json:"contract,omitempty"`
	Currency       string                 `json:"currency"`
	Date           string                 `json:"date"`
	Decision       TaxDecision            `json:"decision"`
	Due            string                 `json:"due"`
	Entity         string                 `json:"entity"`
	Issued         time.Time              `json:"issued"`
	Lines          []ProofInvoiceLine     `json:"lines"`
	Mentions       []string               `json:"mentions,omitempty"`
	Nonce          string                 `json:"nonce"`
	Note           string                 `json:"note,omitempty"`
	Notes          []ProofInvoiceNote     `json:"notes,omitempty"`
	Number         string                 `json:"number"`
	Order          string                 `json:"order,omitempty"`
	Org            string                 `json:"org"`
	Payment        *ProofInvoicePayment   `json:"payment,omitempty"`
	Period         *ProofInvoiceSpan      `json:"period,omitempty"`
	Previous       string                 `json:"previous"`
	Reference      *ProofInvoiceReference `json:"reference,omitempty"`
	Seller         ProofInvoiceParty      `json:"seller"`
	Series         string                 `json:"series"`
	Terms          string                 `json:"terms,omitempty"`
	Totals         TaxTotals              `json:"totals"`
	Type           string                 `json:"type"`
	VATBooked      string                 `json:"vat_booked,omitempty"`
	Version        string                 `json:"version"`
}

// ProofInvoiceAddress is what the API calls so.
type ProofInvoiceAddress struct {
	ID     string `json:"id"`
	Scheme string `json:"scheme"`
}

// ProofInvoiceCharge is what the API calls so.
type ProofInvoiceCharge struct {
	ID       string         `json:"id"`
	Exact    string         `json:"exact"`
	From     string         `json:"from,omitempty"`
	Period   *PriceInterval `json:"period,omitempty"`
	Quantity string         `json:"quantity"`
	Span     *PriceInterval `json:"span,omitempty"`
	Window   string         `json:"window,omitempty"`
}

// ProofInvoiceClosing is what the API calls so.
type ProofInvoiceClosing struct {
	Before       *PriceState   `json:"before,omitempty"`
	Every        string        `json:"every"`
	Now          PriceState    `json:"now"`
	Number       int64         `json:"number"`
	Period       PriceInterval `json:"period"`
	Price        string        `json:"price"`
	Subscription string        `json:"subscription"`
}

// ProofInvoiceContact is what the API calls so.
type ProofInvoiceContact struct {
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// ProofInvoiceLine is what the API calls so.
type ProofInvoiceLine struct {
	Accounting   string               `json:"accounting,omitempty"`
	Amount       string               `json:"amount"`
	BasisPoints  int64                `json:"basis_points"`
	Category     string               `json:"category"`
	Charges      []ProofInvoiceCharge `json:"charges"`
	Component    string               `json:"component"`
	Correction   bool                 `json:"correction,omitempty"`
	Credits      int64                `json:"credits,omitempty"`
	Exact        string               `json:"exact"`
	Item         string               `json:"item"`
	Net          string               `json:"net"`
	No           int64                `json:"no"`
	Order        string               `json:"order,omitempty"`
	Per          string               `json:"per,omitempty"`
	Period       *PriceInterval       `json:"period,omitempty"`
	Price        string               `json:"price"`
	Quantity     string               `json:"quantity"`
	Shares       []PriceShare         `json:"shares,omitempty"`
	Subscription string               `json:"subscription"`
	Term         string               `json:"term,omitempty"`
	Trial        bool                 `json:"trial,omitempty"`
	Unit         string               `json:"unit"`
}

// ProofInvoiceNote is what the API calls so.
type ProofInvoiceNote struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// ProofInvoiceParty is what the API calls so.
type ProofInvoiceParty struct {
	Address            string               `json:"address,omitempty"`
	Business           bool                 `json:"business"`
	City               string               `json:"city,omitempty"`
	Contact            *ProofInvoiceContact `json:"contact,omitempty"`
	Country            string               `json:"country"`
	Endpoint           *ProofInvoiceAddress `json:"endpoint,omitempty"`
	LegalInfo          string               `json:"legal_info,omitempty"`
	Name               string               `json:"name"`
	Postcode           string               `json:"postcode,omitempty"`
	Region             string               `json:"region,omitempty"`
	Registration       string               `json:"registration,omitempty"`
	RegistrationScheme string               `json:"registration_scheme,omitempty"`
	Street             string               `json:"street,omitempty"`
	Street2            string               `json:"street2,omitempty"`
	TaxNumber          string               `json:"tax_number,omitempty"`
	Trading            string               `json:"trading,omitempty"`
	VATID              string               `json:"vat_id,omitempty"`
}

// ProofInvoicePayment is what the API calls so.
type ProofInvoicePayment struct {
	Bic      string `json:"bic,omitempty"`
	Creditor string `json:"creditor,omitempty"`
	Debited  string `json:"debited,omitempty"`
	Holder   string `json:"holder,omitempty"`
	Iban     string `json:"iban,omitempty"`
	Mandate  string `json:"mandate,omitempty"`
	Means    string `json:"means"`
	Remit    string `json:"remit,omitempty"`
	Text     string `json:"text,omitempty"`
}

// ProofInvoiceReference is what the API calls so.
type ProofInvoiceReference struct {
	ID     string `json:"id"`
	Date   string `json:"date"`
	Hash   string `json:"hash"`
	Note   string `json:"note,omitempty"`
	Number string `json:"number"`
}

// ProofInvoiceSpan is what the API calls so.
type ProofInvoiceSpan struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ProofOpenField is what the API calls so.
type ProofOpenField struct {
	Digest string          `json:"digest,omitempty"`
	Name   string          `json:"name,omitempty"`
	Salt   string          `json:"salt,omitempty"`
	Value  json.RawMessage `json:"value,omitempty"`
}

// ProofOpenSegment is what the API calls so.
type ProofOpenSegment struct {
	Class  string           `json:"class"`
	Fields []ProofOpenField `json:"fields,omitempty"`
	Open   *ProofSegment    `json:"open,omitempty"`
	Root   string           `json:"root,omitempty"`
}

// ProofReceipt is what the API calls so.
type ProofReceipt struct {
	Fact    ProofDisclosed `json:"fact"`
	LogKey  string         `json:"log_key"`
	Proof   string         `json:"proof"`
	Version string         `json:"version"`
}

// ProofSegment is what the API calls so.
type ProofSegment struct {
	Fields json.RawMessage `json:"fields"`
	Seed   string          `json:"seed"`
}

// ProofSum is what the API calls so.
type ProofSum struct {
	Aggregation string `json:"aggregation,omitempty"`
	Held        string `json:"held,omitempty"`
	Labels      string `json:"labels,omitempty"`
	Meter       string `json:"meter"`
	Period      string `json:"period,omitempty"`
	Quantity    string `json:"quantity"`
	Samples     int64  `json:"samples,omitempty"`
	Through     string `json:"through,omitempty"`
	Unit        string `json:"unit"`
}

// ProvableFact is what the API calls so.
type ProvableFact struct {
	ID        string          `json:"id"`
	Actor     string          `json:"actor"`
	Aggregate string          `json:"aggregate"` // what it is about
	At        time.Time       `json:"at"`
	Data      json.RawMessage `json:"data,omitempty"`
	Erased    bool            `json:"erased,omitempty"` // its key was destroyed
	Seal      Seal            `json:"seal"`
	Type      string          `json:"type"`
	Version   int64           `json:"version"`
}

// ProvisionFailure is what the API calls so.
type ProvisionFailure struct {
	Class string `json:"class"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// ProvisionNeed is what the API calls so.
type ProvisionNeed struct {
	Prompt string          `json:"prompt"`
	Schema json.RawMessage `json:"schema,omitempty"`
	Who    string          `json:"who"`
}

// Quote is what the API calls so.
type Quote struct {
	ID        string      `json:"id"`
	Basis     string      `json:"basis"`
	CreatedAt time.Time   `json:"createdAt"`
	Currency  string      `json:"currency"`
	ExpiresAt time.Time   `json:"expiresAt"`
	Language  string      `json:"language"`
	Lines     []OrderLine `json:"lines"`
	Market    string      `json:"market"`
	Order     string      `json:"order,omitempty"` // that took it
	Org       string      `json:"org"`
	Recurring string      `json:"recurring"` // per month
	Total     string      `json:"total"`     // first period of all lines
}

// Ran is what the API calls so.
type Ran struct {
	Collection *Collection `json:"collection,omitempty"` // left out: there was nothing to collect
}

// Reason is what the API calls so.
type Reason struct {
	Reason string `json:"reason"`
}

// RejectResidencyProposalRequest is what the API calls so.
type RejectResidencyProposalRequest struct {
	Reason string `json:"reason,omitempty"`
}

// Remedy is what the API calls so.
type Remedy struct {
	ID           string            `json:"id"`
	ByOwn        bool              `json:"byOwn"` // only the customer's own policy refuses: it may accept
	Class        string            `json:"class"`
	ClosedAt     time.Time         `json:"closedAt,omitzero"`
	Copies       int64             `json:"copies"`
	Deadline     time.Time         `json:"deadline"`
	Note         string            `json:"note,omitempty"` // why it was accepted
	OfferVersion string            `json:"offerVersion"`
	OpenedAt     time.Time         `json:"openedAt"`
	Org          string            `json:"org"`
	Reasons      []ResidencyReason `json:"reasons"` // as of the last judgement
	Region       string            `json:"region"`
	State        string            `json:"state"`
	Until        time.Time         `json:"until,omitzero"` // of an acceptance
	Ways         []RemedyWay       `json:"ways,omitempty"` // regions that are allowed and have room, the cheapest first; of one remedy only
}

// RemedyWay is what the API calls so.
type RemedyWay struct {
	City    string `json:"city"`
	Country string `json:"country"`
	Dearer  string `json:"dearer"` // of a unit for an hour against where it is now, for whoever runs it
	Region  string `json:"region"`
}

// Reminder is what the API calls so.
type Reminder struct {
	At      time.Time `json:"at"`
	Invoice string    `json:"invoice"`
	Kind    string    `json:"kind"` // the last step
	State   string    `json:"state"`
}

// Replayed is what the API calls so.
type Replayed struct {
	Decision string `json:"decision"`
	Same     bool   `json:"same"`
}

// ResetPasswordRequest is what the API calls so.
type ResetPasswordRequest struct {
	Password string `json:"password"`
	Secret   string `json:"secret"`
}

// ResidencyAsk is what the API calls so.
type ResidencyAsk struct {
	Class  string    `json:"class,omitempty"`  // of the data; the policy's default when it is missing
	Layer  *NewLayer `json:"layer,omitempty"`  // in place of the organisation's own layer
	Offer  string    `json:"offer,omitempty"`  // key of an offer on the shelf; one of the operator's own when it is missing
	Region string    `json:"region,omitempty"` // key of a region; every region when it is missing
}

// ResidencyCapital is what the API calls so.
type ResidencyCapital struct {
	Single   string   `json:"single"`
	Together string   `json:"together"`
	Within   []string `json:"within"`
}

// ResidencyCell is what the API calls so.
type ResidencyCell struct {
	Class   string            `json:"class"`
	Market  string            `json:"market,omitempty"`
	Offer   string            `json:"offer"`
	Reasons []ResidencyReason `json:"reasons,omitempty"`
	Region  string            `json:"region"`
}

// ResidencyCertificate is what the API calls so.
type ResidencyCertificate struct {
	Activities []int64 `json:"activities,omitempty"`
	Document   string  `json:"document"`
	From       string  `json:"from"`
	Holder     string  `json:"holder"`
	Key        string  `json:"key"`
	Region     string  `json:"region,omitempty"`
	To         string  `json:"to"`
	Type       string  `json:"type"`
}

// ResidencyChain is what the API calls so.
type ResidencyChain struct {
	Classes       []string         `json:"classes,omitempty"`
	Driver        string           `json:"driver"`
	Publisher     ResidencyParty   `json:"publisher"`
	Regions       []string         `json:"regions,omitempty"`
	SubProcessors []ResidencyParty `json:"subProcessors,omitempty"`
	Support       []string         `json:"support,omitempty"`
}

// ResidencyChanged is what the API calls so.
type ResidencyChanged struct {
	Certificates int64  `json:"certificates"`
	Clouds       int64  `json:"clouds"`
	Entities     int64  `json:"entities"`
	Hash         string `json:"hash"`
	Proposal     string `json:"proposal,omitempty"`
	Proposer     string `json:"proposer,omitempty"`
	Regions      int64  `json:"regions"`
	Version      int64  `json:"version"`
	Was          string `json:"was,omitempty"`
}

// ResidencyCloud is what the API calls so.
type ResidencyCloud struct {
	Key      string   `json:"key"`
	Name     string   `json:"name"`
	Operator string   `json:"operator"`
	Support  []string `json:"support,omitempty"`
}

// ResidencyEffect is what the API calls so.
type ResidencyEffect struct {
	Allowed int64                `json:"allowed"`
	Closed  []ResidencyCell      `json:"closed"`
	Looked  int64                `json:"looked"`
	Loosens []ResidencyLoosening `json:"loosens"`
	Opened  []ResidencyCell      `json:"opened"`
	Refused int64                `json:"refused"`
}

// ResidencyEntity is what the API calls so.
type ResidencyEntity struct {
	Country     string             `json:"country"`
	Established []string           `json:"established,omitempty"`
	Key         string             `json:"key"`
	Name        string             `json:"name"`
	Ownership   string             `json:"ownership,omitempty"`
	Parents     []ResidencyHolding `json:"parents,omitempty"`
}

// ResidencyExplanation is what the API calls so.
type ResidencyExplanation struct {
	Class    string             `json:"class"`
	Offer    string             `json:"offer,omitempty"`
	Policy   ResidencyPolicy    `json:"policy"`
	Verdicts []ResidencyVerdict `json:"verdicts"`
}

// ResidencyFacts is what the API calls so.
type ResidencyFacts struct {
	Certificates []ResidencyCertificate `json:"certificates"`
	Clouds       []ResidencyCloud       `json:"clouds"`
	Entities     []ResidencyEntity      `json:"entities"`
	Groups       map[string][]string    `json:"groups"`
	Own          string                 `json:"own"`
	OwnSupport   []string               `json:"ownSupport,omitempty"`
	Regions      []ResidencyRegion      `json:"regions"`
}

// ResidencyHolding is what the API calls so.
type ResidencyHolding struct {
	Board   bool   `json:"board,omitempty"`
	Entity  string `json:"entity"`
	Percent string `json:"percent,omitempty"`
	Veto    bool   `json:"veto,omitempty"`
}

// ResidencyLayer is what the API calls so.
type ResidencyLayer struct {
	All     ResidencyRule            `json:"all"`
	Classes map[string]ResidencyRule `json:"classes,omitempty"`
	Default string                   `json:"default,omitempty"`
	From    string                   `json:"from"`
}

// ResidencyLoosening is what the API calls so.
type ResidencyLoosening struct {
	Class  string   `json:"class,omitempty"`
	Demand string   `json:"demand"`
	Values []string `json:"values,omitempty"`
}

// ResidencyNeed is what the API calls so.
type ResidencyNeed struct {
	Activities []int64 `json:"activities,omitempty"`
	Type       string  `json:"type"`
}

// ResidencyParty is what the API calls so.
type ResidencyParty struct {
	ControlledFrom string `json:"controlledFrom"`
	Country        string `json:"country"`
	Name           string `json:"name"`
	Ref            string `json:"ref"`
}

// ResidencyPolicy is what the API calls so.
type ResidencyPolicy struct {
	Layers []ResidencyLayer `json:"layers"`
}

// ResidencyProposal is what the API calls so.
type ResidencyProposal struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	DecidedAt time.Time `json:"decidedAt,omitzero"`
	Decider   string    `json:"decider,omitempty"`
	Kind      string    `json:"kind"`
	Org       string    `json:"org"`
	Reason    string    `json:"reason,omitempty"`
	Requester string    `json:"requester"`
	Scope     string    `json:"scope"`
	State     string    `json:"state"`
}

// ResidencyProposalView is what the API calls so.
type ResidencyProposalView struct {
	ID        string           `json:"id"`
	Base      string           `json:"base,omitempty"`
	Broken    string           `json:"broken,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
	DecidedAt time.Time        `json:"decidedAt,omitzero"`
	Decider   string           `json:"decider,omitempty"`
	Effect    *ResidencyEffect `json:"effect,omitempty"`
	Kind      string           `json:"kind"`
	Org       string           `json:"org"`
	Reason    string           `json:"reason,omitempty"`
	Requester string           `json:"requester"`
	Scope     string           `json:"scope"`
	State     string           `json:"state"`
	Text      string           `json:"text"`
}

// ResidencyReason is what the API calls so.
type ResidencyReason struct {
	Clause  string `json:"clause,omitempty"`
	Remedy  string `json:"remedy"`
	Rule    string `json:"rule"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// ResidencyRegion is what the API calls so.
type ResidencyRegion struct {
	Capacity int64                      `json:"capacity"`
	City     string                     `json:"city"`
	Cloud    string                     `json:"cloud"`
	Country  string                     `json:"country"`
	Driver   string                     `json:"driver"`
	Evidence string                     `json:"evidence"`
	Key      string                     `json:"key"`
	Name     string                     `json:"name"`
	Price    string                     `json:"price"`
	Retired  bool                       `json:"retired,omitempty"`
	Support  []string                   `json:"support,omitempty"`
	Target   map[string]json.RawMessage `json:"target,omitempty"`
}

// ResidencyRule is what the API calls so.
type ResidencyRule struct {
	Capital      *ResidencyCapital `json:"capital,omitempty"`
	Certificates []ResidencyNeed   `json:"certificates,omitempty"`
	Countries    []string          `json:"countries,omitempty"`
	MinEvidence  string            `json:"minEvidence,omitempty"`
	OwnKey       bool              `json:"ownKey,omitempty"`
	RefusedLaws  []string          `json:"refusedLaws,omitempty"`
	Support      []string          `json:"support,omitempty"`
}

// ResidencyVerdict is what the API calls so.
type ResidencyVerdict struct {
	Allowed bool              `json:"allowed"`
	Reasons []ResidencyReason `json:"reasons,omitempty"`
	Region  string            `json:"region"`
}

// Resource is what the API calls so.
type Resource struct {
	ID         string    `json:"id"`
	Condition  string    `json:"condition"`
	CreatedAt  time.Time `json:"createdAt"`
	DeleteOwed bool      `json:"deleteOwed,omitempty"`
	Desired    string    `json:"desired"`
	Driver     string    `json:"driver"`
	Kind       string    `json:"kind"`
	Order      string    `json:"order"`
	Org        string    `json:"org"`
	Plan       string    `json:"plan"`
	Region     string    `json:"region"`
	Service    string    `json:"service"`
	Since      time.Time `json:"since"`
	State      string    `json:"state"`
}

// RevenueStatement is what the API calls so.
type RevenueStatement struct {
	Document SettlementStatement `json:"document"`
	Hash     string              `json:"hash"`
}

// RevenueStatementRow is what the API calls so.
type RevenueStatementRow struct {
	ID        string `json:"id"`
	Date      string `json:"date"`
	Hash      string `json:"hash"` // SHA-256 of the canonical document, hex
	Held      string `json:"held"`
	Net       string `json:"net"`
	Number    string `json:"number"`
	Payable   string `json:"payable"`
	Publisher string `json:"publisher"`
	Released  string `json:"released"`
	Share     string `json:"share"`
	Through   string `json:"through"`
	Type      string `json:"type"` // 389 self-billed invoice, 261 self-billed credit note (UNTDID 1001)
	VAT       string `json:"vat"`
}

// Run is what the API calls so.
type Run struct {
	ID        string            `json:"id"`
	Action    string            `json:"action"`
	Attempt   int64             `json:"attempt"`
	Deadline  time.Time         `json:"deadline,omitzero"`
	EndedAt   time.Time         `json:"endedAt,omitzero"`
	Failure   *ProvisionFailure `json:"failure,omitempty"`
	Leftovers []string          `json:"leftovers,omitempty"`
	Message   string            `json:"message,omitempty"`
	Need      *ProvisionNeed    `json:"need,omitempty"` // what it waits for
	Percent   int64             `json:"percent"`
	Phase     string            `json:"phase"`
	Resource  string            `json:"resource"`
	StartedAt time.Time         `json:"startedAt,omitzero"`
}

// Seal is what the API calls so.
type Seal struct {
	Index     int64 `json:"index"`
	Published bool  `json:"published"`
	Seq       int64 `json:"seq"`  // number in the party's own sequence
	Size      int64 `json:"size"` // of the newest published checkpoint
}

// Seat is what the API calls so.
type Seat struct {
	ID      string    `json:"id"`
	Device  string    `json:"device"`
	From    time.Time `json:"from"`
	Holder  string    `json:"holder"`
	Hours   int64     `json:"hours,omitempty"` // taken offline for so many
	Service string    `json:"service"`
	Until   time.Time `json:"until"` // free from here, unless it is renewed before
}

// SeatInput is what the API calls so.
type SeatInput struct {
	Device string `json:"device"`          // opaque id
	Holder string `json:"holder"`          // who, as the software knows them, no name and no address; of named seats the person
	Hours  int64  `json:"hours,omitempty"` // take it offline for so many; left out: it must be renewed
}

// SeatOwner is what the API calls so.
type SeatOwner struct {
	Person string `json:"person"`
}

// SeatRenewal is what the API calls so.
type SeatRenewal struct {
	Hours int64 `json:"hours,omitempty"` // take it offline for so many
}

// Secret is what the API calls so.
type Secret struct {
	Secret string `json:"secret"`
}

// Sent is what the API calls so.
type Sent struct {
	Hours   []UsageQuality `json:"hours"`   // by hour of receipt, in the order of time
	Sources []UsageQuality `json:"sources"` // by source and service, the most first, at most 500
}

// Service is what the API calls so.
type Service struct {
	ID          string            `json:"id"`
	ActivatedAt time.Time         `json:"activatedAt,omitzero"`
	CancelledAt time.Time         `json:"cancelledAt,omitzero"`
	Condition   string            `json:"condition,omitempty"` // as last observed
	CreatedAt   time.Time         `json:"createdAt"`
	Deal        SubscriptionDeal  `json:"deal"`
	EndedAt     time.Time         `json:"endedAt,omitzero"`
	ETag        int64             `json:"etag"`
	Org         string            `json:"org"`
	Outputs     map[string]string `json:"outputs,omitempty"` // where to reach it
	Reasons     []string          `json:"reasons,omitempty"` // of a suspension, or why it ends
	Region      string            `json:"region,omitempty"`
	Resource    string            `json:"resource,omitempty"`
	State       string            `json:"state"`
	Tags        map[string]string `json:"tags,omitempty"` // the customer's own words, by which it splits its costs
	TermUntil   time.Time         `json:"termUntil,omitzero"`
	TrialUntil  time.Time         `json:"trialUntil,omitzero"`
}

// ServiceChange is what the API calls so.
type ServiceChange struct {
	Parameters json.RawMessage `json:"parameters,omitempty"` // left out keeps them
	Plan       string          `json:"plan,omitempty"`       // empty keeps it
}

// ServiceDetail is what the API calls so.
type ServiceDetail struct {
	ID          string            `json:"id"`
	ActivatedAt time.Time         `json:"activatedAt,omitzero"`
	CancelledAt time.Time         `json:"cancelledAt,omitzero"`
	Condition   string            `json:"condition,omitempty"` // as last observed
	CreatedAt   time.Time         `json:"createdAt"`
	Deal        SubscriptionDeal  `json:"deal"`
	EndedAt     time.Time         `json:"endedAt,omitzero"`
	ETag        int64             `json:"etag"`
	Org         string            `json:"org"`
	Outputs     map[string]string `json:"outputs,omitempty"` // where to reach it
	Prices      []PriceSpan       `json:"prices"`
	Reasons     []string          `json:"reasons,omitempty"` // of a suspension, or why it ends
	Region      string            `json:"region,omitempty"`
	Resource    string            `json:"resource,omitempty"`
	Spans       []Span            `json:"spans"`
	State       string            `json:"state"`
	Tags        map[string]string `json:"tags,omitempty"` // the customer's own words, by which it splits its costs
	TermUntil   time.Time         `json:"termUntil,omitzero"`
	TrialUntil  time.Time         `json:"trialUntil,omitzero"`
}

// ServiceTags is what the API calls so.
type ServiceTags struct {
	Tags map[string]string `json:"tags"` // at most 20; none takes them all away
}

// Session is what the API calls so.
type Session struct {
	ID        string    `json:"id"`
	Address   string    `json:"address"`
	Agent     string    `json:"agent"`
	CreatedAt time.Time `json:"createdAt"`
	EndsAt    time.Time `json:"endsAt"`
	Method    string    `json:"method"`
	Org       string    `json:"org,omitempty"`
	SeenAt    time.Time `json:"seenAt"`
}

// SetApprovalRuleRequest is what the API calls so.
type SetApprovalRuleRequest struct {
	Above string `json:"above,omitempty"` // left out: no approval is needed
}

// SetFirstMarketRequest is what the API calls so.
type SetFirstMarketRequest struct {
	Market string `json:"market"`
}

// SetKindsRequest is what the API calls so.
type SetKindsRequest struct {
	Kinds []string `json:"kinds"`
}

// SetLimitRequest is what the API calls so.
type SetLimitRequest struct {
	Max int64 `json:"max"`
}

// SettlementMonth is what the API calls so.
type SettlementMonth struct {
	Checks     []SettlementMonthCheck     `json:"checks"`
	Currency   string                     `json:"currency"`
	Documents  []SettlementMonthDocument  `json:"documents"`
	From       string                     `json:"from"`
	Publishers []SettlementMonthPublisher `json:"publishers"`
	Resellers  []SettlementMonthReseller  `json:"resellers"`
	To         string                     `json:"to"`
	Total      SettlementMonthDocument    `json:"total"` // the sum of the documents
}

// SettlementMonthCheck is what the API calls so.
type SettlementMonthCheck struct {
	Difference string `json:"difference"`
	Left       string `json:"left"`
	Name       string `json:"name"` // charged, publishers, stated, resellers, operator, tax, taken or unpaid
	Right      string `json:"right"`
}

// SettlementMonthDocument is what the API calls so.
type SettlementMonthDocument struct {
	ID         string `json:"id,omitempty"`
	Customer   string `json:"customer,omitempty"`
	Date       string `json:"date,omitempty"`
	Difference string `json:"difference"` // between the document, its shares and the books; zero when they agree
	GivenUp    string `json:"givenUp"`    // written off: nobody expects it any more
	Gross      string `json:"gross"`
	Held       string `json:"held"` // of the publishers' share, kept back now
	Net        string `json:"net"`
	Number     string `json:"number,omitempty"`
	Operator   string `json:"operator"`
	Paid       string `json:"paid"`
	Publishers string `json:"publishers"`
	Resellers  string `json:"resellers"`
	SentBack   string `json:"sentBack"` // payments that their bank took back
	TakenBack  string `json:"takenBack"`
	Type       string `json:"type,omitempty"`
	Unpaid     string `json:"unpaid"`
	VAT        string `json:"vat"`
}

// SettlementMonthPublisher is what the API calls so.
type SettlementMonthPublisher struct {
	Collected   string `json:"collected"` // tax of customers that the publisher owes
	Difference  string `json:"difference"`
	Held        string `json:"held"`
	Number      string `json:"number,omitempty"`
	OtherMonths string `json:"otherMonths"` // on the same statement
	Payable     string `json:"payable"`
	Publisher   string `json:"publisher"`
	Released    string `json:"released"`
	Share       string `json:"share"` // of the month's documents
	Statement   string `json:"statement,omitempty"`
	VAT         string `json:"vat"`
}

// SettlementMonthReseller is what the API calls so.
type SettlementMonthReseller struct {
	Difference string `json:"difference"`
	Lines      int64  `json:"lines"`
	Margin     string `json:"margin"`
	Net        string `json:"net"` // of the lines that it has a part of
	Reseller   string `json:"reseller"`
}

// SettlementStatement is what the API calls so.
type SettlementStatement struct {
	ID        string                    `json:"id"`
	Billed    string                    `json:"billed"`
	Buyer     ProofInvoiceParty         `json:"buyer"`
	Collected string                    `json:"collected"`
	Currency  string                    `json:"currency"`
	Date      string                    `json:"date"`
	Decision  TaxDecision               `json:"decision"`
	From      string                    `json:"from"`
	Held      string                    `json:"held"`
	Kept      string                    `json:"kept"`
	Lines     []SettlementStatementLine `json:"lines"`
	Mention   string                    `json:"mention"`
	Net       string                    `json:"net"`
	Number    string                    `json:"number"`
	Payable   string                    `json:"payable"`
	Previous  string                    `json:"previous"`
	Publisher string                    `json:"publisher"`
	Released  string                    `json:"released"`
	Resellers string                    `json:"resellers"`
	Seller    ProofInvoiceParty         `json:"seller"`
	Share     string                    `json:"share"`
	Through   string                    `json:"through"`
	Type      string                    `json:"type"`
	VAT       string                    `json:"vat"`
	Version   string                    `json:"version"`
}

// SettlementStatementLine is what the API calls so.
type SettlementStatementLine struct {
	Component string `json:"component"`
	Kept      string `json:"kept"`
	Lines     int64  `json:"lines"`
	Mode      string `json:"mode"`
	Name      string `json:"name"`
	Net       string `json:"net"`
	Offer     string `json:"offer"`
	Resellers string `json:"resellers"`
	Rule      string `json:"rule"`
	Share     string `json:"share"`
	Tax       string `json:"tax"`
}

// SignUp is what the API calls so.
type SignUp struct {
	Country  string `json:"country"` // ISO 3166-1 alpha-2
	Email    string `json:"email"`
	Language string `json:"language,omitempty"`
	Market   string `json:"market"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

// SignedUp is what the API calls so.
type SignedUp struct {
	Session *OpenedSession `json:"session,omitempty"`
}

// Signing is what the API calls so.
type Signing struct {
	Lang  string `json:"lang,omitempty"`  // of the text
	Paper bool   `json:"paper,omitempty"` // it was signed on paper, which you keep
}

// Simulation is what the API calls so.
type Simulation struct {
	Left     bool           `json:"left,omitempty"` // not all were looked at in the time there was: the newest were
	Offer    string         `json:"offer"`
	Period   *PriceInterval `json:"period,omitempty"` // from the first of the periods replayed to the last; each subscriber has its own
	Spreads  []PriceSpread  `json:"spreads"`          // by currency and basis; none when nobody had a complete period
	Unpriced int64          `json:"unpriced"`         // subscribers for whom the draft has no price in their currency and basis
	Windows  int64          `json:"windows"`          // closed usage windows that were replayed
	Young    int64          `json:"young"`            // subscribers without a complete period, or with nothing owed
}

// SkipParkedRequest is what the API calls so.
type SkipParkedRequest struct {
	Position int64  `json:"position"`
	Reader   string `json:"reader"`
	Reason   string `json:"reason"`
}

// Span is what the API calls so.
type Span struct {
	From    time.Time `json:"from"`
	Reasons []string  `json:"reasons,omitempty"`
	State   string    `json:"state"`
	To      time.Time `json:"to,omitzero"`
}

// Spending is what the API calls so.
type Spending struct {
	At      time.Time       `json:"at"`
	Budgets []Budget        `json:"budgets"`
	From    time.Time       `json:"from"`
	Months  []SpendingMonth `json:"months"` // one for each currency
	Org     string          `json:"org"`
	Period  string          `json:"period"` // 2026-11
	To      time.Time       `json:"to"`
	Zone    string          `json:"zone"`
}

// SpendingDay is what the API calls so.
type SpendingDay struct {
	Date  string `json:"date"`
	Usage string `json:"usage"`
}

// SpendingMonth is what the API calls so.
type SpendingMonth struct {
	Days     []SpendingDay     `json:"days"`
	Fixed    string            `json:"fixed"`    // prices per period for the whole month, and what is owed once
	Forecast string            `json:"forecast"` // of the whole month: each second to come costs what the same one of the same weekday cost in the last seven days
	Reserved string            `json:"reserved"`
	Running  string            `json:"running"` // of usage, what no charge holds yet
	Services []SpendingService `json:"services"`
	Unusual  bool              `json:"unusual"` // today costs far more than usual
	Usage    string            `json:"usage"`
	Used     string            `json:"used"`  // usage and fixed
	Usual    string            `json:"usual"` // median of the trailing days
}

// SpendingService is what the API calls so.
type SpendingService struct {
	Fixed    string            `json:"fixed"`
	Forecast string            `json:"forecast"`
	Name     string            `json:"name"`
	Org      string            `json:"org"`              // organisation or unit that has it
	Person   string            `json:"person,omitempty"` // who ordered it
	Region   string            `json:"region,omitempty"` // where it runs
	Service  string            `json:"service"`
	Tags     map[string]string `json:"tags,omitempty"` // the customer's own words on it
	Usage    string            `json:"usage"`
	Used     string            `json:"used"`
}

// SplitClause is what the API calls so.
type SplitClause struct {
	Component string      `json:"component,omitempty"` // empty: of all components that no other clause is about
	Each      string      `json:"each,omitempty"`      // for per base units: all of a fixed share, or else the least that the publisher gets
	Kind      string      `json:"kind"`
	Parts     *SplitParts `json:"parts,omitempty"` // with fixed: of what the fixed amount leaves
	Per       string      `json:"per,omitempty"`
	Tiers     []SplitTier `json:"tiers,omitempty"`
}

// SplitParts is what the API calls so.
type SplitParts struct {
	Operator  int64   `json:"operator"`
	Publisher int64   `json:"publisher"`
	Resellers []int64 `json:"resellers,omitempty"` // the nearest to the customer first
}

// SplitRule is what the API calls so.
type SplitRule struct {
	ID        string     `json:"id"` // default: what holds where no rule was written
	CreatedAt time.Time  `json:"createdAt,omitzero"`
	From      string     `json:"from,omitempty"`
	Market    string     `json:"market,omitempty"`    // empty: any
	Number    int64      `json:"number,omitempty"`    // of the version
	Offer     string     `json:"offer,omitempty"`     // key of the offer; empty: any
	Publisher string     `json:"publisher,omitempty"` // empty: any
	Terms     SplitTerms `json:"terms"`
}

// SplitTerms is what the API calls so.
type SplitTerms struct {
	BadDebt     string        `json:"badDebt,omitempty"`
	Clauses     []SplitClause `json:"clauses"`
	CreditNote  string        `json:"creditNote,omitempty"`
	Discount    string        `json:"discount,omitempty"` // who bears what discounts take
	Fees        string        `json:"fees,omitempty"`
	Reserve     int64         `json:"reserve,omitempty"` // basis points of the publisher's share that are kept back
	ReserveDays int64         `json:"reserveDays,omitempty"`
	Threshold   int64         `json:"threshold,omitempty"` // least amount of a payout, minor units
}

// SplitTier is what the API calls so.
type SplitTier struct {
	Parts SplitParts `json:"parts"`
	UpTo  int64      `json:"upTo,omitempty"` // minor units; none for the last
}

// Standing is what the API calls so.
type Standing struct {
	Org   Organisation `json:"org"`
	Roles []string     `json:"roles"`
}

// Step is what the API calls so.
type Step struct {
	At   time.Time `json:"at,omitzero"`
	Done bool      `json:"done"`
	Item string    `json:"item,omitempty"` // empty for the whole order
	Name string    `json:"name"`
}

// SubscriptionDeal is what the API calls so.
type SubscriptionDeal struct {
	Basis         string          `json:"basis"`
	Consumer      bool            `json:"consumer,omitempty"`
	Contract      string          `json:"contract"`
	Currency      string          `json:"currency"`
	DataClass     string          `json:"dataClass,omitempty"`
	Entitlements  []string        `json:"entitlements,omitempty"`
	Item          string          `json:"item"`
	Key           string          `json:"key"`
	Kind          string          `json:"kind"`
	Licensed      bool            `json:"licensed,omitempty"`
	Market        string          `json:"market"`
	Meters        []CatalogMeter  `json:"meters,omitempty"`
	Name          string          `json:"name"`
	Offer         string          `json:"offer"`
	OfferVersion  string          `json:"offerVersion"`
	Order         string          `json:"order"`
	Plan          string          `json:"plan"`
	PlanName      string          `json:"planName"`
	Price         json.RawMessage `json:"price"`
	PriceHash     string          `json:"priceHash"`
	PriceVersion  string          `json:"priceVersion"`
	Publisher     string          `json:"publisher"`
	PurchaseOrder string          `json:"purchaseOrder,omitempty"`
	Recurring     string          `json:"recurring"`
	Seller        string          `json:"seller"`
	TermMonths    int64           `json:"termMonths,omitempty"`
	TrialDays     int64           `json:"trialDays,omitempty"`
	Zone          string          `json:"zone"`
}

// TaxDecision is what the API calls so.
type TaxDecision struct {
	BasisPoints int64  `json:"basisPoints"`
	Category    string `json:"category"`
	Clause      string `json:"clause"`
	Country     string `json:"country"`
	Exemption   string `json:"exemption,omitempty"`
	Mention     string `json:"mention,omitempty"`
	Reason      string `json:"reason"`
	Rule        string `json:"rule"`
}

// TaxSubtotal is what the API calls so.
type TaxSubtotal struct {
	Base        string `json:"base"`
	BasisPoints int64  `json:"basisPoints"`
	Category    string `json:"category"`
	VAT         string `json:"vat"`
}

// TaxTotals is what the API calls so.
type TaxTotals struct {
	Gross     string        `json:"gross"`
	Net       string        `json:"net"`
	Subtotals []TaxSubtotal `json:"subtotals"`
	VAT       string        `json:"vat"`
}

// Through is what the API calls so.
type Through struct {
	Through string `json:"through"` // the last day, 2026-03-31
}

// Token is what the API calls so.
type Token struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"`
	ExpiresAt time.Time `json:"expiresAt"`
	Name      string    `json:"name"`
	Org       string    `json:"org"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
	Roles     []string  `json:"roles"`
	Scopes    []string  `json:"scopes"`
	UsedAt    time.Time `json:"usedAt,omitzero"` // within a minute
}

// UsageLog is what the API calls so.
type UsageLog struct {
	Behind   int64     `json:"behind"` // messages by which the slowest copy is behind
	Bytes    int64     `json:"bytes"`
	Copies   int64     `json:"copies"`   // that each record is kept in
	CopiesUp int64     `json:"copiesUp"` // of those, how many follow now
	Kind     string    `json:"kind"`
	Place    string    `json:"place"`             // a folder, or a stream and its servers
	Problem  string    `json:"problem,omitempty"` // why nothing is taken in
	Since    time.Time `json:"since,omitzero"`    // of the problem
	Synced   string    `json:"synced"`            // whether a record is on disk before it is acknowledged
}

// UsagePoint is what the API calls so.
type UsagePoint struct {
	Events   int64     `json:"events"`
	Labels   string    `json:"labels,omitempty"` // dimensions as canonical JSON
	Meter    string    `json:"meter"`
	Quantity string    `json:"quantity"` // decimal integer
	Service  string    `json:"service"`
	Start    time.Time `json:"start"`
}

// UsageQuality is what the API calls so.
type UsageQuality struct {
	Accepted       int64            `json:"accepted"`
	Duplicates     int64            `json:"duplicates"` // accepted before
	Held           int64            `json:"held"`       // went into the quarantine, and may have left it
	Hour           time.Time        `json:"hour,omitzero"`
	LagMillis      int64            `json:"lagMillis"` // mean time from the end of an interval to its receipt
	Last           time.Time        `json:"last"`      // received
	Late           int64            `json:"late"`      // of accepted, those that came after their window had closed
	Publisher      string           `json:"publisher"`
	Service        string           `json:"service,omitempty"`
	Source         string           `json:"source,omitempty"`
	Through        time.Time        `json:"through,omitzero"`  // the source said that it is complete up to here
	Waiting        map[string]int64 `json:"waiting,omitempty"` // in the quarantine now, by reason
	WorstLagMillis int64            `json:"worstLagMillis"`    // the longest
}

// UsageWindow is what the API calls so.
type UsageWindow struct {
	ID       string     `json:"id"`
	ClosedAt time.Time  `json:"closedAt"`
	Corrects string     `json:"corrects,omitempty"`
	Digest   string     `json:"digest"` // Merkle root over the sorted event hashes, hex
	Events   int64      `json:"events"`
	From     time.Time  `json:"from"`
	Kind     string     `json:"kind"`
	Service  string     `json:"service"`
	Source   string     `json:"source,omitempty"`
	Sums     []ProofSum `json:"sums"`
	To       time.Time  `json:"to"`
}

// VATCheck is what the API calls so.
type VATCheck struct {
	ID           string    `json:"id"`
	At           time.Time `json:"at"`
	Code         string    `json:"code,omitempty"`
	Consultation string    `json:"consultation,omitempty"` // number by which a tax office finds the question again
	DecidedAt    time.Time `json:"decidedAt,omitzero"`
	Decision     string    `json:"decision,omitempty"`
	Desk         bool      `json:"desk,omitempty"` // it was valid before: a person decides
	Entity       string    `json:"entity"`
	Note         string    `json:"note,omitempty"`
	Org          string    `json:"org"`
	Outcome      string    `json:"outcome"` // form: only form and check digits were looked at; unknown: nobody could say, for the reason in code
	VATID        string    `json:"vatId"`
}

// VATVerdict is what the API calls so.
type VATVerdict struct {
	Decision string `json:"decision"`
	Note     string `json:"note,omitempty"` // why it is kept
}

// Verdict is what the API calls so.
type Verdict struct {
	Index   int64  `json:"index"` // of the event in the request, from 0
	Reason  string `json:"reason,omitempty"`
	Retry   bool   `json:"retry,omitempty"` // the same event may pass later
	Text    string `json:"text,omitempty"`  // the reason in words, and what would make the event pass
	Verdict string `json:"verdict"`
}

// Verdicts is what the API calls so.
type Verdicts struct {
	Results []Verdict `json:"results"`
}

// WorkOrder is what the API calls so.
type WorkOrder struct {
	Resource Resource `json:"resource"`
	Run      Run      `json:"run"`
}
