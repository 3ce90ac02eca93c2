// Package cli is the command line of customers, publishers and staff: one file a noun, calling client.
//
// Owns: words, flags and the look of answers in a terminal; where the address and the token of a server are kept.
// Does not own: any rule; the interface (api, client); verification (proof), which it runs without a server.
// Reads: files that it is given; the profile in the user's configuration folder.
// Writes: the profile; answers on standard output, one JSON document with --json.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Commands are the commands for kong. The binary embeds them beside its own.
type Commands struct {
	Verify Verify `cmd:"" help:"Check proofs offline: no server, no network, no trust in the operator."`
}

// Out is where answers go: text for people, or one JSON document.
type Out struct {
	W    io.Writer
	JSON bool
}

// Show writes v as JSON, or calls text.
func (o Out) Show(v any, text func(w io.Writer) error) error {
	if !o.JSON {
		return text(o.W)
	}
	e := json.NewEncoder(o.W)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// ErrShown is a failure whose text the user has already read.
var ErrShown = errors.New("failed")

// failure is how a failed check looks in JSON.
type failure struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

// fail shows why a check failed, so that programs find it where they find success.
func (o Out) fail(err error) error {
	if showErr := o.Show(failure{Error: err.Error()}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "NOT VERIFIED:", err)
		return err
	}); showErr != nil {
		return showErr
	}
	return ErrShown
}
