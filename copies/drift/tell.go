package drift

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
)

// tell writes one mail to the owners of an organisation about all remedies that it was not told of.
func (s *Drifts) tell(ctx context.Context, j job.Job) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		list, err := store.All(tx, scanRemedy, "SELECT "+remedyColumns+" FROM remedy WHERE org = $1 AND told = $2 AND state = $3 ORDER BY id", j.Key, false, StateOpen)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := s.mail(tx, list); err != nil {
			return err
		}
		for _, r := range list {
			r.told = true
			if err := updateRemedy(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Drifts) mail(tx *store.Tx, list []Remedy) error {
	org, err := s.Parties.Lookup(tx, list[0].Org)
	if err != nil {
		return err
	}
	people, err := s.owners(tx, list[0].Path)
	if err != nil {
		return err
	}
	for _, person := range people {
		p, err := s.Parties.Reach(tx, person)
		if err != nil {
			return err
		}
		if p.Erased || p.Contact.Email == "" {
			continue
		}
		subject, text, err := s.texts.Render("opened", p.Language, map[string]string{"organisation": org.Name, "n": strconv.Itoa(len(list)), "places": inWords(list),
			"deadline": list[0].Deadline.UTC().Format("2006-01-02"), "link": s.Site + "/data/remedies"})
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Put(tx, mail.Message{Person: person, Kind: "drift.opened", To: p.Contact.Email, Lang: p.Language, Subject: subject, Text: text}); err != nil {
			return fmt.Errorf("drift: mail to %s: %w", keys.Person(person), err)
		}
	}
	return nil
}

// shown is how many remedies a mail tells in words.
const shown = 10

// inWords says what is refused where, with the clauses, as the rules word it.
func inWords(list []Remedy) string {
	var b strings.Builder
	for i, r := range list {
		if i == shown {
			b.WriteString("- …\n")
			break
		}
		for _, reason := range r.Reasons {
			fmt.Fprintf(&b, "- %s (%s): %s", r.Region, r.Class, reason.Text)
			if reason.Clause != "" {
				b.WriteString(" (" + reason.Clause + ")")
			}
			b.WriteByte('\n')
		}
	}
	return strings.TrimSpace(b.String())
}

// owners are those of the organisation, or of the next above it that has some.
func (s *Drifts) owners(tx *store.Tx, path string) ([]string, error) {
	for _, org := range copies.Customers(path) {
		people, err := s.Parties.Holders(tx, org, access.RoleOwner)
		if err != nil {
			return nil, err
		}
		slices.Sort(people)
		if people = slices.Compact(people); len(people) > 0 {
			return people, nil
		}
	}
	return nil, nil
}
