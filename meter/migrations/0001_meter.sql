-- What events may be about, as the facts of subscriptions say; a row is dirty until the usage store has been told.
CREATE TABLE meter_subject (
	id        TEXT PRIMARY KEY,
	tenant    TEXT NOT NULL,
	publisher TEXT NOT NULL,
	terms     BYTEA NOT NULL,
	ended_at  TIMESTAMPTZ,
	complete  BOOLEAN NOT NULL,
	dirty     BIGINT NOT NULL
);
CREATE INDEX meter_subject_dirty ON meter_subject (dirty) WHERE dirty > 0;
CREATE INDEX meter_subject_tenant ON meter_subject (tenant);
-- Closed windows, each with its fact. Position is the order of closing in the usage store.
CREATE TABLE meter_window (
	id        TEXT PRIMARY KEY,
	tenant    TEXT NOT NULL,
	publisher TEXT NOT NULL,
	subject   TEXT NOT NULL,
	source    TEXT NOT NULL,
	kind      TEXT NOT NULL,
	corrects  TEXT NOT NULL,
	from_at   TIMESTAMPTZ NOT NULL,
	to_at     TIMESTAMPTZ NOT NULL,
	events    BIGINT NOT NULL,
	sums      BYTEA NOT NULL,
	digest    BYTEA NOT NULL,
	closed_at TIMESTAMPTZ NOT NULL,
	position  BIGINT NOT NULL
);
CREATE UNIQUE INDEX meter_window_position ON meter_window (position);
CREATE INDEX meter_window_subject ON meter_window (subject, position);
CREATE INDEX meter_window_publisher ON meter_window (publisher, to_at);
