-- A price that holds until it expires. doc is the whole quote.
CREATE TABLE quote (
	id         TEXT NOT NULL PRIMARY KEY,
	org        TEXT NOT NULL,
	path       TEXT NOT NULL,
	doc        BYTEA NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	expires_at TIMESTAMPTZ NOT NULL,
	order_id   TEXT
);
CREATE INDEX quote_org ON quote (org, id);
-- An order; doc holds what was frozen with it.
CREATE TABLE customer_order (
	id          TEXT NOT NULL PRIMARY KEY,
	org         TEXT NOT NULL,
	path        TEXT NOT NULL,
	state       TEXT NOT NULL,
	approver    TEXT NOT NULL,
	reason      TEXT NOT NULL,
	withdrawn   BOOLEAN NOT NULL,
	doc         BYTEA NOT NULL,
	created_at  TIMESTAMPTZ NOT NULL,
	released_at TIMESTAMPTZ,
	ended_at    TIMESTAMPTZ,
	etag        BIGINT NOT NULL
);
CREATE INDEX customer_order_org ON customer_order (org, id);
CREATE INDEX customer_order_path ON customer_order (path, id);
CREATE TABLE order_item (
	id           TEXT NOT NULL PRIMARY KEY,
	order_id     TEXT NOT NULL REFERENCES customer_order (id),
	org          TEXT NOT NULL,
	no           BIGINT NOT NULL,
	action       TEXT NOT NULL,
	state        TEXT NOT NULL,
	subscription TEXT NOT NULL,
	placement    TEXT NOT NULL,
	terms        BYTEA NOT NULL,
	outcome      BYTEA,
	created_at   TIMESTAMPTZ NOT NULL,
	placed_at    TIMESTAMPTZ,
	ended_at     TIMESTAMPTZ,
	etag         BIGINT NOT NULL
);
CREATE UNIQUE INDEX order_item_no ON order_item (order_id, no);
CREATE INDEX order_item_subscription ON order_item (subscription);
-- The same key with the same body gives the same order.
CREATE TABLE order_key (
	org      TEXT NOT NULL,
	key      TEXT NOT NULL,
	body     TEXT NOT NULL,
	order_id TEXT NOT NULL,
	at       TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (org, key)
);
-- What an organisation or unit may have at once: committed + reserved + spent (in the period) never passes max. A max
-- of -1 is none.
CREATE TABLE order_limit (
	org       TEXT NOT NULL,
	dimension TEXT NOT NULL,
	max       BIGINT NOT NULL,
	committed BIGINT NOT NULL,
	reserved  BIGINT NOT NULL,
	spent     BIGINT NOT NULL,
	period    TEXT NOT NULL,
	PRIMARY KEY (org, dimension)
);
-- What an item holds of a limit until it ends, and what it commits when it completes.
CREATE TABLE order_reservation (
	item      TEXT NOT NULL,
	org       TEXT NOT NULL,
	dimension TEXT NOT NULL,
	amount    BIGINT NOT NULL,
	commits   BIGINT NOT NULL,
	PRIMARY KEY (item, org, dimension)
);
-- Orders whose total is above the amount need an approval.
CREATE TABLE order_rule (
	org      TEXT NOT NULL,
	currency TEXT NOT NULL,
	above    BIGINT NOT NULL,
	PRIMARY KEY (org, currency)
);
-- Accounts that have paid once.
CREATE TABLE order_account (
	org     TEXT NOT NULL PRIMARY KEY,
	paid_at TIMESTAMPTZ NOT NULL
);
-- What was ordered and stands. item is the one whose terms hold; busy the one that is changing it.
CREATE TABLE order_subscription (
	id        TEXT NOT NULL PRIMARY KEY,
	org       TEXT NOT NULL,
	path      TEXT NOT NULL,
	item      TEXT NOT NULL,
	busy      TEXT,
	live      BOOLEAN NOT NULL,
	ended     BOOLEAN NOT NULL,
	currency  TEXT NOT NULL,
	recurring BIGINT NOT NULL
);
