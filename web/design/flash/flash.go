// Package flash is a notice: what happened after an action, or what a person should know on this page.
//
// Owns: the look of notices.
// Does not own: when they are due.
// Reads: nothing.
// Writes: nothing.
package flash

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Notice is one message. Text may be empty.
type Notice struct {
	Tone  part.Tone
	Title string
	Text  string
	Link  *part.Link
}

// Urgent says whether a screen reader should interrupt.
func (n Notice) Urgent() bool { return n.Tone == part.Bad }

func examples(l *locale.Locale) []part.Example {
	one := func(tone part.Tone, key string, link *part.Link) part.Example {
		return part.Example{Title: l.T("tone." + tone.Class()), Template: "flash", Wide: true, View: Notice{Tone: tone, Title: l.T(key + ".title"), Text: l.T(key + ".text"), Link: link}}
	}
	return []part.Example{
		one(part.Good, "example.flash.good", &part.Link{Text: l.T("example.details"), URL: "#service"}),
		one(part.Warn, "example.flash.warn", &part.Link{Text: l.T("example.flash.warn.link"), URL: "#budget"}),
		one(part.Bad, "example.flash.bad", nil), one(part.Accent, "example.flash.accent", nil),
	}
}
