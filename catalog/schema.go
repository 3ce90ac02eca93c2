package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/halle-cloud/halle/internal/fail"
)

// Limits of a schema and of what is checked against it, so that neither can be made to cost much.
const (
	maxSchema     = 32 << 10
	maxParameters = 16 << 10
	maxDepth      = 16
	maxNodes      = 2000
	maxPattern    = 200
)

// schemaURL names the schema inside the compiler; it is never fetched.
const schemaURL = "urn:halle:parameters"

// closed refuses to load anything: a schema stands for itself.
type closed struct{}

// Load is for jsonschema.
func (closed) Load(url string) (any, error) {
	return nil, fmt.Errorf("%q lies outside the schema, and nothing is loaded", url)
}

// compileSchema checks size, depth and words, then compiles.
func compileSchema(text []byte) (*jsonschema.Schema, error) {
	if len(text) > maxSchema {
		return nil, fmt.Errorf("has %d bytes, at most %d may be", len(text), maxSchema)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	top, ok := doc.(map[string]any)
	if !ok || top["type"] != "object" {
		return nil, errors.New(`must describe an object: "type": "object"`)
	}
	nodes := 0
	if err := plain(doc, 0, &nodes); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(closed{})
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	s, err := c.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	return s, nil
}

// plain refuses what could make checking slow: deep or large schemas, references to elsewhere, other dialects. A
// reference inside the schema must point to $defs, where it cannot point at itself from above.
func plain(v any, depth int, nodes *int) error {
	*nodes++
	if depth > maxDepth || *nodes > maxNodes {
		return fmt.Errorf("is nested deeper than %d or has more than %d parts", maxDepth, maxNodes)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if err := plainWord(k, e); err != nil {
				return err
			}
			if err := plain(e, depth+1, nodes); err != nil {
				return err
			}
		}
	case []any:
		for _, e := range v {
			if err := plain(e, depth+1, nodes); err != nil {
				return err
			}
		}
	}
	return nil
}

func plainWord(key string, value any) error {
	text, isText := value.(string)
	switch key {
	case "$ref":
		if isText && !strings.HasPrefix(text, "#/$defs/") {
			return fmt.Errorf("$ref %q must start with #/$defs/", text)
		}
	case "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "$vocabulary":
		if isText {
			return fmt.Errorf("%s is not allowed: a schema stands for itself", key)
		}
	case "$schema":
		if isText && text != "https://json-schema.org/draft/2020-12/schema" {
			return errors.New("$schema must be draft 2020-12")
		}
	case "pattern":
		if isText && len(text) > maxPattern {
			return fmt.Errorf("pattern is longer than %d", maxPattern)
		}
	}
	return nil
}

// CheckParameters checks a customer's parameters against the schema of the version. Empty parameters count as {}. The
// *fail.Error (offer.parameters) names each wrong field by its dotted path below "parameters". A version without a
// schema takes no parameters.
func (c *Content) CheckParameters(parameters json.RawMessage) error {
	var schema *jsonschema.Schema
	if len(c.Parameters) > 0 {
		var err error
		if schema, err = compileSchema(c.Parameters); err != nil {
			return fmt.Errorf("offer %s: schema: %w", c.Key, err)
		}
	}
	return c.checkParameters(schema, parameters)
}

// checkParameters is CheckParameters with the compiled schema, nil where there is none.
func (c *Content) checkParameters(schema *jsonschema.Schema, parameters json.RawMessage) error {
	bad := fail.New(fail.Invalid, "offer.parameters", "The settings do not fit this offer.", "Correct the fields named.")
	if len(parameters) > maxParameters {
		return fail.New(fail.TooLarge, "offer.parameters", "The settings are too large.", fmt.Sprintf("Keep them below %d bytes.", maxParameters))
	}
	if len(parameters) == 0 {
		parameters = []byte("{}")
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(parameters))
	if err != nil {
		return bad.Field("parameters", "is not JSON")
	}
	given, ok := v.(map[string]any)
	if !ok {
		return bad.Field("parameters", "must be an object")
	}
	if schema == nil {
		if len(given) > 0 {
			return bad.Field("parameters", "this offer has no settings")
		}
		return nil
	}
	var wrong *jsonschema.ValidationError
	if err := schema.Validate(v); errors.As(err, &wrong) {
		return leaves(bad, wrong)
	} else if err != nil {
		return fmt.Errorf("offer %s: check of parameters: %w", c.Key, err)
	}
	return nil
}

// leaves names the innermost causes: they are what a person can correct.
func leaves(bad *fail.Error, e *jsonschema.ValidationError) *fail.Error {
	if len(e.Causes) == 0 {
		path := strings.Join(append([]string{"parameters"}, e.InstanceLocation...), ".")
		return bad.Field(path, e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
	for _, cause := range e.Causes {
		bad = leaves(bad, cause)
	}
	return bad
}
