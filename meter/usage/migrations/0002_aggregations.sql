-- A window is special when its digest or its quantities take more than its events one by one: corrections, and
-- aggregations that do not add up. Life is the end of the subscription as it was known when the window closed, complete
-- the instant through which its source was complete then; both in microseconds.
ALTER TABLE usage_window ADD COLUMN special BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE usage_window ADD COLUMN life BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_window ADD COLUMN complete BIGINT NOT NULL DEFAULT 0;
CREATE INDEX usage_window_grid ON usage_window (subject, source, grid_from);
-- Up to where windows without events were made for a source whose value is held; 0 for none.
ALTER TABLE usage_source ADD COLUMN carried BIGINT NOT NULL DEFAULT 0;
-- How a bucket's amounts are put together: '' adds, 'max', 'min', 'last' (the one of the instant at, in microseconds).
ALTER TABLE usage_bucket ADD COLUMN merge TEXT NOT NULL DEFAULT '';
ALTER TABLE usage_bucket ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
-- What each correction took back, and in which windows: both places are in the log. From_grid is the start of the grid
-- that the event taken back counts in.
CREATE TABLE usage_correction (
	batch      BIGINT NOT NULL,
	place      BIGINT NOT NULL,
	from_batch BIGINT NOT NULL,
	from_place BIGINT NOT NULL,
	from_grid  BIGINT NOT NULL,
	window_id  TEXT NOT NULL,
	PRIMARY KEY (batch, place)
);
CREATE INDEX usage_correction_window ON usage_correction (window_id);
-- What a closed window contributes to an aggregation that does not add up, by the period it belongs to.
CREATE TABLE usage_part (
	window_id   TEXT NOT NULL,
	subject     TEXT NOT NULL,
	source      TEXT NOT NULL,
	meter       TEXT NOT NULL,
	unit        TEXT NOT NULL,
	labels      TEXT NOT NULL,
	period_from BIGINT NOT NULL,
	points      BYTEA NOT NULL,
	PRIMARY KEY (window_id, meter, unit, labels)
);
CREATE INDEX usage_part_period ON usage_part (subject, meter, period_from);
-- What a period has come to by the windows closed so far; the source is '' where sources are not apart.
CREATE TABLE usage_period (
	subject     TEXT NOT NULL,
	source      TEXT NOT NULL,
	meter       TEXT NOT NULL,
	unit        TEXT NOT NULL,
	labels      TEXT NOT NULL,
	period_from BIGINT NOT NULL,
	quantity    TEXT NOT NULL,
	through     BIGINT NOT NULL,
	PRIMARY KEY (subject, source, meter, unit, labels, period_from)
);
-- How many different items were counted.
CREATE TABLE usage_items (
	subject     TEXT NOT NULL,
	meter       TEXT NOT NULL,
	labels      TEXT NOT NULL,
	period_from BIGINT NOT NULL,
	items       BIGINT NOT NULL,
	PRIMARY KEY (subject, meter, labels, period_from)
);
