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
	b, err := q.openOrCreate()
	if err != nil {
		return err
	}
	id, err := b.CreateMultipart(ctx, q.key, opts)
	if err != nil {
		return err
	}
	setSSECKey(q.Header(), put.SSECKey)
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
	etag, err := b.UploadPartSSEC(ctx, q.key, q.query.Get("uploadId"), number, p, p.size, key)
	if err != nil {
		return err
	}
	q.op.Bytes = p.size
	h := q.Header()
	h.Set("ETag", httpETag(etag))
	setSSECKey(h, key)
	setChecksums(h, p.checksums())
	q.WriteHeader(http.StatusOK)
	return nil
}

// completion is the body of CompleteMultipartUpload.
type completion struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber *int
		ETag       *string
	} `xml:"Part"`
}

type completed struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

// completeUpload makes an object of the parts that the body names.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func (q *request) completeUpload(ctx context.Context) error {
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
	o, err := b.CompleteMultipart(ctx, q.key, q.query.Get("uploadId"), parts)
	if err != nil {
		return uploadError(err)
	}
	return writeXML(q, &completed{
		NS: xmlns, Bucket: q.bucket, Key: q.key, ETag: httpETag(o.ETag),
		Location: "http://" + q.r.Host + "/" + q.bucket + "/" + awsEncode(q.key, true),
	})
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
		parts = append(parts, r2.Part{Number: *p.PartNumber, ETag: strings.Trim(*p.ETag, `"`)})
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
