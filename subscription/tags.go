package subscription

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// Limits of tags: how many a service has, and how long they are, in bytes.
const (
	tagsMost     = 20
	tagKeyMost   = 64
	tagValueMost = 128
)

// Tags are a customer's own words on a service, by which it splits its costs: cost centre, project, environment. They are
// the column Tags of FinOps FOCUS 1.2. The publisher does not see them.
type Tags map[string]string

// Lines writes each as "key=value", which ParseTag reads, in the order of their keys. None holds the end of a line.
func (t Tags) Lines() []string {
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(t)) {
		lines = append(lines, k+"="+t[k])
	}
	return lines
}

// String writes them with commas between, to be read by people: a value may hold a comma itself.
func (t Tags) String() string { return strings.Join(t.Lines(), ", ") }

// Check says what is wrong with them: at most 20; keys of 1 to 64 bytes without spaces and "=", values of 1 to 128 bytes,
// both of visible text without a space at either end. Error: fail.Invalid with the field.
func (t Tags) Check() error {
	if len(t) > tagsMost {
		return badTag("tags", fmt.Sprintf("A service has at most %d tags.", tagsMost))
	}
	for _, k := range slices.Sorted(maps.Keys(t)) {
		if !tagText(k, tagKeyMost) || strings.ContainsAny(k, "= ,") {
			return badTag("tags", fmt.Sprintf("The name of a tag has 1 to %d bytes without a space, a comma or an equals sign; %.80q has not.", tagKeyMost, k))
		}
		if !tagText(t[k], tagValueMost) {
			return badTag("tags."+k, fmt.Sprintf("The value of a tag has 1 to %d bytes of visible text; that of %q has not.", tagValueMost, k))
		}
	}
	return nil
}

func tagText(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && strings.TrimSpace(s) == s && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func badTag(field, text string) error {
	return fail.New(fail.Invalid, "service.tags", text, "Correct the tags, such as cost-centre=4711.").Field(field, text)
}

// ParseTag reads "key=value". Error: fail.Invalid.
func ParseTag(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", badTag("tag", "A tag is written key=value.")
	}
	return key, value, Tags{key: value}.Check()
}

// CheckTagged says what is wrong with "key" or "key=value", which Bear reads. Error: fail.Invalid.
func CheckTagged(text string) error {
	if !strings.Contains(text, "=") {
		text += "=any"
	}
	_, _, err := ParseTag(text)
	return err
}

// Bear tells whether they hold "key", with whatever value, or "key=value".
func (t Tags) Bear(text string) bool {
	key, value, exact := strings.Cut(text, "=")
	has, ok := t[key]
	return ok && (!exact || has == value)
}

// TaggedFact is the payload of subscription.tagged.v1. What the tags say stays out of it: they are the customer's text.
type TaggedFact struct {
	Subscription string `json:"subscription"`
	Org          string `json:"org"`
	Count        int    `json:"count"`
	Digest       string `json:"digest"` // SHA-256 of the tags as JSON with sorted keys, hex
	At           string `json:"at"`
}

// SetTags replaces the tags of a service. Its owners, buyers, billing and technical people may. Errors: fail.Invalid,
// fail.NotFound, fail.Denied.
func (u *Subscriptions) SetTags(ctx context.Context, c access.Caller, id string, tags Tags) (s Subscription, err error) {
	if err := tags.Check(); err != nil {
		return s, err
	}
	err = u.DB.Tx(ctx, func(tx *store.Tx) error {
		if s, err = u.read(tx, c, access.ServiceTag, id); err != nil {
			return err
		}
		was, err := u.TagsIn(tx, id)
		if err != nil {
			return err
		}
		if maps.Equal(was[id], tags) {
			s.Tags = tags
			return nil
		}
		if err := u.retag(tx, c, &s, tags); err != nil {
			return err
		}
		s.Tags = tags
		return nil
	})
	if err != nil {
		return Subscription{}, err
	}
	return s, nil
}

func (u *Subscriptions) retag(tx *store.Tx, c access.Caller, s *Subscription, tags Tags) error {
	if err := update(tx, s); err != nil { // two people at once: one after the other
		return err
	}
	if err := tx.Send("DELETE FROM subscription_tag WHERE subscription = $1", s.ID); err != nil {
		return err
	}
	rows := make([][]any, 0, len(tags))
	for k, v := range tags {
		rows = append(rows, []any{s.ID, k, v})
	}
	if err := tx.Insert("subscription_tag", []string{"subscription", "tag_key", "tag_value"}, rows); err != nil {
		return err
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	now := u.Now()
	_, err = u.Facts.Record(tx, trace.Fact{Type: FactTagged, Aggregate: s.ID, Owner: s.Org, Parties: strings.Split(strings.Trim(s.Path, "/"), "/"), Actor: c.Ref(), At: now,
		Machine: TaggedFact{Subscription: s.ID, Org: s.Org, Count: len(tags), Digest: hex.EncodeToString(sum[:]), At: stamp(now)}})
	return err
}

// TagsIn gives the tags of services to another package inside its transaction; those without have no entry. It does not
// authorise.
func (u *Subscriptions) TagsIn(tx *store.Tx, ids ...string) (map[string]Tags, error) {
	all := map[string]Tags{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var id, k, v string
			if err := row.Scan(&id, &k, &v); err != nil {
				return err
			}
			if all[id] == nil {
				all[id] = Tags{}
			}
			all[id][k] = v
			return nil
		}, "SELECT subscription, tag_key, tag_value FROM subscription_tag WHERE subscription IN "+places, args...)
		if err != nil {
			return nil, fmt.Errorf("tags of services: %w", err)
		}
	}
	return all, nil
}

// Bearing is how a customer finds a service in its own books.
type Bearing struct {
	PurchaseOrder string // of the order that began it; "" for none
	Tags          Tags
}

// BearingsIn gives it of services to another package inside its transaction. It does not authorise.
func (u *Subscriptions) BearingsIn(tx *store.Tx, ids ...string) (map[string]Bearing, error) {
	tags, err := u.TagsIn(tx, ids...)
	if err != nil {
		return nil, err
	}
	all := map[string]Bearing{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var id string
			var text []byte
			var deal struct{ PurchaseOrder string }
			if err := row.Scan(&id, &text); err != nil {
				return err
			}
			if err := json.Unmarshal(text, &deal); err != nil {
				return err
			}
			all[id] = Bearing{deal.PurchaseOrder, tags[id]}
			return nil
		}, "SELECT id, deal FROM subscription WHERE id IN "+places, args...)
		if err != nil {
			return nil, fmt.Errorf("purchase orders of services: %w", err)
		}
	}
	return all, nil
}

// withTags fills the tags of a list in.
func (u *Subscriptions) withTags(tx *store.Tx, list []Subscription) error {
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	all, err := u.TagsIn(tx, ids...)
	for i, s := range list {
		list[i].Tags = all[s.ID]
	}
	return err
}
