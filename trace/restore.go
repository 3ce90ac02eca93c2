package trace

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// FactLogRecovered says that the log held entries that the database, brought back from an older backup, does not know.
const FactLogRecovered = "trace.log_recovered.v1"

// LogRecovered is the payload of FactLogRecovered: entries From to To-1 belong to facts that the restore lost.
type LogRecovered struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Reconcile compares database and log before anything is appended, and goes on only when they belong together. Leaf
// numbers are log indexes, so three things can be wrong: a log that is older than the database (to go on would be a
// fork), entries that differ, and a database that is older than the log (AcceptLoss).
func (f *Facts) Reconcile(ctx context.Context, l *Log) error {
	size, logged, leaves, err := f.counts(ctx, l)
	if err != nil {
		return err
	}
	if size < logged {
		return fmt.Errorf("the log in %s has %d entries, the database knows of %d: the log is from an older backup. Bring back the newer log, or a mirror of it", l.Dir, size, logged)
	}
	if err := f.compareTail(ctx, l, logged, min(size, leaves)); err != nil {
		return err
	}
	if size > leaves {
		return fmt.Errorf("the log in %s has %d entries, the database knows of %d: the database is from an older backup, and what happened in the last %d entries is not in it. "+
			"Bring back a newer database. When there is none, `halle log accept --reason …` writes these entries down as lost: everybody concerned is told in their statement, "+
			"and their numbers are never given again", l.Dir, size, leaves, size-leaves)
	}
	return f.setLogged(ctx, size)
}

// counts are the entries of the log, those that the database knows to be in it, and those that it numbered.
func (f *Facts) counts(ctx context.Context, l *Log) (size, logged, leaves int64, err error) {
	if size, err = l.size(ctx); err != nil {
		return 0, 0, 0, err
	}
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		if logged, err = counter(tx, counterLogged); err != nil {
			return err
		}
		leaves, err = counter(tx, counterLeaf)
		return err
	})
	return size, logged, leaves, err
}

// Lost is an entry of the log whose fact a restore lost.
type Lost struct {
	Index int64
	Party string // "" when nobody was found whose number it is
	Seq   int64
	Year  string
	leaf  []byte
}

// AcceptLoss goes on with a database that is older than the log, after a person decided so: the entries that the database
// does not know are written down as lost, each with whose number it is, and as a fact of the operator. Tags tell whose;
// without that their numbers would be given again, and nobody could prove their facts complete. Only the operator at the
// machine may call it, with nothing else running.
func (f *Facts) AcceptLoss(ctx context.Context, l *Log, operator, actor, reason string) ([]Lost, error) {
	size, logged, leaves, err := f.counts(ctx, l)
	if err != nil {
		return nil, err
	}
	if size <= leaves || size < logged || strings.TrimSpace(reason) == "" {
		return nil, fail.New(fail.Conflict, "trace.no_loss", fmt.Sprintf("The log has %d entries, the database numbered %d: nothing is lost, or no reason was given.", size, leaves),
			"This is for a database from an older backup than the log, with a reason.")
	}
	if err := f.compareTail(ctx, l, logged, leaves); err != nil {
		return nil, err
	}
	lost, err := f.whose(ctx, l, leaves, size)
	if err != nil {
		return nil, err
	}
	if err := f.ring.Ensure(ctx, keys.Tenant(operator)); err != nil {
		return nil, err
	}
	f.log.ErrorContext(ctx, "the database is from an older backup than the log; a person accepted the loss", "from", leaves, "to", size, "reason", reason)
	return lost, f.db.Tx(ctx, func(tx *store.Tx) error {
		if err := keepLost(tx, lost); err != nil {
			return err
		}
		if _, err := take(tx, counterLeaf, int(size-leaves)); err != nil {
			return err
		}
		if err := tx.Send("INSERT INTO fact_counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = excluded.n", counterLogged, size); err != nil {
			return err
		}
		_, err := f.Record(tx, Fact{Type: FactLogRecovered, Aggregate: "log", Owner: operator, Actor: actor, At: f.now(),
			Machine: LogRecovered{From: leaves, To: size, Reason: reason}})
		return err
	})
}

func keepLost(tx *store.Tx, lost []Lost) error {
	rows, last := make([][]any, len(lost)), map[string]int64{}
	for i, e := range lost {
		rows[i] = []any{e.Index, e.Party, e.Seq, e.Year, e.leaf}
		if e.Party != "" {
			last[e.Party] = max(last[e.Party], e.Seq)
		}
	}
	for party, seq := range last {
		if err := tx.Send("INSERT INTO fact_counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = excluded.n", "seq:"+party, seq); err != nil {
			return err
		}
	}
	return tx.Insert("fact_lost", []string{"leaf_no", "party", "seq", "year", "leaf"}, rows)
}

// whose finds by the tags whose number each entry from index from to below to is. A restore loses the last numbers of
// everybody, so that one is looked for after the other.
func (f *Facts) whose(ctx context.Context, l *Log, from, to int64) ([]Lost, error) {
	lost, at := make([]Lost, 0, to-from), map[[16]byte]int{}
	for no := from; no < to; no++ {
		entry, err := l.entry(ctx, uint64(no))
		if err != nil {
			return nil, fmt.Errorf("log entry %d: %w", no, err)
		}
		leaf, err := proof.ParseLeaf(entry)
		if err != nil {
			return nil, fmt.Errorf("log entry %d: %w", no, err)
		}
		at[leaf.Tag] = len(lost)
		lost = append(lost, Lost{Index: no, leaf: entry})
	}
	parties, err := f.knownParties(ctx)
	if err != nil {
		return nil, err
	}
	for party, seq := range parties {
		views, err := f.recentViews(ctx, party)
		if err != nil {
			return nil, err
		}
		for found := true; found; {
			found = false
			for year, view := range views {
				if i, ok := at[proof.Tag(view, seq+1)]; ok {
					seq++
					lost[i].Party, lost[i].Seq, lost[i].Year, found = party, seq, year, true
				}
			}
		}
	}
	return lost, nil
}

// knownParties are all that have a key, with their last number in the database: the keys have an own backup line, and know
// organisations that came after the database's.
func (f *Facts) knownParties(ctx context.Context) (map[string]int64, error) {
	parties := map[string]int64{}
	err := f.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(row store.Scanner) error {
			var name string
			var n int64
			err := row.Scan(&name, &n)
			parties[strings.TrimPrefix(name, "seq:")] = n
			return err
		}, "SELECT name, n FROM fact_counter WHERE name LIKE 'seq:%'")
	})
	for after := keys.Ref(""); err == nil; {
		var page []keys.Info
		if page, err = f.ring.Refs(ctx, after, 1000); err != nil || len(page) == 0 {
			break
		}
		for _, info := range page {
			if party, ok := strings.CutPrefix(string(info.Ref), "tenant:"); ok {
				parties[party] += 0
			}
		}
		after = page[len(page)-1].Ref
	}
	return parties, err
}

// recentViews are the view keys of a party around now, by year.
func (f *Facts) recentViews(ctx context.Context, party string) (map[string][32]byte, error) {
	views := map[string][32]byte{}
	for _, years := range []int{-1, 0, 1} {
		at := f.now().AddDate(years, 0, 0)
		view, err := f.viewKey(ctx, party, at)
		if err != nil {
			return nil, err
		}
		views[strconv.Itoa(at.UTC().Year())] = view
	}
	return views, nil
}

// yearView is the view key of a party for a year.
func (f *Facts) yearView(ctx context.Context, party, year string) ([32]byte, error) {
	at, err := time.Parse("2006", year)
	if err != nil {
		return [32]byte{}, err
	}
	return f.viewKey(ctx, party, at)
}

// lostOf are the lost entries of a party below a size of the log, by number.
func (f *Facts) lostOf(ctx context.Context, party string, size uint64) (list []Lost, err error) {
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanLost, "SELECT leaf_no, party, seq, year, leaf FROM fact_lost WHERE party = $1 AND leaf_no < $2 ORDER BY seq", party, int64(size))
		return err
	})
	return slices.Clip(list), err
}

func scanLost(row store.Scanner) (e Lost, err error) {
	err = row.Scan(&e.Index, &e.Party, &e.Seq, &e.Year, &e.leaf)
	return e, err
}
