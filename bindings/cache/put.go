package cache

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Errors of Put.
var (
	// ErrRefused says that the response is not one that is stored: it forbids it,
	// is not fresh for a moment, or is larger than MaxObject.
	ErrRefused = errors.New("the response may not be cached")
	// ErrMalformed says that the message is no HTTP response.
	ErrMalformed = errors.New("not an HTTP response")
	// ErrIncomplete says that the message ended before the body did.
	ErrIncomplete = errors.New("the response ended early")
)

// Put stores the response that message holds: a status line, headers and the
// body as it is, never in chunks whatever Transfer-Encoding says. A response
// that ends early is not stored.
func (c *Cache) Put(k Key, message io.Reader) error {
	limit := &io.LimitedReader{R: message, N: maxHeader}
	r := bufio.NewReaderSize(limit, 32<<10)
	m, length, err := c.readHead(k, r)
	if err != nil {
		return headError(err, limit)
	}
	limit.N = math.MaxInt64 // copyBody has its own limit
	f, err := os.CreateTemp(c.dir, "put-*"+tempSuffix)
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if m.Size, err = copyBody(f, r, length, c.max); err != nil {
		return err
	}
	e := &entry{hash: k.hash()}
	e.meta.Store(m)
	if e.bytes, err = writeMeta(f, m); err != nil {
		return err
	}
	err = c.commit(e, f.Name())
	return err
}

// commit gives the finished file its name and its place in the index at once.
func (c *Cache) commit(e *entry, temp string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putNumber++
	e.seq = c.putNumber
	if err := os.Rename(temp, filepath.Join(c.dir, e.name())); err != nil {
		return err
	}
	c.insert(e)
	return nil
}

// readHead reads the status line and headers. length is -1 when unknown.
func (c *Cache) readHead(k Key, r *bufio.Reader) (m *meta, length int64, err error) {
	lines := textproto.NewReader(r)
	status, err := lines.ReadLine()
	if err != nil {
		return nil, 0, err
	}
	proto, rest, _ := strings.Cut(status, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/1.") || n < 200 || n > 999 {
		return nil, 0, fmt.Errorf("%w: it begins with %.60q", ErrMalformed, status)
	}
	mime, err := lines.ReadMIMEHeader()
	if err != nil {
		return nil, 0, err
	}
	h := http.Header(mime)
	length = -1
	if v := h.Get("Content-Length"); v != "" {
		if length, err = strconv.ParseInt(v, 10, 64); err != nil || length < 0 {
			return nil, 0, fmt.Errorf("%w: Content-Length is %.60q", ErrMalformed, v)
		}
	}
	now := c.clock.Now()
	expires, ok := expiry(n, h, now)
	if !ok || length > min(MaxObject, c.max) {
		return nil, 0, ErrRefused
	}
	return &meta{Key: k, Status: n, Headers: storedHeaders(h), Stored: now, Expires: expires}, length, nil
}

// headError tells why no head could be read.
func headError(err error, limit *io.LimitedReader) error {
	var protocol textproto.ProtocolError
	switch {
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrRefused):
		return err
	case limit.N <= 0:
		return fmt.Errorf("%w: its headers exceed %d bytes", ErrMalformed, maxHeader)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrIncomplete
	case errors.As(err, &protocol):
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	default:
		return err
	}
}

// storedHeaders leaves out what speaks of the connection.
func storedHeaders(h http.Header) (out [][2]string) {
	for name, values := range h {
		switch name {
		case "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Cf-Cache-Status":
			continue
		}
		for _, v := range values {
			out = append(out, [2]string{name, v})
		}
	}
	return out
}

// copyBody copies the body and refuses one that is too large or too short.
func copyBody(f *os.File, r io.Reader, length, room int64) (int64, error) {
	most := min(MaxObject, room)
	n, err := io.Copy(f, io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return n, err
	case n > most:
		return n, ErrRefused
	case length >= 0 && n != length:
		return n, fmt.Errorf("%w: %d of %d bytes", ErrIncomplete, n, length)
	}
	return n, nil
}
