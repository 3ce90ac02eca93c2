package party

import (
	"github.com/halle-cloud/halle/access"
)

// The facts of this package.
const (
	FactOrgCreated       = "org.created.v1"
	FactOrgUpdated       = "org.updated.v1"
	FactEntitySet        = "entity.set.v1"
	FactBillsSet         = "bills.set.v1"
	FactMarketSet        = "market.set.v1"
	FactMemberInvited    = "member.invited.v1"
	FactInviteWithdrawn  = "member.invitation.withdrawn.v1"
	FactMemberJoined     = "member.joined.v1"
	FactMemberLeft       = "member.left.v1"
	FactRoleGranted      = "role.granted.v1"
	FactRoleRevoked      = "role.revoked.v1"
	FactPersonRegistered = "person.registered.v1"
	FactPersonUpdated    = "person.updated.v1"
	FactPersonConfirmed  = "person.confirmed.v1"
	FactPersonRead       = "person.read.v1"
)

// OrgFact is the payload of org.created.v1 and org.updated.v1. Name is empty for a household: it is personal.
type OrgFact struct {
	Org      string `json:"org"`
	Parent   string `json:"parent,omitempty"`
	Path     string `json:"path"`
	Kinds    []Kind `json:"kinds"`
	Form     Form   `json:"form"`
	Name     string `json:"name,omitempty"`
	Country  string `json:"country"`
	Language string `json:"language"`
	Market   string `json:"market,omitempty"`
	Entity   string `json:"entity,omitempty"`
}

// EntityFact is the payload of entity.set.v1.
type EntityFact struct {
	Entity         string   `json:"entity"`
	Org            string   `json:"org"`
	Name           string   `json:"name"`
	Country        string   `json:"country"`
	ControlledFrom string   `json:"controlled_from"`
	VATID          string   `json:"vat_id,omitempty"`
	Details        []string `json:"details,omitempty"` // which of its details are filled in
}

// BillsFact is the payload of bills.set.v1: what an organisation wants on its own bills.
type BillsFact struct {
	Org string `json:"org"`
	BillData
}

// MarketFact is the payload of market.set.v1.
type MarketFact struct {
	Market     string     `json:"market"`
	Org        string     `json:"org"`
	Entity     string     `json:"entity"`
	Country    string     `json:"country"`
	Currency   string     `json:"currency"`
	Languages  []string   `json:"languages"`
	SellsTo    SellsTo    `json:"sells_to"`
	FirstLimit int64      `json:"first_limit,string"`
	VATMode    VATMode    `json:"vat_mode"`
	MonthClose MonthClose `json:"month_close"`
}

// MemberFact is the payload of member.* and role.*: who, where, and the roles it is about.
type MemberFact struct {
	Org        string        `json:"org"`
	Person     string        `json:"person"`
	Invitation string        `json:"invitation,omitempty"`
	Roles      []access.Role `json:"roles,omitempty"`
}

// PersonFact is the payload of person.registered.v1, .updated.v1 and .confirmed.v1; the contact is the personal
// segment of the first two.
type PersonFact struct {
	Person string `json:"person"`
	Home   string `json:"home"`
}

// ReadFact is the payload of person.read.v1: somebody from outside looked at personal data.
type ReadFact struct {
	Org     string   `json:"org"`     // whose people
	Persons []string `json:"persons"` // who was looked at
	By      string   `json:"by"`      // access.Caller.Ref
	From    string   `json:"from"`    // organisation the reader acted for
	Purpose string   `json:"purpose"` // in the reader's words
	Country string   `json:"country,omitempty"`
	What    string   `json:"what"` // action
}
