-- Charges that are given to another billing system. A batch has the next number of its market.
CREATE TABLE handover_batch (
  id TEXT NOT NULL PRIMARY KEY,
  market TEXT NOT NULL,
  org TEXT NOT NULL,
  number BIGINT NOT NULL,
  lines BIGINT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  actor TEXT NOT NULL
);
CREATE UNIQUE INDEX handover_batch_number ON handover_batch (market, number);

-- One line of a statement of charges: "inv_…/3". batch is '' while it waits; net and billed are minor units.
CREATE TABLE handover_line (
  id TEXT NOT NULL PRIMARY KEY,
  market TEXT NOT NULL,
  batch TEXT NOT NULL,
  document TEXT NOT NULL,
  line BIGINT NOT NULL,
  org TEXT NOT NULL,
  currency TEXT NOT NULL,
  net BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  bill TEXT NOT NULL,
  billed BIGINT NOT NULL,
  attempt BIGINT NOT NULL
);
CREATE INDEX handover_line_market ON handover_line (market, state, id);
CREATE INDEX handover_line_batch ON handover_line (batch, id);
