package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
)

// Parse reads an offer from YAML (one document, at most 512 KiB, no anchors, no unknown fields) and validates it.
// Every complaint is a *fail.Error (offer.yaml or offer.content) with the line it is about.
func Parse(text []byte) (c Content, err error) {
	if len(text) > maxContent {
		return Content{}, fail.New(fail.TooLarge, "offer.yaml", "The file is too large.", fmt.Sprintf("Keep it below %d KiB.", maxContent>>10))
	}
	defer func() {
		if p := recover(); p != nil { // the parser of the library is not ours; no input may bring the service down
			c, err = Content{}, unreadable(fmt.Errorf("%v", p))
		}
	}()
	for _, t := range lexer.Tokenize(string(text)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return Content{}, unreadable(fmt.Errorf("[%d:%d] anchors, aliases and tags are not allowed", t.Position.Line, t.Position.Column))
		}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Content{}, unreadable(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return Content{}, unreadable(errors.New("there must be exactly one document"))
	}
	if err := yaml.NodeToValue(file.Docs[0].Body, &c, yaml.Strict()); err != nil {
		return Content{}, unreadable(err)
	}
	ready := c.ready("draft", "", time.Unix(0, 0))
	if err := ready.Validate(); err != nil {
		return Content{}, lined(err, file.Docs[0])
	}
	return c, nil
}

func unreadable(err error) error {
	text := yaml.FormatError(err, false, false)
	at := regexp.MustCompile(`\[(\d+):\d+\] ?`).FindStringSubmatch(text)
	first, _, _ := strings.Cut(text, "\n")
	if at == nil {
		return fail.New(fail.Invalid, "offer.yaml", "The file cannot be read: "+first+".", "Correct it; halle catalog export shows the form.").Wrap(err)
	}
	first = strings.TrimPrefix(first, at[0])
	return fail.New(fail.Invalid, "offer.yaml", "The file cannot be read at line "+at[1]+": "+first+".", "Correct that line; halle catalog export shows the form.").
		Field("line "+at[1], first).With("line", at[1]).Wrap(err)
}

// lined adds to each refused field the line where it stands.
func lined(err error, doc *ast.DocumentNode) error {
	var e *fail.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		if line := lineOf(doc.Body, f.Path); line > 0 {
			f.Message += fmt.Sprintf(" (line %d)", line)
		}
		out.Fields = append(out.Fields, f)
	}
	return &out
}

// lineOf finds the node of a dotted path, or the innermost one that is there.
func lineOf(node ast.Node, path string) int {
	line := 0
	for path != "" {
		switch n := node.(type) {
		case *ast.MappingNode:
			var ok bool
			if node, path, line, ok = below(n.Values, path, line); !ok {
				return line
			}
		case *ast.SequenceNode:
			head, rest, _ := strings.Cut(path, ".")
			i := 0
			if _, err := fmt.Sscanf(head, "%d", &i); err != nil || i < 0 || i >= len(n.Values) {
				return line
			}
			node, path = n.Values[i], rest
			line = node.GetToken().Position.Line
		default:
			return line
		}
	}
	return line
}

// below takes the key that begins the path; keys may hold dots themselves.
func below(values []*ast.MappingValueNode, path string, line int) (ast.Node, string, int, bool) {
	for _, v := range values {
		key := v.Key.GetToken().Value
		if path == key || strings.HasPrefix(path, key+".") {
			return v.Value, strings.TrimPrefix(strings.TrimPrefix(path, key), "."), v.Key.GetToken().Position.Line, true
		}
	}
	return nil, "", line, false
}

// Export writes a content as YAML. What was given when it was saved (ids of price lists, the legal entity) stays out,
// so that Parse of it is the same offer again.
func Export(c Content) ([]byte, error) {
	b, err := json.Marshal(c.bare())
	if err == nil {
		b, err = emitYAML(b)
	}
	if err != nil {
		return nil, fmt.Errorf("offer %s: write YAML: %w", c.Key, err)
	}
	return b, nil
}

// bare is a copy without what saving gives.
func (c Content) bare() Content {
	c.Entity = ""
	return c.priced(func(p *Price) { p.ID = "" })
}

// AsSaved is a copy with what saving would give at an instant where it is missing, for the prices of a draft to be worked
// with: identifiers that are all the same, and the beginning.
func (c Content) AsSaved(now time.Time) Content { return c.ready("draft", "", now) }

// ready is a copy with what saving gives where it is missing.
func (c Content) ready(priceID, entity string, now time.Time) Content {
	if c.Entity == "" {
		c.Entity = entity
	}
	return c.priced(func(p *Price) {
		if p.ID == "" {
			p.ID = priceID
		}
		if p.EffectiveFrom.IsZero() {
			p.EffectiveFrom = now.UTC().Truncate(time.Second)
		}
	})
}

// priced is a copy with each price list changed by f.
func (c Content) priced(f func(*Price)) Content {
	plans := append([]Plan(nil), c.Plans...)
	for i := range plans {
		plans[i].Prices = append([]Price(nil), plans[i].Prices...)
		for j := range plans[i].Prices {
			f(&plans[i].Prices[j])
		}
	}
	c.Plans = plans
	return c
}

// canonical is the content as it is stored and hashed.
func (c Content) canonical() (text []byte, hash string, err error) {
	text, err = proof.Canonical(c)
	if err != nil {
		return nil, "", fmt.Errorf("offer %s: %w", c.Key, err)
	}
	if len(text) > maxContent {
		return nil, "", fail.New(fail.TooLarge, "offer.content", "The offer is too large.", fmt.Sprintf("Keep it below %d KiB.", maxContent>>10))
	}
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// ContractHash is the SHA-256 of the contract text in a language, in hex; an order freezes it. "" when the contract is
// not there in the language.
func (c *Content) ContractHash(language string) string {
	text, ok := c.Contract[language]
	if !ok {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
