package proof

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/transparency-dev/formats/log"
)

// StatementVersion is the first field of every statement; StatementLost of one that names lost facts.
const (
	StatementVersion = "halle-facts/1"
	StatementLost    = "halle-facts/2"
)

// Statement is the head of a file with all facts of one party: a JSON line, followed by one line a StatementFact.
// The file lets its holder prove completeness: these are all N facts, none hidden, none twice.
type Statement struct {
	Version    string            `json:"version"`
	Party      string            `json:"party"`
	LogKey     string            `json:"log_key"`
	Checkpoint string            `json:"checkpoint"` // signed note; the statement holds all facts of the party up to it
	Views      map[string][]byte `json:"views"`      // view key of each year ("2026"): whoever has it recognises this party's leaves
	Count      int64             `json:"count"`
}

// StatementFact is one fact with its place in the log.
type StatementFact struct {
	Disclosed
	Year  string `json:"year"` // which view key made the tag
	Index uint64 `json:"index"`
	// Lost says that the operator lost the fact with its database and has only the leaf: that it happened, and where in
	// the order, not what it was.
	Lost bool `json:"lost,omitempty"`
}

// StatementReport is the outcome of verifying a statement.
type StatementReport struct {
	Origin string `json:"origin"`
	Party  string `json:"party"`
	Facts  int64  `json:"facts"`
	Lost   int64  `json:"lost,omitempty"` // of them, that the operator lost and has only the leaf of
	Size   uint64 `json:"size"`
	// Witnesses of the policy, that cosigned the statement's checkpoint.
	Witnesses []Cosignature `json:"witnesses,omitempty"`
}

// beyond is how many numbers after the last one are looked for in the log, to find facts that were left out.
const beyond = 256

// VerifyStatement checks a statement against the log: each fact opens its leaf, each leaf stands at its index, each of
// the numbers 1…N is in the log exactly once, and none after N stands before the statement's checkpoint. key is the
// log's verifier key, or empty for the one in the log's folder.
func VerifyStatement(r io.Reader, l *Log) (StatementReport, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	head, c, signed, err := readHead(lines, l.trust)
	if err != nil {
		return StatementReport{}, err
	}
	want, lost, err := readFacts(lines, head)
	if err != nil {
		return StatementReport{}, err
	}
	hidden := tagsBeyond(head)
	found := 0
	_, err = l.Verify(func(index uint64, leaf Leaf) error {
		if index >= c.Size {
			return nil
		}
		if seq, ok := hidden[leaf.Tag]; ok {
			return fmt.Errorf("entry %d is number %d of this party and is missing in the statement", index, seq)
		}
		f, ok := want[leaf.Tag]
		if !ok {
			return nil
		}
		found++
		if f.index != index || f.leaf != leaf {
			return fmt.Errorf("entry %d bears number %d of this party, but the statement places it at %d", index, f.seq, f.index)
		}
		return nil
	}, c)
	if err != nil {
		return StatementReport{}, err
	}
	if int64(found) != head.Count {
		return StatementReport{}, fmt.Errorf("%d of %d facts are in the log before the checkpoint", found, head.Count)
	}
	return StatementReport{Origin: c.Origin, Party: head.Party, Facts: head.Count, Lost: lost, Size: c.Size, Witnesses: signed}, nil
}

func readHead(lines *bufio.Scanner, trust Policy) (Statement, *log.Checkpoint, []Cosignature, error) {
	var head Statement
	if !lines.Scan() {
		return head, nil, nil, errors.Join(errors.New("statement: the file is empty"), lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		return head, nil, nil, fmt.Errorf("statement: %w", err)
	}
	if head.Version != StatementVersion && head.Version != StatementLost {
		return head, nil, nil, fmt.Errorf("statement: version %q is not known", head.Version)
	}
	for year, key := range head.Views {
		if len(key) != 32 {
			return head, nil, nil, fmt.Errorf("statement: the view key of %s must be 32 bytes", year)
		}
	}
	c, signed, err := trust.Open([]byte(head.Checkpoint))
	if err != nil {
		return head, nil, nil, fmt.Errorf("statement: %w", err)
	}
	return head, c, signed, nil
}

type wanted struct {
	seq   int64
	index uint64
	leaf  Leaf
}

func readFacts(lines *bufio.Scanner, head Statement) (want map[[16]byte]wanted, lost int64, err error) {
	want = map[[16]byte]wanted{}
	for seq := int64(1); lines.Scan(); seq++ {
		var f StatementFact
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return nil, 0, fmt.Errorf("statement: line %d: %w", seq+1, err)
		}
		if f.Seq != seq {
			return nil, 0, fmt.Errorf("statement: line %d has number %d: one is missing or doubled", seq+1, f.Seq)
		}
		leaf, err := f.check(head)
		if err != nil {
			return nil, 0, err
		}
		if f.Lost {
			lost++
		}
		want[leaf.Tag] = wanted{seq: seq, index: f.Index, leaf: leaf}
	}
	if err := lines.Err(); err != nil {
		return nil, 0, fmt.Errorf("statement: %w", err)
	}
	if int64(len(want)) != head.Count {
		return nil, 0, fmt.Errorf("statement: %d facts instead of %d", len(want), head.Count)
	}
	return want, lost, nil
}

// check opens the leaf and finds the party's number in it. Of a lost fact there is the number alone.
func (f StatementFact) check(head Statement) (leaf Leaf, err error) {
	name := "fact " + f.ID
	if f.Lost {
		name = fmt.Sprintf("lost fact %d", f.Seq)
		if head.Version != StatementLost || len(f.Segments) > 0 {
			return leaf, fmt.Errorf("%s: it is said to be lost in a statement that knows none, or has contents", name)
		}
		leaf, err = ParseLeaf(f.Leaf)
	} else {
		leaf, err = f.Check()
	}
	if err != nil {
		return leaf, err
	}
	key, ok := head.Views[f.Year]
	if !ok || Tag([32]byte(key), f.Seq) != leaf.Tag {
		return leaf, fmt.Errorf("%s: its tag is not number %d of this party", name, f.Seq)
	}
	if !f.Lost && LeafSalt([32]byte(key), f.Seq) != [32]byte(f.Salt) {
		return leaf, fmt.Errorf("%s: its salt is not the one of number %d", name, f.Seq)
	}
	return leaf, nil
}

func tagsBeyond(head Statement) map[[16]byte]int64 {
	tags := map[[16]byte]int64{}
	for _, key := range head.Views {
		for seq := head.Count + 1; seq <= head.Count+beyond; seq++ {
			tags[Tag([32]byte(key), seq)] = seq
		}
	}
	return tags
}
