package s3api

import "time"

// Limits of R2's S3 API.
const (
	// maxSkew is how far a request's date may be from the clock.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
	maxSkew = 15 * time.Minute
	// maxExpires is the longest life of a presigned URL, in seconds: a week.
	// https://developers.cloudflare.com/r2/api/s3/presigned-urls/
	maxExpires = 604_800
)

// Our own bounds.
const (
	// maxXML bounds an XML body, in bytes. The longest legal one names 1,000 keys
	// of 1,024 bytes, each written as a character reference of six.
	maxXML = 8 << 20
	// maxChunkLine bounds the line before a chunk, maxTrailer the lines after the
	// last one, in bytes.
	maxChunkLine = 4 << 10
	maxTrailer   = 16 << 10
	// maxTokenFile bounds the file of tokens, maxTokens how many it holds.
	maxTokenFile = 4 << 20
	maxTokens    = 1000
)
