package r2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"flint/internal/cferr"
	"flint/internal/intercept"
	"flint/r2/driver"
)

// wire speaks workerd's side of the protocol.
type wire struct {
	t     testing.TB
	url   string
	chain *intercept.Chain
	store *Store
}

func newWire(t testing.TB) *wire {
	t.Helper()
	s, _ := newStore(t)
	w := &wire{t: t, chain: &intercept.Chain{}, store: s}
	b := NewBinding(s, w.chain, slog.New(slog.DiscardHandler))
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { b.ServeBinding(rw, r, "media") }))
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	w.url = srv.URL
	return w
}

// reply is an answer taken apart.
type reply struct {
	status int
	meta   map[string]any
	body   string
	code   int // of the error, 0 for none
	text   string
}

func (w *wire) get(request string) reply {
	w.t.Helper()
	req, _ := http.NewRequest(http.MethodGet, w.url, nil)
	req.Header.Set(headerRequest, request)
	return w.do(req)
}

func (w *wire) put(request, content string) reply {
	w.t.Helper()
	req, _ := http.NewRequest(http.MethodPut, w.url, strings.NewReader(request+content))
	req.Header.Set(headerMetadata, strconv.Itoa(len(request)))
	return w.do(req)
}

func (w *wire) do(req *http.Request) reply {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode}
	if h := resp.Header.Get(headerError); h != "" {
		var e struct {
			V4code  int
			Message string
		}
		if err := json.Unmarshal([]byte(h), &e); err != nil {
			w.t.Fatalf("error header %s: %v", h, err)
		}
		r.code, r.text = e.V4code, e.Message
	}
	if n, err := strconv.Atoi(resp.Header.Get(headerMetadata)); err == nil && n > 0 {
		if err := json.Unmarshal(body[:n], &r.meta); err != nil {
			w.t.Fatalf("metadata %s: %v", body[:n], err)
		}
		body = body[n:]
	}
	r.body = string(body)
	return r
}

func (r reply) want(t testing.TB, status, code int) reply {
	t.Helper()
	if r.status != status || r.code != code {
		t.Fatalf("status %d code %d (%s), want %d %d", r.status, r.code, r.text, status, code)
	}
	return r
}

func sub(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func TestBindingPutGet(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	p := w.put(`{"version":1,"method":"put","object":"k","customFields":[{"k":"z","v":"1"},{"k":"a","v":"ü\u0001"}],`+
		`"httpFields":{"contentType":"text/plain","cacheExpiry":"1700000000123"}}`, "hello").want(t, 200, 0)
	g := w.get(`{"version":1,"method":"get","object":"k"}`).want(t, 200, 0)
	if g.body != "hello" || g.meta["version"] != p.meta["version"] {
		t.Fatalf("got %+v", g)
	}
	for _, c := range []struct {
		want any
		path []string
	}{
		{"k", []string{"name"}}, {5.0, []string{"size"}}, {"5d41402abc4b2a76b9719d911017c592", []string{"etag"}},
		{float64(noon.UnixMilli()), []string{"uploaded"}}, {"Standard", []string{"storageClass"}},
		{"text/plain", []string{"httpFields", "contentType"}}, {1700000000123.0, []string{"httpFields", "cacheExpiry"}},
		{0.0, []string{"range", "offset"}}, {5.0, []string{"range", "length"}},
		{"5d41402abc4b2a76b9719d911017c592", []string{"checksums", "0"}},
	} {
		if got := sub(g.meta, c.path...); got != c.want {
			t.Errorf("%v = %v, want %v", c.path, got, c.want)
		}
	}
	if got := fmt.Sprint(g.meta["customFields"]); got != "[map[k:z v:1] map[k:a v:ü\x01]]" {
		t.Errorf("customFields %s", got)
	}
	h := w.get(`{"version":1,"method":"head","object":"k"}`).want(t, 200, 0)
	if h.body != "" || h.meta["version"] != p.meta["version"] {
		t.Errorf("head %+v", h)
	}
	w.get(`{"version":1,"method":"get","object":"none"}`).want(t, 404, 10007)
	w.get(`{"version":1,"method":"head","object":"none"}`).want(t, 404, 10007)
	w.put(`{"version":1,"method":"delete","object":"k"}`, "").want(t, 200, 0)
	w.get(`{"version":1,"method":"head","object":"k"}`).want(t, 404, 10007)
}

// The same content through a row, a blob and parts, in every kind of range.
func TestBindingRanges(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.store.env.MinPart = 4
	inline := w.store.env.Inline
	w.put(`{"method":"put","object":"row"}`, "0123456789").want(t, 200, 0)
	w.store.env.Inline = 0
	w.put(`{"method":"put","object":"blob"}`, "0123456789").want(t, 200, 0)
	w.store.env.Inline = inline
	w.multipart("parts", "0123", "4567", "89")
	for _, key := range []string{"row", "blob", "parts"} {
		for _, c := range []struct {
			ask    string
			body   string
			offset float64
			code   int
		}{
			{`"range":{}`, "0123456789", 0, 0},
			{`"range":{"offset":"3"}`, "3456789", 3, 0},
			{`"range":{"offset":3,"length":4}`, "3456", 3, 0},
			{`"range":{"length":"4"}`, "0123", 0, 0},
			{`"range":{"offset":9,"length":"18446744073709551614"}`, "9", 9, 0},
			{`"range":{"suffix":"3"}`, "789", 7, 0},
			{`"range":{"suffix":30}`, "0123456789", 0, 0},
			{`"range":{"offset":10,"length":1}`, "", 0, 10039},
			{`"range":{"suffix":0}`, "", 0, 10039},
			{`"range":{"length":0}`, "", 0, 10039},
			{`"range":{"offset":10}`, "", 0, 10039},
			{`"range":{"offset":"18446744073709551614"}`, "", 0, 10039},
			{`"rangeHeader":"bytes=2-5"`, "2345", 2, 0},
			{`"rangeHeader":"bytes=-1"`, "9", 9, 0},
			{`"rangeHeader":"bytes=7-"`, "789", 7, 0},
			{`"rangeHeader":"bytes=0-1,4-5"`, "0123456789", 0, 0},
			{`"rangeHeader":"bytes=20-"`, "0123456789", 0, 0},
			{`"rangeHeader":"nonsense"`, "0123456789", 0, 0},
		} {
			g := w.get(`{"version":1,"method":"get","object":"` + key + `",` + c.ask + `}`)
			if c.code != 0 {
				g.want(t, 416, c.code)
				continue
			}
			g.want(t, 200, 0)
			if g.body != c.body || sub(g.meta, "range", "offset") != c.offset || sub(g.meta, "range", "length") != float64(len(c.body)) {
				t.Errorf("%s %s: %q %v", key, c.ask, g.body, g.meta["range"])
			}
		}
	}
}

func (w *wire) multipart(key string, parts ...string) reply {
	w.t.Helper()
	id := w.put(`{"method":"createMultipartUpload","object":"`+key+`"}`, "").want(w.t, 200, 0).meta["uploadId"]
	var done []string
	for i, p := range parts {
		etag := w.put(fmt.Sprintf(`{"method":"uploadPart","object":"%s","uploadId":"%s","partNumber":%d}`, key, id, i+1), p).want(w.t, 200, 0).meta["etag"]
		done = append(done, fmt.Sprintf(`{"etag":"%s","part":%d}`, etag, i+1))
	}
	return w.put(fmt.Sprintf(`{"method":"completeMultipartUpload","object":"%s","uploadId":"%s","parts":[%s]}`, key, id, strings.Join(done, ",")), "").want(w.t, 200, 0)
}

func TestBindingConditions(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.put(`{"method":"put","object":"k"}`, "hello").want(t, 200, 0)
	const etag = "5d41402abc4b2a76b9719d911017c592"
	at := noon.UnixMilli()
	for ask, holds := range map[string]bool{
		`"etagMatches":[{"type":"strong","value":"` + etag + `"}]`:      true,
		`"etagMatches":[{"type":"weak","value":"` + etag + `"}]`:        false,
		`"etagMatches":[{"type":"wildcard"}]`:                           true,
		`"etagMatches":[{"type":"strong","value":"x"}]`:                 false,
		`"etagDoesNotMatch":[{"type":"weak","value":"` + etag + `"}]`:   false,
		`"etagDoesNotMatch":[{"type":"strong","value":"` + etag + `"}]`: false,
		`"etagDoesNotMatch":[{"type":"strong","value":"x"}]`:            true,
		fmt.Sprintf(`"uploadedBefore":"%d"`, at):                        false,
		fmt.Sprintf(`"uploadedBefore":%d`, at+1):                        true,
		fmt.Sprintf(`"uploadedAfter":%d`, at):                           false,
		fmt.Sprintf(`"uploadedAfter":%d`, at-1):                         true,
		// To the second, noon and 250 ms is noon.
		fmt.Sprintf(`"uploadedAfter":%d,"secondsGranularity":true`, at-1):    false,
		fmt.Sprintf(`"uploadedAfter":%d,"secondsGranularity":true`, at-1000): true,
		fmt.Sprintf(`"uploadedBefore":%d,"secondsGranularity":true`, at+1):   false,
		// A date before 1970 is a negative number.
		`"uploadedAfter":"18446744073709550616"`:  true,
		`"uploadedBefore":"18446744073709550616"`: false,
		// An ETag that holds overrules a date that does not.
		fmt.Sprintf(`"uploadedAfter":%d,"etagDoesNotMatch":[{"type":"strong","value":"x"}]`, at): true,
	} {
		g := w.get(`{"method":"get","object":"k","onlyIf":{` + ask + `}}`)
		if holds {
			if g.want(t, 200, 0).body != "hello" {
				t.Errorf("%s: %q", ask, g.body)
			}
			continue
		}
		if g.want(t, 412, 10031); g.meta["etag"] != etag || g.body != "" {
			t.Errorf("%s: a failed condition came with %v %q", ask, g.meta, g.body)
		}
		w.put(`{"method":"put","object":"k","onlyIf":{`+ask+`}}`, "other").want(t, 412, 10031)
	}
	for ask, holds := range map[string]bool{
		`"etagMatches":[{"type":"wildcard"}]`: false, `"etagDoesNotMatch":[{"type":"wildcard"}]`: true,
		`"uploadedAfter":1`: false, `"uploadedBefore":1`: true,
	} {
		p := w.put(fmt.Sprintf(`{"method":"put","object":%q,"onlyIf":{%s}}`, ask, ask), "x")
		if holds != (p.status == 200) {
			t.Errorf("%s on a missing key: %d", ask, p.status)
		}
	}
	if g := w.get(`{"method":"get","object":"k"}`); g.body != "hello" {
		t.Errorf("a failed put left %q", g.body)
	}
}

func TestBindingChecksums(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	sums := map[string]string{
		"0": `"md5":"XUFAKrxLKna5cZ2REBfFkg=="`,
		"1": `"sha1":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"`,
		"2": `"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`,
	}
	for i, ask := range sums {
		p := w.put(`{"method":"put","object":"k",`+ask+`}`, "hello").want(t, 200, 0)
		g := w.get(`{"method":"head","object":"k"}`).want(t, 200, 0)
		if sub(p.meta, "checksums", i) == nil || sub(p.meta, "checksums", i) != sub(g.meta, "checksums", i) {
			t.Errorf("%s: put %v, head %v", ask, p.meta["checksums"], g.meta["checksums"])
		}
	}
	for _, inline := range []int64{driver.MaxInline, 0} {
		w.store.env.Inline = inline
		e := w.put(`{"method":"put","object":"bad","sha1":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea94300"}`, "hello").want(t, 400, 10037)
		if want := "The SHA-1 checksum you specified did not match what we received.\nYou provided a SHA-1 checksum with value: " +
			"aaf4c61ddcc5e8a2dabede0f3b482cd9aea94300\nActual SHA-1 was: aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"; e.text != want {
			t.Errorf("text %q", e.text)
		}
		w.get(`{"method":"head","object":"bad"}`).want(t, 404, 10007)
	}
}

func TestBindingRefusals(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.get(``).want(t, 400, 10029)
	w.get(`{"method":"get"}`).want(t, 400, 10029)
	w.get(`{"method":"put","object":"k"}`).want(t, 400, 10029)
	w.put(`{"method":"get","object":"k"}`, "").want(t, 400, 10029)
	w.put(`{"method":"put","object":"k","sha1":"xyz"}`, "").want(t, 400, 10029)
	w.put(`{"method":"delete"}`, "").want(t, 400, 10029)
	w.put(`{"method":"put","object":"`+strings.Repeat("k", 1025)+`"}`, "x").want(t, 400, 10020)
	w.put(`{"method":"put","object":"k","storageClass":"Glacier"}`, "x").want(t, 400, 10029)
	w.put(`{"method":"put","object":"k","ssec":{"key":"00"}}`, strings.Repeat("x", 1<<20)).want(t, 400, 10029)
	e := w.put(`{"method":"createBucket","object":"k"}`, "").want(t, 501, 10501)
	if !strings.Contains(e.text, "createBucket") {
		t.Errorf("the error does not name it: %s", e.text)
	}
	keys, _ := json.Marshal(make([]string, 1001))
	w.put(`{"method":"delete","objects":`+string(keys)+`}`, "").want(t, 400, 10029)

	req, _ := http.NewRequest(http.MethodPut, w.url, strings.NewReader("{}"))
	w.do(req).want(t, 400, 10029) // no size of the JSON
	req, _ = http.NewRequest(http.MethodPut, w.url, strings.NewReader("{}"))
	req.Header.Set(headerMetadata, "20")
	w.do(req).want(t, 400, 10029) // shorter than it says
	req, _ = http.NewRequest(http.MethodPut, w.url, strings.NewReader("{}"))
	req.Header.Set(headerMetadata, "99999999")
	w.do(req).want(t, 400, 10012)
}

func TestBindingList(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, k := range []string{"a", "a/1", "a/2", "b"} {
		w.put(`{"method":"put","object":"`+k+`","httpFields":{"contentType":"x/y"},"customFields":[{"k":"n","v":"v"}]}`, k)
	}
	first := func(l reply) any { return sub(l.meta["objects"].([]any)[0]) }
	l := w.get(`{"method":"list","newRuntime":true}`).want(t, 200, 0)
	if n := len(l.meta["objects"].([]any)); n != 4 || l.meta["truncated"] != false || l.meta["cursor"] != nil {
		t.Errorf("list %v", l.meta)
	}
	if sub(first(l), "httpFields") != nil || sub(first(l), "customFields") != nil {
		t.Errorf("metadata that was not asked for: %v", first(l))
	}
	l = w.get(`{"method":"list","newRuntime":true,"include":[0]}`).want(t, 200, 0)
	if sub(first(l), "httpFields", "contentType") != "x/y" || sub(first(l), "customFields") != nil {
		t.Errorf("include http: %v", first(l))
	}
	l = w.get(`{"method":"list"}`).want(t, 200, 0) // an old runtime
	if sub(first(l), "httpFields", "contentType") != "x/y" || sub(first(l), "customFields") == nil {
		t.Errorf("old runtime: %v", first(l))
	}
	l = w.get(`{"method":"list","newRuntime":true,"delimiter":"/","limit":2}`).want(t, 200, 0)
	if fmt.Sprint(l.meta["delimitedPrefixes"]) != "[a/]" || l.meta["truncated"] != true {
		t.Errorf("delimiter: %v", l.meta)
	}
	w.get(`{"method":"list","limit":0}`).want(t, 400, 10022)
	w.get(`{"method":"list","limit":1001}`).want(t, 400, 10022)
	w.get(`{"method":"list","cursor":"?"}`).want(t, 400, 10029)
}

func TestBindingPassesInterceptor(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	var seen []string
	fault := false
	w.chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		err := next(ctx)
		seen = append(seen, fmt.Sprintf("%s %s %s %s %d", op.Service, op.Resource, op.Action, op.Key, op.Bytes))
		if fault {
			return errors.Join(err, cferr.New(http.StatusServiceUnavailable, 10043, "The service is on fire."))
		}
		return err
	})
	w.put(`{"method":"put","object":"k"}`, "hello").want(t, 200, 0)
	w.get(`{"method":"get","object":"k","range":{"offset":1}}`).want(t, 200, 0)
	if got := strings.Join(seen, "|"); got != "r2 media put k 5|r2 media get k 4" {
		t.Errorf("seen %s", got)
	}
	fault = true
	if e := w.get(`{"method":"get","object":"k"}`).want(t, 503, 10043); e.text != "The service is on fire." {
		t.Errorf("text %q", e.text)
	}
}

// A Worker that goes away in the middle of a put leaves nothing.
func TestBindingBrokenUpload(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	b := NewBinding(s, nil, slog.New(slog.DiscardHandler))
	for _, size := range []int{100, 1 << 20} {
		head := `{"method":"put","object":"k"}`
		r := httptest.NewRequest(http.MethodPut, "/", io.MultiReader(strings.NewReader(head), bytes.NewReader(make([]byte, size))))
		r.Header.Set(headerMetadata, strconv.Itoa(len(head)))
		r.ContentLength = int64(len(head) + size + 1)
		rec := httptest.NewRecorder()
		b.ServeBinding(rec, r, "media")
		if rec.Code != 400 || !strings.Contains(rec.Header().Get(headerError), "10013") {
			t.Errorf("size %d: %d %s", size, rec.Code, rec.Header().Get(headerError))
		}
	}
	bucket, _ := s.Bucket("media")
	wantBlobs(t, bucket, 0)
}
