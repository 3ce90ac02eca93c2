package witness

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Request is the body of add-checkpoint.
type Request struct {
	Old        uint64   // size of the checkpoint that the witness cosigned last
	Proof      [][]byte // of consistency (RFC 6962, 2.1.2), empty from nothing
	Checkpoint []byte   // signed note
}

const (
	maxProof   = 63      // C2SP tlog-witness
	maxRequest = 1 << 16 // bytes
)

// ParseRequest reads a body: an old size line, proof lines, an empty line, a checkpoint.
func ParseRequest(body []byte) (Request, error) {
	var r Request
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return r, errors.New("there is no empty line between proof and checkpoint")
	}
	r.Checkpoint = checkpoint
	lines := bufio.NewScanner(bytes.NewReader(head))
	lines.Scan()
	text, ok := strings.CutPrefix(lines.Text(), "old ")
	if !ok {
		return r, errors.New("the first line is no old size")
	}
	var err error
	if r.Old, err = strconv.ParseUint(text, 10, 63); err != nil || strconv.FormatUint(r.Old, 10) != text {
		return r, fmt.Errorf("old size %q is no decimal number", text)
	}
	for lines.Scan() {
		hash, err := base64.StdEncoding.Strict().DecodeString(lines.Text())
		if err != nil || len(hash) != 32 {
			return r, fmt.Errorf("proof line %d is no hash", len(r.Proof)+1)
		}
		r.Proof = append(r.Proof, hash)
	}
	if len(r.Proof) > maxProof {
		return r, fmt.Errorf("%d proof lines, at most %d are taken", len(r.Proof), maxProof)
	}
	return r, lines.Err()
}

// Bytes is the body.
func (r Request) Bytes() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, hash := range r.Proof {
		b = append(base64.StdEncoding.AppendEncode(b, hash), '\n')
	}
	b = append(b, '\n')
	return append(b, r.Checkpoint...)
}

func (r Request) origin() string {
	origin, _, _ := bytes.Cut(r.Checkpoint, []byte("\n"))
	return string(origin)
}

// Size is the number of entries that the checkpoint claims; 0 when it claims none. No signature is checked.
func (r Request) Size() uint64 {
	lines := bytes.SplitN(r.Checkpoint, []byte("\n"), 3)
	if len(lines) < 3 {
		return 0
	}
	n, _ := strconv.ParseUint(string(lines[1]), 10, 63) // 0 is the answer for what is no number
	return n
}
