package s3api

import (
	"context"
	"encoding/xml"
	"net/http"
	"strconv"

	"flint/r2"
)

type partList struct {
	XMLName      xml.Name `xml:"ListPartsResult"`
	NS           string   `xml:"xmlns,attr"`
	Bucket       string
	Key          string
	UploadID     string `xml:"UploadId"`
	Marker       int    `xml:"PartNumberMarker"`
	NextMarker   int    `xml:"NextPartNumberMarker,omitempty"`
	MaxParts     int
	Truncated    bool         `xml:"IsTruncated"`
	Parts        []listedPart `xml:"Part"`
	Initiator    *owner
	Owner        *owner
	StorageClass string
	Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
	Type         string `xml:"ChecksumType,omitempty"`
}

type listedPart struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	sumsXML
}

// listParts lists the parts of an upload in progress.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
func (q *request) listParts(ctx context.Context) error {
	most, err := q.atMost("max-parts")
	if err != nil {
		return err
	}
	after := 0
	if q.query.Has("part-number-marker") {
		if after, err = strconv.Atoi(q.query.Get("part-number-marker")); err != nil || after < 0 {
			return errPartMarker
		}
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	id := q.query.Get("uploadId")
	l, err := b.ListParts(ctx, q.key, id, after, min(max(most, 1), r2.MaxListKeys))
	if err != nil {
		return err
	}
	out := &partList{
		NS: xmlns, Bucket: q.bucket, Key: q.key, UploadID: id, Marker: after, MaxParts: most, Truncated: l.Truncated,
		Initiator: q.owner(), Owner: q.owner(), StorageClass: s3Class(l.StorageClass),
		Algorithm: l.Checksum, Type: typeOf(l.Checksum),
	}
	if most == 0 { // a page of one told whether there is anything
		out.Truncated, l.Parts = len(l.Parts) > 0, nil
	}
	for _, p := range l.Parts {
		out.Parts = append(out.Parts, listedPart{p.Number, xmlDate(p.Uploaded), httpETag(p.ETag), p.Size, partSums(&p)})
	}
	if n := len(l.Parts); n > 0 && out.Truncated {
		out.NextMarker = l.Parts[n-1].Number
	}
	return writeXML(q, out)
}

type uploadList struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	NS                 string   `xml:"xmlns,attr"`
	Bucket             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string `xml:"NextKeyMarker,omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	Prefix             string
	Delimiter          *string
	EncodingType       string `xml:"EncodingType,omitempty"`
	MaxUploads         int
	Truncated          bool           `xml:"IsTruncated"`
	Uploads            []listedUpload `xml:"Upload"`
	CommonPrefixes     []commonPrefix
}

type listedUpload struct {
	Key          string
	UploadID     string `xml:"UploadId"`
	Initiator    *owner
	Owner        *owner
	StorageClass string
	Initiated    string
	Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
	Type         string `xml:"ChecksumType,omitempty"`
}

// listUploads lists the uploads in progress.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
func (q *request) listUploads(ctx context.Context) error {
	encode, err := q.encoding()
	if err != nil {
		return err
	}
	most, err := q.atMost("max-uploads")
	if err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	opts := r2.ListUploadsOptions{
		Prefix: q.query.Get("prefix"), Delimiter: q.query.Get("delimiter"),
		KeyMarker: q.query.Get("key-marker"), UploadIDMarker: q.query.Get("upload-id-marker"), Limit: min(max(most, 1), r2.MaxListKeys),
	}
	l, err := b.ListUploads(ctx, opts)
	if err != nil {
		return err
	}
	out := &uploadList{
		NS: xmlns, Bucket: q.bucket, KeyMarker: encode(opts.KeyMarker), UploadIDMarker: opts.UploadIDMarker, Prefix: encode(opts.Prefix),
		EncodingType: q.query.Get("encoding-type"), MaxUploads: most, Truncated: l.Truncated,
	}
	if q.query.Has("delimiter") {
		d := encode(opts.Delimiter)
		out.Delimiter = &d
	}
	if most == 0 { // a page of one told whether there is anything
		out.Truncated, l = len(l.Uploads)+len(l.Prefixes) > 0, &r2.UploadListing{}
	}
	out.NextKeyMarker, out.NextUploadIDMarker = encode(l.NextKeyMarker), l.NextUploadIDMarker
	for _, u := range l.Uploads {
		out.Uploads = append(out.Uploads, listedUpload{encode(u.Key), u.ID, q.owner(), q.owner(), s3Class(u.StorageClass), xmlDate(u.Created), u.Checksum, typeOf(u.Checksum)})
	}
	for _, p := range l.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{encode(p)})
	}
	return writeXML(q, out)
}

var errPartMarker = failure(http.StatusBadRequest, "InvalidArgument", "part-number-marker must be a number that is not negative.")
