-- Month closes. round grows each time that amounts are worked out again: who approves says which round was looked at.
-- summary is JSON: what it comes to, so that nobody adds up thousands of customers to look at it.
CREATE TABLE month_close (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  month TEXT NOT NULL,
  state TEXT NOT NULL,
  round BIGINT NOT NULL,
  preparer TEXT NOT NULL,
  approver TEXT NOT NULL,
  summary TEXT NOT NULL,
  began_at TIMESTAMPTZ NOT NULL,
  prepared_at TIMESTAMPTZ,
  approved_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ
);
CREATE INDEX month_close_org ON month_close (org, id);
-- One at a time for each organisation that runs markets.
CREATE UNIQUE INDEX month_close_running ON month_close (org) WHERE ended_at IS NULL;

-- What a close does for one customer. expected is what was approved, before what was invoiced in the month before, both
-- JSON; flags say what stands out; rank puts that first.
CREATE TABLE month_close_item (
  close TEXT NOT NULL,
  org TEXT NOT NULL,
  state TEXT NOT NULL,
  round BIGINT NOT NULL,
  expected TEXT NOT NULL,
  before TEXT NOT NULL,
  flags TEXT NOT NULL,
  rank BIGINT NOT NULL,
  invoices TEXT NOT NULL,
  mails BIGINT NOT NULL,
  failure TEXT NOT NULL,
  PRIMARY KEY (close, org)
);
CREATE INDEX month_close_item_state ON month_close_item (close, state, org);
CREATE INDEX month_close_item_rank ON month_close_item (close, rank, org);
