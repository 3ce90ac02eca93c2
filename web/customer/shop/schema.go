package shop

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/site"
)

// schema is the part of JSON Schema 2020-12 that becomes fields: objects of strings, numbers, booleans, choices and
// lists of strings. What else a schema says is checked when the form comes in.
type schema struct {
	Type        string            `json:"type"`
	Title       string            `json:"title"`
	Titles      map[string]string `json:"x-title"` // by language
	Description string            `json:"description"`
	Hints       map[string]string `json:"x-description"` // by language
	Default     any               `json:"default"`
	Enum        []any             `json:"enum"`
	Minimum     *json.Number      `json:"minimum"`
	Maximum     *json.Number      `json:"maximum"`
	MaxLength   int               `json:"maxLength"`
	MinItems    int               `json:"minItems"`
	MaxItems    int               `json:"maxItems"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
}

const parameterPrefix = "p."

func parseSchema(document []byte) (schema, error) {
	var s schema
	if len(document) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(document, &s); err != nil {
		return s, fail.New(fail.Internal, "shop.schema", "The offer's settings cannot be read.", "Tell the operator.").Wrap(err)
	}
	return s, nil
}

// fields are the questions of a schema; values are what stands now (a change), nil for an order.
func (s schema) fields(r *site.Request, prefix string, values map[string]any) []form.Field {
	var out []form.Field
	for _, key := range s.keys() {
		p := s.Properties[key]
		value, set := values[key]
		if !set {
			value = p.Default
		}
		if p.Type == "object" {
			below, _ := value.(map[string]any)
			out = append(out, p.fields(r, prefix+key+".", below)...)
			continue
		}
		f := form.Field{ID: prefix + key, Label: p.label(r, key), Hint: p.hint(r), Optional: !slices.Contains(s.Required, key) && p.Type != "boolean"}
		p.fill(r, &f, value)
		out = append(out, f)
	}
	return out
}

// keys are the properties, the required ones first.
func (s schema) keys() []string {
	keys := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(keys, func(a, b string) int {
		ra, rb := slices.Contains(s.Required, a), slices.Contains(s.Required, b)
		switch {
		case ra && !rb:
			return -1
		case rb && !ra:
			return 1
		}
		return 0
	})
	return keys
}

func (s schema) label(r *site.Request, key string) string {
	if t := s.Titles[r.Lang()]; t != "" {
		return t
	}
	if s.Title != "" {
		return s.Title
	}
	words := strings.ReplaceAll(key, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func (s schema) hint(r *site.Request) string {
	hint := s.Hints[r.Lang()]
	if hint == "" {
		hint = s.Description
	}
	limits := ""
	switch {
	case s.Type == "array" && s.MaxItems > 0:
		limits = r.T("schema.lines", "n", s.MaxItems)
	case s.Type == "array":
		limits = r.T("schema.lines.any")
	case s.Minimum != nil && s.Maximum != nil:
		limits = r.T("schema.range", "from", number(r, *s.Minimum), "to", number(r, *s.Maximum))
	case s.Minimum != nil:
		limits = r.T("schema.min", "from", number(r, *s.Minimum))
	case s.Maximum != nil:
		limits = r.T("schema.max", "to", number(r, *s.Maximum))
	case s.Type == "string" && s.MaxLength > 0 && len(s.Enum) == 0:
		limits = r.T("schema.length", "n", s.MaxLength)
	}
	return strings.TrimSpace(hint + " " + limits)
}

func number(r *site.Request, n json.Number) string {
	if i, err := n.Int64(); err == nil {
		return r.L.Number(i)
	}
	return n.String()
}

// fill chooses the control and puts the value in.
func (s schema) fill(_ *site.Request, f *form.Field, value any) {
	switch {
	case len(s.Enum) > 0:
		f.Kind = form.Select
		for _, option := range s.Enum {
			text := text(option)
			f.Options = append(f.Options, form.Option{Value: text, Label: text, Chosen: value != nil && text == plain(value)})
		}
	case s.Type == "boolean":
		f.Kind, f.Checked = form.Checkbox, value == true
	case s.Type == "integer":
		f.Kind, f.Value = form.Integer, plain(value)
	case s.Type == "array":
		f.Kind = form.Area
		list, _ := value.([]any)
		lines := make([]string, len(list))
		for i, v := range list {
			lines[i] = text(v)
		}
		f.Value = strings.Join(lines, "\n")
	case s.MaxLength > 200:
		f.Kind, f.Value = form.Area, plain(value)
	default:
		f.Value = plain(value)
	}
}

func plain(value any) string {
	if value == nil {
		return ""
	}
	return text(value)
}

// text is a JSON scalar as a person writes it.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(b)
}

// read makes the parameters from a form. What cannot be a value of its type is passed as the text it is, so that the check
// of the offer names it.
func (s schema) read(r *site.Request, prefix string) map[string]any {
	out := map[string]any{}
	for _, key := range s.keys() {
		p, name := s.Properties[key], prefix+key
		sent := r.Value(name)
		switch {
		case p.Type == "object":
			if below := p.read(r, name+"."); len(below) > 0 {
				out[key] = below
			}
		case p.Type == "boolean":
			out[key] = r.Ticked(name)
		case sent == "" && p.Type != "array":
			if slices.Contains(s.Required, key) && p.Type == "string" {
				out[key] = ""
			}
		case p.Type == "array":
			if list := lines(sent); len(list) > 0 || slices.Contains(s.Required, key) {
				out[key] = list
			}
		case p.Type == "integer" || p.Type == "number":
			out[key] = sent
			if n := json.Number(strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(sent)); isNumber(n) {
				out[key] = n
			}
		default:
			out[key] = sent
		}
	}
	return out
}

func isNumber(n json.Number) bool {
	_, err := n.Float64()
	return err == nil
}

func lines(text string) []string {
	out := []string{}
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// renamed turns the paths of an order's complaints ("items.0.parameters.hosts.1") into the names of the fields ("p.hosts").
func renamed(err error, fields []form.Field) error {
	e := *site.AsFail(err)
	list := e.Fields
	e.Fields = nil
	for _, f := range list {
		path := strings.TrimPrefix(f.Path, "items.0.")
		if rest, ok := strings.CutPrefix(path, "parameters."); ok {
			path = parameterPrefix + rest
			for _, field := range fields {
				if strings.HasPrefix(path, field.ID+".") {
					path = field.ID
				}
			}
		}
		e.Fields = append(e.Fields, fail.Field{Path: path, Message: f.Message})
	}
	return &e
}
