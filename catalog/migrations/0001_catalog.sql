-- Something a publisher sells. current is the version on the shelf, NULL when there is none.
CREATE TABLE offer (
	id         TEXT NOT NULL PRIMARY KEY,
	key        TEXT NOT NULL,
	publisher  TEXT NOT NULL,
	path       TEXT NOT NULL,
	current    TEXT,
	latest     BIGINT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX offer_key ON offer (key);
CREATE INDEX offer_publisher ON offer (publisher, id);
-- A version: content is canonical JSON, of which hash is the SHA-256.
CREATE TABLE offer_version (
	id           TEXT NOT NULL PRIMARY KEY,
	offer        TEXT NOT NULL REFERENCES offer (id),
	publisher    TEXT NOT NULL,
	path         TEXT NOT NULL,
	number       BIGINT NOT NULL,
	state        TEXT NOT NULL,
	note         TEXT NOT NULL,
	content      BYTEA NOT NULL,
	hash         TEXT NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	submitted_at TIMESTAMPTZ,
	published_at TIMESTAMPTZ,
	withdrawn_at TIMESTAMPTZ,
	etag         BIGINT NOT NULL,
	UNIQUE (offer, number)
);
CREATE INDEX offer_version_state ON offer_version (state, id);
-- What the storefront searches: name, summary, tags and families of the version on the shelf, folded.
CREATE TABLE offer_text (
	offer    TEXT NOT NULL,
	language TEXT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (offer, language)
);
CREATE TABLE offer_family (
	family TEXT NOT NULL,
	offer  TEXT NOT NULL,
	PRIMARY KEY (family, offer)
);
