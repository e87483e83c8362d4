package s3api

import (
	"strings"
	"testing"
)

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	res := f.do("PUT", "/media/a%20b/%C3%BC+c", "hello", "Content-Type", "text/plain", "Content-Encoding", "aws-chunked,gzip",
		"Cache-Control", "max-age=1", "Expires", "Sun, 01 Mar 2026 13:00:00 GMT", "X-Amz-Meta-Who", "=?UTF-8?B?w7w=?=", "X-Amz-Storage-Class", "STANDARD_IA",
		"X-Amz-Checksum-Crc32", "NhCmhg==")
	want(t, res, 200, "")
	wantHeader(t, res, "ETag", `"5d41402abc4b2a76b9719d911017c592"`)
	wantHeader(t, res, "X-Amz-Checksum-Crc32", "NhCmhg==")
	o, err := f.bucket().Head(t.Context(), "a b/ü+c")
	if err != nil || o.Custom[0].Value != "ü" || o.StorageClass != "InfrequentAccess" {
		t.Fatalf("%+v, %v", o, err)
	}
	res = f.do("GET", "/media/a%20b/%C3%BC+c", "", "X-Amz-Checksum-Mode", "ENABLED")
	if body := want(t, res, 200, "hello"); body != "hello" {
		t.Errorf("got %q", body)
	}
	for name, value := range map[string]string{
		"Content-Type": "text/plain", "Content-Encoding": "gzip", "Cache-Control": "max-age=1", "Expires": "Sun, 01 Mar 2026 13:00:00 GMT",
		"X-Amz-Meta-Who": "=?UTF-8?b?w7w=?=", "X-Amz-Storage-Class": "STANDARD_IA", "X-Amz-Checksum-Crc32": "NhCmhg==", "X-Amz-Checksum-Type": "FULL_OBJECT",
		"Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT", "Accept-Ranges": "bytes", "Content-Length": "5",
	} {
		wantHeader(t, res, name, value)
	}
	res = f.do("GET", "/media/a%20b/%C3%BC+c?response-content-type=x%2Fy&response-cache-control=no-store", "", "Range", "bytes=1-2", "X-Amz-Checksum-Mode", "ENABLED")
	want(t, res, 206, "el")
	for name, value := range map[string]string{
		"Content-Type": "x/y", "Cache-Control": "no-store", "Content-Range": "bytes 1-2/5", "X-Amz-Checksum-Crc32": "",
	} {
		wantHeader(t, res, name, value)
	}
	want(t, f.do("DELETE", "/media/a%20b/%C3%BC+c", ""), 204, "")
	want(t, f.do("DELETE", "/media/a%20b/%C3%BC+c", ""), 204, "")
	want(t, f.do("GET", "/media/a%20b/%C3%BC+c", ""), 404, "<Code>NoSuchKey</Code>")
	want(t, f.do("GET", "/none/x", ""), 404, "<Code>NoSuchBucket</Code>")
}

func TestRanges(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/k", "0123456789"), 200, "")
	for _, c := range []struct {
		header, body string
		status       int
	}{
		{"bytes=0-0", "0", 206}, {"bytes=7-", "789", 206}, {"bytes=-3", "789", 206}, {"bytes=-99", "0123456789", 206}, {"bytes=8-99", "89", 206},
		{"bytes=8-99999999999999999999999", "89", 206},
		{"bytes=10-", "<Code>InvalidRange</Code>", 416}, {"bytes=99-100", "<Code>InvalidRange</Code>", 416}, {"bytes=-0", "<Code>InvalidRange</Code>", 416},
		{"bytes=zzz", "&#39;bytes=-suffix&#39;.&#39;", 400}, {"bytes=1-2,3-4", "range must be in format", 400}, {"bytes=5-2", "range must be positive.", 400}, {"items=1-2", "range must be in format", 400},
	} {
		body := want(t, f.do("GET", "/media/k", "", "Range", c.header), c.status, c.body)
		if c.status == 206 && body != c.body {
			t.Errorf("%s: %q", c.header, body)
		}
	}
	res := f.do("HEAD", "/media/k", "", "Range", "bytes=0-4")
	want(t, res, 200, "")
	wantHeader(t, res, "Content-Length", "10")
}

func TestConditions(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	const etag = `"4124bc0a9335c27f086f24ba207a4912"` // of aa
	want(t, f.do("PUT", "/media/k", "aa", "If-Match", etag), 412, "<Code>PreconditionFailed</Code>")
	want(t, f.do("PUT", "/media/k", "aa", "If-None-Match", "*"), 200, "")
	want(t, f.do("PUT", "/media/k", "bb", "If-None-Match", "*"), 412, "<Code>PreconditionFailed</Code>")
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"If-Match", etag, 200}, {"If-Match", strings.Trim(etag, `"`), 200}, {"If-Match", `"x"`, 412}, {"If-None-Match", etag, 304}, {"If-None-Match", `"x"`, 200},
		{"If-Modified-Since", "Sun, 01 Mar 2026 12:00:00 GMT", 304}, {"If-Modified-Since", "Sun, 01 Mar 2026 11:00:00 GMT", 200},
		{"If-Unmodified-Since", "Sun, 01 Mar 2026 11:00:00 GMT", 412}, {"If-Unmodified-Since", "Sun, 01 Mar 2026 13:00:00 GMT", 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if res := f.do(method, "/media/k", "", c.name, c.value); res.StatusCode != c.status {
				t.Errorf("%s %s %s: %d, want %d", method, c.name, c.value, res.StatusCode, c.status)
			}
		}
	}
	want(t, f.do("GET", "/media/k", "", "If-None-Match", `"x`), 400, "not a list of ETags")
	want(t, f.do("DELETE", "/media/k", "", "If-Match", `"x"`), 501, "Header &#39;if-match&#39; with value")
}
