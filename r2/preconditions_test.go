package r2

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"flint/r2/driver"
)

// What is sent with a 304, and what is not.
func TestNotModifiedHeaders(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	expiry := noon.Add(time.Hour).UnixMilli()
	o, err := b.Put(t.Context(), "k", strings.NewReader("v"), PutOptions{Size: 1, HTTP: HTTPMetadata{ContentType: "text/plain", ContentLanguage: "en", ContentDisposition: "inline", ContentEncoding: "gzip", CacheControl: "max-age=60", CacheExpiry: &expiry}})
	if err != nil {
		t.Fatal(err)
	}
	r := p.try("GET", "/k", "If-None-Match", `"`+o.ETag+`"`, "Range", "bytes=5-")
	if r.StatusCode != 304 {
		t.Fatalf("status %d", r.StatusCode)
	}
	for name, want := range map[string]string{
		"Etag": `"` + o.ETag + `"`, "Cache-Control": "max-age=60", "Expires": "Sun, 01 Mar 2026 13:00:00 GMT", "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
		"Content-Type": "", "Content-Length": "", "Content-Encoding": "", "Content-Range": "", "Content-Language": "", "Content-Disposition": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Several conditions at once, in the order of RFC 9110, 13.2.2.
func TestPreconditionOrder(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	o := put(t, b, "k", "0123456789")
	same, other := `"`+o.ETag+`"`, `"other"`
	const at, before, after = "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 11:00:00 GMT", "Sun, 01 Mar 2026 13:00:00 GMT"
	for _, c := range []struct {
		status int
		header []string
	}{
		{200, []string{"If-Match", same, "If-Unmodified-Since", before}},
		{412, []string{"If-Match", other, "If-Unmodified-Since", after}},
		{412, []string{"If-Match", other, "If-None-Match", same}},
		{304, []string{"If-Match", same, "If-None-Match", same}},
		{200, []string{"If-Match", same, "If-None-Match", other}},
		{412, []string{"If-Unmodified-Since", before, "If-None-Match", same}},
		{304, []string{"If-Unmodified-Since", at, "If-None-Match", same}},
		{304, []string{"If-Unmodified-Since", at, "If-Modified-Since", at}},
		{200, []string{"If-None-Match", other, "If-Modified-Since", after}},
		{304, []string{"If-None-Match", same, "If-Modified-Since", before}},
		{412, []string{"If-Match", other, "Range", "bytes=99-"}},
		{304, []string{"If-None-Match", same, "Range", "bytes=99-"}},
		{416, []string{"If-Match", same, "Range", "bytes=99-"}},
		{206, []string{"If-Match", same, "Range", "bytes=1-2"}},
		{206, []string{"If-Range", same, "Range", "bytes=1-2"}},
		{206, []string{"If-Range", at, "Range", "bytes=1-2"}},
		{200, []string{"If-Range", after, "Range", "bytes=1-2"}},
		{200, []string{"If-Range", before, "Range", "bytes=1-2"}},
		{200, []string{"If-Range", "W/" + same, "Range", "bytes=1-2"}},
		{200, []string{"If-Range", other, "Range", "bytes=99-"}},
		{200, []string{"If-Range", other, "Range", "nonsense"}},
		{200, []string{"If-Range", other}},
		{304, []string{"If-Range", other, "Range", "bytes=1-2", "If-None-Match", same}},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := p.try(method, "/k", c.header...)
			if r.StatusCode != c.status {
				t.Errorf("%s with %q: %d, want %d", method, c.header, r.StatusCode, c.status)
			}
		}
	}
	if r := p.try("GET", "/none", "If-Match", "*", "If-None-Match", "*"); r.StatusCode != 404 {
		t.Errorf("conditions on what is not there: %d", r.StatusCode)
	}
}

// byTheBook is RFC 9110, 13.2.2, step by step, on parsed headers.
func byTheBook(h http.Header, etag string, modified time.Time) int {
	matches := func(name string, weak bool) bool {
		for _, v := range h.Values(name) {
			for part := range strings.SplitSeq(v, ",") {
				part = strings.TrimSpace(part)
				if part == "*" || part == `"`+etag+`"` || weak && part == `W/"`+etag+`"` {
					return true
				}
			}
		}
		return false
	}
	date := func(name string) (time.Time, bool) {
		t, err := http.ParseTime(h.Get(name))
		return t, err == nil
	}
	if h.Get("If-Match") != "" { // 1
		if !matches("If-Match", false) {
			return 412
		}
	} else if t, ok := date("If-Unmodified-Since"); ok && !(modified.Equal(t) || modified.Before(t)) { // 2
		return 412
	}
	if h.Get("If-None-Match") != "" { // 3
		if matches("If-None-Match", true) {
			return 304
		}
	} else if t, ok := date("If-Modified-Since"); ok && (modified.Equal(t) || modified.Before(t)) { // 4
		return 304
	}
	if h.Get("Range") == "" {
		return 200
	}
	if ifRange := h.Get("If-Range"); ifRange != "" { // 5
		t, ok := date("If-Range")
		if ifRange != `"`+etag+`"` && (!ok || !t.Equal(modified)) {
			return 200
		}
	}
	return 206
}

// pick makes a header from a byte: absent, or one of the choices.
func pick(h http.Header, name string, n byte, choices ...string) {
	if i := int(n) % (len(choices) + 1); i > 0 {
		h.Set(name, choices[i-1])
	}
}

func FuzzPreconditions(f *testing.F) {
	for i := range byte(8) {
		f.Add(i, i+1, i*3, i*5, i*7, i, int16(i)-4, byte(i))
	}
	f.Fuzz(func(t *testing.T, match, none, since, until, part, ifRange byte, skew int16, method byte) {
		o := &Object{Key: "k", ETag: "abc", Size: 10, Uploaded: noon}
		h := http.Header{}
		tags := []string{`"abc"`, `"x"`, `W/"abc"`, `"x", "abc"`, `"x", W/"abc"`, `*`, `W/"x","y"`}
		date := o.Uploaded.Add(time.Duration(skew) * time.Second / 4).Format(http.TimeFormat)
		dates := []string{o.Uploaded.Format(http.TimeFormat), date, "never"}
		pick(h, "If-Match", match, tags...)
		pick(h, "If-None-Match", none, tags...)
		pick(h, "If-Modified-Since", since, dates...)
		pick(h, "If-Unmodified-Since", until, dates...)
		pick(h, "Range", part, "bytes=0-3", "bytes=-2", "bytes=5-")
		pick(h, "If-Range", ifRange, append(tags[:3:3], dates...)...)
		r := &http.Request{Method: []string{"GET", "HEAD"}[method%2], Header: h}
		q, err := parseReading(r)
		if err != nil {
			t.Fatal(err)
		}
		got := 200
		switch err := q.onlyIf.Precondition(o); {
		case errors.Is(err, ErrPreconditionFailed):
			got = 412
		case errors.Is(err, driver.ErrNotModified):
			got = 304
		case q.partial(o):
			got = 206
		}
		if want := byTheBook(h, o.ETag, o.Uploaded.Truncate(time.Second)); got != want {
			t.Errorf("%v: %d, want %d", h, got, want)
		}
	})
}

// Whatever the headers say, the answer is one that HTTP allows, and its headers
// fit its body.
func FuzzPublicHeaders(f *testing.F) {
	f.Add(`"x"`, `W/"y", *`, "bytes=0-4", `"x"`, "Sun, 01 Mar 2026 12:00:00 GMT")
	f.Add(`x`, `"`, "bytes=4-0", "W/", "1")
	f.Add(``, ``, "bytes=-99999999999999999999", "Sun, 01 Mar 2026 12:00:00 GMT", "")
	f.Add(``, `,`, "bytes=1-2,3-4", "", "")
	p, b := newPublic(f)
	put(f, b, "k", "0123456789")
	f.Fuzz(func(t *testing.T, match, none, part, ifRange, since string) {
		r := httptest.NewRequest("GET", "/k", nil)
		for name, value := range map[string]string{"If-Match": match, "If-None-Match": none, "Range": part, "If-Range": ifRange, "If-Modified-Since": since} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		rec := httptest.NewRecorder()
		p.ServeSite(rec, r, Site{Bucket: "media"})
		h, body := rec.Header(), rec.Body.String()
		switch rec.Code {
		case 200:
			if body != "0123456789" || h.Get("Content-Range") != "" {
				t.Errorf("200 %q %v", body, h)
			}
		case 206:
			var first, last int
			if n, err := fmt.Sscanf(h.Get("Content-Range"), "bytes %d-%d/10", &first, &last); n != 2 || err != nil || body != "0123456789"[first:last+1] {
				t.Errorf("206 %q %v", body, h)
			}
		case 304:
			if body != "" || h.Get("ETag") == "" {
				t.Errorf("304 %q %v", body, h)
			}
			return
		case 416:
			if h.Get("Content-Range") != "bytes */10" {
				t.Errorf("416 %v", h)
			}
		case 400, 412:
		default:
			t.Errorf("status %d", rec.Code)
		}
		if h.Get("Content-Length") != strconv.Itoa(len(body)) {
			t.Errorf("%d: Content-Length %s of %d", rec.Code, h.Get("Content-Length"), len(body))
		}
	})
}

// A condition that held is held to: what replaces the object meanwhile is not
// sent under it.
func TestConditionalReadOfOneVersion(t *testing.T) {
	t.Parallel()
	_, b := newPublic(t)
	first := put(t, b, "k", "first")
	put(t, b, "k", "second")
	if _, err := b.Get(t.Context(), "k", GetOptions{OnlyIf: driver.SameVersion(first)}); !errors.Is(err, ErrPreconditionFailed) {
		t.Errorf("the old version: %v", err)
	}
	q := &reading{onlyIf: &Conditional{Matches: []ETag{{Value: first.ETag}}}}
	if _, err := q.open(t.Context(), b, "k"); !errors.Is(err, ErrPreconditionFailed) {
		t.Errorf("a condition on the old version: %v", err)
	}
}

func TestPublicNotFoundPage(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	page, err := b.Put(t.Context(), "404.html", strings.NewReader("<h1>gone</h1>"), PutOptions{Size: 13, HTTP: HTTPMetadata{ContentType: "text/html", CacheControl: "no-store"}})
	if err != nil {
		t.Fatal(err)
	}
	site := Site{Bucket: "media", NotFound: "404.html"}
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/none", "<h1>gone</h1>"}, {"GET", "/", "<h1>gone</h1>"}, {"HEAD", "/none", ""}, {"GET", "/%FF", "<h1>gone</h1>"},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Header.Set("If-None-Match", `"`+page.ETag+`"`)
		r.Header.Set("Range", "bytes=0-1")
		rec := httptest.NewRecorder()
		p.ServeSite(rec, r, site)
		h := rec.Header()
		if rec.Code != 404 || rec.Body.String() != c.body || h.Get("Content-Type") != "text/html" || h.Get("Content-Length") != "13" || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" {
			t.Errorf("%s %s: %d %q %v", c.method, c.target, rec.Code, rec.Body, h)
		}
	}
	if err := b.Delete(t.Context(), "404.html"); err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	p.ServeSite(rec, httptest.NewRequest("GET", "/none", nil), site)
	if rec.Code != 404 || rec.Body.String() != "Object not found\n" {
		t.Errorf("without its page: %d %q", rec.Code, rec.Body)
	}
}
