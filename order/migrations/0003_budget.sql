-- How much the budgets that may refuse orders still have room for. rating/budget keeps it up to date; an order takes from
-- it. org is the organisation or unit that the budget is for; subscription is '' or the one service. until: after it, the
-- room is that of a month that is over, and binds nobody.
CREATE TABLE order_budget (
  budget       TEXT NOT NULL PRIMARY KEY,
  org          TEXT NOT NULL,
  subscription TEXT NOT NULL,
  currency     TEXT NOT NULL,
  max          BIGINT NOT NULL,
  room         BIGINT NOT NULL,
  until_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_budget_org ON order_budget (org, currency);
