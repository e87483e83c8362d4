package driver

import "time"

// Limits of R2, https://developers.cloudflare.com/r2/platform/limits/, and bounds of the
// drivers.
const (
	// CopyBuffer is the size of the pieces in which content is passed on, in bytes.
	CopyBuffer = 256 << 10
	// MaxListKeys is the largest page of a list.
	MaxListKeys = 1000
	// maxListBytes keeps a page below the 1 MiB at which workerd refuses it.
	maxListBytes = 768 << 10
	// MaxParts is the largest part number.
	MaxParts = 10_000
	// MaxKeySize is the longest key, in bytes of UTF-8.
	MaxKeySize = 1024
	// MaxMetadataSize bounds the names and values of the custom metadata of
	// one object, in bytes. The peer stops at 2048; the documentation is followed.
	MaxMetadataSize = 8192
	// MaxPutSize is the largest object of one put and the largest part, in
	// bytes: 5 GiB less 5 MiB.
	MaxPutSize = 5<<30 - 5<<20
	// MaxPipelines is how many puts at once hash beside their writing, with three
	// buffers each.
	MaxPipelines = 16
	// LifecycleBatch is how many objects a lifecycle rule deletes or moves at once.
	LifecycleBatch = 1000
	// MaxInline is the largest object that lives in SQLite, in bytes. By
	// BenchmarkInlineOrFile a put into the table took at most a sixth of a new
	// file's time at 1 KiB and at most seven tenths at 64 KiB, on a busy machine;
	// above 32 KiB a get pays for it with a copy.
	MaxInline = 64 << 10
	// UploadLifetime is when an unfinished multipart upload is given up.
	// https://developers.cloudflare.com/r2/objects/multipart-objects/
	UploadLifetime = 7 * 24 * time.Hour
)
