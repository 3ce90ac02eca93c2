package residency

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func demo(t testing.TB) *Facts {
	t.Helper()
	text, err := os.ReadFile("testdata/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	facts := (&Facts{Groups: DefaultGroups()}).merge(f.Facts)
	if err := facts.Validate(); err != nil {
		t.Fatal(err)
	}
	return facts
}

func french() Chain {
	return Chain{Publisher: Party{Ref: "lge_1", Name: "Relay SAS", Country: "FR", ControlledFrom: "FR"}, Support: []string{"FR"}, Driver: "process"}
}

func only(l Layer) Policy { return Policy{Layers: []Layer{DefaultLayer("market"), l}} }

// rules gives "rule:subject" for each reason.
func rules(v Verdict) []string {
	var out []string
	for _, r := range v.Reasons {
		out = append(out, strings.TrimPrefix(r.Rule, "residency.")+":"+r.Subject)
	}
	return out
}

func TestVerdicts(t *testing.T) {
	american := french()
	american.Publisher = Party{Ref: "lge_2", Name: "Acme Software SAS", Country: "FR", ControlledFrom: "US"}
	helped := french()
	helped.SubProcessors = []Party{{Name: "Help Pvt", Country: "IN", ControlledFrom: "IN"}}
	helped.Support = nil
	noUS := Layer{All: Rule{RefusedLaws: []string{"US"}}}
	strict := Layer{All: Rule{Countries: []string{"FR"}, Support: []string{"EEA"}, RefusedLaws: []string{"non-EEA"}, MinEvidence: EvidenceCertified}}
	for name, c := range map[string]struct {
		policy Policy
		class  string
		chain  Chain
		want   map[string][]string
	}{
		"default is personal": {only(Layer{}), "", french(), map[string][]string{"virginia": {"country:virginia"}}},
		"public":              {only(Layer{}), "public", french(), map[string][]string{}},
		"no US law": {only(noUS), "public", french(), map[string][]string{
			"dublin": {"law:Liffey Hosting Ltd"}, "virginia": {"law:Potomac Cloud Inc"}}},
		"the publisher answers to US law": {only(noUS), "public", american, map[string][]string{
			"lyon": {"law:Acme Software SAS"}, "paris": {"law:Acme Software SAS"},
			"dublin": {"law:Acme Software SAS", "law:Liffey Hosting Ltd"}, "virginia": {"law:Acme Software SAS", "law:Potomac Cloud Inc"}}},
		"health": {only(Layer{}), "health", french(), map[string][]string{
			"paris":    {"certificate:paris"},
			"dublin":   {"certificate:dublin", "support:Liffey Hosting Ltd"},
			"virginia": {"certificate:virginia", "country:virginia", "health_place:virginia", "support:Potomac Cloud Inc"}}},
		"strict": {only(strict), "public", helped, map[string][]string{
			"lyon":  {"law:Help Pvt", "support:Help Pvt", "support_unknown:Relay SAS"},
			"paris": {"law:Help Pvt", "support:Help Pvt", "support_unknown:Relay SAS"},
			"dublin": {"country:dublin", "evidence:dublin", "law:Help Pvt", "law:Liffey Hosting Ltd", "support:Help Pvt", "support:Liffey Hosting Ltd",
				"support_unknown:Relay SAS"},
			"virginia": {"country:virginia", "evidence:virginia", "law:Help Pvt", "law:Potomac Cloud Inc", "support:Help Pvt", "support:Potomac Cloud Inc",
				"support_unknown:Relay SAS"}}},
		"own key": {only(Layer{All: Rule{OwnKey: true}}), "public", french(), map[string][]string{
			"lyon": {"own_key:lyon"}, "paris": {"own_key:paris"}, "dublin": {"own_key:dublin"}, "virginia": {"own_key:virginia"}}},
		"unknown class": {only(Layer{Classes: map[string]Rule{"biometric": {}}}), "biometric", french(), map[string][]string{
			"lyon": {"class:lyon"}, "paris": {"class:paris"}, "dublin": {"class:dublin"}, "virginia": {"class:virginia"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string][]string{}
			for _, v := range NewRules().Judge(Question{Facts: demo(t), Policy: c.policy, Class: c.class, Chain: c.chain, At: noon}) {
				if v.Allowed != (len(v.Reasons) == 0) {
					t.Errorf("%+v", v)
				}
				if !v.Allowed {
					got[v.Region] = rules(v)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReasonsAreSentences(t *testing.T) {
	r := NewRules()
	q := Question{Facts: demo(t), Policy: only(Layer{All: Rule{RefusedLaws: []string{"US"}}}), Class: "health", Chain: french(), At: noon}
	want := []Reason{
		{Rule: "residency.certificate", Subject: "dublin", Clause: "Code de la santé publique, L. 1111-8",
			Text:   "Nobody in the chain holds HDS activities 1 to 6 for Dublin now.",
			Remedy: "Choose a region that is certified, or have the certificate recorded once it is granted."},
		{Rule: "residency.law", Subject: "Liffey Hosting Ltd", Clause: "HDS v2 EXI 30",
			Text:   "Liffey Hosting Ltd, the operator of the cloud, answers to the law of US, which the policy refuses.",
			Remedy: "Choose a region or an offer without it, or change the policy."},
		{Rule: "residency.support", Subject: "Liffey Hosting Ltd", Clause: "HDS v2 EXI 29",
			Text:   "Liffey Hosting Ltd, the operator of the cloud, is helped from IE, US; the policy allows EEA.",
			Remedy: "Choose a region or an offer that is supported from EEA, or change the policy."},
	}
	if diff := cmp.Diff(want, r.JudgeRegion(q, "dublin").Reasons); diff != "" {
		t.Error(diff)
	}
	for _, v := range r.Judge(q) {
		for _, reason := range v.Reasons {
			if reason.Remedy == "" || strings.ContainsAny(reason.Text+reason.Clause+reason.Remedy, "{}") || strings.Contains(reason.Text, "  ") {
				t.Errorf("%+v", reason)
			}
		}
	}
}

func TestACertificateCountsOnlyWhileItHolds(t *testing.T) {
	r := NewRules()
	for at, want := range map[string]bool{"2025-05-31T23:59:59Z": false, "2025-06-01T00:00:00Z": true, "2028-05-31T23:59:59Z": true, "2028-06-01T00:00:00Z": false} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		q := Question{Facts: demo(t), Policy: only(Layer{}), Class: "health", Chain: french(), At: instant}
		if v := r.JudgeRegion(q, "lyon"); v.Allowed != want {
			t.Errorf("%s: %v", at, rules(v))
		}
	}
	q := Question{Facts: demo(t), Policy: only(Layer{}), Class: "health", Chain: french(), At: noon}
	q.Facts.Certificates[0].Document = ""
	if r.JudgeRegion(q, "lyon").Allowed {
		t.Error("a certificate without a document counts")
	}
}

func TestHDSMayBeSharedAboveTheMachines(t *testing.T) {
	r := NewRules()
	q := Question{Facts: demo(t), Policy: only(Layer{}), Class: "health", Chain: french(), At: noon}
	cert := q.Facts.Certificates[0]
	q.Facts.Certificates[0].Activities = []int{1, 2, 3}
	cert.Key, cert.Holder, cert.Region, cert.Activities = "hds-own", "halle-operator", "", []int{1, 4, 5, 6}
	q.Facts.Certificates = append(q.Facts.Certificates, cert)
	if v := r.JudgeRegion(q, "lyon"); !v.Allowed {
		t.Errorf("%v", rules(v))
	}
	if v := r.JudgeRegion(q, "paris"); v.Allowed || !strings.Contains(v.Reasons[0].Text, "HDS activities 1 to 3 for Paris") {
		t.Errorf("machines in Paris certified by somebody else: %+v", v.Reasons)
	}
}

func TestWhatIsNotKnownRefuses(t *testing.T) {
	r := NewRules()
	noUS := only(Layer{All: Rule{RefusedLaws: []string{"US"}}})
	for name, c := range map[string]struct {
		change func(f *Facts, c *Chain)
		want   string
	}{
		"country":            {func(f *Facts, _ *Chain) { f.Regions[1].Country = "" }, "residency.unknown"},
		"evidence":           {func(f *Facts, _ *Chain) { f.Regions[1].Evidence = "" }, "residency.unknown"},
		"cloud":              {func(f *Facts, _ *Chain) { f.Regions[1].Cloud = "gone" }, "residency.unknown"},
		"own operator":       {func(f *Facts, _ *Chain) { f.Own = "" }, "residency.entity_unknown"},
		"publisher":          {func(_ *Facts, c *Chain) { c.Publisher = Party{Ref: "lge_x"} }, "residency.entity_unknown"},
		"publisher's parent": {func(_ *Facts, c *Chain) { c.Publisher.ControlledFrom = "" }, "residency.owners_unknown"},
		"owners":             {func(f *Facts, _ *Chain) { f.entity("rhone-cloud").Ownership = "" }, "residency.owners_unknown"},
		"owner of an owner":  {func(f *Facts, _ *Chain) { f.entity("caisse-rhone").Ownership = OwnershipUnknown }, "residency.owners_unknown"},
		"retired":            {func(f *Facts, _ *Chain) { f.Regions[1].Retired = true }, "residency.retired"},
		"driver":             {func(_ *Facts, c *Chain) { c.Driver = "other" }, "residency.offer_region"},
		"offer's regions":    {func(_ *Facts, c *Chain) { c.Regions = []string{"paris"} }, "residency.offer_region"},
		"offer's classes":    {func(_ *Facts, c *Chain) { c.Classes = []string{"health"} }, "residency.offer_class"},
	} {
		f, chain := demo(t), french()
		if f.Regions[1].Key != "lyon" {
			t.Fatal("the order of the regions has changed")
		}
		c.change(f, &chain)
		v := r.JudgeRegion(Question{Facts: f, Policy: noUS, Class: "public", Chain: chain, At: noon}, "lyon")
		if v.Allowed || !slices.ContainsFunc(v.Reasons, func(r Reason) bool { return r.Rule == c.want }) {
			t.Errorf("%s: %v, want %s", name, rules(v), c.want)
		}
	}
	if v := r.JudgeRegion(Question{Facts: demo(t), Policy: noUS, Class: "public", Chain: french(), At: noon}, "atlantis"); v.Allowed || len(v.Reasons) == 0 {
		t.Errorf("%+v", v)
	}
	if v := r.JudgeRegion(Question{Facts: demo(t), Chain: french(), At: noon}, "lyon"); v.Allowed {
		t.Error("no policy at all allows")
	}
}

func (f *Facts) entity(key string) *Entity {
	for i := range f.Entities {
		if f.Entities[i].Key == key {
			return &f.Entities[i]
		}
	}
	return nil
}

func TestARuleThatErrorsRefuses(t *testing.T) {
	for name, sets := range map[string][2]string{
		"region": {string(regionText) + "\n@id(\"x.broken\")\nforbid (principal, action, resource) when { resource.nothing == 1 };", string(entityText)},
		"entity": {string(regionText), string(entityText) + "\n@id(\"x.broken\")\nforbid (principal, action, resource) when { principal.class < 3 };"},
	} {
		r, err := compileRules([]byte(sets[0]), []byte(sets[1]))
		if err != nil {
			t.Fatal(err)
		}
		v := r.JudgeRegion(Question{Facts: demo(t), Policy: only(Layer{}), Class: "public", Chain: french(), At: noon}, "lyon")
		if v.Allowed || v.Reasons[0].Rule != ruleError || !strings.Contains(v.Reasons[0].Text, "x.broken") {
			t.Errorf("%s: %+v", name, v)
		}
		if r.Hash() == NewRules().Hash() {
			t.Error("other rules have the same hash")
		}
	}
	for _, text := range []string{"nonsense", "forbid (principal, action, resource);", "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);"} {
		if _, err := compileRules([]byte(text), entityText); err == nil {
			t.Errorf("%q compiles", text)
		}
	}
}

func TestALayerOnlyTightens(t *testing.T) {
	r := NewRules()
	wide := only(Layer{Classes: map[string]Rule{"personal": {Countries: []string{"US", "EEA"}}, "public": {}}})
	q := Question{Facts: demo(t), Policy: wide, Class: "personal", Chain: french(), At: noon}
	if v := r.JudgeRegion(q, "virginia"); v.Allowed {
		t.Error("a customer widened the policy of its market")
	}
	q.Policy.Layers = append(q.Policy.Layers, Layer{All: Rule{Countries: []string{"IE"}}})
	if v := r.JudgeRegion(q, "lyon"); v.Allowed || v.Reasons[0].Text != "Data of the class personal may live in EEA, and US or EEA, and IE, and Lyon is in FR." {
		t.Errorf("%+v", v)
	}
}

func TestControl(t *testing.T) {
	entity := func(key, country string, parents ...Holding) Entity {
		return Entity{Key: key, Name: key, Country: country, Ownership: OwnershipComplete, Parents: parents}
	}
	for name, c := range map[string]struct {
		entities []Entity
		want     string
	}{
		"half is not control":  {[]Entity{entity("a", "FR", Holding{Entity: "u", Percent: 5000}), entity("u", "US")}, "FR"},
		"more than half is":    {[]Entity{entity("a", "FR", Holding{Entity: "u", Percent: 5001}), entity("u", "US")}, "FR US"},
		"veto":                 {[]Entity{entity("a", "FR", Holding{Entity: "u", Percent: 1, Veto: true}), entity("u", "US")}, "FR US"},
		"board":                {[]Entity{entity("a", "FR", Holding{Entity: "u", Board: true}), entity("u", "US")}, "FR US"},
		"through three levels": {[]Entity{entity("a", "FR", Holding{Entity: "b", Percent: 6000}), entity("b", "NL", Holding{Entity: "c", Percent: 6000}), entity("c", "LU", Holding{Entity: "u", Percent: 6000}), entity("u", "US")}, "FR LU NL US"},
		"by two that one controls": {[]Entity{entity("a", "FR", Holding{Entity: "b", Percent: 3000}, Holding{Entity: "c", Percent: 3000}),
			entity("b", "NL", Holding{Entity: "u", Percent: 9000}), entity("c", "LU", Holding{Entity: "u", Percent: 9000}), entity("u", "US")}, "FR US"},
		"a circle ends": {[]Entity{entity("a", "FR", Holding{Entity: "b", Percent: 6000}), entity("b", "US", Holding{Entity: "a", Percent: 6000})}, "FR US"},
		"unknown owners that might be one": {[]Entity{entity("a", "FR", Holding{Entity: "b", Percent: 3000}, Holding{Entity: "c", Percent: 3000}),
			{Key: "b", Name: "b", Country: "FR"}, {Key: "c", Name: "c", Country: "FR"}}, "FR ?"},
		"a small unknown holder is harmless": {[]Entity{entity("a", "FR", Holding{Entity: "b", Percent: 3000}), {Key: "b", Name: "b", Country: "FR"}}, "FR"},
	} {
		f := &Facts{Entities: c.entities}
		if got := strings.Join(f.AllLaws()["a"], " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
