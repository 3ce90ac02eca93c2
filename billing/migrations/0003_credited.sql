-- What credit notes took back of an invoice, and its notes. Before, one note took back all.
ALTER TABLE invoice ADD COLUMN credited BIGINT NOT NULL DEFAULT 0;
UPDATE invoice SET credited = gross WHERE credited_by IS NOT NULL;
CREATE INDEX invoice_credits ON invoice (credits) WHERE credits IS NOT NULL;
