package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
)

// sizeType marks a 409 that only tells the size that the witness is at (C2SP tlog-witness).
const sizeType = "text/x.tlog.size"

// Handler serves the witness: POST /add-checkpoint as C2SP tlog-witness has it; GET / lists the logs as JSON; GET
// /ID/checkpoint is the newest checkpoint cosigned of a log, ID as of transparency-dev's formats (log.ID).
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.add)
	mux.HandleFunc("GET /{$}", func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(out).Encode(map[string]any{"key": w.key, "logs": w.States()})
	})
	mux.HandleFunc("GET /{id}/checkpoint", func(out http.ResponseWriter, r *http.Request) {
		raw := w.Last(r.PathValue("id"))
		if raw == nil {
			http.NotFound(out, r)
			return
		}
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		out.Header().Set("Cache-Control", "no-cache")
		_, _ = out.Write(raw)
	})
	return mux
}

var statuses = map[Outcome]int{Cosigned: http.StatusOK, Malformed: http.StatusBadRequest, Untrusted: http.StatusForbidden, Unknown: http.StatusNotFound,
	Behind: http.StatusConflict, Contradicted: http.StatusConflict, Inconsistent: http.StatusUnprocessableEntity, Unable: http.StatusServiceUnavailable}

func (w *Witness) add(out http.ResponseWriter, r *http.Request) {
	a := Answer{Outcome: Malformed}
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxRequest))
	if err == nil {
		var req Request
		if req, err = ParseRequest(body); err == nil {
			a = w.Add(r.Context(), req)
		}
	}
	if err != nil {
		a.Why = err.Error()
	}
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if a.Outcome == Behind {
		out.Header().Set("Content-Type", sizeType)
		a.Why = strconv.FormatUint(a.Size, 10)
	}
	out.WriteHeader(statuses[a.Outcome])
	if a.Outcome == Cosigned {
		_, _ = out.Write(a.Cosignature)
		return
	}
	_, _ = fmt.Fprintln(out, a.Why)
}

// Ask sends a request to the add-checkpoint address of a witness. An error means that no answer came that the protocol
// knows.
func Ask(ctx context.Context, c *http.Client, url string, r Request) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(r.Bytes()))
	if err != nil {
		return Answer{}, err
	}
	res, err := c.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return ParseAnswer(res)
}

// ParseAnswer reads what a witness answered.
func ParseAnswer(res *http.Response) (Answer, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRequest))
	if err != nil {
		return Answer{}, err
	}
	text := strings.TrimSpace(string(body))
	for outcome, status := range statuses {
		if status != res.StatusCode || outcome == Behind || outcome == Contradicted {
			continue
		}
		a := Answer{Outcome: outcome, Why: text}
		if outcome == Cosigned {
			a.Cosignature, a.Why = body, ""
		}
		return a, nil
	}
	if res.StatusCode != http.StatusConflict {
		return Answer{}, fmt.Errorf("the witness answered %s: %.200s", res.Status, text)
	}
	if res.Header.Get("Content-Type") != sizeType {
		return Answer{Outcome: Contradicted, Why: text}, nil
	}
	size, err := strconv.ParseUint(text, 10, 63)
	return Answer{Outcome: Behind, Size: size}, err
}

// CheckpointPath is where a witness of ours gives the newest checkpoint that it cosigned of a log.
func CheckpointPath(origin string) string { return log.ID(origin) + "/checkpoint" }
