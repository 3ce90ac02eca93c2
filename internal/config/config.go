// Package config is the configuration of a server: one struct, one TOML file, HALLE_* variables.
//
// Owns: the settings, their defaults, their check at start, and the table that explains them.
// Does not own: what is data rather than configuration (clouds, offers, markets: they are imported).
// Reads: a TOML file, the environment, the files that hold secrets.
// Writes: nothing.
//
// Every setting has a good default: an empty configuration starts a working server in ./data. Settings only grow; a
// name is never given another meaning.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Config is everything that a server can be told. Field tags: toml is the name, help its sentence.
type Config struct {
	Data     string   `toml:"data" help:"folder of the installation: database, keys, log, usage, resources"`
	Home     string   `toml:"home" help:"name of the installation inside every identifier: 2 to 16 of a-z and 0-9; never change it"`
	Listen   string   `toml:"listen" help:"address of the server, host:port"`
	Metrics  string   `toml:"metrics" help:"address of the /metrics page, host:port that only the operator reaches; empty: none"`
	URL      string   `toml:"url" help:"address that people and applications use, https://…; empty: http://LISTEN"`
	Proxies  string   `toml:"proxies" help:"reverse proxies whose X-Forwarded-For is believed, as networks with commas between: 127.0.0.1/32,10.0.0.0/8; empty: none"`
	Database string   `toml:"database" help:"sqlite:PATH or postgres://…; empty: DATA/halle.db"`
	Keys     string   `toml:"keys" help:"database of the wrapped keys; empty: DATA/keys.db. Several servers need an own PostgreSQL database"`
	Usage    string   `toml:"usage" help:"database of the usage store; empty: DATA/usage/usage.db"`
	RootKey  string   `toml:"root_key" help:"file with the root key; empty: DATA/root.key. Keep a copy elsewhere: without it nothing can be read"`
	Origin   string   `toml:"origin" help:"name of the fact log for ever, such as log.example.org; empty: HOME.halle"`
	Witness  string   `toml:"witnesses" help:"file with the witnesses that cosign the fact log (C2SP tlog-policy: witness NAME KEY URL, quorum); empty: none"`
	LogLevel string   `toml:"log_level" help:"debug, info, warn or error"`
	Workers  int      `toml:"workers" help:"jobs done at once, 1 to 256"`
	Mail     Mail     `toml:"mail"`
	Password Password `toml:"password"`
	Place    Place    `toml:"place"`
	Process  Process  `toml:"process"`
	Metering Metering `toml:"metering"`
	UsageLog UsageLog `toml:"usage_log"`

	Settlement Settlement `toml:"settlement"`
	VAT        VAT        `toml:"vat"`

	Services []Remote `toml:"service" help:"publishers' own services that speak the driver contract: [[service]] with name, url, token_file"`
}

// Remote is a publisher's own service: a driver that is called over HTTP. Its name is the driver's in offers and regions.
type Remote struct {
	Name      string `toml:"name"`
	URL       string `toml:"url"`
	TokenFile string `toml:"token_file"`
}

// Mail is how mail leaves.
type Mail struct {
	SMTP     string `toml:"smtp" help:"host:port of the mail server; empty: mail is written as files into DATA/mail"`
	From     string `toml:"from" help:"sender's address"`
	AuthFile string `toml:"auth_file" help:"file with user:password of the account on the mail server; empty: none"`
	TLS      string `toml:"tls" help:"starttls, tls (from the first byte) or none (only to this machine)"`
}

// Password is the cost of argon2id (RFC 9106).
type Password struct {
	Time      uint32 `toml:"time" help:"passes, 1 to 16"`
	MemoryKiB uint32 `toml:"memory_kib" help:"memory of one check in KiB, 8192 to 1048576"`
	Threads   uint8  `toml:"threads" help:"lanes, 1 to 16"`
}

// Place is where this installation's own data lies: its databases, keys and logs.
type Place struct {
	Country string `toml:"country" help:"country in which the databases, keys and logs of this server lie, as in FR; customers read it"`
	City    string `toml:"city" help:"city in which they lie"`
}

// Process is how applications run on this machine.
type Process struct {
	MinIsolation string   `toml:"min_isolation" help:"full, basic or none: serve refuses to start where the machine gives less"`
	PortFrom     int      `toml:"port_from" help:"first port given to applications, 0: any free one"`
	PortTo       int      `toml:"port_to" help:"last port given to applications"`
	Host         string   `toml:"host" help:"address on which applications listen"`
	Observe      Duration `toml:"observe" help:"how often engines are looked at, 1s to 1h"`
}

// Metering is how usage is taken in.
type Metering struct {
	Interval Duration `toml:"interval" help:"how often applications report, 1s to 1h"`
	Grace    Duration `toml:"grace" help:"how long after its end a window waits for late events without a watermark"`
}

// VAT is who is asked about customers' VAT identifiers.
type VAT struct {
	VIES string `toml:"vies" help:"address of the Commission's VIES REST interface, https://ec.europa.eu/taxation_customs/vies/rest-api; empty: only form and check digits are looked at"`
}

// Settlement is how revenue is split where no rule says otherwise.
type Settlement struct {
	OperatorShare int `toml:"operator_share" help:"what the operator keeps of a publisher's revenue, in basis points: 2000 is 20 %"`
}

// UsageLog is where the batches of usage are kept, which all else about usage is made from. Its file settings matter
// where url names servers.
type UsageLog struct {
	URL             string `toml:"url" help:"servers of a NATS JetStream cluster: nats://… or tls://…, with commas between; empty: files in DATA/usage/log. Encrypted unless all are on this machine"`
	Stream          string `toml:"stream" help:"name of the stream: A-Z, 0-9, _; empty: HALLE_USAGE_ and HOME in capitals"`
	Replicas        int    `toml:"replicas" help:"copies of the stream, on as many servers: 3 or 5; 1 keeps a single copy, which only a server with sync_interval: always does not lose"`
	CredentialsFile string `toml:"credentials_file" help:"file with NATS credentials (.creds); empty: none"`
	AuthFile        string `toml:"auth_file" help:"file with user:password; empty: none"`
	CAFile          string `toml:"ca_file" help:"file with the certificates that sign the servers'; empty: those of the system"`
	CertFile        string `toml:"cert_file" help:"file with the certificate that Halle shows; empty: none"`
	KeyFile         string `toml:"key_file" help:"file with the key of cert_file"`
	Monitor         string `toml:"monitor" help:"monitoring addresses of all servers, http://…:8222 with commas between, to check that they sync always; empty: not checked"`
}

// Duration is a time.Duration written as "30s" or "24h".
type Duration struct{ time.Duration }

// UnmarshalText is for TOML.
func (d *Duration) UnmarshalText(b []byte) (err error) {
	if d.Duration, err = time.ParseDuration(string(b)); err != nil {
		return errors.New("is no duration, such as 30s")
	}
	return nil
}

// Default is a working configuration.
func Default() Config {
	return Config{
		Data: "data", Home: "halle", Listen: "127.0.0.1:8080", LogLevel: "info", Workers: 8,
		Mail:     Mail{From: "halle@localhost", TLS: "starttls"},
		Password: Password{Time: 3, MemoryKiB: 65536, Threads: 2},
		Process:  Process{MinIsolation: "basic", Host: "127.0.0.1", Observe: Duration{10 * time.Second}},
		Metering: Metering{Interval: Duration{time.Minute}, Grace: Duration{24 * time.Hour}},
		UsageLog: UsageLog{Replicas: 3}, Settlement: Settlement{OperatorShare: 2000},
	}
}

// Load reads the file (none when path is empty) over the defaults, then the environment over both. Unknown names are
// errors, so that a misspelt setting is not silently lost.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		d := toml.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, fmt.Errorf("configuration %s: %s", path, describe(err))
		}
	}
	if err := c.environment(environ); err != nil {
		return c, err
	}
	c.derive()
	return c, c.Validate()
}

func describe(err error) string {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return strings.TrimSpace(strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return strings.TrimSpace(decode.String())
	}
	return err.Error()
}

// derive fills in what follows from other settings.
func (c *Config) derive() {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	or(&c.Database, "sqlite:"+filepath.Join(c.Data, "halle.db"))
	or(&c.Keys, "sqlite:"+filepath.Join(c.Data, "keys.db"))
	or(&c.Usage, "sqlite:"+filepath.Join(c.Data, "usage", "usage.db"))
	or(&c.RootKey, filepath.Join(c.Data, "root.key"))
	or(&c.Origin, c.Home+".halle")
	or(&c.URL, "http://"+c.Listen)
	or(&c.UsageLog.Stream, "HALLE_USAGE_"+strings.ToUpper(c.Home))
}

// Validate tells everything that is wrong at once.
func (c *Config) Validate() error {
	var errs []error
	bad := func(when bool, name, text string) {
		if when {
			errs = append(errs, fmt.Errorf("%s: %s", name, text))
		}
	}
	_, _, err := net.SplitHostPort(c.Listen)
	bad(err != nil, "listen", "write host:port, for example 127.0.0.1:8080")
	u, err := url.Parse(c.URL)
	bad(err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"), "url", "write https://host")
	_, err = c.TrustedProxies()
	bad(err != nil, "proxies", "write networks with commas between, for example 127.0.0.1/32,10.0.0.0/8")
	bad(c.Data == "", "data", "name a folder")
	bad(strings.HasPrefix(c.Database, "postgres") && c.Keys == c.Database, "keys", "the keys need a database of their own: a backup of the data must not hold them")
	bad(c.Workers < 1 || c.Workers > 256, "workers", "use 1 to 256")
	bad(!oneOf(c.LogLevel, "debug", "info", "warn", "error"), "log_level", "use debug, info, warn or error")
	bad(!oneOf(c.Mail.TLS, "starttls", "tls", "none"), "mail.tls", "use starttls, tls or none")
	bad(c.Mail.SMTP == "" && c.Mail.AuthFile != "", "mail.smtp", "name the mail server of the account")
	bad(c.Password.Time < 1 || c.Password.Time > 16, "password.time", "use 1 to 16")
	bad(c.Password.MemoryKiB < 8 || c.Password.MemoryKiB > 1<<20, "password.memory_kib", "use 8 to 1048576")
	bad(c.Password.Threads < 1 || c.Password.Threads > 16, "password.threads", "use 1 to 16")
	country := c.Place.Country
	bad(country != "" && (len(country) != 2 || strings.ToUpper(country) != country), "place.country", "write two capital letters, as in FR")
	bad(!oneOf(c.Process.MinIsolation, "full", "basic", "none"), "process.min_isolation", "use full, basic or none")
	for i, r := range c.Services {
		bad(r.Name == "" || r.Name == "process" || r.Name == "people", fmt.Sprintf("service.%d.name", i), "choose a name of its own")
		bad(r.URL == "" || r.TokenFile == "", fmt.Sprintf("service.%d", i), "name the url and the token_file")
	}
	bad(c.Process.PortFrom < 0 || c.Process.PortTo > 65535 || c.Process.PortTo < c.Process.PortFrom, "process.port_to", "use ports from port_from to 65535")
	bad(c.Process.Observe.Duration < time.Second || c.Process.Observe.Duration > time.Hour, "process.observe", "use 1s to 1h")
	bad(c.Metering.Interval.Duration < time.Second || c.Metering.Interval.Duration > time.Hour, "metering.interval", "use 1s to 1h")
	bad(c.Metering.Grace.Duration < time.Second, "metering.grace", "use 1s or more")
	c.UsageLog.validate(bad)
	bad(c.Settlement.OperatorShare < 0 || c.Settlement.OperatorShare > 10_000, "settlement.operator_share", "use 0 to 10000 basis points")
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("configuration:\n%w", errors.Join(errs...))
}

// TrustedProxies are the networks of Proxies.
func (c *Config) TrustedProxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for text := range strings.FieldsFuncSeq(c.Proxies, separates) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}

// Setting is one row of the table that explains the configuration.
type Setting struct{ Name, Variable, Value, Help string }

// Settings lists every setting with its present value. None holds a secret: those are in files.
func (c *Config) Settings() []Setting {
	var list []Setting
	_ = walk(reflect.ValueOf(c).Elem(), "", func(name, help string, v reflect.Value) error { // f never fails
		list = append(list, Setting{Name: name, Variable: variable(name), Value: fmt.Sprint(v.Interface()), Help: help})
		return nil
	})
	return list
}

func variable(name string) string {
	return "HALLE_" + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
}

func walk(v reflect.Value, prefix string, f func(name, help string, v reflect.Value) error) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := prefix + field.Tag.Get("toml")
		if _, leaf := v.Field(i).Interface().(Duration); field.Type.Kind() == reflect.Struct && !leaf {
			if err := walk(v.Field(i), name+".", f); err != nil {
				return err
			}
			continue
		}
		if err := f(name, field.Tag.Get("help"), v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) environment(environ []string) error {
	given := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			given[name] = value
		}
	}
	return walk(reflect.ValueOf(c).Elem(), "", func(name, _ string, v reflect.Value) error {
		text, ok := given[variable(name)]
		if !ok {
			return nil
		}
		if err := set(v, text); err != nil {
			return fmt.Errorf("%s: %w", variable(name), err)
		}
		return nil
	})
}

func set(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case string:
		v.SetString(text)
	case int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("is no whole number")
		}
		v.SetInt(int64(n))
	case uint32, uint8:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return errors.New("is no whole number of that size")
		}
		v.SetUint(n)
	case Duration:
		return v.Addr().Interface().(*Duration).UnmarshalText([]byte(text))
	default:
		return fmt.Errorf("has a type that cannot be set: %s", v.Type())
	}
	return nil
}
