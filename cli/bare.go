package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/proof"
)

// bare writes the proof of the receipt alone.
func bare(o Out, file string, receipt any) error {
	b, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	r, err := proof.ParseReceipt(b)
	if err != nil {
		return err
	}
	text, err := r.Bare()
	if err != nil {
		return o.fail(err)
	}
	return download(o, file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// verifyBare checks a bare proof against the key.
func verifyBare(o Out, b []byte, key string) error {
	report, err := proof.VerifyBare(b, key)
	if err != nil {
		return o.fail(err)
	}
	return o.Show(verified(report), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Verified: the leaf is entry %d of the log %s, whose checkpoint has %d entries.\n%s"+
			"What it is about, only the whole receipt says.\n", report.Index, report.Origin, report.Size, witnessed(report.Witnesses))
		return err
	})
}
