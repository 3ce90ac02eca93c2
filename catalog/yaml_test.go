package catalog_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
)

func parsed(t testing.TB) catalog.Content {
	t.Helper()
	c, err := catalog.Parse(catalogtest.Sample(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestYAMLRoundTrip(t *testing.T) {
	c := parsed(t)
	if got := c.Plan("scale").Prices[0].Components[2].Tiers; len(got) != 2 || got[0].UpTo != 3_600_000 {
		t.Fatalf("tiers %+v", got)
	}
	roundTrip(t, c)
}

// roundTrip: what is written out reads as the same.
func roundTrip(t *testing.T, c catalog.Content) {
	t.Helper()
	text, err := catalog.Export(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := catalog.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(c, again); d != "" {
		t.Error(d)
	}
}

func TestYAMLErrorsNameTheLine(t *testing.T) {
	good := string(catalogtest.Sample(t))
	for name, tc := range map[string]struct{ old, new, code, want string }{
		"unknown field": {"seller: market", "seler: market", "offer.yaml", "line 10"},
		"syntax":        {"families: [messaging, iot]", "families: [messaging, iot", "offer.yaml", "line "},
		"anchor":        {"seller: market", "seller: &a market", "offer.yaml", "line 10"},
		"wrong word":    {"seller: market", "seller: nobody", "offer.content", "(line 10)"},
		"meter":         {"meter: messages", "meter: nothing", "offer.content", "is not a meter of this offer (line 101)"},
		"type":          {"share: 10", "share: ten", "offer.yaml", "line 24"},
		"schema":        {"minItems: 1", "minItems: -1", "offer.content", "parameters: cannot be used"},
		"outside":       {"type: string", "$ref: https://example.org/x", "offer.content", "must start with #/$defs/"},
		"second":        {"key: relay-m2m", "---\nkey: relay-m2m\n---", "offer.yaml", "exactly one document"},
		"price":         {"price: 5.00 EUR", "price: 5.00 USD", "offer.content", "in the currency of the price list (line 98)"},
		"percent":       {`target: "99.9"`, `target: "101"`, "offer.content", "serviceLevels.0.target"},
		"limit":         {"connections: 100\n", "connections: -1\n", "offer.content", "plans.0.limits.connections"},
	} {
		text := strings.Replace(good, tc.old, tc.new, 1)
		if text == good {
			t.Fatalf("%s: %q is not in the sample", name, tc.old)
		}
		_, err := catalog.Parse([]byte(text))
		if fail.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s with %q", name, err, tc.code, tc.want)
		}
	}
}

func TestParametersNameTheField(t *testing.T) {
	c := parsed(t)
	for text, want := range map[string]string{
		`{"hosts":["a"]}`:                       "",
		`{}`:                                    "parameters",
		``:                                      "parameters",
		`[]`:                                    "parameters",
		`{"hosts":["a"],"other":1}`:             "parameters",
		`{"hosts":["a",7]}`:                     "parameters.hosts.1",
		`{"hosts":["a"],"interval_ms":1}`:       "parameters.interval_ms",
		`{"hosts":["a"],"interval_ms":1e2}`:     "",
		`{"hosts":`:                             "parameters",
		strings.Repeat(" ", 20<<10) + `{"a":1}`: "too large",
	} {
		err := c.CheckParameters(json.RawMessage(text))
		var e *fail.Error
		switch {
		case want == "" && err == nil:
		case want == "too large" && fail.Is(err, fail.TooLarge):
		case errors.As(err, &e) && len(e.Fields) > 0 && e.Fields[0].Path == want:
		default:
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

func TestHostileSchemas(t *testing.T) {
	for name, schema := range map[string]string{
		"loop":    `{"type":"object","$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}`,
		"deep":    `{"type":"object","not":` + strings.Repeat(`{"not":`, 30) + `{}` + strings.Repeat(`}`, 30) + `}`,
		"dialect": `{"type":"object","$schema":"http://json-schema.org/draft-07/schema#"}`,
		"array":   `{"type":"array"}`,
		"pattern": `{"type":"object","properties":{"a":{"type":"string","pattern":"(?=x)"}}}`,
		"file":    `{"type":"object","$ref":"file:///etc/passwd"}`,
		"large":   `{"type":"object","description":"` + strings.Repeat("x", 40<<10) + `"}`,
	} {
		c := parsed(t)
		c.Parameters = catalog.Document(schema)
		err := c.Validate()
		if name == "loop" && (err == nil || !strings.Contains(err.Error(), "parameters:")) {
			if err := c.CheckParameters(json.RawMessage(`{}`)); err == nil {
				t.Errorf("loop passes")
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "parameters:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSpecMergesAndLimitsWin(t *testing.T) {
	c := parsed(t)
	got, err := c.Spec(c.Plan("start"), json.RawMessage(`{"hosts":["a"],"limits":{"connections":999999}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"app":"m2m","config":{"hosts":["a"],"limits":{"connections":100,"message_bytes":65536}},"isolation":"basic","limits":{"memory_bytes":268435456}}`
	if string(got) != want {
		t.Errorf("%s", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(catalogtest.Sample(f))
	f.Add([]byte("key: a\nname: {en: x}\n"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("- &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := catalog.Parse(text)
		if err != nil {
			var e *fail.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		out, err := catalog.Export(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := catalog.Parse(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if d := cmp.Diff(c, again); d != "" {
			t.Fatal(d)
		}
	})
}

// TestAnyTextSurvivesYAML puts hostile texts into an offer: what publishers write comes back as they wrote it.
func TestAnyTextSurvivesYAML(t *testing.T) {
	base := parsed(t)
	piece := rapid.OneOf(rapid.StringOfN(rapid.RuneFrom([]rune("aé \n\t:-#'\"{}[]&*!|>%@`,?~0.\\")), 1, 12, -1),
		rapid.SampledFrom([]string{"---", "...", "null", "yes", "1e3", "0x1", "2026-01-01", "\r\n", " x", "x ", "\n\n", "<<", "~", "- a", "a: b", "\u2028", "\ufeff", "|", ">-"}))
	text := rapid.Custom(func(r *rapid.T) string {
		return "t" + strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(r, "pieces"), "") + "t"
	})
	rapid.Check(t, func(r *rapid.T) {
		c := base
		c.Name = catalog.Text{"en": text.Draw(r, "name")}
		c.Contract = catalog.Text{"en": strings.Repeat(text.Draw(r, "contract")+"\n", 2), "fr": text.Draw(r, "contrat")}
		c.Summary = catalog.Text{"en": strings.TrimPrefix(text.Draw(r, "summary"), "t")}
		out, err := catalog.Export(c)
		if err != nil {
			r.Fatal(err)
		}
		again, err := catalog.Parse(out)
		if err != nil {
			if fail.CodeOf(err) == "offer.content" {
				return // an empty text
			}
			r.Fatalf("%v\n%s", err, out)
		}
		if d := cmp.Diff(c, again); d != "" {
			r.Fatalf("%s\n%s", d, out)
		}
	})
}

func FuzzCheckParameters(f *testing.F) {
	c := parsed(f)
	for _, seed := range []string{`{"hosts":["a"]}`, `{}`, `[`, `{"hosts":["a"],"interval_ms":1e400}`, `{"hosts":"\ud800"}`, `{"hosts":["a"],"hosts":["b"]}`, `{"hosts":["a"]}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := c.CheckParameters(text); err != nil {
			var e *fail.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if _, err := c.Spec(c.Plan("start"), text); err != nil {
			t.Fatalf("accepted, but no spec: %v", err)
		}
	})
}
