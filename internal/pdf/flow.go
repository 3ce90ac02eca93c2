package pdf

import "strings"

// Flow fills pages from top to bottom and begins a new one when one is full.
type Flow struct {
	Doc                      *Document
	Page                     *Page
	Y                        Length // where the next thing begins
	Left, Width, Top, Bottom Length // Bottom is the last y that may be written on
	NewPage                  func(*Page)
}

// Next begins a new page.
func (f *Flow) Next() {
	f.Page, f.Y = f.Doc.Page(), f.Top
	if f.NewPage != nil {
		f.NewPage(f.Page)
	}
}

// Room begins a new page when less than height is left, unless nothing stands on this one yet.
func (f *Flow) Room(height Length) {
	if f.Page == nil || f.Y+height > f.Bottom && f.Y > f.Top {
		f.Next()
	}
}

// Space leaves some height free; at the head of a page nothing.
func (f *Flow) Space(height Length) {
	if f.Page != nil && f.Y > f.Top {
		f.Y += height
	}
}

// Write sets a text over the whole width, on further pages when it is long.
func (f *Flow) Write(e *Element, s Style, text string) { f.WriteIn(e, s, f.Left, f.Width, text) }

// WriteIn sets a text in a column.
func (f *Flow) WriteIn(e *Element, s Style, x, width Length, text string) {
	lines := s.Wrap(text, width)
	for i := 0; i < len(lines); {
		f.Room(s.leading())
		n := min(len(lines)-i, max(1, int((f.Bottom-f.Y)/s.leading())))
		f.Page.open(e)
		for k, line := range lines[i : i+n] {
			f.Page.line(s, x, f.Y+s.drop(), spaced(line, i+k < len(lines)-1))
			f.Y += s.leading()
		}
		f.Page.close()
		i += n
	}
}

// drop is how far the base line of a line lies below its top.
func (s Style) drop() Length { return (s.leading()-s.Size)/2 + s.Size*4/5 }

// spaced ends a line that goes on with a space, so that what is copied or spoken has its words apart.
func spaced(line string, goesOn bool) string {
	if goesOn {
		return line + " "
	}
	return line
}

// Wrap breaks a text into lines of at most width: at spaces, and inside words that are longer than a line. Line breaks of the
// text stay. There is always one line.
func (s Style) Wrap(text string, width Length) []string {
	var lines []string
	for _, part := range strings.Split(text, "\n") {
		lines = s.wrapLine(lines, Clean(part), width)
	}
	return lines
}

func (s Style) wrapLine(lines []string, text string, width Length) []string {
	room := int(width * 1000 / s.Size) // in thousandths of the em
	line, used, begun := 0, 0, false   // line: where the line begins
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && text[end] == ' ' {
			end++
		}
		word := end
		for end < len(text) && text[end] != ' ' {
			end++
		}
		if !begun {
			i, line = word, word
		}
		w := int(s.Font.width(text[i:end]))
		if begun && used+w > room {
			lines = append(lines, text[line:i])
			i, line, used = word, word, 0
			w = int(s.Font.width(text[word:end]))
		}
		for w > room {
			n := s.fits(text[line:end], room)
			lines = append(lines, text[line:line+n])
			line += n
			w = int(s.Font.width(text[line:end]))
			used = 0
		}
		used, begun, i = used+w, true, end
	}
	return append(lines, strings.TrimRight(text[line:], " "))
}

// fits is how many bytes of a word go into room, at least one character.
func (s Style) fits(word string, room int) int {
	used := 0
	for i, r := range word {
		if used += s.Font.advance(r); used > room && i > 0 {
			return i
		}
	}
	return len(word)
}
