-- Price versions that somebody has, as the bytes that were frozen with the order. Never changed.
CREATE TABLE rating_price (
  hash TEXT NOT NULL PRIMARY KEY,
  body BYTEA NOT NULL
);

-- What rating knows of a subscription. charged_to: prices per period are charged up to there. exact is all that was ever
-- charged, raised what of it the limits upstream were told, in minor units.
CREATE TABLE rating_contract (
  subscription TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  path TEXT NOT NULL,
  publisher TEXT NOT NULL,
  seller TEXT NOT NULL,
  market TEXT NOT NULL,
  currency TEXT NOT NULL,
  name TEXT NOT NULL,
  zone TEXT NOT NULL,
  anchor TEXT NOT NULL,
  activated_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  charged_to TIMESTAMPTZ NOT NULL,
  complete BOOLEAN NOT NULL,
  waived BOOLEAN NOT NULL,
  exact TEXT NOT NULL,
  raised BIGINT NOT NULL
);
CREATE INDEX rating_contract_org ON rating_contract (org, subscription);

-- The history of plans: which price a subscription has from an instant on, and whether it is held (not suspended).
CREATE TABLE rating_interval (
  subscription TEXT NOT NULL,
  seq BIGINT NOT NULL,
  price_hash TEXT NOT NULL,
  plan TEXT NOT NULL,
  name TEXT NOT NULL,
  held BOOLEAN NOT NULL,
  fact TEXT NOT NULL,
  from_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (subscription, seq)
);

-- Priced inputs. source is the window, "once", or the span: with it a charge is unique. to_at decides which invoice it
-- is for.
CREATE TABLE charge (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  subscription TEXT NOT NULL,
  component TEXT NOT NULL,
  price_hash TEXT NOT NULL,
  source TEXT NOT NULL,
  source_fact TEXT NOT NULL,
  correction BOOLEAN NOT NULL,
  from_at TIMESTAMPTZ NOT NULL,
  to_at TIMESTAMPTZ NOT NULL,
  period_from TIMESTAMPTZ,
  period_to TIMESTAMPTZ,
  quantity BIGINT NOT NULL,
  before BIGINT NOT NULL,
  exact TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  invoice TEXT
);
CREATE UNIQUE INDEX charge_source ON charge (subscription, component, price_hash, source);
CREATE INDEX charge_open ON charge (org, to_at) WHERE invoice IS NULL;
CREATE INDEX charge_invoice ON charge (invoice) WHERE invoice IS NOT NULL;

-- Units charged so far in a billing period: where the next window goes on in the tiers.
CREATE TABLE rating_total (
  subscription TEXT NOT NULL,
  component TEXT NOT NULL,
  price_hash TEXT NOT NULL,
  period_from TIMESTAMPTZ NOT NULL,
  charged BIGINT NOT NULL,
  PRIMARY KEY (subscription, component, price_hash, period_from)
);

-- Windows that were rated, also those without a charge.
CREATE TABLE rating_window (
  id TEXT NOT NULL PRIMARY KEY,
  subscription TEXT NOT NULL
);
