package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// inMarket is where one looks at offers.
type inMarket struct {
	Market string `help:"Id or domain of the market; your own, or the first, when it is missing."`
}

func (m inMarket) find(ctx context.Context, c *client.Client) (string, error) {
	if m.Market != "" {
		return m.Market, nil
	}
	if c.Token != "" {
		me, err := c.GetMe(ctx)
		if err != nil {
			return "", err
		}
		if me.Org != "" {
			if org, err := c.GetOrganisation(ctx, me.Org); err == nil && org.Market != "" {
				return org.Market, nil
			}
		}
	}
	list, err := c.ListMarkets(ctx)
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", errors.New("this server has no market yet")
	}
	return list.Items[0].ID, nil
}

// Catalog lists what a market sells.
type Catalog struct {
	inMarket
	Search []string `arg:"" optional:"" help:"Words that must all be found."`
	Family string   `help:"Only this shelf."`
}

// Run lists.
func (a Catalog) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	market, err := a.find(ctx, c)
	if err != nil {
		return err
	}
	offers, err := pages(0, func(cursor string) ([]client.OfferRow, string, error) {
		l, err := c.ListOffers(ctx, market, client.ListOffersParams{Cursor: cursor, Q: strings.Join(a.Search, " "), Family: a.Family})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, offers, "Nothing was found.", []string{"OFFER", "NAME", "PLANS", "WHAT IT IS"}, func(r client.OfferRow) []string {
		return []string{r.Key, text(r.Name), strings.Join(r.Plans, " "), text(r.Summary)}
	})
}

// Offer is what one does with offers.
type Offer struct {
	Show     offerShow     `cmd:"" help:"Show an offer: plans, prices, where it may run and why not elsewhere."`
	List     offerList     `cmd:"" help:"List all versions of your offers, as a publisher."`
	Import   offerImport   `cmd:"" help:"Save an offer's draft from a YAML file."`
	Export   offerExport   `cmd:"" help:"Write a version of an offer as YAML."`
	Submit   offerSubmit   `cmd:"" help:"Give a draft to the operator for review."`
	Reviews  offerReviews  `cmd:"" help:"List what waits for a review, as the operator."`
	Publish  offerPublish  `cmd:"" help:"Put a reviewed version on the shelf, as the operator."`
	Return   offerReturn   `cmd:"" help:"Give a version back to its publisher with a note."`
	Withdraw offerWithdraw `cmd:"" help:"Stop the sale of a version; who has it keeps it."`
}

type offerShow struct {
	inMarket
	Offer string `arg:"" help:"Key or id of the offer."`
	Class string `help:"Class of the data that will be put in." placeholder:"CLASS"`
}

// Run shows.
func (a offerShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	market, err := a.find(ctx, c)
	if err != nil {
		return err
	}
	v, err := c.GetOffer(ctx, market, a.Offer)
	if err != nil {
		return err
	}
	places, err := c.ListPlaces(ctx, v.ID, client.ListPlacesParams{Market: market, Class: a.Class})
	if err != nil {
		return err
	}
	return o.Show(map[string]any{"offer": v, "places": places.Items}, func(w io.Writer) error {
		_, _ = fmt.Fprintf(w, "%s (%s, version %d)\n%s\n\n%s\n", text(v.Content.Name), v.Content.Key, v.Number, text(v.Content.Summary), text(v.Content.Description))
		if err := prices(w, v.Content.Plans); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w)
		return table(w, "There is no region.", []string{"REGION", "PLACE", "MAY RUN", "WHY NOT"}, rowsOf(places.Items, func(p client.Place) []string {
			return []string{p.Region, p.City + ", " + p.Country, yes(p.Allowed), because(p.Reasons)}
		}))
	})
}

func because(reasons []client.ResidencyReason) string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.Text
	}
	return strings.Join(texts, " ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func prices(w io.Writer, plans []client.CatalogPlan) error {
	var rows [][]string
	for _, p := range plans {
		for _, l := range p.Prices {
			for _, part := range l.Components {
				rows = append(rows, []string{p.Key, part.Key, priced(part), l.Basis})
			}
		}
	}
	return table(w, "There is no plan.", []string{"PLAN", "COMPONENT", "PRICE", "BASIS"}, rows)
}

func priced(p client.PriceComponent) string {
	s := p.Price
	for i, t := range p.Tiers {
		if i > 0 {
			s += ", then "
		}
		s += t.Price
		if t.UpTo != "" {
			s += " up to " + t.UpTo
		}
	}
	switch {
	case p.Every != "":
		s += " a " + p.Every
	case p.Unit != "":
		s += " per " + p.Unit
	default:
		s += " once"
	}
	if p.Free != "" {
		s += ", the first " + p.Free + " free"
	}
	return s
}

type offerList struct{}

// Run lists.
func (offerList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, "")
	if err != nil {
		return err
	}
	versions, err := pages(0, func(cursor string) ([]client.OfferRow, string, error) {
		l, err := c.ListOfferVersions(ctx, org, client.ListOfferVersionsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return versionTable(o, versions, "You have no offer yet.")
}

func versionTable(o Out, versions []client.OfferRow, none string) error {
	return list(o, versions, none, []string{"VERSION", "OFFER", "NUMBER", "STATE", "NOTE"}, func(r client.OfferRow) []string {
		return []string{r.Version, r.Key, fmt.Sprint(r.Number), r.State, r.Note}
	})
}

type offerImport struct {
	File   string `arg:"" help:"The offer as YAML." type:"existingfile"`
	Submit bool   `help:"Give it to the operator for review at once."`
}

// Run imports.
func (a offerImport) Run(ctx context.Context, o Out, name profileName) error {
	b, err := os.ReadFile(a.File)
	if err != nil {
		return err
	}
	c, org, err := acting(ctx, name, "")
	if err != nil {
		return err
	}
	v, err := c.ImportOffer(ctx, org, b)
	if err == nil && a.Submit && v.State == "draft" {
		v, err = c.SubmitOffer(ctx, v.ID)
	}
	return o.version(v, err)
}

// version says where an offer version stands.
func (o Out) version(v client.OfferVersion, err error) error {
	if err != nil {
		return err
	}
	return o.Show(v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s, number %d, %s\n", v.ID, v.Content.Key, v.Number, v.State)
		return err
	})
}

// versionArg names a version.
type versionArg struct {
	Version string `arg:"" help:"Id of the version (ofv_…)."`
}

type offerExport struct {
	versionArg
	File string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
}

// Run exports.
func (a offerExport) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.ExportOffer(ctx, a.Version, w) })
}

type offerSubmit struct{ versionArg }

// Run submits.
func (a offerSubmit) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.version(c.SubmitOffer(ctx, a.Version))
}

type offerReviews struct{}

// Run lists.
func (offerReviews) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	versions, err := pages(0, func(cursor string) ([]client.OfferRow, string, error) {
		l, err := c.ListReviews(ctx, client.ListReviewsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return versionTable(o, versions, "Nothing waits for a review.")
}

type offerPublish struct{ versionArg }

// Run publishes.
func (a offerPublish) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.version(c.PublishOffer(ctx, a.Version))
}

type offerReturn struct {
	versionArg
	Note string `required:"" help:"What the publisher should change."`
}

// Run gives back.
func (a offerReturn) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.version(c.ReturnOffer(ctx, a.Version, client.Note{Note: a.Note}))
}

type offerWithdraw struct {
	versionArg
	Note string `help:"Why."`
}

// Run withdraws.
func (a offerWithdraw) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.version(c.WithdrawOffer(ctx, a.Version, client.Note{Note: a.Note}))
}

// acting gives the client and the organisation that a command is about: the one named, or the one acted for.
func acting(ctx context.Context, name profileName, org string) (*client.Client, string, error) {
	c, err := name.client()
	if err != nil || org != "" {
		return c, org, err
	}
	me, err := c.GetMe(ctx)
	if err != nil {
		return nil, "", err
	}
	if me.Org == "" {
		return nil, "", errors.New("you belong to no organisation.\nAccept an invitation, or sign up")
	}
	return c, me.Org, nil
}
