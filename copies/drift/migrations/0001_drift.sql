-- A place that held data already is no longer allowed: whose, where, why, until when something has to be done about it.
-- active names the group while the remedy is not closed, so that there is one at a time; NULL afterwards.
CREATE TABLE remedy (
	id            TEXT NOT NULL PRIMARY KEY,
	active        TEXT UNIQUE,
	org           TEXT NOT NULL,
	org_path      TEXT NOT NULL,
	publisher     TEXT NOT NULL,
	market        TEXT NOT NULL,
	region        TEXT NOT NULL,
	offer_version TEXT NOT NULL,
	class         TEXT NOT NULL,
	copies        BIGINT NOT NULL,
	reasons       BYTEA NOT NULL,
	by_own        BOOLEAN NOT NULL,
	facts_hash    TEXT NOT NULL,
	state         TEXT NOT NULL,
	opened_at     TIMESTAMPTZ NOT NULL,
	deadline      TIMESTAMPTZ NOT NULL,
	until_at      TIMESTAMPTZ,
	actor         TEXT NOT NULL,
	note          TEXT NOT NULL,
	told          BOOLEAN NOT NULL,
	closed_at     TIMESTAMPTZ
);
CREATE INDEX remedy_path ON remedy (org_path, id);
CREATE INDEX remedy_org ON remedy (org, id);
-- The last judgement of all placements.
CREATE TABLE drift_run (
	id         BIGINT NOT NULL PRIMARY KEY,
	judged_at  TIMESTAMPTZ NOT NULL,
	took_ms    BIGINT NOT NULL,
	copies     BIGINT NOT NULL,
	distinct_n BIGINT NOT NULL,
	opened     BIGINT NOT NULL,
	closed     BIGINT NOT NULL
);
