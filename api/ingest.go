package api

import (
	"net/http"

	"github.com/halle-cloud/halle/meter/usage"
)

// Verdict is what became of one event of a request.
type Verdict struct {
	Index   int          `json:"index" doc:"of the event in the request, from 0"`
	Verdict usage.Status `json:"verdict" enum:"accepted,duplicate,conflict,rejected"`
	Reason  usage.Reason `json:"reason,omitempty"`
	Text    string       `json:"text,omitempty" doc:"the reason in words, and what would make the event pass"`
	Retry   bool         `json:"retry,omitempty" doc:"the same event may pass later"`
}

// Verdicts answer a request with usage, in the order of its events.
type Verdicts struct {
	Results []Verdict `json:"results" nullable:"false"`
}

// ingestRoutes take usage in. The body is read by meter/usage alone: no second decoding, because this is the busiest
// operation of all.
func (s *server) ingestRoutes() {
	s.raw(route{method: http.MethodPost, path: "/usage", id: "sendUsage", summary: "Send usage events (CloudEvents 1.0), at most 1000 or 1 MiB", tag: "usage"}, "/usage",
		rawDoc{takes: []string{usage.TypeSingle, usage.TypeBatch, usage.TypeLines}, gives: []string{"application/json"}, answer: s.schemaOf(Verdicts{})}, s.ingest)
}

func (s *server) ingest(w http.ResponseWriter, r *http.Request) error {
	text, err := readBody(w, r, usage.MaxBytes)
	if err != nil {
		return err
	}
	events, err := usage.Decode(r.Header.Get("Content-Type"), text)
	if err != nil {
		return err
	}
	verdicts, err := s.Meters.Ingest(r.Context(), callerOf(r), events)
	if err != nil {
		return err
	}
	out := Verdicts{Results: make([]Verdict, len(verdicts))}
	for i, v := range verdicts {
		out.Results[i] = Verdict{Index: i, Verdict: v.Status, Reason: v.Reason, Retry: v.Retry}
		if v.Reason != "" {
			out.Results[i].Text = v.Reason.Text()
		}
	}
	return answer(w, http.StatusOK, out)
}
