package s3api

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"testing"
)

// sealedWith are the headers of a key.
func sealedWith(prefix string, key byte) []string {
	raw := make([]byte, 32)
	raw[0] = key
	sum := md5.Sum(raw)
	return []string{prefix + "Algorithm", "AES256", prefix + "Key", base64.StdEncoding.EncodeToString(raw), prefix + "Key-Md5", base64.StdEncoding.EncodeToString(sum[:])}
}

// A part of an encrypted upload is copied from an object that is encrypted with
// another key.
func TestUploadPartCopySSEC(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	source, target := sealedWith(ssecHeader, 1), sealedWith(ssecHeader, 2)
	want(t, f.do("PUT", "/media/source", "0123456789", source...), 200, "")
	id := between(want(t, f.do("POST", "/media/k?uploads", "", target...), 200, ""), "<UploadId>", "</UploadId>")
	part := "/media/k?partNumber=1&uploadId=" + id
	from := append([]string{"X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-Range", "bytes=2-6"}, sealedWith(sourceSSECHeader, 1)...)
	want(t, f.do("PUT", part, "", from...), 400, "<Code>InvalidRequest</Code>")
	want(t, f.do("PUT", part, "", append(from[:4:4], target...)...), 400, "<Code>InvalidRequest</Code>")
	want(t, f.do("PUT", part, "", append(from[:4:4], append(sealedWith(sourceSSECHeader, 3), target...)...)...), 403, "<Code>AccessDenied</Code>")
	want(t, f.do("PUT", part, "", append(from, source...)...), 403, "<Code>AccessDenied</Code>")
	res := f.do("PUT", part, "", append(from, target...)...)
	etag := between(want(t, res, 200, "<CopyPartResult"), "<ETag>", "</ETag>")
	wantHeader(t, res, ssecHeader+"Key-Md5", target[5])
	want(t, f.do("POST", "/media/k?uploadId="+id, fmt.Sprintf("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>", etag)), 200, "")
	want(t, f.do("GET", "/media/k", "", target...), 200, "23456")
	want(t, f.do("GET", "/media/k", ""), 400, "<Code>InvalidRequest</Code>")
}
