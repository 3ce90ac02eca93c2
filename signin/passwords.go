package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
)

// Cost is what one password check costs: argon2id, RFC 9106.
type Cost struct {
	MemoryKiB uint32
	Time      uint32
	Threads   uint8
}

// DefaultCost is OWASP's first choice for argon2id: 19 MiB, two passes, one thread.
func DefaultCost() Cost { return Cost{MemoryKiB: 19 << 10, Time: 2, Threads: 1} }

// Limits of stored costs, so that a damaged row cannot exhaust the machine.
const (
	maxMemoryKiB = 1 << 20
	maxTime      = 100
	saltSize     = 16
	hashSize     = 32
)

func (c Cost) check() error {
	if c.MemoryKiB < 8 || c.MemoryKiB > maxMemoryKiB || c.Time < 1 || c.Time > maxTime || c.Threads < 1 {
		return fmt.Errorf("password cost %d KiB, %d passes, %d threads: out of bounds", c.MemoryKiB, c.Time, c.Threads)
	}
	return nil
}

// Limits of a password.
const (
	minPassword = 10   // characters
	maxPassword = 1000 // bytes
)

// checkPassword refuses what is guessed first. email is the account's.
func checkPassword(password, email string) error {
	bad := func(why string) error {
		return fail.New(fail.Invalid, "signin.password", "This password is too easy to guess: "+why+".", "Use at least ten characters that only you would put together.").Field("password", why)
	}
	local, _, _ := strings.Cut(email, "@")
	low := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return bad("it has fewer than ten characters")
	case len(password) > maxPassword || !utf8.ValidString(password):
		return bad("it is too long, or not text")
	case strings.Count(password, password[:1]) == len(password):
		return bad("it repeats one sign")
	case len(local) >= 4 && strings.Contains(low, strings.ToLower(local)):
		return bad("it contains the e-mail address")
	case strings.HasPrefix("12345678901234567890", low), strings.HasPrefix("qwertyuiopasdfghjkl", low), strings.HasPrefix("azertyuiopqsdfghjklm", low),
		strings.HasPrefix(low, "password"), strings.HasPrefix(low, "motdepasse"):
		return bad("it is among the first that are tried")
	}
	return nil
}

// hasher makes and checks password hashes, at most as many at once as there are slots: memory stays bounded.
type hasher struct {
	ring  *keys.Ring
	cost  Cost
	slots chan struct{}
	dummy string // checked when there is no account, so that the work is the same
}

// pepper is the keyed hash that goes into argon2id: a stolen database without the key store tells nothing.
func (h *hasher) pepper(ctx context.Context, password string) ([]byte, error) {
	if err := h.ring.Ensure(ctx, keys.Install("signin")); err != nil {
		return nil, err
	}
	mac, err := h.ring.MAC(ctx, keys.Install("signin"), "password", []byte(norm.NFKC.String(password)))
	return mac[:], err
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	input, err := h.pepper(ctx, password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: the program stops instead
	sum, err := h.work(ctx, input, salt, h.cost)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.cost.MemoryKiB, h.cost.Time, h.cost.Threads, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

func (h *hasher) work(ctx context.Context, input, salt []byte, c Cost) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey(input, salt, c.Time, c.MemoryKiB, c.Threads, hashSize), nil
}

// verify checks the password against the stored hash, or against the dummy when stored is "". old tells that the hash
// was made at another cost.
func (h *hasher) verify(ctx context.Context, password, stored string) (ok, old bool, err error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	cost, salt, want, err := parseHash(stored)
	if err != nil {
		return false, false, err
	}
	if len(password) > maxPassword {
		password = "" // never right, and no work for it
	}
	input, err := h.pepper(ctx, password)
	if err != nil {
		return false, false, err
	}
	got, err := h.work(ctx, input, salt, cost)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, cost != h.cost, nil
}

func parseHash(text string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v=19" {
		return c, nil, nil, errors.New("stored password hash: unknown form")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errors.New("stored password hash: unknown cost")
	}
	if err := c.check(); err != nil {
		return c, nil, nil, err
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || len(salt) < 8 || len(sum) != hashSize {
		return c, nil, nil, errors.New("stored password hash: damaged")
	}
	return c, salt, sum, nil
}
