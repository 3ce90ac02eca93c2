-- A company or public body with legal standing: the seller on an invoice, the publisher in a placement.
CREATE TABLE legal_entity (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  name TEXT NOT NULL,
  country TEXT NOT NULL,
  controlled_from TEXT NOT NULL,
  vat_id TEXT NOT NULL,
  registration TEXT NOT NULL,
  address TEXT NOT NULL,
  rounding TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX legal_entity_org ON legal_entity (org);

-- Where something is sold: who sells, under which brand, in which currency, to whom.
CREATE TABLE market (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  entity TEXT NOT NULL,
  name TEXT NOT NULL,
  brand TEXT NOT NULL,
  domain TEXT NOT NULL,
  country TEXT NOT NULL,
  currency TEXT NOT NULL,
  languages TEXT NOT NULL,
  sells_to TEXT NOT NULL,
  first_limit BIGINT NOT NULL,
  vat_mode TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX market_domain ON market (domain);

-- The one tree. The name of a business is in name; the name of a household is personal: name_sealed, under the key of
-- head.
CREATE TABLE organisation (
  id TEXT NOT NULL PRIMARY KEY,
  parent TEXT,
  path TEXT NOT NULL,
  kinds TEXT NOT NULL,
  form TEXT NOT NULL,
  name TEXT NOT NULL,
  head TEXT,
  name_sealed BYTEA,
  country TEXT NOT NULL,
  language TEXT NOT NULL,
  market TEXT NOT NULL,
  entity TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX organisation_path ON organisation (path);

-- A person. contact_sealed (name, e-mail, phone, address) is under the person's own key; email_hash finds it.
CREATE TABLE person (
  id TEXT NOT NULL PRIMARY KEY,
  home TEXT NOT NULL,
  email_hash BYTEA,
  contact_sealed BYTEA NOT NULL,
  language TEXT NOT NULL,
  confirmed_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX person_email ON person (email_hash);

CREATE TABLE membership (
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  joined_at TIMESTAMPTZ NOT NULL,
  left_at TIMESTAMPTZ,
  PRIMARY KEY (org, person)
);
CREATE INDEX membership_person ON membership (person);

CREATE TABLE membership_role (
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (org, person, role)
);

-- An invitation reserves an identifier for the person, whose key seals the address until it is accepted.
CREATE TABLE invitation (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  email_hash BYTEA NOT NULL,
  email_sealed BYTEA NOT NULL,
  roles TEXT NOT NULL,
  language TEXT NOT NULL,
  secret_hash BYTEA NOT NULL,
  invited_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  accepted_at TIMESTAMPTZ,
  withdrawn_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX invitation_secret ON invitation (secret_hash);
CREATE INDEX invitation_org ON invitation (org);
