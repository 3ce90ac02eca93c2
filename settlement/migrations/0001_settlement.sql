-- Versions of the rules by which lines are shared; '' stands for any publisher, offer or market.
CREATE TABLE settlement_rule (
  id TEXT NOT NULL PRIMARY KEY,
  publisher TEXT NOT NULL,
  offer TEXT NOT NULL,
  market TEXT NOT NULL,
  number BIGINT NOT NULL,
  from_date TEXT NOT NULL,
  terms JSONB NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX settlement_rule_number ON settlement_rule (publisher, offer, market, number);

-- How each line of each document was shared, minor units: share to the publisher, kept by the operator, resellers (by
-- organisation in passed_on), tax. Line 0 is the tax of the document, or what was booked beside lines. No personal data.
CREATE TABLE settlement_line (
  document TEXT NOT NULL,
  line BIGINT NOT NULL,
  origin TEXT NOT NULL,
  origin_line BIGINT NOT NULL,
  date TEXT NOT NULL,
  currency TEXT NOT NULL,
  customer TEXT NOT NULL,
  subscription TEXT NOT NULL,
  publisher TEXT NOT NULL,
  offer TEXT NOT NULL,
  market TEXT NOT NULL,
  name TEXT NOT NULL,
  component TEXT NOT NULL,
  net BIGINT NOT NULL,
  share BIGINT NOT NULL,
  kept BIGINT NOT NULL,
  resellers BIGINT NOT NULL,
  passed_on JSONB NOT NULL,
  tax BIGINT NOT NULL,
  mode TEXT NOT NULL,
  rule TEXT NOT NULL,
  statement TEXT NOT NULL,
  PRIMARY KEY (document, line),
  CHECK (net = share + kept + resellers)
);
CREATE INDEX settlement_line_origin ON settlement_line (origin, origin_line);
CREATE INDEX settlement_line_publisher ON settlement_line (publisher, date);
CREATE INDEX settlement_line_open ON settlement_line (publisher, statement, currency);

-- What is kept back of a publisher's share: while a dispute is open, or as a reserve until a day.
CREATE TABLE settlement_hold (
  id TEXT NOT NULL PRIMARY KEY,
  publisher TEXT NOT NULL,
  document TEXT NOT NULL,
  line BIGINT NOT NULL,
  dispute TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  date TEXT NOT NULL,
  until TEXT NOT NULL,
  released TEXT NOT NULL,
  held_in TEXT NOT NULL,
  released_in TEXT NOT NULL
);
CREATE INDEX settlement_hold_publisher ON settlement_hold (publisher, id);
CREATE INDEX settlement_hold_dispute ON settlement_hold (dispute, id);
CREATE INDEX settlement_hold_until ON settlement_hold (released, until);

-- Disputes that are open, or were: a line that is invoiced later finds its dispute here.
CREATE TABLE settlement_dispute (
  dispute TEXT NOT NULL PRIMARY KEY,
  subscription TEXT NOT NULL,
  usage_window TEXT NOT NULL,
  open BOOLEAN NOT NULL
);
CREATE INDEX settlement_dispute_subscription ON settlement_dispute (subscription, open);

-- Statements with their document, in a chain of its own for each publisher. Nothing but paid_out changes.
CREATE TABLE settlement_statement (
  id TEXT NOT NULL PRIMARY KEY,
  publisher TEXT NOT NULL,
  type TEXT NOT NULL,
  number TEXT NOT NULL,
  through TEXT NOT NULL,
  date TEXT NOT NULL,
  currency TEXT NOT NULL,
  net BIGINT NOT NULL,
  share BIGINT NOT NULL,
  vat BIGINT NOT NULL,
  held BIGINT NOT NULL,
  released BIGINT NOT NULL,
  payable BIGINT NOT NULL,
  hash TEXT NOT NULL,
  document BYTEA NOT NULL
);
CREATE UNIQUE INDEX settlement_statement_number ON settlement_statement (publisher, number);
CREATE INDEX settlement_statement_publisher ON settlement_statement (publisher, id);

-- The end of each publisher's chain of statements.
CREATE TABLE settlement_series (
  publisher TEXT NOT NULL,
  series TEXT NOT NULL,
  year BIGINT NOT NULL,
  last BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (publisher, series)
);

CREATE TABLE settlement_payout (
  id TEXT NOT NULL PRIMARY KEY,
  publisher TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  ordered TEXT NOT NULL,
  done TEXT NOT NULL,
  actor TEXT NOT NULL
);
CREATE INDEX settlement_payout_publisher ON settlement_payout (publisher, id);
CREATE INDEX settlement_payout_state ON settlement_payout (state, id);
