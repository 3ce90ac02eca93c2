package shim

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const usageBytes = 16 << 20

// serveUsage takes the application's posts on a socket in its folder and hands them to the broker: an application
// without a network reaches that one address only. Nothing is added: the token is the application's.
func (s *supervisor) serveUsage() (*http.Server, error) {
	path := filepath.Join(DataDir, UsageFile)
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("usage socket: %w", err)
	}
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	server := &http.Server{ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.forward(client, w, r) })}
	go func() { _ = server.Serve(l) }()
	return server, nil
}

func (s *supervisor) forward(client *http.Client, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "usage is posted", http.StatusMethodNotAllowed)
		return
	}
	url := *s.usage.Load()
	if url == "" {
		// The broker may have moved: its address is read for each post.
		b, _ := os.ReadFile(EndpointFile)
		url = strings.TrimSpace(string(b))
	}
	if url == "" {
		http.Error(w, "the broker has not said where usage goes", http.StatusServiceUnavailable)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, http.MaxBytesReader(w, r.Body, usageBytes))
	if err != nil {
		http.Error(w, "usage address", http.StatusServiceUnavailable)
		return
	}
	req.ContentLength = r.ContentLength
	for _, name := range []string{"Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key", "Accept"} {
		if v := r.Header.Values(name); len(v) > 0 {
			req.Header[name] = v
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		http.Error(w, "the broker does not answer", http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if v := resp.Header.Values(name); len(v) > 0 {
			w.Header()[name] = v
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(resp.Body, usageBytes))
}
