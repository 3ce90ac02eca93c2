package site

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// spoolFor is how long a download may take to be written, where a page has seconds.
const spoolFor = 10 * time.Minute

// Spool sends a file that may be large: it is made in a temporary file first, so that an error in the middle becomes a page
// and not half a file.
func (r *Request) Spool(name, kind string, make func(io.Writer) error) (err error) {
	f, err := os.CreateTemp("", "halle-download-")
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	defer r.Patient(spoolFor)()
	if err := make(f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	h := r.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	http.ServeContent(r.W, r.Request, "", time.Time{}, f)
	return nil
}
