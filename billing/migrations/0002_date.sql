-- What was invoiced in a stretch of days, to compare one month with the one before.
CREATE INDEX invoice_date ON invoice (entity, date);
