package s3api

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"flint/r2"
)

type bucketList struct {
	XMLName   xml.Name       `xml:"ListAllMyBucketsResult"`
	NS        string         `xml:"xmlns,attr"`
	Buckets   []listedBucket `xml:"Buckets>Bucket"`
	Owner     *owner         `xml:"Owner"`
	Truncated bool           `xml:"IsTruncated"`
	NextToken string         `xml:"NextContinuationToken,omitempty"`
	// ContinuationToken is what AWS's SDKs look for.
	AWSToken   string `xml:"ContinuationToken,omitempty"`
	StartAfter string `xml:"StartAfter,omitempty"`
	Prefix     string `xml:"Prefix,omitempty"`
	KeyCount   int    `xml:"KeyCount"`
	MaxKeys    int    `xml:"MaxKeys"`
}

type listedBucket struct{ Name, CreationDate string }

// listBuckets takes the parameters of ListObjectsV2, as search parameters or as
// headers, which win.
// https://developers.cloudflare.com/r2/api/s3/extensions/#listbuckets
func (q *request) listBuckets(context.Context) error {
	for _, name := range []string{"prefix", "start-after", "continuation-token", "max-keys"} {
		if v := q.r.Header.Values("Cf-" + name); len(v) > 0 {
			q.query.Set(name, v[0])
		}
	}
	if q.query.Has("max-buckets") && !q.query.Has("max-keys") {
		q.query.Set("max-keys", q.query.Get("max-buckets"))
	}
	most, err := q.atMost("max-keys")
	if err != nil {
		return err
	}
	infos, err := q.opt.Store.Buckets()
	if err != nil {
		return err
	}
	out := &bucketList{
		NS: xmlns, Owner: q.owner(), MaxKeys: most, Prefix: q.query.Get("prefix"), StartAfter: q.query.Get("start-after"),
	}
	after := max(out.StartAfter, q.query.Get("continuation-token"))
	for _, info := range infos {
		switch {
		case info.Name <= after && after != "" || !strings.HasPrefix(info.Name, out.Prefix):
		case len(out.Buckets) == min(most, r2.MaxListKeys):
			out.Truncated = true
		default:
			out.Buckets = append(out.Buckets, listedBucket{info.Name, xmlDate(info.Created)})
		}
	}
	if out.KeyCount = len(out.Buckets); out.Truncated && out.KeyCount > 0 {
		out.NextToken = out.Buckets[out.KeyCount-1].Name
		out.AWSToken = out.NextToken
		q.Header().Set("Cf-Next-Continuation-Token", out.NextToken)
	}
	q.Header().Set("Cf-Is-Truncated", strconv.FormatBool(out.Truncated))
	return writeXML(q, out)
}

// headBucket tells whether the bucket is there.
func (q *request) headBucket(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	info, err := b.Info()
	if err != nil {
		return err
	}
	q.Header().Set("X-Amz-Bucket-Region", region(info))
	q.WriteHeader(http.StatusOK)
	return nil
}

// region is where a bucket says it is.
func region(info r2.BucketInfo) string {
	if info.Location == "" {
		return "auto"
	}
	return strings.ToUpper(info.Location)
}

type createConfiguration struct {
	XMLName  xml.Name `xml:"CreateBucketConfiguration"`
	Location string   `xml:"LocationConstraint"`
}

// createBucket takes a location hint, or one of the names of auto.
// https://developers.cloudflare.com/r2/reference/data-location/
func (q *request) createBucket(context.Context) error {
	info := r2.BucketInfo{Name: q.bucket}
	p, err := newPayload(q.r, q.sig)
	switch {
	case errors.Is(err, errNoLength):
	case err != nil:
		return err
	case p.size > 0:
		var in createConfiguration
		if err := readXML(p, &in); err != nil {
			return err
		}
		in.Location = strings.ToLower(in.Location)
		if !slices.Contains(regions, in.Location) {
			return errLocation
		}
		if in.Location != "auto" && in.Location != "us-east-1" {
			info.Location = in.Location
		}
	}
	if info.StorageClass, err = storageClass(q.r.Header); err != nil {
		return err
	}
	if _, err := q.opt.Store.Create(info); err != nil {
		return err
	}
	q.Header().Set("Location", "/"+q.bucket)
	q.WriteHeader(http.StatusOK)
	return nil
}

func (q *request) deleteBucket(context.Context) error {
	if err := q.opt.Store.Delete(q.bucket); err != nil {
		return err
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}

type locationConstraint struct {
	XMLName  xml.Name `xml:"LocationConstraint"`
	NS       string   `xml:"xmlns,attr"`
	Location string   `xml:",chardata"`
}

func (q *request) getLocation(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	info, err := b.Info()
	if err != nil {
		return err
	}
	return writeXML(q, &locationConstraint{NS: xmlns, Location: region(info)})
}

// absent are the parts of a configuration that no bucket of R2 has, and that R2
// says so of, though it does not implement them. No error: an empty answer.
var absent = map[string]*Error{
	"versioning":  {},
	"tagging":     failure(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist."),
	"object-lock": failure(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket."),
	"replication": failure(http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found."),
}

type versioning struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	NS      string   `xml:"xmlns,attr"`
}

// getNothing answers that a bucket has none of what is asked for.
func (q *request) getNothing(context.Context) error {
	if _, err := q.open(); err != nil {
		return err
	}
	for _, name := range q.params() {
		if e := absent[name]; e != nil && e.Code != "" {
			return e
		}
	}
	return writeXML(q, &versioning{NS: xmlns})
}

type encryption struct {
	XMLName   xml.Name `xml:"ServerSideEncryptionConfiguration"`
	NS        string   `xml:"xmlns,attr"`
	Algorithm string   `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
	Key       bool     `xml:"Rule>BucketKeyEnabled"`
}

// getEncryption is the same for every bucket: R2 encrypts all of them.
func (q *request) getEncryption(context.Context) error {
	if _, err := q.open(); err != nil {
		return err
	}
	return writeXML(q, &encryption{NS: xmlns, Algorithm: "AES256", Key: true})
}
