package party

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/halle-cloud/halle/internal/fail"
)

// Limits of RFC 5321, in bytes.
const (
	maxEmail = 254
	maxLocal = 64
)

// NormaliseEmail gives the one form in which an address is stored and looked up: NFC, lower case, the domain in ASCII.
// It takes what people type, not everything RFC 5322 allows: no quoted parts, no comments, a domain with a dot.
// Normalising twice changes nothing.
func NormaliseEmail(text string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fail.New(fail.Invalid, "party.email", "This is not an e-mail address: "+why+".", "Write it as name@example.org.").Field("email", why)
	}
	if len(text) > 2*maxEmail || !utf8.ValidString(text) {
		return refuse("it is too long or not text")
	}
	text = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(text))))
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || domain == "" || strings.Contains(domain, "@") {
		return refuse("it needs one @ with something on both sides")
	}
	for _, r := range local {
		if unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsPrint(r) || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return refuse("a sign before the @ is not allowed")
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return refuse("the dots before the @ are misplaced")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(strings.Trim(ascii, "."), ".") || strings.HasSuffix(ascii, ".") || strings.ContainsAny(ascii, "_ ") {
		return refuse("the part after the @ is not the name of a mail domain")
	}
	if len(local) > maxLocal || len(local)+1+len(ascii) > maxEmail {
		return refuse("it is too long")
	}
	return local + "@" + ascii, nil
}
