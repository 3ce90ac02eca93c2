-- Which log the state was folded from: '' for the files beside the index.
ALTER TABLE usage_offset ADD COLUMN log TEXT NOT NULL DEFAULT '';
