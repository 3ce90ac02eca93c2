package design

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

// policy lets a page use this host's files and nothing else; nothing runs or is styled inline.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// framed is a page with its content rendered, as the frame's template sees it.
type framed struct {
	Page
	Content template.HTML
}

// Render writes a page: the template of that name inside the frame. To a request of htmx (other than a boosted
// link or a lost history entry) it writes the content alone. Nothing is written before all of it is made, so an
// error leaves the response untouched and the caller can still answer with an error page.
func (r *Renderer) Render(w http.ResponseWriter, req *http.Request, status int, name string, view View) error {
	page := view.base()
	body, err := r.Fragment(page.Lang, name, view)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "HX-Request, Accept-Language, Cookie")
	if partial(req) {
		return write(w, status, body)
	}
	out, err := r.execute(page.Lang, "page/page", framed{page, body})
	if err != nil {
		return err
	}
	return write(w, status, out)
}

// RenderPart writes one component alone: the answer to a request of htmx that replaces a part of a page.
func (r *Renderer) RenderPart(w http.ResponseWriter, status int, lang, name string, view any) error {
	body, err := r.Fragment(lang, name, view)
	if err != nil {
		return err
	}
	return write(w, status, body)
}

// Fragment renders a template to HTML, to be placed into another view (a table's cell, a description).
func (r *Renderer) Fragment(lang, name string, view any) (template.HTML, error) {
	return r.execute(lang, name, view)
}

func (r *Renderer) execute(lang, name string, view any) (template.HTML, error) {
	var b bytes.Buffer
	set := r.sets[r.Locale(lang).Lang()]
	if err := set.ExecuteTemplate(&b, name, view); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(b.String()), nil
}

func partial(req *http.Request) bool {
	h := req.Header
	return h.Get("HX-Request") == "true" && h.Get("HX-Boosted") == "" && h.Get("HX-History-Restore-Request") == ""
}

func write(w http.ResponseWriter, status int, body template.HTML) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	if _, err := w.Write([]byte(body)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// Secure sets the headers that every page carries. It wraps the whole portal.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, req)
	})
}
