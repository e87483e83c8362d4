package s3api

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"flint/r2"
)

type copyResult struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	NS           string   `xml:"xmlns,attr"`
	ETag         string
	LastModified string
	sumsXML
}

// copyObject makes an object of another one, with its metadata or with new.
// https://developers.cloudflare.com/r2/api/s3/extensions/#copyobject
func (q *request) copyObject(ctx context.Context) error {
	src, key, err := q.copySource()
	if err != nil {
		return err
	}
	var opts r2.CopyOptions
	if opts.SourceOnlyIf, err = conditions(q.r.Header, "X-Amz-Copy-Source-"); err != nil {
		return err
	}
	if opts.OnlyIf, err = conditions(q.r.Header, "Cf-Copy-Destination-"); err != nil {
		return err
	}
	if err = q.copyMetadata(ctx, src, key, &opts); err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	o, err := b.Copy(ctx, src, key, q.key, opts)
	if err != nil {
		return err
	}
	q.op.Bytes = o.Size
	setSSECKey(q.Header(), opts.SSECKey)
	return writeXML(q, &copyResult{NS: xmlns, ETag: httpETag(o.ETag), LastModified: xmlDate(o.Uploaded), sumsXML: newSums(o.Checksums)})
}

// copyMetadata follows x-amz-metadata-directive: the source's metadata, that
// of the request, or R2's MERGE of both.
func (q *request) copyMetadata(ctx context.Context, src *r2.Bucket, key string, opts *r2.CopyOptions) error {
	own, err := q.putOptions()
	if err != nil {
		return err
	}
	opts.StorageClass, opts.SSECKey = own.StorageClass, own.SSECKey
	if opts.SourceKey, err = ssecKey(q.r.Header, sourceSSECHeader); err != nil {
		return err
	}
	switch directive := q.r.Header.Get("X-Amz-Metadata-Directive"); directive {
	case "", "COPY":
		return nil
	case "REPLACE":
		opts.Replace, opts.HTTP, opts.Custom = true, own.HTTP, own.Custom
		return nil
	case "MERGE":
		o, err := src.Head(ctx, key)
		if err != nil {
			return err
		}
		opts.Replace, opts.HTTP, opts.Custom = true, mergeHTTP(o.HTTP, own.HTTP), mergeCustom(o.Custom, own.Custom)
		return nil
	default:
		return invalidArgument("metadata directive %s.", directive)
	}
}

func mergeHTTP(m, over r2.HTTPMetadata) r2.HTTPMetadata {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&m.ContentType, over.ContentType}, {&m.ContentLanguage, over.ContentLanguage}, {&m.ContentDisposition, over.ContentDisposition},
		{&m.ContentEncoding, over.ContentEncoding}, {&m.CacheControl, over.CacheControl},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if over.CacheExpiry != nil {
		m.CacheExpiry = over.CacheExpiry
	}
	return m
}

func mergeCustom(fields, over []r2.Field) []r2.Field {
	out := append([]r2.Field{}, over...)
	named := map[string]bool{}
	for _, f := range over {
		named[f.Name] = true
	}
	for _, f := range fields {
		if !named[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

// copySource finds what x-amz-copy-source names: [/]bucket/key, percent-encoded.
// The token must be one that may read it.
func (q *request) copySource() (*r2.Bucket, string, error) {
	text, version, versioned := strings.Cut(q.r.Header.Get("X-Amz-Copy-Source"), "?")
	if versioned {
		return nil, "", notImplemented("x-amz-copy-source with " + version)
	}
	path, err := url.PathUnescape(text)
	if err != nil {
		return nil, "", errCopySource
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case bucket == "" || key == "":
		return nil, "", errCopySource
	case !q.token.may(objectRead, bucket):
		return nil, "", errAccessDenied
	}
	b, err := q.opt.Store.Lookup(bucket)
	return b, key, err
}

type copiedPart struct {
	XMLName      xml.Name `xml:"CopyPartResult"`
	NS           string   `xml:"xmlns,attr"`
	ETag         string
	LastModified string
	sumsXML
}

// uploadPartCopy stores an object, or a range of it, as a part.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
func (q *request) uploadPartCopy(ctx context.Context) error {
	number, err := q.partNumber()
	if err != nil {
		return err
	}
	src, key, err := q.copySource()
	if err != nil {
		return err
	}
	var opts r2.PartCopyOptions
	if opts.Range, err = copyRange(q.r.Header); err != nil {
		return err
	}
	if opts.SSECKey, err = ssecKey(q.r.Header, sourceSSECHeader); err != nil {
		return err
	}
	if opts.PartKey, err = ssecKey(q.r.Header, ssecHeader); err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	part, err := b.UploadPartCopy(ctx, q.key, q.query.Get("uploadId"), number, src, key, opts)
	if err != nil {
		return err
	}
	q.op.Bytes = part.Size
	setSSECKey(q.Header(), opts.PartKey)
	return writeXML(q, &copiedPart{NS: xmlns, ETag: httpETag(part.ETag), LastModified: xmlDate(part.Uploaded), sumsXML: partSums(part)})
}

// copyRange reads x-amz-copy-source-range, which has both ends.
func copyRange(h http.Header) (*r2.Range, error) {
	text := h.Get("X-Amz-Copy-Source-Range")
	if text == "" {
		return nil, nil
	}
	r, err := parseRange(text)
	switch {
	case err == error(errRangeInverted):
		return nil, errCopyRange
	case err != nil || r.Offset == nil || r.Length == nil:
		return nil, invalidArgument("Invalid x-amz-copy-source-range: %s", text)
	}
	return r, nil
}
