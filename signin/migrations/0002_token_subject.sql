-- A resource's token speaks for one subscription only; empty for all other tokens.
ALTER TABLE api_token ADD COLUMN subject TEXT NOT NULL DEFAULT '';
