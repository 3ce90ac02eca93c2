package seen

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Checkpoint makes what was put before it began durable, under an offset.
type Checkpoint struct {
	x       *Index
	offset  uint64
	pending []pair
	spill   bool // the journal so far becomes a run

	done    bool
	thawed  bool   // the frozen keys are in a run
	runs    []*run // oldest first
	retired []*run // not among them any more
}

// Begin begins a checkpoint under an offset, which only grows; nil when one has begun and not ended. What is put from now
// on belongs to the next.
func (x *Index) Begin(offset uint64) *Checkpoint {
	if x.writing {
		return nil
	}
	c := &Checkpoint{x: x, offset: offset, pending: x.pending, runs: x.runs}
	x.pending, x.writing = nil, true
	if x.disk.written >= x.limit && x.confirmed == x.offset && x.frozen == nil {
		c.spill = true
		x.frozen, x.recent = x.recent, make(map[Key]Value, x.limit+x.limit/4)
		for _, p := range c.pending {
			x.recent[p.key] = p.value
			delete(x.frozen, p.key)
		}
	}
	return c
}

// Write does what waits for the disk. It may be called again after an error, and when it was done. It may run beside the
// index's other methods, but End and Close. Errors: ErrDamaged, or the disk's.
func (c *Checkpoint) Write() error {
	d := &c.x.disk
	if c.done {
		return nil
	}
	if err := errors.Join(c.adoptSpilled(), c.adoptMerged()); err != nil {
		return err
	}
	if c.spill {
		if err := d.rotate(c.x.dir, c.x.offset, c.x.frozen); err != nil {
			return err
		}
		c.spill = false
	}
	record := appendRecord(nil, c.offset, c.pending)
	if _, err := d.journal.WriteAt(record, d.size); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	if err := d.journal.Sync(); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	d.size += int64(len(record))
	d.written += len(c.pending)
	c.done = true
	return nil
}

// End ends a checkpoint. One whose Write did not succeed is taken back: what it held belongs to the next.
func (x *Index) End(c *Checkpoint) error {
	x.writing = false
	x.runs = c.runs
	if c.thawed {
		x.frozen = nil
	}
	if c.done {
		x.offset = c.offset
	} else {
		x.pending = append(c.pending, x.pending...)
	}
	if c.spill { // the journal was not rotated
		for k, v := range x.recent {
			x.frozen[k] = v
		}
		x.recent, x.frozen = x.frozen, nil
	}
	var errs []error
	for _, r := range c.retired {
		errs = append(errs, r.file.Close(), os.Remove(r.file.Name()))
	}
	return errors.Join(errs...)
}

// Checkpoint is a whole checkpoint at once.
func (x *Index) Checkpoint(offset uint64) error {
	c := x.Begin(offset)
	if c == nil {
		return errors.New("index: a checkpoint is under way")
	}
	return errors.Join(c.Write(), x.End(c))
}

// rotate begins a new journal; the old one, which holds everything confirmed until an offset, becomes a run in the
// background.
func (d *disk) rotate(dir string, until uint64, keys map[Key]Value) error {
	next := d.manifest
	next.Journal, next.Frozen, next.Until = d.newName("journal"), d.manifest.Journal, until
	journal, err := os.OpenFile(filepath.Join(dir, next.Journal), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	if err := d.commit(dir, next); err != nil {
		return errors.Join(err, journal.Close())
	}
	old := d.journal
	d.journal, d.size, d.written = journal, 0, 0
	d.spill(dir, keys)
	return old.Close()
}

// spilled is a run made of a frozen journal.
type spilled struct {
	run *run
	err error
}

// spill writes the frozen keys, which do not change any more, as a run, in the background.
func (d *disk) spill(dir string, keys map[Key]Value) {
	path := filepath.Join(dir, d.newName("run"))
	out := make(chan spilled, 1)
	d.spilling = out
	go func() {
		r, err := writeRun(path, keys)
		out <- spilled{r, err}
	}()
}

// Rest waits until nothing is made in the background. No checkpoint may be under way.
func (x *Index) Rest() error {
	for x.disk.spilling != nil || x.disk.merging != nil {
		time.Sleep(time.Millisecond)
		c := Checkpoint{x: x, runs: x.runs, done: true, offset: x.offset}
		if err := errors.Join(c.adoptSpilled(), c.adoptMerged(), x.End(&c)); err != nil {
			return err
		}
	}
	return nil
}

// making is the name of the run that spill makes while nothing else was named.
func (d *disk) making() string {
	if d.spilling == nil {
		return ""
	}
	return fmt.Sprintf("run-%d", d.names)
}

func writeRun(path string, keys map[Key]Value) (*run, error) {
	pairs := make([]pair, 0, len(keys))
	for k, v := range keys {
		pairs = append(pairs, pair{k, v})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return a.key.compare(&b.key) })
	w, err := newRunWriter(path, len(pairs))
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if err := w.add(p); err != nil {
			return nil, errors.Join(err, w.abort())
		}
	}
	return w.finish()
}

// adoptSpilled takes over the run of the frozen journal when it is there. One that could not be written is made again.
func (c *Checkpoint) adoptSpilled() error {
	d := &c.x.disk
	var made spilled
	select {
	case made = <-d.spilling:
	default:
		return nil
	}
	d.spilling = nil
	if made.err != nil { // the disk is full, say: the frozen journal still stands
		d.spill(c.x.dir, c.x.frozen)
		return nil
	}
	frozen := d.manifest.Frozen
	next := d.manifest
	next.Runs = append(slices.Clone(next.Runs), made.run.name)
	next.Offset, next.Frozen, next.Until = next.Until, "", 0
	if err := d.commit(c.x.dir, next); err != nil {
		back := make(chan spilled, 1) // to be taken over by the next try
		back <- made
		d.spilling = back
		return err
	}
	c.runs, c.thawed = append(slices.Clone(c.runs), made.run), true
	d.merge(c.x.dir, c.runs)
	return os.Remove(filepath.Join(c.x.dir, frozen))
}
