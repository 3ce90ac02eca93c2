package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// behind gives requests that come through one of our own reverse proxies the address of whoever asked the proxy, so
// that limits count people and not the proxy. Whoever is no proxy of ours may write any X-Forwarded-For: it is ignored,
// and of a list only what our own proxies added is believed (RFC 7239, 8.1).
func behind(proxies []netip.Prefix, next http.Handler) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = origin(proxies, r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		next.ServeHTTP(w, r)
	})
}

// origin walks back from the connection to the first address that is not a proxy of ours.
func origin(proxies []netip.Prefix, remote string, forwarded []string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil || !within(proxies, at.Addr()) {
		return remote
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // the proxy before it wrote something else: it is the last one known
		}
		remote = net.JoinHostPort(hop.Unmap().String(), "0")
		if !within(proxies, hop) {
			break
		}
	}
	return remote
}

func within(proxies []netip.Prefix, a netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
