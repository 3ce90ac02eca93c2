package seen

// Keys is about how many keys the index remembers: one that is being moved into a run may count twice for a moment.
func (x *Index) Keys() int {
	n := len(x.recent) + len(x.frozen)
	for _, r := range x.runs {
		n += r.count
	}
	return n
}
