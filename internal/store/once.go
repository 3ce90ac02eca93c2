package store

// KeepReads makes Once remember, for a transaction that writes nothing: what it reads is the same to its end.
func (tx *Tx) KeepReads() {
	if tx.once == nil {
		tx.once = map[string]any{}
	}
}

// Keep lays down what Once would read under a key, where many rows were read with one question. Nothing without KeepReads.
func (tx *Tx) Keep(key string, v any) {
	if tx.once != nil {
		tx.once[key] = v
	}
}

// Once gives what was read before under the key, after KeepReads; else it reads. Whoever gets it changes nothing of it.
func Once[T any](tx *Tx, key string, read func() (T, error)) (T, error) {
	if v, ok := tx.once[key].(T); ok {
		return v, nil
	}
	v, err := read()
	if err == nil {
		tx.Keep(key, v)
	}
	return v, err
}
