package s3api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// chunk writes data in chunks of n bytes, signed unless kind says otherwise.
func chunk(data []byte, n int, kind string, sig *signature, trailer string) string {
	var b strings.Builder
	previous := sig.provided
	link := func(kind, hashes string) string {
		previous = sig.sign(strings.Join([]string{kind, sig.date, sig.scope(), previous, hashes}, "\n"))
		return previous
	}
	for {
		part := data[:min(n, len(data))]
		data = data[len(part):]
		fmt.Fprintf(&b, "%x", len(part))
		if kind != streamingUnsignedTrailer {
			sum := sha256.Sum256(part)
			b.WriteString(";chunk-signature=" + link(streamingChunk, hexSHA256("")+"\n"+hex.EncodeToString(sum[:])))
		}
		b.WriteString("\r\n")
		if len(part) == 0 {
			break
		}
		b.Write(part)
		b.WriteString("\r\n")
	}
	if trailer != "" {
		b.WriteString(trailer + "\r\n")
		if kind == streamingSignedTrailer {
			b.WriteString("x-amz-trailer-signature:" + link(streamingTrailer, hexSHA256(trailer+"\n")) + "\r\n")
		}
	}
	return b.String() + "\r\n"
}

func TestChunkedBodies(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	const crc = "x-amz-checksum-crc32:NhCmhg=="
	for _, kind := range []string{streamingSigned, streamingSignedTrailer, streamingUnsignedTrailer} {
		for _, c := range []struct {
			trailer, length string
			change          func(string) string
			status          int
			answer          string
		}{
			{crc, "5", nil, 200, ""},
			{"", "5", nil, 200, ""},
			{crc, "6", nil, 400, "<Code>IncompleteBody</Code>"},
			{crc, "4", nil, 400, "<Code>IncompleteBody</Code>"},
			{crc, "x", nil, 411, "<Code>MissingContentLength</Code>"},
			{"x-amz-checksum-crc32:AAAAAA==", "5", nil, 400, "<Code>BadDigest</Code>"},
			{"x-amz-checksum-crc32:A", "5", nil, 400, "<Code>MalformedTrailerError</Code>"},
			{crc, "5", func(s string) string { return s[:len(s)/2] }, 400, "<Code>IncompleteBody</Code>"},
			{crc, "5", func(s string) string { return s + "more" }, 400, "<Code>InvalidRequest</Code>"},
			{crc, "5", func(s string) string { return strings.Replace(s, "\r\n", strings.Repeat(" ", 9999)+"\r\n", 1) }, 400, "<Code>InvalidRequest</Code>"},
		} {
			trailer := c.trailer
			if kind == streamingSigned {
				trailer = ""
			}
			if trailer == "" && (strings.HasPrefix(c.trailer, "x-amz-checksum-crc32:A") || kind == streamingSignedTrailer) {
				continue
			}
			headers := []string{"X-Amz-Content-Sha256", kind, "X-Amz-Decoded-Content-Length", c.length}
			if trailer != "" {
				headers = append(headers, "X-Amz-Trailer", "x-amz-checksum-crc32")
			}
			r, sig := f.signed("PUT", "/media/"+kind, headers...)
			body := chunk([]byte("hello"), 3, kind, sig, trailer)
			if c.change != nil {
				body = c.change(body)
			}
			f.setBody(r, body)
			res := f.send(r)
			want(t, res, c.status, c.answer)
			if _, err := f.bucket().Head(t.Context(), kind); (err == nil) != (c.status == 200) {
				t.Errorf("%s %+v: the object is there: %v", kind, c, err == nil)
			}
			must(t, f.bucket().Delete(t.Context(), kind))
		}
	}
}

func TestPromisesOfTheBody(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	for _, c := range []struct {
		name, value string
		status      int
		answer      string
	}{
		{"Content-Md5", "XUFAKrxLKna5cZ2REBfFkg==", 200, ""},
		{"Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "<Code>BadDigest</Code>"},
		{"Content-Md5", "x", 400, "<Code>InvalidDigest</Code>"},
		{"X-Amz-Checksum-Crc32", "NhCmhg==", 200, ""}, {"X-Amz-Checksum-Crc32", "NhCmhQ==", 400, "<Code>BadDigest</Code>"},
		{"X-Amz-Checksum-Crc32c", "mnG7TA==", 200, ""}, {"X-Amz-Checksum-Crc32c", "mnG7TQ==", 400, "<Code>BadDigest</Code>"},
		{"X-Amz-Checksum-Crc64nvme", "M3eFcAZSQlc=", 200, ""}, {"X-Amz-Checksum-Crc64nvme", "M3eFcAZSQlg=", 400, "<Code>BadDigest</Code>"},
		{"X-Amz-Checksum-Sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=", 200, ""}, {"X-Amz-Checksum-Sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ04=", 400, "<Code>BadDigest</Code>"},
		{"X-Amz-Checksum-Sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", 200, ""}, {"X-Amz-Checksum-Sha256", "x", 400, "<Code>InvalidDigest</Code>"},
		{"X-Amz-Sdk-Checksum-Algorithm", "CRC32", 400, "no corresponding x-amz-checksum-*"},
		{"X-Amz-Trailer", "x-amz-checksum-crc32", 400, "<Code>MalformedTrailerError</Code>"},
		{"X-Amz-Trailer", "x-other", 400, "x-amz-trailer header is not supported: x-other"},
		{"X-Amz-Content-Sha256", emptyHash, 400, "<Code>XAmzContentSHA256Mismatch</Code>"},
		{"X-Amz-Content-Sha256", unsignedPayload, 200, ""},
		{"X-Amz-Content-Sha256", "nonsense", 400, "x-amz-content-sha256 must be"},
		{"X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", 501, "x-amz-content-sha256 STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD not implemented"},
	} {
		res := f.do("PUT", "/media/k", "hello", c.name, c.value)
		want(t, res, c.status, c.answer)
		if strings.HasPrefix(c.name, "X-Amz-Checksum") && c.status == 200 {
			wantHeader(t, res, c.name, c.value)
			wantHeader(t, f.do("HEAD", "/media/k", "", "X-Amz-Checksum-Mode", "ENABLED"), c.name, c.value)
		}
		_, err := f.bucket().Head(t.Context(), "k")
		if (err == nil) != (c.status == 200) {
			t.Errorf("%+v: the object is there: %v", c, err == nil)
		}
		must(t, f.bucket().Delete(t.Context(), "k"))
	}
	want(t, f.do("PUT", "/media/k", "hello", "X-Amz-Checksum-Crc32", "NhCmhg==", "X-Amz-Checksum-Crc32c", "mnG7TA=="), 400, "Expecting a single x-amz-checksum- header")
}

// TestChecksumsAreKept sees the S3 API's checksums from the other side.
func TestChecksumsAreKept(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/k", "hello", "X-Amz-Checksum-Sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="), 200, "")
	o, err := f.bucket().Head(t.Context(), "k")
	if err != nil || hex.EncodeToString(o.Checksums.SHA256) != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" || o.Checksums.MD5 == nil {
		t.Errorf("%+v, %v", o, err)
	}
	want(t, f.do("GET", "/media?list-type=2", ""), 200, "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>")
}
