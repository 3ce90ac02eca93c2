-- What may be spent in a calendar month. subscription is '' or the one service. period, used and reserved are the last
-- figures, in minor units; until_at is when the month turns. capped is the month in which the cap fell, '' for none;
-- changed_at when somebody set the budget last.
CREATE TABLE budget (
  id           TEXT NOT NULL PRIMARY KEY,
  org          TEXT NOT NULL,
  path         TEXT NOT NULL,
  subscription TEXT NOT NULL,
  currency     TEXT NOT NULL,
  amount       BIGINT NOT NULL,
  thresholds   TEXT NOT NULL,
  action       TEXT NOT NULL,
  zone         TEXT NOT NULL,
  state        TEXT NOT NULL,
  period       TEXT NOT NULL,
  until_at     TIMESTAMPTZ NOT NULL,
  used         BIGINT NOT NULL,
  reserved     BIGINT NOT NULL,
  capped       TEXT NOT NULL,
  capped_at    TIMESTAMPTZ,
  created_at   TIMESTAMPTZ NOT NULL,
  changed_at   TIMESTAMPTZ NOT NULL,
  etag         BIGINT NOT NULL
);
CREATE UNIQUE INDEX budget_scope ON budget (org, subscription, currency) WHERE state <> 'removed';
CREATE INDEX budget_changed ON budget (changed_at);
CREATE INDEX budget_turn ON budget (until_at) WHERE state <> 'removed';

-- What each service came to in the month, in millionths of the currency.
CREATE TABLE budget_cost (
  budget       TEXT NOT NULL,
  period       TEXT NOT NULL,
  subscription TEXT NOT NULL,
  usage        BIGINT NOT NULL,
  fixed        BIGINT NOT NULL,
  PRIMARY KEY (budget, period, subscription)
);

-- Usage by civil day, in millionths, for what is unusual.
CREATE TABLE budget_day (
  budget TEXT NOT NULL,
  day    TEXT NOT NULL,
  usage  BIGINT NOT NULL,
  PRIMARY KEY (budget, day)
);

-- What was said already: in a month a threshold in percent, on a day that it is unusual.
CREATE TABLE budget_notice (
  budget TEXT NOT NULL,
  time   TEXT NOT NULL,
  mark   BIGINT NOT NULL,
  at     TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (budget, time, mark)
);

-- Services that stand still because of a budget.
CREATE TABLE budget_stop (
  budget       TEXT NOT NULL,
  subscription TEXT NOT NULL,
  PRIMARY KEY (budget, subscription)
);
CREATE INDEX budget_stop_subscription ON budget_stop (subscription);
