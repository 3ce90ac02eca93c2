-- The decision that the resource was made for: read again, it makes no second one, also when the first is long gone.
ALTER TABLE resource ADD COLUMN decision TEXT NOT NULL DEFAULT '';
