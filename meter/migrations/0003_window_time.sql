-- The windows of a subscription in a stretch of time: a billing period is replayed on another price.
CREATE INDEX meter_window_time ON meter_window (subject, to_at);
