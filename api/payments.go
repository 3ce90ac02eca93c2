package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Mandate is a customer's permission that a seller collects its invoices. The account is shown masked.
type Mandate struct {
	ID        string        `json:"id"`
	Org       string        `json:"org"`
	Entity    string        `json:"entity" doc:"legal entity that collects"`
	Reference string        `json:"reference" doc:"unique mandate reference, as it stands on the payer's statement"`
	Name      string        `json:"name,omitempty" doc:"holder of the account; left out for those who do not see it"`
	Account   string        `json:"account,omitempty" doc:"country and last four signs"`
	State     collect.State `json:"state" enum:"pending,active,revoked,expired"`
	Why       string        `json:"why,omitempty" doc:"why it ended: customer, replaced, bank or idle"`
	Signed    price.Date    `json:"signed,omitzero"`
	Channel   string        `json:"channel,omitempty" doc:"how it was signed: portal, paper or api"`
	TextHash  string        `json:"textHash,omitempty" doc:"SHA-256 of the text that was agreed to, hex"`
	Used      int64         `json:"used" doc:"debits handed to the bank"`
	CreatedAt time.Time     `json:"createdAt"`
	EndedAt   time.Time     `json:"endedAt,omitzero"`
}

func mandateOf(m collect.Mandate) Mandate {
	return Mandate{ID: m.ID, Org: m.Org, Entity: m.Entity, Reference: m.Reference, Name: m.Name, Account: m.IBAN.Masked(), State: m.State, Why: m.Why, Signed: m.Signed,
		Channel: m.Signature.Channel, TextHash: m.Signature.TextHash, Used: m.Used, CreatedAt: m.CreatedAt, EndedAt: m.EndedAt}
}

// NewMandate is a mandate as a customer gives it.
type NewMandate struct {
	Entity string `json:"entity" doc:"who shall collect: of getPayments"`
	Name   string `json:"name" maxLength:"200" doc:"holder of the account"`
	IBAN   string `json:"iban" maxLength:"50"`
	BIC    string `json:"bic,omitempty" maxLength:"11" doc:"only for accounts outside the European Economic Area"`
	Agreed bool   `json:"agreed,omitempty" doc:"the text of getPayments was read and agreed to; without it the mandate waits for signMandate"`
	Lang   string `json:"lang,omitempty" enum:"en,fr" doc:"of the text"`
	Paper  bool   `json:"paper,omitempty" doc:"it was signed on paper, which you keep"`
}

// Signing says that the text was agreed to.
type Signing struct {
	Lang  string `json:"lang,omitempty" enum:"en,fr" doc:"of the text"`
	Paper bool   `json:"paper,omitempty" doc:"it was signed on paper, which you keep"`
}

func channelOf(paper bool) string {
	if paper {
		return collect.ChannelPaper
	}
	return collect.ChannelAPI
}

// Debit is one amount to collect for one invoice.
type Debit struct {
	ID         string             `json:"id"`
	Collection string             `json:"collection"`
	Invoice    string             `json:"invoice"`
	Mandate    string             `json:"mandate"`
	Org        string             `json:"org"`
	Amount     money.Amount       `json:"amount"`
	Due        price.Date         `json:"due" doc:"when the payer's bank takes it"`
	Sequence   string             `json:"sequence" doc:"FRST or RCUR"`
	State      collect.DebitState `json:"state" enum:"announced,handed,collected,failed,left_out"`
	Code       string             `json:"code,omitempty" doc:"why it failed (ISO 20022 return reason) or was left out"`
	ChangedAt  time.Time          `json:"changedAt"`
}

func debitOf(d collect.Debit) Debit {
	return Debit{ID: d.ID, Collection: d.Collection, Invoice: d.Invoice, Mandate: d.Mandate, Org: d.Org, Amount: d.Amount, Due: d.Due, Sequence: string(d.Sequence), State: d.State, Code: d.Code, ChangedAt: d.ChangedAt}
}

// Payments is what an organisation owes and how it is paid.
type Payments struct {
	Totals   []money.Amount `json:"totals" nullable:"false" doc:"owed, one for each currency"`
	Owed     []OwedInvoice  `json:"owed" nullable:"false"`
	Credits  []money.Amount `json:"credits" nullable:"false" doc:"paid above what was owed, and used for the next invoices"`
	Mandates []Mandate      `json:"mandates" nullable:"false"`
	Debits   []Debit        `json:"debits" nullable:"false" doc:"the last 50, newest first"`
	Sellers  []Collector    `json:"sellers" nullable:"false" doc:"who may be given a mandate"`
}

// OwedInvoice is an invoice on which something is owed, and the ways to pay it.
type OwedInvoice struct {
	Invoice InvoiceRow   `json:"invoice"`
	Owed    money.Amount `json:"owed"`
	Ways    []PaymentWay `json:"ways" nullable:"false"`
	Failed  string       `json:"failed,omitempty" doc:"why the last debit failed"`
}

// PaymentWay is what is to be done to pay an invoice.
type PaymentWay struct {
	Way       string     `json:"way" enum:"transfer,debit"`
	To        string     `json:"to,omitempty" doc:"holder of the account to transfer to"`
	IBAN      string     `json:"iban,omitempty"`
	BIC       string     `json:"bic,omitempty"`
	Reference string     `json:"reference,omitempty" doc:"what to write"`
	Day       price.Date `json:"day,omitzero" doc:"of a debit: when it is taken"`
}

// Collector is a seller that collects.
type Collector struct {
	Entity   string `json:"entity"`
	Name     string `json:"name"`
	Creditor string `json:"creditor" doc:"SEPA creditor identifier"`
	Text     string `json:"text" doc:"what a mandate for it says"`
}

func paymentsOf(v collect.Overview, lang string) Payments {
	out := Payments{Totals: append([]money.Amount{}, v.Totals...), Owed: []OwedInvoice{}, Credits: []money.Amount{}, Mandates: []Mandate{}, Debits: []Debit{}, Sellers: []Collector{}}
	for _, o := range v.Owed {
		one := OwedInvoice{Invoice: invoiceRow(o.Invoice), Owed: o.Invoice.Owed(), Ways: []PaymentWay{}}
		for _, w := range o.Ways {
			one.Ways = append(one.Ways, PaymentWay{Way: w.Way, To: w.Seller, IBAN: w.IBAN.Electronic(), BIC: string(w.BIC), Reference: w.Reference, Day: w.Day})
		}
		if o.Failed != nil {
			one.Failed = o.Failed.Code
		}
		out.Owed = append(out.Owed, one)
	}
	for _, c := range v.Credits {
		out.Credits = append(out.Credits, c.Amount)
	}
	for _, m := range v.Mandates {
		out.Mandates = append(out.Mandates, mandateOf(m))
	}
	for _, d := range v.Debits {
		out.Debits = append(out.Debits, debitOf(d))
	}
	for _, s := range v.Sellers {
		out.Sellers = append(out.Sellers, Collector{Entity: s.Entity, Name: s.Name, Creditor: string(s.CreditorID), Text: collect.MandateText(lang, s.Name, s.CreditorID, s.NoticeDays)})
	}
	return out
}

// MandatePath names a mandate.
type MandatePath struct {
	Mandate string `path:"mandate"`
}

// paymentRoutes are the customer's: what is owed, and mandates.
func (s *server) paymentRoutes() {
	const tag = "payments"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/payments", id: "getPayments", summary: "What is owed, and how it is paid", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Lang string `query:"lang" enum:"en,fr" doc:"of the text of a mandate"`
		}) (*Body[Payments], error) {
			v, err := s.Collects.Overview(ctx, c, in.Org)
			return body(paymentsOf(v, in.Lang), err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/mandates", id: "listMandates", summary: "Direct debit mandates, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Mandate]], error) {
			list, err := s.Collects.Mandates(ctx, c, in.Org)
			return listOf(list, "", mandateOf, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/mandates", id: "giveMandate", summary: "Give a direct debit mandate", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewMandate
		}) (*Body[Mandate], error) {
			b := in.Body
			m, err := s.Collects.Give(ctx, c, collect.MandateInput{Org: in.Org, Entity: b.Entity, Name: b.Name, IBAN: b.IBAN, BIC: b.BIC, Signed: b.Agreed, Channel: channelOf(b.Paper), Lang: b.Lang})
			return body(mandateOf(m), err)
		})
	add(s, route{method: http.MethodGet, path: "/mandates/{mandate}", id: "getMandate", summary: "One mandate", tag: tag},
		func(ctx context.Context, c access.Caller, in *MandatePath) (*Body[Mandate], error) {
			m, err := s.Collects.Mandate(ctx, c, in.Mandate)
			return body(mandateOf(m), err)
		})
	add(s, route{method: http.MethodPost, path: "/mandates/{mandate}/sign", id: "signMandate", summary: "Agree to a mandate that waits", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			MandatePath
			Body Signing
		}) (*Body[Mandate], error) {
			m, err := s.Collects.Sign(ctx, c, in.Mandate, channelOf(in.Body.Paper), in.Body.Lang)
			return body(mandateOf(m), err)
		})
	add(s, route{method: http.MethodPost, path: "/mandates/{mandate}/revoke", id: "revokeMandate", summary: "Revoke a mandate, at once", tag: tag},
		func(ctx context.Context, c access.Caller, in *MandatePath) (*Body[Mandate], error) {
			m, err := s.Collects.Revoke(ctx, c, in.Mandate)
			return body(mandateOf(m), err)
		})
}

// Collection is a file of direct debits.
type Collection struct {
	ID        string                  `json:"id"`
	Entity    string                  `json:"entity"`
	State     collect.CollectionState `json:"state" enum:"made,handed,dropped"`
	Edition   int64                   `json:"edition" doc:"grows when something is left out"`
	Taken     int64                   `json:"taken" doc:"edition that was downloaded last; 0 for none"`
	Count     int64                   `json:"count"`
	Total     money.Amount            `json:"total"`
	Message   string                  `json:"message" doc:"identifier of the file for the bank"`
	CreatedAt time.Time               `json:"createdAt"`
	HandedAt  time.Time               `json:"handedAt,omitzero"`
	Debits    []Debit                 `json:"debits,omitempty" doc:"of getCollection"`
}

func collectionOf(k collect.Collection) Collection {
	out := Collection{ID: k.ID, Entity: k.Entity, State: k.State, Edition: k.Edition, Taken: k.Taken, Count: k.Count, Total: k.Total, Message: k.Message, CreatedAt: k.CreatedAt, HandedAt: k.HandedAt}
	for _, d := range k.Debits {
		out.Debits = append(out.Debits, debitOf(d))
	}
	return out
}

// CollectionPath names a collection.
type CollectionPath struct {
	Collection string `path:"collection"`
}

// EntityPath names a legal entity.
type EntityPath struct {
	Entity string `path:"entity"`
}

// EntityAccount is where a legal entity gets its money. It stands on its invoices.
type EntityAccount struct {
	IBAN       string `json:"iban" maxLength:"50"`
	BIC        string `json:"bic,omitempty" maxLength:"11"`
	Creditor   string `json:"creditor,omitempty" maxLength:"50" doc:"SEPA creditor identifier; without it the legal entity does not collect"`
	NoticeDays int    `json:"noticeDays,omitempty" doc:"days between telling the customer and the debit, 5 to 30; left out: 14"`
	Old        bool   `json:"old,omitempty" doc:"the bank still asks for pain.008.001.02"`
}

func accountOf(a collect.Account) EntityAccount {
	return EntityAccount{IBAN: a.IBAN.Electronic(), BIC: string(a.BIC), Creditor: string(a.CreditorID), NoticeDays: a.NoticeDays, Old: a.Version != "" && a.Version != "pain.008.001.08"}
}

// Ran is what a run made.
type Ran struct {
	Collection *Collection `json:"collection,omitempty" doc:"left out: there was nothing to collect"`
}

// collectionRoutes are the operator's: the account, files for the bank.
func (s *server) collectionRoutes() {
	const tag = "collections"
	add(s, route{method: http.MethodGet, path: "/entities/{entity}/account", id: "getAccount", summary: "The account of a legal entity", tag: tag},
		func(ctx context.Context, _ access.Caller, in *EntityPath) (*Body[EntityAccount], error) {
			a, found, err := s.Collects.Account(ctx, in.Entity)
			if err == nil && !found {
				err = fail.Missing("account", in.Entity)
			}
			return body(accountOf(a), err)
		})
	add(s, route{method: http.MethodPut, path: "/entities/{entity}/account", id: "setAccount", summary: "Say where a legal entity gets its money and how it collects", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			EntityPath
			Body EntityAccount
		}) (*Body[EntityAccount], error) {
			b := in.Body
			a, err := s.Collects.SetAccount(ctx, c, collect.AccountInput{Entity: in.Entity, IBAN: b.IBAN, BIC: b.BIC, CreditorID: b.Creditor, NoticeDays: b.NoticeDays, Old: b.Old})
			return body(accountOf(a), err)
		})
	add(s, route{method: http.MethodPost, path: "/entities/{entity}/collections", id: "runCollection", summary: "Announce the debits of open invoices, and make a file of them", tag: tag},
		func(ctx context.Context, c access.Caller, in *EntityPath) (*Body[Ran], error) {
			k, made, err := s.Collects.Run(ctx, c, in.Entity)
			out := Ran{}
			if made {
				one := collectionOf(k)
				out.Collection = &one
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodGet, path: "/collections", id: "listCollections", summary: "Collections, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Cursor string `query:"cursor" maxLength:"512"`
		}) (*Body[List[Collection]], error) {
			list, next, err := s.Collects.Collections(ctx, c, in.Cursor)
			return listOf(list, next, collectionOf, err)
		})
	s.collectionRoute(http.MethodGet, "", "getCollection", "One collection with its debits", s.Collects.Collection)
	s.collectionRoute(http.MethodPost, "/hand-over", "handOverCollection", "Say that the file downloaded last is at the bank", s.Collects.HandOver)
	s.collectionRoute(http.MethodPost, "/drop", "dropCollection", "Give a collection up that is not at the bank", s.Collects.Drop)
	s.raw(route{method: http.MethodPost, path: "/collections/{collection}/file", id: "takeCollectionFile", summary: "The file for the bank; what stopped being right is left out", tag: tag},
		"/collections/{collection}/file", rawDoc{gives: []string{"application/xml"}}, s.collectionFile)
}

func (s *server) collectionRoute(method, word, name, summary string, f func(context.Context, access.Caller, string) (collect.Collection, error)) {
	add(s, route{method: method, path: "/collections/{collection}" + word, id: name, summary: summary, tag: "collections"},
		func(ctx context.Context, c access.Caller, in *CollectionPath) (*Body[Collection], error) {
			k, err := f(ctx, c, in.Collection)
			return body(collectionOf(k), err)
		})
}

func (s *server) collectionFile(w http.ResponseWriter, r *http.Request) error {
	file, _, err := s.Collects.File(r.Context(), callerOf(r), r.PathValue("collection"))
	if err != nil {
		return err
	}
	name := r.PathValue("collection")
	if _, _, _, ok := id.Parts(name); !ok {
		name = "collection"
	}
	return s.file(w, r, "application/xml", name+".xml", func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}
