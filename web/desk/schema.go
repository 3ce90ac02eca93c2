package desk

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/site"
)

// Schema is the part of JSON Schema 2020-12 that becomes a form: an object of words, numbers, yes or no, choices, and
// lists of names with values. Anything else is asked as JSON; whoever takes the answer checks all of the schema.
type Schema struct {
	Type       string            `json:"type"`
	Title      string            `json:"title"`
	Enum       []any             `json:"enum"`
	MaxLength  int               `json:"maxLength"`
	Properties map[string]Schema `json:"properties"`
	Further    json.RawMessage   `json:"additionalProperties"`
	Required   []string          `json:"required"`
}

// ReadSchema reads the schema of an answer; an empty one asks nothing.
func ReadSchema(text []byte) (s Schema, err error) {
	if len(text) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("schema of an answer: %w", err)
	}
	return s, nil
}

// names are the properties, what is needed first.
func (s Schema) names() []string {
	names := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(names, func(a, b string) int {
		return strings.Compare(strconv.FormatBool(slices.Contains(s.Required, b)), strconv.FormatBool(slices.Contains(s.Required, a)))
	})
	return names
}

// Fields are the questions.
func (s Schema) Fields(r *site.Request) []form.Field {
	var out []form.Field
	for _, name := range s.names() {
		p := s.Properties[name]
		f := form.Field{ID: "answer-" + name, Label: p.label(r, name), Optional: !slices.Contains(s.Required, name) && p.Type != "boolean"}
		switch {
		case len(p.Enum) > 0:
			f.Kind = form.Select
			for _, v := range p.Enum {
				f.Options = append(f.Options, form.Option{Value: fmt.Sprint(v), Label: fmt.Sprint(v)})
			}
		case p.Type == "boolean":
			f.Kind = form.Checkbox
		case p.Type == "integer":
			f.Kind = form.Integer
		case p.Type == "object":
			f.Kind, f.Hint = form.Area, r.T("desk.schema.pairs")
		case p.Type == "string" && (p.MaxLength == 0 || p.MaxLength > 200):
			f.Kind = form.Area
		}
		out = append(out, f)
	}
	return out
}

// label is the title in the language of the page where the catalogue has the name, else as the schema says it.
func (s Schema) label(r *site.Request, name string) string {
	if key := "desk.schema." + name; r.L.Has(key) {
		return r.T(key)
	}
	if s.Title != "" {
		return s.Title
	}
	return name
}

// Read makes the answer from the form. What cannot be a value of its type is passed as it was written, so that the check of
// the schema names it.
func (s Schema) Read(r *site.Request) (json.RawMessage, error) {
	out := map[string]any{}
	for _, name := range s.names() {
		p, sent := s.Properties[name], r.Value("answer-"+name)
		switch {
		case p.Type == "boolean":
			out[name] = r.Ticked("answer-" + name)
		case sent == "":
		case p.Type == "object":
			out[name] = pairs(sent)
		case p.Type == "integer" || p.Type == "number":
			out[name] = sent
			if json.Valid([]byte(sent)) {
				out[name] = json.Number(sent)
			}
		default:
			out[name] = strings.ReplaceAll(sent, "\r\n", "\n")
		}
	}
	return json.Marshal(out)
}

// pairs reads one "name: value" a line.
func pairs(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); name != "" {
			out[name] = strings.TrimSpace(value)
		}
	}
	return out
}
