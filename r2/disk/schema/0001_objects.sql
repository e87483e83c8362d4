-- One row says what the bucket itself is.
CREATE TABLE bucket (
	id            INTEGER PRIMARY KEY CHECK (id = 1),
	created       INTEGER NOT NULL, -- milliseconds since 1970, as all times here
	storage_class TEXT NOT NULL,    -- of objects that name none
	location      TEXT NOT NULL
);

-- Keys sort by their UTF-8 bytes. data stands last, so that reading the other
-- columns does not touch its pages.
CREATE TABLE objects (
	key           TEXT NOT NULL UNIQUE,
	version       TEXT NOT NULL,
	size          INTEGER NOT NULL,
	etag          TEXT NOT NULL,
	uploaded      INTEGER NOT NULL,
	storage_class TEXT NOT NULL,
	http          TEXT NOT NULL,    -- JSON, empty for none
	custom        TEXT NOT NULL,    -- JSON, empty for none
	checksums     TEXT NOT NULL,    -- JSON of what the uploader gave, empty for none
	place         INTEGER NOT NULL, -- 0: in data, 1: in the blob named by version, 2: in object_parts
	data          BLOB
);

-- The blobs of an object that was uploaded in parts.
CREATE TABLE object_parts (
	version TEXT NOT NULL,
	part    INTEGER NOT NULL,
	blob    TEXT NOT NULL,
	size    INTEGER NOT NULL,
	PRIMARY KEY (version, part)
) WITHOUT ROWID;

-- Finished uploads stay for a while: they answer differently from unknown ones.
CREATE TABLE uploads (
	id            TEXT PRIMARY KEY,
	key           TEXT NOT NULL,
	created       INTEGER NOT NULL,
	storage_class TEXT NOT NULL,
	http          TEXT NOT NULL,
	custom        TEXT NOT NULL,
	state         INTEGER NOT NULL -- 0: in progress, 1: completed, 2: aborted
) WITHOUT ROWID;

CREATE TABLE upload_parts (
	upload TEXT NOT NULL REFERENCES uploads (id),
	part   INTEGER NOT NULL,
	blob   TEXT NOT NULL,
	size   INTEGER NOT NULL,
	etag   TEXT NOT NULL,
	md5    BLOB NOT NULL,
	PRIMARY KEY (upload, part)
) WITHOUT ROWID;
