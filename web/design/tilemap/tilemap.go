// Package tilemap is a map on which every country of Europe is a tile of one size, and each other country that matters a
// tile beside them: small countries are as visible as large ones, and it prints.
//
// Owns: where the tiles stand, and their look.
// Does not own: what is counted; the table that says the same in words is the page's.
// Reads: nothing.
// Writes: nothing.
package tilemap

import (
	"slices"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Map is one map. Texts are localised by the page.
type Map struct {
	Title  string // what is shown, for those who do not see it too
	Text   string // one sentence
	Places []Place
	Legend []Legend
}

// Place is a country with something in it.
type Place struct {
	Code string // ISO 3166-1 alpha-2
	Name string
	Text string // "3 copies"
	Tone part.Tone
}

// Legend says what a tone means.
type Legend struct {
	Tone part.Tone
	Text string
}

// side is the length of a tile with its gap, in the drawing's units.
const side = 46

// grid is where the countries of Europe stand: each about where its neighbours would look for it.
func grid() []string {
	return []string{
		"IS . . NO SE FI EE",
		"IE GB . DK . LT LV",
		". BE NL DE PL . .",
		". FR LU CZ SK HU RO",
		"PT ES CH LI AT SI BG",
		". . . IT MT HR GR",
		". . . . . . CY",
	}
}

// tile is one square of the drawing.
type tile struct {
	Code, Name, Text string
	X, Y             int
	Class            string // "" where nothing is
	Bad              bool   // with a thicker line
	Middle           int
	Low              int
}

// drawn is a map ready for its template.
type drawn struct {
	Map
	Tiles         []tile
	Width, Height int
}

// draw puts the tiles of Europe, then one after the other those of other countries in a column of their own.
func draw(m Map) drawn {
	out := drawn{Map: m, Width: 7 * side, Height: 7 * side}
	seen := map[string]bool{}
	put := func(code string, x, y int) {
		t := tile{Code: code, Name: code, X: x, Y: y, Middle: x + 21, Low: y + 33}
		if i := slices.IndexFunc(m.Places, func(p Place) bool { return p.Code == code }); i >= 0 {
			p := m.Places[i]
			t.Name, t.Text, t.Class, seen[code] = p.Name, p.Text, p.Tone.Class(), true
			t.Bad = p.Tone == part.Bad
		}
		out.Tiles = append(out.Tiles, t)
	}
	for row, line := range grid() {
		column := 0
		for _, code := range fields(line) {
			if code != "." {
				put(code, column*side, row*side)
			}
			column++
		}
	}
	n := 0
	for _, p := range m.Places {
		if !seen[p.Code] {
			put(p.Code, 7*side+side/2+n/7*side, n%7*side)
			n++
			out.Width = 8*side + side/2 + (n-1)/7*side
		}
	}
	return out
}

func fields(line string) (out []string) {
	for len(line) > 0 {
		end := slices.Index([]byte(line), ' ')
		if end < 0 {
			return append(out, line)
		}
		out, line = append(out, line[:end]), line[end+1:]
	}
	return out
}

// Drawn is the map as its template shows it.
func (m Map) Drawn() any { return draw(m) }

func examples(l *locale.Locale) []part.Example {
	return []part.Example{{Title: l.T("example.tilemap"), Template: "tilemap", Wide: true, View: Map{Title: l.T("example.tilemap.title"), Text: l.T("example.tilemap.text"),
		Places: []Place{{Code: "FR", Name: l.Country("FR"), Text: "3", Tone: part.Good}, {Code: "IE", Name: l.Country("IE"), Text: "1", Tone: part.Good},
			{Code: "US", Name: l.Country("US"), Text: "1", Tone: part.Bad}},
		Legend: []Legend{{part.Good, l.T("example.tilemap.good")}, {part.Bad, l.T("example.tilemap.bad")}}}}}
}
