package subscription_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/subscription"
)

func TestTagsThatAreRefused(t *testing.T) {
	many := subscription.Tags{}
	for i := range 21 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for _, tags := range []subscription.Tags{many, {"": "v"}, {"k": ""}, {"a b": "v"}, {"a=b": "v"}, {"a,b": "v"}, {"k": " v"}, {"k": "v\n"}, {"k": "\x00"}, {"k": "\xff"},
		{strings.Repeat("k", 65): "v"}, {"k": strings.Repeat("v", 129)}} {
		if err := tags.Check(); !fail.Is(err, fail.Invalid) {
			t.Errorf("%.60v: %v", tags, err)
		}
	}
	if err := (subscription.Tags{"cost-centre": "4711", "projet": "Rénovation du toit"}).Check(); err != nil {
		t.Error(err)
	}
}

// TestTagsAsLines: each stands on a line of its own that reads back, whatever its value holds.
func TestTagsAsLines(t *testing.T) {
	tags := subscription.Tags{"project": "roof, cellar", "cost-centre": "4711", "formula": "a=b, c=d"}
	if got, want := tags.Lines(), []string{"cost-centre=4711", "formula=a=b, c=d", "project=roof, cellar"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := tags.String(), "cost-centre=4711, formula=a=b, c=d, project=roof, cellar"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	again := subscription.Tags{}
	for _, line := range tags.Lines() {
		k, v, err := subscription.ParseTag(line)
		must(t, err)
		again[k] = v
	}
	if !maps.Equal(again, tags) {
		t.Errorf("%v reads as %v", tags, again)
	}
	if none := (subscription.Tags{}); none.Lines() != nil || none.String() != "" {
		t.Errorf("none are %q", none.Lines())
	}
}

// TestTags: they are replaced as a whole, listed and searched by their owner, recorded without their words, and seen by
// nobody else.
func TestTags(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		i, plain := h.standing(t, h.buyer, "start"), h.standing(t, h.buyer, "start")
		set := func(tags subscription.Tags) {
			t.Helper()
			s, err := h.subs.SetTags(ctx, h.buyer, i.Subscription, tags)
			must(t, err)
			if !maps.Equal(s.Tags, tags) || !maps.Equal(h.service(t, i.Subscription).Tags, tags) {
				t.Errorf("%v, want %v", s.Tags, tags)
			}
		}
		set(subscription.Tags{"cost-centre": "4711", "project": "roof"})
		set(subscription.Tags{"project": "roof"})
		var f subscription.TaggedFact
		h.last(t, i.Subscription, subscription.FactTagged, &f)
		if f.Count != 1 || len(f.Digest) != 64 || f.Org != h.buyer.Org {
			t.Errorf("%+v", f)
		}
		before := h.service(t, i.Subscription).ETag
		set(subscription.Tags{"project": "roof"})
		if after := h.service(t, i.Subscription).ETag; after != before {
			t.Errorf("the same tags again are a change: %d, %d", before, after)
		}
		found := func(tag string) (ids []string) {
			p, err := h.subs.Services(ctx, h.buyer, subscription.Filter{Tag: tag})
			must(t, err)
			for _, s := range p.Subscriptions {
				ids = append(ids, s.ID)
			}
			return ids
		}
		if got := found("project=roof"); !slices.Equal(got, []string{i.Subscription}) || len(found("project=cellar")) != 0 || len(found("")) != 2 {
			t.Errorf("%v", got)
		}
		_, err := h.subs.Services(ctx, h.buyer, subscription.Filter{Tag: "nonsense"})
		want(t, "a filter that is no tag", err, fail.Invalid, "service.tags")
		p, err := h.subs.Subscribers(ctx, h.publisher, h.publisher.Org, "", 0)
		must(t, err)
		for _, s := range p.Subscriptions {
			if s.Tags != nil {
				t.Errorf("the publisher sees %v", s.Tags)
			}
		}
		_, err = h.subs.SetTags(ctx, h.publisher, plain.Subscription, subscription.Tags{"a": "b"})
		want(t, "the publisher tags", err, fail.NotFound, "")
	})
}

func FuzzParseTag(f *testing.F) {
	f.Add("cost-centre=4711")
	f.Add("=")
	f.Add("a=b=c")
	f.Fuzz(func(t *testing.T, text string) {
		k, v, err := subscription.ParseTag(text)
		if err == nil && (k+"="+v != text || (subscription.Tags{k: v}).Check() != nil) {
			t.Errorf("%q reads as %q and %q", text, k, v)
		}
	})
}
