package s3api

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// begin starts an upload and returns its id.
func (f *fixture) begin(key string) string {
	f.t.Helper()
	var in struct{ UploadId string }
	must(f.t, xml.Unmarshal([]byte(want(f.t, f.do("POST", "/media/"+key+"?uploads", "", "Content-Type", "a/b", "X-Amz-Meta-Who", "me"), 200, "InitiateMultipartUploadResult")), &in))
	return in.UploadId
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	id := f.begin("big")
	first := string(pattern(5 << 20))
	url := func(n any) string { return fmt.Sprintf("/media/big?partNumber=%v&uploadId=%s", n, id) }
	one := f.do("PUT", url(1), first)
	want(t, one, 200, "")
	want(t, f.do("PUT", "/media/source", "0123456789"), 200, "")
	var two struct{ ETag string }
	must(t, xml.Unmarshal([]byte(want(t, f.do("PUT", url(2), "", "X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-Range", "bytes=2-4"), 200, "<CopyPartResult")), &two))
	for _, c := range []struct {
		n       any
		headers []string
		status  int
		answer  string
	}{
		{0, nil, 400, "Part number must be an integer between 1 and 10000"}, {10001, nil, 400, "Part number must be"}, {"", nil, 400, "Part number must be"}, {"1.0", nil, 404, "<Code>RouteNotFound</Code>"},
		{3, []string{"X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-Range", "bytes=4-2"}, 400, "x-amz-copy-source-range must be positive."},
		{3, []string{"X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-Range", "bytes=4-"}, 400, "Invalid x-amz-copy-source-range: bytes=4-"},
		{3, []string{"X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-Range", "bytes=99-100"}, 416, "<Code>InvalidRange</Code>"},
		{3, []string{"X-Amz-Copy-Source", "media/source", "X-Amz-Copy-Source-If-Match", "x"}, 501, "x-amz-copy-source-if-match"},
		{3, []string{"Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400, "<Code>BadDigest</Code>"},
	} {
		want(t, f.do("PUT", url(c.n), "", c.headers...), c.status, c.answer)
	}
	want(t, f.do("PUT", "/media/big?partNumber=1&uploadId=nothing", "x"), 404, "<Code>NoSuchUpload</Code>")
	list := want(t, f.do("GET", "/media/big?uploadId="+id+"&max-parts=1", ""), 200, "<NextPartNumberMarker>1</NextPartNumberMarker>")
	if !strings.Contains(list, "<IsTruncated>true</IsTruncated>") || strings.Count(list, "<Part>") != 1 {
		t.Error(list)
	}
	want(t, f.do("GET", "/media/big?uploadId="+id+"&part-number-marker=1", ""), 200, "<PartNumber>2</PartNumber><LastModified>2026-03-01T12:00:00.000Z</LastModified><ETag>"+strings.ReplaceAll(two.ETag, `"`, "&#34;")+"</ETag><Size>3</Size>")
	want(t, f.do("GET", "/media?uploads", ""), 200, "<Key>big</Key><UploadId>"+id+"</UploadId>")
	body := fmt.Sprintf("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part><Part><PartNumber>2</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>", one.Header.Get("ETag"), two.ETag)
	for _, c := range []struct {
		body, answer string
		status       int
	}{
		{"", "<Code>MalformedXML</Code>", 400}, {"<CompleteMultipartUpload/>", "<Code>MalformedXML</Code>", 400}, {"<x/>", "<Code>MalformedXML</Code>", 400},
		{strings.ReplaceAll(body, ">2<", ">1<"), "<Code>InvalidPart</Code>", 400}, {strings.ReplaceAll(body, ">2<", ">20000<"), "<Code>InvalidPart</Code>", 400},
		{strings.ReplaceAll(body, ">2<", ">3<"), "<Code>InvalidPart</Code>", 400},
		{body + "<more/>", "<Code>MalformedXML</Code>", 400},
		{body, `-2&#34;</ETag>`, 200},
	} {
		want(t, f.do("POST", "/media/big?uploadId="+id, c.body), c.status, c.answer)
	}
	res := f.do("GET", "/media/big", "")
	if got := want(t, res, 200, ""); got != first+"234" {
		t.Errorf("%d bytes", len(got))
	}
	wantHeader(t, res, "X-Amz-Meta-Who", "me")
	res = f.do("GET", "/media/big?partNumber=2", "")
	if got := want(t, res, 206, ""); got != "234" {
		t.Errorf("part 2 is %q", got)
	}
	wantHeader(t, res, "X-Amz-Mp-Parts-Count", "2")
	wantHeader(t, res, "Content-Range", "bytes 5242880-5242882/5242883")
	res = f.do("HEAD", "/media/big?partNumber=1", "")
	want(t, res, 206, "")
	wantHeader(t, res, "Content-Length", "5242880")
	want(t, f.do("GET", "/media/big?partNumber=3", ""), 416, "<Code>InvalidPartNumber</Code>")
	want(t, f.do("GET", "/media/big?partNumber=1", "", "Range", "bytes=0-1"), 400, "Cannot specify both Range header and partNumber")
	want(t, f.do("GET", "/media/source?partNumber=1", ""), 206, "0123456789")
	want(t, f.do("GET", "/media/source?partNumber=2", ""), 416, "<Code>InvalidPartNumber</Code>")
	want(t, f.do("GET", "/media/none?partNumber=1", ""), 404, "<Code>NoSuchKey</Code>")
	want(t, f.do("GET", "/media/big?uploadId="+id, ""), 404, "<Code>NoSuchUpload</Code>")
	want(t, f.do("POST", "/media/big?uploadId=nothing", body), 404, "<Code>NoSuchUpload</Code>")
}

func TestAbort(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	id := f.begin("k")
	want(t, f.do("PUT", "/media/k?partNumber=1&uploadId="+id, "x"), 200, "")
	want(t, f.do("DELETE", "/media/k?uploadId="+id, ""), 204, "")
	want(t, f.do("DELETE", "/media/k?uploadId="+id, ""), 204, "")
	want(t, f.do("DELETE", "/media/k?uploadId=nothing", ""), 404, "<Code>NoSuchUpload</Code>")
	if body := want(t, f.do("GET", "/media?uploads", ""), 200, ""); strings.Contains(body, "<Upload>") {
		t.Error(body)
	}
}

func TestSmallParts(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	id := f.begin("k")
	var body strings.Builder
	for n := 1; n < 3; n++ {
		res := f.do("PUT", fmt.Sprintf("/media/k?partNumber=%d&uploadId=%s", n, id), "x")
		want(t, res, 200, "")
		fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n, res.Header.Get("ETag"))
	}
	want(t, f.do("POST", "/media/k?uploadId="+id, "<CompleteMultipartUpload>"+body.String()+"</CompleteMultipartUpload>"), 400, "<Code>EntityTooSmall</Code>")
}
