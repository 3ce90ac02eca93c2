package signin

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// limit is how often something may be tried in a window.
type limit struct {
	name   string
	of     string // what is counted: an account's address in lower case, or a network
	most   int64
	window time.Duration
}

const window = 15 * time.Minute

func (s *SignIns) signInLimits(email string, o Origin) []limit {
	return []limit{
		{"sign-in account", account(email), s.cfg.PerAccount, window},
		{"sign-in address", network(o.Address), s.cfg.PerAddress, window},
	}
}

func (s *SignIns) mailLimits(email string, o Origin) []limit {
	return []limit{{"mail account", account(email), 5, time.Hour}, {"mail address", network(o.Address), 30, time.Hour}}
}

func (s *SignIns) joinLimits(o Origin) []limit {
	return []limit{{"join address", network(o.Address), 30, time.Hour}}
}

func account(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// network is the address that one subscriber has: an IPv6 one is cut to its /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		prefix, err := ip.Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

func (s *SignIns) limitKey(ctx context.Context, l limit) ([]byte, error) {
	if err := s.ring.Ensure(ctx, keys.Install("signin")); err != nil {
		return nil, err
	}
	h, err := s.ring.MAC(ctx, keys.Install("signin"), "attempt", []byte(l.name+"|"+l.of))
	return h[:], err
}

// count counts one attempt under each limit, before any work is done for it, and refuses with the time when the next is
// welcome.
func (s *SignIns) count(ctx context.Context, limits []limit) error {
	hashed := make([][]byte, len(limits))
	for i, l := range limits {
		var err error
		if hashed[i], err = s.limitKey(ctx, l); err != nil {
			return err
		}
	}
	now := s.now()
	var until time.Time
	err := s.db.Claim(ctx, func(tx *store.Tx) error {
		until = time.Time{}
		for i, l := range limits {
			tries, started, err := upsertAttempt(tx, hashed[i], now, now.Add(-l.window))
			if err != nil {
				return fmt.Errorf("count attempts: %w", err)
			}
			if end := started.Add(l.window); tries > l.most && end.After(until) {
				until = end
			}
		}
		return nil
	})
	if err != nil || until.IsZero() {
		return err
	}
	return fail.New(fail.TooMany, "signin.too_many", "There were too many attempts.", "Try again after "+until.Format("15:04 UTC")+".").
		With("retry_after", strconv.FormatInt(int64(until.Sub(now).Seconds())+1, 10))
}
