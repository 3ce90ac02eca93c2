package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/halle-cloud/halle/proof"
)

// Document is a JSON value inside a content, in canonical form (RFC 8785).
type Document []byte

// IsZero tells whether there is none.
func (d Document) IsZero() bool { return len(d) == 0 }

// MarshalJSON is for encoding/json.
func (d Document) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("null"), nil
	}
	return d, nil
}

// UnmarshalJSON is for encoding/json.
func (d *Document) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = nil
		return nil
	}
	c, err := proof.CanonicalBytes(b)
	*d = c
	return err
}

// UnmarshalYAML is for go-yaml.
func (d *Document) UnmarshalYAML(b []byte) error {
	var v any
	if err := yaml.Unmarshal(b, &v); err != nil {
		return err
	}
	j, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot be written as JSON: %w", err)
	}
	return d.UnmarshalJSON(j)
}

func (d Document) object() (map[string]any, error) {
	out := map[string]any{}
	if len(d) == 0 {
		return out, nil
	}
	err := json.Unmarshal(d, &out)
	return out, err
}

// merge puts patch over target as RFC 7386 says.
func merge(target, patch map[string]any) map[string]any {
	for k, v := range patch {
		if v == nil {
			delete(target, k)
			continue
		}
		inner, ok := v.(map[string]any)
		if !ok {
			target[k] = v
			continue
		}
		below, _ := target[k].(map[string]any)
		if below == nil {
			below = map[string]any{}
		}
		target[k] = merge(below, inner)
	}
	return target
}

// at wraps v into objects along a dotted place.
func at(place string, v any) map[string]any {
	steps := strings.Split(place, ".")
	for i := len(steps) - 1; i > 0; i-- {
		v = map[string]any{steps[i]: v}
	}
	return map[string]any{steps[0]: v}
}

// Spec is the desired state that a driver gets for a plan and the customer's parameters: the driver's defaults, the
// plan's over them, then its limits and the parameters at their places, and the isolation demanded. Canonical JSON.
// The parameters must have passed CheckParameters.
func (c *Content) Spec(plan *Plan, parameters json.RawMessage) (json.RawMessage, error) {
	spec, err := c.Driver.Spec.object()
	if err != nil {
		return nil, fmt.Errorf("offer %s: spec of the driver: %w", c.Key, err)
	}
	over, err := plan.Spec.object()
	if err != nil {
		return nil, fmt.Errorf("offer %s: spec of plan %s: %w", c.Key, plan.Key, err)
	}
	spec = merge(spec, over)
	given, err := Document(parameters).object()
	if err != nil {
		return nil, fmt.Errorf("offer %s: parameters: %w", c.Key, err)
	}
	if len(given) > 0 {
		place := c.Driver.ParametersInto
		if place == "" {
			place = "parameters"
		}
		spec = merge(spec, at(place, given))
	}
	if len(plan.Limits) > 0 && c.Driver.LimitsInto != "" {
		limits := map[string]any{}
		for k, n := range plan.Limits {
			limits[k] = n
		}
		spec = merge(spec, at(c.Driver.LimitsInto, limits)) // last: a customer's parameter never lifts a limit
	}
	if c.Driver.Isolation != "" {
		spec["isolation"] = c.Driver.Isolation
	}
	return proof.Canonical(spec)
}
