package catalog

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/halle-cloud/halle/internal/store"
)

// keptContents is how many contents are kept before all are let go: one is some kilobytes, and a market has some
// hundred offers of which a few are ordered all day.
const keptContents = 512

// contents keeps what was published as it was decoded, by the hash of its text, which never changes: an order reads the
// same content six times on its way. Who is given one must not change what its slices and maps hold. Safe for
// concurrent use.
type contents struct {
	mu   sync.Mutex
	kept map[string]*kept
}

type kept struct {
	content Content
	schema  *jsonschema.Schema // of the parameters; nil when there are none
}

func (c *contents) get(hash string) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[hash]
}

func (c *contents) put(hash string, k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= keptContents {
		c.kept = map[string]*kept{}
	}
	c.kept[hash] = k
}

// version reads a version; the content of one that was published once comes from memory.
func (s *Catalogue) version(tx *store.Tx, id string) (Version, error) {
	v, err := store.One(tx, scanHead, "SELECT "+headColumns+" FROM offer_version v WHERE v.id = $1", id)
	if err != nil {
		return v, missing("offer version", id, err)
	}
	if v.State != StatePublished && v.State != StateWithdrawn {
		return selectVersion(tx, id)
	}
	k := s.contents.get(v.Hash)
	if k == nil {
		if k, err = readContent(tx, id); err != nil {
			return v, err
		}
		s.contents.put(v.Hash, k)
	}
	v.Content = k.content
	return v, nil
}

func readContent(tx *store.Tx, id string) (*kept, error) {
	var text []byte
	if err := tx.QueryRow("SELECT content FROM offer_version WHERE id = $1", id).Scan(&text); err != nil {
		return nil, fmt.Errorf("offer version %s: content: %w", id, err)
	}
	k := new(kept)
	if err := json.Unmarshal(text, &k.content); err != nil {
		return nil, fmt.Errorf("offer version %s: stored content: %w", id, err)
	}
	if len(k.content.Parameters) > 0 {
		var err error
		if k.schema, err = compileSchema(k.content.Parameters); err != nil {
			return nil, fmt.Errorf("offer version %s: schema: %w", id, err)
		}
	}
	return k, nil
}

// CheckParameters is Content.CheckParameters for a version that OnShelf or VersionIn gave: its schema is compiled once.
func (s *Catalogue) CheckParameters(v *Version, parameters json.RawMessage) error {
	if k := s.contents.get(v.Hash); k != nil {
		return v.Content.checkParameters(k.schema, parameters)
	}
	return v.Content.CheckParameters(parameters)
}
