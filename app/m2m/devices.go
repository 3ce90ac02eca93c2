package m2m

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/time/rate"

	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/internal/fail"
)

// device is one credential. The password is kept as an argon2id hash only.
type device struct {
	Name    string    `json:"name"`
	Prefix  string    `json:"prefix,omitempty"` // topics it may use begin with it
	Salt    []byte    `json:"salt"`
	Hash    []byte    `json:"hash"`
	Memory  uint32    `json:"memory_kib"`
	Time    uint32    `json:"time"`
	Created time.Time `json:"created"`
}

// devices are the credentials of the resource, kept in devices.json.
type devices struct {
	path   string
	memory uint32
	max    int
	rate   rate.Limit
	gate   chan struct{} // hashes at once: a flood of connections must not take the memory

	mu       sync.Mutex
	list     map[string]device
	seen     map[string][32]byte // per device, a keyed digest of the password that was right before
	limiters map[string]*rate.Limiter
	key      []byte // of the digests; lives as long as the process
}

func openDevices(cfg Config) (*devices, error) {
	d := &devices{path: cfg.path(devicesFile), memory: cfg.HashMemory, max: cfg.Limits.Devices,
		rate: rate.Limit(cfg.Limits.MessagesPerSec), gate: make(chan struct{}, 2), list: map[string]device{},
		seen: map[string][32]byte{}, limiters: map[string]*rate.Limiter{}, key: random(32)}
	b, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("m2m: read devices: %w", err)
	}
	var list []device
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("m2m: %s: %w", devicesFile, err)
	}
	for _, v := range list {
		d.list[v.Name] = v
	}
	return d, nil
}

// random cannot fail: crypto/rand ends the process when the system has no randomness.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// add makes a credential and returns its password, which cannot be read again. An empty password is generated.
func (d *devices) add(name, prefix, password string, now time.Time) (string, error) {
	switch {
	case name == "" || len(name) > 128 || strings.ContainsAny(name, "\x00/+#\n"):
		return "", fail.New(fail.Invalid, "m2m.device_name", "The device name is empty, too long or has one of / + # in it.", "Use 1 to 128 other characters.")
	case strings.ContainsAny(prefix, "+#\x00") || strings.HasPrefix(prefix, "$") || len(prefix) > 1024:
		return "", fail.New(fail.Invalid, "m2m.device_prefix", "The topic prefix is not one.", "Leave out + and #, and do not begin with $.")
	case password != "" && len(password) < 12 || len(password) > 256:
		return "", fail.New(fail.Invalid, "m2m.device_password", "The password is too short or too long.", "Use 12 to 256 characters, or send none and get one.")
	}
	if password == "" {
		password = base64.RawURLEncoding.EncodeToString(random(18))
	}
	v := device{Name: name, Prefix: prefix, Salt: random(16), Memory: d.memory, Time: 2, Created: now}
	v.Hash = d.hash(v, []byte(password))
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.list[name]; ok {
		return "", fail.New(fail.Conflict, "m2m.device_exists", "There is a device with this name.", "Remove it first, or choose another name.")
	}
	if len(d.list) >= d.max {
		return "", fail.New(fail.Limit, "m2m.device_limit", "The plan allows no more devices.", "Remove one, or change the plan.")
	}
	d.list[name] = v
	if err := d.save(); err != nil {
		delete(d.list, name)
		return "", err
	}
	return password, nil
}

// remove deletes a credential; the caller ends its connections.
func (d *devices) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.list[name]
	if !ok {
		return fail.New(fail.NotFound, "m2m.device_unknown", "There is no such device.", "List the devices for their names.")
	}
	delete(d.list, name)
	if err := d.save(); err != nil {
		d.list[name] = v
		return err
	}
	delete(d.seen, name)
	delete(d.limiters, name)
	return nil
}

func (d *devices) save() error {
	b, err := json.MarshalIndent(d.sorted(), "", " ")
	if err != nil {
		return fmt.Errorf("m2m: encode devices: %w", err)
	}
	return durable.Write(d.path, b)
}

func (d *devices) sorted() []device {
	out := make([]device, 0, len(d.list))
	for _, v := range d.list {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b device) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (d *devices) all() []device {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sorted()
}

// replace takes the credentials of another installation, hashes included.
func (d *devices) replace(list []device) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.list
	d.list = map[string]device{}
	for _, v := range list {
		d.list[v.Name] = v
	}
	if err := d.save(); err != nil {
		d.list = old
		return err
	}
	return nil
}

func (d *devices) hash(v device, password []byte) []byte {
	d.gate <- struct{}{}
	defer func() { <-d.gate }()
	return argon2.IDKey(password, v.Salt, v.Time, v.Memory, 1, 32)
}

// check verifies a password. The costly hash is worked out once per device and process: afterwards a keyed digest
// that never leaves memory stands for it.
func (d *devices) check(name string, password []byte) bool {
	digest := sha256.Sum256(slices.Concat(d.key, []byte(name), []byte{0}, password))
	d.mu.Lock()
	v, ok := d.list[name]
	seen, known := d.seen[name]
	d.mu.Unlock()
	if !ok {
		return false
	}
	if known && subtle.ConstantTimeCompare(seen[:], digest[:]) == 1 {
		return true
	}
	if subtle.ConstantTimeCompare(d.hash(v, password), v.Hash) != 1 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now, ok := d.list[name]; !ok || !slices.Equal(now.Hash, v.Hash) {
		return false // removed meanwhile
	}
	d.seen[name] = digest
	return true
}

func (d *devices) exists(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.list[name]
	return ok
}

// mayUse says whether a device may publish to a topic or subscribe to a filter.
func (d *devices) mayUse(name, topic string, filter bool) bool {
	d.mu.Lock()
	v, ok := d.list[name]
	d.mu.Unlock()
	return ok && mayFilter(topic, v.Prefix, filter)
}

// limiter paces all connections of a device together.
func (d *devices) limiter(name string) *rate.Limiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.limiters[name]
	if l == nil {
		l = rate.NewLimiter(d.rate, max(1, int(d.rate)))
		d.limiters[name] = l
	}
	return l
}
