package locale

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"
)

// Cookie is the name of the cookie that keeps a chosen language.
const Cookie = "lang"

// Negotiate chooses the language of a request: the query ?lang=, then the cookie, then Accept-Language, then the default.
func Negotiate(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(Languages(), lang) {
		return lang
	}
	if c, err := r.Cookie(Cookie); err == nil && slices.Contains(Languages(), c.Value) {
		return c.Value
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return Languages()[0]
	}
	supported := make([]language.Tag, 0, len(Languages()))
	for _, lang := range Languages() {
		supported = append(supported, language.MustParse(lang))
	}
	_, i, confidence := language.NewMatcher(supported).Match(tags...)
	if confidence == language.No {
		return Languages()[0]
	}
	return Languages()[i]
}
