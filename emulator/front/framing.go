package front

import (
	"bytes"
	"errors"
	"strconv"

	"flint/internal/rawhttp"
)

// framing finds the end of a response's body while its bytes are passed on.
type framing struct {
	toEnd   bool  // the body ends with the connection
	rest    int64 // bytes of the body, or of a chunk with its line end, that are to come
	chunked bool

	line    []byte // the beginning of a chunk's line or of a trailer's
	trailer bool   // the last chunk has passed
}

var errChunk = errors.New("malformed chunk")

// maxChunkLine bounds a chunk's line with its extensions, and a trailer's.
const maxChunkLine = 4 << 10

// begin reads from a head how the body ends; none says that there is no body.
func (f *framing) begin(res *rawhttp.Head, none bool) {
	*f = framing{line: f.line[:0]}
	switch {
	case none:
	case res.Chunked:
		f.chunked = true
	case res.Length >= 0:
		f.rest = res.Length
	default:
		f.toEnd = true
	}
}

// next says how many bytes of b belong to the body, and whether it ends there.
func (f *framing) next(b []byte) (n int, done bool, err error) {
	switch {
	case f.toEnd:
		return len(b), false, nil
	case f.chunked:
		return f.nextChunked(b)
	}
	n = int(min(int64(len(b)), f.rest))
	f.rest -= int64(n)
	return n, f.rest == 0, nil
}

func (f *framing) nextChunked(b []byte) (n int, done bool, err error) {
	for n < len(b) {
		if f.rest > 0 {
			k := min(int64(len(b)-n), f.rest)
			n, f.rest = n+int(k), f.rest-k
			continue
		}
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			f.line = append(f.line, b[n:]...)
			if len(f.line) > maxChunkLine {
				return 0, false, errChunk
			}
			return len(b), false, nil
		}
		line := b[n : n+end]
		if len(f.line) > 0 {
			line = append(f.line, line...)
			f.line = line[:0]
		}
		n += end + 1
		if done, err := f.ended(line); done || err != nil {
			return n, done, err
		}
	}
	return n, false, nil
}

// ended takes a chunk's line or a line of the trailer.
func (f *framing) ended(line []byte) (done bool, err error) {
	line = bytes.TrimSpace(line)
	if f.trailer {
		return len(line) == 0, nil
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
	if err != nil {
		return false, errChunk
	}
	f.trailer = n == 0
	if n > 0 {
		f.rest = int64(n) + 2
	}
	return false, nil
}
