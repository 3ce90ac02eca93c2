package shim

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const nonceHeader = "Halle-Nonce"

// answer is what the socket tells.
type answer struct {
	Nonce string `json:"nonce"`
	State State  `json:"state"`
}

// ErrStranger says that whoever answers on the socket does not know the nonce of the label.
var ErrStranger = errors.New("the process that answers is not the shim of this resource")

// dialUnix connects to a socket in a folder however long the folder's path is; socket addresses hold 107 bytes. Only a
// socket is connected to, never a link: the application owns its folder and could point elsewhere.
func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil, fmt.Errorf("%s is no socket", filepath.Base(path))
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d", fd))
}

// unixClient speaks HTTP to a socket, one connection a request.
func unixClient(path string, limit time.Duration) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialUnix(ctx, path) }}}
}

// Ask posts a verb (status, apply, stop) to the shim of a folder and gives its state after it.
func Ask(ctx context.Context, dir string, label Label, verb string) (State, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://shim/"+verb, nil)
	if err != nil {
		return State{}, err
	}
	req.Header.Set(nonceHeader, label.Nonce)
	resp, err := unixClient(filepath.Join(dir, socketFile), 3*time.Second).Do(req)
	if err != nil {
		return State{}, fmt.Errorf("ask shim: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	if resp.StatusCode != http.StatusOK {
		return State{}, fmt.Errorf("ask shim: %s: %w", resp.Status, ErrStranger)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&a); err != nil {
		return State{}, fmt.Errorf("ask shim: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(a.Nonce), []byte(label.Nonce)) != 1 {
		return State{}, ErrStranger
	}
	return a.State, nil
}

// serveControl answers on the shim's socket. The lock is held, so that a socket found there is a dead one.
func (s *supervisor) serveControl() (*http.Server, error) {
	_ = os.Remove(socketFile)
	l, err := net.Listen("unix", socketFile)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /status", s.verb(func() {}))
	mux.Handle("POST /apply", s.verb(s.reload))
	mux.Handle("POST /stop", s.verb(func() { s.stopping = true }))
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	return server, nil
}

// verb runs fn in the loop and answers with the state after it.
func (s *supervisor) verb(fn func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(nonceHeader)), []byte(s.label.Nonce)) != 1 {
			http.Error(w, "wrong nonce", http.StatusForbidden)
			return
		}
		var state State
		done := make(chan struct{})
		select {
		case s.calls <- func() { fn(); s.converge(); state = s.state; close(done) }:
			<-done
		case <-s.ended:
			http.Error(w, "ending", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer{Nonce: s.label.Nonce, State: state})
	})
}

// control calls the application on its own socket. A verb that it does not have is nil, found false.
func control(method, verb string, body io.Reader, into io.Writer, limit time.Duration) (found bool, err error) {
	req, err := http.NewRequest(method, "http://app/"+verb, body)
	if err != nil {
		return false, err
	}
	resp, err := unixClient(filepath.Join(DataDir, ControlFile), limit).Do(req)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusNotImplemented:
		return false, nil
	case resp.StatusCode >= 300:
		text, _ := io.ReadAll(io.LimitReader(resp.Body, excerptWidth))
		return true, fmt.Errorf("%s: %s %s", verb, resp.Status, bytes.TrimSpace(text))
	}
	if _, err := io.Copy(into, resp.Body); err != nil {
		return true, fmt.Errorf("%s: %w", verb, err)
	}
	return true, nil
}

// App speaks HTTP to the application of a resource's folder on its control socket. A request takes at most limit.
func App(dir string, limit time.Duration) *http.Client {
	return unixClient(filepath.Join(dir, DataDir, ControlFile), limit)
}
