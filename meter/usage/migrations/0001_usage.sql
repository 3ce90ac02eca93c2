-- What the log has been folded into. Everything here is derived: removing it all and replaying the log gives it again.
CREATE TABLE usage_offset (
	shard     BIGINT PRIMARY KEY,
	consumed  BIGINT NOT NULL,
	ticked_at TIMESTAMPTZ,
	closings  BIGINT NOT NULL
);
CREATE TABLE usage_subject (
	id        TEXT PRIMARY KEY,
	tenant    TEXT NOT NULL,
	publisher TEXT NOT NULL,
	terms     BYTEA NOT NULL,
	ended_at  TIMESTAMPTZ,
	finished  BOOLEAN NOT NULL
);
CREATE TABLE usage_source (
	subject   TEXT NOT NULL,
	source    TEXT NOT NULL,
	watermark TIMESTAMPTZ,
	PRIMARY KEY (subject, source)
);
-- The amount is high × 10^18 + low, so that it never overflows.
CREATE TABLE usage_bucket (
	subject TEXT NOT NULL,
	meter   TEXT NOT NULL,
	labels  TEXT NOT NULL,
	start   TIMESTAMPTZ NOT NULL,
	high    BIGINT NOT NULL,
	low     BIGINT NOT NULL,
	events  BIGINT NOT NULL,
	PRIMARY KEY (subject, start, meter, labels)
);
CREATE TABLE usage_window (
	id        TEXT PRIMARY KEY,
	tenant    TEXT NOT NULL,
	subject   TEXT NOT NULL,
	source    TEXT NOT NULL,
	kind      TEXT NOT NULL,
	corrects  TEXT NOT NULL,
	grid_from BIGINT NOT NULL,
	grid_to   BIGINT NOT NULL,
	from_at   TIMESTAMPTZ NOT NULL,
	to_at     TIMESTAMPTZ NOT NULL,
	opened_at TIMESTAMPTZ NOT NULL,
	events    BIGINT NOT NULL,
	sums      BYTEA NOT NULL,
	closed_at TIMESTAMPTZ,
	closing   BIGINT,
	digest    BYTEA
);
CREATE INDEX usage_window_closing ON usage_window (closing);
CREATE INDEX usage_window_undigested ON usage_window (closing) WHERE digest IS NULL;
CREATE INDEX usage_window_subject ON usage_window (subject, from_at);
-- Where in the log the events of a window stand.
CREATE TABLE usage_span (
	window_id TEXT NOT NULL,
	batch     BIGINT NOT NULL,
	positions BYTEA NOT NULL,
	PRIMARY KEY (window_id, batch)
);
CREATE TABLE usage_quarantine (
	event_key   BYTEA NOT NULL,
	event_hash  BYTEA NOT NULL,
	batch       BIGINT NOT NULL,
	place       BIGINT NOT NULL,
	publisher   TEXT NOT NULL,
	tenant      TEXT NOT NULL,
	source      TEXT NOT NULL,
	event_id    TEXT NOT NULL,
	subject     TEXT NOT NULL,
	reason      TEXT NOT NULL,
	received_at TIMESTAMPTZ NOT NULL,
	times       BIGINT NOT NULL,
	PRIMARY KEY (event_key, event_hash)
);
CREATE INDEX usage_quarantine_place ON usage_quarantine (batch, place);
