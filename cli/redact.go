package cli

import (
	"encoding/json"
	"io"
	"os"

	"github.com/halle-cloud/halle/proof"
)

type factsRedact struct {
	Receipt string   `arg:"" help:"The receipt, from halle facts receipt." type:"existingfile"`
	File    string   `arg:"" optional:"" default:"-" help:"Where the part goes; - for standard output."`
	Show    []string `required:"" help:"A field to show: head.at, head.actor, machine.NAME; several with commas." placeholder:"FIELD"`
}

// Run writes the part. It needs no server.
func (a factsRedact) Run(o Out) error {
	b, err := os.ReadFile(a.Receipt)
	if err != nil {
		return err
	}
	r, err := proof.ParseReceipt(b)
	if err != nil {
		return err
	}
	if _, err := r.Verify(""); err != nil { // a part of what does not verify helps nobody
		return o.fail(err)
	}
	part, err := r.Show(a.Show...)
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return json.NewEncoder(w).Encode(part) })
}
