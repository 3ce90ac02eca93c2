-- How an operator's books are called at its accountant's: JSON, see Settings. No personal data but the contact that the
-- operator names to the tax office.
CREATE TABLE books_export (
  org TEXT NOT NULL PRIMARY KEY,
  settings TEXT NOT NULL,
  actor TEXT NOT NULL,
  set_at TIMESTAMPTZ NOT NULL
);
