-- A finished job has no row. due_at is when the next thing happens to the row: it starts (waiting), or its lease
-- ends (running); a dead one has none.
CREATE TABLE job (
	id           TEXT PRIMARY KEY,
	kind         TEXT NOT NULL,
	job_key      TEXT NOT NULL,
	payload      BYTEA NOT NULL,
	state        TEXT NOT NULL,
	due_at       TIMESTAMPTZ,
	attempt      BIGINT NOT NULL,
	max_attempts BIGINT NOT NULL,
	deadline     TIMESTAMPTZ,
	holder       TEXT NOT NULL,
	fence        BIGINT NOT NULL,
	again_at     TIMESTAMPTZ,
	last_error   TEXT NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX job_kind_key ON job (kind, job_key);
CREATE INDEX job_due ON job (due_at);
