// Package badge is one word about a state, with a sign so that colour is never alone.
//
// Owns: the look of a state.
// Does not own: states.
// Reads: nothing.
// Writes: nothing.
package badge

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Badge is a state in a word or two.
type Badge struct {
	Tone part.Tone
	Text string
	Icon string // instead of the tone's dot
}

func examples(l *locale.Locale) []part.Example {
	one := func(tone part.Tone, key string) part.Example {
		return part.Example{Title: l.T("tone." + tone.Class()), Template: "badge", View: Badge{Tone: tone, Text: l.T(key)}}
	}
	return []part.Example{
		one(part.Good, "example.state.running"), one(part.Accent, "example.state.starting"), one(part.Neutral, "example.state.stopped"),
		one(part.Warn, "example.state.waiting"), one(part.Bad, "example.state.failed"),
	}
}
