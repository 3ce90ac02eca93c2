package m2m

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// usageClient gives the address to post usage to and the client for it. With unix:SOCKET whoever started us takes the
// posts on that socket and hands them on: a broker that is shut off from every network still reaches it.
func usageClient(cfg Config) (address string, client *http.Client) {
	client = &http.Client{Timeout: 20 * time.Second}
	socket, ok := strings.CutPrefix(cfg.UsageURL, "unix:")
	if !ok {
		return cfg.UsageURL, client
	}
	path := cfg.path(socket)
	client.Transport = &http.Transport{MaxIdleConns: 1, IdleConnTimeout: 20 * time.Second,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, path) }}
	return "http://usage/", client
}

// dialSocket reaches a socket whose path may be longer than an address holds.
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	var dialer net.Dialer
	if len(path) <= maxSocketPath {
		return dialer.DialContext(ctx, "unix", path)
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("m2m: open folder: %w", err)
	}
	defer func() { _ = d.Close() }()
	return dialer.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path)))
}
