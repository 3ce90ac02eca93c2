package m2m

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
)

// Files of the private folder.
const (
	configFile  = "app.json"
	devicesFile = "devices.json"
	tokenFile   = "token"
	socketFile  = "control.sock"
	journalDir  = "journal"
)

// Limits come from the plan. Zero takes the default.
type Limits struct {
	Connections    int     `json:"connections"`      // open at once; default 1000
	MessageBytes   int     `json:"message_bytes"`    // payload of one message; default 256 KiB, at most 16 MiB
	MessagesPerSec float64 `json:"messages_per_sec"` // of one device, paced by reading slower; default 1000
	Queued         int     `json:"queued"`           // messages owed to one persistent session; default 10000, at most 60000
	Retained       int     `json:"retained"`         // retained messages; default 10000
	SessionSeconds uint32  `json:"session_seconds"`  // how long an absent session is kept; default 30 days
	Devices        int     `json:"devices"`          // credentials; default 10000
}

// Config is app.json. Unknown fields are refused.
type Config struct {
	Resource     string   `json:"resource"`         // id of the resource: the source of its events
	Subscription string   `json:"subscription"`     // id of the subscription: the subject of its events
	Listen       string   `json:"listen,omitempty"` // host:port, used when no socket is inherited
	Hosts        []string `json:"hosts,omitempty"`  // names and addresses of the generated certificate
	Cert         string   `json:"cert,omitempty"`   // PEM chain; with key, instead of a generated one; relative to the folder
	Key          string   `json:"key,omitempty"`
	UsageURL     string   `json:"usage_url"`                 // where the events go: http, https, or unix:PATH of a socket (relative to the folder)
	IntervalMS   int64    `json:"interval_ms,omitempty"`     // length of a metering interval; default 60000
	HashMemory   uint32   `json:"hash_memory_kib,omitempty"` // argon2id memory of new passwords; default 19456
	SegmentBytes int64    `json:"segment_bytes,omitempty"`   // journal growth before a snapshot; default 16 MiB
	StopGraceMS  int64    `json:"stop_grace_ms,omitempty"`   // how long SIGTERM waits for the usage endpoint; default 10000
	Limits       Limits   `json:"limits"`

	Dir   string      `json:"-"` // the private folder
	Clock clock.Clock `json:"-"` // nil means the system's
}

// ReadConfig reads and checks app.json in the private folder.
func ReadConfig(dir string) (Config, error) {
	b, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		return Config{}, fmt.Errorf("m2m: read configuration: %w", err)
	}
	var c Config
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("m2m: %s: %w", configFile, err)
	}
	c.Dir = dir
	return c.withDefaults()
}

func orDefault[T int | int64 | uint32 | float64](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// withDefaults fills in what is missing and names everything that is wrong at once.
func (c Config) withDefaults() (Config, error) {
	c.Limits.Connections = orDefault(c.Limits.Connections, 1000)
	c.Limits.MessageBytes = orDefault(c.Limits.MessageBytes, 256<<10)
	c.Limits.MessagesPerSec = orDefault(c.Limits.MessagesPerSec, 1000)
	c.Limits.Queued = orDefault(c.Limits.Queued, 10000)
	c.Limits.Retained = orDefault(c.Limits.Retained, 10000)
	c.Limits.SessionSeconds = orDefault(c.Limits.SessionSeconds, 30*24*3600)
	c.Limits.Devices = orDefault(c.Limits.Devices, 10000)
	c.IntervalMS = orDefault(c.IntervalMS, 60000)
	c.HashMemory = orDefault(c.HashMemory, 19456)
	c.StopGraceMS = orDefault(c.StopGraceMS, 10000)
	if c.Clock == nil {
		c.Clock = clock.System
	}
	var wrong []error
	must := func(ok bool, text string) {
		if !ok {
			wrong = append(wrong, errors.New("m2m: "+text))
		}
	}
	u, err := url.Parse(c.UsageURL)
	must(err == nil && ((u.Scheme == "http" || u.Scheme == "https") && u.Host != "" || u.Scheme == "unix" && u.Opaque+u.Path != ""),
		"usage_url must be an http or https address, or unix: and a socket")
	must(c.Resource != "" && !strings.ContainsAny(c.Resource, "/ \n"), "resource must be an id without slash or blank")
	must(c.Subscription != "", "subscription is missing")
	must((c.Cert == "") == (c.Key == ""), "cert and key go together")
	must(c.IntervalMS >= 100 && c.IntervalMS <= 3600_000, "interval_ms must be from 100 to 3600000")
	must(c.HashMemory >= 64 && c.HashMemory <= 1<<20, "hash_memory_kib must be from 64 to 1048576")
	must(c.StopGraceMS > 0, "stop_grace_ms must be positive")
	l := c.Limits
	must(l.Connections > 0, "limits.connections must be positive")
	must(l.MessageBytes > 0 && l.MessageBytes <= 16<<20, "limits.message_bytes must be from 1 to 16777216")
	must(l.MessagesPerSec > 0, "limits.messages_per_sec must be positive")
	must(l.Queued > 0 && l.Queued <= 60000, "limits.queued must be from 1 to 60000")
	must(l.Retained > 0, "limits.retained must be positive")
	must(l.Devices > 0, "limits.devices must be positive")
	return c, errors.Join(wrong...)
}

func (c Config) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Dir, name)
}

func (c Config) interval() time.Duration { return time.Duration(c.IntervalMS) * time.Millisecond }

// maxSocketPath is what Linux allows for the path of a unix socket, less its terminating zero.
const maxSocketPath = 107

// shortPath gives a path by which a socket in the folder can be addressed although its own may be too long: from the
// working directory, else through the open folder. done is called after use.
func shortPath(path string) (short string, done func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, path); err == nil && len(rel) <= maxSocketPath {
			return rel, func() {}, nil
		}
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, fmt.Errorf("m2m: open folder: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path)), func() { _ = d.Close() }, nil
}
