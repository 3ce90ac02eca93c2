-- Where an item goes, and why not elsewhere. request and result are canonical JSON; with the facts and the policy that
-- the hashes name, and the rules, the result can be computed again.
CREATE TABLE placement_decision (
	id          TEXT NOT NULL PRIMARY KEY,
	item        TEXT NOT NULL,
	attempt     BIGINT NOT NULL,
	order_id    TEXT NOT NULL,
	org         TEXT NOT NULL,
	org_path    TEXT NOT NULL,
	publisher   TEXT NOT NULL,
	region      TEXT NOT NULL,
	policy_hash TEXT NOT NULL,
	facts_hash  TEXT NOT NULL,
	rules_hash  TEXT NOT NULL,
	request     BYTEA NOT NULL,
	result      BYTEA NOT NULL,
	created_at  TIMESTAMPTZ NOT NULL,
	UNIQUE (item, attempt)
);
CREATE INDEX placement_decision_order ON placement_decision (order_id, id);
CREATE INDEX placement_decision_region ON placement_decision (region);
-- Units of a region that a subscription holds, from the decision until nothing of it is left there.
CREATE TABLE placement_hold (
	subscription TEXT NOT NULL,
	region       TEXT NOT NULL,
	decision     TEXT NOT NULL REFERENCES placement_decision (id),
	units        BIGINT NOT NULL,
	PRIMARY KEY (subscription, region)
);
-- What was asked for an item, as its order was placed: for another decision when the first region cannot take it.
CREATE TABLE placement_item (
	item TEXT NOT NULL PRIMARY KEY,
	org  TEXT NOT NULL,
	body BYTEA NOT NULL
);
