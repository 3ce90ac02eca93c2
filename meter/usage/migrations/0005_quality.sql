-- How a publisher sent, by the hour of receipt: what became of its events, and how long after the end of their interval those
-- that count were received (the sum and the longest, in milliseconds). Late are those that came after their window had closed.
CREATE TABLE usage_quality (
	publisher  TEXT NOT NULL,
	hour       TIMESTAMPTZ NOT NULL,
	subject    TEXT NOT NULL,
	source     TEXT NOT NULL,
	accepted   BIGINT NOT NULL,
	duplicates BIGINT NOT NULL,
	late       BIGINT NOT NULL,
	held       BIGINT NOT NULL,
	lag        BIGINT NOT NULL,
	worst      BIGINT NOT NULL,
	last_at    TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (publisher, hour, subject, source)
);
CREATE INDEX usage_quality_hour ON usage_quality (hour);
