package outbound

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestEncodedBody passes a body that flint cannot unpack as it came.
func TestEncodedBody(t *testing.T) {
	t.Parallel()
	packed := []byte{0x0b, 0x02, 0x80, 'h', 'e', 'l', 'l', 'o', 0x03, 0xff, 0x00}
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = w.Write(packed)
	}))
	t.Cleanup(real.Close)
	gate := served(t, Options{Rules: Rules{Allow: []string{"api.example.com"}}, dial: to(real.Listener.Addr().String())})
	res := fetch(t, gate, "http", "api.example.com", "/", http.Header{"Accept-Encoding": {"br, gzip"}})
	body, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(body, packed) || res.Header.Get("Content-Encoding") != "br" {
		t.Errorf("%v %x %v", err, body, res.Header)
	}
}
