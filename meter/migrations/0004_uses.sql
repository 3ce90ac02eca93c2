-- Use that a package above reports, until the usage store has taken it; id is that of the fact.
CREATE TABLE meter_use (
	id        TEXT NOT NULL PRIMARY KEY,
	subject   TEXT NOT NULL,
	publisher TEXT NOT NULL,
	events    BYTEA NOT NULL
);
