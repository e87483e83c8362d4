package rawhttp

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestHeadParses(t *testing.T) {
	t.Parallel()
	var h Head
	text := "POST /a?b HTTP/1.1\r\nHost: example.com\r\ncontent-length:  12 \r\nConnection: close\r\nX-Empty:\r\n\r\nbody"
	if !h.Parse([]byte(text)) {
		t.Fatal("not parsed")
	}
	if string(h.StartLine) != "POST /a?b HTTP/1.1" || h.ContentLength != 12 || !h.Close || h.Unusual || h.Chunked ||
		string(h.Get("HOST")) != "example.com" || h.Size != len(text)-len("body") || len(h.Fields) != 4 {
		t.Errorf("%+v", h)
	}
}

// net/http must parse a head that Parse accepts with the same result.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var h Head
		if !h.Parse([]byte(text)) || h.Unusual || h.Chunked || h.Count("Host") != 1 || !strings.HasSuffix(string(h.StartLine), " HTTP/1.1") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // net/http is stricter about the target; workerd judges what passes
		}
		if want := max(h.ContentLength, 0); r.ContentLength != want {
			t.Errorf("length %d, net/http reads %d in %q", want, r.ContentLength, text)
		}
		if host := h.Get("Host"); !bytes.Equal(host, []byte(r.Host)) && len(host) > 0 && !strings.Contains(text, "://") {
			t.Errorf("host %q, net/http reads %q in %q", host, r.Host, text)
		}
	})
}
