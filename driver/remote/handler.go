package remote

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// Handler serves a driver under /v0/ to whoever has the token; an empty token lets nobody in.
func Handler(d provision.Driver, token string) http.Handler {
	mux := http.NewServeMux()
	for verb, run := range map[string]func(context.Context, request) (answer, error){
		"describe": func(ctx context.Context, r request) (answer, error) {
			out, err := d.Describe(ctx, *r.Target)
			return answer{Description: &out}, err
		},
		"observe": func(ctx context.Context, r request) (answer, error) {
			out, err := d.Observe(ctx, *r.Target)
			return answer{Observed: out}, err
		},
		"copies": func(ctx context.Context, r request) (answer, error) {
			return copies(ctx, d, r)
		},
		"manage": func(ctx context.Context, r request) (answer, error) {
			return manage(ctx, d, r)
		},
		"begin": func(ctx context.Context, r request) (answer, error) {
			return progressed(d.Begin(ctx, *r.Operation))
		},
		"poll": func(ctx context.Context, r request) (answer, error) {
			return progressed(d.Poll(ctx, *r.Operation, r.Handle))
		},
		"cancel": func(ctx context.Context, r request) (answer, error) {
			return progressed(d.Cancel(ctx, *r.Operation, r.Handle))
		},
	} {
		onTarget := verb == "describe" || verb == "observe" || verb == "copies" || verb == "manage"
		mux.HandleFunc("POST /v0/"+verb, func(w http.ResponseWriter, r *http.Request) { serve(w, r, token, onTarget, run) })
	}
	return mux
}

// manage serves the verb where the driver has it.
func manage(ctx context.Context, d provision.Driver, r request) (answer, error) {
	m, ok := d.(provision.Manager)
	if !ok {
		return answer{}, fail.New(fail.NotFound, "remote.unmanaged", "There is nothing here to manage.", "Use the service's own address.")
	}
	if r.Manage == nil || r.Manage.Version != provision.ContractVersion {
		return answer{}, fail.New(fail.Invalid, "remote.request", "The call cannot be read.", "Send what the publisher contract says.").Field("manage", "It is missing or of another version.")
	}
	reply, err := m.Manage(ctx, *r.Target, *r.Manage)
	return answer{Reply: &reply}, err
}

// copies serves the verb where the driver has it.
func copies(ctx context.Context, d provision.Driver, r request) (answer, error) {
	l, ok := d.(provision.Lister)
	if !ok {
		return answer{}, fail.New(fail.NotFound, "remote.unlisted", "There is no list of copies here.", "Ask what can be observed.")
	}
	list, err := l.Copies(ctx, *r.Target)
	return answer{Copies: list}, err
}

func progressed(p provision.Progress, err error) (answer, error) { return answer{Progress: &p}, err }

func serve(w http.ResponseWriter, r *http.Request, token string, onTarget bool, run func(context.Context, request) (answer, error)) {
	if !allowed(r, token) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, fail.New(fail.Unauthenticated, "remote.token", "The token is missing or wrong.",
			"Send the bearer token of this target."))
		return
	}
	in, err := read(w, r, onTarget)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	out, err := run(r.Context(), in)
	if err != nil {
		refuse(w, status(err), err)
		return
	}
	out.Version = provision.ContractVersion
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // whoever went away asks again
}

// allowed compares digests, so that neither content nor length shows in the time it takes.
func allowed(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	return ok && token != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func read(w http.ResponseWriter, r *http.Request, onTarget bool) (request, error) {
	var in request
	bad := fail.New(fail.Invalid, "remote.request", "The call cannot be read.", "Send what the publisher contract says.")
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&in); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return in, bad.Field("", fmt.Sprintf("It has more than %d bytes.", maxRequest))
		}
		return in, bad.Wrap(err)
	}
	switch {
	case in.Version != provision.ContractVersion:
		return in, bad.Field("version", fmt.Sprintf("Version %d is spoken here.", provision.ContractVersion))
	case onTarget && in.Target == nil:
		return in, bad.Field("target", "It is missing.")
	case !onTarget && in.Operation == nil:
		return in, bad.Field("operation", "It is missing.")
	case !onTarget && in.Operation.Version != provision.ContractVersion:
		return in, bad.Field("operation.version", fmt.Sprintf("Version %d is spoken here.", provision.ContractVersion))
	case len(in.Handle) > maxHandle:
		return in, bad.Field("handle", fmt.Sprintf("It has more than %d bytes.", maxHandle))
	}
	return in, nil
}

func status(err error) int {
	switch fail.KindOf(err) {
	case fail.Invalid:
		return http.StatusUnprocessableEntity
	case fail.NotFound:
		return http.StatusNotFound
	case fail.Conflict, fail.Limit:
		return http.StatusConflict
	case fail.TooMany:
		return http.StatusTooManyRequests
	case fail.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refuse writes a problem; the operator's text of the error stays here.
func refuse(w http.ResponseWriter, code int, err error) {
	p := problem{Title: http.StatusText(code), Status: code, Kind: fail.KindOf(err), Code: fail.CodeOf(err)}
	var e *fail.Error
	if errors.As(err, &e) {
		p.Detail, p.Remedy = e.Message, e.Remedy
		for _, f := range e.Fields {
			p.Detail = strings.TrimSpace(p.Detail + " " + f.Path + ": " + f.Message)
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(p)
}
