package loophttp

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"

	"flint/internal/rawhttp"
)

// request is what a Request is made of, in memory that is used again.
type request struct {
	http.Request
	head   rawhttp.Head
	header http.Header
	url    url.URL
	values []string
}

// parse reads a head; nil when net/http would refuse it. The result is good
// until the next call.
func (r *request) parse(b []byte) *http.Request {
	if r.ordinary(b) {
		return &r.Request
	}
	br := readers.Get().(*bufio.Reader)
	defer readers.Put(br)
	br.Reset(bytes.NewReader(b))
	long, err := http.ReadRequest(br)
	if err != nil {
		return nil
	}
	return long
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxHead) }}

// ordinary reads a head as http.ReadRequest does, only faster. It reports false
// for one that is not like those that workerd writes.
func (r *request) ordinary(b []byte) bool {
	h := &r.head
	if !h.Parse(b) || h.Unusual || h.Chunked || h.Close || h.Count("Host") != 1 || h.Get("Pragma") != nil {
		return false
	}
	method, rest, _ := bytes.Cut(h.First, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" || !rawhttp.Token(method) || string(method) == http.MethodConnect {
		return false
	}
	whole := string(b)
	at := len(method) + 1
	r.Request = http.Request{
		Method: whole[:len(method)], RequestURI: whole[at : at+len(target)],
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: max(h.Length, 0), Body: http.NoBody,
	}
	r.setHeader(b, whole)
	return r.setURL()
}

// setURL takes the target apart.
func (r *request) setURL() bool {
	path, query, found := cutQuery(r.RequestURI)
	if !found {
		u, err := url.ParseRequestURI(r.RequestURI)
		r.URL = u
		return err == nil && u.Host == "" // which would stand for the header
	}
	r.url = url.URL{Path: path, RawQuery: query}
	r.URL = &r.url
	return true
}

// cutQuery splits a target; false says that its path is not written as it is
// meant, or that net/url would see more in it.
func cutQuery(target string) (path, query string, ok bool) {
	if len(target) == 0 || target[0] != '/' {
		return "", "", false
	}
	for i := range len(target) {
		switch c := target[i]; {
		case c == '?':
			query := target[i+1:]
			return target[:i], query, query != "" && strings.IndexByte(query, '\t') < 0
		case !plainBytes[c]:
			return "", "", false
		}
	}
	return target, "", true
}

// plainBytes stand for themselves in a path, however it is written.
var plainBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || bytes.IndexByte([]byte("-_.~/"), byte(c)) >= 0
	}
	return t
}()

// setHeader takes the fields, which lie in b, as parts of whole, its copy.
func (r *request) setHeader(b []byte, whole string) {
	part := func(p []byte) string {
		if len(p) == 0 {
			return ""
		}
		at := cap(b) - cap(p) // both reach to the end of the same memory
		return whole[at : at+len(p)]
	}
	if r.header == nil {
		r.header = http.Header{}
	}
	clear(r.header)
	r.Header, r.values = r.header, r.values[:0]
	for _, f := range r.head.Fields {
		value := part(f.Value)
		if rawhttp.Is(f.Name, "Host") {
			r.Host = value
			continue
		}
		name := textproto.CanonicalMIMEHeaderKey(part(f.Name))
		if old := r.Header[name]; old != nil {
			r.Header[name] = append(old, value)
			continue
		}
		r.values = append(r.values, value)
		last := len(r.values)
		r.Header[name] = r.values[last-1 : last : last]
	}
}
