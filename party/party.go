// Package party knows who takes part: organisations in one tree, their markets and legal entities, people, memberships
// with roles.
//
// Owns: organisations, legal entities, markets, people and how to reach them, memberships, invitations.
// Does not own: passwords, sessions and tokens (signin), what a role may do (access), budgets (order), offers (catalog).
// Reads: nothing upstream but keys.
// Writes: organisation, legal_entity, bill_data, market, person, membership, membership_role, invitation; facts org.*,
// entity.*, market.*, member.*, role.*, person.*, bills.set; mails.
//
// The tree is operator → reseller → customer → unit. What an organisation does (customer, publisher, reseller) is a kind,
// and it may be several. The name of a business is business data; the name of a household and everything about a person
// is personal: sealed under that person's key, found by a keyed hash, gone when the key is destroyed.
package party

import (
	"embed"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "party", Files: files} }

// Kind is what an organisation does in the market; it may be several.
type Kind string

// The kinds.
const (
	KindOperator  Kind = "operator"  // the root: runs the installation
	KindReseller  Kind = "reseller"  // sells under its own brand to its own customers
	KindCustomer  Kind = "customer"  // buys
	KindPublisher Kind = "publisher" // offers applications or clouds
	KindUnit      Kind = "unit"      // a part of a customer, with its own people and budget
)

// Form tells a business from a household.
type Form string

// The forms.
const (
	FormBusiness  Form = "business"  // a company or public body
	FormHousehold Form = "household" // a person or household: a consumer
)

// Erased stands where a name was whose key is destroyed.
const Erased = "(erased)"

// Organisation is one place in the tree.
type Organisation struct {
	ID        string
	Parent    string // "" for the operator
	Path      string // "/org_a/org_b/": the identifiers from the root to it
	Kinds     []Kind
	Form      Form
	Name      string // Erased when its head was erased
	Head      string // the person whose name a household bears; "" for a business
	Country   string // ISO 3166-1 alpha-2
	Language  string // "en", "fr"
	Market    string // where it buys; "" for one that does not
	Entity    string // its legal entity; "" for a household or unit
	CreatedAt time.Time
	Version   int64 // grows by one with each change; the ETag
}

// Is tells whether the organisation has the kind.
func (o Organisation) Is(k Kind) bool { return slices.Contains(o.Kinds, k) }

// Resource is the organisation as something to act on; noun and id name what belongs to it.
func (o Organisation) Resource(noun, id string) access.Resource {
	return access.Resource{Type: noun, ID: id, Org: o.ID, OrgName: o.called(), Path: o.Path}
}

// called is a name for errors, which end up in logs: that of a household is personal and stays out.
func (o Organisation) called() string {
	if o.Form == FormHousehold {
		return "the household"
	}
	return o.Name
}

// Entity is a legal entity.
type Entity struct {
	ID             string
	Org            string
	Name           string
	Country        string // of its seat
	ControlledFrom string // country whose law reaches its parent; the seat's when it has none
	VATID          string
	Registration   string   // number in its register
	Address        string   // lines separated by "\n"
	Rounding       string   // of an invoice line: RoundAway or RoundEven; kept, not applied: a line is rounded as its price says
	Details        *Details // nil in a change: those that stand stay
	Version        int64
}

// How a legal entity rounds an invoice line.
const (
	RoundAway = "half_away" // half away from zero
	RoundEven = "half_even"
)

// Market is where something is sold.
type Market struct {
	ID         string
	Org        string // operator or reseller that runs it
	Entity     string // the legal entity that contracts and invoices
	Name       string
	Brand      string
	Domain     string // of its storefront; unique
	Country    string
	Currency   string   // ISO 4217
	Languages  []string // the first is the default
	SellsTo    SellsTo
	FirstLimit int64      // minor units that an unconfirmed or never-paid account may commit to
	VATMode    VATMode    // how prices are shown
	MonthClose MonthClose // who closes its months
	Version    int64
}

// SellsTo says who may buy in a market.
type SellsTo string

// Who may buy.
const (
	SellsToConsumers  SellsTo = "consumer"
	SellsToBusinesses SellsTo = "business"
	SellsToBoth       SellsTo = "both"
)

// Accepts tells whether an organisation of the form may buy here.
func (s SellsTo) Accepts(f Form) bool {
	return s == SellsToBoth || s == SellsToConsumers && f == FormHousehold || s == SellsToBusinesses && f == FormBusiness
}

// MonthClose says who issues the invoices of a market's months.
type MonthClose string

// The ways to close a month.
const (
	CloseAutomatic MonthClose = "automatic" // they are issued by themselves once a month is over
	CloseApproved  MonthClose = "approval"  // one person prepares, another approves
)

// VATMode says how the market shows prices; what is owed is decided by tax for each invoice.
type VATMode string

// The ways to show prices.
const (
	VATGross VATMode = "gross" // with VAT, as consumers must see them
	VATNet   VATMode = "net"   // without VAT
)

// Contact is how a person is called and reached. All of it is personal.
type Contact struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address,omitempty"` // lines separated by "\n"
}

// Person is a person with what the caller may see of it.
type Person struct {
	ID        string
	Home      string // organisation it first belonged to
	Contact   Contact
	Language  string
	Confirmed bool // the e-mail address
	Erased    bool
	CreatedAt time.Time
	Version   int64
}

// Member is a person in an organisation.
type Member struct {
	Person   Person
	Org      string
	Roles    []access.Role
	JoinedAt time.Time
}

// Invitation is an open invitation. Email is sealed until it is read.
type Invitation struct {
	ID        string
	Org       string
	Email     string
	Roles     []access.Role
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Standing is what a person is in an organisation, for signin.
type Standing struct {
	Person    string
	Org       Organisation
	Roles     []access.Role
	Confirmed bool
}

// Caller is the standing as a caller. A household is not called by its name there: callers end up in errors and logs.
func (s Standing) Caller() access.Caller {
	return access.Caller{Person: s.Person, Org: s.Org.ID, OrgName: s.Org.called(), Path: s.Org.Path, Roles: s.Roles, Confirmed: s.Confirmed}
}

// grantable are the roles that make sense in an organisation: staff roles only where there is staff.
func grantable(o Organisation) []access.Role {
	roles := []access.Role{access.RoleOwner, access.RoleBuyer, access.RoleBilling, access.RoleTechnical, access.RoleMember, access.RoleAuditor}
	if o.Is(KindPublisher) {
		roles = append(roles, access.RolePublisher)
	}
	if o.Is(KindOperator) || o.Is(KindReseller) {
		roles = append(roles, access.RoleOperator, access.RoleSupport)
	}
	return roles
}

func checkRoles(o Organisation, roles []access.Role) error {
	if len(roles) == 0 {
		return fail.New(fail.Invalid, "party.roles", "No role was given.", "Name at least one role.").Field("roles", "at least one")
	}
	for _, r := range roles {
		if !slices.Contains(grantable(o), r) {
			return fail.New(fail.Invalid, "party.roles", "The role "+string(r)+" does not exist in "+o.called()+".",
				"Use one of "+joinRoles(grantable(o), ", ")+".").Field("roles", "unknown here: "+string(r))
		}
	}
	return nil
}

// mayStandBelow tells whether an organisation of kind k may be created below one of the parent's kinds.
func mayStandBelow(k Kind, parent Organisation) bool {
	switch k {
	case KindReseller, KindCustomer, KindPublisher:
		return parent.Is(KindOperator) || parent.Is(KindReseller)
	case KindUnit:
		return parent.Form == FormBusiness
	}
	return false
}

func joinRoles(roles []access.Role, sep string) string { return join(roles, sep) }

func join[T ~string](values []T, sep string) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, sep)
}

func split[T ~string](text string) []T {
	var out []T
	for _, word := range strings.Fields(text) {
		out = append(out, T(word))
	}
	return out
}
