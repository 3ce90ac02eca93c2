-- Accounts to which publishers want their payouts. sealed is holder and number, under the key of the publisher's legal
-- entity. The one in use is the newest that was not dropped and was approved by a second person, or waited until "from".
CREATE TABLE payout_payee (
  id          TEXT NOT NULL PRIMARY KEY,
  publisher   TEXT NOT NULL,
  entity      TEXT NOT NULL,
  sealed      BYTEA NOT NULL,
  usable_from TIMESTAMPTZ NOT NULL,
  created_at  TIMESTAMPTZ NOT NULL,
  created_by  TEXT NOT NULL,
  approved_at TIMESTAMPTZ,
  approved_by TEXT NOT NULL,
  dropped_at  TIMESTAMPTZ,
  dropped_by  TEXT NOT NULL
);
CREATE INDEX payout_payee_publisher ON payout_payee (publisher, id);

-- Files of credit transfers to publishers.
CREATE TABLE payout_run (
  id          TEXT NOT NULL PRIMARY KEY,
  org         TEXT NOT NULL,
  entity      TEXT NOT NULL,
  state       TEXT NOT NULL,
  message     TEXT NOT NULL,
  pays_on     TEXT NOT NULL,
  count       BIGINT NOT NULL,
  total       BIGINT NOT NULL,
  created_at  TIMESTAMPTZ NOT NULL,
  created_by  TEXT NOT NULL,
  approved_at TIMESTAMPTZ,
  approved_by TEXT NOT NULL,
  handed_at   TIMESTAMPTZ,
  handed_by   TEXT NOT NULL
);
CREATE UNIQUE INDEX payout_run_message ON payout_run (message);
CREATE INDEX payout_run_org ON payout_run (org, id);

-- What a run pays, and to which account: these never change.
CREATE TABLE payout_item (
  payout     TEXT NOT NULL PRIMARY KEY,
  run        TEXT NOT NULL,
  payee      TEXT NOT NULL,
  end_to_end TEXT NOT NULL
);
CREATE UNIQUE INDEX payout_item_end_to_end ON payout_item (end_to_end);
CREATE INDEX payout_item_run ON payout_item (run, payout);
