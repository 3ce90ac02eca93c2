package design

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/web/design/icon"
)

//go:embed style/*.css page/*.css gallery/*.css static/*.js static/*.woff2
var styles embed.FS

//go:embed page/*.html gallery/*.html
var frame embed.FS

// StaticPath is where the assets are served; mount Static there.
const StaticPath = "/static/"

// asset is one file as it goes out.
type asset struct {
	kind         string
	plain, small []byte // small is gzip, nil where it does not help
}

// assets are the files a page needs; their addresses carry a digest of their content, so they never go stale.
type assets struct {
	addresses map[string]string // "halle.css" -> "/static/halle.1f2e3d4c.css"
	files     map[string]asset  // by last part of the address
}

func newAssets(sheets map[string]string) (*assets, error) {
	a := &assets{addresses: map[string]string{}, files: map[string]asset{}}
	for _, f := range []struct{ name, file, kind string }{
		{"htmx.js", "static/htmx.min.js", "text/javascript; charset=utf-8"},
		{"halle.js", "static/halle.js", "text/javascript; charset=utf-8"},
		{"instrument-sans.woff2", "static/instrument-sans.woff2", "font/woff2"},
	} {
		content, err := styles.ReadFile(f.file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.file, err)
		}
		if err := a.add(f.name, f.kind, content); err != nil {
			return nil, err
		}
	}
	if err := a.add("favicon.svg", "image/svg+xml", []byte(icon.Favicon())); err != nil {
		return nil, err
	}
	css, err := Stylesheet()
	if err != nil {
		return nil, err
	}
	css = strings.ReplaceAll(css, "url(FONT)", "url("+a.addresses["instrument-sans.woff2"]+")")
	if err := a.add("halle.css", "text/css; charset=utf-8", []byte(css)); err != nil {
		return nil, err
	}
	for name, text := range sheets {
		if err := a.add(name, "text/css; charset=utf-8", []byte(squeeze(text))); err != nil {
			return nil, err
		}
	}
	own, err := styles.ReadFile("gallery/gallery.css")
	if err != nil {
		return nil, fmt.Errorf("read the style of the gallery: %w", err)
	}
	return a, a.add("gallery.css", "text/css; charset=utf-8", own)
}

func (a *assets) add(name, kind string, content []byte) error {
	digest := sha256.Sum256(content)
	stem, ext, _ := strings.Cut(name, ".")
	last := stem + "." + hex.EncodeToString(digest[:6]) + "." + ext
	f := asset{kind: kind, plain: content}
	if ext != "woff2" {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		if _, err := z.Write(content); err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		f.small = b.Bytes()
	}
	a.addresses[name], a.files[last] = StaticPath+last, f
	return nil
}

func (a *assets) url(name string) (string, error) {
	if address, ok := a.addresses[name]; ok {
		return address, nil
	}
	return "", fmt.Errorf("there is no asset %q", name)
}

// Static serves the assets for a year: an address never gets other content.
func (r *Renderer) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		f, ok := r.assets.files[path.Base(req.URL.Path)]
		if !ok {
			http.NotFound(w, req)
			return
		}
		h, body := w.Header(), f.plain
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if f.small != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = f.small
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if req.Method != http.MethodHead {
			_, _ = w.Write(body) // the reader has gone; nobody is left to tell
		}
	})
}

// Stylesheet is every style in a fixed order: tokens, base, components, frame, print. It is squeezed, not rewritten.
func Stylesheet() (string, error) {
	var b strings.Builder
	read := func(files fs.FS, pattern string) error {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return fmt.Errorf("list styles %s: %w", pattern, err)
		}
		slices.Sort(names)
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return fmt.Errorf("read style %s: %w", name, err)
			}
			b.Write(text)
		}
		return nil
	}
	sources := []struct {
		files   fs.FS
		pattern string
	}{{styles, "style/[1-8]-*.css"}}
	for _, p := range Parts() {
		sources = append(sources, struct {
			files   fs.FS
			pattern string
		}{p.Files, "*.css"})
	}
	for _, pattern := range []string{"page/*.css", "style/9-*.css"} {
		sources = append(sources, struct {
			files   fs.FS
			pattern string
		}{styles, pattern})
	}
	for _, s := range sources {
		if err := read(s.files, s.pattern); err != nil {
			return "", err
		}
	}
	return spellOut(squeeze(b.String())), nil
}

// squeeze drops comments and the spaces that mean nothing. Spaces inside values stay.
func squeeze(css string) string {
	css = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(css, "")
	css = regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(css, "")
	return gather(strings.ReplaceAll(css, ";}", "}"), "@media(max-width:60rem){", "@media(max-width:40rem){")
}

// spellOut writes the tokens that no theme changes (spaces, radii, sizes) as their values: shorter by a tenth,
// and one look-up less for each use.
func spellOut(css string) string {
	values := map[string]string{}
	for _, m := range regexp.MustCompile(`(--[srt]\d+):([^;}]+)`).FindAllStringSubmatch(css, -1) {
		values[m[1]] = m[2]
	}
	return regexp.MustCompile(`var\((--[srt]\d+)\)`).ReplaceAllStringFunc(css, func(use string) string {
		return values[use[4:len(use)-1]]
	})
}

// gather puts the rules for each width of screen together, widest first, behind all others and before print.
func gather(css string, queries ...string) string {
	body, print, _ := strings.Cut(css, "@media print{")
	tail := ""
	for _, query := range queries {
		block := regexp.MustCompile(regexp.QuoteMeta(query) + `((?:[^{}]*\{[^{}]*\})*)\}`)
		rules := ""
		for _, m := range block.FindAllStringSubmatch(body, -1) {
			rules += m[1]
		}
		body = block.ReplaceAllString(body, "")
		if rules != "" {
			tail += query + rules + "}"
		}
	}
	if print != "" {
		tail += "@media print{" + print
	}
	return body + tail
}
