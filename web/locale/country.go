package locale

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country names a country by its code (ISO 3166-1 alpha-2): "France", "Ireland", "Irlande". A code that names none is
// given as it is.
func (l *Locale) Country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.Regions(language.Make(l.lang)).Name(region); name != "" {
		return name
	}
	return code
}

// Language names a language in itself: "English", "français".
func Language(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	return display.Self.Name(tag)
}
