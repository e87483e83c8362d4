package rawhttp

import (
	"bytes"
	"strconv"
)

// Head is the head of an HTTP/1.1 request or response. Its slices point into the
// buffer that it was parsed from.
type Head struct {
	StartLine []byte // the start line: request line or status line, without CRLF
	Fields    []Field
	Size      int // bytes of the head with the empty line

	ContentLength int64 // Content-Length; -1 when absent
	Chunked       bool
	Close         bool // Connection: close
	Unusual       bool // it has an upgrade, an expectation, trailers or unknown connection options
}

// Field is one header.
type Field struct{ Name, Value []byte }

// maxFields is the most fields of a head that Parse accepts.
const maxFields = 128

var crlf = []byte("\r\n")

// Parse parses the head at the beginning of b, reusing the memory of h.Fields. It is
// stricter than net/http and reports false for anything unusual; the caller then
// leaves the request to net/http.
func (h *Head) Parse(b []byte) bool {
	*h = Head{Fields: h.Fields[:0], ContentLength: -1}
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok || len(line) == 0 || !printable(line) {
		return false
	}
	h.StartLine = line
	for {
		line, rest, ok = bytes.Cut(rest, crlf)
		if !ok {
			return false
		}
		if len(line) == 0 {
			h.Size = len(b) - len(rest)
			return true
		}
		if len(h.Fields) == maxFields || !h.parseField(line) {
			return false
		}
	}
}

// parseField parses one header line.
func (h *Head) parseField(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !IsToken(line[:colon]) {
		return false
	}
	f := Field{line[:colon], bytes.Trim(line[colon+1:], " \t")}
	if !printable(f.Value) {
		return false
	}
	h.Fields = append(h.Fields, f)
	return h.parseFraming(f)
}

// parseFraming evaluates a field that concerns the body's length or the connection.
func (h *Head) parseFraming(f Field) bool {
	switch {
	case Is(f.Name, "Content-Length"):
		n, err := strconv.ParseUint(string(f.Value), 10, 62)
		if err != nil || h.ContentLength >= 0 {
			return false
		}
		h.ContentLength = int64(n)
	case Is(f.Name, "Transfer-Encoding"):
		if h.Chunked || !Is(f.Value, "chunked") {
			return false
		}
		h.Chunked = true
	case Is(f.Name, "Connection"):
		h.Close = Is(f.Value, "close")
		h.Unusual = h.Unusual || !h.Close && !Is(f.Value, "keep-alive")
	case Is(f.Name, "Upgrade"), Is(f.Name, "Expect"), Is(f.Name, "Trailer"), Is(f.Name, "Te"):
		h.Unusual = true
	}
	return true
}

// Get returns the value of the first field with a name; nil when there is none.
func (h *Head) Get(name string) []byte {
	for _, f := range h.Fields {
		if Is(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// Count returns how many fields have a name.
func (h *Head) Count(name string) int {
	n := 0
	for _, f := range h.Fields {
		if Is(f.Name, name) {
			n++
		}
	}
	return n
}

// Is reports whether b is name, in any case.
func Is(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i := range b {
		x, y := b[i], name[i]
		if x != y && lower(x) != lower(y) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// printable reports whether b has no control characters except tabs.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// IsToken reports whether b is a token (RFC 9110, 5.6.2), as methods and field names are.
func IsToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

var tokenBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0
	}
	return t
}()
