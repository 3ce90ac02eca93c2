-- Issued invoices and credit notes. document is the frozen text, sealed under the key of the legal entity: the copy that
-- law retains, with name and address of the buyer. Everything else is no personal data. Only paid, status and credited_by
-- change.
CREATE TABLE invoice (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  entity TEXT NOT NULL,
  type TEXT NOT NULL,
  series TEXT NOT NULL,
  number TEXT NOT NULL,
  issued_at TIMESTAMPTZ NOT NULL,
  date TEXT NOT NULL,
  due TEXT NOT NULL,
  currency TEXT NOT NULL,
  net BIGINT NOT NULL,
  vat BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  paid BIGINT NOT NULL,
  status TEXT NOT NULL,
  lines BIGINT NOT NULL,
  hash TEXT NOT NULL,
  previous TEXT NOT NULL,
  fact TEXT NOT NULL,
  document BYTEA NOT NULL,
  retain_until TIMESTAMPTZ NOT NULL,
  credits TEXT,
  credited_by TEXT
);
CREATE UNIQUE INDEX invoice_number ON invoice (entity, number);
CREATE INDEX invoice_org ON invoice (org, id);
CREATE INDEX invoice_status ON invoice (status, id);

-- The end of each chain: the next number and the hash it refers to.
CREATE TABLE invoice_series (
  entity TEXT NOT NULL,
  series TEXT NOT NULL,
  year BIGINT NOT NULL,
  last BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (entity, series)
);

CREATE TABLE payment (
  id TEXT NOT NULL PRIMARY KEY,
  invoice TEXT NOT NULL,
  org TEXT NOT NULL,
  reference TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  received TEXT NOT NULL,
  actor TEXT NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payment_reference ON payment (invoice, reference);
