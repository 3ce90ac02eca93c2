-- The run of a payout, '' for one that was made by hand, and why the bank sent it back.
ALTER TABLE settlement_payout ADD COLUMN run TEXT NOT NULL DEFAULT '';
ALTER TABLE settlement_payout ADD COLUMN code TEXT NOT NULL DEFAULT '';
