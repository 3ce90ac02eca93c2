package design_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/locale"
)

const kilobyte = 1000

func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	design.Secure(h).ServeHTTP(w, req)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGalleryIsSoundInEveryLanguageAndTheme(t *testing.T) {
	r := designtest.Renderer(t)
	for _, lang := range locale.Languages() {
		for _, theme := range design.Themes() {
			page := text(t, get(t, design.Gallery(r), "/design?lang="+lang, "Cookie", "theme="+theme))
			if want := fmt.Sprintf(`<html lang="%s" data-theme="%s">`, lang, theme); !strings.Contains(page, want) {
				t.Errorf("the page does not say %s", want)
			}
			for _, fault := range designtest.Faults(strings.TrimPrefix(page, "<!doctype html>")) {
				t.Errorf("%s %s: %s", lang, theme, fault)
			}
		}
	}
}

func TestWeight(t *testing.T) {
	css, err := design.Stylesheet()
	if err != nil {
		t.Fatal(err)
	}
	if len(css) >= 25*kilobyte {
		t.Errorf("the stylesheet weighs %d bytes, 25 kB at most", len(css))
	}
	r := designtest.Renderer(t)
	page := text(t, get(t, design.Gallery(r), "/design"))
	total, seen := 0, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			total += len(text(t, get(t, r.Static(), m[1])))
		}
	}
	if total >= 120*kilobyte {
		t.Errorf("what every page loads weighs %d bytes; 120 kB leave 30 kB for the page itself", total)
	}
}

func TestAssetsNeverGoStale(t *testing.T) {
	r := designtest.Renderer(t)
	page := text(t, get(t, design.Gallery(r), "/design"))
	address := regexp.MustCompile(`/static/halle\.[0-9a-f]{12}\.css`).FindString(page)
	plain := get(t, r.Static(), address)
	if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control: %q", got)
	}
	packed := get(t, r.Static(), address, "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if string(unpacked) != text(t, plain) {
		t.Error("the packed stylesheet is another one")
	}
	if got := get(t, r.Static(), "/static/halle.000000000000.css").StatusCode; got != http.StatusNotFound {
		t.Errorf("an address that was never given answers %d", got)
	}
}

func TestPolicyAllowsNothingInline(t *testing.T) {
	policy := get(t, http.NotFoundHandler(), "/").Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
}

type sample struct {
	design.Page
	Word string
}

func TestRender(t *testing.T) {
	files := fstest.MapFS{
		"good.html": {Data: []byte(`<h1>{{.Word}}</h1>`)},
		"bad.html":  {Data: []byte(`<h1>{{.Word}}</h1>{{.Missing}}`)},
	}
	r, err := design.New(design.Options{Pages: map[string]fs.FS{"test": files}})
	if err != nil {
		t.Fatal(err)
	}
	show := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if err := r.Render(w, req, http.StatusOK, name, sample{r.Page(req, "T"), "<b>"}); err != nil {
				http.Error(w, "error page", http.StatusInternalServerError)
			}
		})
	}
	if page := text(t, get(t, show("test/good"), "/")); !strings.Contains(page, "<h1>&lt;b&gt;</h1>") || !strings.Contains(page, "<title>T · Halle</title>") {
		t.Errorf("page: %s", page)
	}
	if part := text(t, get(t, show("test/good"), "/", "HX-Request", "true")); part != "<h1>&lt;b&gt;</h1>" {
		t.Errorf("htmx gets %q", part)
	}
	if page := text(t, get(t, show("test/good"), "/", "HX-Request", "true", "HX-Boosted", "true")); !strings.Contains(page, "<html") {
		t.Error("a boosted link needs the whole page")
	}
	if broken := get(t, show("test/bad"), "/"); broken.StatusCode != http.StatusInternalServerError || text(t, broken) != "error page\n" {
		t.Error("half a page was written")
	}
}

func TestPreferences(t *testing.T) {
	for _, c := range []struct{ back, theme, want, cookie string }{
		{"/services?q=a", "dark", "/services?q=a", "theme=dark"}, {"//evil.example", "light", "/", "theme=light"},
		{"/\\evil.example", "auto", "/", "theme=auto"}, {"https://evil.example", "pink", "/", ""}, {"/x?lang=fr&q=b", "dark", "/x?q=b", "theme=dark"},
	} {
		form := url.Values{"back": {c.back}, "theme": {c.theme}}
		req := httptest.NewRequest(http.MethodPost, "/preferences", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		design.Preferences().ServeHTTP(w, req)
		if got := w.Header().Get("Location"); got != c.want || !strings.HasPrefix(w.Header().Get("Set-Cookie"), c.cookie) {
			t.Errorf("%+v: went to %q with cookie %q", c, got, w.Header().Get("Set-Cookie"))
		}
	}
}

// Every text must stand out from what it stands on: 4.5:1, and 3:1 for borders of controls and signs (WCAG 2.2 AA).
func TestContrast(t *testing.T) {
	tokens := readTokens(t)
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"ink", "paper", 4.5}, {"ink", "sheet", 4.5}, {"ink", "sunk", 4.5}, {"quiet", "paper", 4.5}, {"quiet", "sheet", 4.5}, {"quiet", "sunk", 4.5},
		{"accent", "paper", 4.5}, {"accent", "sheet", 4.5}, {"accent", "sunk", 4.5}, {"accent", "accent-soft", 4.5}, {"accent-deep", "accent-soft", 4.5},
		{"on-accent", "accent", 4.5}, {"on-accent", "accent-deep", 4.5}, {"ink", "accent-soft", 4.5}, {"quiet", "accent-soft", 4.5},
		{"good", "sheet", 4.5}, {"good", "good-soft", 4.5}, {"warn", "sheet", 4.5}, {"warn", "warn-soft", 4.5}, {"bad", "sheet", 4.5}, {"bad", "bad-soft", 4.5}, {"bad", "paper", 4.5},
		{"ink", "good-soft", 4.5}, {"ink", "warn-soft", 4.5}, {"ink", "bad-soft", 4.5}, {"accent", "good-soft", 4.5}, {"accent", "warn-soft", 4.5}, {"accent", "bad-soft", 4.5},
		{"on-iron", "iron", 4.5}, {"quiet-iron", "iron", 4.5}, {"sheet", "bad", 3}, {"sheet", "good", 3}, {"sheet", "copper", 3},
		{"edge", "sheet", 3}, {"edge", "paper", 3}, {"focus", "paper", 3}, {"focus", "sheet", 3}, {"copper", "sheet", 3},
	}
	for i, theme := range []string{"light", "dark"} {
		for _, p := range pairs {
			if got := contrast(tokens[p.front][i], tokens[p.back][i]); got < p.least {
				t.Errorf("%s: %s on %s is %.2f:1, %.1f:1 at least", theme, p.front, p.back, got, p.least)
			}
		}
	}
}

func readTokens(t *testing.T) map[string][2]float64 {
	t.Helper()
	b, err := os.ReadFile("style/1-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][2]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+):light-dark\(#([0-9a-f]+),#([0-9a-f]+)\)`).FindAllStringSubmatch(string(b), -1) {
		out[m[1]] = [2]float64{luminance(t, m[2]), luminance(t, m[3])}
	}
	return out
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
