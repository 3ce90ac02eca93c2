// Package part is what every component of the design system is made of.
//
// Owns: the shape of a component (its files and its examples), links and tones.
// Does not own: any look, text or page.
// Reads: nothing.
// Writes: nothing.
package part

import (
	"io/fs"

	"github.com/halle-cloud/halle/web/locale"
)

// Part is one component: a folder with a template, a style and examples.
type Part struct {
	Name     string // the folder and the prefix of its classes and texts
	Files    fs.FS  // *.html (template of the same name) and *.css
	Examples func(l *locale.Locale) []Example
}

// Example is one state of a component, shown in the gallery and rendered by the tests.
type Example struct {
	Title    string // localised
	Template string
	View     any
	Wide     bool // takes the whole width of the gallery
}

// Tone says what a colour means. The zero value is neutral.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Accent  Tone = "accent"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

// Icon is the sign that goes with the tone, so that colour is never the only difference.
func (t Tone) Icon() string {
	switch t {
	case Good:
		return "check"
	case Warn:
		return "warning"
	case Bad:
		return "cross"
	}
	return "info"
}

// Class is the tone as a class name.
func (t Tone) Class() string {
	if t == "" {
		return string(Neutral)
	}
	return string(t)
}

// Link is a text that leads somewhere.
type Link struct{ Text, URL string }
