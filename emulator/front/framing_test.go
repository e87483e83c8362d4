package front

import (
	"strings"
	"testing"

	"flint/internal/rawhttp"
)

func TestFramingFindsTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ head, body, next string }{
		{"Content-Length: 5", "hello", "HTTP/1.1"},
		{"Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1"},
		{"Transfer-Encoding: chunked", "A;ext=\"x\"\r\n0123456789\r\n1\r\n\n\r\n0\r\nA: b\r\n\r\n", "next"},
		{"Transfer-Encoding: chunked", "0\r\n\r\n", ""},
	} {
		var h rawhttp.Head
		if !h.Parse([]byte("HTTP/1.1 200 OK\r\n" + c.head + "\r\n\r\n")) {
			t.Fatal(c.head)
		}
		for size := 1; size <= len(c.body)+len(c.next); size++ { // in pieces of every size
			var f framing
			f.reset(&h, false)
			rest, got, done := c.body+c.next, 0, false
			for !done {
				part := rest[:min(size, len(rest))]
				n, end, err := f.next([]byte(part))
				if err != nil || !end && n != len(part) || len(part) == 0 {
					t.Fatalf("%q in pieces of %d: %d of %d, %v", c.body, size, n, len(part), err)
				}
				got, done, rest = got+n, end, rest[n:]
			}
			if got != len(c.body) {
				t.Errorf("%q in pieces of %d ends after %d", c.body, size, got)
			}
		}
	}
}

func TestFramingWithoutABodyAndToTheEnd(t *testing.T) {
	t.Parallel()
	var f framing
	f.reset(&rawhttp.Head{ContentLength: 5}, true)
	if n, done, err := f.next([]byte("HTTP")); n != 0 || !done || err != nil {
		t.Error(n, done, err)
	}
	f.reset(&rawhttp.Head{ContentLength: -1}, false)
	if n, done, err := f.next([]byte("all of it")); n != 9 || done || err != nil || !f.untilClose {
		t.Error(n, done, err)
	}
}

func TestFramingRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"xyz\r\n", "\r\n", "-1\r\n", "ffffffffffffffffff\r\n", strings.Repeat("0", maxChunkLine+1)} {
		var f framing
		f.reset(&rawhttp.Head{ContentLength: -1, Chunked: true}, false)
		if _, _, err := f.next([]byte(body)); err == nil {
			t.Errorf("%.20q passes", body)
		}
	}
}
