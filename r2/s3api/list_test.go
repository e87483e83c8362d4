package s3api

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
)

func TestListV1Pages(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	for _, k := range []string{"a", "b/1", "b/2", "c", "d/1", "e/x/1"} {
		want(t, f.do("PUT", "/media/"+k, ""), 200, "")
	}
	var got []string
	for marker := ""; ; {
		q := url.Values{"delimiter": {"/"}, "max-keys": {"1"}, "marker": {marker}, "encoding-type": {"url"}}
		var l listResult
		must(t, xml.Unmarshal([]byte(want(t, f.do("GET", "/media?"+q.Encode(), ""), 200, "")), &l))
		for _, o := range l.Contents {
			got = append(got, o.Key)
		}
		for _, p := range l.CommonPrefixes {
			got = append(got, p.Prefix)
		}
		if !l.Truncated {
			break
		}
		var err error
		marker, err = url.PathUnescape(l.NextMarker)
		must(t, err)
	}
	if text := strings.Join(got, " "); text != "a b%2F c d%2F e%2F" {
		t.Errorf("got %q", text)
	}
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	for _, k := range []string{"a", "b/1", "b/2"} {
		want(t, f.do("PUT", "/media/"+k, ""), 200, "")
	}
	for _, c := range []struct {
		query, answer string
		status        int
	}{
		{"prefix=b", "<Key>b/1</Key>", 200}, {"list-type=2&start-after=b/1", "<StartAfter>b/1</StartAfter>", 200}, {"list-type=2&start-after=b/1", "<KeyCount>1</KeyCount>", 200},
		{"max-keys=0", "<IsTruncated>true</IsTruncated><Prefix></Prefix><Marker></Marker><MaxKeys>0</MaxKeys>", 200}, {"max-keys=0&prefix=z", "<IsTruncated>false</IsTruncated>", 200}, {"max-keys=5000", "<MaxKeys>5000</MaxKeys>", 200},
		{"max-keys=-1", "<Code>InvalidMaxKeys</Code>", 400}, {"max-keys=", "<Code>InvalidMaxKeys</Code>", 400}, {"max-keys=NaN", "<Code>InvalidMaxKeys</Code>", 400},
		{"continuation-token=x", "continuation-token not supported in ListObjects", 400}, {"list-type=2&continuation-token=x", "<Code>InvalidArgument</Code>", 400},
		{"list-type=3", "ListObjectsV3 not implemented", 501}, {"wat=1", "ListObjectsV1 search parameter wat not implemented", 501}, {"list-type=2&marker=a", "ListObjectsV2 search parameter marker not implemented", 501},
		{"encoding-type=wat", "Unrecognized encoding-type &#34;wat&#34; not implemented", 501},
		{"list-type=2&fetch-owner=true", "<Owner><ID>acc</ID><DisplayName>acc</DisplayName></Owner>", 200},
	} {
		want(t, f.do("GET", "/media?"+c.query, ""), c.status, c.answer)
	}
	want(t, f.do("GET", "/none", ""), 404, "<Code>NoSuchBucket</Code>")
}

func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/a", ""), 200, "")
	body := want(t, f.do("POST", "/media?delete", "<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object><Object><Key>none&amp;</Key></Object><Object><Key>"+strings.Repeat("k", 1025)+"</Key></Object></Delete>"), 200, "<Deleted><Key>a</Key></Deleted><Deleted><Key>none&amp;</Key></Deleted>")
	if !strings.Contains(body, "<Code>InvalidObjectName</Code>") {
		t.Error(body)
	}
	want(t, f.do("HEAD", "/media/a", ""), 404, "")
	for _, bad := range []string{"", "x", "<Delete/>", "<Delete><Object/></Delete>", "<Delete><Quiet>yes</Quiet><Object><Key>a</Key></Object></Delete>", "<Delete>" + strings.Repeat("<Object><Key>a</Key></Object>", 1001) + "</Delete>"} {
		want(t, f.do("POST", "/media?delete", bad), 400, "<Code>MalformedXML</Code>")
	}
	want(t, f.do("POST", "/media?delete", "<Delete>"+strings.Repeat(" ", maxXML)+"</Delete>"), 400, "<Code>MaxMessageLengthExceeded</Code>")
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/photos", "<CreateBucketConfiguration><LocationConstraint>weur</LocationConstraint></CreateBucketConfiguration>"), 200, "")
	want(t, f.do("PUT", "/photos", ""), 409, "<Code>BucketAlreadyOwnedByYou</Code>")
	want(t, f.do("PUT", "/x", ""), 400, "<Code>InvalidBucketName</Code>")
	want(t, f.do("PUT", "/more", "<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>"), 400, "<Code>InvalidLocationConstraint</Code>")
	want(t, f.do("PUT", "/more", "", "X-Amz-Bucket-Object-Lock-Enabled", "true"), 501, "x-amz-bucket-object-lock-enabled")
	want(t, f.do("GET", "/photos?location", ""), 200, ">WEUR</LocationConstraint>")
	want(t, f.do("GET", "/media?location", ""), 200, ">auto</LocationConstraint>")
	want(t, f.do("GET", "/media?encryption", ""), 200, "<SSEAlgorithm>AES256</SSEAlgorithm>")
	want(t, f.do("GET", "/media?versioning", ""), 200, "<VersioningConfiguration")
	for part, code := range map[string]string{"tagging": "NoSuchTagSet", "object-lock": "ObjectLockConfigurationNotFoundError", "replication": "ReplicationConfigurationNotFoundError"} {
		want(t, f.do("GET", "/media?"+part, ""), 404, "<Code>"+code+"</Code>")
	}
	want(t, f.do("HEAD", "/photos", "", "X-Amz-Bucket-Object-Lock-Enabled", "false"), 200, "")
	want(t, f.do("HEAD", "/none", ""), 404, "")
	want(t, f.do("GET", "/", ""), 200, "<Bucket><Name>media</Name><CreationDate>2026-03-01T12:00:00.000Z</CreationDate></Bucket><Bucket><Name>photos</Name>")
	res := f.do("GET", "/?max-keys=5", "", "Cf-Max-Keys", "1")
	want(t, res, 200, "<IsTruncated>true</IsTruncated>")
	wantHeader(t, res, "Cf-Is-Truncated", "true")
	wantHeader(t, res, "Cf-Next-Continuation-Token", "media")
	body := want(t, f.do("GET", "/?continuation-token=media&prefix=p", ""), 200, "<Name>photos</Name>")
	if strings.Contains(body, "media</Name>") {
		t.Error(body)
	}
	want(t, f.do("PUT", "/unlocked", "", "X-Amz-Bucket-Object-Lock-Enabled", "false"), 200, "")
	want(t, f.do("PUT", "/photos/k", ""), 200, "")
	want(t, f.do("DELETE", "/photos", ""), 409, "<Code>BucketNotEmpty</Code>")
	want(t, f.do("DELETE", "/photos/k", ""), 204, "")
	want(t, f.do("DELETE", "/photos", ""), 204, "")
	want(t, f.do("DELETE", "/photos", ""), 404, "<Code>NoSuchBucket</Code>")
	want(t, f.do("PUT", "/new/k", "x"), 404, "<Code>NoSuchBucket</Code>")
	want(t, f.do("PUT", "/new/k", "x", "Cf-Create-Bucket-If-Missing", "true"), 200, "")
	want(t, f.do("GET", "/new/k", ""), 200, "x")
}

// TestRefusals names what R2 lacks.
func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/k", "x"), 200, "")
	for ask, answer := range map[string]string{
		"GET /media?acl": "GetBucketAcl", "PUT /media?versioning": "PutBucketVersioning", "GET /media?versions": "ListObjectVersions", "PUT /media?policy": "PutBucketPolicy",
		"DELETE /media?website": "DeleteBucketWebsite", "GET /media/k?tagging": "GetObjectTagging", "PUT /media/k?acl": "PutObjectAcl", "GET /media/k?attributes": "GetObjectAttributes",
		"DELETE /media/k?tagging": "DeleteObjectTagging", "POST /media/k?restore": "RestoreObject", "POST /media/k?select": "SelectObjectContent", "GET /media/k?versionId=1": "versionId",
		"PUT /media?object-lock": "PutObjectLockConfiguration", "GET /?wat": "ListBuckets search parameter wat",
	} {
		method, path, _ := strings.Cut(ask, " ")
		want(t, f.do(method, path, ""), 501, "<Code>NotImplemented</Code><Message>"+answer+" not implemented</Message>")
	}
	for header, value := range map[string]string{
		"x-amz-tagging": "a=b", "x-amz-acl": "wat", "x-amz-grant-read": "x", "x-amz-server-side-encryption": "aws:kms", "x-amz-object-lock-mode": "x", "x-amz-expected-bucket-owner": "x",
		"x-amz-website-redirect-location": "/x", "x-amz-request-payer": "requester",
	} {
		want(t, f.do("PUT", "/media/k", "x", header, value), 501, "Header &#39;"+header+"&#39; with value &#39;"+value+"&#39; not implemented")
	}
	want(t, f.do("PUT", "/media/k", "x", "X-Amz-Acl", "private", "X-Amz-Server-Side-Encryption", "AES256", "X-Amz-Unknown", "1"), 200, "")
	want(t, f.do("PUT", "/media/k", "x", "X-Amz-Storage-Class", "GLACIER"), 400, "<Code>InvalidStorageClass</Code>")
	want(t, f.do("PATCH", "/media/k", "x"), 404, "<Code>RouteNotFound</Code>")
	want(t, f.do("PUT", "/media?wat", ""), 400, "Unsupported search param(s) &#34;wat&#34; on a PUT bucket route")
	want(t, f.send(plain("POST", "/media")), 501, "Presigned post requests are not yet implemented")
}

func TestUnicodeMetadata(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/k", "x", "X-Amz-Meta-A", "=?UTF-8?Q?=C3=BC?= x", "X-Amz-Meta-B", "raw ü"), 200, "")
	o, err := f.bucket().Head(t.Context(), "k")
	if err != nil || o.Custom[0].Value != "ü x" || o.Custom[1].Value != "raw ü" {
		t.Fatalf("%+v, %v", o.Custom, err)
	}
	want(t, f.do("PUT", "/media/k", "x", "X-Amz-Meta-A", "\xff"), 400, "neither UTF-8 nor")
	want(t, f.do("PUT", "/media/k", "x", "X-Amz-Meta-A", strings.Repeat("x", 9000)), 400, "<Code>MetadataTooLarge</Code>")
}
