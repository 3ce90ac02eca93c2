-- The account of a selling legal entity and under which identifier it collects. It stands on its invoices: nothing of it
-- is personal.
CREATE TABLE collect_account (
  entity      TEXT NOT NULL PRIMARY KEY,
  org         TEXT NOT NULL,
  iban        TEXT NOT NULL,
  bic         TEXT NOT NULL,
  creditor    TEXT NOT NULL,
  notice_days BIGINT NOT NULL,
  version     TEXT NOT NULL,
  changed_at  TIMESTAMPTZ NOT NULL
);

-- A payer's permission to collect. sealed is name and account of the payer, under the key of the person whom the household
-- belongs to, or of the company. text_hash is the SHA-256 of the text that was signed.
CREATE TABLE mandate (
  id         TEXT NOT NULL PRIMARY KEY,
  org        TEXT NOT NULL,
  path       TEXT NOT NULL,
  entity     TEXT NOT NULL,
  reference  TEXT NOT NULL,
  holder     TEXT NOT NULL,
  sealed     BYTEA NOT NULL,
  state      TEXT NOT NULL,
  why        TEXT NOT NULL,
  channel    TEXT NOT NULL,
  signer     TEXT NOT NULL,
  lang       TEXT NOT NULL,
  text_hash  TEXT NOT NULL,
  signed     TEXT NOT NULL,
  used       BIGINT NOT NULL,
  used_at    TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  ended_at   TIMESTAMPTZ,
  etag       BIGINT NOT NULL
);
CREATE UNIQUE INDEX mandate_reference ON mandate (reference);
CREATE UNIQUE INDEX mandate_active ON mandate (org, entity) WHERE state = 'active';
CREATE INDEX mandate_org ON mandate (org, id);
CREATE INDEX mandate_idle ON mandate (used_at) WHERE state = 'active';

-- A file of direct debits. edition grows with each change of what it holds; taken is the edition that was downloaded last.
CREATE TABLE collection (
  id         TEXT NOT NULL PRIMARY KEY,
  entity     TEXT NOT NULL,
  org        TEXT NOT NULL,
  state      TEXT NOT NULL,
  edition    BIGINT NOT NULL,
  taken      BIGINT NOT NULL,
  count      BIGINT NOT NULL,
  total      BIGINT NOT NULL,
  message    TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  actor      TEXT NOT NULL,
  handed_at  TIMESTAMPTZ,
  handed_by  TEXT NOT NULL
);
CREATE INDEX collection_entity ON collection (entity, id);
CREATE INDEX collection_message ON collection (message);

-- One amount to collect for one invoice. At most one of an invoice is under way.
CREATE TABLE collect_debit (
  id         TEXT NOT NULL PRIMARY KEY,
  collection TEXT NOT NULL,
  entity     TEXT NOT NULL,
  invoice    TEXT NOT NULL,
  mandate    TEXT NOT NULL,
  org        TEXT NOT NULL,
  end_to_end TEXT NOT NULL,
  amount     BIGINT NOT NULL,
  due        TEXT NOT NULL,
  sequence   TEXT NOT NULL,
  state      TEXT NOT NULL,
  code       TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX collect_debit_end_to_end ON collect_debit (end_to_end);
CREATE UNIQUE INDEX collect_debit_living ON collect_debit (invoice) WHERE state IN ('announced', 'handed');
CREATE INDEX collect_debit_collection ON collect_debit (collection, id);
CREATE INDEX collect_debit_org ON collect_debit (org, id);
CREATE INDEX collect_debit_mandate ON collect_debit (mandate);
CREATE INDEX collect_debit_invoice ON collect_debit (invoice, id);

-- What a customer paid above what it owed, for each seller and currency, and how it came to that.
CREATE TABLE collect_credit (
  org      TEXT NOT NULL,
  entity   TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount   BIGINT NOT NULL,
  PRIMARY KEY (org, entity, currency)
);
CREATE TABLE collect_credit_move (
  id       TEXT NOT NULL PRIMARY KEY,
  org      TEXT NOT NULL,
  entity   TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount   BIGINT NOT NULL,
  entry    TEXT NOT NULL,
  invoice  TEXT NOT NULL,
  actor    TEXT NOT NULL,
  at       TIMESTAMPTZ NOT NULL
);
CREATE INDEX collect_credit_move_org ON collect_credit_move (org, id);
