package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/why"
)

// statuses maps each kind of failure to the status of its page.
func statuses() map[fail.Kind]int {
	return map[fail.Kind]int{
		fail.Invalid: http.StatusUnprocessableEntity, fail.Unauthenticated: http.StatusUnauthorized, fail.Denied: http.StatusForbidden,
		fail.NotFound: http.StatusNotFound, fail.Conflict: http.StatusConflict, fail.Gone: http.StatusGone, fail.Limit: http.StatusConflict,
		fail.Precondition: http.StatusPreconditionFailed, fail.TooLarge: http.StatusRequestEntityTooLarge,
		fail.TooMany: http.StatusTooManyRequests, fail.Unavailable: http.StatusServiceUnavailable, fail.Internal: http.StatusInternalServerError,
	}
}

// Status is the HTTP status of an error.
func Status(err error) int {
	if status, ok := statuses()[fail.KindOf(err)]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// fail answers with the page of an error. Nobody signed in, on a page that is only read, leads to the sign-in page.
func (r *Request) fail(err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		err = fail.New(fail.Unavailable, "site.slow", "The answer took too long.", "Try again in a moment.").Wrap(err)
	}
	e := AsFail(err)
	status := Status(e)
	if status >= http.StatusInternalServerError {
		r.site.o.Log.ErrorContext(r.Context(), "page failed", "code", e.Code, "error", err)
	}
	if e.Kind == fail.Unauthenticated && !r.SignedIn() {
		to := "/sign-in"
		if r.Method == http.MethodGet {
			to += "?to=" + url.QueryEscape(r.URL.RequestURI())
		}
		if r.Header.Get("HX-Request") == "true" {
			r.W.Header().Set("HX-Redirect", to)
			r.W.WriteHeader(http.StatusNoContent)
			return
		}
		http.Redirect(r.W, r.Request, to, http.StatusSeeOther)
		return
	}
	if err := r.errorPage(status, e); err != nil {
		r.site.o.Log.ErrorContext(r.Context(), "the page of an error failed", "error", err)
		http.Error(r.W, r.T("site.error.internal")+" "+r.reference(), status)
	}
}

func (r *Request) errorPage(status int, e *fail.Error) error {
	view := r.Refusal(e)
	title := view.Title
	view.Action = r.nextStep(e)
	if status >= http.StatusInternalServerError {
		view.Reference = r.reference()
	}
	sheet := Sheet{Page: r.Page(title), Main: []Block{{Template: "states.error", View: view}}}
	if panel := r.Why(e); panel != nil {
		panel.Open = true
		sheet.Main = append(sheet.Main, Block{Template: "why", View: *panel})
	}
	return r.Show(status, sheet)
}

// nextStep is the one thing to do about an error.
func (r *Request) nextStep(e *fail.Error) *button.Button {
	switch e.Kind {
	case fail.Unavailable, fail.Internal, fail.TooMany:
		if r.Method == http.MethodGet {
			return &button.Button{Text: r.T("site.again"), URL: r.URL.RequestURI(), Icon: "refresh"}
		}
	case fail.Unauthenticated:
		return &button.Button{Text: r.T("site.signin"), URL: "/sign-in", Kind: button.Primary}
	}
	if back, err := url.Parse(r.Referer()); err == nil && back.Host == r.Host && r.Method == http.MethodPost {
		return &button.Button{Text: r.T("site.back"), URL: LocalPath(back.RequestURI(), "/")}
	}
	home := "/"
	if r.desk.Home != "" && r.SignedIn() {
		home = r.desk.Home
	}
	return &button.Button{Text: r.T("site.home"), URL: home}
}

// Words are the text and the remedy of an error in the language of the page. What is not there, and what may not be seen,
// have the same words.
func (r *Request) Words(e *fail.Error) (text, remedy string) {
	if e.Kind == fail.NotFound && !r.L.Has("fail."+e.Code) {
		return r.T("fail.not_found"), r.T("fail.not_found.remedy")
	}
	return r.L.Fail(e)
}

// Refusal is an error as a person reads it: what, why, and what would make it pass.
func (r *Request) Refusal(e *fail.Error) states.Error {
	text, remedy := r.Words(e)
	view := states.Error{Title: r.T("site.error." + string(e.Kind)), Text: text, Remedy: remedy}
	if e.Kind == fail.Internal {
		view.Text, view.Remedy = r.T("site.error.internal.text"), r.T("site.error.internal.remedy")
	}
	for _, f := range e.Fields {
		view.Remedy = strings.TrimSpace(view.Remedy + " " + f.Path + ": " + f.Message + ".")
	}
	return view
}

// Why is the panel with every reason of a refusal; nil when there is none.
func (r *Request) Why(e *fail.Error) *why.Panel {
	if len(e.Reasons) == 0 {
		return nil
	}
	text, remedy := r.Words(e)
	p := &why.Panel{Question: text, Answer: remedy}
	for _, reason := range e.Reasons {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: r.Reason(reason), Clause: reason.Clause})
	}
	return p
}
