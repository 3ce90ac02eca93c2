package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/signin"
)

type requestKey struct{}

// requestOf is the request behind an operation.
func requestOf(ctx context.Context) *http.Request {
	r, ok := ctx.Value(requestKey{}).(*http.Request)
	if !ok {
		return &http.Request{Header: http.Header{}}
	}
	return r
}

// originOf tells where the request comes from.
func originOf(ctx context.Context) signin.Origin {
	r := requestOf(ctx)
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return signin.Origin{Address: host, Agent: r.UserAgent()}
}

// formats are the library's, with a reading of JSON that takes nothing twice and nothing half.
func formats() map[string]huma.Format {
	strict := huma.DefaultJSONFormat
	strict.Unmarshal = func(data []byte, v any) error {
		if _, first := v.(*any); first {
			if _, err := proof.CanonicalBytes(data); err != nil {
				return err
			}
		}
		return json.Unmarshal(data, v)
	}
	return map[string]huma.Format{"application/json": strict, "json": strict}
}

// Page is how a list is asked for.
type Page struct {
	Cursor string `query:"cursor" maxLength:"512" doc:"from the answer before; empty for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"entries at most"`
}

// List is a page of entries. Next is empty on the last page.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page"`
}

// listOf makes a page of what each item becomes on the wire.
func listOf[A, B any](items []A, next string, wire func(A) B, err error) (*Body[List[B]], error) {
	if err != nil {
		return nil, err
	}
	out := make([]B, 0, len(items))
	for _, item := range items {
		out = append(out, wire(item))
	}
	return &Body[List[B]]{Body: List[B]{Items: out, Next: next}}, nil
}

// same is the wire form of what has one already.
func same[T any](v T) T { return v }

// pack makes a cursor of a position, so that clients do not build on its form.
func pack(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// unpack reads a cursor; an empty one leaves v as it is.
func unpack(text string, v any) error {
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

// versionOf reads the version out of an If-Match header; 0 is no condition.
func versionOf(header string) (int64, error) {
	text := strings.TrimSpace(header)
	if text == "" || text == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil || n < 1 || text != etag(n) {
		return 0, fail.New(fail.Precondition, "api.etag", "The If-Match header is no version that this server gave.", "Send the ETag of the answer before.").Field("If-Match", "is not a version")
	}
	return n, nil
}

// ifMatch compares the precondition of a change with the present version.
func ifMatch(header string, version int64) error {
	wanted, err := versionOf(header)
	if err != nil || wanted == 0 || wanted == version {
		return err
	}
	return fail.New(fail.Precondition, "api.changed", "It was changed by somebody else meanwhile.", "Read it again, and repeat the change on what you then see.")
}

// rawDoc is what the description says about an operation that reads or writes the connection itself.
type rawDoc struct {
	takes   []string // media types of the body, none for no body
	gives   []string // media types of the answer
	answer  *huma.Schema
	headers []string // of the request
	query   []string
}

// raw registers an operation whose body or answer is not JSON of ours: files, streams, and what must be fast.
func (s *server) raw(r route, pattern string, doc rawDoc, h func(w http.ResponseWriter, req *http.Request) error) {
	op := r.operation()
	for _, step := range strings.Split(r.path, "/") {
		if name, ok := strings.CutPrefix(step, "{"); ok {
			op.Parameters = append(op.Parameters, text(strings.TrimSuffix(name, "}"), "path", true))
		}
	}
	for _, name := range doc.query {
		op.Parameters = append(op.Parameters, text(name, "query", false))
	}
	for _, name := range doc.headers {
		op.Parameters = append(op.Parameters, text(name, "header", false))
	}
	if len(doc.takes) > 0 {
		op.RequestBody = &huma.RequestBody{Required: true, Content: media(doc.takes, &huma.Schema{Type: huma.TypeString, Format: "binary"})}
	}
	if doc.answer == nil {
		doc.answer = &huma.Schema{Type: huma.TypeString, Format: "binary"}
	}
	status := max(r.status, http.StatusOK)
	op.Responses = map[string]*huma.Response{strconv.Itoa(status): {Description: http.StatusText(status), Content: media(doc.gives, doc.answer)}}
	problem := s.api.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	for _, code := range op.Errors {
		op.Responses[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: media([]string{"application/problem+json"}, problem)}
	}
	s.api.OpenAPI().AddOperation(&op)
	s.mux.HandleFunc(r.method+" "+prefix+pattern, func(w http.ResponseWriter, req *http.Request) {
		if !r.public && !s.admitted(w, req) {
			return
		}
		if err := h(w, req); err != nil {
			s.refuse(w, req, err)
		}
	})
}

func text(name, in string, required bool) *huma.Param {
	return &huma.Param{Name: name, In: in, Required: required, Schema: &huma.Schema{Type: huma.TypeString}}
}

func media(types []string, schema *huma.Schema) map[string]*huma.MediaType {
	m := map[string]*huma.MediaType{}
	for _, name := range types {
		m[name] = &huma.MediaType{Schema: schema}
	}
	return m
}

// readBody reads a bounded body; a longer one is too large, one that breaks off is invalid.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= limit {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	var long *http.MaxBytesError
	switch {
	case asError(err, &long):
		return nil, fail.New(fail.TooLarge, "api.too_large", "The body has more than "+strconv.FormatInt(limit, 10)+" bytes.", "Send less at once.")
	case err != nil:
		return nil, fail.New(fail.Invalid, "api.body", "The body broke off.", "Send it again.").Wrap(err)
	}
	return buf.Bytes(), nil
}

// file writes an answer that is saved as a file; f may fail before its first byte only, or the connection is cut, so
// that nobody takes half a file for a whole one.
func (s *server) file(w http.ResponseWriter, r *http.Request, kind, name string, f func(w io.Writer) error) error {
	out := &lazy{w: w, kind: kind, name: name}
	err := f(out)
	if err == nil || !out.begun {
		return err
	}
	s.log.ErrorContext(r.Context(), "a file broke off", "file", name, "error", err)
	panic(http.ErrAbortHandler)
}

// lazy sends the headers with the first byte.
type lazy struct {
	w          http.ResponseWriter
	kind, name string
	begun      bool
}

// Write is for io.
func (l *lazy) Write(b []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", l.kind)
		l.w.Header().Set("Content-Disposition", `attachment; filename="`+l.name+`"`)
		l.w.Header().Set("X-Content-Type-Options", "nosniff")
	}
	return l.w.Write(b)
}

// noOperation answers where nothing is, or not with this method.
func (s *server) noOperation(w http.ResponseWriter, r *http.Request) {
	allowed := map[string]bool{}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
			allowed[method] = true
		}
	}
	if len(allowed) == 0 {
		s.refuse(w, r, fail.New(fail.NotFound, "api.no_operation", "There is no such operation.", "Compare the address with "+prefix+"/openapi.json."))
		return
	}
	list := strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")
	w.Header().Set("Allow", list)
	p := NewProblem(r.Context(), s.log, fail.New(fail.Invalid, "api.method", "This address is not used with "+r.Method+".", "Use "+list+"."))
	p.Status = http.StatusMethodNotAllowed
	p.write(w)
}

// schemaOf puts a type into the description.
func (s *server) schemaOf(v any) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}
