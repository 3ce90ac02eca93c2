-- By what steps a market reminds, from a day on. steps is JSON; a plan never changes, a later one takes its place.
CREATE TABLE dunning_plan (
  market     TEXT NOT NULL,
  from_day   TEXT NOT NULL,
  steps      TEXT NOT NULL,
  actor      TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (market, from_day)
);

-- Where an overdue invoice stands. step counts the steps that were taken.
CREATE TABLE dunning_case (
  invoice    TEXT NOT NULL PRIMARY KEY,
  org        TEXT NOT NULL,
  entity     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  step       BIGINT NOT NULL,
  state      TEXT NOT NULL,
  at         TIMESTAMPTZ NOT NULL
);
CREATE INDEX dunning_case_open ON dunning_case (state, invoice);
CREATE INDEX dunning_case_org ON dunning_case (org, invoice);

-- Services that stand still because of an invoice.
CREATE TABLE dunning_stop (
  invoice      TEXT NOT NULL,
  subscription TEXT NOT NULL,
  PRIMARY KEY (invoice, subscription)
);
CREATE INDEX dunning_stop_subscription ON dunning_stop (subscription);
