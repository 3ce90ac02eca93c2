-- Who placed an order stands in its document, which is long; here it is read for thousands of orders. '' in those written before.
ALTER TABLE customer_order ADD COLUMN requester TEXT NOT NULL DEFAULT '';
