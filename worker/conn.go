package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"sync"
	"time"

	"flint/internal/clock"
)

// workerd closes a connection that idles for five seconds. One that has
// idled for nearly as long may be closing just now and is not used again.
const maxIdle = 4 * time.Second

const (
	maxIdleConns = 512
	bufferSize   = 8 << 10
)

// errNoAnswer says that the connection ended before the first byte of a
// response: the process is gone, or it had closed an idle connection.
var errNoAnswer = errors.New("connection closed before a response")

// pool keeps connections to one unix socket of workerd. A round trip reads
// and writes on the caller's goroutine: no hand-over on the hot path.
type pool struct {
	path string

	mu     sync.Mutex
	idle   []*conn // the last one was used most recently
	closed bool
}

type conn struct {
	net.Conn
	r         *bufio.Reader
	w         *bufio.Writer
	idleSince clock.Stopwatch
	reused    bool
}

// get returns an idle connection, or a new one when there is none or fresh is asked for.
func (p *pool) get(ctx context.Context, fresh bool) (*conn, error) {
	if c := p.takeIdle(fresh); c != nil {
		return c, nil
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, "unix", p.path)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: nc, r: bufio.NewReaderSize(nc, bufferSize), w: bufio.NewWriterSize(nc, bufferSize)}, nil
}

func (p *pool) takeIdle(fresh bool) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fresh || len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	if c.idleSince.Elapsed() < maxIdle {
		c.reused = true
		return c
	}
	c.Close()
	for _, older := range p.idle {
		older.Close()
	}
	p.idle = p.idle[:0]
	return nil
}

func (p *pool) put(c *conn) {
	c.idleSince = clock.StartStopwatch()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdleConns {
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

// roundTrip sends r and reads the head of the response. The connection goes
// back to the pool when the response's body has been read to its end.
func (p *pool) roundTrip(r *http.Request) (*http.Response, error) {
	c, err := p.get(r.Context(), false)
	if err != nil {
		return nil, err
	}
	res, err := p.exchange(c, r)
	if errors.Is(err, errNoAnswer) && c.reused && r.Body == nil && Idempotent(r.Method) {
		if c, err = p.redial(r.Context()); err != nil {
			return nil, err
		}
		return p.exchange(c, r)
	}
	return res, err
}

// Idempotent reports whether a request that may have been received can be sent
// once more, after an idle connection turned out to be closed.
func Idempotent(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// redial makes a new connection for a request that was written to an idle one.
// When that fails the process is gone, and the request may be what ended it:
// the error does not look like a request that was never sent.
func (p *pool) redial(ctx context.Context) (*conn, error) {
	c, err := p.get(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", errNoAnswer, err)
	}
	return c, nil
}

func (p *pool) exchange(c *conn, r *http.Request) (*http.Response, error) {
	stop := context.AfterFunc(r.Context(), func() { c.Close() })
	fail := func(err error) (*http.Response, error) {
		stop()
		c.Close()
		if cause := r.Context().Err(); cause != nil {
			return nil, cause
		}
		return nil, err
	}
	writeHead(c.w, r)
	var sent chan error // nil when there is no body
	if r.Body == nil {
		if err := c.w.Flush(); err != nil {
			return fail(fmt.Errorf("%w: %w", errNoAnswer, err))
		}
	} else {
		sent = make(chan error, 1)
		go func() { sent <- writeBody(c.w, r) }()
	}
	res, err := readResponse(c.r, r)
	if err != nil {
		return fail(err)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		stop()
		res.Body = &upgraded{c}
		return res, nil
	}
	res.Body = &body{ReadCloser: res.Body, pool: p, conn: c, stop: stop, sent: sent, keep: !res.Close}
	return res, nil
}

// readResponse reads the head of the final response.
func readResponse(br *bufio.Reader, r *http.Request) (*http.Response, error) {
	if _, err := br.Peek(1); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	for {
		res, err := http.ReadResponse(br, r)
		if err != nil {
			return nil, fmt.Errorf("read response: %w", err)
		}
		if res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			return res, nil
		}
	}
}

// writeHead writes the request line and the headers. A body without a length
// (ContentLength 0 or -1) goes in chunks. Write errors stick to the
// bufio.Writer and show at Flush.
func writeHead(w *bufio.Writer, r *http.Request) {
	w.WriteString(r.Method)
	w.WriteByte(' ')
	w.WriteString(r.URL.RequestURI())
	w.WriteString(" HTTP/1.1\r\nHost: ")
	w.WriteString(r.Host)
	w.WriteString("\r\n")
	for name, values := range r.Header {
		for _, v := range values {
			w.WriteString(name)
			w.WriteString(": ")
			w.WriteString(v)
			w.WriteString("\r\n")
		}
	}
	switch {
	case r.Body == nil && needsLength(r.Method):
		w.WriteString("Content-Length: 0\r\n")
	case r.ContentLength > 0:
		w.WriteString("Content-Length: ")
		w.WriteString(strconv.FormatInt(r.ContentLength, 10))
		w.WriteString("\r\n")
	case r.Body != nil:
		w.WriteString("Transfer-Encoding: chunked\r\n")
	}
	w.WriteString("\r\n")
}

func needsLength(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func writeBody(w *bufio.Writer, r *http.Request) error {
	if r.ContentLength > 0 {
		if _, err := copyFlushing(w, io.LimitReader(r.Body, r.ContentLength), w); err != nil {
			return err
		}
		return w.Flush()
	}
	chunks := httputil.NewChunkedWriter(w)
	if _, err := copyFlushing(chunks, r.Body, w); err != nil {
		return err
	}
	if err := chunks.Close(); err != nil {
		return err
	}
	w.WriteString("\r\n")
	return w.Flush()
}

// copyFlushing copies and flushes after every read, so that a Worker sees a
// streamed body as it arrives.
func copyFlushing(dst io.Writer, src io.Reader, w *bufio.Writer) (int64, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var total int64
	for {
		n, err := src.Read(*buf)
		if n > 0 {
			if _, err := dst.Write((*buf)[:n]); err != nil {
				return total, err
			}
			if err := w.Flush(); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, w.Flush()
		}
		if err != nil {
			return total, err
		}
	}
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// body gives the connection back at its end.
type body struct {
	io.ReadCloser
	pool *pool
	conn *conn
	stop func() bool
	sent chan error
	keep bool
	eof  bool
	once sync.Once
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.eof = true
		b.finish()
	}
	return n, err
}

func (b *body) Close() error {
	b.finish()
	return nil
}

// finish reuses the connection only when both directions came to their end.
func (b *body) finish() {
	b.once.Do(func() {
		intact := b.stop() && b.eof && b.keep
		if b.sent != nil {
			select {
			case err := <-b.sent:
				intact = intact && err == nil
			default:
				intact = false // the Worker answered without reading the whole body
			}
		}
		if intact {
			b.pool.put(b.conn)
			return
		}
		b.conn.Close()
	})
}

// upgraded is the raw connection behind a 101 response.
type upgraded struct{ *conn }

func (u *upgraded) Read(p []byte) (int, error) { return u.conn.r.Read(p) }
