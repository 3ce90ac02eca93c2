-- Who writes the folded state: the last that opened the store. Another is fenced off at its next commit.
ALTER TABLE usage_offset ADD COLUMN writer TEXT NOT NULL DEFAULT '';
