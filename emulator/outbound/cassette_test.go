package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	password = "hunter2-hunter2"
	liveKey  = "sk-live0123456789abcdef"
)

// tapes is a host whose answers change, a gate that records it, and one that
// replays and must not connect.
func tapes(t *testing.T, answer http.HandlerFunc) (record, replay *httptest.Server, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "cassettes")
	real := origin(t, answer)
	record = recorded(t, Options{Rules: Rules{Record: []string{"api.example.com"}, Cassettes: dir}, dial: to(real.Listener.Addr().String())})
	replay = served(t, Options{Rules: Rules{Replay: []string{"api.example.com"}, Cassettes: dir}, dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a replay connects")
		return nil, errors.New("no")
	}})
	return record, replay, dir
}

// recorded is a gate whose next call waits until the one before is kept, which
// happens after its answer has gone out.
func recorded(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	g := gateOf(t, o)
	var one sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		if r.Host != "wait" {
			g.ServeBinding(w, r, "app")
		}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(func() {
		_ = g.Close()
		s.Close()
	})
	return s
}

func kept(t *testing.T, record *httptest.Server) {
	t.Helper()
	said(t, record, "GET", "http://wait/", "")
}

func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	record, replay, dir := tapes(t, func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "session="+password+"; Path=/")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"n": %d, "access_token": %q, "you_sent": %d}`, n, password, len(body))
	})
	const body = `{"model": "m", "n": 1.50, "api_key": "` + password + `", "text": "use ` + liveKey + `"}`
	call := func(gate *httptest.Server, url, body string) string {
		return said(t, gate, "POST", url, body, "Authorization", "Bearer "+password, "Cookie", "s="+password, "X-Api-Key", password, "Content-Type", "application/json")
	}
	const url = "http://api.example.com/v1/things?b=2&key=" + password + "&a=1"
	first := call(record, url, body)
	second := call(record, url, body)
	if !strings.Contains(first, `"n": 1,`) || !strings.Contains(first, password) || !strings.Contains(second, `"n": 2,`) {
		t.Fatalf("recording changes what the Worker sees: %s, %s", first, second)
	}
	kept(t, record)
	text, err := os.ReadFile(filepath.Join(dir, "api.example.com.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(password)) || bytes.Contains(text, []byte(liveKey)) {
		t.Errorf("the cassette holds a secret:\n%s", text)
	}
	for _, want := range []string{"url: http://api.example.com/v1/things?b=2&key=[redacted]&a=1", `session=[redacted]; Path=/`, `"n":1.50`, "status: 201"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the cassette lacks %q:\n%s", want, text)
		}
	}
	// Another key, another order of parameters and members: the same request.
	const same = "http://api.example.com/v1/things?a=1&key=other&b=2"
	const reordered = `{"api_key":"other","text":"use sk-other0123456789abcdef","n":1.50,"model":"m"}`
	for i, want := range []string{`"n":1,`, `"n":2,`, `"n":2,`} {
		if got := said(t, replay, "POST", same, reordered, "Content-Type", "application/json"); !strings.HasPrefix(got, "201 ") || !strings.Contains(got, want) {
			t.Errorf("replay %d: %s", i+1, got)
		}
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls reached the host", calls.Load())
	}
}

func TestReplayMiss(t *testing.T) {
	t.Parallel()
	record, replay, _ := tapes(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	if got := said(t, replay, "GET", "http://api.example.com/a", ""); !strings.Contains(got, "The cassette is empty") || !strings.Contains(got, `record = ["api.example.com"]`) {
		t.Errorf("empty: %s", got)
	}
	said(t, record, "GET", "http://api.example.com/users?page=1", "")
	said(t, record, "POST", "http://api.example.com/users", `{"name":"ada"}`)
	kept(t, record)
	for _, c := range []struct{ method, url, body, near, differs string }{
		{"GET", "http://api.example.com/users?page=2", "", "GET http://api.example.com/users?page=1", `the query ("page=2", recorded "page=1")`},
		{"POST", "http://api.example.com/users", `{"name":"bob"}`, "POST http://api.example.com/users", `the body (`},
		{"GET", "http://api.example.com/userz?page=1", "", "GET http://api.example.com/users?page=1", "the path"},
		{"PUT", "http://api.example.com/users?page=1", "", "GET http://api.example.com/users?page=1", "the method"},
	} {
		got := said(t, replay, c.method, c.url, c.body)
		if !strings.HasPrefix(got, "502 ") || !strings.Contains(got, "The nearest is "+c.near+"; it differs in "+c.differs) {
			t.Errorf("%s %s: %s", c.method, c.url, got)
		}
	}
}

func TestRecordBinaryAndPacked(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("line one\nline two\n"))
	_ = z.Close()
	binary := string([]byte{0, 1, 2, 0xff, 0xfe})
	record, replay, dir := tapes(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
			return
		}
		_, _ = io.WriteString(w, binary+r.Header.Get("Accept-Encoding"))
	})
	if res, err := send(t, record, "GET", "http://api.example.com/gzip", "", "Accept-Encoding", "br, gzip"); err != nil || text(t, res) != packed.String() {
		t.Errorf("the Worker got something else: %v", err)
	}
	said(t, record, "POST", "http://api.example.com/bytes", binary)
	kept(t, record)
	if got := said(t, replay, "GET", "http://api.example.com/gzip", ""); got != "200 line one\nline two\n" {
		t.Errorf("gzip: %q", got)
	}
	if got := said(t, replay, "POST", "http://api.example.com/bytes", binary); got != "200 "+binary {
		t.Errorf("binary: %q", got)
	}
	file, _ := os.ReadFile(filepath.Join(dir, "api.example.com.yaml"))
	if !bytes.Contains(file, []byte("line two")) || !bytes.Contains(file, []byte("base64: AAEC//4=")) {
		t.Errorf("the cassette is not readable:\n%s", file)
	}
}

// A new recording takes the place of the old one; a stream is passed on while
// it is recorded.
func TestRecordAgainAndStreams(t *testing.T) {
	t.Parallel()
	step := make(chan string)
	record, replay, dir := tapes(t, func(w http.ResponseWriter, _ *http.Request) {
		for text := range step {
			if text == "" {
				return
			}
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
	})
	res, done := (*http.Response)(nil), make(chan error)
	go func() {
		var err error
		res, err = send(t, record, "GET", "http://api.example.com/s", "")
		done <- err
	}()
	step <- "one,"
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4)
	if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != "one," {
		t.Fatalf("the first piece is held back: %q %v", buf, err)
	}
	step <- "two"
	step <- ""
	if rest := text(t, res); rest != "two" {
		t.Errorf("rest %q", rest)
	}
	kept(t, record)
	if got := said(t, replay, "GET", "http://api.example.com/s", ""); got != "200 one,two" {
		t.Errorf("replay: %q", got)
	}
	later := recorded(t, Options{Rules: Rules{Record: []string{"*.example.com"}, Cassettes: dir}, dial: to(origin(t, says("later").ServeHTTP).Listener.Addr().String())})
	said(t, later, "GET", "http://api.example.com/s", "")
	kept(t, later)
	if got := said(t, replay, "GET", "http://api.example.com/s", ""); !strings.HasPrefix(got, "200 later") {
		t.Errorf("replay of the new recording: %q", got)
	}
}

func TestNotRecorded(t *testing.T) {
	t.Parallel()
	record, _, dir := tapes(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/cut" {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(w, io.LimitReader(zeros{}, maxRecordBody+1))
	})
	res, err := send(t, record, "GET", "http://api.example.com/cut", "")
	if err == nil {
		_, err = io.ReadAll(res.Body)
	}
	if err == nil {
		t.Error("the cut answer looks whole")
	}
	res, err = send(t, record, "GET", "http://api.example.com/large", "")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, res.Body); n != maxRecordBody+1 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	kept(t, record)
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("kept: %v", files)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestCassetteNames(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api.example.com": "api.example.com.yaml", "API.example.com:8443": "api.example.com_8443.yaml", "../../etc/passwd": "_.._etc_passwd.yaml", "[::1]:9": "__1_9.yaml",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if got := fileName(targetOf(r)); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"password": "x", "n": 1}`: `{"n":1,"password":"[redacted]"}`, `{"max_tokens": 5,  "key": "users/1"}`: `{"max_tokens": 5,  "key": "users/1"}`,
		`{"clientSecret":"x"}`: `{"clientSecret":"[redacted]"}`, `data: {"access_token":"x\"y"}`: `data: {"access_token":"[redacted]"}`,
		"Bearer abcdefgh1234": "[redacted]", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc": "[redacted]", "AKIAABCDEFGHIJKLMNOP": "[redacted]",
		"ghp_0123456789012345678901234567890123456": "[redacted]", "plain sk-8 text": "plain sk-8 text",
	} {
		if got := string(redactBody("", []byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := redactURLs("https://a.test/x?X-Amz-Signature=abc&page_token=1&q=a+b"); got != "https://a.test/x?X-Amz-Signature=[redacted]&page_token=[redacted]&q=a+b" {
		t.Error(got)
	}
}

func FuzzCassette(f *testing.F) {
	f.Add([]byte(cassetteHead + "host: a\nexchanges:\n  - request: {method: GET, url: http://a/}\n    response: {status: 200, body: x}\n"))
	f.Add([]byte("exchanges: [{request: {base64: AAE=}, response: {status: 200, headers: {a: [b]}}}, null]"))
	f.Add([]byte("exchanges: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseCassette(data)
		if err != nil {
			return
		}
		c := &cassette{path: filepath.Join(t.TempDir(), "c.yaml"), file: *file}
		if err := c.save(); err != nil {
			t.Fatal(err)
		}
		again := &cassette{path: c.path, replayed: map[string]int{}}
		if err := again.load(); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if len(again.file.Exchanges) != len(file.Exchanges) {
			t.Fatalf("%d exchanges, want %d", len(again.file.Exchanges), len(file.Exchanges))
		}
		for i, e := range again.file.Exchanges {
			if e.key != file.Exchanges[i].key || !reflect.DeepEqual(e.Response.Headers, file.Exchanges[i].Response.Headers) && len(e.Response.Headers) > 0 {
				t.Fatalf("exchange %d changed", i)
			}
		}
	})
}

// What is recorded is read back the same, so a replay finds it.
func FuzzRequestKey(f *testing.F) {
	f.Add("http://a.test/x?key=1&b=2", "application/json", []byte(`{"a":1.0,"token":"x"}`))
	f.Add("http://a.test/?q=Bearer+abcdefgh12", "text/plain", []byte("password=1\r\nsk-0123456789abcdef0123"))
	f.Add("http://a.test/", "application/x-www-form-urlencoded", []byte("token=a&b=%zz"))
	f.Fuzz(func(t *testing.T, url, kind string, body []byte) {
		if strings.ContainsAny(url, "\n\r") {
			return
		}
		clean := cleanBody(kind, body)
		if a, b := requestKey("GET", url, kind, body), requestKey("GET", redactURLs(url), kind, clean); a != b {
			t.Errorf("the recording has another key:\n%q\n%q", a, b)
		}
	})
}
