package design

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever a form sends as the way back, the redirect stays on this host and in one header line.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a?b=c&lang=fr", "//evil", "/\\evil", "https://evil", "", "/%2f/evil", "/a\r\nX: y", "/?q=%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, back string) {
		got := localPath(back)
		u, err := url.Parse(got)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("%q leads to %q", back, got)
		}
	})
}
