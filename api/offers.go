package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/residency"
)

// OfferVersion is one state of an offer. Its content never changes once it was submitted.
type OfferVersion struct {
	ID          string          `json:"id"`
	Offer       string          `json:"offer"`
	Publisher   string          `json:"publisher"`
	Number      int64           `json:"number"`
	State       catalog.State   `json:"state"`
	Note        string          `json:"note,omitempty" doc:"why it was returned or withdrawn"`
	Hash        string          `json:"hash" doc:"SHA-256 of the canonical content, in hex"`
	Content     catalog.Content `json:"content"`
	CreatedAt   time.Time       `json:"createdAt"`
	SubmittedAt time.Time       `json:"submittedAt,omitzero"`
	PublishedAt time.Time       `json:"publishedAt,omitzero"`
	WithdrawnAt time.Time       `json:"withdrawnAt,omitzero"`
	ETag        int64           `json:"etag"`
}

func offerVersion(v catalog.Version) OfferVersion {
	return OfferVersion{ID: v.ID, Offer: v.Offer, Publisher: v.Publisher, Number: v.Number, State: v.State, Note: v.Note, Hash: v.Hash, Content: v.Content,
		CreatedAt: v.CreatedAt, SubmittedAt: v.SubmittedAt, PublishedAt: v.PublishedAt, WithdrawnAt: v.WithdrawnAt, ETag: v.ETag}
}

// OfferRow is an offer in a list.
type OfferRow struct {
	Version   string        `json:"version"`
	Offer     string        `json:"offer"`
	Key       string        `json:"key"`
	Publisher string        `json:"publisher"`
	Number    int64         `json:"number"`
	State     catalog.State `json:"state"`
	Note      string        `json:"note,omitempty"`
	Name      catalog.Text  `json:"name"`
	Summary   catalog.Text  `json:"summary"`
	Families  []string      `json:"families" nullable:"false"`
	Plans     []string      `json:"plans" nullable:"false" doc:"keys of those on sale"`
	Hash      string        `json:"hash"`
}

func offerRow(v catalog.Version) OfferRow {
	row := OfferRow{Version: v.ID, Offer: v.Offer, Key: v.Content.Key, Publisher: v.Publisher, Number: v.Number, State: v.State, Note: v.Note,
		Name: v.Content.Name, Summary: v.Content.Summary, Families: v.Content.Families, Plans: []string{}, Hash: v.Hash}
	for _, p := range v.Content.Plans {
		if !p.Withdrawn {
			row.Plans = append(row.Plans, p.Key)
		}
	}
	return row
}

// Place is a region as an offer page shows it.
type Place struct {
	Region   string             `json:"region"`
	Name     string             `json:"name"`
	City     string             `json:"city"`
	Country  string             `json:"country"`
	Cloud    string             `json:"cloud"`
	Operator string             `json:"operator"`
	Laws     []string           `json:"laws"`
	Evidence residency.Evidence `json:"evidence"`
	Price    string             `json:"price" doc:"of a unit for an hour"`
	Allowed  bool               `json:"allowed"`
	Reasons  []residency.Reason `json:"reasons,omitempty"`
}

func place(p placement.Place) Place { return Place(p) }

// VersionPath names an offer version in the address.
type VersionPath struct {
	Version string `path:"version" doc:"offer version"`
}

const shelf = "catalogue"

// shelfRoutes are what everybody may see.
func (s *server) shelfRoutes() {
	add(s, route{method: http.MethodGet, path: "/markets/{market}/offers", id: "listOffers", summary: "What a market sells", tag: shelf, public: true},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Market   string `path:"market" doc:"id or domain"`
			Language string `query:"language" doc:"of the texts searched; empty searches all"`
			Family   string `query:"family"`
			Text     string `query:"q" maxLength:"200" doc:"words that must all be found"`
		}) (*Body[List[OfferRow]], error) {
			page, err := s.Catalogue.Offers(ctx, c, catalog.Query{Market: in.Market, Language: in.Language, Family: in.Family, Text: in.Text, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(page.Versions, page.Next, offerRow, err)
		})
	add(s, route{method: http.MethodGet, path: "/markets/{market}/families", id: "listFamilies", summary: "The shelves of a market", tag: shelf, public: true},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
		}) (*Body[List[string]], error) {
			list, err := s.Catalogue.Families(ctx, c, in.Market)
			return listOf(list, "", same, err)
		})
	add(s, route{method: http.MethodGet, path: "/markets/{market}/offers/{offer}", id: "getOffer", summary: "The version of an offer that a market sells", tag: shelf, public: true},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
			Offer  string `path:"offer" doc:"id or key"`
		}) (*Tagged[OfferVersion], error) {
			v, err := s.Catalogue.Offer(ctx, c, in.Market, in.Offer)
			return tagged(offerVersion(v), v.ETag, err)
		})
	add(s, route{method: http.MethodGet, path: "/offer-versions/{version}/places", id: "listPlaces", summary: "Where an offer may run, and why not elsewhere", tag: shelf, public: true},
		func(ctx context.Context, c access.Caller, in *struct {
			VersionPath
			Market string `query:"market" required:"true"`
			Class  string `query:"class" doc:"of the data; empty: the policy's default"`
		}) (*Body[List[Place]], error) {
			list, err := s.Placements.WhereMayItRun(ctx, c, in.Market, in.Version, in.Class)
			return listOf(list, "", place, err)
		})
}

// Note says why, in words for the publisher.
type Note struct {
	Note string `json:"note" maxLength:"2000"`
}

// offerRoutes are the publisher's desk and the review.
func (s *server) offerRoutes() {
	add(s, route{method: http.MethodGet, path: "/offer-versions/{version}", id: "getOfferVersion", summary: "One version of an offer", tag: shelf, public: true},
		func(ctx context.Context, c access.Caller, in *VersionPath) (*Tagged[OfferVersion], error) {
			v, err := s.Catalogue.Version(ctx, c, in.Version)
			return tagged(offerVersion(v), v.ETag, err)
		})
	s.raw(route{method: http.MethodGet, path: "/offer-versions/{version}/yaml", id: "exportOffer", summary: "One version of an offer as YAML", tag: shelf, public: true},
		"/offer-versions/{version}/yaml", rawDoc{gives: []string{mediaYAML}}, s.exportOffer)
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/offer-versions", id: "listOfferVersions", summary: "All versions of a publisher's offers, newest first", tag: shelf},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Page
		}) (*Body[List[OfferRow]], error) {
			page, err := s.Catalogue.Versions(ctx, c, in.Org, in.Cursor, in.Limit)
			return listOf(page.Versions, page.Next, offerRow, err)
		})
	s.raw(route{method: http.MethodPost, path: "/organisations/{org}/offer-versions", id: "importOffer", summary: "Save an offer's draft from YAML or JSON", tag: shelf},
		"/organisations/{org}/offer-versions", rawDoc{takes: []string{mediaYAML}, gives: []string{"application/json"}, answer: s.schemaOf(OfferVersion{})}, s.importOffer)
	add(s, route{method: http.MethodGet, path: "/reviews", id: "listReviews", summary: "Versions that wait for a review", tag: shelf},
		func(ctx context.Context, c access.Caller, in *Page) (*Body[List[OfferRow]], error) {
			page, err := s.Catalogue.InReview(ctx, c, in.Cursor, in.Limit)
			return listOf(page.Versions, page.Next, offerRow, err)
		})
	s.versionCommand("submit", "submitOffer", "Give a draft to the operator for review", func(ctx context.Context, c access.Caller, id string) (catalog.Version, error) {
		return s.Catalogue.Submit(ctx, c, id)
	})
	s.versionCommand("publish", "publishOffer", "Put a reviewed version on the shelf", func(ctx context.Context, c access.Caller, id string) (catalog.Version, error) {
		return s.Catalogue.Publish(ctx, c, id)
	})
	s.versionNote("return", "returnOffer", "Give a version in review back with a note", s.Catalogue.Return)
	s.versionNote("withdraw", "withdrawOffer", "Stop the sale of a version", s.Catalogue.Withdraw)
}

func (s *server) versionCommand(word, id, summary string, f func(ctx context.Context, c access.Caller, id string) (catalog.Version, error)) {
	add(s, route{method: http.MethodPost, path: "/offer-versions/{version}/" + word, id: id, summary: summary, tag: shelf},
		func(ctx context.Context, c access.Caller, in *VersionPath) (*Tagged[OfferVersion], error) {
			v, err := f(ctx, c, in.Version)
			return tagged(offerVersion(v), v.ETag, err)
		})
}

func (s *server) versionNote(word, id, summary string, f func(ctx context.Context, c access.Caller, version, note string) (catalog.Version, error)) {
	add(s, route{method: http.MethodPost, path: "/offer-versions/{version}/" + word, id: id, summary: summary, tag: shelf},
		func(ctx context.Context, c access.Caller, in *struct {
			VersionPath
			Body Note
		}) (*Tagged[OfferVersion], error) {
			v, err := f(ctx, c, in.Version, in.Body.Note)
			return tagged(offerVersion(v), v.ETag, err)
		})
}

const mediaYAML = "application/yaml"

// maxYAML bounds an imported document; the packages that read it have smaller bounds of their own.
const maxYAML = 4 << 20

func yamlBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if mediaOf(r) != mediaYAML {
		return nil, fail.New(fail.Invalid, "api.media_type", "The body must come as "+mediaYAML+".", "Send Content-Type: "+mediaYAML+".").Field("Content-Type", "is not "+mediaYAML)
	}
	return readBody(w, r, maxYAML)
}

func (s *server) importOffer(w http.ResponseWriter, r *http.Request) error {
	text, err := yamlBody(w, r)
	if err != nil {
		return err
	}
	v, err := s.Catalogue.ImportOffer(r.Context(), callerOf(r), r.PathValue("org"), text)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(v.ETag))
	return answer(w, http.StatusOK, offerVersion(v))
}

func (s *server) exportOffer(w http.ResponseWriter, r *http.Request) error {
	v, err := s.Catalogue.Version(r.Context(), callerOf(r), r.PathValue("version"))
	if err != nil {
		return err
	}
	text, err := catalog.Export(v.Content)
	if err != nil {
		return err
	}
	return s.file(w, r, mediaYAML, v.Content.Key+".yaml", func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
