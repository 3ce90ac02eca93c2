// Package form is the fields of a form: label, hint, error, and the summary of errors on top.
//
// Owns: how a person is asked.
// Does not own: validation.
// Reads: nothing.
// Writes: nothing.
package form

import (
	"strings"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Kind is the control. The zero value is one line of text.
type Kind string

// The controls.
const (
	Text     Kind = ""
	Email    Kind = "email"
	Password Kind = "password"
	Tel      Kind = "tel"
	Date     Kind = "date"
	Integer  Kind = "integer"
	Area     Kind = "area"
	Select   Kind = "select"
	Radios   Kind = "radios"
	Checkbox Kind = "checkbox"
)

// Field is one question. ID is unique on the page; Name defaults to ID.
type Field struct {
	ID, Name       string
	Kind           Kind
	Label          string
	Hint           string
	Error          string // empty when all is well
	Value          string
	Options        []Option // of Select and Radios
	Checked        bool     // of Checkbox
	Optional       bool
	Prefix, Suffix string // "€", "GB"
	Autocomplete   string // WCAG 1.3.5: "email", "organization", "street-address"
}

// Option is one answer.
type Option struct {
	Value, Label, Hint string
	Chosen             bool
}

// Input is the name that is sent.
func (f Field) Input() string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// DescribedBy lists the ids of hint and error.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Type is the type attribute of an input.
func (f Field) Type() string {
	switch f.Kind {
	case Email, Password, Tel, Date:
		return string(f.Kind)
	}
	return "text"
}

// Summary stands above a form that was refused; it links to each field.
type Summary struct {
	Fields []Field
	Still  bool // does not take the focus when the page opens
}

// Errors keeps the fields that were refused.
func (s Summary) Errors() []Field {
	var out []Field
	for _, f := range s.Fields {
		if f.Error != "" {
			out = append(out, f)
		}
	}
	return out
}

func examples(l *locale.Locale) []part.Example {
	mail := Field{ID: "ex-mail", Kind: Email, Label: l.T("example.form.mail"), Hint: l.T("example.form.mail.hint"), Autocomplete: "email", Value: "a.morel@acme-sante.example"}
	bad := Field{ID: "ex-budget", Kind: Integer, Label: l.T("example.form.budget"), Hint: l.T("example.form.budget.hint"), Error: l.T("example.form.budget.error"), Prefix: "€", Value: "-5"}
	plan := Field{ID: "ex-plan", Kind: Radios, Label: l.T("example.form.plan"), Options: []Option{{Value: "flex", Label: "Flex", Hint: l.T("example.form.plan.flex"), Chosen: true}, {Value: "fixed", Label: "Fixed", Hint: l.T("example.form.plan.fixed")}}}
	class := Field{ID: "ex-class", Kind: Select, Label: l.T("example.form.class"), Options: []Option{{Value: "plain", Label: l.T("example.form.class.plain")}, {Value: "health", Label: l.T("example.form.class.health"), Chosen: true}}}
	note := Field{ID: "ex-note", Kind: Area, Label: l.T("example.form.note"), Optional: true}
	terms := Field{ID: "ex-terms", Kind: Checkbox, Label: l.T("example.form.terms"), Hint: l.T("example.form.terms.hint")}
	return []part.Example{
		{Title: l.T("example.form.summary"), Template: "form.summary", View: Summary{Still: true, Fields: []Field{bad}}, Wide: true},
		{Title: l.T("example.form.text"), Template: "field", View: mail},
		{Title: l.T("example.form.wrong"), Template: "field", View: bad},
		{Title: l.T("example.form.radios"), Template: "field", View: plan},
		{Title: l.T("example.form.select"), Template: "field", View: class},
		{Title: l.T("example.form.area"), Template: "field", View: note},
		{Title: l.T("example.form.checkbox"), Template: "field", View: terms},
	}
}
