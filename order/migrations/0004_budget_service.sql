-- The services that a budget of a tag is for; its row in order_budget has 'tagged' in the place of the one service.
CREATE TABLE order_budget_service (
  budget       TEXT NOT NULL,
  subscription TEXT NOT NULL,
  PRIMARY KEY (budget, subscription)
);
