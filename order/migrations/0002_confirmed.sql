-- When the confirmation was written, so that it is written once.
ALTER TABLE customer_order ADD COLUMN confirmed_at TIMESTAMPTZ;
