package cli

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/transparency-dev/formats/log"

	"github.com/halle-cloud/halle/proof"
)

// Verify are the offline checks. Exit code 0: verified; 1: not.
type Verify struct {
	Log     verifyLog     `cmd:"" help:"Rebuild the fact log from its files and check the signed checkpoint."`
	Receipt verifyReceipt `cmd:"" help:"Check that a fact stands in the log as the receipt says."`
	Facts   verifyFacts   `cmd:"" help:"Check that a statement holds all of your facts: none missing, none twice."`
	Invoice verifyInvoice `cmd:"" help:"Recompute every line of an invoice from your own usage events."`
	Window  verifyWindow  `cmd:"" help:"Recompute the digest and the sums of a usage window from its events."`
}

// key are the flags that all checks share: whom to trust.
type key struct {
	Key    string `help:"The log's verifier key, or a file with it, got from somewhere other than the file that is checked. Without it the file's own key is used, which proves only that the file agrees with itself." placeholder:"KEY"`
	Policy string `help:"File that says whom you trust: lines log, witness, group and quorum (C2SP tlog-policy). The checkpoint must then be cosigned by that quorum." type:"existingfile" placeholder:"FILE"`
}

func (k key) text() (string, error) {
	if k.Policy != "" {
		if k.Key != "" {
			return "", errors.New("give --key or --policy, not both: a policy has the log's key")
		}
		b, err := os.ReadFile(k.Policy)
		return string(b), err
	}
	if k.Key == "" || strings.Contains(k.Key, "+") {
		return k.Key, nil
	}
	b, err := os.ReadFile(k.Key)
	return strings.TrimSpace(string(b)), err
}

func (k key) note() string {
	if k.Key == "" && k.Policy == "" {
		return "The key came with the file: give --key to check it against one you trust.\n"
	}
	return ""
}

// witnessed says who else saw the checkpoint.
func witnessed(list []proof.Cosignature) string {
	if len(list) == 0 {
		return "No witness was asked for: that everybody was shown this same log, and that it was not brought back from an older copy or signed anew, only a witness tells (--policy).\n"
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Witness + " at " + when(c.At)
	}
	return "Cosigned by " + strings.Join(names, ", ") + ": they saw it go on from all they saw before.\n"
}

type verifyLog struct {
	Dir  string   `arg:"" help:"Folder of the log." type:"existingdir"`
	Seen []string `help:"File with a checkpoint that was seen before, such as a witness's last one. The log must go on from it." type:"existingfile" placeholder:"FILE"`
	key
}

// Run checks the log.
func (c verifyLog) Run(o Out) error {
	k, err := c.text()
	if err != nil {
		return err
	}
	l, err := proof.OpenLog(c.Dir, k)
	if err != nil {
		return o.fail(err)
	}
	seen, err := c.seen(l)
	if err != nil {
		return o.fail(err)
	}
	report, err := l.Verify(nil, seen...)
	if err != nil {
		return o.fail(err)
	}
	return o.Show(verified(report), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Verified: the log %s has %d entries, in order, none altered, none doubled.\nRoot %s.\n%s%s%s"+
			"This proves what the operator published: that what was received is complete and was not changed since, not that a publisher counted right before.\n",
			report.Origin, report.Size, hex.EncodeToString(report.Root), goesOn(seen), c.note(), witnessed(report.Witnesses))
		return err
	})
}

func (c verifyLog) seen(l *proof.Log) (out []*log.Checkpoint, err error) {
	for _, name := range c.Seen {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		seen, _, err := l.Seen(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, seen)
	}
	return out, nil
}

func goesOn(seen []*log.Checkpoint) string {
	text := ""
	for _, s := range seen {
		text += fmt.Sprintf("It goes on from the checkpoint of %d entries that was seen before.\n", s.Size)
	}
	return text
}

type verifyReceipt struct {
	File string `arg:"" help:"The receipt, or a bare C2SP tlog-proof." type:"existingfile"`
	key
}

// Run checks the receipt.
func (c verifyReceipt) Run(o Out) error {
	k, err := c.text()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	if proof.IsBare(b) {
		return verifyBare(o, b, k)
	}
	r, err := proof.ParseReceipt(b)
	if err != nil {
		return o.fail(err)
	}
	report, err := r.Verify(k)
	if err != nil {
		return o.fail(err)
	}
	return o.Show(verified(report), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Verified: fact %s (%s) is entry %d of the log %s, whose checkpoint has %d entries.\n%s%s",
			report.Fact, report.Type, report.Index, report.Origin, report.Size, c.note(), witnessed(report.Witnesses))
		for _, name := range slices.Sorted(maps.Keys(report.Shown)) {
			_, _ = fmt.Fprintf(w, "It shows: %s = %s\n", name, report.Shown[name])
		}
		if report.Kept > 0 {
			_, _ = fmt.Fprintf(w, "Whoever gave it to you kept %d other fields back.\n", report.Kept)
		}
		if err == nil && len(report.Fields) > 0 {
			_, err = fmt.Fprintf(w, "It says: %s\n", report.Fields)
		}
		return err
	})
}

type verifyFacts struct {
	File string `arg:"" help:"The statement of all your facts." type:"existingfile"`
	Log  string `required:"" help:"Folder of the log." type:"existingdir"`
	key
}

// Run checks the statement.
func (c verifyFacts) Run(o Out) error {
	k, err := c.text()
	if err != nil {
		return err
	}
	l, err := proof.OpenLog(c.Log, k)
	if err != nil {
		return o.fail(err)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	report, err := proof.VerifyStatement(f, l)
	if err != nil {
		return o.fail(err)
	}
	return o.Show(verified(report), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Verified: these are all %d facts of %s among the first %d entries of %s. None is missing, none is there twice.\n%s%s%s",
			report.Facts, report.Party, report.Size, report.Origin, lost(report.Lost), c.note(), witnessed(report.Witnesses))
		return err
	})
}

// lost says what a restore took.
func lost(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Of %d of them the operator has only the leaf: it brought its database back from an older backup. They happened, and stand where they stood; what they were it no longer knows.\n", n)
}

type verifyInvoice struct {
	File   string `arg:"" help:"The invoice's proof file." type:"existingfile"`
	Events string `help:"The file of its events, of an invoice whose events stand apart; FILE.events when it is missing." type:"existingfile" placeholder:"FILE"`
	key
}

// Run checks the invoice.
func (c verifyInvoice) Run(o Out) error {
	k, err := c.text()
	if err != nil {
		return err
	}
	r, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	f, err := proof.ParseInvoiceFile(r)
	if err != nil {
		return o.fail(err)
	}
	var events io.Reader
	if beside := c.File + eventsSuffix; c.Events == "" && f.Version == proof.InvoiceFileApart {
		if _, err := os.Stat(beside); err == nil {
			c.Events = beside
		}
	}
	if c.Events != "" {
		apart, err := os.Open(c.Events)
		if err != nil {
			return err
		}
		defer func() { _ = apart.Close() }()
		events = apart
	}
	report, err := f.VerifyApart(k, events)
	if err != nil {
		return o.fail(err)
	}
	return o.Show(verified(report), func(w io.Writer) error {
		_, err := fmt.Fprint(w, report.Text(), c.note())
		return err
	})
}

type verifyWindow struct {
	File string `arg:"" help:"The window's file." type:"existingfile"`
}

// Run checks the window.
func (c verifyWindow) Run(o Out) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var f proof.WindowFile
	if err := json.Unmarshal(b, &f); err != nil {
		return o.fail(fmt.Errorf("%s is no file of a window: %w", c.File, err))
	}
	if err := f.Verify(); err != nil {
		return o.fail(err)
	}
	return o.Show(verified(f.Window), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Verified: window %s of %s, %s to %s, counts these %d events, and its digest and sums are theirs.\nDigest %s.\n"+
			"Compare the digest with the fact in the log: its receipt shows it.\n", f.Window.ID, f.Window.Subject,
			when(f.Window.From), when(f.Window.To), f.Window.Events, f.Window.Digest)
		return err
	})
}

// verifiedDoc is how success looks in JSON.
type verifiedDoc struct {
	OK     bool `json:"ok"`
	Report any  `json:"report"`
}

func verified(report any) verifiedDoc { return verifiedDoc{OK: true, Report: report} }
