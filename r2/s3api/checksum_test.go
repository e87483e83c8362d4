package s3api

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"flint/internal/testkit"
	"flint/r2"
)

// sumOf is the checksum of content as S3 writes it.
func sumOf(name string, content ...[]byte) string {
	h := checksumNamed(name).new()
	for _, c := range content {
		h.Write(c)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// compositeOf is the checksum of the checksums of parts.
func compositeOf(name string, parts ...[]byte) string {
	var sums [][]byte
	for _, p := range parts {
		raw, _ := base64.StdEncoding.DecodeString(sumOf(name, p))
		sums = append(sums, raw)
	}
	return sumOf(name, sums...)
}

func TestMultipartChecksums(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	multipartChecksums(t, f, awsClient(t, f, server, pathStyle))
}

// multipartChecksums uploads parts with each algorithm: sums with the parts, behind
// them, and of flint's own.
func multipartChecksums(t *testing.T, f *fixture, c *s3.Client) {
	must(t, two(f.store.Bucket("sums")))
	first, last := pattern(5<<20), []byte("the last part")
	bucket := aws.String("sums")
	must(t, two(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("last"), Body: bytes.NewReader(last)})))
	for _, sum := range checksums {
		key, algorithm := aws.String("in/"+sum.name), types.ChecksumAlgorithm(sum.name)
		up, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: algorithm})
		want, kind := compositeOf(sum.name, first, last)+"-2", types.ChecksumTypeComposite
		if sum.name == "CRC64NVME" {
			want, kind = sumOf(sum.name, first, last), types.ChecksumTypeFullObject
		}
		if err != nil || up.ChecksumAlgorithm != algorithm || up.ChecksumType != kind {
			t.Fatalf("%s: %+v, %v", sum.name, up, err)
		}
		one, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(first), ChecksumAlgorithm: algorithm})
		must(t, err)
		two, err := c.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(2), CopySource: aws.String("sums/last")})
		must(t, err)
		parts := []types.CompletedPart{
			{PartNumber: aws.Int32(1), ETag: one.ETag, ChecksumCRC32: one.ChecksumCRC32, ChecksumCRC32C: one.ChecksumCRC32C, ChecksumCRC64NVME: one.ChecksumCRC64NVME, ChecksumSHA1: one.ChecksumSHA1, ChecksumSHA256: one.ChecksumSHA256},
			{PartNumber: aws.Int32(2), ETag: two.CopyPartResult.ETag, ChecksumCRC32: two.CopyPartResult.ChecksumCRC32, ChecksumCRC32C: two.CopyPartResult.ChecksumCRC32C, ChecksumCRC64NVME: two.CopyPartResult.ChecksumCRC64NVME, ChecksumSHA1: two.CopyPartResult.ChecksumSHA1, ChecksumSHA256: two.CopyPartResult.ChecksumSHA256},
		}
		if got := sumOfPart(parts[0], sum.name); got != sumOf(sum.name, first) {
			t.Errorf("%s: part 1 has %q", sum.name, got)
		}
		if got := sumOfPart(parts[1], sum.name); got != sumOf(sum.name, last) {
			t.Errorf("%s: part 2 has %q", sum.name, got)
		}
		listed, err := c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: up.UploadId})
		if err != nil || listed.ChecksumAlgorithm != algorithm || listed.ChecksumType != kind || len(listed.Parts) != 2 {
			t.Errorf("%s: %+v, %v", sum.name, listed, err)
		}
		in := &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, MpuObjectSize: aws.Int64(7)}
		if _, err = c.CompleteMultipartUpload(t.Context(), in); code(err) != "InvalidArgument" {
			t.Errorf("%s: a wrong size: %v", sum.name, err)
		}
		in.MpuObjectSize = aws.Int64(int64(len(first) + len(last)))
		done, err := c.CompleteMultipartUpload(t.Context(), in)
		if err != nil || done.ChecksumType != kind {
			t.Fatalf("%s: %+v, %v", sum.name, done, err)
		}
		wantSum(t, c, "sums", *key, sum.name, want, kind)
		// A copy is in one piece, and has a checksum of that.
		must(t, func() error {
			_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("sums/" + *key)})
			return err
		}())
		get, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy")})
		must(t, err) // the SDK compares
		sameContent(t, get.Body, append(first[:len(first):len(first)], last...))
	}
}

func sumOfPart(p types.CompletedPart, name string) string {
	return aws.ToString(map[string]*string{"CRC32": p.ChecksumCRC32, "CRC32C": p.ChecksumCRC32C, "CRC64NVME": p.ChecksumCRC64NVME, "SHA1": p.ChecksumSHA1, "SHA256": p.ChecksumSHA256}[name])
}

// wantSum compares the checksum that HEAD tells.
func wantSum(t *testing.T, c *s3.Client, bucket, key, name, want string, kind types.ChecksumType) {
	t.Helper()
	h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	must(t, err)
	got := aws.ToString(map[string]*string{"CRC32": h.ChecksumCRC32, "CRC32C": h.ChecksumCRC32C, "CRC64NVME": h.ChecksumCRC64NVME, "SHA1": h.ChecksumSHA1, "SHA256": h.ChecksumSHA256}[name])
	if got != want || h.ChecksumType != kind {
		t.Errorf("%s %s: %q (%s), want %q (%s)", key, name, got, h.ChecksumType, want, kind)
	}
}

func TestChecksumRefusals(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	for _, c := range []struct {
		algorithm, kind string
		status          int
		answer          string
	}{
		{"CRC32", "FULL_OBJECT", 501, "x-amz-checksum-type FULL_OBJECT with x-amz-checksum-algorithm CRC32 not implemented"},
		{"CRC64NVME", "COMPOSITE", 501, "x-amz-checksum-type COMPOSITE with x-amz-checksum-algorithm CRC64NVME not implemented"},
		{"MD4", "", 501, "Header &#39;x-amz-checksum-algorithm&#39; with value &#39;MD4&#39; not implemented"},
		{"", "COMPOSITE", 400, "x-amz-checksum-type header can only be used with"},
		{"CRC32", "wat", 400, "x-amz-checksum-type must be COMPOSITE or FULL_OBJECT, not wat."},
		{"crc32", "", 200, ""},
	} {
		want(t, f.do("POST", "/media/k?uploads", "", "X-Amz-Checksum-Algorithm", c.algorithm, "X-Amz-Checksum-Type", c.kind), c.status, c.answer)
	}
	id := between(want(t, f.do("POST", "/media/k?uploads", "", "X-Amz-Checksum-Algorithm", "SHA1"), 200, ""), "<UploadId>", "</UploadId>")
	part := "/media/k?partNumber=1&uploadId=" + id
	want(t, f.do("PUT", part, "x", "X-Amz-Checksum-Crc32", sumOf("CRC32", []byte("x"))), 400, "expected checksum Type: SHA1, actual checksum Type: CRC32")
	want(t, f.do("PUT", part, "x", "X-Amz-Checksum-Sha1", sumOf("SHA1", []byte("y"))), 400, "<Code>BadDigest</Code>")
	res := f.do("PUT", part, "x")
	want(t, res, 200, "")
	wantHeader(t, res, "X-Amz-Checksum-Sha1", sumOf("SHA1", []byte("x")))
	complete := func(sum string, headers ...string) *http.Response {
		return f.do("POST", "/media/k?uploadId="+id, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+res.Header.Get("ETag")+"</ETag>"+sum+"</Part></CompleteMultipartUpload>", headers...)
	}
	want(t, complete("<ChecksumSHA1>wat</ChecksumSHA1>"), 400, "<Code>InvalidDigest</Code>")
	want(t, complete("<ChecksumSHA1>"+sumOf("SHA1", []byte("y"))+"</ChecksumSHA1>"), 400, "<Code>InvalidPart</Code>")
	want(t, complete("", "X-Amz-Checksum-Sha1", sumOf("SHA1", []byte("x"))), 400, "<Code>BadDigest</Code>")
	want(t, complete("", "X-Amz-Checksum-Sha1", compositeOf("SHA1", []byte("x"))+"-1"), 200, "<ChecksumType>COMPOSITE</ChecksumType>")
}

// between is what stands between two texts.
func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// TestStore is the S3 API above a bucket in an S3 store.
func TestStore(t *testing.T) {
	t.Parallel()
	m := testkit.StartMinIO(t)
	f, server := newServerOn(t, m.URL)
	c := awsClient(t, f, server, pathStyle)
	multipartChecksums(t, f, c)
	minioGo(t, f, server)
	// Checksums that came before the body and behind it.
	for _, sum := range checksums {
		put := &s3.PutObjectInput{Bucket: aws.String("sums"), Key: aws.String("whole"), Body: strings.NewReader("hello"), ChecksumAlgorithm: types.ChecksumAlgorithm(sum.name)}
		must(t, two(c.PutObject(t.Context(), put)))
		wantSum(t, c, "sums", "whole", sum.name, sumOf(sum.name, []byte("hello")), types.ChecksumTypeFullObject)
	}
	storeTrailer(t, f)
	storeParts(t, f)
	key := bytes.Repeat([]byte("k"), 32)
	keyMD5 := md5.Sum(key)
	sealed := []string{ssecHeader + "Algorithm", "AES256", ssecHeader + "Key", base64.StdEncoding.EncodeToString(key), ssecHeader + "Key-Md5", base64.StdEncoding.EncodeToString(keyMD5[:])}
	source := []string{"X-Amz-Copy-Source", "sums/whole"}
	for i := 0; i < len(sealed); i += 2 {
		source = append(source, strings.Replace(sealed[i], ssecHeader, sourceSSECHeader, 1), sealed[i+1])
	}
	id := between(want(t, f.do("POST", "/sums/sealed?uploads", ""), 200, ""), "<UploadId>", "</UploadId>")
	for _, r := range []struct {
		method, target string
		headers        []string
	}{
		{"PUT", "/sums/sealed", sealed}, {"GET", "/sums/whole", sealed}, {"POST", "/sums/sealed?uploads", sealed},
		{"PUT", "/sums/sealed", append(source[:2:2], sealed...)}, {"PUT", "/sums/sealed", source},
		{"PUT", "/sums/sealed?partNumber=1&uploadId=" + id, sealed}, {"PUT", "/sums/sealed?partNumber=1&uploadId=" + id, source},
		{"PUT", "/sums/sealed?partNumber=1&uploadId=" + id, append(source[:2:2], sealed...)},
	} {
		want(t, f.do(r.method, r.target, "", r.headers...), 501, "encryption with the client&#39;s key")
	}
	want(t, f.do("HEAD", "/sums/whole", "", sealed...), 501, "")
}

// storeTrailer has a checksum behind content that is too large for memory.
func storeTrailer(t *testing.T, f *fixture) {
	server, seen := trailerServer(t, f)
	c := awsClient(t, f, server, func(o *s3.Options) { o.UsePathStyle, o.HTTPClient = true, server.Client() })
	data := pattern(300_000)
	must(t, two(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("sums"), Key: aws.String("trailer"), Body: unseekable(data), ContentLength: aws.Int64(int64(len(data)))})))
	if how := <-seen; how != streamingUnsignedTrailer+" x-amz-checksum-crc32" {
		t.Errorf("sent %q", how)
	}
	b, err := f.store.Lookup("sums")
	must(t, err)
	body, err := b.Get(t.Context(), "trailer", r2.GetOptions{})
	must(t, err)
	sameContent(t, body.Content, data)
	if got := base64.StdEncoding.EncodeToString(body.Checksums.CRC32); got != sumOf("CRC32", data) {
		t.Errorf("kept %q", got)
	}
}

// storeParts reads an object of parts by their numbers.
func storeParts(t *testing.T, f *fixture) {
	res := f.do("GET", "/sums/in/CRC32?partNumber=2", "")
	if got := want(t, res, 206, ""); got != "the last part" {
		t.Errorf("part 2 is %q", got)
	}
	wantHeader(t, res, "X-Amz-Mp-Parts-Count", "2")
	wantHeader(t, res, "Content-Range", "bytes 5242880-5242892/5242893")
	want(t, f.do("GET", "/sums/in/CRC32?partNumber=3", ""), 416, "<Code>InvalidPartNumber</Code>")
	want(t, f.do("GET", "/sums/whole?partNumber=1", ""), 206, "hello")
	want(t, f.do("GET", "/sums/whole?partNumber=2", ""), 416, "<Code>InvalidPartNumber</Code>")
	want(t, f.do("GET", "/sums/none?partNumber=1", ""), 404, "<Code>NoSuchKey</Code>")
}
