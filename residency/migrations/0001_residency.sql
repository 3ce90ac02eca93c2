-- What was known about clouds: each snapshot once, canonical JSON of which hash is the SHA-256.
CREATE TABLE residency_facts (
	hash TEXT NOT NULL PRIMARY KEY,
	body BYTEA NOT NULL
);
-- Which snapshot held from when; the highest version holds now.
CREATE TABLE residency_facts_version (
	version    BIGINT NOT NULL PRIMARY KEY,
	hash       TEXT NOT NULL REFERENCES residency_facts (hash),
	actor      TEXT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL
);
-- The layers that markets and organisations set; the highest version of a scope holds.
CREATE TABLE residency_policy (
	scope      TEXT NOT NULL,
	version    BIGINT NOT NULL,
	layer      BYTEA NOT NULL,
	actor      TEXT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (scope, version)
);
-- Whole policies as decisions named them, canonical JSON of which hash is the SHA-256.
CREATE TABLE residency_policy_body (
	hash TEXT NOT NULL PRIMARY KEY,
	body BYTEA NOT NULL
);
-- Units of a region that are taken. Changed by conditional updates only.
CREATE TABLE region_capacity (
	region   TEXT NOT NULL PRIMARY KEY,
	used     BIGINT NOT NULL,
	capacity BIGINT NOT NULL
);
