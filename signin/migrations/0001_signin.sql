-- How a person proves to be itself. kind "password": secret is an argon2id hash. Passkeys and federation are further
-- kinds with a name each.
CREATE TABLE credential (
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  secret TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (person, kind, name)
);

-- A browser that is signed in. Only the hash of its secret is kept; origin_sealed (network address, browser) is under
-- the person's key.
CREATE TABLE session (
  id TEXT NOT NULL PRIMARY KEY,
  secret_hash BYTEA NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL,
  purpose TEXT NOT NULL,
  country TEXT NOT NULL,
  method TEXT NOT NULL,
  origin_sealed BYTEA NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  ends_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX session_secret ON session (secret_hash);
CREATE INDEX session_person ON session (person);

-- An API token of an organisation.
CREATE TABLE api_token (
  id TEXT NOT NULL PRIMARY KEY,
  secret_hash BYTEA NOT NULL,
  org TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX api_token_secret ON api_token (secret_hash);
CREATE INDEX api_token_org ON api_token (org);

-- A link in a mail: used once.
CREATE TABLE one_time (
  secret_hash BYTEA NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  person TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ
);
CREATE INDEX one_time_person ON one_time (person);

-- Attempts in the running window; key is a keyed hash of an account or a network address.
CREATE TABLE attempt (
  key BYTEA NOT NULL PRIMARY KEY,
  started_at TIMESTAMPTZ NOT NULL,
  tries BIGINT NOT NULL
);
