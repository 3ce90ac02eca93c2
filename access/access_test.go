package access

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	operator = "/org_op/"
	reseller = "/org_op/org_res/"
	customer = "/org_op/org_res/org_cus/"
	unit     = "/org_op/org_res/org_cus/unt_a/"
	sibling  = "/org_op/org_res/org_sib/"
	other    = "/org_op/org_res2/"
)

func at(path string, roles ...Role) Caller {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return Caller{Person: "per_1", Org: parts[len(parts)-1], Path: path, Roles: roles, Confirmed: true}
}

func of(path string) Resource {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return Resource{Type: "thing", ID: "thg_1", Org: parts[len(parts)-1], Path: path}
}

func rulesOf(err error) []string {
	var e *fail.Error
	if !errors.As(err, &e) {
		return nil
	}
	var out []string
	for _, r := range e.Reasons {
		out = append(out, r.Rule)
	}
	return out
}

// matrix renders who may do what: y in the own house, b below a customer's border, p below with a purpose.
func matrix(p *Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s", "action")
	for _, r := range Roles() {
		fmt.Fprintf(&b, " %-9s", r)
	}
	b.WriteString(" open\n")
	for _, g := range Grants() {
		fmt.Fprintf(&b, "%-22s", g.Action)
		for _, r := range Roles() {
			fmt.Fprintf(&b, " %-9s", cell(p, r, g.Action))
		}
		b.WriteString(strings.TrimRight(" "+openness(p, g), " ") + "\n")
	}
	return b.String()
}

func cell(p *Policy, role Role, a Action) string {
	out := ""
	if p.Check(at(customer, role), a, of(customer)) == nil {
		out += "y"
	}
	c := at(operator, role)
	if p.Check(c, a, of(customer)) == nil {
		return out + "b"
	}
	c.Purpose = "ticket 7"
	if p.Check(c, a, of(customer)) == nil {
		return out + "p"
	}
	if out == "" {
		return "-"
	}
	return out
}

func openness(p *Policy, g Grant) string {
	stranger := Caller{Person: "per_2", Confirmed: true}
	mine := of(customer)
	mine.Person = "per_2"
	switch {
	case p.Check(Caller{}, g.Action, of(customer)) == nil:
		return "everybody"
	case p.Check(stranger, g.Action, of(customer)) == nil:
		return "signed in"
	case p.Check(stranger, g.Action, mine) == nil:
		return "oneself"
	}
	return ""
}

func TestMatrix(t *testing.T) {
	got := matrix(New())
	path := filepath.Join("testdata", "matrix.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("who may do what has changed; if that is meant, run with -update:\n%s", diff)
	}
}

func TestTableIsClosed(t *testing.T) {
	seen := map[Action]bool{}
	for _, g := range Grants() {
		if seen[g.Action] {
			t.Errorf("%s is twice in the table", g.Action)
		}
		seen[g.Action] = true
		if g.Title == "" || !strings.Contains(string(g.Action), ".") {
			t.Errorf("%s has no title, or is not noun.verb", g.Action)
		}
		if slices.Contains(g.Own, RoleAuditor) && !g.Reads || slices.Contains(g.Below, RoleAuditor) && !g.Reads {
			t.Errorf("%s changes something and is open to auditors", g.Action)
		}
		for _, r := range g.Below {
			if !slices.Contains([]Role{RoleOperator, RoleSupport, RoleAuditor}, r) {
				t.Errorf("%s lets %s reach below a customer's border", g.Action, r)
			}
		}
	}
	for name, actions := range Systems() {
		for _, a := range actions {
			if !seen[a] {
				t.Errorf("system %s lists the unknown action %s", name, a)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	token := Caller{Token: "tok_1", Org: "org_cus", Path: customer, Roles: []Role{RoleOwner}, Scopes: []Action{OrderRead}, Confirmed: true}
	unconfirmed := at(customer, RoleMember)
	unconfirmed.Confirmed = false
	abroad := at(operator, RoleSupport)
	abroad.Purpose, abroad.Country = "ticket 7", "US"
	onlyFrance := of(customer)
	onlyFrance.Countries = []string{"FR"}
	behalf := at(operator, RoleOperator)
	behalf.OnBehalfOf = "org_sib"
	for name, c := range map[string]struct {
		caller Caller
		action Action
		on     Resource
		kind   fail.Kind
		rules  []string
	}{
		"nobody":              {Caller{}, OrderRead, of(customer), fail.Unauthenticated, []string{"access.signed_in"}},
		"role":                {at(customer, RoleMember), OrderPlace, of(customer), fail.Denied, []string{"access.role"}},
		"auditor":             {at(customer, RoleAuditor), OrderPlace, of(customer), fail.Denied, []string{"access.auditor", "access.role"}},
		"several":             {unconfirmed, TokenCreate, of(customer), fail.Denied, []string{"access.confirmed", "access.role"}},
		"token scope":         {token, OrderPlace, of(customer), fail.Denied, []string{"access.scope"}},
		"token branch":        {token, OrderRead, of(sibling), fail.NotFound, nil},
		"support, no purpose": {at(operator, RoleSupport), OrderRead, of(customer), fail.Denied, []string{"access.purpose"}},
		"operator, personal":  {at(operator, RoleOperator), PersonRead, of(customer), fail.Denied, []string{"access.purpose"}},
		"owner of the market": {at(operator, RoleOwner), OrderRead, of(customer), fail.Denied, []string{"access.branch_role", "access.purpose"}},
		"country":             {abroad, OrderRead, onlyFrance, fail.Denied, []string{"access.country"}},
		"wrong behalf":        {behalf, OrderRead, of(customer), fail.Denied, []string{"access.on_behalf"}},
		"system":              {System("meter"), OrderPlace, of(customer), fail.Denied, []string{"access.system"}},
		"unknown system":      {System("ghost"), CatalogRead, of(customer), fail.Denied, []string{"access.system"}},
		"two kinds":           {Caller{System: "meter", Person: "per_1"}, UsageRead, of(customer), fail.Denied, []string{"access.principal"}},
		"unknown action":      {at(customer, RoleOwner), "order.burn", of(customer), fail.Denied, []string{"access.unknown_action"}},
		"no resource":         {at(customer, RoleOwner), OrderRead, Resource{}, fail.Denied, []string{"access.branch"}},
	} {
		err := New().Check(c.caller, c.action, c.on)
		if fail.KindOf(err) != c.kind || !slices.Equal(rulesOf(err), c.rules) {
			t.Errorf("%s: %v (kind %s, rules %v), want %s %v", name, err, fail.KindOf(err), rulesOf(err), c.kind, c.rules)
		}
	}
}

func TestRefusalSaysWhatWouldMakeItPass(t *testing.T) {
	c := at(customer, RoleMember)
	c.OrgName = "Acme"
	var e *fail.Error
	if !errors.As(New().Check(c, OrderPlace, Resource{Type: "order", Org: "org_cus"}), &e) {
		t.Fatal("no refusal")
	}
	want := []string{"You may not place an order.", "Ask an owner of Acme for the role buyer.", "This needs the role owner or buyer in Acme."}
	if diff := cmp.Diff(want, []string{e.Message, e.Remedy, e.Reasons[0].Text}); diff != "" {
		t.Error(diff)
	}
}

func TestHiddenIsLikeMissing(t *testing.T) {
	var e *fail.Error
	if !errors.As(New().Check(at(customer, RoleOwner), OrderRead, Resource{Type: "order", ID: "ord_1", Org: "org_sib", Path: sibling}), &e) {
		t.Fatal("no refusal")
	}
	e.Err = nil
	if diff := cmp.Diff(fail.Missing("order", "ord_1"), e); diff != "" {
		t.Error(diff)
	}
}

// Whatever the role, the action, the scopes: nobody reaches up or sideways, unless the action is open to all.
func TestNobodyReachesUpOrSideways(t *testing.T) {
	p := New()
	pairs := [][2]string{
		{customer, operator}, {customer, reseller}, {customer, sibling}, {sibling, customer}, {unit, customer}, {unit, sibling},
		{reseller, operator}, {reseller, other}, {other, customer}, {"/org_op/org_res/org_cu", customer}, {"", customer}, {"/", customer},
	}
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.SampledFrom(pairs).Draw(t, "pair")
		g := rapid.SampledFrom(Grants()).Draw(t, "action")
		c := at("/x/", rapid.SliceOfDistinct(rapid.SampledFrom(Roles()), rapid.ID).Draw(t, "roles")...)
		c.Org, c.Path = "org_x", pair[0]
		c.Purpose = rapid.SampledFrom([]string{"", "ticket 7"}).Draw(t, "purpose")
		if rapid.Bool().Draw(t, "token") {
			c.Person, c.Token, c.Scopes = "", "tok_1", []Action{g.Action}
		}
		err := p.Check(c, g.Action, of(pair[1]))
		if (err == nil) != (g.Public || g.Signed) {
			t.Fatalf("%s at %q on %q as %v: %v", g.Action, pair[0], pair[1], c.Roles, err)
		}
		if err != nil && fail.KindOf(err) != fail.NotFound {
			t.Fatalf("%s at %q on %q tells that it exists: %v", g.Action, pair[0], pair[1], err)
		}
	})
}

// Check says exactly what the table says, for any set of roles.
func TestCheckFollowsTheTable(t *testing.T) {
	p := New()
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom(Grants()).Draw(t, "action")
		roles := rapid.SliceOfDistinct(rapid.SampledFrom(Roles()), rapid.ID).Draw(t, "roles")
		path := rapid.SampledFrom([]string{customer, unit}).Draw(t, "path")
		want := g.Public || g.Signed
		for _, r := range roles {
			want = want || slices.Contains(g.Own, r)
		}
		if err := p.Check(at(customer, roles...), g.Action, of(path)); (err == nil) != want {
			t.Fatalf("%s as %v on %s: %v", g.Action, roles, path, err)
		}
		from, to := at(reseller, roles...), of(path)
		from.Purpose = "ticket 7"
		want = g.Public || g.Signed
		for _, r := range roles {
			want = want || slices.Contains(g.Below, r)
		}
		if err := p.Check(from, g.Action, to); (err == nil) != want {
			t.Fatalf("%s from the reseller as %v: %v", g.Action, roles, err)
		}
	})
}

func TestARuleThatErrorsRefuses(t *testing.T) {
	p, err := compile([]byte(`@id("a") permit (principal, action, resource);
		@id("b") forbid (principal, action, resource) when { principal.nothing == 1 };`))
	if err != nil {
		t.Fatal(err)
	}
	if got := rulesOf(p.Check(at(customer, RoleOwner), OrderRead, of(customer))); !slices.Equal(got, []string{"access.rule_error"}) {
		t.Errorf("got %v", got)
	}
}

func TestEveryRuleHasWords(t *testing.T) {
	p := New()
	for id, rule := range p.set.All() {
		if notes := rule.Annotations(); id != "access.base" && (notes["reason"] == "" || notes["remedy"] == "") {
			t.Errorf("%s has no reason or no remedy", id)
		}
	}
}

func FuzzParseScopes(f *testing.F) {
	for _, s := range []string{"order.read", "order.*", "*", ".*", "order.*.*", "", "usage.write,usage.read"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		scopes, err := ParseScopes([]string{s})
		if err == nil && len(scopes) == 0 {
			t.Fatalf("%q is accepted and means nothing", s)
		}
		for _, a := range scopes {
			if string(a) != s && !strings.HasPrefix(string(a), strings.TrimSuffix(s, "*")) {
				t.Fatalf("%q gives %s", s, a)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	p, c, r := New(), at(customer, RoleOwner), of(customer)
	for b.Loop() {
		if err := p.Check(c, OrderPlace, r); err != nil {
			b.Fatal(err)
		}
	}
}
