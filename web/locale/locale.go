// Package locale is the two languages the portal speaks.
//
// Owns: the catalogues (one JSON file per area and language), choosing the language of a request, and how
// numbers, dates, money and durations are written in each language.
// Does not own: the amounts themselves (money), time zones of tenants, or the words of contracts and offers.
// Reads: its embedded catalogues.
// Writes: nothing.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

//go:embed en/*.json fr/*.json
var files embed.FS

// Languages are the codes the portal is written in; the first is the default.
func Languages() []string { return []string{"en", "fr"} }

// message is one text; one is set only where the number one is spoken differently.
type message struct{ one, other string }

// UnmarshalJSON accepts "text" or {"one": "text", "other": "text"}.
func (m *message) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.other)
	}
	var forms struct{ One, Other string }
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	m.one, m.other = forms.One, forms.Other
	return nil
}

// Catalogue holds every language, read once at start.
type Catalogue struct{ texts map[string]map[string]message }

// Load reads the embedded catalogues. It fails on malformed JSON and on a key that two files of one language share.
func Load() (*Catalogue, error) {
	c := &Catalogue{texts: map[string]map[string]message{}}
	for _, lang := range Languages() {
		texts, err := loadLanguage(lang)
		if err != nil {
			return nil, err
		}
		c.texts[lang] = texts
	}
	return c, nil
}

func loadLanguage(lang string) (map[string]message, error) {
	names, err := fs.Glob(files, path.Join(lang, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list the catalogues of %s: %w", lang, err)
	}
	all := map[string]message{}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		var texts map[string]message
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		for key, text := range texts {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("catalogue %s: key %q stands in another file too", name, key)
			}
			all[key] = text
		}
	}
	return all, nil
}

// Keys lists the keys of one language in order.
func (c *Catalogue) Keys(lang string) []string { return slices.Sorted(maps.Keys(c.texts[lang])) }

// Options of a Locale. The zero value shows times in UTC and measures "ago" against the machine's clock.
type Options struct {
	Zone *time.Location
	Now  func() time.Time
}

// Locale speaks one language. It is safe for concurrent use.
type Locale struct {
	lang  string
	texts map[string]message
	zone  *time.Location
	now   func() time.Time
}

// Locale gives one language; an unknown code gives the default language.
func (c *Catalogue) Locale(lang string, o Options) *Locale {
	texts, ok := c.texts[lang]
	if !ok {
		lang = Languages()[0]
		texts = c.texts[lang]
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Locale{lang: lang, texts: texts, zone: o.Zone, now: o.Now}
}

// Lang is the code of the language, "en" or "fr".
func (l *Locale) Lang() string { return l.lang }

// Has says whether the key is in the catalogue.
func (l *Locale) Has(key string) bool { _, ok := l.texts[key]; return ok }

// T gives the text of a key with its named arguments: T("cart.items", "n", 3, "name", "Flex").
// Integers, Money, times and durations are written as the language does; the argument "n" chooses the plural.
// A key that is missing shows itself between brackets, so that a page never breaks and a test sees it.
func (l *Locale) T(key string, args ...any) string {
	m, ok := l.texts[key]
	if !ok {
		return "[" + key + "]"
	}
	text, pairs := m.other, make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		name := fmt.Sprint(args[i])
		if n, isInt := integer(args[i+1]); isInt && name == "n" && m.one != "" && l.isOne(n) {
			text = m.one
		}
		pairs = append(pairs, "{"+name+"}", l.Value(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// isOne is the plural rule of the language (CLDR): French counts nothing as one.
func (l *Locale) isOne(n int64) bool {
	if l.lang == "fr" {
		return n > -2 && n < 2
	}
	return n == 1
}

// Value writes any argument as the language does; strings pass unchanged.
func (l *Locale) Value(v any) string {
	if n, ok := integer(v); ok {
		return l.Number(n)
	}
	switch v := v.(type) {
	case string:
		return v
	case Money:
		return l.Money(v)
	case time.Time:
		return l.Date(v)
	case time.Duration:
		return l.Duration(v)
	}
	return fmt.Sprint(v)
}

// Fail gives the text and the remedy of an error in this language. The catalogue is asked for
// "fail.<code>" and "fail.<code>.remedy"; without them the error's own words are used.
func (l *Locale) Fail(e *fail.Error) (text, remedy string) {
	args := make([]any, 0, 2*len(e.Args))
	for _, name := range slices.Sorted(maps.Keys(e.Args)) {
		args = append(args, name, e.Args[name])
	}
	text, remedy = e.Message, e.Remedy
	if key := "fail." + e.Code; l.Has(key) {
		text = l.T(key, args...)
	}
	if key := "fail." + e.Code + ".remedy"; l.Has(key) {
		remedy = l.T(key, args...)
	}
	return text, remedy
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	}
	return 0, false
}
