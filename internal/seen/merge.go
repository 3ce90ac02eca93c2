package seen

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// width is how many neighbours of about one size become one run.
const width = 4

type merged struct {
	from []*run
	into *run
	err  error
}

// merge starts joining the newest runs that are of about one size, in the background.
func (d *disk) merge(dir string, runs []*run) {
	if d.merging != nil {
		return
	}
	for end := len(runs); end >= width; end-- {
		group := runs[end-width : end]
		small, large := group[0].count, group[0].count
		for _, r := range group {
			small, large = min(small, r.count), max(large, r.count)
		}
		if large < small*width {
			path := filepath.Join(dir, d.newName("run"))
			d.merging = make(chan merged, 1)
			go func(group []*run, out chan merged) {
				into, err := mergeRuns(path, group)
				out <- merged{group, into, err}
			}(slices.Clone(group), d.merging)
			return
		}
	}
}

func mergeRuns(path string, runs []*run) (*run, error) {
	total := 0
	var heads []*cursor
	for _, r := range runs {
		total += r.count
		c := &cursor{run: r}
		if ok, err := c.next(); err != nil {
			return nil, err
		} else if ok {
			heads = append(heads, c)
		}
	}
	w, err := newRunWriter(path, total)
	if err != nil {
		return nil, err
	}
	for len(heads) > 0 {
		least := 0
		for i := range heads {
			if heads[i].pair.key.compare(&heads[least].pair.key) < 0 {
				least = i
			}
		}
		err := w.add(heads[least].pair)
		ok := false
		if err == nil {
			ok, err = heads[least].next()
		}
		if err != nil {
			return nil, errors.Join(err, w.abort())
		}
		if !ok {
			heads = slices.Delete(heads, least, least+1)
		}
	}
	return w.finish()
}

// adoptMerged takes a finished merge over.
func (c *Checkpoint) adoptMerged() error {
	d := &c.x.disk
	var m merged
	select {
	case m = <-d.merging:
	default:
		return nil
	}
	d.merging = nil
	if errors.Is(m.err, ErrDamaged) {
		return fmt.Errorf("merge index runs: %w", m.err)
	}
	if m.err != nil {
		return nil // the runs still stand, and the next one that is made starts the merge again
	}
	at := slices.Index(c.runs, m.from[0])
	next := d.manifest
	next.Runs = slices.Replace(slices.Clone(next.Runs), at, at+width, m.into.name)
	if err := d.commit(c.x.dir, next); err != nil {
		back := make(chan merged, 1) // to be taken over by the next try
		back <- m
		d.merging = back
		return err
	}
	c.runs = slices.Replace(slices.Clone(c.runs), at, at+width, m.into)
	c.retired = append(c.retired, m.from...)
	d.merge(c.x.dir, c.runs)
	return nil
}
