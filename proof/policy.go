package proof

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

// Policy is whom a verifier trusts: the keys of logs, the keys of witnesses, and which of them must have cosigned.
type Policy struct {
	logs      []note.Verifier
	witnesses []note.Verifier
	quorum    witness.Group
	rule      string // the quorum as the policy words it
}

// Cosignature is a witness's word that it saw the checkpoint and that it continues every earlier one it saw.
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"` // by the witness's clock, whole seconds
}

// ParsePolicy reads what is trusted: a verifier key of a log, several with one a line, or a policy (C2SP tlog-policy)
// with its lines log, witness, group and quorum. The address of a witness may be missing. A witness that is named twice
// is an error: it would count twice.
func ParsePolicy(text string) (Policy, error) {
	var p Policy
	var witnesses bytes.Buffer // as the public parser wants them
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		switch {
		case fields[0] == "log" && (len(fields) == 2 || len(fields) == 3):
			fields = fields[1:2]
			fallthrough
		case len(fields) == 1 && strings.Contains(fields[0], "+"):
			v, err := note.NewVerifier(fields[0])
			if err != nil {
				return p, fmt.Errorf("log key %s: %w", fields[0], err)
			}
			p.logs = append(p.logs, v)
			continue
		case fields[0] == "witness" && len(fields) >= 3:
			v, err := fnote.NewVerifierForCosignatureV1(fields[2])
			if err != nil {
				return p, fmt.Errorf("key of witness %s: %w", fields[1], err)
			}
			if id := fmt.Sprint(v.Name(), v.KeyHash()); seen[id] {
				return p, fmt.Errorf("witness %s stands twice in the policy", v.Name())
			} else {
				seen[id] = true
			}
			p.witnesses = append(p.witnesses, v)
			if len(fields) == 3 {
				fields = append(fields, "https://unknown.invalid/")
			}
		case fields[0] == "quorum" && len(fields) == 2:
			p.rule = fields[1]
		}
		witnesses.WriteString(strings.Join(fields, " ") + "\n")
	}
	if err := lines.Err(); err != nil {
		return p, err
	}
	if p.rule == "" && len(p.witnesses) == 0 {
		witnesses.WriteString("quorum none\n")
	}
	var err error
	if p.quorum, err = witness.ParsePolicy(witnesses.Bytes()); err != nil {
		return p, fmt.Errorf("policy: %w", err)
	}
	return p, nil
}

// verifierPolicy is ParsePolicy for whoever is to verify: it must trust a log.
func verifierPolicy(text string) (Policy, error) {
	p, err := ParsePolicy(text)
	if err == nil && len(p.logs) == 0 {
		err = errors.New("log key: the policy names no log")
	}
	return p, err
}

// Logs are the verifiers of the logs that are trusted.
func (p Policy) Logs() []note.Verifier { return p.logs }

// Origin is the name of the first log that is trusted.
func (p Policy) Origin() string {
	if len(p.logs) == 0 {
		return ""
	}
	return p.logs[0].Name()
}

// Open checks a checkpoint's signature by a trusted log and that enough witnesses cosigned it.
func (p Policy) Open(raw []byte) (*log.Checkpoint, []Cosignature, error) {
	c, signed, err := p.Signed(raw)
	if err != nil {
		return nil, nil, err
	}
	if !p.quorum.Satisfied(raw) {
		return nil, nil, p.unwitnessed(c, signed)
	}
	return c, signed, nil
}

// Signed checks the log's signature alone and lists who cosigned.
func (p Policy) Signed(raw []byte) (*log.Checkpoint, []Cosignature, error) {
	var first error
	for _, v := range p.logs {
		c, _, n, err := log.ParseCheckpoint(raw, v.Name(), v, p.witnesses...)
		if err != nil {
			first = errors.Join(first, err)
			continue
		}
		var signed []Cosignature
		for _, s := range n.Sigs {
			if s.Name == v.Name() && s.Hash == v.KeyHash() {
				continue
			}
			at, err := fnote.CoSigV1Timestamp(s)
			if err != nil {
				return nil, nil, fmt.Errorf("checkpoint: cosignature of %s: %w", s.Name, err)
			}
			signed = append(signed, Cosignature{Witness: s.Name, At: at.UTC()})
		}
		return c, signed, nil
	}
	return nil, nil, fmt.Errorf("checkpoint: the signature or the form is wrong: %w", first)
}

func (p Policy) unwitnessed(c *log.Checkpoint, signed []Cosignature) error {
	by := "no witness of your policy"
	if len(signed) > 0 {
		names := make([]string, len(signed))
		for i, s := range signed {
			names[i] = s.Witness
		}
		by = "only " + strings.Join(names, ", ")
	}
	return fmt.Errorf("checkpoint of %d entries: %s cosigned it, which is less than the quorum %q that your policy asks for. "+
		"Its log alone says that everybody is shown this same history; take a checkpoint that is cosigned", c.Size, by, p.rule)
}
