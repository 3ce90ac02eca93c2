package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

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
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(appendVerdicts(nil, verdicts)) // the caller has gone when this fails
	return nil
}

// appendVerdicts writes Verdicts. By hand, because most are the same word, a thousand times a request.
func appendVerdicts(b []byte, verdicts []usage.Verdict) []byte {
	b = append(slices.Grow(b, 64+len(verdicts)*40), `{"results":[`...)
	for i, v := range verdicts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, `{"index":`...), int64(i), 10), `,"verdict":"`...)
		b = append(append(b, v.Status...), '"')
		if v.Reason != "" {
			b = append(append(append(b, `,"reason":"`...), v.Reason...), `","text":`...)
			text, err := json.Marshal(v.Reason.Text())
			if err != nil { // it is text of ours
				panic(err)
			}
			b = append(b, text...)
		}
		if v.Retry {
			b = append(b, `,"retry":true`...)
		}
		b = append(b, '}')
	}
	return append(b, "]}\n"...)
}
