package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/meter/usage"
)

// TestVerdictsAreWrittenAsDescribed: what is written by hand reads as the type that the API's description shows.
func TestVerdictsAreWrittenAsDescribed(t *testing.T) {
	in := []usage.Verdict{{Status: usage.Accepted}, {Status: usage.Duplicate},
		{Status: usage.Conflict, Reason: usage.OtherContent}, {Status: usage.Rejected, Reason: usage.Future, Retry: true}}
	want := Verdicts{Results: []Verdict{}}
	for i, v := range in {
		text := ""
		if v.Reason != "" {
			text = v.Reason.Text()
		}
		want.Results = append(want.Results, Verdict{Index: i, Verdict: v.Status, Reason: v.Reason, Text: text, Retry: v.Retry})
	}
	for n := range len(in) + 1 {
		var got Verdicts
		if err := json.Unmarshal(appendVerdicts(nil, in[:n]), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Verdicts{Results: want.Results[:n]}, got); diff != "" {
			t.Error(diff)
		}
	}
}
