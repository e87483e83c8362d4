package cache

import (
	"io"
	"net/http"
	"strconv"

	"flint/internal/clock"
)

// Cf-Cache-Status is how workerd tells a hit from a miss.
const (
	cacheStatus = "Cf-Cache-Status"
	hit         = "HIT"
	miss        = "MISS"
)

// Match answers with the fresh response of the key, honouring If-None-Match,
// If-Modified-Since and Range, or with a miss. It returns the bytes of the
// stored body, or -1 for a miss.
func (c *Cache) Match(w http.ResponseWriter, r *http.Request, k Key) int64 {
	m := c.find(k)
	if m == nil {
		w.Header()[cacheStatus] = []string{miss}
		w.WriteHeader(http.StatusGatewayTimeout) // what only-if-cached asks for
		return -1
	}
	defer m.close()
	c.writeHeaders(w.Header(), m.meta)
	if m.Status == http.StatusOK && isConditionalOrRange(r) { // net/http knows conditions and ranges
		modified, _ := http.ParseTime(m.header("Last-Modified")) // zero: no condition on it
		http.ServeContent(&emptyRangeError{w, m.Size, false}, r, "", modified, m.reader())
		return m.Size
	}
	w.Header()["Content-Length"] = []string{strconv.FormatInt(m.Size, 10)}
	w.WriteHeader(m.Status)
	if m.file == nil {
		_, _ = w.Write(m.body) // the client is gone: nobody is left to tell
	} else {
		_, _ = io.Copy(w, io.LimitReader(m.file, m.Size)) // as above
	}
	return m.Size
}

// emptyRangeError leaves out the sentence that net/http puts into a 416: the answer
// to a range that is not there, or in another unit than bytes, has no body and
// says how long the response is.
type emptyRangeError struct {
	http.ResponseWriter
	size int64
	bare bool
}

// WriteHeader implements http.ResponseWriter.
func (w *emptyRangeError) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		w.bare = true
		h := w.Header()
		delete(h, "X-Content-Type-Options")
		h["Content-Type"] = nil // keep net/http from adding its own
		h["Content-Length"] = []string{"0"}
		h["Content-Range"] = []string{"bytes */" + strconv.FormatInt(w.size, 10)}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *emptyRangeError) Write(p []byte) (int, error) {
	if w.bare {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

func (c *Cache) writeHeaders(h http.Header, m *meta) {
	h["Content-Type"] = nil // keep net/http from adding its own
	h["Date"] = nil
	for _, line := range m.Headers {
		h[line[0]] = append(h[line[0]], line[1])
	}
	seconds := int64(clock.Since(c.clock, m.Stored).Seconds())
	if before, err := strconv.ParseInt(m.header("Age"), 10, 64); err == nil {
		seconds += before
	}
	h["Age"] = []string{strconv.FormatInt(max(seconds, 0), 10)}
	h[cacheStatus] = []string{hit}
}

func isConditionalOrRange(r *http.Request) bool {
	for _, name := range []string{"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}
