package trace

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/halle-cloud/halle/proof"
)

// line is a line of a statement before it is opened.
type line struct {
	seq  int64
	fact *partyLeaf
	lost *Lost
}

// Statement writes all facts of the party up to the newest published checkpoint, with its view keys, so that its
// holder proves offline that none is missing. Facts that a restore lost are told as lost, by their leaves. The caller
// must be of the party and was authorised for fact.prove.
func (f *Facts) Statement(ctx context.Context, l *Log, party string, w io.Writer) error {
	raw, size, err := l.checkpoint(ctx)
	if err != nil {
		return err
	}
	lines, err := f.lines(ctx, party, size)
	if err != nil {
		return err
	}
	head := proof.Statement{Version: proof.StatementVersion, Party: party, LogKey: l.Key, Checkpoint: string(raw), Views: map[string][]byte{}, Count: int64(len(lines))}
	for _, one := range lines {
		if one.lost != nil {
			head.Version = proof.StatementLost
			at, err := f.yearView(ctx, party, one.lost.Year)
			if err != nil {
				return err
			}
			head.Views[one.lost.Year] = at[:]
			continue
		}
		key, err := f.viewKey(ctx, party, one.fact.At)
		if err != nil {
			return err
		}
		head.Views[one.fact.At.UTC().Format("2006")] = key[:]
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	if err := enc.Encode(head); err != nil {
		return err
	}
	for _, one := range lines {
		s, err := f.stated(ctx, party, one)
		if err != nil {
			return err
		}
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (f *Facts) stated(ctx context.Context, party string, one line) (proof.StatementFact, error) {
	if e := one.lost; e != nil {
		return proof.StatementFact{Disclosed: proof.Disclosed{Seq: e.Seq, Leaf: e.leaf}, Year: e.Year, Index: uint64(e.Index), Lost: true}, nil
	}
	d, err := f.disclose(ctx, party, *one.fact)
	return proof.StatementFact{Disclosed: d, Year: one.fact.At.UTC().Format("2006"), Index: uint64(one.fact.no)}, err
}

// lines are the facts and the lost entries of a party by number.
func (f *Facts) lines(ctx context.Context, party string, size uint64) ([]line, error) {
	rows, err := f.partyLeaves(ctx, party, size)
	if err != nil {
		return nil, err
	}
	lost, err := f.lostOf(ctx, party, size)
	if err != nil {
		return nil, err
	}
	out := make([]line, 0, len(rows)+len(lost))
	for i := range rows {
		out = append(out, line{seq: rows[i].seq, fact: &rows[i]})
	}
	for i := range lost {
		out = append(out, line{seq: lost[i].Seq, lost: &lost[i]})
	}
	slices.SortFunc(out, func(a, b line) int { return cmp.Compare(a.seq, b.seq) })
	return out, nil
}
