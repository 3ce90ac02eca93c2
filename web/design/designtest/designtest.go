// Package designtest holds what every component's test checks.
//
// Owns: the checks of HTML (well formed, unique ids, nothing inline) and golden files.
// Does not own: the components.
// Reads: testdata of the component's folder.
// Writes: the same, with -update.
package designtest

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// update is read once by the testing package: go test ./web/design/... -update writes the golden files.
var update = flag.Bool("update", false, "write the golden files")

// Renderer is a renderer whose clock stands still.
func Renderer(t *testing.T) *design.Renderer {
	t.Helper()
	r, err := design.New(design.Options{Now: func() time.Time { return time.Date(2026, 11, 5, 14, 5, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Component renders every example in every language, checks the HTML and compares it with testdata/<lang>.golden.html.
func Component(t *testing.T, p part.Part) {
	t.Helper()
	r := Renderer(t)
	for _, lang := range locale.Languages() {
		var all strings.Builder
		for _, e := range p.Examples(r.Locale(lang)) {
			out, err := r.Fragment(lang, e.Template, e.View)
			if err != nil {
				t.Fatalf("%s, %s: %v", lang, e.Title, err)
			}
			all.WriteString("<!-- " + e.Title + " -->\n" + strings.TrimSpace(string(out)) + "\n")
		}
		for _, fault := range Faults(all.String()) {
			t.Errorf("%s: %s", lang, fault)
		}
		Golden(t, lang+".golden.html", all.String())
	}
}

// Golden compares with a file of testdata, or writes it with -update.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// Faults lists what is wrong with a piece of HTML: unbalanced elements, repeated ids, references to ids that do
// not exist, anything inline that the content policy would refuse, texts that no catalogue has.
func Faults(text string) []string {
	c := checker{ids: map[string]bool{}}
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		switch token.Type {
		case html.StartTagToken:
			c.attributes(token)
			if !slices.Contains([]string{"meta", "link", "input", "br", "img", "hr", "wbr"}, token.Data) {
				c.open = append(c.open, token.Data)
			}
		case html.SelfClosingTagToken:
			c.attributes(token)
		case html.EndTagToken:
			c.end(token.Data)
		}
	}
	if len(c.open) > 0 {
		c.faults = append(c.faults, "never closed: "+strings.Join(c.open, " "))
	}
	for _, ref := range c.references {
		if !c.ids[ref] {
			c.faults = append(c.faults, "refers to id "+ref+", which is not there")
		}
	}
	for _, key := range regexp.MustCompile(`\[[a-z]+(\.[a-z_]+)+\]`).FindAllString(text, -1) {
		c.faults = append(c.faults, "no catalogue has "+key)
	}
	return c.faults
}

type checker struct {
	open, references, faults []string
	ids                      map[string]bool
}

func (c *checker) end(name string) {
	if len(c.open) == 0 || c.open[len(c.open)-1] != name {
		c.faults = append(c.faults, "</"+name+"> closes nothing")
		return
	}
	c.open = c.open[:len(c.open)-1]
}

func (c *checker) attributes(token html.Token) {
	src := false
	for _, a := range token.Attr {
		switch {
		case a.Key == "id":
			if c.ids[a.Val] {
				c.faults = append(c.faults, "id twice: "+a.Val)
			}
			c.ids[a.Val] = true
		case slices.Contains([]string{"for", "aria-describedby", "aria-labelledby", "data-copy"}, a.Key):
			c.references = append(c.references, strings.Fields(a.Val)...)
		case a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on"):
			c.faults = append(c.faults, "inline "+a.Key+" in <"+token.Data+">")
		case a.Key == "src":
			src = true
		case strings.HasPrefix(strings.TrimSpace(a.Val), "//") || strings.HasPrefix(a.Val, "http"):
			c.faults = append(c.faults, "another host: "+a.Val)
		}
	}
	if token.Data == "style" || (token.Data == "script" && !src) {
		c.faults = append(c.faults, "inline <"+token.Data+">")
	}
}
