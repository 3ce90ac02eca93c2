-- A customer's own words on a service, for its accounts: cost centre, project.
CREATE TABLE subscription_tag (
	subscription TEXT NOT NULL,
	tag_key      TEXT NOT NULL,
	tag_value    TEXT NOT NULL,
	PRIMARY KEY (subscription, tag_key)
);
CREATE INDEX subscription_tag_word ON subscription_tag (tag_key, tag_value);
