-- Changes of facts or policies that wait, or waited, for a second person. body is what was proposed: YAML of facts, or a
-- layer in its canonical form.
CREATE TABLE residency_proposal (
	id         TEXT NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL CHECK (kind IN ('facts', 'policy', 'market')),
	scope      TEXT NOT NULL, -- organisation or market whose policy it is; of facts the operator
	org        TEXT NOT NULL, -- organisation whose people decide
	path       TEXT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected', 'withdrawn')),
	body       BYTEA NOT NULL,
	requester  TEXT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	decider    TEXT NOT NULL,
	decided_at TIMESTAMPTZ,
	reason     TEXT NOT NULL
);
CREATE INDEX residency_proposal_org ON residency_proposal (org, id);
