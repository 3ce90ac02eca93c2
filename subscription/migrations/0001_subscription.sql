-- The commercial life of what was ordered. deal is what was agreed (canonical prices inside).
CREATE TABLE subscription (
	id           TEXT NOT NULL PRIMARY KEY,
	org          TEXT NOT NULL,
	path         TEXT NOT NULL,
	publisher    TEXT NOT NULL,
	state        TEXT NOT NULL,
	reasons      TEXT NOT NULL,
	deal         BYTEA NOT NULL,
	resource     TEXT NOT NULL,
	region       TEXT NOT NULL,
	outputs      JSONB NOT NULL,
	condition    TEXT NOT NULL,
	ending       TEXT NOT NULL,
	owed         TEXT NOT NULL,
	trial_until  TIMESTAMPTZ,
	term_until   TIMESTAMPTZ,
	created_at   TIMESTAMPTZ NOT NULL,
	activated_at TIMESTAMPTZ,
	cancelled_at TIMESTAMPTZ,
	ended_at     TIMESTAMPTZ,
	etag         BIGINT NOT NULL
);
CREATE INDEX subscription_org ON subscription (org, id);
CREATE INDEX subscription_path ON subscription (path, id);
CREATE INDEX subscription_publisher ON subscription (publisher, id);
-- Which price version holds from when to when; to_at is NULL for the present one.
CREATE TABLE subscription_price (
	subscription  TEXT NOT NULL,
	no            BIGINT NOT NULL,
	from_at       TIMESTAMPTZ NOT NULL,
	to_at         TIMESTAMPTZ,
	offer_version TEXT NOT NULL,
	plan          TEXT NOT NULL,
	price_version TEXT NOT NULL,
	price_hash    TEXT NOT NULL,
	price         BYTEA NOT NULL,
	PRIMARY KEY (subscription, no)
);
-- Which state it was in from when to when; to_at is NULL for the present one.
CREATE TABLE subscription_span (
	subscription TEXT NOT NULL,
	no           BIGINT NOT NULL,
	from_at      TIMESTAMPTZ NOT NULL,
	to_at        TIMESTAMPTZ,
	state        TEXT NOT NULL,
	reasons      TEXT NOT NULL,
	PRIMARY KEY (subscription, no)
);
