// Package api is the REST interface: one file a resource, OpenAPI 3.1 derived from the code and checked in.
//
// Owns: routes, the shape of requests and answers, problem documents, cursors and ETags over the wire.
// Does not own: any rule; each operation calls one use case of a business package, which authorises by itself.
// Reads: the request; who calls comes from signin.
// Writes: nothing by itself.
//
// Amounts are text ("12.34 EUR"), quantities decimal text, instants RFC 3339 in UTC, civil dates "2026-03-02". A list is
// {"items": […], "next": cursor}. A field that is not known is refused.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
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
	mux *http.ServeMux
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

// New registers every operation on the mux and returns the interface's description. Every address below /api/v1 that is
// no operation is answered by a problem document.
func New(mux *http.ServeMux, s Services, log *slog.Logger) *huma.OpenAPI {
	setShape()
	config := huma.DefaultConfig("Halle", Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = prefix+"/openapi", "", "" // the library's docs page loads scripts from elsewhere
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	config.Formats = formats()
	config.Info.Description = "Orders, services, usage, invoices and proofs of a cloud broker. Errors are problem documents (RFC 9457)."
	config.Info.License = &huma.License{Name: "Apache-2.0"}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[catalog.Document](), reflect.TypeFor[any]())
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "an API token (hal_…) or a session (hls_…)"},
	}
	a := &server{Services: s, mux: mux, api: humago.New(mux, config), log: log}
	a.api.UseMiddleware(a.signedIn)
	a.routes()
	mux.HandleFunc(prefix+"/", a.noOperation)
	return a.api.OpenAPI()
}

// schemaName names a type in the description: our own by its name, others with their package before it.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
	if t.Name() == "" || pkg == "api" || pkg == "" {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
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

func (r route) operation() huma.Operation {
	op := huma.Operation{OperationID: r.id, Method: r.method, Path: prefix + r.path, Summary: r.summary, Tags: []string{r.tag}, DefaultStatus: r.status,
		MaxBodyBytes: r.maxBody, Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
		Security: []map[string][]string{{"bearer": {}}}}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	if r.public {
		op.Security = []map[string][]string{{}}
	}
	return op
}

// add registers an operation. The use case authorises; signedIn only refuses nobody where somebody is needed, so that an
// operation that forgets to ask is not open to the street.
func add[I, O any](s *server, r route, h func(ctx context.Context, c access.Caller, in *I) (*O, error)) {
	huma.Register(s.api, r.operation(), func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, signin.CallerOf(ctx), in)
		if err != nil {
			return nil, NewProblem(ctx, s.log, err)
		}
		return out, nil
	})
}

// signedIn refuses nobody before anything of the request is looked at.
func (s *server) signedIn(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if len(ctx.Operation().Security[0]) > 0 && !s.admitted(w, r) {
		return
	}
	next(huma.WithValue(ctx, requestKey{}, r))
}

// admitted tells whether somebody calls, and refuses nobody.
func (s *server) admitted(w http.ResponseWriter, r *http.Request) bool {
	if signin.CallerOf(r.Context()).Ref() != "nobody" {
		return true
	}
	s.refuse(w, r, fail.New(fail.Unauthenticated, "signin.needed", "Nobody is signed in.", "Sign in, or send an API token."))
	return false
}

// Body is an answer that is only a body.
type Body[T any] struct{ Body T }

func body[T any](v T, err error) (*Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &Body[T]{Body: v}, nil
}

// Tagged is an answer with the version of what it shows.
type Tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func tagged[T any](v T, version int64, err error) (*Tagged[T], error) {
	if err != nil {
		return nil, err
	}
	return &Tagged[T]{ETag: etag(version), Body: v}, nil
}

// Empty is an answer without a body.
type Empty struct{}

func empty(err error) (*Empty, error) {
	if err != nil {
		return nil, err
	}
	return &Empty{}, nil
}
