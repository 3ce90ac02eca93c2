package residency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
)

// Limits of a snapshot.
const (
	maxEntities = 20_000
	maxRegions  = 10_000
	maxKey      = 60
	maxText     = 200
)

// DefaultGroups are the groups of countries that hold when the operator has imported none: the European Union of 2020
// and the European Economic Area.
func DefaultGroups() map[string][]string {
	eu := strings.Fields("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")
	return map[string][]string{"EU": eu, "EEA": sorted(append(slices.Clone(eu), "IS", "LI", "NO"))}
}

// Canonical is the form that is stored and hashed (RFC 8785), with every list in the order of its keys, and its SHA-256
// in hex.
func (f *Facts) Canonical() (text []byte, hash string, err error) {
	c := *f
	c.Entities = byKey(f.Entities, func(e Entity) string { return e.Key })
	c.Clouds = byKey(f.Clouds, func(e Cloud) string { return e.Key })
	c.Regions = byKey(f.Regions, func(e Region) string { return e.Key })
	c.Certificates = byKey(f.Certificates, func(e Certificate) string { return e.Key })
	return canonical(c)
}

// Canonical is the form of a policy that is stored and hashed.
func (p Policy) Canonical() (text []byte, hash string, err error) { return canonical(p) }

func canonical(v any) (text []byte, hash string, err error) {
	if text, err = proof.Canonical(v); err != nil {
		return nil, "", fmt.Errorf("residency: %w", err)
	}
	return text, Hash(text), nil
}

// Hash is the SHA-256 of a canonical text, in hex.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// ReadFacts reads a canonical snapshot; fields that it does not know are an error.
func ReadFacts(text []byte) (*Facts, error) {
	var f Facts
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("facts about clouds: %w", err)
	}
	return &f, nil
}

func byKey[T any](list []T, key func(T) string) []T {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return out
}

// merge puts what a file says over what is known: the same key replaces, another is added.
func (f *Facts) merge(more *Facts) *Facts {
	out := *f
	out.index = nil
	if more.Own != "" {
		out.Own = more.Own
	}
	if len(more.OwnSupport) > 0 {
		out.OwnSupport = more.OwnSupport
	}
	if len(more.Groups) > 0 {
		out.Groups = more.Groups
	}
	out.Entities = over(f.Entities, more.Entities, func(e Entity) string { return e.Key })
	out.Clouds = over(f.Clouds, more.Clouds, func(e Cloud) string { return e.Key })
	out.Regions = over(f.Regions, more.Regions, func(e Region) string { return e.Key })
	out.Certificates = over(f.Certificates, more.Certificates, func(e Certificate) string { return e.Key })
	return &out
}

func over[T any](old, fresh []T, key func(T) string) []T {
	out := slices.Clone(old)
	at := map[string]int{}
	for i, v := range out {
		at[key(v)] = i
	}
	for _, v := range fresh {
		if i, ok := at[key(v)]; ok {
			out[i] = v
			continue
		}
		at[key(v)] = len(out)
		out = append(out, v)
	}
	return byKey(out, key)
}

// checker collects complaints.
type checker struct{ *fail.Error }

func (c *checker) no(at, format string, args ...any) {
	c.Error = c.Field(at, fmt.Sprintf(format, args...))
}

// Validate refuses facts that contradict themselves. Every complaint is a field of one *fail.Error.
func (f *Facts) Validate() error {
	c := &checker{fail.New(fail.Invalid, "residency.facts", "The facts about clouds cannot be accepted as described.", "Correct the fields named.")}
	if len(f.Entities) > maxEntities || len(f.Regions) > maxRegions || len(f.Certificates) > maxEntities {
		c.no("", "at most %d entities and certificates, and %d regions", maxEntities, maxRegions)
	}
	for name, group := range f.Groups {
		if !isGroup(name) || slices.ContainsFunc(group, func(s string) bool { return !isCountry(s) }) {
			c.no("groups."+name, "name a group with EU or three or more capital letters, and countries with two")
		}
	}
	x := newIndex(f)
	f.validateEntities(c, x)
	f.validateClouds(c, x)
	f.validateRegions(c, x)
	f.validateCertificates(c, x)
	if _, ok := x.entities[f.Own]; !ok {
		c.no("own", "is the key of the entity that operates this installation")
	}
	c.countries("ownSupport", f.OwnSupport)
	if len(c.Fields) == 0 {
		return nil
	}
	return c.Error
}

func (c *checker) key(at, key string, seen map[string]bool) {
	switch {
	case !isKey(key):
		c.no(at+".key", "use small letters, digits and dashes, at most %d", maxKey)
	case seen[key]:
		c.no(at+".key", "%s is there twice", key)
	}
	seen[key] = true
}

func (c *checker) text(at, text string) {
	if text == "" || len(text) > maxText || strings.ContainsAny(text, "\n\x00") {
		c.no(at, "is one line of at most %d bytes", maxText)
	}
}

func (c *checker) countries(at string, list []string) {
	for i, country := range list {
		if !isCountry(country) {
			c.no(fmt.Sprintf("%s.%d", at, i), "write two capital letters, as in FR")
		}
	}
}

func (f *Facts) validateEntities(c *checker, x *index) {
	keys, names := map[string]bool{}, map[string]bool{}
	for i, e := range f.Entities {
		at := fmt.Sprintf("entities.%d", i)
		c.key(at, e.Key, keys)
		c.text(at+".name", e.Name)
		if name := strings.ToLower(e.Name); names[name] {
			c.no(at+".name", "another entity is called so")
		} else {
			names[name] = true
		}
		if e.Country != "" {
			c.countries(at+".country", []string{e.Country})
		}
		c.countries(at+".established", e.Established)
		if e.Ownership != "" && e.Ownership != OwnershipComplete && e.Ownership != OwnershipUnknown {
			c.no(at+".ownership", "use complete or unknown")
		}
		f.validateParents(c, x, at, e)
	}
}

func (f *Facts) validateParents(c *checker, x *index, at string, e Entity) {
	var sum Percent
	seen := map[string]bool{}
	for i, h := range e.Parents {
		at := fmt.Sprintf("%s.parents.%d", at, i)
		if _, ok := x.entities[h.Entity]; !ok || h.Entity == e.Key || seen[h.Entity] {
			c.no(at+".entity", "is the key of another entity, once")
		}
		if h.Percent < 0 || h.Percent == 0 && !h.Veto && !h.Board {
			c.no(at+".percent", "holds nothing")
		}
		seen[h.Entity] = true
		sum += h.Percent
	}
	if sum > whole {
		c.no(at+".parents", "hold %s %% together, more than there is", sum)
	}
}

func (f *Facts) validateClouds(c *checker, x *index) {
	keys := map[string]bool{}
	for i, cloud := range f.Clouds {
		at := fmt.Sprintf("clouds.%d", i)
		c.key(at, cloud.Key, keys)
		c.text(at+".name", cloud.Name)
		c.countries(at+".support", cloud.Support)
		if _, ok := x.entities[cloud.Operator]; !ok {
			c.no(at+".operator", "is the key of an entity")
		}
	}
}

func (f *Facts) validateRegions(c *checker, x *index) {
	keys := map[string]bool{}
	for i, r := range f.Regions {
		at := fmt.Sprintf("regions.%d", i)
		c.key(at, r.Key, keys)
		c.text(at+".name", r.Name)
		c.text(at+".city", r.City)
		c.text(at+".driver", r.Driver)
		c.countries(at+".country", []string{r.Country})
		c.countries(at+".support", r.Support)
		if _, ok := x.clouds[r.Cloud]; !ok {
			c.no(at+".cloud", "is the key of a cloud")
		}
		if r.Capacity < 0 {
			c.no(at+".capacity", "is not negative")
		}
		if r.Price.Currency == "" || r.Price.Nanos < 0 || r.Price.Currency != f.Regions[0].Price.Currency {
			c.no(at+".price", "is not negative, and in the same currency for all regions, as in 0.011 EUR")
		}
		if !slices.Contains(Levels(), r.Evidence) {
			c.no(at+".evidence", "use declared, certified, listed, measured or own_key")
		}
	}
}

func (f *Facts) validateCertificates(c *checker, x *index) {
	keys := map[string]bool{}
	for i, cert := range f.Certificates {
		at := fmt.Sprintf("certificates.%d", i)
		c.key(at, cert.Key, keys)
		c.text(at+".type", cert.Type)
		if _, ok := x.entities[cert.Holder]; !ok {
			c.no(at+".holder", "is the key of an entity")
		}
		if _, ok := x.regions[cert.Region]; !ok && cert.Region != "" {
			c.no(at+".region", "is the key of a region")
		}
		if slices.ContainsFunc(cert.Activities, badActivity) {
			c.no(at+".activities", "are from 1 to 6")
		}
		if !cert.From.Valid() || !cert.To.Valid() || cert.To.Before(cert.From) {
			c.no(at+".to", "give both days, the last not before the first")
		}
		if b, err := hex.DecodeString(cert.Document); err != nil || len(b) != sha256.Size {
			c.no(at+".document", "is the SHA-256 of the source document, in hex")
		}
	}
}

// EU is reserved by ISO 3166-1 for the Union: here it is the name of a group and no country.
func isCountry(s string) bool { return len(s) == 2 && isUpper(s) && s != "EU" }

func isGroup(s string) bool { return (s == "EU" || len(s) > 2) && len(s) <= maxKey && isUpper(s) }

func isUpper(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })
}

func isKey(s string) bool {
	return s != "" && len(s) <= maxKey && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}
