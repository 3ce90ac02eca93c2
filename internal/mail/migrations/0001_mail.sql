-- One message. sealed (address, subject, text, attachments) is under the person's key, and NULL once it was handed
-- over or given up. error never names a person.
CREATE TABLE mail (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  sealed BYTEA,
  created_at TIMESTAMPTZ NOT NULL,
  sent_at TIMESTAMPTZ,
  given_up_at TIMESTAMPTZ,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX mail_person ON mail (person, created_at);
