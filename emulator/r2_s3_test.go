package emulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"flint/config"
	"flint/emulator"
)

const s3Worker = `export default { async fetch(r, env) {
  await env.B.put("from-worker", "hello", { httpMetadata: { contentType: "text/x" }, customMetadata: { "ü": "1", who: "wörker" } });
  const o = await env.B.get("from-s3");
  return new Response(o ? await o.text() + " " + o.customMetadata.who + " " + o.checksums.sha256 : "none");
} }`

// TestS3AndBinding sees the same bucket from a Worker and through the S3 port.
func TestS3AndBinding(t *testing.T) {
	t.Parallel()
	a := run(t, s3Worker, "[[r2_buckets]]\nbinding = \"B\"\nbucket_name = \"photos\"\n",
		map[string]string{"flint.toml": "[r2]\naccess_key_id = \"ci\"\nsecret_access_key = \"not so secret\"\n"})
	if got := a.text("/", 200); got != "none" {
		t.Errorf("got %q", got)
	}
	c := s3Client(t, a.e.Run().S3, "ci", "not so secret")
	get, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String("from-worker")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(get.Body); err != nil || string(body) != "hello" || *get.ContentType != "text/x" || get.Metadata["who"] != "=?UTF-8?b?d8O2cmtlcg==?=" || *get.MissingMeta != 1 {
		t.Errorf("%q, %v, %+v", body, err, get)
	}
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("photos"), Key: aws.String("from-s3"), Body: strings.NewReader("hi"), Metadata: map[string]string{"who": "=?UTF-8?Q?=C3=BC?="},
		ChecksumSHA256: aws.String("j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.text("/", 200); !strings.HasPrefix(got, "hi ü ") {
		t.Errorf("got %q", got)
	}
}

func s3Client(t *testing.T, endpoint, id, secret string) *s3.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint), Region: "auto", UsePathStyle: true, HTTPClient: &http.Client{Transport: tr},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
	})
}

// TestR2TokensAreSharedWithARunningEmulator makes and deletes a key from outside.
func TestR2TokensAreSharedWithARunningEmulator(t *testing.T) {
	t.Parallel()
	var settings *config.Project
	e := emulator.RunT(t, write(t, "export default {}", "[[r2_buckets]]\nbinding = \"B\"\nbucket_name = \"photos\"\n"), func(p *config.Project) { settings = p })
	tokens := emulator.R2Tokens(settings)
	token, err := tokens.Create(emulator.R2Token{Name: "x", Permission: emulator.R2Permissions[0]})
	if err != nil {
		t.Fatal(err)
	}
	c := s3Client(t, e.Run().S3, token.ID, token.Secret)
	list, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(list.Buckets) != 1 {
		t.Fatal(list, err)
	}
	if err := tokens.Delete("x"); err != nil {
		t.Fatal(err)
	}
	_, err = c.ListBuckets(context.Background(), &s3.ListBucketsInput{})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "Unauthorized" {
		t.Error(err)
	}
}
