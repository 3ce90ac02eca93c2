-- A fact as its business transaction wrote it. machine is sealed under the owner's key; root is the content root.
CREATE TABLE fact (
	id           TEXT PRIMARY KEY,
	aggregate    TEXT NOT NULL,
	version      BIGINT NOT NULL,
	type         TEXT NOT NULL,
	owner        TEXT NOT NULL,
	parties      TEXT NOT NULL,
	actor        TEXT NOT NULL,
	at           TIMESTAMPTZ NOT NULL,
	root         BYTEA NOT NULL,
	head_root    BYTEA NOT NULL,
	machine_root BYTEA NOT NULL,
	machine      BYTEA NOT NULL,
	UNIQUE (aggregate, version)
);
-- The newest version of each aggregate.
CREATE TABLE fact_version (
	aggregate TEXT PRIMARY KEY,
	version   BIGINT NOT NULL
);
-- The person and legal segments of a fact, each under its own key.
CREATE TABLE fact_segment (
	fact     TEXT NOT NULL REFERENCES fact (id),
	no       BIGINT NOT NULL,
	class    TEXT NOT NULL,
	owner    TEXT NOT NULL,
	until_at TIMESTAMPTZ,
	root     BYTEA NOT NULL,
	sealed   BYTEA NOT NULL,
	PRIMARY KEY (fact, no)
);
CREATE INDEX fact_segment_owner ON fact_segment (owner);
-- Facts that have no position yet.
CREATE TABLE fact_pending (
	fact TEXT PRIMARY KEY
);
-- The one order that readers, replay and the log use.
CREATE TABLE fact_position (
	position BIGINT PRIMARY KEY,
	fact     TEXT NOT NULL UNIQUE
);
-- One leaf a concerned party; leaf_no is its index in the log.
CREATE TABLE fact_leaf (
	leaf_no  BIGINT PRIMARY KEY,
	position BIGINT NOT NULL,
	party    TEXT NOT NULL,
	seq      BIGINT NOT NULL,
	leaf     BYTEA NOT NULL,
	UNIQUE (party, seq)
);
CREATE INDEX fact_leaf_position ON fact_leaf (position);
CREATE TABLE fact_counter (
	name TEXT PRIMARY KEY,
	n    BIGINT NOT NULL
);
CREATE TABLE fact_reader (
	name     TEXT PRIMARY KEY,
	position BIGINT NOT NULL
);
-- What a reader could not do, and what waits behind it.
CREATE TABLE fact_parked (
	reader   TEXT NOT NULL,
	position BIGINT NOT NULL,
	key      TEXT NOT NULL,
	error    TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	next_at  TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (reader, position)
);
CREATE INDEX fact_parked_key ON fact_parked (reader, key, position);
