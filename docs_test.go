package halle_test

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

const maxReadme = 120

// documents are the Markdown files of the project.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range files {
		if path.Ext(name) != ".md" || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

func TestDocumentsPointAtWhatExists(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	target := regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)")
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(path.Join(path.Dir(name), m[1])); err != nil {
				t.Errorf("%s points at %s, which is not there", name, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s tells to run make %s, which the Makefile does not know", name, m[1])
			}
		}
	}
}

// declared are the names "pkg.Name" and "pkg.Type.Method" of the module, by the package's own name.
func declared(all []source) map[string]bool {
	out := map[string]bool{}
	for _, s := range all {
		if s.test() {
			continue
		}
		exported(s, func(d declaration) { out[s.ast.Name.Name+"."+d.name] = true })
	}
	return out
}

func TestDocumentsNameFunctionsThatExist(t *testing.T) {
	all := sources(t)
	names := declared(all)
	packages := map[string]bool{}
	for _, s := range all {
		packages[s.ast.Name.Name] = true
	}
	quoted := regexp.MustCompile("`\\*?([a-z0-9]+)((?:\\.[A-Z]\\w*){1,2})(?:\\([^`]*\\))?`")
	for name, text := range documents(t) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if packages[m[1]] && !names[m[1]+m[2]] {
				t.Errorf("%s names `%s%s`, which package %s does not have", name, m[1], m[2], m[1])
			}
		}
	}
}

func TestTheReadmeIsReadInOneSitting(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n > maxReadme {
		t.Errorf("README.md has %d lines, at most %d may be", n, maxReadme)
	}
	for _, command := range []string{"make run", "make test"} {
		if !strings.Contains(string(text), command) {
			t.Errorf("README.md does not tell %s", command)
		}
	}
}

func TestTheGlossaryHasEachNounOnceInOrder(t *testing.T) {
	text, err := os.ReadFile("GLOSSARY.md")
	if err != nil {
		t.Fatal(err)
	}
	var nouns []string
	for _, m := range regexp.MustCompile(`(?m)^\| \*\*(.+?)\*\* \| .+ \| .+ \|$`).FindAllStringSubmatch(string(text), -1) {
		nouns = append(nouns, m[1])
	}
	if len(nouns) < 30 {
		t.Fatalf("found %d nouns: did the table change its form?", len(nouns))
	}
	for i := 1; i < len(nouns); i++ {
		if nouns[i] <= nouns[i-1] {
			t.Errorf("%q stands after %q", nouns[i], nouns[i-1])
		}
	}
	if rows := strings.Count(string(text), "\n| **"); rows != len(nouns) {
		t.Errorf("%d rows, %d of them complete", rows, len(nouns))
	}
}
