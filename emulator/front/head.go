package front

import (
	"bytes"
	"strconv"
)

// head is the start of an HTTP/1.1 request or response as it was sent. Its
// slices point into the connection's buffer.
type head struct {
	first  []byte // request or status line, without its end
	fields []headerField
	size   int // of the head with the empty line, in bytes

	length  int64 // Content-Length; -1 when absent
	chunked bool
	close   bool // Connection: close
	unusual bool // something that the short way does not handle
}

type headerField struct{ name, value []byte }

// maxFields bounds the headers of a head that is parsed here.
const maxFields = 128

var crlf = []byte("\r\n")

// parse reads a whole head from b into h, keeping its capacity. It reports
// false for anything out of the ordinary; the caller then takes the long way,
// where net/http judges it.
func (h *head) parse(b []byte) bool {
	*h = head{fields: h.fields[:0], length: -1}
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok || len(line) == 0 || !printable(line) {
		return false
	}
	h.first = line
	for {
		line, rest, ok = bytes.Cut(rest, crlf)
		if !ok {
			return false
		}
		if len(line) == 0 {
			h.size = len(b) - len(rest)
			return true
		}
		if len(h.fields) == maxFields || !h.field(line) {
			return false
		}
	}
}

// field takes one header line.
func (h *head) field(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !token(line[:colon]) {
		return false
	}
	f := headerField{line[:colon], bytes.Trim(line[colon+1:], " \t")}
	if !printable(f.value) {
		return false
	}
	h.fields = append(h.fields, f)
	return h.framing(f)
}

// framing notes what the field says about the body and the connection.
func (h *head) framing(f headerField) bool {
	switch {
	case is(f.name, "Content-Length"):
		n, err := strconv.ParseUint(string(f.value), 10, 62)
		if err != nil || h.length >= 0 {
			return false
		}
		h.length = int64(n)
	case is(f.name, "Transfer-Encoding"):
		if h.chunked || !is(f.value, "chunked") {
			return false
		}
		h.chunked = true
	case is(f.name, "Connection"):
		h.close = is(f.value, "close")
		h.unusual = h.unusual || !h.close && !is(f.value, "keep-alive")
	case is(f.name, "Upgrade"), is(f.name, "Expect"), is(f.name, "Trailer"), is(f.name, "Te"):
		h.unusual = true
	}
	return true
}

// get is the value of the first field with a name; nil when there is none.
func (h *head) get(name string) []byte {
	for _, f := range h.fields {
		if is(f.name, name) {
			return f.value
		}
	}
	return nil
}

// count is how many fields have a name.
func (h *head) count(name string) int {
	n := 0
	for _, f := range h.fields {
		if is(f.name, name) {
			n++
		}
	}
	return n
}

// is compares names without regard to case.
func is(b []byte, name string) bool {
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

// token reports whether b is a header's name (RFC 9110, 5.6.2).
func token(b []byte) bool {
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
