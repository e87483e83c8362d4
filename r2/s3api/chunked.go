package s3api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The aws-chunked coding of a body: chunks of "<size in hex>[;chunk-signature=
// <hex>]\r\n<bytes>\r\n", one of size 0 at the end, and trailing headers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html

const (
	streamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

	trailerSignature = "X-Amz-Trailer-Signature"
)

// chunked decodes an aws-chunked body as it is read.
type chunked struct {
	src      *bufio.Reader
	sig      *signature // nil: the chunks are not signed
	previous string     // the signature before the next one
	trailing bool       // trailers may follow

	left     int64 // of the chunk under way
	inChunk  bool
	chunkSig string
	sum      hash.Hash // of the chunk under way
	trailer  http.Header
	err      error // sticky; io.EOF after the last trailer
}

// newChunked decodes src, whose kind is one of the three STREAMING- texts.
func newChunked(src io.Reader, kind string, sig *signature) *chunked {
	c := &chunked{src: bufio.NewReaderSize(src, maxChunkLine), trailing: kind != streamingSigned, trailer: http.Header{}}
	if kind != streamingUnsignedTrailer {
		c.sig, c.previous, c.sum = sig, sig.provided, sha256.New()
	}
	return c
}

// Read implements io.Reader. What it returns of a signed chunk is certain only
// when the next chunk or the end is reached.
func (c *chunked) Read(p []byte) (int, error) {
	for c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.sum != nil {
		c.sum.Write(p[:n])
	}
	if err != nil {
		c.err = brokenOff(err)
		return n, c.err
	}
	return n, nil
}

// next ends the chunk under way and begins another; io.EOF after the last.
func (c *chunked) next() error {
	if c.inChunk {
		if line, err := c.line(); err != nil || line != "" {
			return malformed(err)
		}
		if err := c.checkChunk(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return malformed(err)
	}
	size, extension, _ := strings.Cut(line, ";")
	if c.left, err = parseChunkSize(size); err != nil {
		return err
	}
	c.chunkSig = strings.TrimPrefix(extension, "chunk-signature=")
	c.inChunk = true
	if c.left > 0 {
		return nil
	}
	if err := c.checkChunk(); err != nil {
		return err
	}
	return c.readTrailer()
}

func parseChunkSize(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 16, 62)
	if err != nil {
		return 0, errMalformedChunk
	}
	return int64(n), nil
}

// checkChunk holds the chunk that was read against its signature.
func (c *chunked) checkChunk() error {
	if c.sig == nil {
		return nil
	}
	sum := hex.EncodeToString(c.sum.Sum(nil))
	c.sum.Reset()
	return c.check(streamingChunk, hexSHA256("")+"\n"+sum, c.chunkSig)
}

const (
	streamingChunk   = "AWS4-HMAC-SHA256-PAYLOAD"
	streamingTrailer = "AWS4-HMAC-SHA256-TRAILER"
)

// check verifies one link of the chain of signatures.
func (c *chunked) check(kind, hashes, provided string) error {
	want := c.sig.sign(strings.Join([]string{kind, c.sig.date, c.sig.scope(), c.previous, hashes}, "\n"))
	if !sameSignature(provided, want) {
		return errChunkSignature
	}
	c.previous = want
	return nil
}

// readTrailer reads what follows the last chunk, to the end of the body. That
// a client leaves out the empty line at the very end is forgiven.
func (c *chunked) readTrailer() error {
	var signed bytes.Buffer
	for total := 0; ; {
		line, err := c.line()
		if errors.Is(err, io.ErrUnexpectedEOF) && line == "" {
			break
		}
		if err != nil {
			return malformed(err)
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if total += len(line); !ok || !c.trailing || total > maxTrailer {
			return errMissingTrailer
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		c.trailer.Set(name, value)
		if http.CanonicalHeaderKey(name) != trailerSignature {
			signed.WriteString(name + ":" + value + "\n")
		}
	}
	if c.sig != nil && c.trailing {
		if err := c.check(streamingTrailer, hexSHA256(signed.String()), c.trailer.Get(trailerSignature)); err != nil {
			return err
		}
	}
	return c.atEnd()
}

// atEnd makes sure that nothing follows.
func (c *chunked) atEnd() error {
	for {
		line, err := c.line()
		switch {
		case line != "":
			return errMalformedChunk
		case errors.Is(err, io.ErrUnexpectedEOF):
			return io.EOF
		case err != nil:
			return malformed(err)
		}
	}
}

// line reads a line without its end; io.ErrUnexpectedEOF if the body ends in it.
func (c *chunked) line() (string, error) {
	text, err := c.src.ReadSlice('\n')
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if err != nil {
		return line, brokenOff(err)
	}
	return line, nil
}

// brokenOff is the error of a body that ends where it must not.
func brokenOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// malformed is the error of framing that cannot be read: the body's own, if it
// is one, else that it is no framing.
func malformed(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errIncompleteBody
	case err == nil, errors.Is(err, bufio.ErrBufferFull):
		return errMalformedChunk
	}
	return err
}
