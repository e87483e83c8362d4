// Package r2 is Cloudflare R2 on the file system: buckets of objects with
// metadata, ranges, conditions and multipart uploads.
//
// A bucket is a folder with a SQLite file for the metadata and small objects,
// and one file, named by its version, for the content of every larger object.
// Content is written first and its row committed after, so a reader sees the
// old object or the new one, and a kill -9 at any moment costs at most a file
// that no row names; the next Open removes it.
//
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
package r2
