package loophttp

import (
	"bufio"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fastHeads are heads as workerd sends them or might.
var fastHeads = []string{
	"GET /key?urlencoded=true HTTP/1.1\r\nHost: fake-host\r\nX-Flint-Binding: kv/bench\r\nCF-KV-FLPROD-405: https://fake-host/key?urlencoded=true\r\n\r\n",
	"PUT /key-0?urlencoded=true HTTP/1.1\r\nContent-Length: 5\r\nHost: fake-host\r\nContent-Type: text/plain;charset=UTF-8\r\nX-Flint-Binding: kv/b\r\n\r\n",
	"POST /message HTTP/1.1\r\nContent-Length: 0\r\nHost: h\r\nX-Msg-Fmt: json\r\nx-a:\r\nX-A: \t2 \t\r\nX-B: \xff\r\nConnection: keep-alive\r\n\r\n",
	"GET /a%2Fb?c=%20 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET //x/../y? HTTP/1.1\r\nHost:\r\n\r\n",
	"GET /é!*'(x) HTTP/1.1\r\nHost: h\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\nI: 9\r\nJ: 10\r\n\r\n",
}

// slowHeads are left to net/http.
var slowHeads = []string{
	"GET /a?b#c\td HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET http://other/x HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
	"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
}

// parseFast must give the same request as net/http.
func FuzzParseFast(f *testing.F) {
	for _, head := range slices.Concat(fastHeads, slowHeads) {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := strings.Index(text, "\r\n\r\n") + 4
		if end < 4 {
			return
		}
		text = text[:end]
		buffer := append(make([]byte, 0, len(text)+100), text...) // with spare capacity, as a connection's buffer has
		var r parsedRequest
		if !r.parseFast([]byte(fastHeads[2])) || !r.parseFast(buffer) {
			return
		}
		want, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", text, err)
		}
		clear(buffer) // as the connection's next request does
		if want.ContentLength > 0 {
			want.Body = http.NoBody // which the caller sets
		}
		got := r.Clone(context.Background())
		want = want.WithContext(context.Background())
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q\n got %+v %+v\nwant %+v %+v", text, got, got.URL, want, want.URL)
		}
	})
}

func TestParseFastAccepts(t *testing.T) {
	t.Parallel()
	for want, heads := range map[bool][]string{true: fastHeads, false: slowHeads} {
		for _, head := range heads {
			if got := new(parsedRequest).parseFast([]byte(head)); got != want {
				t.Errorf("%q: ordinary %v, want %v", head, got, want)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	head := []byte(fastHeads[0])
	var r parsedRequest
	b.ReportAllocs()
	for b.Loop() {
		if r.parse(head) == nil {
			b.Fatal("not read")
		}
	}
}
