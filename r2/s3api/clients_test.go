package s3api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"
	mcredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"flint/internal/clock"
	"flint/r2"
)

// newServer is a fixture that real clients reach, on the real time that they sign.
func newServer(t *testing.T) (f *fixture, server *httptest.Server) {
	t.Helper()
	return newServerOn(t, r2.Disk)
}

// newServerOn is newServer of a store with a driver.
func newServerOn(t *testing.T, driver string) (f *fixture, server *httptest.Server) {
	t.Helper()
	c := clock.New()
	t.Cleanup(c.Close)
	f = newFixtureOn(t, c, driver)
	server = httptest.NewServer(f.api)
	t.Cleanup(server.Close)
	return f, server
}

// transport leaves no connection behind.
func transport(t *testing.T) *http.Transport {
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// pattern is n bytes that are not alike.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func awsClient(t *testing.T, f *fixture, server *httptest.Server, style func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL), Region: "auto", HTTPClient: &http.Client{Transport: transport(t)},
		Credentials: credentials.NewStaticCredentialsProvider(f.token.ID, f.token.Secret, ""),
		// What the SDK's own configuration loader says unless told otherwise.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, style)
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

// TestAWSSDK is the AWS SDK for Go v2 with its defaults: aws-chunked bodies with
// a CRC32 behind them, and answers that are checked.
func TestAWSSDK(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	c := awsClient(t, f, server, pathStyle)
	ctx := t.Context()
	must(t, two(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("photos")})))
	buckets, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) != 1 || *buckets.Buckets[0].Name != "photos" || buckets.Buckets[0].CreationDate == nil {
		t.Fatalf("%+v, %v", buckets, err)
	}
	key := aws.String("späce dir/a+b&c.txt")
	put, err := c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String("photos"), Key: key, Body: strings.NewReader("hello"), ContentType: aws.String("text/plain"), Metadata: map[string]string{"who": "me"},
	})
	if err != nil || *put.ETag != `"5d41402abc4b2a76b9719d911017c592"` || aws.ToString(put.ChecksumCRC32) != "NhCmhg==" {
		t.Fatalf("%+v, %v", put, err)
	}
	get, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("photos"), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(get.Body); err != nil || string(body) != "hello" || get.Metadata["who"] != "me" || aws.ToString(get.ChecksumCRC32) != "NhCmhg==" {
		t.Fatalf("%q %+v, %v", body, get, err)
	}
	part, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("photos"), Key: key, Range: aws.String("bytes=1-3")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(part.Body); err != nil || string(body) != "ell" {
		t.Fatalf("%q, %v", body, err)
	}
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String("none")})
	var missing *types.NoSuchKey
	if !errors.As(err, &missing) {
		t.Errorf("got %v, want NoSuchKey", err)
	}
	deleted, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("photos"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: key}}}})
	if err != nil || len(deleted.Deleted) != 1 || len(deleted.Errors) != 0 {
		t.Fatalf("%+v, %v", deleted, err)
	}
	must(t, two(c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("photos"), Key: key, Body: strings.NewReader("hello")})))
	copied, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("photos"), Key: aws.String("copy"), CopySource: aws.String("photos/" + url.PathEscape(*key))})
	if err != nil || *copied.CopyObjectResult.ETag != `"5d41402abc4b2a76b9719d911017c592"` || aws.ToString(copied.CopyObjectResult.ChecksumCRC32) != "NhCmhg==" {
		t.Fatalf("%+v, %v", copied, err)
	}
	for _, k := range []string{"copy", *key} {
		must(t, two(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("photos"), Key: &k})))
	}
	must(t, two(c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("photos")})))
}

// TestAWSSDKTrailers streams a body that cannot be read twice: its checksum
// comes after it, which the SDK does over TLS only.
func TestAWSSDKTrailers(t *testing.T) {
	t.Parallel()
	f, _ := newServer(t)
	must(t, two(f.store.Bucket("photos")))
	server, seen := trailerServer(t, f)
	c := awsClient(t, f, server, func(o *s3.Options) { o.UsePathStyle, o.HTTPClient = true, server.Client() })
	data := pattern(300_000)
	put, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String("k"), Body: unseekable(data), ContentLength: aws.Int64(int64(len(data)))})
	must(t, err)
	if how := <-seen; how != streamingUnsignedTrailer+" x-amz-checksum-crc32" || put.ChecksumCRC32 == nil {
		t.Errorf("sent %q, got %+v", how, put)
	}
	b, err := f.store.Lookup("photos")
	must(t, err)
	o, err := b.Get(t.Context(), "k", r2.GetOptions{})
	must(t, err)
	sameContent(t, o.Content, data)
	if o.HTTP.ContentEncoding != "" {
		t.Errorf("Content-Encoding %q", o.HTTP.ContentEncoding)
	}
}

// trailerServer is a server over TLS, which tells how a body came.
func trailerServer(t *testing.T, f *fixture) (server *httptest.Server, seen chan string) {
	seen = make(chan string, 1)
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("X-Amz-Content-Sha256") + " " + r.Header.Get("X-Amz-Trailer")
		f.api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server, seen
}

// unseekable is data that can be read once.
func unseekable(data []byte) io.Reader { return io.MultiReader(bytes.NewReader(data)) }

// two drops the answer of a call whose error alone matters.
func two[T any](_ T, err error) error { return err }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAWSSDKLists(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	c := awsClient(t, f, server, pathStyle)
	must(t, two(f.store.Bucket("photos")))
	for _, k := range []string{"a/1", "a/2", "b", "c/1", "d\u0001e"} {
		must(t, two(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: &k, Body: strings.NewReader(k)})))
	}
	var got []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String("photos"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(2), FetchOwner: aws.Bool(true), EncodingType: types.EncodingTypeUrl})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		for _, o := range page.Contents {
			if aws.ToString(o.Owner.ID) != "acc" {
				t.Errorf("owner of %s: %+v", *o.Key, o.Owner)
			}
			got = append(got, *o.Key)
		}
	}
	if text := strings.Join(got, " "); text != "a%2F b c%2F d%01e" {
		t.Errorf("got %q", text)
	}
}

func TestAWSSDKPresigns(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	must(t, two(f.store.Bucket("photos")))
	sign := s3.NewPresignClient(awsClient(t, f, server, pathStyle))
	client := &http.Client{Transport: transport(t)}
	put, err := sign.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String("k v")})
	must(t, err)
	send(t, client, put.Method, put.URL, "content", 200)
	get, err := sign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String("k v"), ResponseContentType: aws.String("a/b")}, s3.WithPresignExpires(time.Minute))
	must(t, err)
	if body := send(t, client, get.Method, get.URL, "", 200); body != "content" {
		t.Errorf("got %q", body)
	}
	send(t, client, get.Method, strings.Replace(get.URL, "/k%20v", "/other", 1), "", 403)
	head, err := sign.PresignHeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("photos"), Key: aws.String("k v")})
	must(t, err)
	send(t, client, head.Method, head.URL, "", 200)
	must(t, f.clock.Advance(t.Context(), 2*time.Minute))
	send(t, client, get.Method, get.URL, "", 403)
	drop, err := sign.PresignDeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("photos"), Key: aws.String("k v")})
	must(t, err)
	send(t, client, drop.Method, drop.URL, "", 204)
}

func send(t *testing.T, client *http.Client, method, url, body string, status int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	must(t, err)
	res, err := client.Do(r)
	must(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Fatalf("%s %s: %d %s, want %d (%v)", method, url, res.StatusCode, answer, status, err)
	}
	return string(answer)
}

const multipartSize = 30 << 20

func TestAWSSDKMultipart(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	must(t, two(f.store.Bucket("photos")))
	c := awsClient(t, f, server, pathStyle)
	data := pattern(multipartSize)
	m := transfermanager.New(c, func(o *transfermanager.Options) { o.PartSizeBytes = 8 << 20 })
	up, err := m.UploadObject(t.Context(), &transfermanager.UploadObjectInput{Bucket: aws.String("photos"), Key: aws.String("big"), Body: bytes.NewReader(data)})
	if err != nil || !strings.HasSuffix(aws.ToString(up.ETag), `-4"`) || !strings.HasSuffix(aws.ToString(up.ChecksumCRC32), "-4") || up.ChecksumType != "COMPOSITE" {
		t.Fatalf("%+v, %v", up, err)
	}
	get, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String("big")})
	must(t, err)
	sameContent(t, get.Body, data)
}

func sameContent(t *testing.T, r io.ReadCloser, want []byte) {
	t.Helper()
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	sum := sha256.Sum256(want)
	if err != nil || n != int64(len(want)) || !bytes.Equal(h.Sum(nil), sum[:]) {
		t.Fatalf("%d bytes with SHA-256 %s, want %d with %s (%v)", n, hex.EncodeToString(h.Sum(nil)), len(want), hex.EncodeToString(sum[:]), err)
	}
}

// TestVirtualHosts has the bucket in the host, which resolves to this machine.
func TestVirtualHosts(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	must(t, two(f.store.Bucket("photos")))
	tr := transport(t)
	tr.DialContext = dialTo(server.Listener.Addr().String())
	c := awsClient(t, f, server, func(o *s3.Options) {
		o.BaseEndpoint = aws.String("http://localhost")
		o.HTTPClient = &http.Client{Transport: tr}
	})
	must(t, two(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String("a/b"), Body: strings.NewReader("x")})))
	if _, err := f.store.Lookup("photos"); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("photos")})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != "a/b" {
		t.Fatalf("%+v, %v", list, err)
	}
}

func TestMinioGo(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	minioGo(t, f, server)
}

// minioGo is minio-go with its defaults.
func minioGo(t *testing.T, f *fixture, server *httptest.Server) {
	c, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{
		Creds: mcredentials.NewStaticV4(f.token.ID, f.token.Secret, ""), Transport: transport(t), BucketLookup: minio.BucketLookupPath,
	})
	must(t, err)
	ctx := t.Context()
	must(t, c.MakeBucket(ctx, "photos", minio.MakeBucketOptions{}))
	if ok, err := c.BucketExists(ctx, "photos"); err != nil || !ok {
		t.Fatal(ok, err)
	}
	must(t, two(c.PutObject(ctx, "photos", "dir/small", strings.NewReader("hello"), 5, minio.PutObjectOptions{UserMetadata: map[string]string{"who": "me"}})))
	o, err := c.GetObject(ctx, "photos", "dir/small", minio.GetObjectOptions{})
	must(t, err)
	sameContent(t, o, []byte("hello"))
	opts := minio.GetObjectOptions{}
	must(t, opts.SetRange(1, 3))
	o, err = c.GetObject(ctx, "photos", "dir/small", opts)
	must(t, err)
	sameContent(t, o, []byte("ell"))
	data := pattern(multipartSize)
	up, err := c.PutObject(ctx, "photos", "big", bytes.NewReader(data), -1, minio.PutObjectOptions{PartSize: 8 << 20})
	if err != nil || !strings.HasSuffix(up.ETag, "-4") {
		t.Fatalf("%+v, %v", up, err)
	}
	o, err = c.GetObject(ctx, "photos", "big", minio.GetObjectOptions{})
	must(t, err)
	sameContent(t, o, data)
	var keys []string
	for i := range c.ListObjects(ctx, "photos", minio.ListObjectsOptions{Recursive: true, WithMetadata: false}) {
		must(t, i.Err)
		keys = append(keys, i.Key)
	}
	if text := strings.Join(keys, " "); text != "big dir/small" {
		t.Errorf("listed %q", text)
	}
	u, err := c.PresignedGetObject(ctx, "photos", "dir/small", time.Minute, nil)
	must(t, err)
	client := &http.Client{Transport: transport(t)}
	if got := send(t, client, "GET", u.String(), "", 200); got != "hello" {
		t.Errorf("presigned: %q", got)
	}
	u, err = c.PresignedPutObject(ctx, "photos", "presigned", time.Minute)
	must(t, err)
	send(t, client, "PUT", u.String(), "sent", 200)
	must(t, two(c.CopyObject(ctx, minio.CopyDestOptions{Bucket: "photos", Object: "copy"}, minio.CopySrcOptions{Bucket: "photos", Object: "presigned"})))
	o, err = c.GetObject(ctx, "photos", "copy", minio.GetObjectOptions{})
	must(t, err)
	sameContent(t, o, []byte("sent"))
	// Of a large one, put together from parts that flint copies.
	must(t, two(c.ComposeObject(ctx, minio.CopyDestOptions{Bucket: "photos", Object: "composed"},
		minio.CopySrcOptions{Bucket: "photos", Object: "big", MatchRange: true, Start: 0, End: 6<<20 - 1},
		minio.CopySrcOptions{Bucket: "photos", Object: "dir/small"})))
	o, err = c.GetObject(ctx, "photos", "composed", minio.GetObjectOptions{})
	must(t, err)
	sameContent(t, o, append(data[:6<<20:6<<20], "hello"...))
}

// code is S3's name of an error that the SDK returned.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func TestAWSSDKErrors(t *testing.T) {
	t.Parallel()
	f, server := newServer(t)
	must(t, two(f.store.Bucket("photos")))
	stranger := *f
	stranger.token.Secret = strings.Repeat("0", 64)
	c := awsClient(t, &stranger, server, pathStyle)
	for _, bucket := range []string{"photos", "nothing"} {
		_, err := c.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket})
		if code(err) != "SignatureDoesNotMatch" {
			t.Errorf("%s: %v", bucket, err)
		}
	}
	stranger.token.ID = strings.Repeat("0", 32)
	if _, err := awsClient(t, &stranger, server, pathStyle).ListBuckets(context.Background(), &s3.ListBucketsInput{}); code(err) != "Unauthorized" {
		t.Error(err)
	}
}
