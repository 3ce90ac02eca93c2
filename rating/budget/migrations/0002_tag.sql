-- A budget may be for the services that bear a tag: 'key' or 'key=value', '' for none.
ALTER TABLE budget ADD COLUMN tag TEXT NOT NULL DEFAULT '';
DROP INDEX budget_scope;
CREATE UNIQUE INDEX budget_scope ON budget (org, subscription, tag, currency) WHERE state <> 'removed';
