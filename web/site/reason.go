package site

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/locale"
)

// Rules speak English: their sentences are templates with values filled in. The catalogues hold the same templates under
// "reason.<rule>" and "remedy.<rule>", so that the values can be read back out of a sentence and said in another language.

// Reason is one reason in the language of the page, where the catalogue has it.
func (r *Request) Reason(reason fail.Reason) string {
	return r.retell("reason."+reason.Rule, reason.Text)
}

// Remedy is what would make a rule pass, in the language of the page.
func (r *Request) Remedy(rule, text string) string { return r.retell("remedy."+rule, text) }

func (r *Request) retell(key, text string) string {
	english := r.site.render.Locale(locale.Languages()[0])
	if r.Lang() == english.Lang() || !r.L.Has(key) {
		return text
	}
	values, ok := match(english.T(key), text)
	if !ok {
		return text
	}
	args := make([]any, 0, len(values)*2)
	for name, value := range values {
		args = append(args, name, r.value(value))
	}
	return r.T(key, args...)
}

// match reads the values of a template's placeholders out of a sentence.
func match(template, text string) (map[string]string, bool) {
	var names []string
	pattern := regexp.MustCompile(`\\\{([a-z_]+)\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(template), func(s string) string {
		names = append(names, strings.Trim(s, `\{}`))
		return `(.+?)`
	})
	re, err := regexp.Compile(`^` + pattern + `$`)
	if err != nil {
		return nil, false
	}
	found := re.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	values := map[string]string{}
	for i, name := range names {
		values[name] = found[i+1]
	}
	return values, true
}

// value is a value of a sentence in the language of the page: countries by their code, words of the rules by the
// catalogue, names as they are.
func (r *Request) value(text string) string {
	parts := strings.Split(text, ", ")
	for i, part := range parts {
		words := strings.Split(part, " or ")
		for j, word := range words {
			words[j] = r.word(word)
		}
		parts[i] = strings.Join(words, " "+r.T("reason.or")+" ")
	}
	return strings.Join(parts, ", ")
}

func (r *Request) word(word string) string {
	if len(word) == 2 && strings.IndexFunc(word, func(c rune) bool { return !unicode.IsUpper(c) }) < 0 {
		return r.L.Country(word)
	}
	if key := "group." + strings.ToLower(word); r.L.Has(key) {
		return r.T(key)
	}
	key := "reasonword." + strings.ReplaceAll(strings.ToLower(word), " ", "_")
	if strings.IndexFunc(word, func(c rune) bool { return !unicode.IsLetter(c) && c != ' ' && c != '-' && c != '\'' }) < 0 && r.L.Has(key) {
		return r.T(key)
	}
	return word
}
