// Package s3api is R2's S3-compatible API: SigV4, XML and the routes of S3 over
// the buckets of package r2. Whatever R2 does not implement is refused by name.
//
// A request goes address → parseSignature → verify → detect → screen → the
// operation; until its signature holds, nothing but the request is looked at,
// so its answer tells nothing of buckets and keys.
//
// https://developers.cloudflare.com/r2/api/s3/api/
package s3api
