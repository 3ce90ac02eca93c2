-- The books. Nothing here is personal data: owners are identifiers of organisations. Rows are only ever added; what
-- changes is the balance of an account and the head.

-- The end of the chain of entries, and the day up to which nothing may be posted. One row.
CREATE TABLE ledger_head (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  entries BIGINT NOT NULL,
  transfers BIGINT NOT NULL,
  accounts BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  locked TEXT NOT NULL
);

-- What one organisation has or owes, in one currency.
CREATE TABLE ledger_account (
  id BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  code TEXT NOT NULL,
  currency TEXT NOT NULL
);
CREATE UNIQUE INDEX ledger_account_key ON ledger_account (owner, code, currency);
CREATE UNIQUE INDEX ledger_account_currency ON ledger_account (id, currency);

-- The sums of an account's transfers, minor units; kept with them, so that nobody adds them up to look.
CREATE TABLE ledger_balance (
  account BIGINT NOT NULL PRIMARY KEY REFERENCES ledger_account (id),
  debits BIGINT NOT NULL CHECK (debits >= 0),
  credits BIGINT NOT NULL CHECK (credits >= 0)
);

-- An entry is what one event did: its transfers have the numbers first to first + legs - 1. digest is the SHA-256 of what
-- it says, hash that of the hash before it, its number, its instant and its digest.
CREATE TABLE ledger_entry (
  seq BIGINT NOT NULL PRIMARY KEY,
  ref_id TEXT NOT NULL,
  ref_kind TEXT NOT NULL,
  date TEXT NOT NULL,
  first BIGINT NOT NULL,
  legs BIGINT NOT NULL CHECK (legs > 0),
  posted_at TIMESTAMPTZ NOT NULL,
  digest BYTEA NOT NULL,
  hash BYTEA NOT NULL
);
CREATE UNIQUE INDEX ledger_entry_ref ON ledger_entry (ref_id, ref_kind);

-- A transfer is one amount that one account is debited and another credited with, so that no row can be out of balance;
-- the references hold both accounts to its currency.
CREATE TABLE ledger_transfer (
  id BIGINT NOT NULL PRIMARY KEY,
  entry BIGINT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  line BIGINT NOT NULL,
  CHECK (debit <> credit),
  FOREIGN KEY (debit, currency) REFERENCES ledger_account (id, currency),
  FOREIGN KEY (credit, currency) REFERENCES ledger_account (id, currency)
);
CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit, entry);
CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit, entry);
