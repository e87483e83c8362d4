package r2

import (
	"flint/r2/disk"
	"flint/r2/driver"
	"flint/r2/s3"
)

// What the store and its drivers have in common, under the names of this package.
type (
	Object             = driver.Object
	Body               = driver.Body
	HTTPMetadata       = driver.HTTPMetadata
	Field              = driver.Field
	Checksums          = driver.Checksums
	Conditional        = driver.Conditional
	ETag               = driver.ETag
	Range              = driver.Range
	Span               = driver.Span
	SSECKey            = driver.SSECKey
	GetOptions         = driver.GetOptions
	PutOptions         = driver.PutOptions
	CopyOptions        = driver.CopyOptions
	PartCopyOptions    = driver.PartCopyOptions
	Part               = driver.Part
	PartOptions        = driver.PartOptions
	MultipartOptions   = driver.MultipartOptions
	CompleteOptions    = driver.CompleteOptions
	ListOptions        = driver.ListOptions
	Listing            = driver.Listing
	PartInfo           = driver.PartInfo
	PartListing        = driver.PartListing
	UploadInfo         = driver.UploadInfo
	ListUploadsOptions = driver.ListUploadsOptions
	UploadListing      = driver.UploadListing
	BucketInfo         = driver.BucketInfo
)

// Storage classes, and the type of a checksum that covers a whole object.
const (
	Standard         = driver.Standard
	InfrequentAccess = driver.InfrequentAccess
	FullObject       = driver.FullObject
)

// Limits of R2. https://developers.cloudflare.com/r2/platform/limits/
const (
	MaxListKeys     = driver.MaxListKeys
	MaxParts        = driver.MaxParts
	MaxKeySize      = driver.MaxKeySize
	MaxMetadataSize = driver.MaxMetadataSize
	MaxPutSize      = driver.MaxPutSize
	UploadLifetime  = driver.UploadLifetime
)

// Errors of R2. https://developers.cloudflare.com/r2/api/error-codes/
var (
	ErrInvalidMaxKeys     = driver.ErrInvalidMaxKeys
	ErrBadUpload          = driver.ErrBadUpload
	ErrEntityTooSmall     = driver.ErrEntityTooSmall
	ErrInvalidPart        = driver.ErrInvalidPart
	ErrInvalidObjectName  = driver.ErrInvalidObjectName
	ErrMetadataTooLarge   = driver.ErrMetadataTooLarge
	ErrEntityTooLarge     = driver.ErrEntityTooLarge
	ErrInvalidRange       = driver.ErrInvalidRange
	ErrInvalidRequest     = driver.ErrInvalidRequest
	ErrSSECKeyRequired    = driver.ErrSSECKeyRequired
	ErrSSECKeyMismatch    = driver.ErrSSECKeyMismatch
	ErrSSECNotApplicable  = driver.ErrSSECNotApplicable
	ErrPreconditionFailed = driver.ErrPreconditionFailed
	ErrNoSuchKey          = driver.ErrNoSuchKey
	ErrNoSuchBucket       = driver.ErrNoSuchBucket
	ErrBucketNotEmpty     = driver.ErrBucketNotEmpty
	ErrIncompleteBody     = driver.ErrIncompleteBody
	ErrNoSuchUpload       = driver.ErrNoSuchUpload

	// ErrDriver says that a driver is neither a name nor a URL that can be used.
	ErrDriver = s3.ErrDriver
)

// Disk is the driver that keeps buckets in the store's folder.
const Disk = "disk"

// newBackend opens the backend that driver names.
func newBackend(driver, dir string, env *driver.Env) (driver.Backend, error) {
	if driver != "" && driver != Disk {
		return s3.Open(driver, dir, env)
	}
	return disk.Open(dir, env)
}
