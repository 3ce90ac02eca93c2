-- What a subscription's software may be used by. turn grows with each seat that is taken, so that rivals meet on one row.
-- Use is reported up to settled_at, and is to be up to due_at: the end of the hour in which the last seat is free.
CREATE TABLE licence_pool (
	subscription TEXT NOT NULL PRIMARY KEY,
	org          TEXT NOT NULL,
	path         TEXT NOT NULL,
	publisher    TEXT NOT NULL,
	name         TEXT NOT NULL,
	plan         TEXT NOT NULL,
	item         TEXT NOT NULL,
	zone         TEXT NOT NULL,
	terms        BYTEA NOT NULL,
	state        TEXT NOT NULL,
	capacity     BIGINT NOT NULL,
	until_at     TIMESTAMPTZ,
	started_at   TIMESTAMPTZ NOT NULL,
	settled_at   TIMESTAMPTZ NOT NULL,
	due_at       TIMESTAMPTZ NOT NULL,
	turn         BIGINT NOT NULL,
	etag         BIGINT NOT NULL
);
CREATE INDEX licence_pool_publisher ON licence_pool (publisher, subscription);
CREATE INDEX licence_pool_org ON licence_pool (org, subscription);
-- The licences of a pool: those that its plan grants, and those that the customer brought. number is encrypted under the
-- customer's key; number_mac finds the same number declared twice.
CREATE TABLE licence (
	id           TEXT NOT NULL PRIMARY KEY,
	subscription TEXT NOT NULL,
	kind         TEXT NOT NULL,
	state        TEXT NOT NULL,
	reference    TEXT NOT NULL,
	seats        BIGINT NOT NULL,
	valid_from   TIMESTAMPTZ NOT NULL,
	valid_to     TIMESTAMPTZ,
	number       BYTEA,
	number_mac   BYTEA,
	document     TEXT NOT NULL,
	declared_by  TEXT NOT NULL,
	decided_by   TEXT NOT NULL,
	note         TEXT NOT NULL,
	told         BIGINT NOT NULL,
	told_at      TIMESTAMPTZ,
	created_at   TIMESTAMPTZ NOT NULL,
	changed_at   TIMESTAMPTZ NOT NULL,
	etag         BIGINT NOT NULL
);
CREATE INDEX licence_subscription ON licence (subscription, id);
CREATE INDEX licence_ending ON licence (valid_to) WHERE state = 'valid';
CREATE INDEX licence_number ON licence (number_mac) WHERE number_mac IS NOT NULL;
-- Seats that belong to a person; person is '' for one that was taken back, and was says whose it was.
CREATE TABLE licence_seat (
	subscription TEXT NOT NULL,
	no           BIGINT NOT NULL,
	person       TEXT NOT NULL,
	was          TEXT NOT NULL,
	since_at     TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (subscription, no)
);
CREATE UNIQUE INDEX licence_seat_person ON licence_seat (subscription, person) WHERE person <> '';
-- Seats in use. One that ended is free by its time alone; nobody has to sweep it.
CREATE TABLE licence_lease (
	id           TEXT NOT NULL PRIMARY KEY,
	subscription TEXT NOT NULL,
	holder       TEXT NOT NULL,
	device       TEXT NOT NULL,
	key          TEXT NOT NULL,
	hours        BIGINT NOT NULL,
	from_at      TIMESTAMPTZ NOT NULL,
	until_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX licence_lease_until ON licence_lease (subscription, until_at);
CREATE UNIQUE INDEX licence_lease_key ON licence_lease (subscription, key);
-- How often a seat was refused, and how many were in use at most, in a civil month of the account's zone.
CREATE TABLE licence_month (
	subscription TEXT NOT NULL,
	month        TEXT NOT NULL,
	taken        BIGINT NOT NULL,
	refused      BIGINT NOT NULL,
	peak         BIGINT NOT NULL,
	capacity     BIGINT NOT NULL,
	PRIMARY KEY (subscription, month)
);
