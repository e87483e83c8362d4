package s3api

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"flint/r2"
)

// payload is the body of a request as its sender meant it: without framing,
// and held against everything that was promised of it. The reader that gets
// its last byte, or its end, can trust it; before, nothing may be acknowledged.
type payload struct {
	src     io.Reader
	size    int64 // bytes
	got     int64
	checks  []check
	trailer func() http.Header // after the last byte
	kept    *checksum          // which of the checks is kept with the object
	sum     []byte             // its value, after the last byte
	done    error              // io.EOF, or why the body is not to be trusted
}

// check compares a hash of the body with a promise.
type check struct {
	hash hash.Hash
	want []byte // nil: a trailer will tell
	fail func(want, got []byte) error
}

// newPayload reads what the headers promise of the body.
func newPayload(r *http.Request, sig *signature) (*payload, error) {
	p := &payload{src: r.Body, size: r.ContentLength}
	if err := p.frame(r, sig); err != nil {
		return nil, err
	}
	if text := r.Header.Get("Content-Md5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != md5.Size {
			return nil, errInvalidDigest
		}
		p.checks = append(p.checks, check{md5.New(), want, badDigest("MD5", hex.EncodeToString)})
	}
	c, want, err := announced(r.Header)
	if err != nil || c == nil {
		return p, err
	}
	if want == nil && p.trailer == nil {
		return nil, errMissingTrailer
	}
	p.kept = c
	p.checks = append(p.checks, check{c.new(), want, badDigest(c.name, base64.StdEncoding.EncodeToString)})
	return p, nil
}

// frame finds out how the body is framed, and its length.
func (p *payload) frame(r *http.Request, sig *signature) error {
	kind := sig.payload
	if sig.presigned && r.Header.Get("X-Amz-Content-Sha256") != "" {
		kind = r.Header.Get("X-Amz-Content-Sha256")
	}
	switch kind {
	case unsignedPayload:
	case streamingSigned, streamingSignedTrailer, streamingUnsignedTrailer:
		if sig.presigned && kind != streamingUnsignedTrailer {
			return errContentHashForm // there is no signature in a header to begin the chain with
		}
		size, err := strconv.ParseUint(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 62)
		if err != nil {
			return errNoDecodedLength
		}
		c := newChunked(r.Body, kind, sig)
		p.src, p.size = c, int64(size)
		p.trailer = func() http.Header { return c.trailer }
		return nil
	default:
		want, err := hex.DecodeString(kind)
		switch {
		case strings.HasPrefix(kind, "STREAMING-"):
			return notImplemented("x-amz-content-sha256 " + kind)
		case err != nil || len(want) != sha256.Size:
			return errContentHashForm
		}
		p.checks = append(p.checks, check{sha256.New(), want, func(_, _ []byte) error { return errContentSHA256 }})
	}
	if p.size < 0 {
		return errNoLength
	}
	return nil
}

func badDigest(name string, text func([]byte) string) func(want, got []byte) error {
	return func(want, got []byte) error {
		return failuref(http.StatusBadRequest, "BadDigest",
			"The %[1]s checksum you specified did not match what we received.\nYou provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s", name, text(want), text(got))
	}
}

// Read implements io.Reader.
func (p *payload) Read(b []byte) (int, error) {
	if p.done == nil && p.got == p.size {
		p.done = p.finish()
	}
	if p.done != nil {
		return 0, p.done
	}
	n, err := p.src.Read(b[:min(int64(len(b)), p.size-p.got)])
	p.got += int64(n)
	for _, c := range p.checks {
		c.hash.Write(b[:n])
	}
	switch {
	case p.got == p.size:
		// Some readers stop at the last byte: it comes with the verdict.
		if p.done = p.finish(); !errors.Is(p.done, io.EOF) {
			return 0, p.done
		}
		return n, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		p.done = errIncompleteBody
		return 0, p.done
	case err != nil:
		p.done = err
	}
	return n, err
}

// finish reads what follows the last byte and gives the verdict.
func (p *payload) finish() error {
	var one [1]byte
	n, err := io.ReadFull(p.src, one[:])
	switch {
	case n > 0:
		return errIncompleteBody // more than was said
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errIncompleteBody
	case !errors.Is(err, io.EOF):
		return err
	}
	for i := range p.checks {
		c := &p.checks[i]
		if c.want == nil {
			if c.want, err = p.kept.decode(p.trailer().Get(p.kept.header())); err != nil {
				return errMissingTrailer
			}
		}
		got := c.hash.Sum(nil)
		if !bytes.Equal(c.want, got) {
			return c.fail(c.want, got)
		}
		p.sum = got // the kept one is the last
	}
	return io.EOF
}

// checksums is what is kept of the body once it was read to its end.
func (p *payload) checksums() r2.Checksums {
	var out r2.Checksums
	if p.kept != nil {
		out.SetNamed(p.kept.name, p.sum)
	}
	return out
}

// promised is the name of the checksum that is kept, and its value if that came
// before the body.
func (p *payload) promised() (name string, sum []byte) {
	if p.kept == nil {
		return "", nil
	}
	return p.kept.name, p.checks[len(p.checks)-1].want // the kept one is the last
}
