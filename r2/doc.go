// Package r2 is Cloudflare R2: buckets of objects with metadata, ranges, conditions
// and multipart uploads, their rules and public hosts. Requests come in by workerd's
// protocol (binding.go, wire.go), Cloudflare's REST API (rest*.go), and on the hosts of
// public buckets (public.go); each ends in a method of Bucket.
//
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
//
// # Drivers
//
// Bucket holds the rules: keys, limits, classes, conditions that a client may state,
// lifecycle, events, CORS. Below it stands a driver (r2/driver): r2/disk, the default, or
// r2/s3 for MinIO and other S3 stores. r2/r2test tests each of them the same way, with a
// model on a moving clock. r2/s3api is R2's S3 API above Bucket.
package r2
