package main

import (
	"net/netip"
	"testing"
)

func TestOrigin(t *testing.T) {
	ours := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name, remote, want string
		forwarded          []string
	}{
		{"no proxy", "203.0.113.7:5000", "203.0.113.7:5000", nil},
		{"a stranger who pretends", "203.0.113.7:5000", "203.0.113.7:5000", []string{"192.0.2.1"}},
		{"through ours", "127.0.0.1:5000", "192.0.2.1:0", []string{"192.0.2.1"}},
		{"through two of ours", "127.0.0.1:5000", "192.0.2.1:0", []string{"192.0.2.1, 10.1.2.3"}},
		{"what the customer wrote before ours added is not believed", "127.0.0.1:5000", "192.0.2.1:0", []string{"198.51.100.9, 192.0.2.1"}},
		{"two headers", "127.0.0.1:5000", "192.0.2.1:0", []string{"198.51.100.9", "192.0.2.1"}},
		{"nothing was added", "127.0.0.1:5000", "127.0.0.1:5000", nil},
		{"nonsense", "127.0.0.1:5000", "127.0.0.1:5000", []string{"unknown"}},
		{"nonsense before ours", "127.0.0.1:5000", "10.1.2.3:0", []string{"<script>, 10.1.2.3"}},
		{"IPv6", "127.0.0.1:5000", "[2001:db8::1]:0", []string{"2001:db8::1"}},
		{"IPv4 in IPv6", "127.0.0.1:5000", "192.0.2.1:0", []string{"::ffff:192.0.2.1"}},
		{"ours in IPv6", "[::ffff:127.0.0.1]:5000", "192.0.2.1:0", []string{"192.0.2.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := origin(ours, c.remote, c.forwarded); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
