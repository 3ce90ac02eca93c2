-- What a legal entity tells about itself for bills and electronic invoices: the parts of its address, where it takes
-- electronic documents, whom to ask. One JSON text, sealed under the key of its organisation: a contact is a person.
ALTER TABLE legal_entity ADD COLUMN details_sealed BYTEA;

-- What an organisation wants on its own bills.
CREATE TABLE bill_data (
  org TEXT NOT NULL PRIMARY KEY,
  buyer_reference TEXT NOT NULL,
  purchase_order TEXT NOT NULL,
  cost_centre TEXT NOT NULL,
  cost_tag TEXT NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL
);
