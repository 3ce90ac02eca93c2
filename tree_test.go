package halle_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/halle-cloud/halle"

// source is one Go file of the module.
type source struct {
	path string // relative to the module, with forward slashes
	text string
	ast  *ast.File
	fset *token.FileSet
}

// pkg is the package path relative to the module; "" is the root.
func (s source) pkg() string {
	if dir := path.Dir(s.path); dir != "." {
		return dir
	}
	return ""
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) generated() bool { return ast.IsGenerated(s.ast) }

func (s source) line(p token.Pos) int { return s.fset.Position(p).Line }

// imports are the import paths of the file.
func (s source) imports() []string {
	var out []string
	for _, i := range s.ast.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

// tree lists the files of the project once: all that no build made, and where there is git, only what it tracks or
// would track. The walk comes first because the test cache notices a new file by the folders that a test has read.
var tree = sync.OnceValues(func() ([]string, error) {
	files, err := walk()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return files, nil // an unpacked archive
	}
	known := strings.Split(string(out), "\x00")
	slices.Sort(known)
	return slices.DeleteFunc(files, func(name string) bool {
		_, found := slices.BinarySearch(known, name)
		return !found
	}), nil
})

func walk() ([]string, error) {
	made := []string{".git", "bin", "data", ".cache", "test/browser/node_modules"}
	var files []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(made, filepath.ToSlash(name)):
			return filepath.SkipDir
		case d.Type().IsRegular():
			files = append(files, filepath.ToSlash(name))
		}
		return nil
	})
	return files, err
}

// parsed parses every Go file of the project once; testdata is no part of the module.
var parsed = sync.OnceValues(func() ([]source, error) {
	files, err := tree()
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var out []source
	for _, name := range files {
		if !strings.HasSuffix(name, ".go") || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		out = append(out, source{path: name, text: string(text), ast: file, fset: fset})
	}
	return out, nil
})

func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("found no Go file: the tests of the house would pass on nothing")
	}
	return all
}
