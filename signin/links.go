package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
)

// Kinds of links, which are also their place on the site: /confirm/SECRET, /reset/SECRET.
const (
	linkConfirm = "confirm"
	linkReset   = "reset"
)

// Kinds of mails.
const (
	mailConfirm = "confirm"
	mailReset   = "reset"
	mailKnown   = "known"
)

const jobReset = "signin.reset"

func linkFor(kind string) time.Duration {
	if kind == linkReset {
		return time.Hour
	}
	return 3 * 24 * time.Hour
}

// mailLink writes a link and the message with it; earlier links of the kind become worthless.
func (s *SignIns) mailLink(tx *store.Tx, person, text, kind, secret string) error {
	p, err := s.parties.Reach(tx, person)
	if err != nil || p.Erased {
		return err
	}
	now := s.now()
	until := now.Add(linkFor(kind))
	if err := voidLinks(tx, kind, person, now); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	if err := insertLink(tx, hashSecret(secret), kind, person, until); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	subject, body, err := s.texts.Render(text, p.Language, map[string]string{
		"name": p.Contact.Name, "site": s.cfg.Site, "until": until.Format("2006-01-02 15:04 UTC"), "link": s.cfg.Site + "/" + kind + "/" + secret})
	if err != nil {
		return err
	}
	_, err = s.outbox.Put(tx, mail.Message{Person: person, Kind: text, To: p.Contact.Email, Lang: p.Language, Subject: subject, Text: body})
	return err
}

func (s *SignIns) use(tx *store.Tx, kind, secret string) (person string, err error) {
	person, err = useLink(tx, hashSecret(secret), kind, s.now())
	if errors.Is(err, store.ErrNone) {
		return "", fail.New(fail.Gone, "signin.link_gone", "This link was used already or has expired.", "Ask for a new one.")
	}
	return person, err
}

// Confirm uses the link that proves an address.
func (s *SignIns) Confirm(ctx context.Context, secret string) error {
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		person, err := s.use(tx, linkConfirm, secret)
		if err != nil {
			return err
		}
		return s.parties.ConfirmEmail(tx, person)
	})
}

// AskConfirm sends the caller a new link to confirm its address; nothing happens when it is confirmed.
func (s *SignIns) AskConfirm(ctx context.Context, c access.Caller, from Origin) error {
	if err := s.policy.Check(c, access.PersonUpdate, access.Resource{Type: "person", ID: c.Person, Person: c.Person}); err != nil {
		return err
	}
	if err := s.count(ctx, s.mailLimits(c.Person, from)); err != nil {
		return err
	}
	secret := newSecret("")
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.parties.Reach(tx, c.Person)
		if err != nil || p.Confirmed {
			return err
		}
		return s.mailLink(tx, c.Person, mailConfirm, linkConfirm, secret)
	})
}

// AskReset sends a link to set a new password, when the address is known. The answer and the work are the same when it is
// not: a job looks the address up later.
func (s *SignIns) AskReset(ctx context.Context, email string, from Origin) error {
	if err := s.count(ctx, s.mailLimits(email, from)); err != nil {
		return err
	}
	const most = 600
	if len(email) > most {
		email = ""
	}
	sealed, err := s.ring.Seal(ctx, keys.Install("signin"), []byte(email), []byte(jobReset))
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		return s.queue.Enqueue(tx, job.Job{Kind: jobReset, Payload: sealed})
	})
}

// sendReset is the job behind AskReset.
func (s *SignIns) sendReset(ctx context.Context, j job.Job) error {
	email, err := s.ring.Open(ctx, keys.Install("signin"), j.Payload, []byte(jobReset))
	if err != nil {
		return err
	}
	person, err := s.parties.PersonByEmail(ctx, string(email))
	if err != nil || person == "" {
		return err
	}
	secret := newSecret("")
	return s.db.Tx(ctx, func(tx *store.Tx) error { return s.mailLink(tx, person, mailReset, linkReset, secret) })
}

// Reset uses the link to set a new password. It proves the address, and ends every session of the person.
func (s *SignIns) Reset(ctx context.Context, secret, password string, from Origin) error {
	if err := s.count(ctx, s.joinLimits(from)); err != nil {
		return err
	}
	if err := checkPassword(password, ""); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		person, err := s.use(tx, linkReset, secret)
		if err != nil {
			return err
		}
		p, err := s.parties.Reach(tx, person)
		if err != nil {
			return err
		}
		if err := s.parties.ConfirmEmail(tx, person); err != nil {
			return err
		}
		if err := s.setPassword(tx, person, p.Home, hash, "reset"); err != nil {
			return err
		}
		return s.endAll(tx, person, "", "password")
	})
}

// ChangePassword sets a new password for somebody who knows the old one. Every other session of the person ends;
// credential is the one of this session, which stays.
func (s *SignIns) ChangePassword(ctx context.Context, c access.Caller, credential, old, password string, from Origin) error {
	if err := s.policy.Check(c, access.PersonUpdate, access.Resource{Type: "person", ID: c.Person, Person: c.Person}); err != nil {
		return err
	}
	if err := s.count(ctx, s.signInLimits(c.Person, from)); err != nil {
		return err
	}
	var stored string
	var email string
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if stored, err = selectPassword(tx, c.Person); err != nil {
			return err
		}
		p, err := s.parties.Reach(tx, c.Person)
		email = p.Contact.Email
		return err
	})
	if err != nil {
		return err
	}
	ok, _, err := s.hasher.verify(ctx, old, stored)
	if err != nil || !ok {
		return orElse(err, fail.New(fail.Denied, "signin.old_password", "The present password is wrong.", "Try again, or ask for a link to set a new one.").Field("old", "is wrong"))
	}
	if err := checkPassword(password, email); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.parties.Reach(tx, c.Person)
		if err != nil {
			return err
		}
		if err := s.setPassword(tx, c.Person, p.Home, hash, "change"); err != nil {
			return err
		}
		this, err := selectSession(tx, hashSecret(credential))
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		return s.endAll(tx, c.Person, this.ID, "password")
	})
}

// SetFirstPassword gives a password to a person that has none, the operator's first owner. Only cmd calls it.
func (s *SignIns) SetFirstPassword(ctx context.Context, person, password string) error {
	if err := checkPassword(password, ""); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		have, err := selectPassword(tx, person)
		if err != nil {
			return err
		}
		if have != "" {
			return fail.New(fail.Conflict, "signin.has_password", "This person has a password already.", "Use the link to set a new one.")
		}
		p, err := s.parties.Reach(tx, person)
		if err != nil {
			return err
		}
		return s.setPassword(tx, person, p.Home, hash, "operator")
	})
}
