-- Files of a bank that were imported, each once by its SHA-256. What was in them is in bank_entry; they are not kept.
CREATE TABLE bank_file (
  id          TEXT NOT NULL PRIMARY KEY,
  entity      TEXT NOT NULL,
  org         TEXT NOT NULL,
  digest      TEXT NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  entries     BIGINT NOT NULL,
  fresh       BIGINT NOT NULL,
  matched     BIGINT NOT NULL,
  desk        BIGINT NOT NULL,
  failed      BIGINT NOT NULL,
  imported_at TIMESTAMPTZ NOT NULL,
  actor       TEXT NOT NULL
);
CREATE UNIQUE INDEX bank_file_digest ON bank_file (entity, digest);
CREATE INDEX bank_file_org ON bank_file (org, id);

-- One movement of money on an account of a legal entity. key is the same for the same movement in whatever file it is told
-- again. sealed is what is personal (the other side's name and account, what it wrote), under the legal entity's key.
CREATE TABLE bank_entry (
  id         TEXT NOT NULL PRIMARY KEY,
  file       TEXT NOT NULL,
  entity     TEXT NOT NULL,
  org        TEXT NOT NULL,
  key        TEXT NOT NULL,
  reference  TEXT NOT NULL,
  end_to_end TEXT NOT NULL,
  amount     BIGINT NOT NULL,
  currency   TEXT NOT NULL,
  credit     BOOLEAN NOT NULL,
  date       TEXT NOT NULL,
  code       TEXT NOT NULL,
  sealed     BYTEA NOT NULL,
  state      TEXT NOT NULL,
  why        TEXT NOT NULL,
  debit      TEXT NOT NULL,
  kept       BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  decided_at TIMESTAMPTZ,
  decided_by TEXT NOT NULL
);
CREATE UNIQUE INDEX bank_entry_key ON bank_entry (entity, key);
CREATE INDEX bank_entry_state ON bank_entry (org, state, id);

-- What of a movement went to which invoice.
CREATE TABLE bank_part (
  entry   TEXT NOT NULL,
  invoice TEXT NOT NULL,
  org     TEXT NOT NULL,
  amount  BIGINT NOT NULL,
  PRIMARY KEY (entry, invoice)
);
CREATE INDEX bank_part_invoice ON bank_part (invoice);
