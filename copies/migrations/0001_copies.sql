-- Every copy of data: what it is, whose, where. offer_version, class and market say by what its place is judged; object is
-- the engine's own name, '' until the engine has listed it. country, city and keeper are of copies outside the regions.
CREATE TABLE copy (
	id            TEXT NOT NULL PRIMARY KEY,
	org           TEXT NOT NULL,
	org_path      TEXT NOT NULL,
	publisher     TEXT NOT NULL,
	subscription  TEXT NOT NULL,
	resource      TEXT NOT NULL,
	offer_version TEXT NOT NULL,
	class         TEXT NOT NULL,
	market        TEXT NOT NULL,
	kind          TEXT NOT NULL,
	name          TEXT NOT NULL,
	region        TEXT NOT NULL,
	driver        TEXT NOT NULL,
	object        TEXT NOT NULL,
	country       TEXT NOT NULL,
	city          TEXT NOT NULL,
	keeper        TEXT NOT NULL,
	part          BOOLEAN NOT NULL,
	state         TEXT NOT NULL,
	bytes         BIGINT NOT NULL,
	actor         TEXT NOT NULL,
	made_at       TIMESTAMPTZ,
	first_at      TIMESTAMPTZ NOT NULL,
	changed_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX copy_org ON copy (org, id);
CREATE INDEX copy_path ON copy (org_path, id);
CREATE INDEX copy_region ON copy (region, state);
CREATE INDEX copy_resource ON copy (resource, kind);
CREATE INDEX copy_subscription ON copy (subscription);
-- A copy that is there and should not be, or should be and is not: from when until when, and how it ended.
CREATE TABLE copy_incident (
	id        TEXT NOT NULL PRIMARY KEY,
	copy      TEXT NOT NULL REFERENCES copy (id),
	org       TEXT NOT NULL,
	org_path  TEXT NOT NULL,
	kind      TEXT NOT NULL,
	opened_at TIMESTAMPTZ NOT NULL,
	closed_at TIMESTAMPTZ,
	how       TEXT NOT NULL,
	actor     TEXT NOT NULL,
	note      TEXT NOT NULL
);
CREATE INDEX copy_incident_copy ON copy_incident (copy);
CREATE INDEX copy_incident_path ON copy_incident (org_path, id);
-- When each region's engine was last asked, and what it answered.
CREATE TABLE copy_look (
	region    TEXT NOT NULL PRIMARY KEY,
	driver    TEXT NOT NULL,
	complete  BOOLEAN NOT NULL,
	found     BIGINT NOT NULL,
	looked_at TIMESTAMPTZ NOT NULL,
	failed_at TIMESTAMPTZ,
	failure   TEXT NOT NULL
);
