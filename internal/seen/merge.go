package seen

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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

// merge starts joining the newest runs that are of about one size, in the background; adopt takes the result over.
func (x *Index) merge() {
	if x.merging != nil {
		return
	}
	n := len(x.runs)
	for end := n; end >= width; end-- {
		group := x.runs[end-width : end]
		small, large := group[0].count, group[0].count
		for _, r := range group {
			small, large = min(small, r.count), max(large, r.count)
		}
		if large < small*width {
			path := filepath.Join(x.dir, x.newName("run"))
			x.merging = make(chan merged, 1)
			go func(group []*run, out chan merged) {
				into, err := mergeRuns(path, group)
				out <- merged{group, into, err}
			}(slices.Clone(group), x.merging)
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
			if bytes.Compare(heads[i].pair.key[:], heads[least].pair.key[:]) < 0 {
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

// adopt takes a finished merge over; with wait it waits for one under way.
func (x *Index) adopt(wait bool) error {
	if x.merging == nil {
		return nil
	}
	var m merged
	if wait {
		m = <-x.merging
	} else {
		select {
		case m = <-x.merging:
		default:
			return nil
		}
	}
	x.merging = nil
	if errors.Is(m.err, ErrDamaged) {
		return fmt.Errorf("merge index runs: %w", m.err)
	}
	if m.err != nil {
		return nil // the runs still stand, and the next one that is made starts the merge again
	}
	at := slices.Index(x.runs, m.from[0])
	next := x.manifest
	next.Runs = slices.Replace(slices.Clone(next.Runs), at, at+width, m.into.name)
	if err := x.commit(next); err != nil {
		return errors.Join(err, m.into.file.Close())
	}
	x.runs = slices.Replace(x.runs, at, at+width, m.into)
	var errs []error
	for _, r := range m.from {
		errs = append(errs, r.file.Close(), os.Remove(r.file.Name()))
	}
	if !wait {
		x.merge()
	}
	return errors.Join(errs...)
}
