-- Who closes a market's months: by themselves, or one person prepares and another approves.
ALTER TABLE market ADD COLUMN month_close TEXT NOT NULL DEFAULT 'automatic';
