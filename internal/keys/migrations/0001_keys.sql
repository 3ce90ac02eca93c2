-- One row for each reference ever used. A destroyed one keeps its row as a tombstone, without the key's bytes.
CREATE TABLE wrapped_key (
	ref          TEXT PRIMARY KEY,
	root         TEXT,
	wrapped      BYTEA,
	created_at   TIMESTAMPTZ NOT NULL,
	destroyed_at TIMESTAMPTZ,
	scrubbed_at  TIMESTAMPTZ
);
CREATE INDEX wrapped_key_unscrubbed ON wrapped_key (ref) WHERE destroyed_at IS NOT NULL AND scrubbed_at IS NULL;
-- The root keys that may wrap rows of this store, by their public identifier.
CREATE TABLE root_key (
	id            TEXT PRIMARY KEY,
	first_used_at TIMESTAMPTZ NOT NULL
);
