package outbound

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
)

// send is a fetch() with a method and a body.
func send(t *testing.T, gate *httptest.Server, method, url, body string, header ...string) (*http.Response, error) {
	t.Helper()
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	r, err := http.NewRequestWithContext(t.Context(), method, gate.URL+"/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("X-Flint-Proto", scheme)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client().Do(r)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

// said is the status and the body of an answer.
func said(t *testing.T, gate *httptest.Server, method, url, body string, header ...string) string {
	t.Helper()
	res, err := send(t, gate, method, url, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, text(t, res))
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	testkit.WriteFile(t, name, content)
	return name
}

const shopMocks = `
mocks:
  - name: page 2
    match: {host: api.shop.test, path: /items, query: {page: "2"}}
    json: {items: [3]}
  - name: items
    match: {host: api.shop.test, method: [GET, HEAD], path: /items*}
    json: {items: [1, 2]}
  - name: order of ten
    match: {host: "*.shop.test", method: POST, path_pattern: "^/orders/[0-9]+$", json: {amount: 10, lines: [{sku: "A*"}]}}
    status: 201
    headers: {location: /orders/1, x-many: [a, b]}
    text: created
  - name: with a key
    match: {host: api.shop.test, headers: {authorization: "Bearer *"}, body: needle}
    text: found
  - name: pattern
    match: {host: api.shop.test, body_pattern: "^a+$"}
    text: all a
  - name: picture
    match: {host: cdn.shop.test:8443}
    file: logo.svg
  - name: bytes
    match: {host: api.shop.test, path: /bytes, worker: app}
    base64: AAEC
`

func TestMocksMatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "mocks", "shop.yaml"), shopMocks)
	writeFile(t, filepath.Join(dir, "mocks", "logo.svg"), "<svg/>")
	gate := served(t, Options{Rules: Rules{Mocks: []string{filepath.Join(dir, "mocks")}}, Hosts: map[string]http.Handler{"api.shop.test": says("ai")}})
	for _, c := range []struct{ name, method, url, body, want string }{
		{"glob", "GET", "https://api.shop.test/items/7?x=1", "", `200 {"items":[1,2]}`},
		{"the first wins", "GET", "https://api.shop.test/items?page=2&x=1", "", `200 {"items":[3]}`},
		{"another page", "GET", "https://api.shop.test/items?page=3", "", `200 {"items":[1,2]}`},
		{"another method", "DELETE", "https://api.shop.test/items", "", "200 ai https"},
		{"JSON subset", "POST", "https://eu.shop.test/orders/9", `{"lines":[{"sku":"A1","n":2}],"amount":10.0,"note":"x"}`, "201 created"},
		{"JSON differs", "POST", "https://api.shop.test/orders/9", `{"lines":[{"sku":"B1"}],"amount":10}`, "200 ai https"},
		{"a shorter list", "POST", "https://api.shop.test/orders/9", `{"lines":[],"amount":10}`, "200 ai https"},
		{"not JSON", "POST", "https://api.shop.test/orders/9", `amount=10`, "200 ai https"},
		{"body pattern", "PUT", "https://api.shop.test/x", "aaaa", "200 all a"},
		{"a host with its port", "GET", "https://cdn.shop.test:8443/logo", "", "200 <svg/>"},
		{"another port", "GET", "https://cdn.shop.test/logo", "", "502 flint refused"},
		{"bytes", "GET", "https://api.shop.test/bytes", "", "200 \x00\x01\x02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := said(t, gate, c.method, c.url, c.body); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := said(t, gate, "POST", "https://api.shop.test/x", "hay needle hay", "Authorization", "Bearer k"); got != "200 found" {
		t.Errorf("header and body: %q", got)
	}
	if got := said(t, gate, "POST", "https://api.shop.test/x", "hay needle hay", "Authorization", "Basic k"); !strings.HasPrefix(got, "200 ai") {
		t.Errorf("another header: %q", got)
	}
	res, err := send(t, gate, "POST", "https://eu.shop.test/orders/9", `{"lines":[{"sku":"A"}],"amount":1e1}`)
	if err != nil || res.Header.Get("Location") != "/orders/1" || len(res.Header["X-Many"]) != 2 || res.Header.Get("X-Flint-Outbound") != "mock" {
		t.Errorf("%v %v", err, res.Header)
	}
}

// A body that a mock looked at goes on to whoever answers.
func TestMocksPutTheBodyBack(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	inline := []json.RawMessage{json.RawMessage(`{"match":{"host":"echo.test","body":"never"},"text":"no"}`)}
	gate := served(t, Options{Rules: Rules{Inline: inline, File: "flint.toml"}, Hosts: map[string]http.Handler{"echo.test": echo}})
	long := strings.Repeat("0123456789", maxMatchBody/10+10)
	if got := said(t, gate, "POST", "https://echo.test/", long); got != "200 "+long {
		t.Errorf("%d bytes came through, want %d", len(got)-4, len(long))
	}
}

func TestMocksCount(t *testing.T) {
	t.Parallel()
	inline := []json.RawMessage{
		json.RawMessage(`{"name":"second fails","match":{"host":"a.test","nth":2},"status":503,"text":"down"}`),
		json.RawMessage(`{"name":"third is slow","match":{"host":"a.test","nth":3},"text":"third"}`),
		json.RawMessage(`{"name":"twice","match":{"host":"a.test"},"times":2,"text":"fine"}`),
		json.RawMessage(`{"name":"unused","match":{"host":"b.test"}}`),
	}
	g := gateOf(t, Options{Rules: Rules{Inline: inline, File: "flint.toml"}})
	defer g.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.ServeBinding(w, r, "app") }))
	defer s.Close()
	for i, want := range []string{"200 fine", "503 down", "200 third", "200 fine", "502 flint refused"} {
		if got := said(t, s, "GET", "https://a.test/", ""); !strings.HasPrefix(got, want) {
			t.Errorf("call %d: %q, want %q", i+1, got, want)
		}
	}
	used := map[string]int64{}
	for _, m := range g.Mocks() {
		used[m.Name] = m.Used
	}
	if want := "map[second fails:1 third is slow:1 twice:2 unused:0]"; fmt.Sprint(used) != want {
		t.Errorf("%v, want %s", used, want)
	}
}

func TestMockFaults(t *testing.T) {
	t.Parallel()
	inline := []json.RawMessage{
		json.RawMessage(`{"match":{"host":"refuse.test"},"fault":"refuse"}`),
		json.RawMessage(`{"match":{"host":"reset.test"},"fault":"reset","text":"0123456789"}`),
		json.RawMessage(`{"match":{"host":"timeout.test"},"fault":"timeout"}`),
	}
	g := gateOf(t, Options{Rules: Rules{Inline: inline, File: "flint.toml"}})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.ServeBinding(w, r, "app") }))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Start()
	defer s.Close()
	if res, err := send(t, s, "GET", "https://refuse.test/", ""); err == nil {
		t.Errorf("refuse answers %s", res.Status)
	}
	res, err := send(t, s, "GET", "https://reset.test/", "")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if string(body) != "01234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reset: %q, %v", body, err)
	}
	done := make(chan string)
	go func() { done <- said(t, s, "GET", "https://timeout.test/", "") }()
	testkit.Eventually(t, func() error {
		if used := g.Mocks()[2].Used; used != 1 {
			return fmt.Errorf("the call has not arrived: %d", used)
		}
		return nil
	})
	_ = g.Close() // what waits ends with the gate
	if got := <-done; !strings.HasPrefix(got, "502 flint stopped") {
		t.Errorf("timeout: %q", got)
	}
	log := g.Log()
	if len(log) != 3 || log[0].Status != 0 || log[0].Error == "" || log[1].Bytes != 5 {
		t.Errorf("journal: %+v", log)
	}
}

// A delay passes on the clock: no test waits for it.
func TestMockDelay(t *testing.T) {
	t.Parallel()
	c := clock.NewFrozen(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	defer c.Close()
	armed := make(chan struct{})
	gate := served(t, Options{Clock: tellingClock{c, armed}, Rules: Rules{File: "flint.toml", Inline: []json.RawMessage{
		json.RawMessage(`{"match":{"host":"slow.test"},"delay":"1h","text":"late"}`),
	}}})
	done := make(chan string)
	go func() { done <- said(t, gate, "GET", "https://slow.test/", "") }()
	<-armed
	if err := c.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "200 late" {
		t.Errorf("got %q", got)
	}
}

// tellingClock says when a timer is set.
type tellingClock struct {
	clock.Clock
	armed chan struct{}
}

func (c tellingClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	defer close(c.armed)
	return c.Clock.AfterFunc(d, f)
}

func TestMocksAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mocks")
	file := writeFile(t, filepath.Join(dir, "a.yaml"), "mocks: [{match: {host: a.test}, text: one}]")
	var log lockedBuffer
	gate := served(t, Options{Rules: Rules{Mocks: []string{dir}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	expect := func(host, want string) {
		t.Helper()
		if got := said(t, gate, "GET", "https://"+host+"/", ""); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	expect("a.test", "200 one")
	writeFile(t, file, "mocks: [{match: {host: a.test}, text: twofold}]")
	expect("a.test", "200 twofold")
	writeFile(t, filepath.Join(dir, "sub", "b.yml"), "mocks: [{match: {host: b.test}, text: new}]")
	expect("b.test", "200 new")
	writeFile(t, file, "mocks: [{match: {hots: a.test}}]")
	expect("a.test", "200 twofold")
	expect("a.test", "200 twofold")
	if n := strings.Count(log.String(), "last good mocks stay in use"); n != 1 || !strings.Contains(log.String(), "hots") {
		t.Errorf("%d messages about one broken save:\n%s", n, log.String())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect("a.test", "502 flint refused")
}

func TestMockErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"match":{}}`: "match.host is missing", `{"match":{"host":"a"},"status":99}`: "status: found 99",
		`{"match":{"host":"a"},"fault":"explode"}`: "refuse, reset or timeout", `{"match":{"host":"a"},"delay":"soon"}`: "found \"soon\"",
		`{"match":{"host":"a"},"text":"x","json":1}`: "one of text, json, file and base64", `{"match":{"host":"a"},"file":"none.txt"}`: "none.txt",
		`{"match":{"host":"a","path_pattern":"("}}`: "match.path_pattern", `{"match":{"host":"a","path":"/","path_pattern":"/"}}`: "not both",
		`{"match":{"host":"a"},"boddy":"x"}`: "boddy", `{"match":{"host":"a"},"base64":"*"}`: "base64", `{"match":{"host":"a","nth":-1}}`: "count from 1",
		`{"match":{"host":"a"},"json":"{"}`: "not JSON",
	} {
		_, err := New(Options{Rules: Rules{Inline: []json.RawMessage{json.RawMessage(text)}, File: "dir/flint.toml"}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "dir/flint.toml: outbound.mocks[0]") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := New(Options{Rules: Rules{Mocks: []string{"nowhere"}}}); err == nil {
		t.Error("a folder that is not there is accepted")
	}
}

func FuzzMocks(f *testing.F) {
	f.Add([]byte(shopMocks), "POST", "/orders/1?page=2", []byte(`{"amount":10}`))
	f.Add([]byte("mocks: [{match: {host: '*', json: &a [*a]}}]"), "GET", "/", []byte("[[]]"))
	f.Add([]byte("mocks: [{match: {host: '*', json: {n: 1e400}}, text: x}]"), "GET", "/", []byte(`{"n":1e999999999}`))
	f.Fuzz(func(t *testing.T, file []byte, method, path string, body []byte) {
		mocks, err := parseMocks("f.yaml", file)
		if err != nil {
			return
		}
		r := httptest.NewRequest("GET", "/", strings.NewReader(string(body)))
		r.Method, r.URL.Path, r.Host = method, path, "api.shop.test"
		to := targetOf(r)
		doc, isJSON := decodeJSON(body)
		for _, m := range mocks {
			fits := m.match.head(to, r, "app", lenientQuery(path)) == "" && m.match.content(body, doc, isJSON)
			if fits && m.match.body != "" && !strings.Contains(string(body), m.match.body) {
				t.Errorf("a body without %q fits", m.match.body)
			}
		}
	})
}

// Aliases of aliases end in an error, not in gigabytes.
func TestMockBomb(t *testing.T) {
	t.Parallel()
	bomb := "mocks:\n- match: {host: a.test}\n  json:\n  - &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 10; i++ {
		bomb += fmt.Sprintf("  - &a%d [%s]\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	if _, err := parseMocks("bomb.yaml", []byte(bomb)); err == nil || !strings.Contains(err.Error(), "excessive aliasing") {
		t.Errorf("got %v", err)
	}
}

// TestMissedMocks tells why the mocks of a host did not answer.
func TestMissedMocks(t *testing.T) {
	t.Parallel()
	gate := served(t, Options{Rules: Rules{File: "flint.toml", Inline: []json.RawMessage{
		json.RawMessage(`{"name":"charge","match":{"host":"shop.test","method":"POST","path":"/charges","json":{"amount":1000}},"times":1,"text":"paid"}`),
		json.RawMessage(`{"name":"list","match":{"host":"*.test","path":"/charges","query":{"page":"1"},"headers":{"x-key":"k"}},"text":"[]"}`),
		json.RawMessage(`{"name":"elsewhere","match":{"host":"other.example"},"text":"no"}`),
	}}})
	const missed = " (flint.toml) is for this host and did not match: it differs in "
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/charges?page=1", `{"amount":5}`, "charge" + missed + "the body, or how often it answers.\nThe mock list" + missed + "the header X-Key.\n"},
		{"GET", "/charges", "", "charge" + missed + "the method.\nThe mock list" + missed + "the query parameter page.\n"},
		{"POST", "/charge", "", "charge" + missed + "the path.\nThe mock list" + missed + "the path.\n"},
	} {
		if got := said(t, gate, c.method, "http://shop.test"+c.path, c.body); !strings.HasPrefix(got, "502 ") || !strings.HasSuffix(got, "\nThe mock "+c.want) {
			t.Errorf("%s %s: %s", c.method, c.path, got)
		}
	}
	if got := said(t, gate, "GET", "http://unknown.example/", ""); strings.Contains(got, "The mock") {
		t.Errorf("a host without mocks: %s", got)
	}
}
