// Package code is text to be copied: a command, an address, a configuration.
//
// Owns: its look and its copy button.
// Does not own: the text.
// Reads: nothing.
// Writes: nothing.
package code

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Block is a text with a button that copies it (the button appears with script only).
type Block struct {
	ID    string // unique on the page
	Label string // what it is: "Connect from a device"
	Text  string
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{{Title: l.T("example.code"), Template: "code", Wide: true, View: Block{ID: "code-mqtt", Label: l.T("example.code.label"),
		Text: "mosquitto_pub -h capteurs-bloc-a.acme.halle -p 8883 \\\n  --cafile halle-ca.pem -u device-17 -P \"$SECRET\" \\\n  -t bloc-a/temperature -m 36.6"}}}
}
