package jetstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/mod/semver"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// oldest is the first server that reads many messages at one request (2.11).
const oldest = "2.11.0"

// connect joins the servers. It stays joined for ever: what is lost is joined again, later each time, at the latest after
// five seconds.
func (l *Log) connect(ctx context.Context) error {
	options, err := l.options()
	if err != nil {
		return err
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if l.nc, err = nats.Connect(l.conf.URL, options...); err == nil {
			break
		}
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrSecureConnWanted) || !rest(ctx, wait) {
			return fmt.Errorf("the servers %s cannot be joined: %w; check usage_log.url, its credentials and certificates, and that they run", Place(l.conf.URL), err)
		}
	}
	if v := l.nc.ConnectedServerVersion(); semver.Compare("v"+v, "v"+oldest) < 0 {
		return fmt.Errorf("the server %s is NATS %s: %s or newer is needed", l.nc.ConnectedUrlRedacted(), v, oldest)
	}
	l.most = int(min(l.nc.MaxPayload()-headers, maxMessage))
	l.inbox = nats.NewInbox()
	l.js, err = jetstream.New(l.nc)
	return err
}

func (l *Log) options() ([]nats.Option, error) {
	c := &l.conf
	options := []nats.Option{nats.Name("halle usage log " + c.Home), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.Timeout(2 * time.Second), nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2),
		nats.CustomReconnectDelay(func(attempts int) time.Duration {
			most := min(100*time.Millisecond<<min(attempts, 6), 5*time.Second)
			return most/2 + rand.N(most/2) //nolint:gosec // so that many do not come back at once
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			select {
			case l.trouble <- struct{}{}:
			default:
			}
			if err != nil {
				c.Log.Warn("usage log: the connection to NATS was lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			c.Log.Info("usage log: joined NATS again", "server", nc.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.Log.Warn("usage log: NATS", "err", err)
		})}
	if c.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(c.CredentialsFile))
	}
	if c.AuthFile != "" {
		text, err := os.ReadFile(c.AuthFile)
		if err != nil {
			return nil, fmt.Errorf("usage_log.auth_file: %w", err)
		}
		user, password, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
		if !ok {
			return nil, fmt.Errorf("usage_log.auth_file: %s does not hold user:password", c.AuthFile)
		}
		options = append(options, nats.UserInfo(user, password))
	}
	secure, err := c.tls()
	if secure != nil {
		options = append(options, nats.Secure(secure))
	}
	return options, err
}

// tls is how the connection is encrypted; nil only where nothing leaves this machine and nothing asks for it.
func (c *Config) tls() (*tls.Config, error) {
	if c.CAFile == "" && c.CertFile == "" && !strings.Contains(c.URL, "tls://") && here(c.URL) {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("usage_log.ca_file: %w", err)
		}
		if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("usage_log.ca_file: %s holds no certificate", c.CAFile)
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("usage_log.cert_file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// here tells whether all servers are on this machine.
func here(urls string) bool {
	for _, u := range split(urls) {
		parsed, err := url.Parse(u)
		if err != nil {
			return false
		}
		ip, err := netip.ParseAddr(parsed.Hostname())
		if parsed.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Place are the servers of a list of addresses, without what may be secret in it.
func Place(urls string) string {
	var hosts []string
	for _, one := range split(urls) {
		u, err := url.Parse(one)
		if err != nil || u.Host == "" {
			continue
		}
		port := u.Port()
		if port == "" {
			port = "4222"
		}
		hosts = append(hosts, net.JoinHostPort(u.Hostname(), port))
	}
	return strings.Join(hosts, ", ")
}

// rest waits; false when the context ended.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

var _ batchlog.Log = (*Log)(nil)
