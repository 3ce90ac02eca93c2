package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

var ctx = context.Background()

type world struct {
	db     *store.DB
	ring   *keys.Ring
	queue  *job.Queue
	outbox *mail.Outbox
	clock  *clock.Fake
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, sender func(t *testing.T) mail.Sender, fn func(t *testing.T, w world)) {
	t.Helper()
	storetest.Each(t, []store.Migrations{job.Migrations(), mail.Migrations()}, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		ring, err := keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db") + "?sync=off", RootFile: filepath.Join(dir, "root.key"), CreateRoot: true})
		must(t, err)
		t.Cleanup(func() { must(t, ring.Close()) })
		must(t, ring.Ensure(ctx, keys.Person("per_1")))
		ids, err := id.NewSource("test")
		must(t, err)
		fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
		queue := job.New(db, "test", fake.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		outbox, err := mail.New(db, ring, queue, ids, fake.Now, sender(t), "Halle <no-reply@halle.example>")
		must(t, err)
		fn(t, world{db, ring, queue, outbox, fake})
	})
}

func hello() mail.Message {
	return mail.Message{Person: "per_1", Kind: "hello", To: "zoë@home.example", Lang: "fr", Subject: "Bonjour à vous",
		Text:        "Bonjour <Zoë>,\n\nOuvrez ce lien :\nhttps://halle.example/x?a=1&b=2\n\n.\nÀ bientôt\n",
		Attachments: []mail.Attachment{{Name: "contract é.html", Type: "text/html", Data: bytes.Repeat([]byte("<p>contract</p>\n"), 50)}}}
}

func (w world) put(t *testing.T, m mail.Message) (mailID string) {
	t.Helper()
	must(t, w.db.Tx(ctx, func(tx *store.Tx) (err error) {
		mailID, err = w.outbox.Put(tx, m)
		return err
	}))
	return mailID
}

func (w world) drain(t *testing.T) {
	t.Helper()
	_, err := w.queue.Drain(ctx)
	must(t, err)
}

func (w world) state(t *testing.T) mail.State {
	t.Helper()
	list, err := w.outbox.States(ctx, "per_1")
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d messages", len(list))
	}
	return list[0]
}

// read takes a message apart as a mail program would.
func read(t *testing.T, raw string) (h netmail.Header, text, html string, files map[string][]byte) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	must(t, err)
	_, outer, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	must(t, err)
	mixed := multipart.NewReader(m.Body, outer["boundary"])
	body, err := mixed.NextPart()
	must(t, err)
	_, inner, err := mime.ParseMediaType(body.Header.Get("Content-Type"))
	must(t, err)
	both := multipart.NewReader(body, inner["boundary"])
	for _, into := range []*string{&text, &html} {
		part, err := both.NextPart()
		must(t, err)
		b, err := io.ReadAll(part)
		must(t, err)
		*into = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	files = map[string][]byte{}
	for {
		part, err := mixed.NextPart()
		if errors.Is(err, io.EOF) {
			return m.Header, text, html, files
		}
		must(t, err)
		b, err := io.ReadAll(part)
		must(t, err)
		files[part.FileName()] = b
	}
}

func TestOverStartTLSWithSignIn(t *testing.T) {
	var s *server
	each(t, func(t *testing.T) mail.Sender {
		s = serve(t, &server{auth: "halle:secret"})
		auth := filepath.Join(t.TempDir(), "auth")
		must(t, os.WriteFile(auth, []byte("halle:secret\n"), 0o600))
		return mail.SMTP{Address: s.address, TLS: mail.TLSStart, Auth: auth, Config: &tls.Config{RootCAs: s.roots}}
	}, func(t *testing.T, w world) {
		mailID := w.put(t, hello())
		w.drain(t)
		got := s.taken()
		if len(got) != 1 || s.plainly {
			t.Fatalf("%d messages, in the clear %v", len(got), s.plainly)
		}
		h, text, html, files := read(t, got[0])
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		must(t, err)
		m := hello()
		if subject != m.Subject || h.Get("Message-ID") != "<"+mailID+"@halle.example>" || h.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("header %v", h)
		}
		if strings.TrimSpace(text) != strings.TrimSpace(m.Text) {
			t.Errorf("text %q", text)
		}
		if !strings.Contains(html, `<a href="https://halle.example/x?a=1&amp;b=2">`) || strings.Contains(html, "<Zoë>") {
			t.Errorf("html %q", html)
		}
		if want, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(files["contract é.html"]), "\r\n", "")); err != nil || !bytes.Equal(want, m.Attachments[0].Data) {
			t.Errorf("attachments %v, %v", files, err)
		}
		if st := w.state(t); !st.Sent || st.Attempts != 1 {
			t.Errorf("state %+v", st)
		}
	})
}

func TestImplicitTLSAndAStrangersCertificate(t *testing.T) {
	var s *server
	each(t, func(t *testing.T) mail.Sender {
		s = serve(t, &server{implicit: true})
		return mail.SMTP{Address: s.address, TLS: mail.TLSImplicit, Config: &tls.Config{RootCAs: s.roots}}
	}, func(t *testing.T, w world) {
		w.put(t, hello())
		w.drain(t)
		if len(s.taken()) != 1 || s.plainly {
			t.Errorf("%d messages, in the clear %v", len(s.taken()), s.plainly)
		}
		err := mail.SMTP{Address: s.address, TLS: mail.TLSImplicit}.Send(ctx, "a@x.example", "b@x.example", []byte("x"), "1")
		if err == nil || errors.Is(err, mail.ErrRefused) {
			t.Errorf("a certificate that nobody knows: %v", err)
		}
	})
}

func TestServerWithoutTLSGetsNothing(t *testing.T) {
	s := serve(t, &server{noTLS: true})
	err := mail.SMTP{Address: s.address, TLS: mail.TLSStart}.Send(ctx, "a@x.example", "b@x.example", []byte("x"), "1")
	if err == nil || errors.Is(err, mail.ErrRefused) || len(s.taken()) != 0 {
		t.Errorf("%v, %d messages", err, len(s.taken()))
	}
	for _, bad := range []mail.SMTP{{Address: "mail.example:25", TLS: mail.TLSNone}, {Address: "mail.example", TLS: mail.TLSStart}, {Address: s.address, TLS: "maybe"}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

func TestBusyServerIsTriedAgainAndARefusalIsFinal(t *testing.T) {
	var s *server
	each(t, func(t *testing.T) mail.Sender {
		s = serve(t, &server{})
		return mail.SMTP{Address: s.address, TLS: mail.TLSStart, Config: &tls.Config{RootCAs: s.roots}}
	}, func(t *testing.T, w world) {
		s.set(map[string]string{"RCPT": "451 zoë@home.example is busy"})
		w.put(t, hello())
		w.drain(t)
		st := w.state(t)
		if st.Sent || st.GivenUp || st.Attempts == 0 || !strings.Contains(st.Error, "451") || strings.Contains(st.Error, "zoë") {
			t.Fatalf("state %+v", st)
		}
		s.set(map[string]string{"RCPT": "550 no such mailbox zoë@home.example"})
		w.clock.Advance(24 * time.Hour)
		w.drain(t)
		st = w.state(t)
		if st.Sent || !st.GivenUp || !strings.Contains(st.Error, "550") || strings.Contains(st.Error, "zoë") {
			t.Errorf("state %+v", st)
		}
		if len(s.taken()) != 0 {
			t.Errorf("%d messages", len(s.taken()))
		}
	})
}

func TestAnErasedPersonGetsNothing(t *testing.T) {
	dir := ""
	each(t, func(t *testing.T) mail.Sender {
		dir = filepath.Join(t.TempDir(), "mails")
		return mail.Folder{Path: dir}
	}, func(t *testing.T, w world) {
		w.put(t, hello())
		must(t, w.ring.Destroy(ctx, keys.Person("per_1")))
		w.drain(t)
		if st := w.state(t); st.Sent || !st.GivenUp {
			t.Errorf("state %+v", st)
		}
		if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 0 {
			t.Errorf("files %v", names)
		}
	})
}

func TestRolledBackIsNotSentAndNothingLiesInTheClear(t *testing.T) {
	dir := ""
	each(t, func(t *testing.T) mail.Sender {
		dir = filepath.Join(t.TempDir(), "mails")
		return mail.Folder{Path: dir}
	}, func(t *testing.T, w world) {
		no := errors.New("no")
		err := w.db.Tx(ctx, func(tx *store.Tx) error {
			_, err := w.outbox.Put(tx, hello())
			return errors.Join(err, no)
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		w.drain(t)
		w.put(t, hello())
		var sealed []byte
		must(t, w.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT sealed FROM mail").Scan(&sealed) }))
		if bytes.Contains(sealed, []byte("home.example")) || bytes.Contains(sealed, []byte("Bonjour")) {
			t.Error("the outbox can be read")
		}
		w.drain(t)
		if names, _ := filepath.Glob(filepath.Join(dir, "*.eml")); len(names) != 1 {
			t.Errorf("files %v", names)
		}
		must(t, w.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT sealed FROM mail").Scan(&sealed) }))
		if sealed != nil {
			t.Error("a message that was sent is kept")
		}
		w.clock.Advance(100 * 24 * time.Hour)
		w.drain(t)
		if list, err := w.outbox.States(ctx, "per_1"); err != nil || len(list) != 0 {
			t.Errorf("after a season %v, %v", list, err)
		}
	})
}

func TestPutRefusesInjection(t *testing.T) {
	each(t, func(t *testing.T) mail.Sender { return mail.Folder{Path: t.TempDir()} }, func(t *testing.T, w world) {
		for _, change := range []func(*mail.Message){
			func(m *mail.Message) { m.To = "a@x.example\r\nBcc: b@x.example" },
			func(m *mail.Message) { m.Subject = "x\nBcc: b@x.example" },
			func(m *mail.Message) { m.To = "nobody" },
			func(m *mail.Message) { m.Person = "" },
			func(m *mail.Message) { m.Attachments[0].Data = make([]byte, 11<<20) },
		} {
			m := hello()
			change(&m)
			err := w.db.Tx(ctx, func(tx *store.Tx) error {
				_, err := w.outbox.Put(tx, m)
				return err
			})
			if err == nil {
				t.Errorf("%q, %q is taken", m.To, m.Subject)
			}
		}
	})
}

func TestTexts(t *testing.T) {
	files := fstest.MapFS{"m/a.en.txt": {Data: []byte("Hello {{.name}}\n\nDear {{.name}}\n")}, "m/a.fr.txt": {Data: []byte("Bonjour\n\nCher {{.name}}\n")}}
	texts, err := mail.LoadTexts(files, "m", "en", "fr")
	must(t, err)
	subject, text, err := texts.Render("a", "en", map[string]string{"name": "Zoë\r\n\r\nBcc: x"})
	if err != nil || subject != "Hello Zoë Bcc: x" || text != "Dear Zoë Bcc: x\n" {
		t.Errorf("%q %q %v", subject, text, err)
	}
	if subject, _, err = texts.Render("a", "de", map[string]string{"name": "x"}); err != nil || subject != "Hello x" {
		t.Errorf("%q %v", subject, err)
	}
	if _, _, err = texts.Render("a", "en", nil); err == nil {
		t.Error("a missing value passes")
	}
	if _, _, err = texts.Render("b", "en", nil); err == nil {
		t.Error("a missing text passes")
	}
	if _, err = mail.LoadTexts(files, "m", "en", "de"); err == nil {
		t.Error("a missing language passes")
	}
}
