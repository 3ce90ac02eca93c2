package party

import (
	"fmt"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
)

// Write puts a mail of a kind for each of the people into the outbox, in the caller's transaction, and tells how many it
// were. write gives the subject, the text and the attachments for one of them. Who was erased or has no address gets none.
// For packages downstream; it does not authorise.
func (s *Parties) Write(tx *store.Tx, outbox *mail.Outbox, people []string, kind string, write func(p Person) (mail.Message, error)) (sent int, err error) {
	for _, person := range people {
		p, err := s.Reach(tx, person)
		if err != nil {
			return sent, err
		}
		if p.Erased || p.Contact.Email == "" {
			continue
		}
		m, err := write(p)
		if err != nil {
			return sent, err
		}
		m.Person, m.Kind, m.To, m.Lang = person, kind, p.Contact.Email, p.Language
		if _, err := outbox.Put(tx, m); err != nil {
			return sent, fmt.Errorf("mail %s to %s: %w", kind, keys.Person(person), err)
		}
		sent++
	}
	return sent, nil
}
