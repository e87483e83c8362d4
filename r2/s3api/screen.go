package s3api

import (
	"slices"
	"strings"
)

const objectLock = "X-Amz-Bucket-Object-Lock-Enabled"

// Headers that R2 knows and does not implement, by operation. They are refused
// with 501, never dropped. https://developers.cloudflare.com/r2/api/s3/api/
var (
	payer         = []string{"X-Amz-Request-Payer"}
	bucketOwner   = []string{"X-Amz-Expected-Bucket-Owner"}
	payerAndOwner = slices.Concat(payer, bucketOwner)

	grants = []string{
		"X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp",
	}
	sourceConditions = []string{
		"X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match",
		"X-Amz-Copy-Source-If-Modified-Since", "X-Amz-Copy-Source-If-Unmodified-Since",
	}
	createUnsupported = slices.Concat(bucketOwner, grants, []string{objectLock})
	// R2 has no conditional delete and no conditional completion. To overlook the
	// condition would destroy what it was to protect.
	deleteUnsupported = slices.Concat(payerAndOwner, []string{
		"X-Amz-Mfa", "X-Amz-Bypass-Governance-Retention", "If-Match", "X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size",
	})
	completeUnsupported = slices.Concat(payerAndOwner, []string{"If-Match", "If-None-Match"})
	writeUnsupported    = slices.Concat(payerAndOwner, grants, []string{
		"X-Amz-Tagging", "X-Amz-Website-Redirect-Location", "X-Amz-Write-Offset-Bytes",
		"X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Legal-Hold",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Context", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
	})
	copyUnsupported     = slices.Concat(writeUnsupported, []string{"X-Amz-Source-Expected-Bucket-Owner", "X-Amz-Tagging-Directive", "X-Amz-Checksum-Algorithm"})
	partUnsupported     = slices.Concat(payerAndOwner, []string{"X-Amz-Server-Side-Encryption"})
	partCopyUnsupported = slices.Concat(payerAndOwner, sourceConditions, []string{"X-Amz-Source-Expected-Bucket-Owner"})
)

// cannedACLs change nothing: R2 has no ACLs, and AWS's tools send them.
var cannedACLs = []string{
	"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control",
}

// screen refuses a request that asks for what R2 lacks.
func (q *request) screen(o *operation) error {
	for _, name := range o.refuses {
		values := q.r.Header.Values(name)
		if name == objectLock && len(values) > 0 && values[0] == "false" {
			continue // rclone says so with every bucket
		}
		if len(values) > 0 {
			return headerNotImplemented(strings.ToLower(name), values[0])
		}
	}
	if !o.writes && o != createBucket {
		return nil
	}
	if acl := q.r.Header.Get("X-Amz-Acl"); acl != "" && !slices.Contains(cannedACLs, acl) {
		return headerNotImplemented("x-amz-acl", acl)
	}
	// R2 encrypts everything with AES-256, so asking for that is no lie.
	if sse := q.r.Header.Get("X-Amz-Server-Side-Encryption"); sse != "" && sse != "AES256" {
		return headerNotImplemented("x-amz-server-side-encryption", sse)
	}
	return nil
}
