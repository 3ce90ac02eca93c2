-- What is charged in a month beside the month before, ready to be ranked: written with each charge, which adds to the row
-- of its month and to the other side of the row of the next. kind is customer, service or meter; part is the meter of the
-- service, '' for the other kinds. Money is in millionths of the currency, each charge cut; quantities in base units.
CREATE TABLE charge_change (
  month           TEXT NOT NULL,
  kind            TEXT NOT NULL,
  currency        TEXT NOT NULL,
  subject         TEXT NOT NULL,
  part            TEXT NOT NULL,
  path            TEXT NOT NULL,
  name            TEXT NOT NULL,
  amount          BIGINT NOT NULL,
  amount_before   BIGINT NOT NULL,
  amount_change   BIGINT NOT NULL,
  quantity        BIGINT NOT NULL,
  quantity_before BIGINT NOT NULL,
  quantity_change BIGINT NOT NULL,
  PRIMARY KEY (month, kind, currency, subject, part)
);
CREATE INDEX charge_change_amount ON charge_change (month, kind, currency, amount_change, subject, part);
CREATE INDEX charge_change_quantity ON charge_change (month, kind, currency, quantity_change, subject, part);
