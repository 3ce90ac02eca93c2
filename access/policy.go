package access

import (
	_ "embed" // rules.cedar
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/halle-cloud/halle/internal/fail"
)

//go:embed rules.cedar
var rules []byte

const hiddenRule = "access.branch"

// Policy is the compiled rules. Safe for concurrent use; it never changes.
type Policy struct {
	set     *cedar.PolicySet
	actions map[Action]Grant
	facts   map[Action]cedar.Entity
	systems map[string]cedar.Set
}

// New compiles the rules that are part of the product; it panics when they do not parse, which a test excludes.
func New() *Policy {
	p, err := compile(rules)
	if err != nil {
		panic(err)
	}
	return p
}

func compile(text []byte) (*Policy, error) {
	list, err := cedar.NewPolicyListFromBytes("rules.cedar", text)
	if err != nil {
		return nil, fmt.Errorf("access rules: %w", err)
	}
	p := &Policy{set: cedar.NewPolicySet(), actions: map[Action]Grant{}, facts: map[Action]cedar.Entity{}, systems: map[string]cedar.Set{}}
	for _, rule := range list {
		name, ok := rule.Annotations()["id"]
		if !ok || !p.set.Add(cedar.PolicyID(name), rule) {
			return nil, fmt.Errorf("access rules: a rule has no id, or one that is taken: %q", name)
		}
	}
	for _, g := range Grants() {
		p.actions[g.Action] = g
		p.facts[g.Action] = g.entity()
	}
	for name, actions := range Systems() {
		p.systems[name] = set(actions)
	}
	return p, nil
}

func (g Grant) entity() cedar.Entity {
	freely := slices.DeleteFunc(slices.Clone(g.Below), func(r Role) bool { return r == RoleSupport })
	return cedar.Entity{
		UID: cedar.NewEntityUID("Action", cedar.String(g.Action)),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"name": cedar.String(g.Action), "own": set(g.Own), "below": set(g.Below), "below_freely": set(freely),
			"public": cedar.Boolean(g.Public), "reads": cedar.Boolean(g.Reads), "personal": cedar.Boolean(g.Personal),
			"confirmed": cedar.Boolean(g.Confirmed), "in_person": cedar.Boolean(g.InPerson), "second": cedar.Boolean(g.Second),
		}),
	}
}

func set[T ~string](values []T) cedar.Set {
	out := make([]cedar.Value, len(values))
	for i, v := range values {
		out[i] = cedar.String(v)
	}
	return cedar.NewSet(out...)
}

// world is the three entities of one question.
type world struct{ principal, action, resource cedar.Entity }

// Get is for Cedar.
func (w world) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	for _, e := range []cedar.Entity{w.principal, w.action, w.resource} {
		if e.UID == uid {
			return e, true
		}
	}
	return cedar.Entity{}, false
}

// Check answers nil when the caller may do the action on the resource. Otherwise it is a *fail.Error with every rule that
// refused: Unauthenticated when nobody is signed in; NotFound when the resource lies outside the caller's branch, in
// the words of fail.Missing, so that it cannot be told apart from one that does not exist; Denied for everything else.
func (p *Policy) Check(c Caller, a Action, r Resource) error {
	grant, ok := p.actions[a]
	if !ok {
		return fail.New(fail.Denied, "access.unknown_action", fmt.Sprintf("There is no action %q.", a), "Use an action of the table.").
			Because(fail.Reason{Rule: "access.unknown_action", Text: "An action that is not in the table is refused."})
	}
	rel := c.relation(r)
	w := world{action: p.facts[a], principal: p.principal(c), resource: cedar.Entity{
		UID:        cedar.NewEntityUID("Resource", cedar.String(r.Type+"/"+r.ID)),
		Attributes: cedar.NewRecord(cedar.RecordMap{"countries": set(r.Countries)}),
	}}
	decision, why := cedar.Authorize(p.set, w, cedar.Request{
		Principal: w.principal.UID, Action: w.action.UID, Resource: w.resource.UID,
		Context: cedar.NewRecord(cedar.RecordMap{
			"relation": cedar.String(rel), "on_behalf": cedar.Boolean(c.onBehalf(r)), "open": cedar.Boolean(grant.open(c, r)),
			"author": cedar.Boolean(r.Author != "" && r.Author == c.Ref()),
		}),
	})
	if len(why.Errors) > 0 {
		return broken(grant, why.Errors)
	}
	if decision == cedar.Allow {
		return nil
	}
	return p.refusal(c, grant, r, why.Reasons)
}

// open tells whether the action needs no role of this caller on this resource.
func (g Grant) open(c Caller, r Resource) bool {
	return g.Public || g.Signed || g.Self && c.Person != "" && c.Token == "" && r.Person == c.Person
}

func (p *Policy) principal(c Caller) cedar.Entity {
	kinds := []string{}
	for kind, is := range map[string]bool{"system": c.System != "", "token": c.Token != "", "person": c.Person != ""} {
		if is {
			kinds = append(kinds, kind)
		}
	}
	kind := "nobody"
	if len(kinds) > 0 {
		slices.Sort(kinds)
		kind = strings.Join(kinds, "+") // more than one is refused by access.principal
	}
	may, ok := p.systems[c.System]
	if !ok {
		may = cedar.NewSet()
	}
	return cedar.Entity{
		UID: cedar.NewEntityUID("Caller", cedar.String(c.Ref())),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"kind": cedar.String(kind), "roles": set(c.Roles), "scopes": set(c.Scopes), "may": may,
			"purpose": cedar.String(strings.TrimSpace(c.Purpose)), "country": cedar.String(c.Country), "confirmed": cedar.Boolean(c.Confirmed),
		}),
	}
}

// broken refuses because a rule could not be evaluated: Cedar would let it pass silently.
func broken(g Grant, errs []cedar.DiagnosticError) error {
	texts := make([]string, len(errs))
	for i, e := range errs {
		texts[i] = e.String()
	}
	slices.Sort(texts)
	return fail.New(fail.Denied, "access.rule_error", "You may not "+g.Title+": a rule could not be evaluated.", "Tell the operator; this is a fault of the installation.").
		Because(fail.Reason{Rule: "access.rule_error", Text: "A rule that cannot be evaluated refuses."}).
		Wrap(fmt.Errorf("%s", strings.Join(texts, "; ")))
}

func (p *Policy) refusal(c Caller, g Grant, r Resource, fired []cedar.DiagnosticReason) error {
	words := filler(c, g, r)
	var reasons []fail.Reason
	remedies := map[string]string{}
	for _, f := range fired {
		notes := p.set.Get(f.PolicyID).Annotations()
		reasons = append(reasons, fail.Reason{Rule: string(f.PolicyID), Text: words.Replace(string(notes["reason"])), Clause: string(notes["clause"])})
		remedies[string(f.PolicyID)] = words.Replace(string(notes["remedy"]))
	}
	// Cedar gives them in random order.
	slices.SortFunc(reasons, func(a, b fail.Reason) int { return strings.Compare(a.Rule, b.Rule) })
	var remedy []string
	for _, reason := range reasons {
		switch reason.Rule {
		case hiddenRule:
			return hidden(r, reasons)
		case "access.signed_in":
			return fail.New(fail.Unauthenticated, "access.signed_in", reason.Text, remedies[reason.Rule]).Because(reasons...)
		}
		if text := remedies[reason.Rule]; !slices.Contains(remedy, text) {
			remedy = append(remedy, text)
		}
	}
	return fail.New(fail.Denied, "access.denied", "You may not "+g.Title+".", strings.Join(remedy, " ")).
		With("action", string(g.Action)).Because(reasons...)
}

// hidden answers as if there were no such thing; the rules that refused are for the operator's log only.
func hidden(r Resource, reasons []fail.Reason) error {
	names := make([]string, len(reasons))
	for i, reason := range reasons {
		names[i] = reason.Rule
	}
	because := fmt.Errorf("refused by %s", strings.Join(names, ", "))
	switch {
	case r.ID != "":
		return fail.Missing(r.Type, r.ID).Wrap(because)
	case r.Org != "":
		return fail.Missing("organisation", r.Org).Wrap(because)
	}
	return fail.New(fail.Denied, "access.denied", reasons[0].Text, "Switch to an organisation that may see it.").Because(reasons...)
}

func filler(c Caller, g Grant, r Resource) *strings.Replacer {
	organisation := r.OrgName
	if organisation == "" && (r.Org == "" || r.Org == c.Org) {
		organisation = c.OrgName
	}
	if organisation == "" {
		organisation = "the organisation"
	}
	country := c.Country
	if country == "" {
		country = "an unknown country"
	}
	return strings.NewReplacer("{organisation}", organisation, "{own}", either(g.Own), "{ask}", ask(g), "{below}", below(g),
		"{countries}", strings.Join(r.Countries, ", "), "{country}", country, "{action}", string(g.Action), "{system}", c.System)
}

// ask is the role to ask an owner for: the first of the row that is not owner.
func ask(g Grant) string {
	for _, r := range g.Own {
		if r != RoleOwner {
			return string(r)
		}
	}
	return string(RoleOwner)
}

func either(roles []Role) string {
	texts := make([]string, len(roles))
	for i, r := range roles {
		texts[i] = string(r)
	}
	return list(texts)
}

func below(g Grant) string {
	if len(g.Below) == 0 {
		return "a role that nobody outside it can have"
	}
	return "the role " + either(g.Below)
}

func list(texts []string) string {
	switch len(texts) {
	case 0:
		return "of the person concerned"
	case 1:
		return texts[0]
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " or " + texts[len(texts)-1]
}
