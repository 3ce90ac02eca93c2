package m2m

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// Status is the answer of GET /status and of a drain.
type Status struct {
	Resource       string `json:"resource"`
	Address        string `json:"address"`
	Accepting      bool   `json:"accepting"`
	Connections    int    `json:"connections"`
	Devices        int    `json:"devices"`
	Sessions       int    `json:"sessions"`
	Retained       int    `json:"retained"`
	Owed           int    `json:"owed"`              // deliveries to persistent sessions not confirmed yet
	Messages       int64  `json:"messages_accepted"` // since the journal began
	Bytes          int64  `json:"bytes_accepted"`
	Epoch          int64  `json:"epoch"`
	Interval       int64  `json:"interval"` // the open one
	OpenMessages   int64  `json:"open_messages"`
	Outbox         int    `json:"outbox"` // sealed intervals not accepted yet
	SealedThrough  string `json:"sealed_through,omitempty"`
	SentThrough    string `json:"sent_through,omitempty"`
	JournalProblem string `json:"journal_problem,omitempty"`
	UsageProblem   string `json:"usage_problem,omitempty"`
}

func (s *service) status() Status {
	out := Status{Resource: s.cfg.Resource, Address: s.address, Accepting: !s.broker.draining.Load(),
		Connections: len(s.broker.connections()), Devices: len(s.devices.all())}
	if err := s.journal.Err(); err != nil {
		out.JournalProblem, out.Accepting = err.Error(), false
	}
	if err := s.outbox.lastError(); err != nil {
		out.UsageProblem = err.Error()
	}
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, ses := range st.sessions {
		if ses.durable {
			out.Sessions++
			out.Owed += ses.owed
		}
	}
	out.Retained, out.Messages, out.Bytes = len(st.retained), st.total.Messages, st.total.Bytes
	out.Epoch, out.Interval, out.OpenMessages, out.Outbox = st.epoch, st.interval, st.open.Messages, len(st.outbox)
	if st.sealedThrough > 0 {
		out.SealedThrough = stamp(st.sealedThrough)
	}
	if st.sentThrough > 0 {
		out.SentThrough = stamp(st.sentThrough)
	}
	return out
}

// serveControl answers on control.sock, which only the owner of the folder can open:
//
//	GET    /status          Status
//	GET    /devices         [{name, prefix, created}]
//	POST   /devices         {name, prefix?, password?} → {name, password}; the password is shown this once
//	DELETE /devices/{name}  204; its connections end at once
//	POST   /drain           accept no more, seal, send; answers Status when everything was accepted
//	POST   /seal            202; the same, then the process ends
//	GET    /export          tar of devices, sessions, messages, configuration
//	POST   /import          such a tar, into an empty resource
//
// Refusals are problem documents (RFC 9457).
func (s *service) serveControl() (func(), error) {
	path := s.cfg.path(socketFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("m2m: remove the old control socket: %w", err)
	}
	bind, release, err := shortPath(path)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", bind)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		release()
		return nil, fmt.Errorf("m2m: control socket: %w", err)
	}
	srv := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return func() { _ = srv.Close(); release() }, nil
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.status()) })
	mux.HandleFunc("GET /devices", s.listDevices)
	mux.HandleFunc("POST /devices", s.addDevice)
	mux.HandleFunc("DELETE /devices/{name}", s.removeDevice)
	mux.HandleFunc("POST /drain", func(w http.ResponseWriter, r *http.Request) {
		if err := s.drain(r.Context()); err != nil {
			problem(w, fail.New(fail.Unavailable, "m2m.drain", "Not everything was accepted yet.", "Ask again.").Wrap(err))
			return
		}
		answer(w, http.StatusOK, s.status())
	})
	mux.HandleFunc("POST /seal", func(w http.ResponseWriter, _ *http.Request) {
		s.quitting.Do(func() { close(s.quit) })
		answer(w, http.StatusAccepted, s.status())
	})
	mux.HandleFunc("GET /export", s.exportHandler)
	mux.HandleFunc("POST /import", s.importHandler)
	return mux
}

type deviceView struct {
	Name    string    `json:"name"`
	Prefix  string    `json:"prefix,omitempty"`
	Created time.Time `json:"created"`
}

func (s *service) listDevices(w http.ResponseWriter, _ *http.Request) {
	out := []deviceView{}
	for _, d := range s.devices.all() {
		out = append(out, deviceView{d.Name, d.Prefix, d.Created})
	}
	answer(w, http.StatusOK, out)
}

func (s *service) addDevice(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name     string `json:"name"`
		Prefix   string `json:"prefix"`
		Password string `json:"password"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		problem(w, fail.New(fail.Invalid, "m2m.json", "The request is not the JSON object that is expected: "+err.Error(), "Send name, and if wanted prefix and password."))
		return
	}
	password, err := s.devices.add(in.Name, in.Prefix, in.Password, s.cfg.Clock())
	if err != nil {
		problem(w, err)
		return
	}
	answer(w, http.StatusCreated, map[string]string{"name": in.Name, "password": password})
}

func (s *service) removeDevice(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if err := s.devices.remove(name); err != nil {
		problem(w, err)
		return
	}
	s.broker.dropDevice(name)
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone when this fails
}

// problem answers with a refusal.
func problem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch fail.KindOf(err) {
	case fail.Invalid:
		status = http.StatusUnprocessableEntity
	case fail.NotFound:
		status = http.StatusNotFound
	case fail.Conflict, fail.Limit:
		status = http.StatusConflict
	case fail.Unavailable:
		status = http.StatusServiceUnavailable
	}
	body := map[string]any{"status": status, "title": http.StatusText(status), "detail": err.Error()}
	var f *fail.Error
	if errors.As(err, &f) {
		body["code"], body["detail"], body["remedy"] = f.Code, f.Message, f.Remedy
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
