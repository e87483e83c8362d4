package driver

import (
	"bytes"
	"time"
)

// GetOptions narrow a get.
type GetOptions struct {
	OnlyIf  *Conditional
	Range   *Range
	SSECKey *SSECKey // with which the object was encrypted; nil for none
}

// PutOptions go with a put.
type PutOptions struct {
	HTTP         HTTPMetadata
	Custom       []Field
	Checksums    Checksums // what the content must have
	OnlyIf       *Conditional
	StorageClass string   // empty: the bucket's
	SSECKey      *SSECKey // to encrypt the content with; nil for none
	// Verified are checksums that content is held against as it is read: they
	// are kept with the object. Kept, when set, tells them once the content was
	// read to its end, because they come after it.
	Verified Checksums
	Kept     func() Checksums
	// Size is the length of the content in bytes, negative if it is not known.
	Size int64

	Compute string // S3's name of one more checksum to keep
}

// CopyOptions go with a copy.
type CopyOptions struct {
	OnlyIf       *Conditional // what must hold of the object that is replaced
	SourceOnlyIf *Conditional // what must hold of the source
	// Replace gives the copy the metadata below, in place of the source's.
	Replace      bool
	HTTP         HTTPMetadata
	Custom       []Field
	StorageClass string   // empty: the bucket's
	SourceKey    *SSECKey // with which the source was encrypted; nil for none
	SSECKey      *SSECKey // to encrypt the copy with; nil for none
}

// PartCopyOptions go with a copy into a part. GetOptions are of its source.
type PartCopyOptions struct {
	GetOptions
	PartKey *SSECKey // with which the upload was created; nil for none
}

// Part names an uploaded part.
type Part struct {
	Number int
	ETag   string
	Sum    []byte // its checksum by its upload's algorithm; nil: not given
}

// PartOptions go with an uploaded part.
type PartOptions struct {
	Size    int64    // bytes; negative if it is not known
	SSECKey *SSECKey // with which the upload was created; nil for none
	// Checksum is S3's name of the checksum that content is held against as it is
	// read; empty for none. Sum is its value, nil if it comes after the content.
	Checksum string
	Sum      []byte
}

// CheckPartSum holds the checksum that a part came with against its upload's algorithm.
func (o *PartOptions) CheckPartSum(algorithm string) error {
	if o.Checksum != "" && algorithm != "" && o.Checksum != algorithm {
		return errChecksumType(algorithm, o.Checksum)
	}
	return nil
}

// MultipartOptions go with a multipart upload.
type MultipartOptions struct {
	HTTP         HTTPMetadata
	Custom       []Field
	StorageClass string   // empty: the bucket's
	SSECKey      *SSECKey // every part comes with it; nil for none
	Checksum     string   // S3's name of the algorithm of its checksums; empty: none
}

// CompleteOptions are what the client knows of the object that an upload makes.
type CompleteOptions struct {
	Size     *int64 // bytes; nil: not given
	Checksum string // S3's name of an algorithm; empty: none
	Sum      []byte // of the object, as Checksum has it
}

// Check holds the object that would be made against what the client knows.
func (o *CompleteOptions) Check(size int64, sums Checksums) error {
	if o.Size != nil && *o.Size != size {
		return errObjectSize(*o.Size, size)
	}
	if got := sums.Named(o.Checksum); o.Checksum != "" && !bytes.Equal(got, o.Sum) {
		return badDigest(o.Checksum, o.Sum, got)
	}
	return nil
}

// ListOptions narrow a list.
type ListOptions struct {
	Prefix     string
	Delimiter  string // groups keys that have it after the prefix; empty: none
	Cursor     string // from an earlier page
	StartAfter string // list keys after this one
	// Limit is the size of the page, 1 to 1000; 0 means 1000.
	Limit int
	// IncludeHTTP and IncludeCustom ask for metadata, without which objects
	// come bare of it.
	IncludeHTTP, IncludeCustom bool
}

// PartInfo is what is known of an uploaded part.
type PartInfo struct {
	Number   int
	ETag     string
	Size     int64 // bytes
	Uploaded time.Time
	Checksum string // S3's name of the upload's algorithm; empty for none
	Sum      []byte // by that algorithm
}

// PartListing is one page of the parts of an upload, in the order of their numbers.
type PartListing struct {
	Parts        []PartInfo
	StorageClass string // that the object will have
	Checksum     string // S3's name of the algorithm of its checksums; empty for none
	Truncated    bool   // there are parts above the last number
}

// UploadInfo is a multipart upload in progress.
type UploadInfo struct {
	Key, ID      string
	Created      time.Time
	StorageClass string
	Checksum     string // S3's name of the algorithm of its checksums; empty for none
}

// ListUploadsOptions narrow a list of uploads.
type ListUploadsOptions struct {
	Prefix    string
	Delimiter string // groups keys that have it after the prefix; empty: none
	// KeyMarker lists uploads of keys after this one. With UploadIDMarker the
	// key's own uploads with ids after that one come, too.
	KeyMarker, UploadIDMarker string
	Limit                     int // 1 to 1000; 0 means 1000
}

// UploadListing is one page of uploads, in the order of key and id.
type UploadListing struct {
	Uploads   []UploadInfo
	Prefixes  []string
	Truncated bool
	// The markers with which the list goes on, if it is truncated.
	NextKeyMarker, NextUploadIDMarker string
}

// Add takes the next upload in order into the page, and says whether there is
// still room.
func (l *UploadListing) Add(opts *ListUploadsOptions, u UploadInfo) (more bool) {
	group, grouped := GroupOf(u.Key, opts.Prefix, opts.Delimiter)
	if grouped && (group == opts.KeyMarker || len(l.Prefixes) > 0 && l.Prefixes[len(l.Prefixes)-1] == group) {
		return true // dealt with
	}
	if len(l.Uploads)+len(l.Prefixes) >= opts.Limit {
		l.Truncated = true
		return false
	}
	if grouped {
		l.Prefixes = append(l.Prefixes, group)
		l.NextKeyMarker, l.NextUploadIDMarker = group, ""
		return true
	}
	l.Uploads = append(l.Uploads, u)
	l.NextKeyMarker, l.NextUploadIDMarker = u.Key, u.ID
	return true
}

// Done ends a page.
func (l *UploadListing) Done() *UploadListing {
	if !l.Truncated {
		l.NextKeyMarker, l.NextUploadIDMarker = "", ""
	}
	return l
}

// BucketInfo is what is known of a bucket besides its objects.
type BucketInfo struct {
	Name         string
	Created      time.Time
	StorageClass string // of objects that name none
	Location     string // a hint, kept and otherwise ignored
}
