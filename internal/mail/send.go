package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder writes each message as NAME.eml into a folder: for the demo and for tests.
type Folder struct{ Path string }

// Send writes the file. Another write of the same message replaces it.
func (f Folder) Send(_ context.Context, _, _ string, message []byte, mailID string) error {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return err
	}
	file := filepath.Join(f.Path, mailID+".eml")
	if err := os.WriteFile(file+".part", message, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}

// The ways to protect the connection to the mail server.
const (
	TLSStart    = "starttls" // RFC 3207, required: a server that does not offer it gets nothing
	TLSImplicit = "tls"      // from the first byte, RFC 8314
	TLSNone     = "none"     // only to a server on this machine
)

// SMTP hands messages over to a mail server.
type SMTP struct {
	Address string        // host:port
	TLS     string        // TLSStart, TLSImplicit or TLSNone
	Auth    string        // file with "user:password" on one line; "" for none
	Hello   string        // the name this machine gives itself; "" for localhost
	Config  *tls.Config   // nil for the system's roots
	Timeout time.Duration // for one message; 0 means 30 s
}

// Check looks at the configuration without talking to the server.
func (s SMTP) Check() error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fmt.Errorf("mail server %q: write host:port", s.Address)
	}
	switch s.TLS {
	case TLSStart, TLSImplicit:
	case TLSNone:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("mail server %q: without TLS only a server on this machine may be used", s.Address)
		}
	default:
		return fmt.Errorf("mail: TLS is %q, use %s, %s or %s", s.TLS, TLSStart, TLSImplicit, TLSNone)
	}
	if s.Auth != "" {
		_, _, err = s.credentials()
	}
	return err
}

func (s SMTP) credentials() (user, password string, err error) {
	text, err := os.ReadFile(s.Auth)
	if err != nil {
		return "", "", fmt.Errorf("mail: credentials: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok || user == "" || password == "" {
		return "", "", fmt.Errorf("mail: %s holds user:password on one line", s.Auth)
	}
	return user, password, nil
}

// Send hands one message over. Errors name the server's code and the step, never its words, which may repeat the
// address.
func (s SMTP) Send(ctx context.Context, from, to string, message []byte, _ string) error {
	if err := s.Check(); err != nil {
		return err
	}
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return s.talk(client, from, to, message)
}

func (s SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	host, _, _ := net.SplitHostPort(s.Address)
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, fmt.Errorf("mail server does not answer: %w", err)
	}
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	if s.TLS == TLSImplicit {
		conn = tls.Client(conn, s.config(host))
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("mail server at greeting: %w", transient(err))
	}
	return client, nil
}

func (s SMTP) config(host string) *tls.Config {
	c := &tls.Config{}
	if s.Config != nil {
		c = s.Config.Clone()
	}
	c.ServerName, c.MinVersion = host, tls.VersionTLS12
	return c
}

func (s SMTP) talk(client *smtp.Client, from, to string, message []byte) error {
	host, _, _ := net.SplitHostPort(s.Address)
	if s.Hello != "" {
		if err := client.Hello(s.Hello); err != nil {
			return fmt.Errorf("mail server at hello: %w", transient(err))
		}
	}
	if s.TLS == TLSStart {
		if err := client.StartTLS(s.config(host)); err != nil {
			// Never final: a server that has lost its certificate gets it back.
			return fmt.Errorf("mail server offers no TLS: %w", transient(err))
		}
	}
	if s.Auth != "" {
		user, password, err := s.credentials()
		if err != nil {
			return err
		}
		if err := client.Auth(smtp.PlainAuth("", user, password, host)); err != nil {
			return fmt.Errorf("mail server refused our sign-in: %w", transient(err))
		}
	}
	if err := client.Mail(from); err != nil {
		return fmt.Errorf("mail server refused our sender address: %w", transient(err))
	}
	if err := client.Rcpt(to); err != nil {
		return step("recipient", err)
	}
	w, err := client.Data()
	if err != nil {
		return step("data", err)
	}
	if _, err := w.Write(message); err != nil {
		return step("data", err)
	}
	if err := w.Close(); err != nil {
		return step("end of data", err)
	}
	_ = client.Quit() // the message is taken; how the server says goodbye does not matter
	return nil
}

// step turns an answer 5xx about this message into ErrRefused (what is wrong on our side may be mended) and drops the server's words.
func step(name string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return fmt.Errorf("%w (%d at %s)", ErrRefused, answer.Code, name)
	}
	return fmt.Errorf("mail server at %s: %w", name, transient(err))
}

func transient(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("code %d", answer.Code)
	}
	return err
}
