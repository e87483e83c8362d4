// Package r2 has the commands of `flint r2`: objects, buckets with their rules and
// public hosts, bulk uploads, keys of the S3 API, and sync between a folder and a
// bucket. Uploads go in parts and are resumed by comparing ETags (etag.go).
// New makes the command; the rules of R2 are in the service, not here.
package r2
