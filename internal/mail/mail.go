// Package mail sends messages that a business transaction asked for, after it is durable.
//
// Owns: the outbox, the form of a message (MIME), handing over to a mail server or to files.
// Does not own: texts and languages (the package that has something to say), addresses (party).
// Reads: the table mail; keys.
// Writes: the table mail; the mail server, or .eml files.
//
// A message lies in the outbox sealed under the person's key, address included, and is emptied once handed over: a
// person that was erased gets nothing more, and no backup tells what was written. A crash between the server's answer
// and our note of it sends a message again, with the same Message-ID.
package mail

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "mail", Files: files} }

// JobSend is the kind of the job that hands one message over.
const JobSend = "mail.send"

const (
	jobSweep   = "mail.sweep"
	maxMessage = 10 << 20
	// attempts are about four days of trying, as RFC 5321 (4.5.4.1) asks for.
	attempts = 600
	// keepFor is how long the operator sees that a message was sent.
	keepFor = 90 * 24 * time.Hour
)

// Message is one message to one person. The HTML form is made from Text: paragraphs, and a line that is only a link.
type Message struct {
	Person      string // whose key seals it; the key exists (keys.Ring.Ensure before the transaction)
	Kind        string // for the operator: "confirm", "invitation"; no personal data
	To          string // address
	Lang        string // of the text: "en", "fr"
	Subject     string
	Text        string
	Attachments []Attachment
}

// Attachment is a file with a message.
type Attachment struct {
	Name string // file name
	Type string // media type
	Data []byte
}

// Sender hands a finished message over. Two stand: SMTP and Folder. An error that wraps ErrRefused is final.
type Sender interface {
	Send(ctx context.Context, from, to string, message []byte, id string) error
}

// ErrRefused: the server will never take this message; trying again is of no use.
var ErrRefused = errors.New("the mail server refused the message for good")

// Outbox keeps and sends messages. Safe for concurrent use.
type Outbox struct {
	db     *store.DB
	ring   *keys.Ring
	queue  *job.Queue
	ids    *id.Source
	now    clock.Clock
	sender Sender
	from   netmail.Address
}

// New makes the outbox and gives its job to the queue. from is the sender's address, "Halle <no-reply@example.org>".
func New(db *store.DB, ring *keys.Ring, queue *job.Queue, ids *id.Source, now clock.Clock, sender Sender, from string) (*Outbox, error) {
	address, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("mail: sender address %q: %w", from, err)
	}
	o := &Outbox{db: db, ring: ring, queue: queue, ids: ids, now: now, sender: sender, from: *address}
	queue.Handle(JobSend, func(ctx context.Context, j job.Job) error {
		if len(j.Payload) == 0 {
			return o.send(ctx, j.Key) // as earlier releases enqueued it
		}
		return o.send(ctx, string(j.Payload))
	})
	queue.Handle(jobSweep, func(ctx context.Context, _ job.Job) error {
		return db.Tx(ctx, func(tx *store.Tx) error { return deleteClosed(tx, now().Add(-keepFor)) })
	})
	queue.Every(jobSweep, 24*time.Hour)
	return o, nil
}

// Put writes the message into the outbox, in the caller's transaction, and returns its id.
func (o *Outbox) Put(tx *store.Tx, m Message) (string, error) {
	if m.Person == "" || m.Kind == "" || strings.ContainsAny(m.To+m.Subject, "\r\n") {
		return "", fmt.Errorf("mail %q: person and kind are needed, address and subject are one line", m.Kind)
	}
	if _, err := netmail.ParseAddress(m.To); err != nil {
		return "", fmt.Errorf("mail %q: not an address", m.Kind)
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	if len(plain) > maxMessage {
		return "", fmt.Errorf("mail %q: %d bytes, at most %d go out", m.Kind, len(plain), maxMessage)
	}
	mailID := o.ids.New("mai")
	sealed, err := o.ring.Seal(tx.Context(), keys.Person(m.Person), plain, aad(mailID))
	if err != nil {
		return "", fmt.Errorf("mail %q: %w", m.Kind, err)
	}
	if err := insert(tx, mailID, m, sealed, o.now()); err != nil {
		return "", fmt.Errorf("mail %q: %w", m.Kind, err)
	}
	return mailID, o.queue.Enqueue(tx, job.Job{Kind: JobSend, Payload: []byte(mailID), MaxAttempts: attempts})
}

func aad(mailID string) []byte { return []byte("mail|" + mailID + "|sealed") }

// send hands one message over. It is idempotent but for a crash after the server's answer.
func (o *Outbox) send(ctx context.Context, mailID string) error {
	var row row
	err := o.db.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = selectMail(tx, mailID)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return nil
	case err != nil:
		return fmt.Errorf("mail %s: %w", mailID, err)
	case row.sealed == nil:
		return nil // handed over, or given up
	}
	plain, err := o.ring.Open(ctx, keys.Person(row.person), row.sealed, aad(mailID))
	if errors.Is(err, keys.ErrDestroyed) {
		return o.close(ctx, mailID, "the person was erased")
	}
	if err != nil {
		return fmt.Errorf("mail %s: %w", mailID, err)
	}
	var m Message
	if err := json.Unmarshal(plain, &m); err != nil {
		return fmt.Errorf("mail %s: %w", mailID, err)
	}
	body, err := compose(o.from, m, mailID, row.createdAt)
	if err != nil {
		return fmt.Errorf("mail %s: %w", mailID, err)
	}
	switch err := o.sender.Send(ctx, o.from.Address, m.To, body, mailID); {
	case err == nil:
		return o.close(ctx, mailID, "")
	case errors.Is(err, ErrRefused):
		return o.close(ctx, mailID, err.Error())
	default:
		note := o.db.Tx(ctx, func(tx *store.Tx) error { return updateFailed(tx, mailID, err.Error()) })
		return errors.Join(fmt.Errorf("mail %s: %w", mailID, err), note)
	}
}

// close empties the message: handed over when failure is "", given up otherwise.
func (o *Outbox) close(ctx context.Context, mailID, failure string) error {
	err := o.db.Tx(ctx, func(tx *store.Tx) error { return updateClosed(tx, mailID, failure, o.now()) })
	if err != nil {
		return fmt.Errorf("mail %s: %w", mailID, err)
	}
	return nil
}

// State is what the operator sees of a message.
type State struct {
	ID       string
	Person   string
	Kind     string
	Sent     bool
	GivenUp  bool
	Attempts int64
	Error    string
}

// States lists the messages to a person, oldest first. The caller has been authorised to see that they exist.
func (o *Outbox) States(ctx context.Context, person string) (list []State, err error) {
	err = o.db.Read(ctx, func(tx *store.Tx) error {
		list, err = selectStates(tx, person)
		return err
	})
	return list, err
}
