package residency

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/halle-cloud/halle/internal/fail"
)

const maxFile = 4 << 20

// File is facts as somebody wrote them, with where each entry stands.
type File struct {
	Facts *Facts
	doc   ast.Node
}

// Read reads facts from YAML: one document of at most 4 MiB, no anchors, no unknown fields. Every complaint is a
// *fail.Error that names the line.
func Read(text []byte) (f File, err error) {
	if len(text) > maxFile {
		return File{}, fail.New(fail.TooLarge, "residency.yaml", "The file is too large.", fmt.Sprintf("Keep it below %d MiB.", maxFile>>20))
	}
	defer func() {
		if p := recover(); p != nil { // the parser is not ours; no input may bring the service down
			f, err = File{}, unreadable(fmt.Errorf("%v", p))
		}
	}()
	for _, t := range lexer.Tokenize(string(text)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return File{}, unreadable(fmt.Errorf("[%d:%d] anchors, aliases and tags are not allowed", t.Position.Line, t.Position.Column))
		}
	}
	doc, err := parser.ParseBytes(text, 0)
	if err != nil {
		return File{}, unreadable(err)
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil {
		return File{}, unreadable(errors.New("there must be exactly one document"))
	}
	f = File{Facts: &Facts{}, doc: doc.Docs[0].Body}
	if err := yaml.NodeToValue(f.doc, f.Facts, yaml.Strict()); err != nil {
		return File{}, unreadable(err)
	}
	if _, _, err := f.Facts.Canonical(); err != nil {
		return File{}, unreadable(err)
	}
	return f, nil
}

func unreadable(err error) error {
	text := yaml.FormatError(err, false, false)
	at := regexp.MustCompile(`\[(\d+):\d+\] ?`).FindStringSubmatch(text)
	first, _, _ := strings.Cut(text, "\n")
	const remedy = "Correct it; the documentation of residency shows the form."
	if at == nil {
		return fail.New(fail.Invalid, "residency.yaml", "The file cannot be read: "+first+".", remedy).Wrap(err)
	}
	first = strings.TrimPrefix(first, at[0])
	return fail.New(fail.Invalid, "residency.yaml", "The file cannot be read at line "+at[1]+": "+first+".", remedy).
		Field("line "+at[1], first).With("line", at[1]).Wrap(err)
}

// lined tells for each complaint about the merged facts the line of the file that brought it, where it stands there.
func (f File) lined(err error, merged *Facts) error {
	var e *fail.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Fields = nil
	for _, field := range e.Fields {
		if line := f.line(field.Path, merged); line > 0 {
			field.Message += fmt.Sprintf(" (line %d)", line)
		}
		out.Fields = append(out.Fields, field)
	}
	return &out
}

// Validate is Facts.Validate, and names the lines.
func (f File) Validate() error { return f.lined(f.Facts.Validate(), f.Facts) }

// line finds the entry of the merged facts that a path names in the file, by its key, and there the innermost node of
// the path. 0 when the file does not have it.
func (f File) line(path string, merged *Facts) int {
	parts := strings.Split(path, ".")
	node, line := child(f.doc, parts[0])
	if len(parts) < 2 || node == nil {
		return line
	}
	if i, err := strconv.Atoi(parts[1]); err == nil {
		key := merged.keyAt(parts[0], i)
		list, ok := node.(*ast.SequenceNode)
		if !ok || key == "" {
			return line
		}
		if node, line = entry(list, key); node == nil {
			return 0
		}
		parts = parts[1:]
	}
	for _, part := range parts[1:] {
		below, at := child(node, part)
		if below == nil {
			break
		}
		node, line = below, at
	}
	return line
}

// keyAt is the key of the entry of a list.
func (f *Facts) keyAt(list string, i int) string {
	switch {
	case i < 0:
	case list == "entities" && i < len(f.Entities):
		return f.Entities[i].Key
	case list == "clouds" && i < len(f.Clouds):
		return f.Clouds[i].Key
	case list == "regions" && i < len(f.Regions):
		return f.Regions[i].Key
	case list == "certificates" && i < len(f.Certificates):
		return f.Certificates[i].Key
	}
	return ""
}

// entry is the last entry of a list with the key.
func entry(list *ast.SequenceNode, key string) (found ast.Node, line int) {
	for _, n := range list.Values {
		if value, _ := child(n, "key"); value != nil && value.GetToken().Value == key {
			found, line = n, n.GetToken().Position.Line
		}
	}
	return found, line
}

func child(node ast.Node, part string) (ast.Node, int) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Key.GetToken().Value == part {
				return v.Value, v.Key.GetToken().Position.Line
			}
		}
	case *ast.MappingValueNode:
		if n.Key.GetToken().Value == part {
			return n.Value, n.Key.GetToken().Position.Line
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(n.Values) {
			return n.Values[i], n.Values[i].GetToken().Position.Line
		}
	}
	return nil, 0
}
