package catalog

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
)

// Pages have at most this many entries; a limit of 0 means defaultPage.
const (
	defaultPage = 24
	maxPage     = 100
	maxWords    = 8
)

func zeroTime() time.Time { return time.Time{} }

// Query says what a storefront shows.
type Query struct {
	Market   string // id or domain; needed
	Language string // of the texts searched; "" searches all
	Family   string // "" for all
	Text     string // words that must all be found
	Cursor   string // Page.Next of the page before
	Limit    int
}

// Page is a part of a list. Next is "" on the last one.
type Page struct {
	Versions []Version
	Next     string
}

// Offers lists what is on the shelf of a market, by key. Everybody may.
func (s *Catalogue) Offers(ctx context.Context, c access.Caller, q Query) (page Page, err error) {
	limit := pageSize(q.Limit)
	m, err := s.market(ctx, c, q.Market)
	if err != nil {
		return Page{}, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		page = Page{}
		after := q.Cursor
		for {
			batch, err := selectShelf(tx, after, q.Family, q.Language, words(q.Text), maxPage)
			if err != nil {
				return err
			}
			for _, v := range batch {
				if len(page.Versions) == limit {
					page.Next = page.Versions[limit-1].Content.Key
					return nil
				}
				if after = v.Content.Key; v.Content.In(m) {
					v.Content = v.Content.inForce(s.now())
					page.Versions = append(page.Versions, v)
				}
			}
			if len(batch) < maxPage {
				return nil
			}
		}
	})
	return page, err
}

// Families lists the shelves of a market that are not empty, sorted. Everybody may.
func (s *Catalogue) Families(ctx context.Context, c access.Caller, market string) ([]string, error) {
	var out []string
	q := Query{Market: market, Limit: maxPage}
	for {
		page, err := s.Offers(ctx, c, q)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Versions {
			out = append(out, v.Content.Families...)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			slices.Sort(out)
			return slices.Compact(out), nil
		}
	}
}

// Offer gives the version of an offer that is on the shelf of a market, by id or key. Gone when it was sold once and
// is no more. Everybody may.
func (s *Catalogue) Offer(ctx context.Context, c access.Caller, market, idOrKey string) (v Version, err error) {
	m, err := s.market(ctx, c, market)
	if err != nil {
		return Version{}, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		v, err = s.OnShelf(tx, m, idOrKey)
		return err
	})
	return v, err
}

// OnShelf is Offer for another package inside its transaction. It does not authorise.
func (s *Catalogue) OnShelf(tx *store.Tx, m party.Market, idOrKey string) (Version, error) {
	o, err := selectOffer(tx, idOrKey)
	if err != nil {
		return Version{}, err
	}
	if o.Current == "" {
		latest, err := selectNumber(tx, o.ID, o.Latest)
		switch {
		case err != nil:
			return Version{}, err
		case latest.State == StateWithdrawn:
			return Version{}, Gone(latest.Content.Key)
		}
		return Version{}, fail.Missing("offer", idOrKey)
	}
	v, err := s.version(tx, o.Current)
	if err != nil {
		return Version{}, err
	}
	if !v.Content.In(m) {
		return Version{}, fail.Missing("offer", idOrKey)
	}
	v.Content = v.Content.inForce(s.now())
	return v, nil
}

// Sold lists what is on the shelf of a market now, in the order of the offers' keys, at most limit, for another package
// inside its transaction. It does not authorise.
func (s *Catalogue) Sold(tx *store.Tx, m party.Market, limit int) (out []Version, err error) {
	for after := ""; ; {
		batch, err := selectShelf(tx, after, "", "", nil, maxPage)
		if err != nil {
			return nil, err
		}
		for _, v := range batch {
			if after = v.Content.Key; v.Content.In(m) {
				v.Content = v.Content.inForce(s.now())
				out = append(out, v)
			}
			if len(out) == limit {
				return out, nil
			}
		}
		if len(batch) < maxPage {
			return out, nil
		}
	}
}

// Gone is the answer for an offer or plan that is sold no more.
func Gone(what string) *fail.Error {
	return fail.New(fail.Gone, "offer.withdrawn", "The publisher no longer sells "+what+".",
		"Choose another plan or offer; services that you already have go on.").With("offer", what)
}

// Version gives one version: to everybody when it was ever published, else to the publisher's people and the
// operator's.
func (s *Catalogue) Version(ctx context.Context, c access.Caller, id string) (v Version, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if v, err = selectVersion(tx, id); err != nil {
			return err
		}
		if !v.PublishedAt.IsZero() {
			return s.policy.Check(c, access.CatalogRead, access.Resource{Type: "offer version", ID: id, Org: v.Publisher, Path: v.Path})
		}
		_, err = s.publisher(tx, c, access.OfferRead, v.Publisher, id)
		return err
	})
	if err != nil {
		v = Version{}
	}
	return v, err
}

// Versions lists all versions of a publisher's offers, newest first. The publisher's people and the operator's may.
func (s *Catalogue) Versions(ctx context.Context, c access.Caller, publisher, cursor string, limit int) (page Page, err error) {
	if cursor == "" {
		cursor = "zzzzz" // after every identifier, in every collation
	}
	return s.list(ctx, limit, func(tx *store.Tx, n int) ([]Version, error) {
		if _, err := s.publisher(tx, c, access.OfferRead, publisher, ""); err != nil {
			return nil, err
		}
		return selectVersionsOf(tx, publisher, cursor, n)
	})
}

// InReview lists the versions that wait for a review in the caller's branch, oldest first. The operator's staff may.
func (s *Catalogue) InReview(ctx context.Context, c access.Caller, cursor string, limit int) (Page, error) {
	return s.list(ctx, limit, func(tx *store.Tx, n int) ([]Version, error) {
		if _, err := s.publisher(tx, c, access.OfferReview, c.Org, ""); err != nil {
			return nil, err
		}
		return selectInReview(tx, c.Path, cursor, n)
	})
}

func (s *Catalogue) list(ctx context.Context, limit int, query func(tx *store.Tx, n int) ([]Version, error)) (page Page, err error) {
	limit = pageSize(limit)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		page.Versions, err = query(tx, limit+1)
		return err
	})
	if len(page.Versions) > limit {
		page.Versions = page.Versions[:limit]
		page.Next = page.Versions[limit-1].ID
	}
	return page, err
}

// VersionIn gives a version to another package inside its transaction. The caller of that package was authorised. What
// the slices and maps of its content hold must not be changed: others have been given the same.
func (s *Catalogue) VersionIn(tx *store.Tx, id string) (Version, error) { return s.version(tx, id) }

// market finds a market by id or domain.
func (s *Catalogue) market(ctx context.Context, c access.Caller, idOrDomain string) (party.Market, error) {
	list, err := s.parties.Markets(ctx)
	if err != nil {
		return party.Market{}, err
	}
	for _, m := range list {
		if m.ID == idOrDomain || m.Domain == idOrDomain {
			return m, s.policy.Check(c, access.CatalogRead, access.Resource{Type: "market", ID: m.ID, Org: m.Org})
		}
	}
	return party.Market{}, fail.Missing("market", idOrDomain)
}

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// languages are those of the name, sorted.
func (c *Content) languages() []string {
	var out []string
	for l := range c.Name {
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// searchable is what the search looks through in a language.
func (c *Content) searchable(language string) string {
	name, _ := c.Name.In(language)
	summary, _ := c.Summary.In(language)
	parts := append([]string{c.Key, name, summary}, c.Families...)
	return fold(strings.Join(append(parts, c.Tags...), " "))
}

// words are the folded words of a search, the first few.
func words(text string) []string {
	list := strings.Fields(fold(text))
	return list[:min(len(list), maxWords)]
}

// fold makes letters comparable: lower case, without accents.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(strings.ToValidUTF8(s, "")))
}
