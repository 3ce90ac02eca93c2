package api_test

import (
	"context"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestTheDescriptionIsSound reads the description as a client's generator would: every reference leads somewhere, every
// operation has its own name, says what it does and who may call it, and every refusal is a problem.
func TestTheDescriptionIsSound(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	must(t, err)
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		t.Error(err)
	}
	seen := map[string]string{}
	word := regexp.MustCompile(`^[a-z][a-zA-Z]+$`)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			if other := seen[op.OperationID]; other != "" || !word.MatchString(op.OperationID) {
				t.Errorf("%s: the name %q is taken by %q or is no word", at, op.OperationID, other)
			}
			seen[op.OperationID] = at
			if op.Summary == "" || len(op.Tags) != 1 || op.Security == nil {
				t.Errorf("%s: summary, tag or security is missing", at)
			}
			for _, code := range []string{"401", "403", "404", "422"} {
				r := op.Responses.Value(code)
				if r == nil || r.Value.Content.Get("application/problem+json") == nil {
					t.Errorf("%s: %s is no problem", at, code)
				}
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d operations", len(seen))
	}
}
