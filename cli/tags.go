package cli

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/internal/fail"
)

type serviceTag struct {
	serviceArg
	Tags   []string `arg:"" optional:"" help:"Tags to put on it; those that are there stay." placeholder:"KEY=VALUE"`
	Remove []string `help:"Name of a tag to take away. May be given several times." placeholder:"KEY"`
}

// Run changes the tags and shows the service.
func (a serviceTag) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.GetService(ctx, a.Service)
	if err != nil {
		return err
	}
	tags := maps.Clone(s.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	for _, key := range a.Remove {
		delete(tags, key)
	}
	for _, text := range a.Tags {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return fail.New(fail.Invalid, "cli.tag", "A tag is written key=value; "+text+" is not.", "Write it such as cost-centre=4711.")
		}
		tags[key] = value
	}
	if _, err := c.TagService(ctx, a.Service, client.ServiceTags{Tags: tags}); err != nil {
		return err
	}
	return serviceShow{a.serviceArg}.Run(ctx, o, name)
}

// tagText writes tags in the order of their names.
func tagText(tags map[string]string) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		words = append(words, k+"="+tags[k])
	}
	return strings.Join(words, ", ")
}
