package s3api

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("GET", "/media?cors", ""), 404, "<Code>NoSuchCORSConfiguration</Code>")
	const rule = "<CORSRule><AllowedOrigin>http://localhost:5173</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>content-type</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>"
	want(t, f.do("PUT", "/media?cors", "<CORSConfiguration>"+rule+"</CORSConfiguration>"), 200, "")
	want(t, f.do("GET", "/media?cors", ""), 200, rule)
	for _, bad := range []string{"", "<CORSConfiguration/>", "<x/>"} {
		want(t, f.do("PUT", "/media?cors", bad), 400, "<Code>MalformedXML</Code>")
	}
	want(t, f.do("PUT", "/media?cors", "<CORSConfiguration>"+strings.Replace(rule, "PUT", "WAT", 1)+"</CORSConfiguration>"), 400, "WAT")
	ask := plain("OPTIONS", "/media/k")
	ask.Header.Set("Origin", "http://localhost:5173")
	ask.Header.Set("Access-Control-Request-Method", "PUT")
	ask.Header.Set("Access-Control-Request-Headers", "content-type")
	res := f.send(ask)
	want(t, res, 204, "")
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": "http://localhost:5173", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "content-type",
		"Access-Control-Max-Age": "60", "Access-Control-Expose-Headers": "ETag", "Vary": "Origin",
	} {
		wantHeader(t, res, name, value)
	}
	put := f.presign("PUT", "/media/k", "60", nil, "x")
	put.Header.Set("Origin", "http://localhost:5173")
	res = f.send(put)
	want(t, res, 200, "")
	wantHeader(t, res, "Access-Control-Allow-Origin", "http://localhost:5173")
	ask.Header.Set("Origin", "http://evil.com")
	want(t, f.send(ask), 403, "<Code>Forbidden</Code>")
	none := plain("OPTIONS", "/none/k")
	none.Header = ask.Header
	want(t, f.send(none), 403, "<Code>Forbidden</Code>")
	want(t, f.do("DELETE", "/media?cors", ""), 204, "")
	want(t, f.do("GET", "/media?cors", ""), 404, "<Code>NoSuchCORSConfiguration</Code>")
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("GET", "/media?lifecycle", ""), 200, "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>")
	const rule = "<Rule><ID>tmp</ID><Status>Enabled</Status><Filter><Prefix>tmp/</Prefix></Filter><Expiration><Days>2</Days></Expiration></Rule>"
	const later = "<Rule><ID>cold</ID><Status>Disabled</Status><Filter><Prefix></Prefix></Filter><Transition><Date>2027-01-01T00:00:00.000Z</Date><StorageClass>STANDARD_IA</StorageClass></Transition><AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
	put := func(rules string, status int, answer string) {
		t.Helper()
		want(t, f.do("PUT", "/media?lifecycle", "<LifecycleConfiguration>"+rules+"</LifecycleConfiguration>"), status, answer)
	}
	put(rule+later, 200, "")
	want(t, f.do("GET", "/media?lifecycle", ""), 200, rule+later)
	for bad, answer := range map[string]string{
		"": "<Code>MalformedXML</Code>", strings.Replace(rule, "Enabled", "On", 1): "<Code>MalformedXML</Code>", strings.Replace(rule, ">2<", ">0<", 1): "must be between 1 and",
		strings.Replace(rule, "<Days>2</Days>", "", 1): "<Code>MalformedXML</Code>", strings.Replace(later, "STANDARD_IA", "GLACIER", 1): "<Code>InvalidStorageClass</Code>",
	} {
		put(bad, 400, answer)
	}
	put(strings.Replace(rule, "<Filter>", "<Filter><Tag><Key>a</Key></Tag>", 1), 501, "Tag of a lifecycle rule not implemented")
	put(strings.Replace(rule, "<Days>2</Days>", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>", 1), 501, "ExpiredObjectDeleteMarker of a lifecycle rule not implemented")
	put(strings.Replace(rule, "<Expiration>", "<NoncurrentVersionExpiration/><Expiration>", 1), 501, "NoncurrentVersionExpiration of a lifecycle rule not implemented")
	want(t, f.do("PUT", "/media/tmp/k", "x"), 200, "")
	must(t, f.clock.Advance(t.Context(), 47*time.Hour))
	want(t, f.do("GET", "/media/tmp/k", ""), 200, "x")
	must(t, f.clock.Advance(t.Context(), 2*time.Hour))
	want(t, f.do("GET", "/media/tmp/k", ""), 404, "<Code>NoSuchKey</Code>")
	want(t, f.do("DELETE", "/media?lifecycle", ""), 204, "")
	want(t, f.do("GET", "/media?lifecycle", ""), 404, "<Code>NoSuchLifecycleConfiguration</Code>")
}

func TestSSEC(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	headers := func(prefix string, fill byte) []string {
		key := []byte(strings.Repeat(string(rune(fill)), 32))
		sum := md5.Sum(key)
		return []string{prefix + "Algorithm", "AES256", prefix + "Key", base64.StdEncoding.EncodeToString(key), prefix + "Key-Md5", base64.StdEncoding.EncodeToString(sum[:])}
	}
	one := headers(ssecHeader, 'a')
	res := f.do("PUT", "/media/k", "secret", one...)
	want(t, res, 200, "")
	wantHeader(t, res, ssecHeader+"Key-Md5", one[5])
	want(t, f.do("GET", "/media/k", ""), 400, "<Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side Encryption")
	want(t, f.do("GET", "/media/k", "", headers(ssecHeader, 'b')...), 403, "<Code>AccessDenied</Code>")
	res = f.do("GET", "/media/k", "", one...)
	want(t, res, 200, "secret")
	wantHeader(t, res, ssecHeader+"Algorithm", "AES256")
	want(t, f.do("PUT", "/media/plain", "x"), 200, "")
	want(t, f.do("GET", "/media/plain", "", one...), 400, "<Code>InvalidRequest</Code><Message>The encryption parameters are not applicable to this object.")
	want(t, f.do("PUT", "/media/copy", "", append(headers(sourceSSECHeader, 'a'), "X-Amz-Copy-Source", "media/k")...), 200, "")
	want(t, f.do("GET", "/media/copy", ""), 200, "secret")
	for _, c := range []struct {
		drop   int // of one; its value is changed to with
		with   string
		answer string
	}{
		{3, "", "must provide an appropriate secret key."}, {5, "", "client calculated MD5 of the secret key."}, {1, "", "must provide a valid encryption algorithm."},
		{1, "AES128", "<Code>InvalidEncryptionAlgorithmError</Code>"}, {3, "AAAA", "The secret key was invalid"}, {5, "AAAA", "The calculated MD5 hash of the key did not match"},
	} {
		h := append([]string{}, one...)
		h[c.drop] = c.with
		want(t, f.do("PUT", "/media/k", "x", h...), 400, c.answer)
	}
	want(t, f.do("POST", "/media/big?uploads", "", one...), 200, "<UploadId>")
}
