// Package access decides what a caller may do, and says why not.
//
// It is a pure decision: attributes go in, an answer with every reason comes out. The rules are Cedar policies
// (rules.cedar): one broad permit and named forbids, so that each refusal names the rules that refused; a rule that
// errors refuses too. Which role may do what is one table (actions.go), checked against testdata/matrix.golden.
//
// Owns: roles, actions, systems, the Caller and Resource types, the rules.
// Does not own: who is calling (signin), memberships and the tree of organisations (party), residency (residency).
// Reads: nothing but its arguments.
// Writes: nothing.
package access

import "strings"

// Role is what a person or token may do in an organisation.
type Role string

// The roles. Operator, support and auditor also reach below their organisation, across the border of a customer, as far as
// the table of actions says; all others end at their own organisation and its units.
const (
	RoleOwner     Role = "owner"     // everything in the own organisation
	RoleBuyer     Role = "buyer"     // orders, changes and cancels services
	RoleBilling   Role = "billing"   // invoices, budgets, approvals
	RoleTechnical Role = "technical" // runs services, tokens, usage
	RoleMember    Role = "member"    // uses services
	RoleAuditor   Role = "auditor"   // reads, changes nothing
	RolePublisher Role = "publisher" // offers, usage and subscribers of a publisher
	RoleOperator  Role = "operator"  // runs the market: the operator's or a reseller's staff
	RoleSupport   Role = "support"   // helps customers below, always for a stated purpose
)

// Roles are all roles, in the order of the matrix.
func Roles() []Role {
	return []Role{RoleOwner, RoleBuyer, RoleBilling, RoleTechnical, RoleMember, RoleAuditor, RolePublisher, RoleOperator, RoleSupport}
}

// UnitPrefix is the type prefix of identifiers of units. A unit belongs to the house of the organisation above it; any
// other step down the tree crosses the border of a customer.
const UnitPrefix = "unt"

// Caller is who asks: a person, a token or a part of the system. The zero Caller is nobody.
type Caller struct {
	Person     string   // per_…; "" for a token or system
	Token      string   // tok_…; "" for a person or system
	System     string   // name from Systems; see System
	Org        string   // organisation acted for, where Roles are held
	OrgName    string   // its name, for texts; may be empty
	Path       string   // path of Org in the tree, "/org_a/org_b/"
	Roles      []Role   // held in Org
	Scopes     []Action // what a token is cut to; ignored for persons
	Subject    string   // the one subscription that a resource's token reports usage for; "" for no such limit
	OnBehalfOf string   // organisation below Org for which staff acts; cuts the reach to its branch
	Purpose    string   // why staff looks at a customer's data, in words that the customer will read
	Country    string   // country of the session, ISO 3166-1 alpha-2; "" unknown
	Confirmed  bool     // the person's e-mail address is confirmed
}

// System is the caller for readers and jobs; name is a key of Systems.
func System(name string) Caller { return Caller{System: name} }

// Ref names the caller in facts: "person:per_…", "token:tok_…", "system:placement" or "nobody".
func (c Caller) Ref() string {
	switch {
	case c.System != "":
		return "system:" + c.System
	case c.Token != "":
		return "token:" + c.Token
	case c.Person != "":
		return "person:" + c.Person
	}
	return "nobody"
}

// Has tells whether the caller holds the role in the organisation acted for.
func (c Caller) Has(role Role) bool {
	for _, r := range c.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Covers tells whether the path of an organisation is the caller's organisation or below it; true for a system. It
// scopes queries and never replaces Check.
func (c Caller) Covers(path string) bool {
	if c.System != "" {
		return true
	}
	return c.Path != "" && strings.HasPrefix(path, c.Path)
}

// Outside tells whether the caller reaches a thing of the organisation at path from outside its house: such a read of
// personal data or customer content is recorded as a fact.
func (c Caller) Outside(path string) bool {
	return c.System == "" && c.relation(Resource{Path: path}) != relationOwn
}

// Resource is what the caller wants to act on.
type Resource struct {
	Type      string   // noun, "order": the word used when it must not be told apart from a missing one
	ID        string   // "" for a collection or something to be created
	Org       string   // organisation it belongs to
	OrgName   string   // for texts; may be empty
	Path      string   // path of Org; needed whenever Org is not the caller's
	Author    string   // Ref of the caller who made it, for actions that need somebody else
	Person    string   // the person it is about, for actions a person may do on itself
	Countries []string // countries from which people outside the customer may act on it; empty: all
}

type relation string

const (
	relationOwn   relation = "own"   // the caller's organisation or one of its units
	relationBelow relation = "below" // below it, across the border of a customer
	relationOther relation = "other" // above, beside, or unknown
)

func (c Caller) relation(r Resource) relation {
	switch {
	case c.Org == "" && c.Path == "":
		return relationOther
	case r.Path == "":
		if r.Org != "" && r.Org == c.Org {
			return relationOwn
		}
		return relationOther
	case len(c.Path) < len("/o/") || !strings.HasSuffix(c.Path, "/") || !strings.HasPrefix(r.Path, c.Path):
		return relationOther
	}
	for _, step := range strings.Split(strings.Trim(strings.TrimPrefix(r.Path, c.Path), "/"), "/") {
		if step != "" && !strings.HasPrefix(step, UnitPrefix+"_") {
			return relationBelow
		}
	}
	return relationOwn
}

// onBehalf tells whether the resource lies in the branch the caller has cut itself to.
func (c Caller) onBehalf(r Resource) bool {
	return c.OnBehalfOf == "" || r.Org == c.OnBehalfOf || strings.Contains(r.Path, "/"+c.OnBehalfOf+"/")
}
