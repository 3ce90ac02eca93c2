package client_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp/cmpopts"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write types.go and operations.go from the API's description")

// schema is the part of JSON Schema that the description uses.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
	Items       *schema           `json:"items"`
	Additional  json.RawMessage   `json:"additionalProperties"`
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

type content map[string]struct{ Schema schema }

type operation struct {
	OperationID string
	Summary     string
	Parameters  []parameter
	RequestBody struct{ Content content }
	Responses   map[string]struct{ Content content }
	method      string
	path        string
}

type description struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

func (s schema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, k := range t {
			if k != "null" {
				return k.(string)
			}
		}
	}
	return ""
}

// goType is the Go type of a schema; optional objects are pointers.
func (s schema) goType(optional bool) string {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		if optional {
			return "*" + name
		}
		return name
	}
	switch s.kind() {
	case "string":
		if s.Format == "date-time" {
			return "time.Time"
		}
		return "string"
	case "integer":
		return "int64"
	case "number":
		return "float64"
	case "boolean":
		return "bool"
	case "array":
		return "[]" + s.Items.goType(false)
	case "object":
		var of schema
		if len(s.Additional) > 0 && json.Unmarshal(s.Additional, &of) == nil {
			return "map[string]" + of.goType(false)
		}
	}
	return "json.RawMessage"
}

// goName makes an exported Go name of a JSON one.
func goName(name string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == '$' }) {
		if word == "id" || word == "url" || word == "vat" {
			word = strings.ToUpper(word)
		}
		word = strings.TrimSuffix(word, "Id") + map[bool]string{true: "ID"}[strings.HasSuffix(word, "Id")]
		r := []rune(word)
		r[0] = unicode.ToUpper(r[0])
		out.WriteString(string(r))
	}
	return strings.NewReplacer("Etag", "ETag", "VatID", "VATID", "VatMode", "VATMode").Replace(out.String())
}

const head = "// Code generated from api/openapi.json by generate_test.go; DO NOT EDIT.\n\npackage client\n\n"

func types(d description) string {
	var out strings.Builder
	out.WriteString(head + "import (\n\"encoding/json\"\n\"time\"\n)\n\n")
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		s := d.Components.Schemas[name]
		fmt.Fprintf(&out, "// %s is what the API calls so.\ntype %s struct {\n", name, name)
		for _, field := range fields(s) {
			p := s.Properties[field]
			optional := !slices.Contains(s.Required, field)
			tag := field
			if optional {
				tag += map[bool]string{true: ",omitzero", false: ",omitempty"}[p.goType(true) == "time.Time"]
			}
			fmt.Fprintf(&out, "%s %s `json:%q`", goName(field), p.goType(optional), tag)
			if p.Description != "" {
				fmt.Fprintf(&out, " // %s", p.Description)
			}
			out.WriteString("\n")
		}
		out.WriteString("}\n\n")
	}
	return out.String()
}

// fields lists the names of an object's fields, its identifier first.
func fields(s schema) []string {
	return slices.SortedFunc(maps.Keys(s.Properties), func(a, b string) int {
		if (a == "id") != (b == "id") {
			return map[bool]int{true: -1, false: 1}[a == "id"]
		}
		return cmp.Compare(a, b)
	})
}

func (d description) operations() []operation {
	var all []operation
	for path, methods := range d.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Compare(a.OperationID, b.OperationID) })
	return all
}

// result tells what a success gives: a Go type, "" for nothing, "file" for bytes.
func (o operation) result() string {
	for status, r := range o.Responses {
		if status[0] != '2' {
			continue
		}
		for _, m := range r.Content {
			if m.Schema.Format == "binary" {
				return "file"
			}
			return m.Schema.goType(false)
		}
	}
	return ""
}

func params(o operation) (path []string, others []parameter) {
	for _, p := range o.Parameters {
		if p.In == "path" {
			path = append(path, p.Name)
		} else {
			others = append(others, p)
		}
	}
	return path, others
}

func code(o operation) string {
	var out strings.Builder
	path, others := params(o)
	name := goName(o.OperationID)
	args, result, media := []string{"ctx context.Context"}, o.result(), slices.Sorted(maps.Keys(o.RequestBody.Content))
	call := fmt.Sprintf("request{method: %q, path: %q", o.method, o.path)
	if len(path) > 0 {
		args = append(args, strings.Join(path, ", ")+" string")
		call += fmt.Sprintf(", values: []string{%s}", strings.Join(path, ", "))
	}
	if len(others) > 0 {
		fmt.Fprintf(&out, "// %sParams are the parameters of %s.\ntype %sParams struct {\n", name, name, name)
		for _, p := range others {
			fmt.Fprintf(&out, "%s %s `%s:%q` // %s\n", goName(p.Name), p.Schema.goType(false), p.In, p.Name, cmp.Or(p.Description, p.Schema.Description, p.Name))
		}
		out.WriteString("}\n\n")
		args, call = append(args, "p "+name+"Params"), call+", params: p"
	}
	switch {
	case len(media) == 1 && media[0] == "application/json" && o.RequestBody.Content[media[0]].Schema.Format != "binary":
		args, call = append(args, "body "+o.RequestBody.Content[media[0]].Schema.goType(false)), call+", body: body"
	case len(media) == 1:
		args, call = append(args, "body []byte"), call+fmt.Sprintf(", raw: body, media: %q", media[0])
	case len(media) > 1:
		args, call = append(args, "media string", "body []byte"), call+", raw: body, media: media"
	}
	fmt.Fprintf(&out, "// %s: %s.\n", name, o.Summary)
	switch result {
	case "":
		fmt.Fprintf(&out, "func (c *Client) %s(%s) error {\nreturn c.call(ctx, %s}, nil)\n}\n\n", name, strings.Join(args, ", "), call)
	case "file":
		fmt.Fprintf(&out, "func (c *Client) %s(%s, w io.Writer) error {\nreturn c.save(ctx, %s}, w)\n}\n\n", name, strings.Join(args, ", "), call)
	default:
		fmt.Fprintf(&out, "func (c *Client) %s(%s) (out %s, err error) {\nerr = c.call(ctx, %s}, &out)\nreturn out, err\n}\n\n", name, strings.Join(args, ", "), result, call)
	}
	return out.String()
}

func operations(d description) string {
	var out strings.Builder
	out.WriteString(head + "import (\n\"context\"\n\"encoding/json\"\n\"io\"\n\"time\"\n)\n\n")
	for _, o := range d.operations() {
		out.WriteString(code(o))
	}
	return out.String()
}

func TestTheClientIsThatOfTheDescription(t *testing.T) {
	text, err := os.ReadFile("../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for name, made := range map[string]string{"types.go": types(d), "operations.go": operations(d)} {
		got, err := format.Source([]byte(made))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, made)
		}
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s is not that of api/openapi.json: go test ./client -update\n%s", name, gocmp.Diff(string(want), string(got), cmpopts.EquateEmpty()))
		}
	}
}
