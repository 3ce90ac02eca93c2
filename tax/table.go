package tax

import (
	"bytes"
	_ "embed" // the built-in table
	"encoding/json"
	"regexp"

	"golang.org/x/text/language"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
)

//go:embed rates.json
var builtin []byte

// Table is the rates of some countries by date. It does not change once loaded and may be shared.
type Table struct {
	Source    string     `json:"source"`
	From      price.Date `json:"from"`     // nothing is decided for an earlier date
	Reviewed  price.Date `json:"reviewed"` // when a person last compared it with its source; "" for never
	Countries []Country  `json:"countries"`
	byCode    map[string]*Country
}

// Country is one country of the table.
type Country struct {
	Code       string  `json:"code"` // ISO 3166-1 alpha-2
	EU         bool    `json:"eu,omitempty"`
	VATPrefix  string  `json:"vatPrefix,omitempty"`  // EL for Greece
	VATPattern string  `json:"vatPattern,omitempty"` // of what follows the prefix
	PartOf     string  `json:"partOf,omitempty"`     // taxed as that country (Monaco as France); nothing else is then given
	Rates      []Rates `json:"rates,omitempty"`      // ascending by From
	vatID      *regexp.Regexp
}

// Rates is what applies from a date until the next entry, in basis points (2000 is 20 %).
type Rates struct {
	From     price.Date `json:"from"`
	Standard int        `json:"standard"`
	Reduced  []int      `json:"reduced"`
}

// Builtin loads the table that comes with Halle: the Union, Switzerland, Norway, the United Kingdom.
func Builtin() (*Table, error) { return Load(builtin) }

// Load reads a table, so that an operator may bring its own. Error: tax.table.
func Load(b []byte) (*Table, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	t := new(Table)
	if err := dec.Decode(t); err != nil {
		return nil, badTable("it is not JSON of the expected form").Wrap(err)
	}
	if !t.From.Valid() {
		return nil, badTable("it does not say from which date it holds")
	}
	t.byCode = make(map[string]*Country, len(t.Countries))
	for i := range t.Countries {
		c := &t.Countries[i]
		if why := c.check(); why != "" || t.byCode[c.Code] != nil {
			return nil, badTable("a country is named twice or has unusable entries").With("country", c.Code).With("why", why)
		}
		t.byCode[c.Code] = c
	}
	for _, c := range t.Countries {
		if whole := t.byCode[c.PartOf]; c.PartOf != "" && (whole == nil || whole.PartOf != "") {
			return nil, badTable("a country is part of one that is not there").With("country", c.Code)
		}
	}
	return t, nil
}

func (c *Country) check() string {
	if !isCode(c.Code) || len(c.Rates) == 0 && c.PartOf == "" {
		return "code or rates are missing"
	}
	for i, r := range c.Rates {
		if !r.From.Valid() || i > 0 && !c.Rates[i-1].From.Before(r.From) {
			return "dates do not ascend"
		}
		for _, bp := range append([]int{r.Standard}, r.Reduced...) {
			if bp <= 0 || bp > 10_000 {
				return "a rate is not above 0 and at most 100 %"
			}
		}
	}
	if !c.EU {
		return ""
	}
	re, err := regexp.Compile("^" + regexp.QuoteMeta(c.VATPrefix) + "(" + c.VATPattern + ")$")
	if err != nil || len(c.VATPrefix) != 2 || c.VATPattern == "" {
		return "the VAT identifier has no usable pattern"
	}
	c.vatID = re
	return ""
}

// Rates is what applies in a country on a date. Error: tax.rate when none is known.
func (t *Table) Rates(country string, at price.Date) (Rates, error) {
	if err := t.dated(at); err != nil {
		return Rates{}, err
	}
	if c := t.country(country); c != nil {
		for i := len(c.Rates) - 1; i >= 0; i-- {
			if !at.Before(c.Rates[i].From) {
				return c.Rates[i], nil
			}
		}
	}
	return Rates{}, noRate(country, at)
}

// ValidVATID tells whether an identifier has the form its member state uses. Whether it exists is for VIES to say.
// Errors: tax.country, tax.vat_id.
func (t *Table) ValidVATID(country, id string) error {
	c := t.country(country)
	if c == nil || !c.EU {
		return noCountry(country)
	}
	return c.checkVATID(id)
}

func (c *Country) checkVATID(id string) error {
	if c.vatID.MatchString(id) {
		return nil
	}
	return fail.New(fail.Invalid, "tax.vat_id", "The VAT identifier does not have the form that the buyer's country uses.",
		"Write it with its prefix and without spaces, as the country issued it, or leave it out.").With("country", c.Code).With("prefix", c.VATPrefix)
}

// country finds a country, or the one it is taxed as; nil when the table does not have it.
func (t *Table) country(code string) *Country {
	c := t.byCode[code]
	if c != nil && c.PartOf != "" {
		return t.byCode[c.PartOf]
	}
	return c
}

// resolve gives the code that a country is taxed as, and whether that is a member state. A country that exists but
// is not in the table lies outside the Union. Error: tax.country.
func (t *Table) resolve(code string) (as string, union bool, err error) {
	if !isCode(code) {
		return "", false, noCountry(code)
	}
	if c := t.country(code); c != nil {
		return c.Code, c.EU, nil
	}
	return code, false, nil
}

// dated refuses dates that the table does not speak of.
func (t *Table) dated(at price.Date) error {
	if !at.Valid() || at.Before(t.From) {
		return noRate("", at)
	}
	return nil
}

// isCode wants the ISO 3166-1 code of a country that exists; UK, EL and XI, which tax forms use, are none.
func isCode(s string) bool {
	r, err := language.ParseRegion(s)
	return err == nil && len(s) == 2 && r.IsCountry() && r.Canonicalize().String() == s
}

func noCountry(code string) error {
	return fail.New(fail.Invalid, "tax.country", "That is not the code of a country this can be decided for.",
		"Use the two-letter ISO 3166 code in capitals (GR for Greece, GB for the United Kingdom).").With("country", code)
}

func noRate(country string, at price.Date) error {
	return fail.New(fail.Invalid, "tax.rate", "No tax rate is known for that country and date.",
		"Add the rate with its date and source to the tax table.").With("country", country).With("date", at.String())
}

func badTable(why string) *fail.Error {
	return fail.New(fail.Invalid, "tax.table", "The tax table cannot be used: "+why+".", "Correct the table.")
}
