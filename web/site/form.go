package site

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
)

// parse reads the form of a POST, bounded.
func (r *Request) parse() error {
	r.Body = http.MaxBytesReader(r.W, r.Body, r.site.o.MaxBody)
	err := r.ParseMultipartForm(r.site.o.MaxBody)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fail.New(fail.TooLarge, "site.too_large", "The form is larger than the portal takes.", "Send less at once.").Wrap(err)
	case err != nil:
		return fail.New(fail.Invalid, "site.form", "The form could not be read.", "Open the page again and send it once more.").Wrap(err)
	}
	return nil
}

// Value is one answer of the form, without spaces around it.
func (r *Request) Value(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// Ticked tells whether a box was ticked.
func (r *Request) Ticked(name string) bool { return r.PostFormValue(name) == "yes" }

// Fill puts what was sent into the fields of a form that is shown again. Passwords are asked again.
func (r *Request) Fill(fields []form.Field) []form.Field {
	out := slices.Clone(fields)
	for i, f := range out {
		sent := r.PostForm[f.Input()]
		switch f.Kind {
		case form.Checkbox:
			out[i].Checked = slices.Contains(sent, "yes")
		case form.Select, form.Radios:
			out[i].Options = slices.Clone(f.Options)
			for j, o := range f.Options {
				out[i].Options[j].Chosen = slices.Contains(sent, o.Value)
			}
		case form.Password:
		default:
			if len(sent) > 0 {
				out[i].Value = sent[0]
			}
		}
	}
	return out
}

// Refuse marks the fields that an error names (by the name of the input, or by its path in paths: path → input) and
// gives the notice for what belongs to no field; nil when every complaint found its field. Only errors that a person can
// mend by another input are taken: ok is false for all others, which become a page.
func (r *Request) Refuse(err error, fields []form.Field, paths map[string]string) (marked []form.Field, notice *flash.Notice, ok bool) {
	e := AsFail(err)
	if !slices.Contains([]fail.Kind{fail.Invalid, fail.Conflict, fail.Limit, fail.TooMany, fail.Gone, fail.Denied, fail.Precondition, fail.TooLarge, fail.Unauthenticated}, e.Kind) {
		return fields, nil, false
	}
	marked = slices.Clone(fields)
	var rest []string
	for _, f := range e.Fields {
		name, text := f.Path, r.fieldText(e, f)
		if other, is := paths[f.Path]; is {
			name = other
		}
		i := slices.IndexFunc(marked, func(field form.Field) bool { return field.Input() == name })
		if i < 0 {
			rest = append(rest, text)
			continue
		}
		marked[i].Error = marked[i].Label + ": " + text
	}
	if len(e.Fields) > 0 && len(rest) == 0 {
		return marked, nil, true
	}
	text, remedy := r.Words(e)
	return marked, &flash.Notice{Tone: part.Bad, Title: text, Text: strings.Join(append(rest, remedy), " ")}, true
}

// fieldText is what is wrong with a field, in the language of the page where the catalogue has it.
func (r *Request) fieldText(e *fail.Error, f fail.Field) string {
	if key := "fail." + e.Code + "." + f.Path; r.L.Has(key) {
		return r.T(key)
	}
	word := "fieldword." + strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToLower(f.Message)), "_")
	if r.L.Has(word) {
		return r.T(word)
	}
	return f.Message
}

// Again shows a form that was refused, with what was sent: the sheet's block index holds the FormView.
func (r *Request) Again(err error, paths map[string]string, sheet func(FormView) Sheet, view FormView) error {
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, paths)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return r.Show(Status(err), sheet(view))
}
