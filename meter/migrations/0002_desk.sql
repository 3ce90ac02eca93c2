-- Decisions of the operator about events in the quarantine, until and after the usage store was told.
CREATE TABLE meter_decision (
	held       TEXT PRIMARY KEY,
	id         TEXT NOT NULL,
	publisher  TEXT NOT NULL,
	tenant     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	state      TEXT NOT NULL,
	decided_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX meter_decision_open ON meter_decision (held) WHERE state = 'decided';
-- Disputes of a customer about events that a window counted.
CREATE TABLE meter_dispute (
	id         TEXT PRIMARY KEY,
	tenant     TEXT NOT NULL,
	publisher  TEXT NOT NULL,
	subject    TEXT NOT NULL,
	window_id  TEXT NOT NULL,
	source     TEXT NOT NULL,
	state      TEXT NOT NULL,
	reason     TEXT NOT NULL,
	answer     TEXT NOT NULL,
	opened_at  TIMESTAMPTZ NOT NULL,
	changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX meter_dispute_tenant ON meter_dispute (tenant, id);
CREATE INDEX meter_dispute_publisher ON meter_dispute (publisher, id);
CREATE INDEX meter_dispute_window ON meter_dispute (window_id);
CREATE INDEX meter_dispute_open ON meter_dispute (id) WHERE state = 'accepted';
CREATE TABLE meter_dispute_event (
	dispute  TEXT NOT NULL,
	place    BIGINT NOT NULL,
	event_id TEXT NOT NULL,
	event    BYTEA NOT NULL,
	claim    TEXT NOT NULL,
	outcome  TEXT NOT NULL,
	PRIMARY KEY (dispute, place)
);
