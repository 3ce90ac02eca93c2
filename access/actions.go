package access

import (
	"fmt"
	"strings"
)

// Action is something a caller wants to do: noun.verb.
type Action string

// The actions.
const (
	CatalogRead        Action = "catalog.read"
	CatalogPublish     Action = "catalog.publish"
	CatalogWithdraw    Action = "catalog.withdraw"
	OfferRead          Action = "offer.read"
	OfferReview        Action = "offer.review"
	OrderQuote         Action = "order.quote"
	OrderPlace         Action = "order.place"
	OrderApprove       Action = "order.approve"
	OrderCancel        Action = "order.cancel"
	OrderRead          Action = "order.read"
	ServiceRead        Action = "service.read"
	ServiceChange      Action = "service.change"
	ServiceSuspend     Action = "service.suspend"
	ServiceResume      Action = "service.resume"
	ServiceCancel      Action = "service.cancel"
	ServiceWithdraw    Action = "service.withdraw"
	ServiceTag         Action = "service.tag"
	SubscriberRead     Action = "subscriber.read"
	UsageWrite         Action = "usage.write"
	UsageRead          Action = "usage.read"
	QuarantineRead     Action = "quarantine.read"
	QuarantineAnswer   Action = "quarantine.answer"
	QuarantineDecide   Action = "quarantine.decide"
	DisputeOpen        Action = "dispute.open"
	DisputeRead        Action = "dispute.read"
	DisputeAnswer      Action = "dispute.answer"
	DisputeDecide      Action = "dispute.decide"
	LicenceRead        Action = "licence.read"
	LicenceUse         Action = "licence.use"
	LicenceAssign      Action = "licence.assign"
	LicenceDeclare     Action = "licence.declare"
	LicenceCheck       Action = "licence.check"
	BudgetRead         Action = "budget.read"
	BudgetSet          Action = "budget.set"
	InvoiceRead        Action = "invoice.read"
	InvoiceIssue       Action = "invoice.issue"
	CreditIssue        Action = "credit.issue"
	PaymentRecord      Action = "payment.record"
	CloseRead          Action = "close.read"
	ClosePrepare       Action = "close.prepare"
	CloseApprove       Action = "close.approve"
	HandOverRead       Action = "handover.read"
	HandOverRun        Action = "handover.run"
	MandateRead        Action = "mandate.read"
	MandateGive        Action = "mandate.give"
	MandateRevoke      Action = "mandate.revoke"
	CollectionRead     Action = "collection.read"
	CollectionRun      Action = "collection.run"
	StatementRead      Action = "statement.read"
	OrgRead            Action = "org.read"
	OrgCreate          Action = "org.create"
	OrgUpdate          Action = "org.update"
	BillsSet           Action = "bills.set"
	MarketRead         Action = "market.read"
	MarketSet          Action = "market.set"
	MemberRead         Action = "member.read"
	MemberInvite       Action = "member.invite"
	MemberRemove       Action = "member.remove"
	RoleGrant          Action = "role.grant"
	TokenCreate        Action = "token.create"
	TokenRead          Action = "token.read"
	TokenRevoke        Action = "token.revoke"
	SessionRead        Action = "session.read"
	SessionRevoke      Action = "session.revoke"
	PolicyRead         Action = "policy.read"
	PolicySet          Action = "policy.set"
	PolicyReview       Action = "policy.review"
	PolicyApprove      Action = "policy.approve"
	ResidencyFactsRead Action = "residency.facts.read"
	ResidencyFactsSet  Action = "residency.facts.write"
	PlacementRead      Action = "placement.read"
	CopyRead           Action = "copy.read"
	CopyRegister       Action = "copy.register"
	CopyLook           Action = "copy.look"
	RemedyAccept       Action = "remedy.accept"
	FactRead           Action = "fact.read"
	FactProve          Action = "fact.prove"
	JobRead            Action = "job.read"
	JobRetry           Action = "job.retry"
	ReaderRead         Action = "reader.read"
	ReaderRetry        Action = "reader.retry"
	LedgerRead         Action = "ledger.read"
	LedgerLock         Action = "ledger.lock"
	LedgerMap          Action = "ledger.map"
	SplitSet           Action = "split.set"
	StatementClose     Action = "statement.close"
	PayoutMake         Action = "payout.make"
	PayoutApprove      Action = "payout.approve"
	PayeeSet           Action = "payee.set"
	PayeeApprove       Action = "payee.approve"
	ResourceRead       Action = "resource.read"
	ResourceOperate    Action = "resource.operate"
	ContentRead        Action = "content.read"
	WorkOrderRead      Action = "workorder.read"
	WorkOrderDo        Action = "workorder.do"
	WorkOrderAccept    Action = "workorder.accept"
	WorkOrderFulfil    Action = "workorder.fulfil"
	PersonRead         Action = "person.read"
	PersonUpdate       Action = "person.update"
	PersonErase        Action = "person.erase"
)

// Grant is one row of the table of actions: who may.
type Grant struct {
	Action    Action
	Title     string // completes "You may not …"
	Own       []Role // any of these, in the organisation of the resource or the house above it
	Below     []Role // any of these, in an organisation above the customer's border
	Public    bool   // everybody, also when nobody is signed in
	Signed    bool   // everybody who is signed in
	Self      bool   // a person on itself
	Reads     bool   // changes nothing; the only actions of an auditor
	Personal  bool   // personal data or customer content: from outside only for a stated purpose
	Confirmed bool   // only with a confirmed e-mail address
	InPerson  bool   // only by a person who is signed in, never by a token
	Second    bool   // not by whoever made the thing: Resource.Author
}

// Grants is the table: every action once, in the order of the matrix.
func Grants() []Grant {
	o, b, l, t, m, a, p, x, s := RoleOwner, RoleBuyer, RoleBilling, RoleTechnical, RoleMember, RoleAuditor, RolePublisher, RoleOperator, RoleSupport
	is := func(roles ...Role) []Role { return roles }
	return []Grant{
		{Action: CatalogRead, Title: "read the catalogue", Public: true, Reads: true},
		{Action: CatalogPublish, Title: "publish an offer", Own: is(p), Confirmed: true},
		{Action: CatalogWithdraw, Title: "withdraw an offer", Own: is(p), Below: is(x), Confirmed: true},
		{Action: OfferRead, Title: "read unpublished offers", Own: is(o, p, a, x), Below: is(x, a), Reads: true},
		{Action: OfferReview, Title: "review an offer", Own: is(x), Below: is(x), Confirmed: true},
		{Action: OrderQuote, Title: "ask for a quote", Own: is(o, b, l, t, m)},
		{Action: OrderPlace, Title: "place an order", Own: is(o, b)},
		{Action: OrderApprove, Title: "approve an order", Own: is(o, l), Confirmed: true},
		{Action: OrderCancel, Title: "cancel an order", Own: is(o, b), Below: is(x)},
		{Action: OrderRead, Title: "read orders", Own: is(o, b, l, t, a), Below: is(x, s, a), Reads: true},
		{Action: ServiceRead, Title: "see services", Own: is(o, b, l, t, m, a), Below: is(x, s, a), Reads: true},
		{Action: ServiceChange, Title: "change a service", Own: is(o, b)},
		{Action: ServiceSuspend, Title: "suspend a service", Own: is(o, b, t), Below: is(x)},
		{Action: ServiceResume, Title: "resume a service", Own: is(o, b, t), Below: is(x)},
		{Action: ServiceCancel, Title: "cancel a service", Own: is(o, b), Below: is(x)},
		{Action: ServiceWithdraw, Title: "withdraw from a contract", Own: is(o, b)},
		{Action: ServiceTag, Title: "tag a service", Own: is(o, b, l, t)},
		{Action: SubscriberRead, Title: "see the subscribers of offers", Own: is(o, p, a), Below: is(x, a), Reads: true},
		{Action: UsageWrite, Title: "report usage", Own: is(p)},
		{Action: UsageRead, Title: "read usage", Own: is(o, b, l, t, a), Below: is(x, s, a), Reads: true},
		{Action: QuarantineRead, Title: "see quarantined usage", Own: is(p, x, a), Below: is(x, a), Reads: true},
		{Action: QuarantineAnswer, Title: "send one's own quarantined usage again or take it back", Own: is(p)},
		{Action: QuarantineDecide, Title: "decide about quarantined usage", Own: is(x), Below: is(x)},
		{Action: DisputeOpen, Title: "dispute counted usage", Own: is(o, b)},
		{Action: DisputeRead, Title: "see disputes about usage", Own: is(o, b, l, t, p, a), Below: is(x, s, a), Reads: true},
		{Action: DisputeAnswer, Title: "answer a dispute about usage", Own: is(p)},
		{Action: DisputeDecide, Title: "decide a dispute about usage", Own: is(x), Below: is(x)},
		{Action: LicenceRead, Title: "see licences and who holds them", Own: is(o, b, t, a), Below: is(x, s, a), Reads: true},
		{Action: LicenceUse, Title: "take or give back a seat", Own: is(o, t, p)},
		{Action: LicenceAssign, Title: "give seats to people", Own: is(o, t)},
		{Action: LicenceDeclare, Title: "bring an own licence", Own: is(o, b), Confirmed: true},
		{Action: LicenceCheck, Title: "check a customer's own licence", Own: is(p)},
		{Action: BudgetRead, Title: "see budgets", Own: is(o, b, l, a), Below: is(x, a), Reads: true},
		{Action: BudgetSet, Title: "set a budget", Own: is(o, l), Confirmed: true},
		{Action: InvoiceRead, Title: "read invoices", Own: is(o, b, l, a), Below: is(x, s, a), Reads: true},
		{Action: InvoiceIssue, Title: "issue an invoice", Own: is(x), Below: is(x)},
		{Action: CreditIssue, Title: "issue a credit note", Own: is(x), Below: is(x)},
		{Action: PaymentRecord, Title: "record a payment", Own: is(x), Below: is(x)},
		{Action: CloseRead, Title: "see month closes", Own: is(x, a), Below: is(x, a), Reads: true},
		{Action: ClosePrepare, Title: "prepare a month close", Own: is(x), Below: is(x), InPerson: true},
		{Action: CloseApprove, Title: "approve a month close", Own: is(x), Below: is(x), Confirmed: true, InPerson: true, Second: true},
		{Action: HandOverRead, Title: "see charges handed over to another billing system", Own: is(x, a), Below: is(x, a), Reads: true},
		{Action: HandOverRun, Title: "hand charges over to another billing system", Own: is(x), Below: is(x)},
		{Action: MandateRead, Title: "see payments and mandates", Own: is(o, b, l, a), Below: is(x, a), Reads: true},
		{Action: MandateGive, Title: "give a direct debit mandate", Own: is(o, l), Confirmed: true},
		{Action: MandateRevoke, Title: "revoke a direct debit mandate", Own: is(o, l), Below: is(x)},
		{Action: CollectionRead, Title: "see collections and bank files", Own: is(x, a), Below: is(x, a), Reads: true},
		{Action: CollectionRun, Title: "collect invoices and import bank files", Own: is(x), Below: is(x)},
		{Action: StatementRead, Title: "read statements", Own: is(o, l, p, a, x), Below: is(x, a), Reads: true},
		{Action: StatementClose, Title: "close a publisher's statement", Own: is(x), Below: is(x), Confirmed: true},
		{Action: PayoutMake, Title: "pay a publisher", Own: is(x), Below: is(x), Confirmed: true},
		{Action: PayoutApprove, Title: "approve a payout run", Own: is(x), Below: is(x), Confirmed: true, InPerson: true, Second: true},
		{Action: PayeeSet, Title: "set the account of payouts", Own: is(o, l), Confirmed: true, InPerson: true},
		{Action: PayeeApprove, Title: "approve the account of payouts", Own: is(o, l), Confirmed: true, InPerson: true, Second: true},
		{Action: SplitSet, Title: "set how revenue is split", Own: is(x), Confirmed: true},
		{Action: LedgerRead, Title: "read the books", Own: is(x, a), Reads: true},
		{Action: LedgerLock, Title: "close the books", Own: is(x), Confirmed: true},
		{Action: LedgerMap, Title: "set the accountant's numbers", Own: is(x), Confirmed: true},
		{Action: OrgRead, Title: "see the organisation", Own: is(o, b, l, t, m, a, p, x, s), Below: is(x, s, a), Reads: true},
		{Action: OrgCreate, Title: "create an organisation below", Own: is(o, x), Below: is(x), Confirmed: true},
		{Action: OrgUpdate, Title: "change the organisation", Own: is(o), Below: is(x), Confirmed: true},
		{Action: BillsSet, Title: "change what stands on the bills", Own: is(o, l), Below: is(x), Confirmed: true},
		{Action: MarketRead, Title: "see the market", Public: true, Reads: true},
		{Action: MarketSet, Title: "set a market", Own: is(x), Below: is(x), Confirmed: true},
		{Action: MemberRead, Title: "see members", Own: is(o, b, l, t, a, p, x), Below: is(x, s), Reads: true, Personal: true},
		{Action: MemberInvite, Title: "invite a member", Own: is(o), Below: is(x), Confirmed: true},
		{Action: MemberRemove, Title: "remove a member", Own: is(o), Confirmed: true},
		{Action: RoleGrant, Title: "grant or take a role", Own: is(o), Confirmed: true},
		{Action: TokenCreate, Title: "create a token", Own: is(o, t, p), Confirmed: true},
		{Action: TokenRead, Title: "see tokens", Own: is(o, t, p, a), Below: is(x), Reads: true},
		{Action: TokenRevoke, Title: "revoke a token", Own: is(o, t, p), Below: is(x)},
		{Action: SessionRead, Title: "see sessions", Self: true, Reads: true, Personal: true},
		{Action: SessionRevoke, Title: "end sessions", Self: true},
		{Action: PolicyRead, Title: "read the residency policy", Own: is(o, b, l, t, a), Below: is(x, s, a), Reads: true},
		{Action: PolicySet, Title: "set the residency policy", Own: is(o), Confirmed: true},
		{Action: PolicyReview, Title: "see proposed changes of where data may live", Own: is(o, a, x), Below: is(a), Reads: true},
		{Action: PolicyApprove, Title: "approve a change of where data may live", Own: is(o, x), Confirmed: true, InPerson: true, Second: true},
		{Action: ResidencyFactsRead, Title: "read facts about clouds", Signed: true, Reads: true},
		{Action: ResidencyFactsSet, Title: "record facts about clouds", Own: is(x), Confirmed: true},
		{Action: PlacementRead, Title: "read placement decisions", Own: is(o, b, t, a), Below: is(x, s, a), Reads: true},
		{Action: CopyRead, Title: "see where data is", Own: is(o, b, t, a, x), Below: is(x, s, a), Reads: true},
		{Action: CopyRegister, Title: "register copies of data", Own: is(o, t), Below: is(x)},
		{Action: CopyLook, Title: "ask the engines which copies they have", Own: is(x), Below: is(x)},
		{Action: RemedyAccept, Title: "accept a place that is no longer allowed", Own: is(o), Below: is(x), Confirmed: true},
		{Action: FactRead, Title: "read facts", Own: is(o, t, a), Below: is(x, a), Reads: true},
		{Action: FactProve, Title: "ask for a proof", Own: is(o, b, l, t, a, p), Below: is(x, a), Reads: true},
		{Action: JobRead, Title: "see jobs", Own: is(x, a), Below: is(x, a), Reads: true},
		{Action: JobRetry, Title: "run a job again", Own: is(x), Below: is(x)},
		{Action: ReaderRead, Title: "see readers", Own: is(x, a), Below: is(x, a), Reads: true},
		{Action: ReaderRetry, Title: "run a reader again", Own: is(x), Below: is(x)},
		{Action: ResourceRead, Title: "see resources", Own: is(o, b, t, a), Below: is(x, s, a), Reads: true},
		{Action: ResourceOperate, Title: "operate a resource", Own: is(o, t), Below: is(x)},
		{Action: ContentRead, Title: "read the content of a service", Own: is(o, t, m), Below: is(s), Reads: true, Personal: true},
		{Action: WorkOrderRead, Title: "see work orders", Own: is(o, b, t, x, a), Below: is(x, s, a), Reads: true},
		{Action: WorkOrderDo, Title: "do a work order", Own: is(x), Below: is(x)},
		{Action: WorkOrderAccept, Title: "accept work", Own: is(o, b, t)},
		{Action: WorkOrderFulfil, Title: "do the work of an offer", Own: is(p)},
		{Action: PersonRead, Title: "read personal data", Own: is(o), Below: is(x, s), Self: true, Reads: true, Personal: true},
		{Action: PersonUpdate, Title: "change personal data", Self: true},
		{Action: PersonErase, Title: "erase a person", Self: true, Own: is(o), Below: is(x)},
	}
}

// Systems are the parts of the product that act without a person, and what each may do. A name that is not here may
// do nothing.
func Systems() map[string][]Action {
	return map[string][]Action{
		"signin":       {PersonRead, PersonUpdate, SessionRevoke},
		"mail":         {PersonRead, JobRetry},
		"order":        {OrderRead, OrderCancel, OrgRead, MarketRead, CatalogRead, BudgetRead},
		"placement":    {OrderRead, PolicyRead, ResidencyFactsRead, PlacementRead, CatalogRead, OrgRead},
		"provision":    {OrderRead, ServiceRead, ResourceRead, ResourceOperate, PlacementRead, CatalogRead, WorkOrderRead, WorkOrderDo},
		"licence":      {LicenceRead, ServiceRead, ServiceChange, OrderRead, CatalogRead, OrgRead},
		"subscription": {OrderRead, ServiceRead, ServiceChange, ServiceSuspend, ServiceResume, ServiceCancel, ResourceOperate, CatalogRead, OrgRead},
		"meter":        {ServiceRead, ResourceRead, UsageWrite, UsageRead, QuarantineRead},
		"rating":       {ServiceRead, ServiceSuspend, UsageRead, OrderRead, CatalogRead, BudgetRead, BudgetSet, OrgRead, MarketRead},
		"billing":      {InvoiceRead, InvoiceIssue, CreditIssue, PaymentRecord, MandateRead, MandateRevoke, CollectionRead, CollectionRun, ServiceRead, OrderRead, UsageRead, OrgRead, MarketRead, PersonRead},
		"settlement":   {InvoiceRead, StatementRead, StatementClose, OrgRead, CatalogRead},
		"catalog":      {CatalogRead, CatalogPublish, CatalogWithdraw, OfferRead},
		"trace":        {FactRead, FactProve, ReaderRead, ReaderRetry},
	}
}

// ParseScopes reads what a token is cut to: actions ("usage.write") or families ("order.*"). Unknown ones are an error
// that names them; the answer has each action once, in the order of the table.
func ParseScopes(texts []string) ([]Action, error) {
	wanted := map[Action]bool{}
	for _, text := range texts {
		family, isFamily := strings.CutSuffix(text, ".*")
		found := false
		for _, g := range Grants() {
			if string(g.Action) == text || isFamily && strings.HasPrefix(string(g.Action), family+".") {
				wanted[g.Action], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("unknown scope %q", text)
		}
	}
	var out []Action
	for _, g := range Grants() {
		if wanted[g.Action] {
			out = append(out, g.Action)
		}
	}
	return out, nil
}
