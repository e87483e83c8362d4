package s3api

import (
	"context"
	"encoding/xml"
	"math"
	"strconv"
	"strings"

	"flint/r2"
)

// listResult is the answer of both versions of ListObjects.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
type listResult struct {
	XMLName        xml.Name       `xml:"ListBucketResult"`
	NS             string         `xml:"xmlns,attr"`
	Name           string         `xml:"Name"`
	Contents       []listedObject `xml:"Contents"`
	Truncated      bool           `xml:"IsTruncated"`
	CommonPrefixes []commonPrefix `xml:"CommonPrefixes"`
	Prefix         string         `xml:"Prefix"`
	Delimiter      *string        `xml:"Delimiter"`
	StartAfter     *string        `xml:"StartAfter"`
	Token          *string        `xml:"ContinuationToken"`
	NextToken      string         `xml:"NextContinuationToken,omitempty"`
	Marker         *string        `xml:"Marker"`
	NextMarker     string         `xml:"NextMarker,omitempty"`
	MaxKeys        int            `xml:"MaxKeys"`
	KeyCount       *int           `xml:"KeyCount"`
	EncodingType   string         `xml:"EncodingType,omitempty"`
}

type listedObject struct {
	Key          string
	Size         int64
	LastModified string
	ETag         string
	Algorithm    []string `xml:"ChecksumAlgorithm"`
	Type         string   `xml:"ChecksumType,omitempty"`
	StorageClass string
	Owner        *owner
}

type owner struct {
	ID          string
	DisplayName string
}

type commonPrefix struct{ Prefix string }

func (q *request) listV1(ctx context.Context) error {
	marker := q.query.Get("marker")
	after := marker
	// A marker may be a group that the page before ended with: what is in it
	// has been dealt with.
	if d := q.query.Get("delimiter"); d != "" && strings.HasSuffix(marker, d) {
		after += lastRune
	}
	return q.list(ctx, r2.ListOptions{StartAfter: after}, func(out *listResult, l *r2.Listing, encode func(string) string) {
		m := encode(marker)
		out.Marker = &m
		if l.Truncated() {
			out.NextMarker = encode(lastOf(l))
		}
	})
}

// lastRune sorts after every other character.
const lastRune = "\U0010ffff"

// lastOf is the last key or group of a page.
func lastOf(l *r2.Listing) (last string) {
	if n := len(l.Objects); n > 0 {
		last = l.Objects[n-1].Key
	}
	if n := len(l.Prefixes); n > 0 {
		last = max(last, l.Prefixes[n-1])
	}
	return last
}

func (q *request) listV2(ctx context.Context) error {
	opts := r2.ListOptions{StartAfter: q.query.Get("start-after"), Cursor: q.query.Get("continuation-token")}
	return q.list(ctx, opts, func(out *listResult, l *r2.Listing, encode func(string) string) {
		if q.query.Has("start-after") {
			s := encode(opts.StartAfter)
			out.StartAfter = &s
		}
		if q.query.Has("continuation-token") {
			out.Token = &opts.Cursor
		}
		out.NextToken = l.Cursor
		n := len(out.Contents) + len(out.CommonPrefixes)
		out.KeyCount = &n
	})
}

// list answers one page; finish adds what differs between the versions.
func (q *request) list(ctx context.Context, opts r2.ListOptions, finish func(*listResult, *r2.Listing, func(string) string)) error {
	encode, err := q.encoding()
	if err != nil {
		return err
	}
	most, err := q.atMost("max-keys")
	if err != nil {
		return err
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	opts.Prefix, opts.Delimiter = q.query.Get("prefix"), q.query.Get("delimiter")
	opts.Limit = min(max(most, 1), r2.MaxListKeys)
	l, err := b.List(ctx, opts)
	if err != nil {
		return err
	}
	out := &listResult{NS: xmlns, Name: q.bucket, Truncated: l.Truncated(), Prefix: encode(opts.Prefix), MaxKeys: most, EncodingType: q.query.Get("encoding-type")}
	if most == 0 { // a page of one told whether there is anything
		out.Truncated = len(l.Objects)+len(l.Prefixes) > 0
		l = &r2.Listing{}
	}
	if q.query.Has("delimiter") {
		d := encode(opts.Delimiter)
		out.Delimiter = &d
	}
	for _, o := range l.Objects {
		out.Contents = append(out.Contents, q.listed(o, encode))
	}
	for _, p := range l.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{encode(p)})
	}
	finish(out, l, encode)
	return writeXML(q, out)
}

func (q *request) listed(o *r2.Object, encode func(string) string) listedObject {
	out := listedObject{
		Key: encode(o.Key), Size: o.Size, LastModified: xmlDate(o.Uploaded), ETag: httpETag(o.ETag),
		Algorithm: kept(o.Checksums), StorageClass: s3Class(o.StorageClass),
	}
	if out.Algorithm != nil {
		out.Type = objectType(o.Checksums)
	}
	if q.query.Get("fetch-owner") == "true" {
		out.Owner = q.owner()
	}
	return out
}

func (q *request) owner() *owner { return &owner{q.opt.Account, q.opt.Account} }

// encoding is how keys are written: as they are, or percent-encoded because
// XML cannot spell every key.
func (q *request) encoding() (func(string) string, error) {
	switch kind := q.query.Get("encoding-type"); {
	case !q.query.Has("encoding-type"):
		return func(s string) string { return s }, nil
	case kind == "url":
		return func(s string) string { return awsEncode(s, false) }, nil
	default:
		return nil, notImplemented(`Unrecognized encoding-type "` + kind + `"`)
	}
}

// atMost reads the largest size of a page; 1000 if it is not given. Larger
// ones are answered, but with 1000.
func (q *request) atMost(param string) (int, error) {
	if !q.query.Has(param) {
		return r2.MaxListKeys, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(q.query.Get(param)), 64)
	if err != nil || !(n >= 0 && n <= math.MaxInt32) {
		return 0, errMaxKeys
	}
	return int(n), nil
}
