-- Only what takes back a line has an origin: every other line is written without looking for a place in the index.
DROP INDEX settlement_line_origin;
CREATE INDEX settlement_line_origin ON settlement_line (origin, origin_line) WHERE origin <> '';
