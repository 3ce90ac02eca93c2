// Package id makes the identifiers of Halle.
//
// Owns: their form. An identifier is type_home_random, for example ord_demo_06fq3zt2k8v7rj1m5w9x0abcde: a type
// prefix, the name of the installation it was born in, and a UUIDv7 (RFC 9562) in lower-case Crockford base32, so
// that it is globally unique, sorts by time and names its home.
// Does not own: which prefixes exist (each business package has its own).
// Reads: the system's randomness and clock.
// Writes: nothing.
package id

import (
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"
)

// Source makes identifiers for one installation.
type Source struct{ home string }

// Home is the form of an installation's name: 2 to 16 of a-z and 0-9, starting with a letter.
const homeForm = `[a-z][a-z0-9]{1,15}`

// NewSource makes a source for the installation called home; it errors when the name is not of the form.
func NewSource(home string) (*Source, error) {
	if ok, _ := regexp.MatchString("^"+homeForm+"$", home); !ok {
		return nil, fmt.Errorf("installation name %q: use 2 to 16 of a-z and 0-9, starting with a letter", home)
	}
	return &Source{home: home}, nil
}

// Home is the name of the installation.
func (s *Source) Home() string { return s.home }

// New makes an identifier with the type prefix (2 to 5 lower-case letters by custom).
func (s *Source) New(prefix string) string {
	return s.From(prefix, NewUUID())
}

// From makes the identifier of a given UUID: the same input gives the same text.
func (s *Source) From(prefix string, u [16]byte) string {
	return prefix + "_" + s.home + "_" + encode(u)
}

// Parts splits an identifier; ok is false when it is not of the form.
func Parts(s string) (prefix, home string, u [16]byte, ok bool) {
	prefix, rest, ok1 := strings.Cut(s, "_")
	home, tail, ok2 := strings.Cut(rest, "_")
	if !ok1 || !ok2 || prefix == "" || home == "" {
		return "", "", u, false
	}
	u, ok = decode(tail)
	return prefix, home, u, ok
}

func coding() *base32.Encoding {
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
}

func encode(u [16]byte) string { return coding().EncodeToString(u[:]) }

func decode(s string) (u [16]byte, ok bool) {
	if len(s) != 26 {
		return u, false
	}
	b, err := coding().DecodeString(s)
	if err != nil || len(b) != 16 || encode([16]byte(b)) != s {
		return u, false
	}
	return [16]byte(b), true
}
