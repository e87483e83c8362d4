package s3api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// operation is one call of the S3 API.
type operation struct {
	name    string
	need    access
	refuses []string // headers that R2 does not implement here
	writes  bool     // takes the headers of a new object
	run     func(*request, context.Context) error
}

// The operations that R2 implements.
// https://developers.cloudflare.com/r2/api/s3/api/
var (
	listBuckets   = &operation{name: "ListBuckets", need: adminRead, run: (*request).listBuckets}
	headBucket    = &operation{name: "HeadBucket", refuses: bucketOwner, run: (*request).headBucket}
	createBucket  = &operation{name: "CreateBucket", need: adminWrite, refuses: createUnsupported, run: (*request).createBucket}
	deleteBucket  = &operation{name: "DeleteBucket", need: adminWrite, refuses: bucketOwner, run: (*request).deleteBucket}
	getLocation   = &operation{name: "GetBucketLocation", refuses: bucketOwner, run: (*request).getLocation}
	getEncryption = &operation{name: "GetBucketEncryption", refuses: bucketOwner, run: (*request).getEncryption}
	getNothing    = &operation{name: "GetBucketConfiguration", refuses: bucketOwner, run: (*request).getNothing}
	getCORS       = &operation{name: "GetBucketCors", need: adminRead, refuses: bucketOwner, run: (*request).getCORS}
	putCORS       = &operation{name: "PutBucketCors", need: adminWrite, refuses: bucketOwner, run: (*request).putCORS}
	deleteCORS    = &operation{name: "DeleteBucketCors", need: adminWrite, refuses: bucketOwner, run: (*request).deleteCORS}
	getLifecycle  = &operation{name: "GetBucketLifecycleConfiguration", need: adminRead, refuses: bucketOwner, run: (*request).getLifecycle}
	putLifecycle  = &operation{name: "PutBucketLifecycleConfiguration", need: adminWrite, refuses: bucketOwner, run: (*request).putLifecycle}
	dropLifecycle = &operation{name: "DeleteBucketLifecycle", need: adminWrite, refuses: bucketOwner, run: (*request).deleteLifecycle}
	listV1        = &operation{name: "ListObjects", refuses: payerAndOwner, run: (*request).listV1}
	listV2        = &operation{name: "ListObjectsV2", refuses: payerAndOwner, run: (*request).listV2}
	listUploads   = &operation{name: "ListMultipartUploads", refuses: payerAndOwner, run: (*request).listUploads}
	deleteObjects = &operation{name: "DeleteObjects", need: objectWrite, refuses: deleteUnsupported, run: (*request).deleteObjects}

	headObject     = &operation{name: "HeadObject", refuses: payerAndOwner, run: (*request).headObject}
	getObject      = &operation{name: "GetObject", refuses: payerAndOwner, run: (*request).getObject}
	putObject      = &operation{name: "PutObject", need: objectWrite, refuses: writeUnsupported, writes: true, run: (*request).putObject}
	copyObject     = &operation{name: "CopyObject", need: objectWrite, refuses: copyUnsupported, writes: true, run: (*request).copyObject}
	deleteObject   = &operation{name: "DeleteObject", need: objectWrite, refuses: deleteUnsupported, run: (*request).deleteObject}
	createUpload   = &operation{name: "CreateMultipartUpload", need: objectWrite, refuses: writeUnsupported, writes: true, run: (*request).createUpload}
	uploadPart     = &operation{name: "UploadPart", need: objectWrite, refuses: partUnsupported, run: (*request).uploadPart}
	uploadPartCopy = &operation{name: "UploadPartCopy", need: objectWrite, refuses: partCopyUnsupported, run: (*request).uploadPartCopy}
	completeUpload = &operation{name: "CompleteMultipartUpload", need: objectWrite, refuses: completeUnsupported, run: (*request).completeUpload}
	abortUpload    = &operation{name: "AbortMultipartUpload", need: objectWrite, refuses: payer, run: (*request).abortUpload}
	listParts      = &operation{name: "ListParts", refuses: payerAndOwner, run: (*request).listParts}
)

// bucketParts are the parts of a bucket's configuration that R2 does not
// implement, by search parameter, with S3's name of them.
var bucketParts = map[string]string{
	"accelerate": "BucketAccelerateConfiguration", "acl": "BucketAcl", "analytics": "BucketAnalyticsConfiguration",
	"intelligent-tiering": "BucketIntelligentTieringConfiguration", "inventory": "BucketInventoryConfiguration",
	"logging": "BucketLogging", "metadataConfiguration": "BucketMetadataConfiguration", "metadataTable": "BucketMetadataTableConfiguration",
	"metrics": "BucketMetricsConfiguration", "notification": "BucketNotificationConfiguration", "object-lock": "ObjectLockConfiguration",
	"ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy", "policyStatus": "BucketPolicyStatus",
	"publicAccessBlock": "PublicAccessBlock", "replication": "BucketReplication", "requestPayment": "BucketRequestPayment",
	"tagging": "BucketTagging", "versioning": "BucketVersioning", "website": "BucketWebsite", "encryption": "BucketEncryption",
}

// objectParts are the same of an object.
var objectParts = map[string]string{
	"acl": "ObjectAcl", "attributes": "ObjectAttributes", "legal-hold": "ObjectLegalHold", "retention": "ObjectRetention",
	"tagging": "ObjectTagging", "torrent": "ObjectTorrent",
}

// detect finds out what is asked for.
func (q *request) detect() (*operation, error) {
	switch {
	case q.bucket == "" && q.key == "":
		return q.detectAccount()
	case q.key == "":
		return q.detectBucket()
	}
	return q.detectObject()
}

func (q *request) detectAccount() (*operation, error) {
	if q.r.Method != http.MethodGet && q.r.Method != http.MethodHead {
		return nil, errNoRoute
	}
	// max-buckets and bucket-region are what today's AWS SDKs send.
	return listBuckets, q.only("ListBuckets", "prefix", "start-after", "continuation-token", "max-keys", "max-buckets", "bucket-region")
}

// anyRequest reports whether a parameter belongs to any request: to a presigned one
// or to the SDKs.
func anyRequest(name string) bool { return strings.HasPrefix(name, "X-Amz-") || name == "x-id" }

// only refuses parameters besides the known ones.
func (q *request) only(operation string, known ...string) error {
	for _, name := range q.params() {
		if !slices.Contains(known, name) {
			return notImplemented(operation + " search parameter " + name)
		}
	}
	return nil
}

// params are the names of the search parameters that are the operation's own.
func (q *request) params() (names []string) {
	for name := range q.query {
		if !anyRequest(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (q *request) detectBucket() (*operation, error) {
	switch q.r.Method {
	case http.MethodHead:
		return headBucket, nil
	case http.MethodPost:
		if q.query.Has("delete") {
			return deleteObjects, nil
		}
		return nil, errNoRoute
	case http.MethodGet:
		return q.detectBucketGet()
	case http.MethodPut:
		return q.detectChange("Put", createBucket, map[string]*operation{"cors": putCORS, "lifecycle": putLifecycle})
	case http.MethodDelete:
		return q.detectChange("Delete", deleteBucket, map[string]*operation{"cors": deleteCORS, "lifecycle": dropLifecycle})
	}
	return nil, errNoRoute
}

func (q *request) detectBucketGet() (*operation, error) {
	for name, o := range map[string]*operation{
		"location": getLocation, "cors": getCORS, "lifecycle": getLifecycle, "encryption": getEncryption, "uploads": listUploads,
	} {
		if !q.query.Has(name) {
			continue
		}
		if o == listUploads {
			return o, q.only(o.name, "uploads", "delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker")
		}
		return o, q.only(o.name, name)
	}
	for _, name := range q.params() {
		switch part, ok := bucketParts[name]; {
		case absent[name] != nil:
			return getNothing, nil
		case name == "versions":
			return nil, notImplemented("ListObjectVersions")
		case ok:
			return nil, notImplemented("Get" + part)
		}
	}
	switch q.query.Get("list-type") {
	case "2":
		return listV2, q.only("ListObjectsV2", "list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type", "fetch-owner")
	case "":
		if q.query.Has("continuation-token") {
			return nil, errV1Token
		}
		return listV1, q.only("ListObjectsV1", "list-type", "prefix", "delimiter", "marker", "max-keys", "encoding-type")
	}
	return nil, notImplemented("ListObjectsV" + q.query.Get("list-type"))
}

// detectChange finds what a PUT or DELETE on a bucket changes.
func (q *request) detectChange(verb string, whole *operation, parts map[string]*operation) (*operation, error) {
	var unknown []string
	for _, name := range q.params() {
		if o := parts[name]; o != nil {
			return o, nil
		}
		if part, ok := bucketParts[name]; ok {
			return nil, notImplemented(verb + part)
		}
		unknown = append(unknown, `"`+name+`"`)
	}
	if unknown != nil {
		return nil, invalidArgument("Unsupported search param(s) %s on a %s bucket route", strings.Join(unknown, ", "), q.r.Method)
	}
	return whole, nil
}

// partNumbers are the texts that R2's routes take for a part number.
var partNumbers = regexp.MustCompile(`^ *-?\d*$`)

func (q *request) detectObject() (*operation, error) {
	if q.query.Has("versionId") { // any answer would be of another version
		return nil, notImplemented("versionId")
	}
	if q.query.Has("uploadId") {
		if o, err := q.detectUpload(); o != nil || err != nil {
			return o, err
		}
	}
	if q.query.Has("uploads") {
		switch q.r.Method {
		case http.MethodPost:
			return createUpload, nil
		case http.MethodGet:
			return listUploads, nil
		}
	}
	_, copies := q.r.Header["X-Amz-Copy-Source"]
	switch q.r.Method {
	case http.MethodHead:
		return headObject, nil
	case http.MethodGet:
		return getObject, q.refuseParts("Get")
	case http.MethodPut:
		if err := q.refuseParts("Put"); err != nil || !copies {
			return putObject, err
		}
		return copyObject, nil
	case http.MethodPost:
		if q.query.Has("restore") {
			return nil, notImplemented("RestoreObject")
		}
		if q.query.Has("select") {
			return nil, notImplemented("SelectObjectContent")
		}
		return putObject, nil // as R2 does
	case http.MethodDelete:
		if q.query.Has("tagging") {
			return nil, notImplemented("DeleteObjectTagging")
		}
		return deleteObject, nil
	}
	return nil, errNoRoute
}

// refuseParts names the part of an object that R2 lacks.
func (q *request) refuseParts(verb string) error {
	for _, name := range q.params() {
		if part, ok := objectParts[name]; ok {
			return notImplemented(verb + part)
		}
	}
	return nil
}

// detectUpload finds what is done with an upload that is named; nothing if
// that does not matter, as for R2.
func (q *request) detectUpload() (*operation, error) {
	if q.query.Has("partNumber") && !partNumbers.MatchString(q.query.Get("partNumber")) {
		return nil, errNoRoute
	}
	switch q.r.Method {
	case http.MethodGet:
		return listParts, nil
	case http.MethodPut:
		if !q.query.Has("partNumber") {
			return nil, nil
		}
		if _, copies := q.r.Header["X-Amz-Copy-Source"]; copies {
			return uploadPartCopy, nil
		}
		return uploadPart, nil
	case http.MethodPost:
		return completeUpload, nil
	case http.MethodDelete:
		return abortUpload, nil
	}
	return nil, nil
}
