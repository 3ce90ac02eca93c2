package m2m

import (
	"context"
	"net"
	"net/http"
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
	short, done, err := shortPath(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return new(net.Dialer).DialContext(ctx, "unix", short)
}
