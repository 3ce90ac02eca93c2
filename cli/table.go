package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// table writes rows under a head, or a sentence when there is none.
func table(w io.Writer, none string, head []string, rows [][]string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = plain(cell)
		}
		_, _ = fmt.Fprintln(t, strings.TrimRight(strings.Join(line, "\t"), "\t")) // Flush gives the error
	}
	return t.Flush()
}

// plain keeps what others wrote from moving the cursor or colouring the terminal.
func plain(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// pairs writes one value a line; empty ones are left out.
func pairs(w io.Writer, list ...string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(list); i += 2 {
		if list[i+1] != "" {
			_, _ = fmt.Fprintf(t, "%s\t%s\n", list[i], plain(list[i+1]))
		}
	}
	return t.Flush()
}

// when is an instant for people, in their own zone.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// text is one of several languages: that of the environment, English, or any.
func text(of map[string]string) string {
	language, _, _ := strings.Cut(os.Getenv("LANG"), "_")
	for _, l := range []string{language, "en"} {
		if s, ok := of[l]; ok {
			return s
		}
	}
	for _, s := range of {
		return s
	}
	return ""
}

// rowsOf makes the rows of a table.
func rowsOf[T any](items []T, row func(T) []string) [][]string {
	out := make([][]string, len(items))
	for i, item := range items {
		out[i] = row(item)
	}
	return out
}

// list shows items as a table, or as a JSON array.
func list[T any](o Out, items []T, none string, head []string, row func(T) []string) error {
	if items == nil {
		items = []T{}
	}
	return o.Show(items, func(w io.Writer) error { return table(w, none, head, rowsOf(items, row)) })
}

// done says that something was done.
func (o Out) done(sentence string) error {
	return o.Show(struct {
		OK bool `json:"ok"`
	}{true}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, sentence)
		return err
	})
}

// pages reads a list to its end, or to max items.
func pages[T any](limit int, page func(cursor string) (items []T, next string, err error)) ([]T, error) {
	var all []T
	for cursor := ""; ; {
		items, next, err := page(cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if next == "" || limit > 0 && len(all) >= limit {
			break
		}
		cursor = next
	}
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// download writes a file of the server to a path, "-" for standard output, and says so.
func download(o Out, path string, f func(w io.Writer) error) error {
	if path == "-" {
		return f(o.W)
	}
	if err := whole(path, f); err != nil {
		return err
	}
	return o.Show(struct {
		File string `json:"file"`
	}{path}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "Written to", path)
		return err
	})
}
