// Package s3api is R2's S3-compatible API: SigV4, XML and the routes of S3 over
// the buckets of package r2. Whatever R2 does not implement is refused by name.
//
// A request goes address → parseSignature → verify → detect → screen → the
// operation; until its signature holds, nothing but the request is looked at,
// so its answer tells nothing of buckets and keys.
//
// https://developers.cloudflare.com/r2/api/s3/api/
//
// # One request
//
//  1. API.ServeHTTP (r2/s3api/s3api.go) → address: bucket and key from the path or the
//     Host; a foreign host is refused. A CORS preflight is answered here, from the
//     bucket's rules.
//  2. parseSignature reads the Authorization header or the query and holds its date
//     against the clock. Tokens.find knows the key (a file of the state directory,
//     read again when it changes, and flint.toml), signature.verify computes the
//     signature anew and compares in constant time. Up to here nothing but the request
//     was looked at.
//  3. detect (operations.go) finds the operation or R2's refusal, Token.may whether
//     the token allows it, screen the headers that R2 lacks.
//  4. intercept.Chain.Do → the operation, for example putObject (put.go). newPayload
//     makes a reader of the body: it takes the aws-chunked framing off (chunked.go),
//     checks each chunk's signature, and at the last byte compares everything that was
//     promised (SHA-256 of the signature, Content-MD5, the checksum in a header or
//     behind the body). If anything differs the reader fails, and with it Bucket.Put,
//     before a row is written. So a body streams through once, at flat memory.
//  5. from (errors.go) maps any error to S3's code and status, Error.write to XML.
package s3api
