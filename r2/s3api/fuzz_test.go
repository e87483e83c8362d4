package s3api

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzSignature throws requests at the whole way to an operation. None but the
// one that is signed may pass.
func FuzzSignature(f *testing.F) {
	f.Add("GET", "/media/key", "a=b", exampleHeader("host", "00"), "20130524T000000Z", emptyHash)
	f.Add("PUT", "/%zz", "X-Amz-Credential=a/20260301/auto/s3/aws4_request&X-Amz-Date=20260301T120000Z&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=&X-Amz-SignedHeaders=host&X-Amz-Expires=1e3", "", "", "")
	f.Add("POST", "//", "delete", algorithm+" Credential=////,SignedHeaders=host;;,Signature==", "20260301T120000Z", "STREAMING-")
	fx := newFrozen(f)
	f.Fuzz(func(t *testing.T, method, path, query, auth, date, hash string) {
		r := &http.Request{Method: method, Host: "localhost", URL: &url.URL{Path: path, RawQuery: query}, RequestURI: path + "?" + query, Header: http.Header{}, Body: http.NoBody}
		for name, value := range map[string]string{"Authorization": auth, "X-Amz-Date": date, "X-Amz-Content-Sha256": hash} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		fx.api.ServeHTTP(w, r)
		if w.Code < 400 {
			t.Fatalf("%s %s?%s passed with %d %s", method, path, query, w.Code, w.Body)
		}
		var e struct{ Code, Message string }
		if err := xml.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Code == "" || e.Code == "InternalError" {
			t.Fatalf("answer %d %s (%v)", w.Code, w.Body, err)
		}
	})
}

// FuzzSigned signs what it is given, and expects it to be found right, and
// wrong once a character has changed.
func FuzzSigned(f *testing.F) {
	f.Add("GET", "/a b/ü+%", "k=v&k=&%20=+", "x-amz-meta-a", "  two  words ")
	f.Add("PUT", "/", "", "host", "x")
	f.Fuzz(func(t *testing.T, method, path, query, header, value string) {
		q, err := url.ParseQuery(query)
		if err != nil || strings.ContainsAny(method+value, "\r\n\x00") || !headerName(header) || strings.Contains(header, "*") {
			t.Skip()
		}
		r := &http.Request{Method: method, Host: "localhost", URL: &url.URL{Path: path}, RequestURI: awsEncode("/"+path, true), Header: http.Header{}}
		r.URL.RawQuery = query
		r.Header.Set("X-Amz-Content-Sha256", unsignedPayload)
		r.Header.Set(header, value)
		if len(q["X-Amz-Credential"]) > 0 || http.CanonicalHeaderKey(header) == "Authorization" || http.CanonicalHeaderKey(header) == "X-Amz-Date" || http.CanonicalHeaderKey(header) == "X-Amz-Content-Sha256" {
			t.Skip()
		}
		token := Token{ID: "id", Secret: "secret"}
		signRequest(r, token, noon)
		s, err := parseSignature(r, q, noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.verify(r, q, "secret"); err != nil {
			t.Fatal(err)
		}
		r.RequestURI += "x"
		if err := s.verify(r, q, "secret"); err == nil {
			t.Fatal("another path passed")
		}
	})
}

// FuzzChunked decodes anything as aws-chunked, whole and byte by byte, and
// round trips what it can make itself.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), streamingUnsignedTrailer)
	f.Add([]byte("3;chunk-signature=00\r\nabc\r\n0;chunk-signature=\r\n\r\n"), streamingSigned)
	f.Add([]byte("ffffffffffffffff\r\n"), streamingSignedTrailer)
	f.Fuzz(func(t *testing.T, data []byte, kind string) {
		sig := &signature{date: "20260301T120000Z", day: "20260301", key: []byte("k"), provided: "seed"}
		whole, err1 := io.ReadAll(newChunked(bytes.NewReader(data), kind, sig))
		slow, err2 := io.ReadAll(iotest.OneByteReader(newChunked(iotest.OneByteReader(bytes.NewReader(data)), kind, sig)))
		if !bytes.Equal(whole, slow) || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("%q (%v) at once, %q (%v) byte by byte", whole, err1, slow, err2)
		}
		var known *Error
		if err1 != nil && !errors.As(err1, &known) && !errors.Is(err1, io.ErrUnexpectedEOF) {
			t.Fatalf("error %v is not one for clients", err1)
		}
		if len(whole) > len(data) {
			t.Fatalf("%d bytes out of %d", len(whole), len(data))
		}
		coded := chunk(data, 7, streamingSignedTrailer, sig, "x-amz-checksum-crc32:AAAAAA==")
		c := newChunked(strings.NewReader(coded), streamingSignedTrailer, sig)
		if back, err := io.ReadAll(c); err != nil || !bytes.Equal(back, data) || c.trailer.Get("X-Amz-Checksum-Crc32") != "AAAAAA==" {
			t.Fatalf("round trip of %q: %q, %v", data, back, err)
		}
	})
}

// FuzzXML parses bodies of every kind.
func FuzzXML(f *testing.F) {
	f.Add([]byte(`<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>`))
	f.Add([]byte(`<?xml version="1.0"?><CompleteMultipartUpload xmlns="x"><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part></CompleteMultipartUpload>`))
	f.Add([]byte(`<CreateBucketConfiguration><LocationConstraint>auto</LocationConstraint></CreateBucketConfiguration><x/>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, doc := range documents() {
			err := parseXML(data, doc)
			if err != nil && !errors.Is(err, errMalformedXML) {
				t.Fatalf("%T: %v", doc, err)
			}
			if l, ok := doc.(*lifecycleConfiguration); ok && err == nil {
				for i := range l.Rules {
					_, _ = l.Rules[i].rule() // must not panic
				}
			}
			if c, ok := doc.(*completion); ok && err == nil {
				parts, err := c.parts()
				if err == nil && (len(parts) == 0 || parts[0].Number < 1) {
					t.Fatalf("parts %v", parts)
				}
			}
		}
	})
}

func documents() []any {
	return []any{&deleteRequest{}, &completion{}, &createConfiguration{}, &corsConfiguration{}, &lifecycleConfiguration{}}
}
