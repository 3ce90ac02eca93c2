-- What was said about a VAT identifier, each time it was asked. desk: it was valid before and is no longer, and a person
-- decides.
CREATE TABLE vat_check (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  entity TEXT NOT NULL,
  vat_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  consultation TEXT NOT NULL,
  code TEXT NOT NULL,
  actor TEXT NOT NULL,
  checked_at TIMESTAMPTZ NOT NULL,
  desk BOOLEAN NOT NULL,
  decision TEXT NOT NULL,
  note TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at TIMESTAMPTZ
);
CREATE INDEX vat_check_entity ON vat_check (entity, id);
CREATE INDEX vat_check_desk ON vat_check (desk, id);
