package desk

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// YAML is a form that takes a file or its text. Template "desk/yaml".
type YAML struct {
	Action string
	Label  string
	Hint   string
	Text   string
	Notice *flash.Notice
	Wrong  *table.Table // complaints by line
	Button string
	Second string // a second button, which sends "then"; "" for none
	Back   part.Link
}

// Lines is the height of the field: that of the text, within reason.
func (y YAML) Lines() int { return min(max(strings.Count(y.Text, "\n")+2, 16), 40) }

// Sent is the text that was sent: of the file, when one was chosen, else of the field.
func Sent(r *site.Request) (string, error) {
	file, _, err := r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart):
		return r.PostFormValue("yaml"), nil
	case err != nil:
		return "", fail.New(fail.Invalid, "site.form", "The form could not be read.", "Open the page again and send it once more.").Wrap(err)
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if err != nil {
		return "", fail.New(fail.Invalid, "site.form", "The form could not be read.", "Open the page again and send it once more.").Wrap(err)
	}
	if len(b) == 0 {
		return r.PostFormValue("yaml"), nil
	}
	return string(b), nil
}

// Complain puts what is wrong with the text above the form, each complaint with its line. ok is false for errors that
// another text would not mend.
func (y *YAML) Complain(r *site.Request, err error) (ok bool) {
	e := site.AsFail(err)
	if e.Kind != fail.Invalid && e.Kind != fail.Conflict && e.Kind != fail.TooLarge && e.Kind != fail.Denied {
		return false
	}
	text, remedy := r.Words(e)
	y.Notice = &flash.Notice{Tone: part.Bad, Title: text, Text: remedy}
	lines := strings.Split(strings.ReplaceAll(y.Text, "\r\n", "\n"), "\n")
	var rows []table.Row
	for _, f := range e.Fields {
		n, path, what := placed(f)
		at := ""
		if n > 0 && n <= len(lines) {
			at = strings.TrimSpace(lines[n-1])
		}
		line := "–"
		if n > 0 {
			line = r.L.Number(int64(n))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{Text(line), where(path, at), Text(what)}})
	}
	if len(rows) > 0 {
		t := List(r, "wrong", r.T("desk.yaml.wrong"), "desk.yaml.wrong", []table.Column{Num(r.T("desk.yaml.line")), Col(r.T("desk.yaml.where")), Col(r.T("desk.yaml.what"))}, rows)
		y.Wrong = &t
	}
	return true
}

// where is the path of a field and the line as it stands, or the one that is known.
func where(path, line string) table.Cell {
	if path == "" {
		return Text(line)
	}
	return Two(path, line)
}

// placed finds the line of a complaint: in its path ("line 12") or at the end of its message ("… (line 12)").
func placed(f fail.Field) (line int, where, what string) {
	if m := regexp.MustCompile(`^line (\d+)$`).FindStringSubmatch(f.Path); m != nil {
		line, _ = strconv.Atoi(m[1])
		return line, "", f.Message
	}
	if m := regexp.MustCompile(`^(.*?) \(line (\d+)\)$`).FindStringSubmatch(f.Message); m != nil {
		line, _ = strconv.Atoi(m[2])
		return line, f.Path, m[1]
	}
	return 0, f.Path, f.Message
}
