package rawhttp

import (
	"bytes"
	"strconv"
)

// Head is the start of an HTTP/1.1 request or response as it was sent. Its
// slices point into the connection's buffer.
type Head struct {
	First  []byte // request or status line, without its end
	Fields []Field
	Size   int // of the head with the empty line, in bytes

	Length  int64 // Content-Length; -1 when absent
	Chunked bool
	Close   bool // Connection: close
	Unusual bool // more than a question and an answer
}

// Field is one header.
type Field struct{ Name, Value []byte }

// maxFields bounds the headers of a head that is parsed here.
const maxFields = 128

var crlf = []byte("\r\n")

// Parse reads a whole head from b into h, keeping its capacity. It reports
// false for anything out of the ordinary; the caller then lets net/http judge it.
func (h *Head) Parse(b []byte) bool {
	*h = Head{Fields: h.Fields[:0], Length: -1}
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok || len(line) == 0 || !printable(line) {
		return false
	}
	h.First = line
	for {
		line, rest, ok = bytes.Cut(rest, crlf)
		if !ok {
			return false
		}
		if len(line) == 0 {
			h.Size = len(b) - len(rest)
			return true
		}
		if len(h.Fields) == maxFields || !h.field(line) {
			return false
		}
	}
}

// field takes one header line.
func (h *Head) field(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !Token(line[:colon]) {
		return false
	}
	f := Field{line[:colon], bytes.Trim(line[colon+1:], " \t")}
	if !printable(f.Value) {
		return false
	}
	h.Fields = append(h.Fields, f)
	return h.framing(f)
}

// framing notes what the field says about the body and the connection.
func (h *Head) framing(f Field) bool {
	switch {
	case Is(f.Name, "Content-Length"):
		n, err := strconv.ParseUint(string(f.Value), 10, 62)
		if err != nil || h.Length >= 0 {
			return false
		}
		h.Length = int64(n)
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

// Get is the value of the first field with a name; nil when there is none.
func (h *Head) Get(name string) []byte {
	for _, f := range h.Fields {
		if Is(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// Count is how many fields have a name.
func (h *Head) Count(name string) int {
	n := 0
	for _, f := range h.Fields {
		if Is(f.Name, name) {
			n++
		}
	}
	return n
}

// Is compares names without regard to case.
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

// printable reports whether b has no control characters but tabs.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Token reports whether b is a header's name (RFC 9110, 5.6.2).
func Token(b []byte) bool {
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
