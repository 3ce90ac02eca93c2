package mail

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
)

// Texts are the templates of one package: files KIND.LANG.txt, of which the first line is the subject, then an empty
// line, then the text. Safe for concurrent use.
type Texts struct{ all map[string]*template.Template }

// LoadTexts reads every KIND.LANG.txt of the folder; it errors when a kind lacks one of the languages.
func LoadTexts(files fs.FS, folder string, languages ...string) (*Texts, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.txt"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("mail texts in %s: none (%v)", folder, err)
	}
	t := &Texts{all: map[string]*template.Template{}}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		key := strings.TrimSuffix(path.Base(name), ".txt")
		subject, body, ok := strings.Cut(string(text), "\n\n")
		if !ok || strings.Contains(subject, "\n") || body == "" {
			return nil, fmt.Errorf("mail text %s: a subject, an empty line and a text are needed", name)
		}
		t.all[key], err = template.New(key).Option("missingkey=error").Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("mail text %s: %w", name, err)
		}
		for _, lang := range languages {
			kind, _, _ := strings.Cut(key, ".")
			if !slices.Contains(names, path.Join(folder, kind+"."+lang+".txt")) {
				return nil, fmt.Errorf("mail text %s: not there in %q", kind, lang)
			}
		}
	}
	return t, nil
}

// Render fills the text of a kind in the language, English when there is none in it. Line breaks in values become
// spaces, so that a name cannot add a line of its own.
func (t *Texts) Render(kind, lang string, args map[string]string) (subject, text string, err error) {
	tmpl := t.all[kind+"."+lang]
	if tmpl == nil {
		tmpl = t.all[kind+".en"]
	}
	if tmpl == nil {
		return "", "", fmt.Errorf("mail text %q: there is none", kind)
	}
	safe := make(map[string]string, len(args))
	for name, value := range args {
		safe[name] = strings.Join(strings.Fields(value), " ")
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, safe); err != nil {
		return "", "", fmt.Errorf("mail text %q: %w", kind, err)
	}
	subject, text, _ = strings.Cut(b.String(), "\n\n")
	return subject, text, nil
}
