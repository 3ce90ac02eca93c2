-- Lines of invoices that have very many, some in a row, sealed like the document: it then holds everything else and the
-- hash of each part, so that a page of it opens without the rest.
CREATE TABLE invoice_part (
  invoice TEXT NOT NULL,
  no BIGINT NOT NULL,
  lines BYTEA NOT NULL,
  PRIMARY KEY (invoice, no)
);
