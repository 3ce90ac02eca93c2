package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a small mail server that speaks enough of RFC 5321, 3207 and 4954 to be sent to.
type server struct {
	address  string
	roots    *x509.CertPool
	conf     *tls.Config
	implicit bool
	noTLS    bool   // offers no STARTTLS
	auth     string // "user:password" that is asked for, "" for none

	mu       sync.Mutex
	refuse   map[string]string // first words of a command → answer
	messages []string
	plainly  bool // a message came without TLS
}

func serve(t *testing.T, s *server) *server {
	t.Helper()
	s.conf, s.roots = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	if s.implicit {
		l = tls.NewListener(l, s.conf)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	return s
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

func (s *server) set(refuse map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

func (s *server) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.messages...)
}

func (s *server) answerTo(line string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for command, answer := range s.refuse {
		if strings.HasPrefix(strings.ToUpper(line), command) {
			return answer
		}
	}
	return ""
}

// talk is one connection.
func (s *server) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	secured := s.implicit
	r := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 test ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if answer := s.answerTo(line); answer != "" {
			say(answer)
			continue
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO":
			say(s.extensions(secured))
		case "STARTTLS":
			say("220 go on")
			upgraded := tls.Server(conn, s.conf)
			conn, r, secured = upgraded, bufio.NewReader(upgraded), true
		case "AUTH":
			say(s.authenticate(line))
		case "DATA":
			say("354 go on")
			s.take(r, secured)
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (s *server) extensions(secured bool) string {
	switch {
	case !secured && !s.noTLS:
		return "250-test\r\n250 STARTTLS"
	case s.auth != "":
		return "250-test\r\n250 AUTH PLAIN"
	}
	return "250 test"
}

func (s *server) authenticate(line string) string {
	user, password, _ := strings.Cut(s.auth, ":")
	want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password))
	if line != want {
		return "535 who are you"
	}
	return "235 welcome"
}

func (s *server) take(r *bufio.Reader, secured bool) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		fmt.Fprint(&b, strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, b.String())
	s.plainly = s.plainly || !secured
}
