package site

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design"
)

// guard is around every page: headers, cross-origin protection, a time limit, who calls, errors and panics as pages.
func (s *Site) guard(d Desk, open bool, h Handler) http.Handler {
	page := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), s.o.Timeout)
		defer cancel()
		r := &Request{Request: req.WithContext(ctx), W: w, site: s, desk: d, whole: req.Context()}
		defer func() {
			if p := recover(); p != nil {
				s.o.Log.ErrorContext(ctx, "panic in a page", "panic", p, "stack", string(debug.Stack()))
				r.fail(fail.New(fail.Internal, "internal", "", "").Wrap(fmt.Errorf("panic: %v", p)))
			}
		}()
		r.L = s.render.Locale(s.render.Page(req, "").Lang)
		err := r.authenticate()
		if err == nil {
			err = s.run(r, open, h)
		}
		if err != nil {
			r.fail(err)
		}
	})
	return design.Secure(s.crossGuard(page))
}

func (s *Site) run(r *Request, open bool, h Handler) error {
	if !open && r.Caller.Ref() == "nobody" {
		return fail.New(fail.Unauthenticated, "signin.needed", "Nobody is signed in.", "Sign in.")
	}
	if r.Method == http.MethodPost {
		if err := r.parse(); err != nil {
			return err
		}
	}
	return h(r)
}

// crossGuard refuses a form that another site sent (Sec-Fetch-Site, else Origin), as a page.
func (s *Site) crossGuard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := s.cross.Check(req); err != nil {
			r := &Request{Request: req, W: w, site: s}
			r.L = s.render.Locale(s.render.Page(req, "").Lang)
			r.fail(fail.New(fail.Denied, "site.cross_origin", "The form was sent from another site.", "Open the page here and send it again.").Wrap(err))
			return
		}
		next.ServeHTTP(w, req)
	})
}

// authenticate tells who calls: the server's middleware has said it, else the session cookie says it. A session that has
// ended is nobody, and its cookie is taken away.
func (r *Request) authenticate() error {
	r.Caller = signin.CallerOf(r.Context())
	r.Credential = signin.FromRequest(r.Request)
	if r.Caller.Ref() != "nobody" || r.Credential == "" {
		return nil
	}
	c, err := r.site.SignIns.Authenticate(r.Context(), r.Credential)
	switch {
	case err == nil:
		r.Caller = c
		r.Request = r.WithContext(signin.WithCaller(r.Context(), c))
	case fail.Is(err, fail.Unauthenticated):
		r.SetSession(signin.Session{})
		r.Credential = ""
	default:
		return err
	}
	return nil
}

// SetSession keeps a session in the browser; an empty one takes it away.
func (r *Request) SetSession(session signin.Session) {
	http.SetCookie(r.W, signin.Cookie(session, r.secure()))
}

func (r *Request) secure() bool { return r.site.o.Secure || r.TLS != nil }

// Origin is where the request comes from, for signing in.
func (r *Request) Origin() signin.Origin {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return signin.Origin{Address: host, Agent: r.UserAgent(), Country: r.Caller.Country}
}

func (r *Request) host() string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		return r.Host
	}
	return host
}

// reference is what a person quotes when something broke.
func (r *Request) reference() string {
	if id := observe.Request(r.Context()); id != "" {
		return id
	}
	return r.W.Header().Get("X-Request-Id")
}

// LocalPath keeps a way back on this portal: anything else becomes fallback.
func LocalPath(back, fallback string) string {
	u, err := url.ParseRequestURI(back)
	if err != nil || !strings.HasPrefix(back, "/") || strings.ContainsAny(back, "\\\r\n") || strings.HasPrefix(back, "//") ||
		strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return fallback
	}
	return u.RequestURI()
}

func missing() error {
	return fail.New(fail.NotFound, "site.no_page", "There is no page at this address.", "Check the address, or start from the first page.")
}

// IsStaff tells whether somebody works for the operator or a reseller.
func IsStaff(c access.Caller) bool { return c.Has(access.RoleOperator) || c.Has(access.RoleSupport) }
