package s3api

import (
	"strings"
	"testing"
)

func TestCopy(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	must(t, two(f.store.Bucket("other")))
	want(t, f.do("PUT", "/media/a%20b", "hello", "Content-Type", "text/plain", "Cache-Control", "no-store", "X-Amz-Meta-A", "1", "X-Amz-Meta-B", "2"), 200, "")
	const etag = `"5d41402abc4b2a76b9719d911017c592"`
	for _, c := range []struct {
		headers []string
		status  int
		answer  string
		meta    string // content type, cache control, a, b, c of the copy
	}{
		{nil, 200, "<ETag>&#34;5d41402abc4b2a76b9719d911017c592&#34;</ETag>", "text/plain no-store 1 2 "},
		{[]string{"Content-Type", "x/y"}, 200, "", "text/plain no-store 1 2 "},
		{[]string{"X-Amz-Metadata-Directive", "REPLACE", "Content-Type", "x/y", "X-Amz-Meta-C", "3"}, 200, "", "x/y    3"},
		{[]string{"X-Amz-Metadata-Directive", "MERGE", "Content-Type", "x/y", "X-Amz-Meta-B", "9", "X-Amz-Meta-C", "3"}, 200, "", "x/y no-store 1 9 3"},
		{[]string{"X-Amz-Metadata-Directive", "wat"}, 400, "metadata directive wat.", ""},
		{[]string{"X-Amz-Copy-Source-If-Match", etag}, 200, "", "text/plain no-store 1 2 "},
		{[]string{"X-Amz-Copy-Source-If-None-Match", etag}, 412, "<Code>PreconditionFailed</Code>", ""},
		{[]string{"X-Amz-Copy-Source-If-Modified-Since", "Sun, 01 Mar 2026 13:00:00 GMT"}, 412, "<Code>PreconditionFailed</Code>", ""},
		{[]string{"X-Amz-Copy-Source-If-Unmodified-Since", "Sun, 01 Mar 2026 11:00:00 GMT"}, 412, "<Code>PreconditionFailed</Code>", ""},
		{[]string{"Cf-Copy-Destination-If-Match", etag}, 412, "<Code>PreconditionFailed</Code>", ""},
		{[]string{"Cf-Copy-Destination-If-None-Match", "*"}, 200, "", "text/plain no-store 1 2 "},
		{[]string{"X-Amz-Copy-Source", "/media/none"}, 404, "<Code>NoSuchKey</Code>", ""},
		{[]string{"X-Amz-Copy-Source", "none/none"}, 404, "<Code>NoSuchBucket</Code>", ""},
		{[]string{"X-Amz-Copy-Source", "media"}, 400, "copy source bucket name", ""},
		{[]string{"X-Amz-Copy-Source", "media/a%20b?versionId=1"}, 501, "versionId=1 not implemented", ""},
		{[]string{"X-Amz-Tagging-Directive", "COPY"}, 501, "Header &#39;x-amz-tagging-directive&#39; with value &#39;COPY&#39; not implemented", ""},
	} {
		want(t, f.do("PUT", "/other/copy", "", append([]string{"X-Amz-Copy-Source", "/media/a%20b"}, c.headers...)...), c.status, c.answer)
		res := f.do("GET", "/other/copy", "")
		if c.status != 200 {
			want(t, res, 404, "")
			continue
		}
		want(t, res, 200, "hello")
		var got []string
		for _, name := range []string{"Content-Type", "Cache-Control", "X-Amz-Meta-A", "X-Amz-Meta-B", "X-Amz-Meta-C"} {
			got = append(got, res.Header.Get(name))
		}
		if text := strings.Join(got, " "); text != c.meta {
			t.Errorf("%v: %q, want %q", c.headers, text, c.meta)
		}
		want(t, f.do("DELETE", "/other/copy", ""), 204, "")
	}
}

func TestDestinationConditions(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/a", "a"), 200, "")
	want(t, f.do("PUT", "/media/b", "b"), 200, "")
	source := []string{"X-Amz-Copy-Source", "/media/a"}
	want(t, f.do("PUT", "/media/b", "", append(source, "Cf-Copy-Destination-If-None-Match", "*")...), 412, "<Code>PreconditionFailed</Code>")
	want(t, f.do("PUT", "/media/b", "", append(source, "Cf-Copy-Destination-If-Unmodified-Since", "Sun, 01 Mar 2026 11:00:00 GMT")...), 412, "<Code>PreconditionFailed</Code>")
	want(t, f.do("GET", "/media/b", ""), 200, "b")
	want(t, f.do("PUT", "/media/b", "", append(source, "Cf-Copy-Destination-If-Match", `"92eb5ffee6ae2fec3ad71c777531578f"`)...), 200, "")
	want(t, f.do("GET", "/media/b", ""), 200, "a")
}
