package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/signin"
)

func callerOf(r *http.Request) access.Caller { return signin.CallerOf(r.Context()) }

// mediaOf is the media type of the request's body without its parameters.
func mediaOf(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

func answer(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the caller has gone when this fails
	return nil
}

// manageRoutes pass what an application keeps itself, such as the devices of a message broker, on to it.
func (s *server) manageRoutes() {
	for method, id := range map[string]string{http.MethodGet: "readManaged", http.MethodPost: "changeManaged", http.MethodDelete: "deleteManaged"} {
		doc := rawDoc{gives: []string{"application/json"}, answer: s.schemaOf(json.RawMessage{})}
		if method == http.MethodPost {
			doc.takes = []string{"application/json"}
		}
		s.raw(route{method: method, path: "/services/{service}/manage/{path}", id: id, summary: "Manage the application of a service (path such as devices/pump-7)", tag: servicesTag},
			"/services/{service}/manage/{path...}", doc, s.manage)
	}
}

func (s *server) manage(w http.ResponseWriter, r *http.Request) error {
	in := provision.ManageRequest{Method: r.Method, Path: r.PathValue("path")}
	if r.Method == http.MethodPost {
		var err error
		if in.Body, err = readBody(w, r, maxBody); err != nil {
			return err
		}
	}
	reply, err := s.Resources.Manage(r.Context(), callerOf(r), r.PathValue("service"), in)
	if err != nil {
		return err
	}
	// What an application says is data: a browser never takes it for a page of ours.
	kind := reply.Type
	if kind == "" || !strings.HasPrefix(kind, "application/") {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
	return nil
}
