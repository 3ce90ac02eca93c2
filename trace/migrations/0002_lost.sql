-- Entries of the log whose facts a database brought back from an older backup no longer has. party is empty where nobody
-- could be found whose number it is.
CREATE TABLE fact_lost (
	leaf_no BIGINT PRIMARY KEY,
	party   TEXT NOT NULL,
	seq     BIGINT NOT NULL,
	year    TEXT NOT NULL,
	leaf    BYTEA NOT NULL
);
CREATE INDEX fact_lost_party ON fact_lost (party, seq);
