package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"
)

// compose writes the message as it goes over the wire: the same input gives the same bytes, so that a resend is
// recognisably the same message.
func compose(from netmail.Address, m Message, mailID string, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	mixed := multipart.NewWriter(&b)
	if err := mixed.SetBoundary("mixed-" + mailID); err != nil {
		return nil, err
	}
	to := netmail.Address{Address: m.To}
	_, domain, _ := strings.Cut(from.Address, "@")
	for _, h := range [][2]string{
		{"From", from.String()}, {"To", to.String()}, {"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", at.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + mailID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"}, {"Content-Language", m.Lang},
		{"Content-Type", `multipart/mixed; boundary="` + mixed.Boundary() + `"`},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	if err := writeBody(mixed, m, mailID); err != nil {
		return nil, err
	}
	for _, a := range m.Attachments {
		if err := writeAttachment(mixed, a); err != nil {
			return nil, err
		}
	}
	err := mixed.Close()
	return b.Bytes(), err
}

func writeBody(mixed *multipart.Writer, m Message, mailID string) error {
	boundary := "alternative-" + mailID
	part, err := mixed.CreatePart(textproto.MIMEHeader{"Content-Type": {`multipart/alternative; boundary="` + boundary + `"`}})
	if err != nil {
		return err
	}
	both := multipart.NewWriter(part)
	if err := both.SetBoundary(boundary); err != nil {
		return err
	}
	for _, form := range [][2]string{{"text/plain", m.Text}, {"text/html", HTML(m.Lang, m.Subject, m.Text)}} {
		w, err := both.CreatePart(textproto.MIMEHeader{
			"Content-Type": {form[0] + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := q.Write([]byte(form[1])); err != nil {
			return err
		}
		if err := q.Close(); err != nil {
			return err
		}
	}
	return both.Close()
}

const base64Line = 76

func writeAttachment(mixed *multipart.Writer, a Attachment) error {
	w, err := mixed.CreatePart(textproto.MIMEHeader{
		"Content-Type": {a.Type}, "Content-Transfer-Encoding": {"base64"},
		"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})},
	})
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(a.Data)
	for len(text) > 0 {
		n := min(base64Line, len(text))
		if _, err := w.Write([]byte(text[:n] + "\r\n")); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// HTML is the simple page made from a text: a paragraph for each block, a link for each line that is only a web
// address. It loads nothing from anywhere.
func HTML(lang, title, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="%s"><head><meta charset="utf-8"><title>%s</title></head>`+
		`<body style="font-family:sans-serif;line-height:1.5;max-width:40em">`, html.EscapeString(lang), html.EscapeString(title))
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		b.WriteString("<p>")
		for i, line := range strings.Split(block, "\n") {
			if i > 0 {
				b.WriteString("<br>")
			}
			safe := html.EscapeString(strings.TrimSpace(line))
			if isLink(line) {
				fmt.Fprintf(&b, `<a href="%s">%s</a>`, safe, safe)
			} else {
				b.WriteString(safe)
			}
		}
		b.WriteString("</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

func isLink(line string) bool {
	line = strings.TrimSpace(line)
	return (strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://")) && !strings.ContainsAny(line, " \t")
}
