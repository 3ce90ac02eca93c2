package desk

import (
	"errors"
	"io"
	"net/http"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/site"
)

// File is a form that takes one file. Template "desk/file".
type File struct {
	Action string
	ID     string // unique on the page
	Label  string
	Hint   string
	Accept string // ".xml"
	Hidden []button.Pair
	Notice *flash.Notice
	Button string
}

// Uploaded is the file that was sent, and its name.
func Uploaded(r *site.Request) (name string, content []byte, err error) {
	wrong := fail.New(fail.Invalid, "site.form", "The form could not be read.", "Open the page again and send it once more.")
	file, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return "", nil, fail.New(fail.Invalid, "site.file", "No file was chosen.", "Choose a file, then send it.")
	}
	if err != nil {
		return "", nil, wrong.Wrap(err)
	}
	defer file.Close()
	if content, err = io.ReadAll(file); err != nil {
		return "", nil, wrong.Wrap(err)
	}
	return head.Filename, content, nil
}
