package locale

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// sources gives the text of every Go file and template of the portal.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	web := os.DirFS("..")
	err := fs.WalkDir(web, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		if ext := path.Ext(name); (ext != ".go" && ext != ".html") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(web, name)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A key is used when it stands between quotes, or when a quoted beginning of it ("seal.state.", "seal.state.%s")
// is completed by the program.
func TestEveryKeyIsUsed(t *testing.T) {
	quoted := regexp.MustCompile("[\"`]([a-z][a-z0-9_.]*\\.?(?:%[sd])?(?:\\.[a-z]+)?)[\"`]")
	whole, beginnings := map[string]bool{}, []string{}
	for _, text := range sources(t) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			begin, _, formatted := strings.Cut(m[1], "%")
			if formatted || strings.HasSuffix(begin, ".") {
				beginnings = append(beginnings, begin)
				continue
			}
			whole[m[1]] = true
		}
	}
	for _, key := range load(t).Keys("en") {
		built := slices.ContainsFunc(beginnings, func(b string) bool { return strings.Contains(b, ".") && strings.HasPrefix(key, b) })
		completed := false // one(tone, "example.flash.good") adds ".title"
		if i := strings.LastIndexByte(key, '.'); i > 0 {
			completed = whole[key[:i]] && slices.Contains([]string{"title", "text", "remedy", "hint"}, key[i+1:])
		}
		if !whole[key] && !built && !completed {
			t.Errorf("nothing says %q", key)
		}
	}
}

// Every key a template or a Go file names must exist.
func TestEveryNamedKeyExists(t *testing.T) {
	l := speak(t, "en")
	named := regexp.MustCompile(`(?:\.T\(|[{( ]t )"([a-z0-9_.]+[a-z0-9_])"`)
	for name, text := range sources(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if !l.Has(m[1]) && strings.Contains(m[1], ".") {
				t.Errorf("%s: no catalogue has %q", name, m[1])
			}
		}
	}
}

// No template carries words of its own: text, and the attributes that are read aloud, come from actions.
func TestNoBareTextInTemplates(t *testing.T) {
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	attribute := regexp.MustCompile(`(?m)(^|>)((?: [a-z-]+="[^"<>]*")+)$|</?noscript>`) // a template of attributes alone; text to a tokenizer
	letter := regexp.MustCompile(`\p{L}`)
	spoken := []string{"title", "alt", "placeholder", "aria-label", "aria-description", "label"}
	for name, text := range sources(t) {
		if path.Ext(name) != ".html" {
			continue
		}
		text = attribute.ReplaceAllString(action.ReplaceAllString(text, ""), "$1")
		z := html.NewTokenizer(strings.NewReader(text))
		for z.Next() != html.ErrorToken {
			token := z.Token()
			if token.Type == html.TextToken && letter.MatchString(token.Data) {
				t.Errorf("%s: bare text %q", name, strings.TrimSpace(token.Data))
			}
			for _, a := range token.Attr {
				if slices.Contains(spoken, a.Key) && letter.MatchString(a.Val) {
					t.Errorf("%s: bare %s %q", name, a.Key, a.Val)
				}
			}
		}
	}
}
