-- Who bills what a market sells, where it is not the market's own legal entity with invoices from here.
CREATE TABLE billing_mode (
  market TEXT NOT NULL PRIMARY KEY,
  mode TEXT NOT NULL,
  system TEXT NOT NULL,
  actor TEXT NOT NULL,
  set_at TIMESTAMPTZ NOT NULL
);
