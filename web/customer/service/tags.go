package service

import (
	"errors"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

// tagItem is the line about tags on the page of a service.
func tagItem(r *site.Request, s subscription.Subscription) details.Item {
	item := details.Item{Name: r.T("service.tags"), Value: s.Tags.String(), Change: &part.Link{Text: r.T("service.tags.change"), URL: serviceURL(s.ID, "/tags")}}
	if len(s.Tags) == 0 {
		item.Value = r.T("service.tags.none")
	}
	return item
}

func (d *pages) tagsPage(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	return r.OK(d.tagSheet(r, s.Subscription)(tagForm(r, s.Subscription)))
}

func (d *pages) tagSheet(r *site.Request, s subscription.Subscription) func(site.FormView) site.Sheet {
	return func(view site.FormView) site.Sheet {
		title := r.T("service.tags")
		return site.Sheet{Page: r.Page(title, part.Link{Text: r.T("nav.services"), URL: "/services"}, part.Link{Text: s.Deal.Name, URL: serviceURL(s.ID, "")}, part.Link{Text: title}),
			Lead: r.T("service.tags.lead"), Narrow: true, Main: []site.Block{{Template: "site/form", View: view}}}
	}
}

// tagForm has one tag a line.
func tagForm(r *site.Request, s subscription.Subscription) site.FormView {
	return site.FormView{Action: serviceURL(s.ID, "/tags"), Button: r.T("service.tags.button"), Back: &part.Link{Text: r.T("service.tags.back"), URL: serviceURL(s.ID, "")},
		Fields: []form.Field{{ID: "tags", Kind: form.Area, Label: r.T("service.tags.field"), Hint: r.T("service.tags.hint"), Optional: true, Value: strings.Join(s.Tags.Lines(), "\n")}}}
}

func (d *pages) tag(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	tags, err := readTags(r.Value("tags"))
	if err == nil {
		_, err = d.Subscriptions.SetTags(r.Context(), r.Caller, s.ID, tags)
	}
	if err != nil {
		return r.Again(atTags(err), nil, d.tagSheet(r, s.Subscription), tagForm(r, s.Subscription))
	}
	return r.Redirect(serviceURL(s.ID, ""), site.Done("service.tagged"))
}

// readTags reads one tag a line.
func readTags(text string) (subscription.Tags, error) {
	tags := subscription.Tags{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, value, err := subscription.ParseTag(line)
		if err != nil {
			return nil, err
		}
		tags[key] = value
	}
	return tags, nil
}

// atTags puts a complaint about one tag at the one field.
func atTags(err error) error {
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != "service.tags" {
		return err
	}
	c := *e
	c.Fields = []fail.Field{{Path: "tags", Message: e.Message}}
	return &c
}
