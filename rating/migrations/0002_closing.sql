-- The state in which a period was closed: with each invoice that has lines of it, and when it is over. The last one is
-- what the next closing goes on from. state is JSON of price.State: what the lines of each component come to.
CREATE TABLE rating_closing (
  subscription TEXT NOT NULL,
  price_hash TEXT NOT NULL,
  every TEXT NOT NULL,
  period_from TIMESTAMPTZ NOT NULL,
  seq BIGINT NOT NULL,
  period_to TIMESTAMPTZ NOT NULL,
  state BYTEA NOT NULL,
  invoice TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (subscription, price_hash, every, period_from, seq)
);

-- The fact that a subscription ended, for the proof of what its last period was charged.
ALTER TABLE rating_contract ADD COLUMN ended_fact TEXT NOT NULL DEFAULT '';
