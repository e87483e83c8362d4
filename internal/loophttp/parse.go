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

// parsedRequest is an http.Request with the memory of its parts, which is reused for
// the next request.
type parsedRequest struct {
	http.Request
	head   rawhttp.Head
	header http.Header
	url    url.URL
	values []string
}

// parse parses a head. It returns nil for one that net/http refuses. The result is
// valid until the next call.
func (r *parsedRequest) parse(b []byte) *http.Request {
	if r.parseFast(b) {
		return &r.Request
	}
	br := headReaders.Get().(*bufio.Reader)
	defer headReaders.Put(br)
	br.Reset(bytes.NewReader(b))
	slow, err := http.ReadRequest(br)
	if err != nil {
		return nil
	}
	return slow
}

var headReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxHeadBytes) }}

// parseFast parses a head with the result of http.ReadRequest, only faster. It reports
// false for a head of a form that workerd does not write.
func (r *parsedRequest) parseFast(b []byte) bool {
	h := &r.head
	if !h.Parse(b) || h.Unusual || h.Chunked || h.Close || h.Count("Host") != 1 || h.Get("Pragma") != nil {
		return false
	}
	method, rest, _ := bytes.Cut(h.StartLine, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" || !rawhttp.IsToken(method) || string(method) == http.MethodConnect {
		return false
	}
	text := string(b)
	at := len(method) + 1
	r.Request = http.Request{
		Method: text[:len(method)], RequestURI: text[at : at+len(target)],
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: max(h.ContentLength, 0), Body: http.NoBody,
	}
	r.setHeader(b, text)
	return r.setURL()
}

// setURL parses the request's target.
func (r *parsedRequest) setURL() bool {
	path, query, found := splitTarget(r.RequestURI)
	if !found {
		u, err := url.ParseRequestURI(r.RequestURI)
		r.URL = u
		return err == nil && u.Host == "" // a host in the target would override the header
	}
	r.url = url.URL{Path: path, RawQuery: query}
	r.URL = &r.url
	return true
}

// splitTarget splits a target into path and query. ok is false for a target that
// net/url must parse, for example because its path has escapes.
func splitTarget(target string) (path, query string, ok bool) {
	if len(target) == 0 || target[0] != '/' {
		return "", "", false
	}
	for i := range len(target) {
		switch c := target[i]; {
		case c == '?':
			query := target[i+1:]
			return target[:i], query, query != "" && strings.IndexByte(query, '\t') < 0
		case !unescapedBytes[c]:
			return "", "", false
		}
	}
	return target, "", true
}

// unescapedBytes are the bytes that mean themselves in a path and are never escaped.
var unescapedBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || bytes.IndexByte([]byte("-_.~/"), byte(c)) >= 0
	}
	return t
}()

// setHeader sets the header. The fields are slices of b; the strings are substrings of
// text, which is a copy of b, so that one allocation serves all.
func (r *parsedRequest) setHeader(b []byte, text string) {
	substring := func(p []byte) string {
		if len(p) == 0 {
			return ""
		}
		at := cap(b) - cap(p) // p is a slice of b: both capacities end at the same byte
		return text[at : at+len(p)]
	}
	if r.header == nil {
		r.header = http.Header{}
	}
	clear(r.header)
	r.Header, r.values = r.header, r.values[:0]
	for _, f := range r.head.Fields {
		value := substring(f.Value)
		if rawhttp.Is(f.Name, "Host") {
			r.Host = value
			continue
		}
		name := textproto.CanonicalMIMEHeaderKey(substring(f.Name))
		if earlier := r.Header[name]; earlier != nil {
			r.Header[name] = append(earlier, value)
			continue
		}
		r.values = append(r.values, value)
		last := len(r.values)
		r.Header[name] = r.values[last-1 : last : last]
	}
}
