-- Uploads in progress are found by age; those of a finished upload are not looked for.
CREATE INDEX uploads_age ON uploads (created, key) WHERE state = 0;

-- What is kept of the key with which the client wants the object encrypted; empty for none.
ALTER TABLE uploads ADD COLUMN ssec TEXT NOT NULL DEFAULT '';
