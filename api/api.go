// Package api is the REST interface: one file a resource, OpenAPI 3.1 derived from the code and checked in.
//
// Owns: routes, the shape of requests and answers, problem documents, cursors and ETags over the wire.
// Does not own: any rule; each operation calls one use case of a business package, which authorises by itself.
// Reads: the request; who calls comes from signin.
// Writes: nothing by itself.
package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/signin"
)

// Version is the version of the interface. It only grows: old clients keep working.
const Version = "1.0.0"

// prefix is where every operation stands.
const prefix = "/api/v1"

// maxBody bounds a request's body in bytes, except where an operation says otherwise.
const maxBody = 1 << 20

// server holds what the operations need.
type server struct {
	Services
	api huma.API
	log *slog.Logger
}

var setShape = sync.OnceFunc(func() {
	// The library's own way to choose the form of its errors, for the whole process.
	huma.NewErrorWithContext = shapeProblem
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return shapeProblem(nil, status, message, errs...)
	}
})

// New registers every operation on the mux and returns the interface's description.
func New(mux *http.ServeMux, s Services, log *slog.Logger) *huma.OpenAPI {
	setShape()
	config := huma.DefaultConfig("Halle", Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = prefix+"/openapi", "", "" // the library's docs page loads scripts from elsewhere
	config.CreateHooks = nil
	config.Info.Description = "Orders, services, usage, invoices and proofs of a cloud broker. Errors are problem documents (RFC 9457)."
	config.Info.License = &huma.License{Name: "Apache-2.0"}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "an API token (hal_…) or a session (hls_…)"},
	}
	a := &server{Services: s, api: humago.New(mux, config), log: log}
	a.routes()
	return a.api.OpenAPI()
}

// route describes one operation.
type route struct {
	method, path string
	id           string // operationId, camelCase
	summary      string
	tag          string
	status       int  // of success; 200 when zero
	public       bool // nobody needs to be signed in
	maxBody      int64
}

// add registers an operation. The use case authorises; add only refuses nobody where somebody is needed, so that an
// operation that forgets to ask is not open to the street.
func add[I, O any](s *server, r route, h func(ctx context.Context, c access.Caller, in *I) (*O, error)) {
	op := huma.Operation{OperationID: r.id, Method: r.method, Path: prefix + r.path, Summary: r.summary, Tags: []string{r.tag}, DefaultStatus: r.status,
		MaxBodyBytes: r.maxBody, Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity}}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	if r.public {
		op.Security = []map[string][]string{{}}
	} else {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		c := signin.CallerOf(ctx)
		if !r.public && c.Ref() == "nobody" {
			return nil, NewProblem(ctx, s.log, fail.New(fail.Unauthenticated, "signin.needed", "Nobody is signed in.", "Sign in, or send an API token."))
		}
		out, err := h(ctx, c, in)
		if err != nil {
			return nil, NewProblem(ctx, s.log, err)
		}
		return out, nil
	})
}

// Page is how a list is asked for.
type Page struct {
	Cursor string `query:"cursor" doc:"from the answer before; empty for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"entries at most"`
}

// List is a page of entries. Next is empty on the last page.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page"`
}

// listOf makes a page; a nil slice becomes an empty list.
func listOf[T any](items []T, next string) *Body[List[T]] {
	if items == nil {
		items = []T{}
	}
	return &Body[List[T]]{Body: List[T]{Items: items, Next: next}}
}

// Body is an answer that is only a body.
type Body[T any] struct{ Body T }

// Empty is an answer without a body.
type Empty struct{}

// cursor packs a position so that clients do not build on its form.
func cursor(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// uncursor reads a cursor; an empty one leaves v as it is.
func uncursor(text string, v any) error {
	if text == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fail.New(fail.Invalid, "api.cursor", "The cursor is not one that this server gave.", "Take it from the answer before, or leave it out.").Field("cursor", "is not readable")
	}
	return nil
}

// etag is the strong validator of a version (RFC 9110, section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch compares the precondition of a change with the present version; an empty one is no condition.
func ifMatch(header string, version int64) error {
	if header == "" || header == "*" || strings.TrimSpace(header) == etag(version) {
		return nil
	}
	return fail.New(fail.Precondition, "api.changed", "It was changed by somebody else meanwhile.", "Read it again, and repeat the change on what you then see.")
}
