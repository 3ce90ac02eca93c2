package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/formats/log"
	tlog "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/tessera/client"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// Seal says how far a fact has come on its way into the log, for the party. Index and Size are zero until then.
type Seal struct {
	Seq       int64
	Index     uint64
	Size      uint64 // of the newest published checkpoint
	Published bool
}

// Seal tells the state of the party's leaf of a fact.
func (f *Facts) Seal(ctx context.Context, l *Log, party, factID string) (Seal, error) {
	row, err := f.leafOf(ctx, party, factID)
	if err != nil {
		return Seal{}, err
	}
	size, err := l.Published(ctx)
	if err != nil {
		return Seal{}, err
	}
	return Seal{Seq: row.seq, Index: uint64(row.no), Size: size, Published: uint64(row.no) < size}, nil
}

type partyLeaf struct {
	leafRow
	seq int64
	entryRow
	headRoot, machineRoot []byte
}

const partyLeafColumns = entryColumns + `, f.head_root, f.machine_root, l.leaf_no, l.seq, l.leaf`

func scanPartyLeaf(row store.Scanner) (p partyLeaf, err error) {
	var parties string
	var at store.Time
	err = row.Scan(&p.ID, &p.Type, &p.Aggregate, &p.Version, &p.Position, &p.Owner, &parties, &p.Actor, &at, &p.sealed, &p.root,
		&p.headRoot, &p.machineRoot, &p.no, &p.seq, &p.leaf)
	p.At = at.Time
	return p, err
}

func (f *Facts) leafOf(ctx context.Context, party, factID string) (row partyLeaf, err error) {
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = store.One(tx, scanPartyLeaf, `SELECT `+partyLeafColumns+` FROM fact f JOIN fact_position p ON p.fact = f.id
			JOIN fact_leaf l ON l.position = p.position WHERE f.id = $1 AND l.party = $2`, factID, party)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return row, f.notSealed(ctx, party, factID)
	}
	return row, err
}

// notSealed tells a fact that does not concern the party from one that has no number yet.
func (f *Facts) notSealed(ctx context.Context, party, factID string) error {
	if _, err := f.Entry(ctx, party, factID); err != nil {
		return err
	}
	return pendingSeal()
}

func pendingSeal() error {
	return fail.New(fail.Unavailable, "trace.pending", "This fact is on its way into the log.", "Ask again in two seconds.")
}

// Receipt opens a fact for the party and proves that it stands in the log. Segments under keys that were destroyed,
// and other people's personal segments unless the party owns the fact, are given by their root alone.
func (f *Facts) Receipt(ctx context.Context, l *Log, party, factID string) (proof.Receipt, error) {
	row, err := f.leafOf(ctx, party, factID)
	if err != nil {
		return proof.Receipt{}, err
	}
	d, err := f.disclose(ctx, party, row)
	if err != nil {
		return proof.Receipt{}, err
	}
	text, err := l.inclusion(ctx, uint64(row.no))
	if err != nil {
		return proof.Receipt{}, err
	}
	return proof.Receipt{Version: proof.ReceiptVersion, LogKey: l.Key, Fact: d, Proof: text}, nil
}

func (f *Facts) disclose(ctx context.Context, party string, row partyLeaf) (proof.Disclosed, error) {
	view, err := f.viewKey(ctx, party, row.At)
	if err != nil {
		return proof.Disclosed{}, err
	}
	salt := proof.LeafSalt(view, row.seq)
	d := proof.Disclosed{ID: row.ID, Type: row.Type, Seq: row.seq, Leaf: row.leaf, Salt: salt[:]}
	machine, ok, err := f.open(ctx, keys.Tenant(row.Owner), row.ID, 0, row.sealed)
	if err != nil {
		return d, err
	}
	if ok {
		head := headSegment(machine.Seed, row.ID, row.Aggregate, row.Actor, row.At)
		d.Segments = append(d.Segments, proof.OpenSegment{Class: classHead, Open: &head}, proof.OpenSegment{Class: classMachine, Open: &machine})
	} else {
		d.Segments = append(d.Segments, proof.OpenSegment{Class: classHead, Root: row.headRoot}, proof.OpenSegment{Class: classMachine, Root: row.machineRoot})
	}
	return f.disclosePeople(ctx, party, row, d)
}

func (f *Facts) disclosePeople(ctx context.Context, party string, row partyLeaf, d proof.Disclosed) (proof.Disclosed, error) {
	var rows []segmentRow
	err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = selectSegments(tx, row.ID)
		return err
	})
	if err != nil {
		return d, err
	}
	for _, s := range rows {
		shown := proof.OpenSegment{Class: s.class, Root: s.root}
		if party == row.Owner {
			open, ok, err := f.open(ctx, s.ref(), row.ID, s.no, s.sealed)
			if err != nil {
				return d, err
			}
			if ok {
				shown = proof.OpenSegment{Class: s.class, Open: &open}
			}
		}
		d.Segments = append(d.Segments, shown)
	}
	return d, nil
}

// inclusion proves a leaf in the newest published checkpoint, as C2SP tlog-proof text.
func (l *Log) inclusion(ctx context.Context, index uint64) (string, error) {
	raw, size, err := l.checkpoint(ctx)
	if err != nil {
		return "", err
	}
	if index >= size {
		return "", pendingSeal()
	}
	builder, err := client.NewProofBuilder(ctx, size, l.reader.ReadTile)
	if err != nil {
		return "", fmt.Errorf("inclusion proof: %w", err)
	}
	hashes, err := builder.InclusionProof(ctx, index)
	if err != nil {
		return "", fmt.Errorf("inclusion proof: %w", err)
	}
	p := tlog.TLogProof{Index: index, Checkpoint: raw}
	for _, h := range hashes {
		p.Hashes = append(p.Hashes, [32]byte(h))
	}
	return string(p.Marshal()), nil
}

func (l *Log) checkpoint(ctx context.Context) (raw []byte, size uint64, err error) {
	raw, err = l.reader.ReadCheckpoint(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	var c log.Checkpoint
	if _, err := c.Unmarshal(raw); err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	return raw, c.Size, nil
}

// Published tells the size of the newest published checkpoint.
func (l *Log) Published(ctx context.Context) (uint64, error) {
	_, size, err := l.checkpoint(ctx)
	return size, err
}

func (f *Facts) partyLeaves(ctx context.Context, party string, size uint64) (rows []partyLeaf, err error) {
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = store.All(tx, scanPartyLeaf, `SELECT `+partyLeafColumns+` FROM fact_leaf l JOIN fact_position p ON p.position = l.position
			JOIN fact f ON f.id = p.fact WHERE l.party = $1 AND l.leaf_no < $2 ORDER BY l.seq`, party, int64(size))
		return err
	})
	return slices.Clip(rows), err
}
