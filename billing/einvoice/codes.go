package einvoice

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:embed codes.json
var codesText []byte

// codes are the lists of codes that the standard lets a term have, by the names in codes.json.
var codes = sync.OnceValue(func() map[string]map[string]bool {
	var file map[string]struct{ Of, Codes string }
	if err := json.Unmarshal(codesText, &file); err != nil {
		panic("einvoice: codes.json: " + err.Error())
	}
	lists := make(map[string]map[string]bool, len(file))
	for name, l := range file {
		lists[name] = map[string]bool{}
		for _, c := range strings.Fields(l.Codes) {
			lists[name][c] = true
		}
	}
	return lists
})

// has tells whether a code stands in a list.
func has(list, code string) bool { return codes()[list][code] }

// unitCodes are the words of prices in Recommendation 20. What is missing counts as pieces and is told in words.
var unitCodes = map[string]string{
	"second": "SEC", "minute": "MIN", "hour": "HUR", "day": "DAY", "week": "WEE", "month": "MON", "year": "ANN",
	"byte": "AD", "kilobyte": "2P", "megabyte": "4L", "gigabyte": "E34", "terabyte": "E35",
	"kilowatt-hour": "KWH", "call": "C0",
}

// unitCode is the code of a word of a price, and whether it says all that the word does.
func unitCode(word string) (code string, known bool) {
	if code, known = unitCodes[strings.ToLower(strings.TrimSuffix(word, "s"))]; known {
		return code, true
	}
	return "C62", word == "" || word == "piece" || word == "one"
}

// KnownScheme tells whether a code stands in one of the lists of schemes: "identifierSchemes" (ISO 6523) or
// "addressSchemes" (EAS).
func KnownScheme(list, code string) bool { return has(list, code) }
