package halle_test

import (
	"go/ast"
	"go/token"
	"net/url"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The numbers of the house. A function is measured without its tables (composite literals), which may be long.
const (
	maxFunction    = 80
	p90Function    = 45
	maxFile        = 400
	minDocumented  = 90 // percent of the exported names
	maxModules     = 25 // that code of the product imports directly; tests have others
	maxNeededToSee = 20 // names listed when a percentage fails
)

var labels = []string{"Owns:", "Does not own:", "Reads:", "Writes:"}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	comments := map[string]string{}
	for _, s := range sources(t) {
		if !s.test() {
			comments[s.pkg()] += s.ast.Doc.Text() + "\n"
		}
	}
	for pkg, text := range comments {
		for _, label := range labels {
			if !regexp.MustCompile(`(?m)^` + label + ` \S`).MatchString(text) {
				t.Errorf("package %q has no line %q in its comment: a reader must know from its first file what it owns and what it leaves to others", pkg, label)
			}
		}
	}
}

// length is the number of lines of a function outside its tables.
func length(s source, f *ast.FuncDecl) int {
	lines := s.line(f.End()) - s.line(f.Pos()) + 1
	ast.Inspect(f, func(n ast.Node) bool {
		table, ok := n.(*ast.CompositeLit)
		if ok {
			lines -= s.line(table.End()) - s.line(table.Pos())
		}
		return !ok
	})
	return lines
}

func TestFunctionsAreShort(t *testing.T) {
	var lengths []int
	for _, s := range sources(t) {
		if s.test() || s.generated() {
			continue
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := length(s, f)
			lengths = append(lengths, n)
			if n > maxFunction {
				t.Errorf("%s:%d %s has %d lines outside tables, at most %d may be: give its parts names", s.path, s.line(f.Pos()), f.Name.Name, n, maxFunction)
			}
		}
	}
	slices.Sort(lengths)
	p90 := lengths[len(lengths)*9/10]
	t.Logf("%d functions, p90 %d lines, longest %d", len(lengths), p90, lengths[len(lengths)-1])
	if p90 > p90Function {
		t.Errorf("one function in ten has more than %d lines (p90 is %d)", p90Function, p90)
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.generated() {
			continue
		}
		if n := strings.Count(s.text, "\n"); n > maxFile {
			t.Errorf("%s has %d lines, at most %d may be: it holds more than one thought", s.path, n, maxFile)
		}
	}
}

// declaration is one exported name at the top level of a file: "Name", or "Type.Method".
type declaration struct {
	name       string
	pos        token.Pos
	documented bool
}

// exported calls yield for each of them.
func exported(s source, yield func(declaration)) {
	for _, d := range s.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if on := receiver(d); d.Name.IsExported() && (on == "" || ast.IsExported(on)) {
				yield(declaration{strings.TrimPrefix(on+"."+d.Name.Name, "."), d.Pos(), d.Doc != nil})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				exportedSpec(d, spec, yield)
			}
		}
	}
}

func exportedSpec(d *ast.GenDecl, spec ast.Spec, yield func(declaration)) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			yield(declaration{spec.Name.Name, spec.Pos(), spec.Doc != nil || d.Doc != nil})
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				yield(declaration{name.Name, name.Pos(), spec.Doc != nil || spec.Comment != nil || d.Doc != nil})
			}
		}
	}
}

// receiver is the type that a method belongs to, "" for a function.
func receiver(f *ast.FuncDecl) string {
	name := ""
	if f.Recv != nil {
		ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
			if ident, ok := n.(*ast.Ident); ok && name == "" {
				name = ident.Name
			}
			return name == ""
		})
	}
	return name
}

func TestExportedNamesAreDocumented(t *testing.T) {
	total := 0
	var bare []string
	for _, s := range sources(t) {
		if s.test() || s.generated() || s.ast.Name.Name == "main" {
			continue
		}
		exported(s, func(d declaration) {
			total++
			if !d.documented {
				bare = append(bare, s.fset.Position(d.pos).String()+" "+d.name)
			}
		})
	}
	t.Logf("%d exported names, %d without a comment", total, len(bare))
	if (total-len(bare))*100 < minDocumented*total {
		t.Errorf("less than %d %% of the exported names have a comment; the first without:\n\t%s", minDocumented,
			strings.Join(bare[:min(len(bare), maxNeededToSee)], "\n\t"))
	}
}

func TestFewDirectModules(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, s := range sources(t) {
		if s.test() || slices.Contains([]string{"bench", "internal/store/pgtest", "internal/store/storetest", "driver/drivertest", "party/partytest", "web/design/designtest"}, s.pkg()) {
			continue
		}
		used = append(used, s.imports()...)
	}
	var modules []string
	for _, r := range mod.Require {
		if strings.HasPrefix(r.Mod.Path, "golang.org/x/") {
			continue // the Go project's own: reviewed and released by the people whose compiler we trust
		}
		if !r.Indirect && slices.ContainsFunc(used, func(imported string) bool {
			return imported == r.Mod.Path || strings.HasPrefix(imported, r.Mod.Path+"/")
		}) {
			modules = append(modules, r.Mod.Path)
		}
	}
	t.Logf("%d direct modules in the product", len(modules))
	if len(modules) > maxModules {
		t.Errorf("the product imports %d modules directly, at most %d may be: each is code that we answer for\n\t%s", len(modules), maxModules, strings.Join(modules, "\n\t"))
	}
}

func TestNoTestIsSkipped(t *testing.T) {
	skips := []string{"Skip", "Skipf", "SkipNow"}
	for _, s := range sources(t) {
		if !s.test() && !strings.HasSuffix(path.Dir(s.path), "test") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(skips, call.Sel.Name) {
				return true
			}
			if on, ok := call.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb", "rt"}, on.Name) {
				t.Errorf("%s:%d skips: a test that does not run says nothing; make it run or delete it", s.path, s.line(call.Pos()))
			}
			return true
		})
	}
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, ".txtar") {
			continue
		}
		if text, err := os.ReadFile(name); err != nil || regexp.MustCompile(`(?m)^(\[[^\]]*\] *)*skip\b`).Match(text) {
			t.Errorf("%s skips, or cannot be read (%v)", name, err)
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d has an init: importing a package must do nothing; give it a constructor", s.path, s.line(f.Pos()))
			}
		}
	}
}

func TestNoFloatNearMoney(t *testing.T) {
	near := []string{"money", "price", "tax", "rating", "billing", "settlement"}
	for _, s := range sources(t) {
		if s.test() || !slices.Contains(near, area(s.pkg())) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" {
					t.Errorf("%s:%d uses %s: amounts are int64 minor units, prices scaled integers", s.path, s.line(n.Pos()), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					t.Errorf("%s:%d uses the constant %s: amounts are int64 minor units, prices scaled integers", s.path, s.line(n.Pos()), n.Value)
				}
			}
			return true
		})
	}
}

// readable says whether a tracked file is prose or code of ours, that is not a picture and not made by a tool.
func readable(name string) bool {
	switch path.Ext(name) {
	case ".png", ".jpg", ".ico", ".woff2", ".ttf", ".pdf", ".gz", ".sum":
		return false
	}
	return !strings.HasSuffix(name, ".min.js")
}

// registryHosts asks the package clients where they fetch from, so that no file repeats it.
func registryHosts() []string {
	var hosts []string
	for _, ask := range [][]string{{"go", "env", "GOPROXY"}, {"npm", "config", "get", "registry"}} {
		out, err := exec.Command(ask[0], ask[1:]...).Output()
		if err != nil {
			continue // a machine without npm fetches nothing from its registry
		}
		for _, address := range strings.FieldsFunc(string(out), func(r rune) bool { return r == ',' || r == '|' || r == '\n' }) {
			u, err := url.Parse(strings.TrimSpace(address))
			if err == nil && strings.Contains(u.Hostname(), ".") && !strings.HasPrefix(u.Hostname(), "127.") {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	return hosts
}

func TestFilesNameNoMachineAndNoUnfinishedWork(t *testing.T) {
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	// Put together from parts, so that this file does not accuse itself.
	forbidden := []struct {
		why     string
		pattern *regexp.Regexp
	}{
		{"unfinished work: finish it or leave it out", regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)},
		{"a path of one machine: the project builds anywhere", regexp.MustCompile(`/wo` + `rk/(main|shared|\.)|/tm` + `p/halle`)},
		{"a download address: the package client knows its own", regexp.MustCompile(`"reso` + `lved":\s*"http`)},
		{"a setting of a registry: that is the machine's affair", regexp.MustCompile(`(?m)^\s*(export\s+)?(GOPR` + `OXY|GONO` + `SUMDB|NPM_CONFIG_REG` + `ISTRY|reg` + `istry)\s*=`)},
	}
	for _, host := range registryHosts() {
		forbidden = append(forbidden, forbidden[2])
		forbidden[len(forbidden)-1].pattern = regexp.MustCompile(regexp.QuoteMeta(host))
	}
	for _, name := range files {
		if !readable(name) {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range forbidden {
			if at := f.pattern.FindIndex(text); at != nil {
				line := 1 + strings.Count(string(text[:at[0]]), "\n")
				t.Errorf("%s:%d has %q, %s", name, line, text[at[0]:at[1]], f.why)
			}
		}
	}
}
