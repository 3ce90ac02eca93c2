package config

import (
	"net/url"
	"regexp"
	"strings"
)

// streamForm is the form of a stream's name.
var streamForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

func (u *UsageLog) validate(bad func(when bool, name, text string)) {
	bad(!streamForm.MatchString(u.Stream), "usage_log.stream", "use letters, digits, _ and -")
	bad(u.Replicas != 1 && u.Replicas != 3 && u.Replicas != 5, "usage_log.replicas", "use 3 or 5, or 1 for a single copy")
	bad((u.CertFile == "") != (u.KeyFile == ""), "usage_log.key_file", "name both cert_file and key_file")
	bad(u.CredentialsFile != "" && u.AuthFile != "", "usage_log.auth_file", "name either credentials_file or auth_file")
	for address := range strings.FieldsFuncSeq(u.Monitor, separates) {
		at, err := url.Parse(address)
		bad(err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https", "usage_log.monitor", "write http://host:8222, several with commas between")
	}
	servers := 0
	for address := range strings.FieldsFuncSeq(u.URL, separates) {
		servers++
		at, err := url.Parse(address)
		bad(err != nil || at.Host == "" || at.Scheme != "nats" && at.Scheme != "tls" || at.Path != "", "usage_log.url", "write nats://host:4222 or tls://host:4222, several with commas between")
		bad(err == nil && at.User != nil, "usage_log.url", "no user or password here: name a file with usage_log.auth_file or usage_log.credentials_file")
	}
	bad(u.URL != "" && servers == 0, "usage_log.url", "name a server")
}

func separates(r rune) bool { return r == ',' || r == ' ' }
