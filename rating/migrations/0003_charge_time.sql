-- The charges of a service in a stretch of time: what a month has come to is asked again with every new charge.
CREATE INDEX charge_time ON charge (subscription, to_at);
