package s3api

import (
	"context"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"flint/internal/cferr"
	"flint/r2"
)

type createdUpload struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

// createUpload begins a multipart upload.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
func (q *request) createUpload(ctx context.Context) error {
	put, err := q.putOptions()
	if err != nil {
		return err
	}
	opts := r2.MultipartOptions{HTTP: put.HTTP, Custom: put.Custom, StorageClass: put.StorageClass, SSECKey: put.SSECKey}
	if opts.Checksum, err = uploadChecksum(q.r.Header); err != nil {
		return err
	}
	b, err := q.openOrCreate()
	if err != nil {
		return err
	}
	id, err := b.CreateMultipart(ctx, q.key, opts)
	if err != nil {
		return err
	}
	setSSECKey(q.Header(), put.SSECKey)
	if opts.Checksum != "" {
		q.Header().Set("X-Amz-Checksum-Algorithm", opts.Checksum)
		q.Header().Set("X-Amz-Checksum-Type", typeOf(opts.Checksum))
	}
	return writeXML(q, &createdUpload{NS: xmlns, Bucket: q.bucket, Key: q.key, UploadID: id})
}

// partNumber reads ?partNumber=, of an upload or of an object.
func (q *request) partNumber() (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(q.query.Get("partNumber")))
	if err != nil || n < 1 || n > r2.MaxParts {
		return 0, errPartNumber
	}
	return n, nil
}

// uploadPart stores the body as a part.
func (q *request) uploadPart(ctx context.Context) error {
	number, err := q.partNumber()
	if err != nil {
		return err
	}
	key, err := ssecKey(q.r.Header, ssecHeader)
	if err != nil {
		return err
	}
	p, err := newPayload(q.r, q.sig)
	if err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	opts := r2.PartOptions{Size: p.size, SSECKey: key}
	opts.Checksum, opts.Sum = p.promised()
	part, err := b.UploadPartWith(ctx, q.key, q.query.Get("uploadId"), number, p, opts)
	if err != nil {
		return err
	}
	q.op.Bytes = p.size
	h := q.Header()
	h.Set("ETag", httpETag(part.ETag))
	setSSECKey(h, key)
	sums := p.checksums()
	sums.SetNamed(part.Checksum, part.Sum)
	for i := range checksums { // a part has no type
		if text := checksums[i].text(sums); text != "" {
			h.Set(checksums[i].header(), text)
		}
	}
	q.WriteHeader(http.StatusOK)
	return nil
}

// completion is the body of CompleteMultipartUpload.
type completion struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber *int
		ETag       *string
		sumsXML
	} `xml:"Part"`
}

type completed struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Location string
	Bucket   string
	Key      string
	ETag     string
	sumsXML
	ChecksumType string `xml:",omitempty"`
}

// completeUpload makes an object of the parts that the body names.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func (q *request) completeUpload(ctx context.Context) error {
	opts, err := completeOptions(q.r.Header)
	if err != nil {
		return err
	}
	var in completion
	if err := q.readXML(&in); err != nil {
		return err
	}
	parts, err := in.parts()
	if err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	o, err := b.CompleteMultipartWith(ctx, q.key, q.query.Get("uploadId"), parts, opts)
	if err != nil {
		return uploadError(err)
	}
	out := &completed{
		NS: xmlns, Bucket: q.bucket, Key: q.key, ETag: httpETag(o.ETag), sumsXML: newSums(o.Checksums),
		Location: "http://" + q.r.Host + "/" + q.bucket + "/" + awsEncode(q.key, true),
	}
	if out.sumsXML != (sumsXML{}) {
		out.ChecksumType = objectType(o.Checksums)
	}
	return writeXML(q, out)
}

// completeOptions are what the headers say of the object that is to be: its size,
// and its checksum, which may have the number of parts behind it. That is taken out
// of them, for it is not one of the body.
func completeOptions(h http.Header) (opts r2.CompleteOptions, err error) {
	if text := h.Get("X-Amz-Mp-Object-Size"); text != "" {
		size, err := strconv.ParseUint(text, 10, 62)
		if err != nil {
			return opts, invalidArgument("x-amz-mp-object-size must be a number of bytes, not %s.", text)
		}
		n := int64(size)
		opts.Size = &n
	}
	for i := range checksums {
		text, _, _ := strings.Cut(h.Get(checksums[i].header()), "-")
		if text == "" {
			continue
		}
		h.Del(checksums[i].header())
		if opts.Checksum != "" {
			return opts, errManyChecksums
		}
		opts.Checksum = checksums[i].name
		if opts.Sum, err = checksums[i].decode(text); err != nil {
			return opts, err
		}
	}
	return opts, nil
}

// parts are the parts that a completion names. Numbers that no part can have
// are parts that are not there.
func (c *completion) parts() ([]r2.Part, error) {
	if len(c.Parts) == 0 {
		return nil, errMalformedXML
	}
	seen := map[int]bool{}
	parts := make([]r2.Part, 0, len(c.Parts))
	for _, p := range c.Parts {
		switch {
		case p.PartNumber == nil || p.ETag == nil:
			return nil, errMalformedXML
		case *p.PartNumber < 1 || *p.PartNumber > r2.MaxParts:
			return nil, errInvalidPart
		case seen[*p.PartNumber]:
			return nil, errPartTwice
		}
		seen[*p.PartNumber] = true
		sum, err := p.sum()
		if err != nil {
			return nil, err
		}
		parts = append(parts, r2.Part{Number: *p.PartNumber, ETag: strings.Trim(*p.ETag, `"`), Sum: sum})
	}
	return parts, nil
}

// uploadError corrects what the binding answers about an upload that nobody
// made: an internal error.
func uploadError(err error) error {
	if err == error(cferr.Internal) {
		return errNoSuchUpload
	}
	return err
}

// abortUpload ends an upload and drops its parts.
func (q *request) abortUpload(ctx context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.AbortMultipart(ctx, q.key, q.query.Get("uploadId")); err != nil {
		return uploadError(err)
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}
