package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
)

// EntityDetails is what a legal entity tells about itself for bills and electronic invoices.
type EntityDetails struct {
	Street       string `json:"street,omitempty" maxLength:"200" doc:"street and number; the lines of address are made of the parts"`
	Street2      string `json:"street2,omitempty" maxLength:"200"`
	City         string `json:"city,omitempty" maxLength:"200"`
	Postcode     string `json:"postcode,omitempty" maxLength:"40"`
	Region       string `json:"region,omitempty" maxLength:"200" doc:"subdivision of the country"`
	Scheme       string `json:"scheme,omitempty" doc:"register that registration is of, ISO 6523: 0002 SIREN, 0009 SIRET, 0204 Leitweg-ID"`
	TaxNumber    string `json:"taxNumber,omitempty" maxLength:"40" doc:"at its tax office, where it is not the VAT identifier"`
	LegalInfo    string `json:"legalInfo,omitempty" maxLength:"500" doc:"legal form and capital"`
	Trading      string `json:"trading,omitempty" maxLength:"200" doc:"the name it trades under"`
	EndpointKind string `json:"endpointKind,omitempty" doc:"kind of the electronic address, EAS: 0225 French directory, 9930 German VAT identifier, 0204 Leitweg-ID, EM e-mail"`
	Endpoint     string `json:"endpoint,omitempty" maxLength:"200" doc:"where it takes electronic documents"`
	ContactName  string `json:"contactName,omitempty" maxLength:"200" doc:"whom to ask about a bill; not shown from outside the organisation"`
	ContactPhone string `json:"contactPhone,omitempty" maxLength:"40"`
	ContactEmail string `json:"contactEmail,omitempty" maxLength:"200"`
	Recovery     string `json:"recovery,omitempty" maxLength:"500" doc:"of a seller: sentence on the costs of recovery; empty is that of the law"`
	Penalty      string `json:"penalty,omitempty" maxLength:"500" doc:"of a seller: sentence on the penalty for late payment"`
	Discount     string `json:"discount,omitempty" maxLength:"500" doc:"of a seller: sentence on discounts for early payment"`
}

func (d *EntityDetails) party() *party.Details {
	if d == nil {
		return nil
	}
	return &party.Details{Street: d.Street, Street2: d.Street2, City: d.City, Postcode: d.Postcode, Region: d.Region, Scheme: d.Scheme, TaxNumber: d.TaxNumber,
		LegalInfo: d.LegalInfo, Trading: d.Trading, Endpoint: party.Endpoint{Scheme: d.EndpointKind, ID: d.Endpoint},
		Contact:   party.BillingContact{Name: d.ContactName, Phone: d.ContactPhone, Email: d.ContactEmail},
		Sentences: party.Sentences{Recovery: d.Recovery, Penalty: d.Penalty, Discount: d.Discount}}
}

func details(d *party.Details) *EntityDetails {
	if d == nil || *d == (party.Details{}) {
		return nil
	}
	return &EntityDetails{d.Street, d.Street2, d.City, d.Postcode, d.Region, d.Scheme, d.TaxNumber, d.LegalInfo, d.Trading, d.Endpoint.Scheme, d.Endpoint.ID,
		d.Contact.Name, d.Contact.Phone, d.Contact.Email, d.Sentences.Recovery, d.Sentences.Penalty, d.Sentences.Discount}
}

// BillData is what an organisation wants on its own bills.
type BillData struct {
	BuyerReference string `json:"buyerReference,omitempty" maxLength:"100" doc:"what bills are routed by, such as a Leitweg-ID (BT-10)"`
	PurchaseOrder  string `json:"purchaseOrder,omitempty" maxLength:"100" doc:"number of the purchase order, of what was ordered without one (BT-13)"`
	CostCentre     string `json:"costCentre,omitempty" maxLength:"100" doc:"of the whole bill (BT-19)"`
	CostTag        string `json:"costTag,omitempty" maxLength:"100" doc:"key of the tag of a service that says its cost centre (BT-133); empty: cost-centre"`
	Version        int64  `json:"version,omitempty" doc:"that you have seen; left out in a change: whatever stands"`
}

func billData(b party.BillData) BillData { return BillData(b) }

func (s *server) billRoutes() {
	const tag = "organisations"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/entities", id: "listEntities", summary: "Legal entities of an organisation, oldest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Entity]], error) {
			list, err := s.Parties.Entities(ctx, c, in.Org)
			return listOf(list, "", entity, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/bill-data", id: "getBillData", summary: "What an organisation wants on its own bills", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[BillData], error) {
			b, err := s.Parties.BillData(ctx, c, in.Org)
			return body(billData(b), err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/bill-data", id: "setBillData", summary: "Change what stands on an organisation's bills, from the next one on; all fields are replaced", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body BillData
		}) (*Body[BillData], error) {
			b, err := s.Parties.SetBillData(ctx, c, in.Org, party.BillData(in.Body))
			return body(billData(b), err)
		})
}

// VATCheck is one question about a VAT identifier and its answer.
type VATCheck struct {
	ID           string            `json:"id"`
	Org          string            `json:"org"`
	Entity       string            `json:"entity"`
	VATID        string            `json:"vatId"`
	At           time.Time         `json:"at"`
	Outcome      party.VATOutcome  `json:"outcome" enum:"valid,invalid,unknown,form" doc:"form: only form and check digits were looked at; unknown: nobody could say, for the reason in code"`
	Consultation string            `json:"consultation,omitempty" doc:"number by which a tax office finds the question again"`
	Code         string            `json:"code,omitempty"`
	Desk         bool              `json:"desk,omitempty" doc:"it was valid before: a person decides"`
	Decision     party.VATDecision `json:"decision,omitempty" enum:"keep,withdraw,again"`
	Note         string            `json:"note,omitempty"`
	DecidedAt    time.Time         `json:"decidedAt,omitzero"`
}

func vatCheck(k party.VATCheck) VATCheck {
	return VATCheck{ID: k.ID, Org: k.Org, Entity: k.Entity, VATID: k.VATID, At: k.At, Outcome: k.Outcome, Consultation: k.Consultation, Code: k.Code, Desk: k.Desk,
		Decision: k.Decision, Note: k.Note, DecidedAt: k.DecidedAt}
}

// VATVerdict is a person's word on an identifier that is no longer valid.
type VATVerdict struct {
	Decision party.VATDecision `json:"decision" enum:"keep,withdraw"`
	Note     string            `json:"note,omitempty" maxLength:"500" doc:"why it is kept"`
}

func (s *server) vatRoutes() {
	const tag = "organisations"
	type path struct {
		OrgPath
		Entity string `path:"entity" doc:"legal entity of the organisation"`
	}
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/entities/{entity}/vat-checks", id: "listVATChecks", summary: "What was said about the VAT identifiers of a legal entity, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *path) (*Body[List[VATCheck]], error) {
			list, err := s.Parties.VATChecks(ctx, c, in.Org, in.Entity)
			return listOf(list, "", vatCheck, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/entities/{entity}/vat-checks", id: "checkVAT", summary: "Ask now about the VAT identifier of a legal entity", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *path) (*Body[VATCheck], error) {
			k, err := s.Parties.CheckVAT(ctx, c, in.Org, in.Entity)
			return body(vatCheck(k), err)
		})
	add(s, route{method: http.MethodGet, path: "/vat-desk", id: "listVATDesk", summary: "VAT identifiers that were valid and are no longer, on which nobody decided yet", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[VATCheck]], error) {
			list, err := s.Parties.VATDesk(ctx, c)
			return listOf(list, "", vatCheck, err)
		})
	add(s, route{method: http.MethodPost, path: "/vat-desk/{check}", id: "decideVAT", summary: "Keep a VAT identifier that is no longer valid, or withdraw it", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Check string `path:"check"`
			Body  VATVerdict
		}) (*Body[VATCheck], error) {
			k, err := s.Parties.DecideVAT(ctx, c, in.Check, in.Body.Decision, in.Body.Note)
			return body(vatCheck(k), err)
		})
}
