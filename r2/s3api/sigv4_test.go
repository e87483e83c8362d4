package s3api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The examples of AWS's documentation, whose signatures AWS computed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const (
	exampleKey    = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	emptyHash     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func exampleHeader(signed, signature string) string {
	return algorithm + " Credential=" + exampleKey + "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + signed + ",Signature=" + signature
}

func TestAWSExampleInHeaders(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://examplebucket.s3.amazonaws.com/test.txt", nil)
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", emptyHash)
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", exampleHeader("host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
	s, err := parseSignature(r, r.URL.Query(), exampleTime.Add(14*time.Minute))
	must(t, err)
	must(t, s.verify(r, r.URL.Query(), exampleSecret))
	var wrong *Error
	if err := s.verify(r, r.URL.Query(), exampleSecret+"x"); !errors.As(err, &wrong) || wrong.Code != "SignatureDoesNotMatch" {
		t.Error(err)
	}
}

func TestAWSExamplePresigned(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", nil)
	s, err := parseSignature(r, r.URL.Query(), exampleTime.Add(24*time.Hour))
	must(t, err)
	must(t, s.verify(r, r.URL.Query(), exampleSecret))
	if _, err := parseSignature(r, r.URL.Query(), exampleTime.Add(24*time.Hour+time.Second)); !errors.Is(err, errExpired) {
		t.Error(err)
	}
	r.Header.Set("X-Amz-Copy-Source", "/other/key")
	var loose *Error
	if err := s.verify(r, r.URL.Query(), exampleSecret); !errors.As(err, &loose) || loose.Code != "AccessDenied" {
		t.Errorf("a header that was not signed: %v", err)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func TestAWSExampleChunked(t *testing.T) {
	t.Parallel()
	body := "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + strings.Repeat("a", 65536) + "\r\n" +
		"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + strings.Repeat("a", 1024) + "\r\n" +
		"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
	open := func(body string) (*payload, error) {
		r := httptest.NewRequest("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", strings.NewReader(body))
		r.ContentLength = 66824
		for name, value := range map[string]string{
			"X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "X-Amz-Content-Sha256": streamingSigned,
			"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "66560",
			"Authorization": exampleHeader("content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class", "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
		} {
			r.Header.Set(name, value)
		}
		s, err := parseSignature(r, r.URL.Query(), exampleTime)
		must(t, err)
		must(t, s.verify(r, r.URL.Query(), exampleSecret))
		return newPayload(r, s)
	}
	p, err := open(body)
	must(t, err)
	got, err := io.ReadAll(p)
	if err != nil || len(got) != 66560 || strings.Trim(string(got), "a") != "" {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for _, broken := range []string{
		strings.Replace(body, "aaa\r\n4", "aab\r\n4", 1), strings.Replace(body, "0055", "0056", 1), strings.Replace(body, "b6c6", "b6c7", 1),
	} {
		p, err := open(broken)
		must(t, err)
		if _, err := io.ReadAll(p); !errors.Is(err, errChunkSignature) {
			t.Errorf("got %v, want %v", err, errChunkSignature)
		}
	}
	p, err = open(body[:70000-4000])
	must(t, err)
	if _, err := io.ReadAll(p); !errors.Is(err, errIncompleteBody) {
		t.Errorf("got %v, want %v", err, errIncompleteBody)
	}
}

// TestNothingIsLearned sends the same wrong requests for what is there and for
// what is not.
func TestNothingIsLearned(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/key", "x"), 200, "")
	stranger := *f
	stranger.token.ID = strings.Repeat("f", 32)
	forger := *f
	forger.token.Secret = strings.Repeat("f", 64)
	for name, ask := range map[string]func(path string) *http.Response{
		"no signature":    func(path string) *http.Response { return f.send(plain("GET", path)) },
		"unknown key":     func(path string) *http.Response { return stranger.do("GET", path, "") },
		"wrong secret":    func(path string) *http.Response { return forger.do("PUT", path, "") },
		"wrong presigned": func(path string) *http.Response { return f.send(forger.presign("GET", path, "60", nil, "")) },
		"expired":         func(path string) *http.Response { return f.send(f.presign("GET", path, "0", nil, "")) },
		"form":            func(path string) *http.Response { return f.send(plain("POST", path)) },
	} {
		for _, pair := range [][2]string{{"/media/key", "/media/non"}, {"/media/key", "/nodia/key"}, {"/media", "/nodia"}} {
			a, b := ask(pair[0]), ask(pair[1])
			textA, textB := strings.ReplaceAll(want(t, a, a.StatusCode, ""), pair[0], pair[1]), want(t, b, b.StatusCode, "")
			// The echo of what was signed differs by the path, and its bytes and hash.
			if a.StatusCode != b.StatusCode || a.StatusCode < 400 || cut(textA) != cut(textB) || len(a.Header) != len(b.Header) {
				t.Errorf("%s, %v:\n%d %s\n%d %s", name, pair, a.StatusCode, textA, b.StatusCode, textB)
			}
		}
	}
}

// cut leaves out the echo of what was signed.
func cut(text string) string {
	text, _, _ = strings.Cut(text, "<StringToSign>")
	return text
}

func plain(method, path string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "localhost"
	return r
}

func TestSignatureErrors(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	credential := f.token.ID + "/20260301/auto/s3/aws4_request"
	auth := func(credential, signed string) string {
		return algorithm + " Credential=" + credential + ", SignedHeaders=" + signed + ", Signature=" + strings.Repeat("0", 64)
	}
	const date, hash = "X-Amz-Date", "X-Amz-Content-Sha256"
	for _, c := range []struct {
		headers []string
		status  int
		answer  string
	}{
		{[]string{"Authorization", "x"}, 400, "Missing x-amz-content-sha256"},
		{[]string{"Authorization", "x", hash, unsignedPayload}, 400, "No date provided in x-amz-date nor date header"},
		{[]string{"Authorization", "x", hash, unsignedPayload, "Date", "Sun, 01 Mar 2026 12:00:00 GMT"}, 400, "Date provided in &#39;date&#39; header (Sun, 01 Mar 2026 12:00:00 GMT) didn&#39;t parse successfully"},
		{[]string{"Authorization", "x", hash, unsignedPayload, date, "2026-03-01T12:00:00Z"}, 400, "Date provided in &#39;x-amz-date&#39; header"},
		{[]string{"Authorization", "x", hash, unsignedPayload, date, "20260301T114459Z"}, 403, "<Code>RequestTimeTooSkewed</Code>"},
		{[]string{"Authorization", "x", hash, unsignedPayload, date, "20260301T121501Z"}, 403, "<Code>RequestTimeTooSkewed</Code>"},
		{[]string{"Authorization", "Basic x", hash, unsignedPayload, date, "20260301T114500Z"}, 400, "Please use AWS4-HMAC-SHA256"},
		{[]string{"Authorization", auth("a/b/c", "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 400, "Credential sigv4 header should have at least 5 slash-separated parts, not 3"},
		{[]string{"Authorization", auth(f.token.ID+"/20260301/auto/sqs/aws4_request", "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 400, "Credential service should be s3, not sqs"},
		{[]string{"Authorization", auth(f.token.ID+"/20260301/auto/s3/wat", "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 400, "Credential termination string should be aws4_request, not wat"},
		{[]string{"Authorization", auth(f.token.ID+"/19990101/auto/s3/aws4_request", "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 400, "Credential signed date 19990101 does not match 20260301"},
		{[]string{"Authorization", auth(f.token.ID+"/20260301/mars/s3/aws4_request", "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 400, "<Code>InvalidRegionName</Code>"},
		{[]string{"Authorization", auth(credential, "x-amz-date"), hash, unsignedPayload, date, "20260301T120000Z"}, 401, "<Code>Unauthorized</Code>"},
		{[]string{"Authorization", auth(credential, "host"), hash, unsignedPayload, date, "20260301T120000Z"}, 403, "<Code>SignatureDoesNotMatch</Code>"},
	} {
		r := plain("GET", "/media/key")
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		want(t, f.send(r), c.status, c.answer)
	}
	want(t, f.do("GET", "/media/key", "", "X-Amz-Security-Token", "x"), 400, "X-Amz-Security-Token")
}

func TestPresignedErrors(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/key", "x"), 200, "")
	for expires, answer := range map[string]string{
		"": "X-Amz-Expires should be a number", "x": "X-Amz-Expires should be a number", "NaN": "X-Amz-Expires should be a number",
		"604801": "X-Amz-Expires must be less than a week", "0": "<Code>ExpiredRequest</Code>", "-1": "<Code>ExpiredRequest</Code>", "604800": "x", "1": "x",
	} {
		res := f.send(f.presign("GET", "/media/key", expires, nil, ""))
		want(t, res, res.StatusCode, answer)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if res := f.send(f.presign(method, "/media/other", "60", nil, "")); res.StatusCode >= 400 && res.StatusCode != 404 {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	r := f.presign("PUT", "/media/copy", "60", nil, "")
	r.Header.Set("X-Amz-Copy-Source", "/media/key")
	want(t, f.send(r), 403, "<HeadersNotSigned>x-amz-copy-source</HeadersNotSigned>")
	r = f.presign("GET", "/media/key", "60", nil, "")
	q := r.URL.Query()
	q.Del("X-Amz-Algorithm")
	r.URL.RawQuery = q.Encode()
	want(t, f.send(r), 400, "Required search parameter X-Amz-Algorithm missing")
	r.URL.RawQuery = url.Values{"X-Amz-Credential": {"x"}, "X-Amz-Date": {"x"}, "X-Amz-Expires": {"1"}, "X-Amz-SignedHeaders": {"host"}}.Encode()
	want(t, f.send(r), 400, "Required search parameters X-Amz-Algorithm,  X-Amz-Signature missing")
	early := f.presign("GET", "/media/key", "60", nil, "")
	must(t, f.clock.Advance(t.Context(), 61*time.Second))
	want(t, f.send(early), 403, "<Code>ExpiredRequest</Code>")
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for host, bucket := range map[string]string{
		"localhost": "", "localhost:8789": "", "127.0.0.1:1": "", "[::1]:8789": "", "photos.localhost:8789": "photos", "Photos.LOCALHOST": "photos",
		"r2.localhost": "", "s3.localhost:1": "", "photos.r2.localhost": "photos", "photos.s3.localhost": "photos",
		"0123.r2.cloudflarestorage.com": "", "photos.0123.r2.cloudflarestorage.com": "photos", "photos.0123.eu.r2.cloudflarestorage.com:80": "photos",
		"0123.fedramp.r2.cloudflarestorage.com": "", "evil.com": "!", "8.8.8.8:8789": "!", "localhost.evil.com": "!", "": "!", "xr2.cloudflarestorage.com": "!",
	} {
		got, ok := hostBucket(host)
		if !ok {
			got = "!"
		}
		if got != bucket {
			t.Errorf("%s: %q, want %q", host, got, bucket)
		}
	}
	f := newFrozen(t)
	want(t, f.do("PUT", "/a/b", "x", "Host", "media.0123.r2.cloudflarestorage.com"), 200, "")
	want(t, f.do("GET", "/a/b", "", "Host", "media.localhost:8789"), 200, "x")
	want(t, f.do("GET", "/media/a/b", "", "Host", "evil.com"), 403, "answers to localhost")
}
