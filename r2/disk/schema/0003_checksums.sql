-- The algorithm of which every part has a checksum, as S3 names it; empty for none.
ALTER TABLE uploads ADD COLUMN checksum TEXT NOT NULL DEFAULT '';
ALTER TABLE upload_parts ADD COLUMN checksum BLOB;
