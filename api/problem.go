package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/observe"
)

// Problem is how every refusal and fault is told (RFC 9457, application/problem+json): what happened, why, and what
// would make it pass.
type Problem struct {
	Type    string            `json:"type" doc:"stable name of the kind of problem"`
	Title   string            `json:"title" doc:"the kind, in words"`
	Status  int               `json:"status" doc:"HTTP status"`
	Code    string            `json:"code" doc:"stable word for programs and translations"`
	Detail  string            `json:"detail" doc:"what happened, and why"`
	Remedy  string            `json:"remedy,omitempty" doc:"what would make it pass"`
	Fields  []fail.Field      `json:"fields,omitempty" doc:"inputs that were refused"`
	Reasons []fail.Reason     `json:"reasons,omitempty" doc:"rules that refused, all of them"`
	Args    map[string]string `json:"args,omitempty" doc:"values inside detail, for translation"`
	Request string            `json:"request,omitempty" doc:"id to give to support"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is for huma: when to send it again, where that helps (RFC 9110, section 10.2.3).
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", "1")
	}
	return h
}

// ContentType is for huma: the problem type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses maps each kind once.
func statuses() map[fail.Kind]int {
	return map[fail.Kind]int{
		fail.Invalid: http.StatusUnprocessableEntity, fail.Unauthenticated: http.StatusUnauthorized, fail.Denied: http.StatusForbidden,
		fail.NotFound: http.StatusNotFound, fail.Conflict: http.StatusConflict, fail.Gone: http.StatusGone, fail.Limit: http.StatusConflict,
		fail.Precondition: http.StatusPreconditionFailed, fail.TooLarge: http.StatusRequestEntityTooLarge,
		fail.TooMany: http.StatusTooManyRequests, fail.Unavailable: http.StatusServiceUnavailable, fail.Internal: http.StatusInternalServerError,
	}
}

// NewProblem turns an error into what the caller may read. The text of an internal error stays in the log.
func NewProblem(ctx context.Context, log *slog.Logger, err error) *Problem {
	var e *fail.Error
	if !errors.As(err, &e) {
		e = fail.New(fail.Internal, "internal", "Something went wrong on our side.", "Try again; if it goes on, tell support the request's id.").Wrap(err)
	}
	status, ok := statuses()[e.Kind]
	if !ok {
		status = http.StatusInternalServerError
	}
	if status == http.StatusServiceUnavailable {
		log.WarnContext(ctx, "request answered that something is away", "code", e.Code, "error", err)
	} else if status >= http.StatusInternalServerError {
		log.ErrorContext(ctx, "request failed", "code", e.Code, "error", err)
	}
	return &Problem{Type: "urn:halle:problem:" + string(e.Kind), Title: strings.ReplaceAll(string(e.Kind), "_", " "), Status: status, Code: e.Code,
		Detail: e.Message, Remedy: e.Remedy, Fields: e.Fields, Reasons: e.Reasons, Args: e.Args, Request: observe.Request(ctx)}
}

// problemType is for the description.
var problemType = reflect.TypeFor[Problem]()

// write sends the problem.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone when this fails
}

// refuse answers an operation that writes the connection itself.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	NewProblem(r.Context(), s.log, err).write(w)
}

// shapes are the words for what the library refuses before an operation is reached.
func shapes(status int) (kind fail.Kind, code, remedy string) {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return fail.TooLarge, "api.too_large", "Send less at once."
	case http.StatusUnsupportedMediaType:
		return fail.Invalid, "api.media_type", "Send application/json, or what the API's description names."
	case http.StatusRequestTimeout:
		return fail.Invalid, "api.timeout", "Send the whole body at once."
	}
	return fail.Invalid, "api.shape", "Compare it with the API's description at " + prefix + "/openapi.json."
}

// shapeProblem is what huma calls when a request does not have the shape of the operation.
func shapeProblem(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
	kind, code, remedy := shapes(status)
	p := &Problem{Type: "urn:halle:problem:" + string(kind), Title: strings.ReplaceAll(string(kind), "_", " "), Status: status, Code: code,
		Detail: "The request does not have the right form: " + message + ".", Remedy: remedy}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := d.ErrorDetail()
			p.Fields = append(p.Fields, fail.Field{Path: strings.TrimPrefix(detail.Location, "body."), Message: detail.Message})
		} else if err != nil {
			p.Fields = append(p.Fields, fail.Field{Message: textOf(err)})
		}
	}
	if ctx != nil {
		p.Request = observe.Request(ctx.Context())
	}
	return p
}

// textOf is what the sender may read of an error.
func textOf(err error) string {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func asError[T error](err error, target *T) bool { return errors.As(err, target) }
