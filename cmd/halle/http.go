package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/signin"
)

// statusWriter remembers the status for the metrics, and gives an answer time as long as somebody takes it.
type statusWriter struct {
	http.ResponseWriter
	status int
	moved  time.Time // when the deadline for writing was last put off
}

// writeFor is how long one write may take: a slow line takes an hour for a long download, a dead one is let go.
const writeFor = 2 * time.Minute

// WriteHeader is for http.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is for http.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if now := time.Now(); now.Sub(w.moved) > writeFor/8 {
		w.moved = now
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(now.Add(writeFor))
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outer gives each request an id, tells who calls, counts it, and turns a panic into an answer.
func (h *house) outer(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		defer h.db.Foreground()()
		requestID := fmt.Sprintf("%x", id.NewUUID())
		ctx := observe.WithRequest(r.Context(), requestID)
		sw := &statusWriter{ResponseWriter: w}
		sw.Header().Set("X-Request-Id", requestID)
		_, pattern := mux.Handler(r)
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				panic(p) // an answer that broke off must not look whole
			} else if p != nil {
				h.log.ErrorContext(ctx, "panic in a request", "route", pattern, "panic", p, "stack", string(debug.Stack()))
				if sw.status == 0 {
					http.Error(sw, "Something went wrong on our side. Tell support: "+requestID, http.StatusInternalServerError)
				}
			}
			h.metrics.Observe(pattern, sw.status, time.Since(start))
		}()
		ctx, ok := h.authenticate(ctx, sw, r)
		if !ok {
			return
		}
		next.ServeHTTP(sw, r.WithContext(ctx))
	})
}

// authenticate puts who calls into the context. A session that has ended is nobody, so that pages can offer to sign in
// again; a token that does not stand is refused at once.
func (h *house) authenticate(ctx context.Context, w http.ResponseWriter, r *http.Request) (context.Context, bool) {
	if strings.HasPrefix(h.conf.URL, "https:") {
		withoutPlainCookie(r)
	}
	credential := signin.FromRequest(r)
	c, err := h.signIns.Authenticate(ctx, credential)
	if err == nil {
		return signin.WithCaller(ctx, c), true
	}
	if fail.Is(err, fail.Unauthenticated) && r.Header.Get("Authorization") == "" {
		return ctx, true
	}
	h.problem(ctx, w, err)
	return ctx, false
}

// withoutPlainCookie forgets the demo's session cookie where there is TLS: it has no __Host- prefix, so a neighbouring site
// of the same domain could plant its own session there (session fixation).
func withoutPlainCookie(r *http.Request) {
	kept := r.Cookies()
	r.Header.Del("Cookie")
	for _, c := range kept {
		if c.Name != signin.Cookie(signin.Session{}, false).Name {
			r.AddCookie(c)
		}
	}
}

// serveHTTP answers on the listener until ctx ends, then lets requests finish.
func serveHTTP(ctx context.Context, s *http.Server, serve func() error, log *slog.Logger) error {
	done := make(chan error, 1)
	go func() { done <- serve() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(stopCtx); err != nil {
		log.Warn("requests were cut off at the stop", "error", err)
	}
	<-done
	return nil
}
