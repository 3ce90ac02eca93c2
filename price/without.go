package price

import "slices"

// Without is the version without some of its components, under another id: what is paid while somebody brings a licence
// of its own. A term that looked at these components alone goes with them. It errors when nothing would be left, and when
// a key is not in the version. Errors: price.component, price.version.
func (v *Version) Without(id string, keys []string) (*Version, error) {
	out := *v
	out.ID, out.Components, out.Terms = id, nil, nil
	for _, key := range keys {
		if _, err := v.Component(key); err != nil {
			return nil, err
		}
	}
	for _, c := range v.Components {
		if !slices.Contains(keys, c.Key) {
			out.Components = append(out.Components, c)
		}
	}
	for _, t := range v.Terms {
		if len(t.Components) > 0 {
			t.Components = slices.DeleteFunc(slices.Clone(t.Components), func(key string) bool { return slices.Contains(keys, key) })
			if len(t.Components) == 0 {
				continue
			}
		}
		out.Terms = append(out.Terms, t)
	}
	return &out, out.Validate()
}

// WithCredit is the version with an amount that is owed back once, under another id. Error: price.version.
func (v *Version) WithCredit(id string, credit Component) (*Version, error) {
	out := *v
	out.ID, out.Components = id, append(slices.Clone(v.Components), credit)
	return &out, out.Validate()
}
