package trace

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// CheckReport is what comparing database and log gave. Findings is empty when all is as it was recorded.
type CheckReport struct {
	Entries  uint64   `json:"entries"` // of the published checkpoint
	Facts    int64    `json:"facts"`
	Parties  int      `json:"parties"`
	Lost     int64    `json:"lost"`    // entries whose facts a restore lost, as it was accepted
	Pending  int64    `json:"pending"` // leaves that are on their way into the log
	Findings []string `json:"findings,omitempty"`
}

const (
	maxFindings = 50
	checkBatch  = 500
)

// checker goes through the database once, then through the log.
type checker struct {
	*Facts
	ctx    context.Context
	report CheckReport
	leaves map[int64][]byte    // by index: what the database numbered, and what it lost
	seqs   map[string]seqs     // by party
	tags   map[[16]byte]string // of numbers that the database lacks: whose they are
	fact   string              // the last one whose contents were checked
	views  map[string][32]byte
}

type seqs struct {
	next  int64 // the number expected next
	years map[string]bool
	holes []int64
}

// Check compares database and log, fact by fact and entry by entry, and names what is not as it was recorded: contents
// that were changed, facts that were hidden, doubled or moved, entries that were altered. seen are checkpoints from
// elsewhere, which the log must go on from. It changes nothing. What it cannot see is a
// database and a log that were brought back together, or written anew with the log's key: only a checkpoint from elsewhere
// tells that.
func (f *Facts) Check(ctx context.Context, l *proof.Log, seen ...*log.Checkpoint) (CheckReport, error) {
	c := &checker{Facts: f, ctx: ctx, leaves: map[int64][]byte{}, seqs: map[string]seqs{}, tags: map[[16]byte]string{}, views: map[string][32]byte{}}
	if _, _, err := l.Checkpoint(); err != nil {
		c.find("%v", err)
	}
	for _, step := range []func() error{c.positions, c.numbered, c.lost, c.counters} {
		if err := step(); err != nil {
			return c.report, err
		}
	}
	c.report.Parties = len(c.seqs)
	c.log(l, seen)
	return c.report, ctx.Err()
}

func (c *checker) find(format string, args ...any) {
	if len(c.report.Findings) < maxFindings {
		c.report.Findings = append(c.report.Findings, fmt.Sprintf(format, args...))
	}
}

// positions finds facts without a place and places without a fact.
func (c *checker) positions() error {
	return c.db.Read(c.ctx, func(tx *store.Tx) error {
		for text, query := range map[string]string{
			"fact %s has no place in the order: it was taken out of it":                    "SELECT f.id FROM fact f WHERE NOT EXISTS (SELECT 1 FROM fact_position p WHERE p.fact = f.id) AND NOT EXISTS (SELECT 1 FROM fact_pending q WHERE q.fact = f.id)",
			"fact %s is gone: it has a place in the order and no contents in the database": "SELECT p.fact FROM fact_position p WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.id = p.fact)",
			"fact %s concerns nobody any more: its entries were taken out":                 "SELECT p.fact FROM fact_position p WHERE NOT EXISTS (SELECT 1 FROM fact_leaf l WHERE l.position = p.position)",
		} {
			ids, err := store.All(tx, func(row store.Scanner) (id string, err error) { err = row.Scan(&id); return id, err }, query+" ORDER BY 1 LIMIT 20")
			if err != nil {
				return err
			}
			for _, id := range ids {
				c.find(text, id)
			}
		}
		return tx.QueryRow("SELECT count(*) FROM fact_position").Scan(&c.report.Facts)
	})
}

// checkRow is a leaf with its fact.
type checkRow struct {
	partyLeaf
	party string
	whole string // the fact's parties
}

// numbered goes through what the database numbered, in order.
func (c *checker) numbered() error {
	for next := int64(0); ; {
		var rows []checkRow
		var segments map[string][]segmentRow
		err := c.db.Read(c.ctx, func(tx *store.Tx) (err error) {
			if rows, err = selectCheck(tx, next); err == nil {
				segments, err = segmentsOf(tx, rows)
			}
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if err := c.row(row, segments[row.ID]); err != nil {
				return err
			}
		}
		next = rows[len(rows)-1].no + 1
	}
}

func selectCheck(tx *store.Tx, from int64) ([]checkRow, error) {
	return store.All(tx, func(row store.Scanner) (c checkRow, err error) {
		var at store.Time
		err = row.Scan(&c.ID, &c.Type, &c.Aggregate, &c.Version, &c.Position, &c.Owner, &c.whole, &c.Actor, &at, &c.sealed, &c.root,
			&c.headRoot, &c.machineRoot, &c.no, &c.seq, &c.leaf, &c.party)
		c.At = at.Time
		return c, err
	}, `SELECT `+partyLeafColumns+`, l.party FROM fact_leaf l JOIN fact_position p ON p.position = l.position JOIN fact f ON f.id = p.fact
		WHERE l.leaf_no >= $1 ORDER BY l.leaf_no LIMIT $2`, from, checkBatch)
}

func segmentsOf(tx *store.Tx, rows []checkRow) (map[string][]segmentRow, error) {
	out, facts := map[string][]segmentRow{}, []string{}
	for _, row := range rows {
		if _, ok := out[row.ID]; !ok {
			out[row.ID] = nil
			facts = append(facts, row.ID)
		}
	}
	for places, args := range store.In(facts) {
		err := tx.Each(func(row store.Scanner) error {
			var s segmentRow
			var fact string
			err := row.Scan(&fact, &s.no, &s.class, &s.owner, &s.root, &s.sealed)
			out[fact] = append(out[fact], s)
			return err
		}, "SELECT fact, no, class, owner, root, sealed FROM fact_segment WHERE fact IN "+places+" ORDER BY fact, no", args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// row checks one leaf: its number, its tag, its commitment; and once a fact what the commitment is to.
func (c *checker) row(row checkRow, segments []segmentRow) error {
	c.leaves[row.no] = row.leaf
	year := row.At.UTC().Format("2006")
	s := c.seqs[row.party]
	if s.years == nil {
		s.years, s.next = map[string]bool{}, 1
	}
	s.years[year] = true
	for ; s.next < row.seq; s.next++ {
		s.holes = append(s.holes, s.next)
	}
	s.next = max(s.next, row.seq+1)
	c.seqs[row.party] = s
	view, err := c.view(row.party, year)
	if err != nil {
		return err
	}
	want := proof.Leaf{Tag: proof.Tag(view, row.seq), Commit: proof.Commitment(row.Type, proof.LeafSalt(view, row.seq), [32]byte(row.root))}
	have, err := proof.ParseLeaf(row.leaf)
	switch {
	case err != nil:
		c.find("entry %d in the database is no leaf: %v", row.no, err)
	case have.Tag != want.Tag:
		c.find("entry %d in the database is not number %d of %s: its tag was changed or moved", row.no, row.seq, row.party)
	case have.Commit != want.Commit:
		c.find("fact %s (%s) of %s: what the database says is not what it committed to (entry %d)", row.ID, row.Type, row.party, row.no)
	}
	if !slices.Contains(strings.Fields(row.whole), row.party) {
		c.find("fact %s has an entry for %s, whom it does not concern any more", row.ID, row.party)
	}
	if row.ID == c.fact {
		return nil
	}
	c.fact = row.ID
	return c.contents(row, segments)
}

// contents opens a fact and compares it with its own roots.
func (c *checker) contents(row checkRow, segments []segmentRow) error {
	roots := [][32]byte{[32]byte(row.headRoot), [32]byte(row.machineRoot)}
	for _, s := range segments {
		roots = append(roots, [32]byte(s.root))
	}
	if root := proof.ContentRoot(roots); !bytes.Equal(root[:], row.root) {
		c.find("fact %s (%s): a part of it was changed, added or taken out", row.ID, row.Type)
		return nil
	}
	machine, ok, err := c.open(c.ctx, keys.Tenant(row.Owner), row.ID, 0, row.sealed)
	if err != nil {
		c.find("fact %s (%s): its contents cannot be opened: %v", row.ID, row.Type, err)
		return c.ctx.Err()
	}
	if ok {
		c.root(row, "its contents", machine, row.machineRoot)
		c.root(row, "who, when or about what", headSegment(machine.Seed, row.ID, row.Aggregate, row.Actor, row.At), row.headRoot)
	}
	for _, s := range segments {
		open, ok, err := c.open(c.ctx, s.ref(), row.ID, s.no, s.sealed)
		if err != nil {
			c.find("fact %s (%s): segment %d cannot be opened: %v", row.ID, row.Type, s.no, err)
		} else if ok {
			c.root(row, fmt.Sprintf("its %s segment", s.class), open, s.root)
		}
	}
	return c.ctx.Err()
}

func (c *checker) root(row checkRow, what string, s proof.Segment, want []byte) {
	if root, err := s.Root(); err != nil || !bytes.Equal(root[:], want) {
		c.find("fact %s (%s) of %s: %s was changed", row.ID, row.Type, row.Owner, what)
	}
}

func (c *checker) view(party, year string) ([32]byte, error) {
	if v, ok := c.views[party+"/"+year]; ok {
		return v, nil
	}
	v, err := c.yearView(c.ctx, party, year)
	c.views[party+"/"+year] = v
	return v, err
}

// lost takes the entries that a restore lost, as a person accepted it.
func (c *checker) lost() error {
	var list []Lost
	err := c.db.Read(c.ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanLost, "SELECT leaf_no, party, seq, year, leaf FROM fact_lost ORDER BY leaf_no")
		return err
	})
	for _, e := range list {
		c.leaves[e.Index] = e.leaf
		s := c.seqs[e.Party]
		s.holes = slices.DeleteFunc(s.holes, func(n int64) bool { return n == e.Seq })
		s.next = max(s.next, e.Seq+1)
		c.seqs[e.Party] = s
	}
	c.report.Lost = int64(len(list))
	return err
}

// counters finds numbers that were given and are no longer there, at the end of a party's too.
func (c *checker) counters() error {
	parties, err := c.knownParties(c.ctx)
	if err != nil {
		return err
	}
	for party, last := range parties {
		s := c.seqs[party]
		for n := max(s.next, 1); n <= last; n++ {
			s.holes = append(s.holes, n)
		}
		years := s.years
		if len(years) == 0 {
			views, err := c.recentViews(c.ctx, party)
			if err != nil {
				return err
			}
			years = map[string]bool{}
			for year := range views {
				years[year] = true
			}
		}
		for _, n := range s.holes {
			c.find("number %d of %s is missing in the database: a fact was hidden", n, party)
			for year := range years {
				view, err := c.view(party, year)
				if err != nil {
					return err
				}
				c.tags[proof.Tag(view, n)] = fmt.Sprintf("number %d of %s", n, party)
			}
		}
	}
	return nil
}

// log compares the entries with what the database numbered.
func (c *checker) log(l *proof.Log, seen []*log.Checkpoint) {
	tags := map[[16]byte]uint64{}
	report, err := l.Verify(func(index uint64, leaf proof.Leaf) error {
		c.report.Entries = index + 1
		if first, ok := tags[leaf.Tag]; ok {
			c.find("entries %d and %d bear the same tag: a number was given twice", first, index)
		}
		tags[leaf.Tag] = index
		have, ok := c.leaves[int64(index)]
		switch {
		case !ok && c.tags[leaf.Tag] != "":
			c.find("entry %d of the log is %s, which the database hides", index, c.tags[leaf.Tag])
		case !ok:
			c.find("entry %d of the log is not in the database", index)
		case !bytes.Equal(have, leaf.Bytes()):
			c.find("entry %d of the log is not the one that the database numbered %d", index, index)
		}
		return c.ctx.Err()
	}, seen...)
	if err != nil {
		c.find("%v", err)
		return
	}
	c.report.Entries = report.Size
	for no := range c.leaves {
		if no >= int64(report.Size) {
			c.report.Pending++
		}
	}
	c.behind(l, report.Size)
}

// behind finds a log that lacks entries which the database knows to be in it. A server that runs publishes them within
// moments.
func (c *checker) behind(l *proof.Log, size uint64) {
	var logged int64
	err := c.db.Read(c.ctx, func(tx *store.Tx) (err error) { logged, err = counter(tx, counterLogged); return err })
	for wait := 0; err == nil && size < uint64(logged); wait++ {
		if wait == 30 {
			c.find("the log has %d entries, the database knows of %d in it: the log is from an older backup or was cut off", size, logged)
			return
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
		var now *log.Checkpoint
		if now, _, err = l.Checkpoint(); err == nil {
			size = now.Size
		}
	}
	if err != nil {
		c.find("%v", err)
	}
}
