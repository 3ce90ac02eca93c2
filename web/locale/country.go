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
