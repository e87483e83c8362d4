package front

import (
	"bytes"
	"errors"
	"strconv"

	"flint/internal/rawhttp"
)

// framing finds the end of a response's body in the bytes that are passed on.
type framing struct {
	untilClose bool  // the body ends when the connection closes
	remaining  int64 // bytes of the body, or of a chunk with its CRLF, that are to come
	chunked    bool

	partialLine []byte // the beginning of a chunk's size line or a trailer's
	inTrailer   bool   // the last chunk has passed
}

var errChunk = errors.New("malformed chunk")

// maxChunkLine is the longest size line of a chunk, with its extensions, or line of
// a trailer, in bytes.
const maxChunkLine = 4 << 10

// reset prepares for the body that follows res; noBody says that none follows.
func (f *framing) reset(res *rawhttp.Head, noBody bool) {
	*f = framing{partialLine: f.partialLine[:0]}
	switch {
	case noBody:
	case res.Chunked:
		f.chunked = true
	case res.ContentLength >= 0:
		f.remaining = res.ContentLength
	default:
		f.untilClose = true
	}
}

// next returns how many bytes of b belong to the body and whether it ends there.
func (f *framing) next(b []byte) (n int, done bool, err error) {
	switch {
	case f.untilClose:
		return len(b), false, nil
	case f.chunked:
		return f.nextChunked(b)
	}
	n = int(min(int64(len(b)), f.remaining))
	f.remaining -= int64(n)
	return n, f.remaining == 0, nil
}

func (f *framing) nextChunked(b []byte) (n int, done bool, err error) {
	for n < len(b) {
		if f.remaining > 0 {
			k := min(int64(len(b)-n), f.remaining)
			n, f.remaining = n+int(k), f.remaining-k
			continue
		}
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			f.partialLine = append(f.partialLine, b[n:]...)
			if len(f.partialLine) > maxChunkLine {
				return 0, false, errChunk
			}
			return len(b), false, nil
		}
		line := b[n : n+end]
		if len(f.partialLine) > 0 {
			line = append(f.partialLine, line...)
			f.partialLine = line[:0]
		}
		n += end + 1
		if done, err := f.parseLine(line); done || err != nil {
			return n, done, err
		}
	}
	return n, false, nil
}

// parseLine parses a chunk's size line or a line of the trailer. done means that the
// body has ended.
func (f *framing) parseLine(line []byte) (done bool, err error) {
	line = bytes.TrimSpace(line)
	if f.inTrailer {
		return len(line) == 0, nil
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
	if err != nil {
		return false, errChunk
	}
	f.inTrailer = n == 0
	if n > 0 {
		f.remaining = int64(n) + 2
	}
	return false, nil
}
