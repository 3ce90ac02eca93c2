-- What a customer has on an engine: desired against observed.
CREATE TABLE resource (
	id            TEXT PRIMARY KEY,
	org           TEXT NOT NULL,
	org_path      TEXT NOT NULL,
	publisher     TEXT NOT NULL,
	subscription  TEXT NOT NULL,
	order_id      TEXT NOT NULL,
	item          TEXT NOT NULL,
	cancels       TEXT NOT NULL,
	offer_version TEXT NOT NULL,
	plan          TEXT NOT NULL,
	kind          TEXT NOT NULL,
	driver        TEXT NOT NULL,
	target        JSONB NOT NULL,
	region        TEXT NOT NULL,
	desired       TEXT NOT NULL,
	spec          BYTEA NOT NULL,
	generation    BIGINT NOT NULL,
	applied       BIGINT NOT NULL,
	state         TEXT NOT NULL,
	delete_owed   BOOLEAN NOT NULL,
	outputs       JSONB,
	secrets       BYTEA,
	token         TEXT NOT NULL,
	condition     TEXT NOT NULL,
	since         TIMESTAMPTZ NOT NULL,
	created_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX resource_org ON resource (org, id);
CREATE INDEX resource_subscription ON resource (subscription, id);
CREATE INDEX resource_item ON resource (item);
CREATE INDEX resource_state ON resource (state);
-- One change of one resource, from the decision to do it until its end.
CREATE TABLE operation (
	id         TEXT PRIMARY KEY,
	resource   TEXT NOT NULL REFERENCES resource (id),
	action     TEXT NOT NULL,
	item       TEXT NOT NULL,
	generation BIGINT NOT NULL,
	spec       BYTEA NOT NULL,
	phase      TEXT NOT NULL,
	begun      BOOLEAN NOT NULL,
	cancelling BOOLEAN NOT NULL,
	attempt    BIGINT NOT NULL,
	handle     BYTEA,
	percent    BIGINT NOT NULL,
	message    TEXT NOT NULL,
	need       JSONB,
	input      BYTEA,
	failure    JSONB,
	leftovers  JSONB,
	deadline   TIMESTAMPTZ NOT NULL,
	started_at TIMESTAMPTZ NOT NULL,
	ended_at   TIMESTAMPTZ
);
CREATE INDEX operation_resource ON operation (resource, id);
CREATE INDEX operation_phase ON operation (phase);
-- Intervals of observed availability, from a resource's first second; the open one has no end.
CREATE TABLE availability (
	resource  TEXT NOT NULL REFERENCES resource (id),
	from_at   TIMESTAMPTZ NOT NULL,
	to_at     TIMESTAMPTZ,
	condition TEXT NOT NULL,
	detail    TEXT NOT NULL,
	PRIMARY KEY (resource, from_at)
);
-- Engine objects with our labels that belong to no resource: told once.
CREATE TABLE orphan (
	driver  TEXT NOT NULL,
	target  TEXT NOT NULL,
	object  TEXT NOT NULL,
	seen_at TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (driver, target, object)
);
