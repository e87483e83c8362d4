package driver

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// Body is an object with its content or a part of it.
type Body struct {
	*Object
	Span Span
	// Content yields Span.Length bytes. Close it. It keeps yielding the bytes
	// of this version when the object is replaced or deleted meanwhile.
	Content io.ReadCloser
}

// InlineBody is content that came with its row.
type InlineBody struct{ *bytes.Reader }

// Close implements io.Closer.
func (InlineBody) Close() error { return nil }

// ReadFull fills buf unless the stream ends; unlike io.ReadFull it tells a
// stream that ended (nil) from one that broke.
func ReadFull(r io.Reader, buf []byte) (n int, eof bool, err error) {
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if errors.Is(err, io.EOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// CopyBuffers holds buffers of CopyBuffer bytes for content that is passed on.
var CopyBuffers = sync.Pool{New: func() any { b := make([]byte, CopyBuffer); return &b }}

// MaxTries bounds how often a get begins anew because the object was replaced
// between reading its row and opening its blob.
const MaxTries = 100

// InlineBuffers holds buffers of one byte more than the largest content in the table.
var InlineBuffers = sync.Pool{New: func() any { b := make([]byte, MaxInline+1); return &b }}
