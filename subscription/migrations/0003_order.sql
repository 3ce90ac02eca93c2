-- The order stands in the deal, which is long; here it is read for thousands of subscriptions. '' in those written before.
ALTER TABLE subscription ADD COLUMN order_id TEXT NOT NULL DEFAULT '';
