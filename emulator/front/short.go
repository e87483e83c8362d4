package front

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/worker"
)

// The short way: an ordinary HTTP/1.1 request for a Worker is handed to workerd
// and its response back as bytes, headers edited on the way. It halves what the
// front costs. Whatever is out of the ordinary (uploads that are not in the
// buffer yet, upgrades, odd heads, assets, other hosts) takes the long way
// through net/http, for the rest of the connection.

// Sender is a Worker that takes requests as bytes; *worker.Worker satisfies it.
type Sender interface {
	Send(ctx context.Context, request []byte, idle func() error) (*worker.Exchange, error)
}

// shortConn serves one client connection.
type shortConn struct {
	net.Conn
	r    *bufio.Reader
	srv  *Server
	req  head
	res  head
	out  []byte // what goes to workerd, then what goes to the client
	peer string // the client's address without its port

	encoding string // the request's Accept-Encoding
}

var errNotOrdinary = errors.New("not an ordinary request")

// serve answers requests until the connection ends or one needs the long way;
// it reports whether that is so.
func (c *shortConn) serve() (long bool) {
	for {
		if c.SetReadDeadline(clock.Deadline(idleTimeout)) != nil {
			return false
		}
		switch err := c.readHead(); {
		case errors.Is(err, errNotOrdinary):
			return c.SetReadDeadline(time.Time{}) == nil
		case err != nil:
			return false
		}
		if c.SetReadDeadline(time.Time{}) != nil {
			return false
		}
		site, method, target, ok := c.route()
		if !ok {
			return true
		}
		if !c.srv.begin(c.Conn) || !c.answer(site, method, target) || !c.srv.end(c.Conn) {
			return false
		}
	}
}

// readHead reads until a whole head is in the buffer and parses it.
func (c *shortConn) readHead() error {
	for n := 1; ; {
		if _, err := c.r.Peek(n); err != nil {
			return err
		}
		b, _ := c.r.Peek(c.r.Buffered())
		if end := bytes.Index(b, []byte("\r\n\r\n")); end >= 0 {
			if !c.req.parse(b[:end+4]) || c.req.unusual || c.req.chunked {
				return errNotOrdinary
			}
			return nil
		}
		if len(b) == c.r.Size() {
			return errNotOrdinary
		}
		n = len(b) + 1
	}
}

// route finds the Worker of the request and reports whether the short way can
// take it: its body must be in the buffer whole.
func (c *shortConn) route() (site *Site, method, target []byte, ok bool) {
	method, rest, _ := bytes.Cut(c.req.first, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || c.req.count("Host") != 1 || !token(method) {
		return nil, nil, nil, false
	}
	if int64(c.r.Buffered()-c.req.size) < c.req.length || is(method, "CONNECT") || bytes.Contains(target, []byte("#")) {
		return nil, nil, nil, false
	}
	path, _, _ := bytes.Cut(target, []byte("?"))
	site = c.srv.short(string(c.req.get("Host")), string(path))
	return site, method, target, site != nil
}

// answer sends the request on and the response back. It reports whether the
// connection can be used again.
func (c *shortConn) answer(site *Site, method, target []byte) bool {
	watch := clock.StartStopwatch()
	line := accessLine{method: string(method), path: string(target)}
	accept := string(c.req.get("Accept"))
	c.encoding = string(c.req.get("Accept-Encoding"))
	keep := !c.req.close
	c.request(method, target)
	body := int(max(c.req.length, 0))
	c.r.Discard(c.req.size + body) // they are in the buffer: it cannot fail
	x, err := site.Worker.(Sender).Send(context.Background(), c.out, c.gone)
	if err == nil {
		keep, err = c.respond(x, line.method, keep, &line.status)
	}
	if err != nil {
		keep = c.fail(accept, keep, err, &line.status)
	}
	if line.status != 0 {
		c.srv.log.LogAttrs(context.Background(), slog.LevelInfo, EventRequest, slog.String("method", line.method),
			slog.String("path", line.path), slog.Int("status", line.status), slog.Duration("duration", watch.Elapsed()))
	}
	return keep
}

type accessLine struct {
	method, path string
	status       int
}

// gone reports whether the client has hung up. It may not have: then a byte of
// its next request stays in the buffer.
func (c *shortConn) gone() error {
	if c.r.Buffered() > 0 {
		return nil
	}
	if c.SetReadDeadline(clock.Deadline(time.Millisecond)) != nil {
		return errClient
	}
	_, err := c.r.Peek(1)
	var timeout net.Error
	if err != nil && (!errors.As(err, &timeout) || !timeout.Timeout()) {
		return errClient
	}
	return c.SetReadDeadline(time.Time{})
}

// request writes the request into c.out as workerd is to see it: see edgeHeaders.
func (c *shortConn) request(method, target []byte) {
	b := append(c.out[:0], method...)
	b = append(b, ' ')
	b = append(b, target...)
	b = append(b, " HTTP/1.1\r\n"...)
	var forwarded []byte
	for _, f := range c.req.fields {
		switch {
		case is(f.name, "X-Forwarded-For"):
			forwarded = f.value
		case !ownRequestHeader(f.name):
			b = appendField(b, f.name, f.value)
		}
	}
	b = append(b, "Accept-Encoding: "+workerEncoding+"\r\nCF-Connecting-IP: "...)
	b = append(b, c.peer...)
	b = append(b, "\r\nCF-IPCountry: "+country+"\r\nCF-Ray: "...)
	b = appendRay(b)
	b = append(b, "\r\nCF-Visitor: {\"scheme\":\"http\"}\r\nX-Forwarded-Proto: http\r\nX-Real-IP: "...)
	b = append(b, c.peer...)
	b = append(b, "\r\nX-Forwarded-For: "...)
	if forwarded != nil {
		b = append(append(b, forwarded...), ',')
	}
	b = append(b, c.peer...)
	b = append(b, "\r\n"+worker.HeaderCf+": "...)
	b = appendCf(b, "HTTP/1.1", c.encoding)
	b = append(b, crlf...)
	if c.req.length >= 0 {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, c.req.length, 10), crlf...)
	}
	b = append(b, crlf...)
	if c.req.length > 0 {
		all, _ := c.r.Peek(c.req.size + int(c.req.length)) // it is in the buffer
		b = append(b, all[c.req.size:]...)
	}
	c.out = b
}

func appendField(b, name, value []byte) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, crlf...)
}

// ownRequestHeader reports whether a header is the edge's to set or ends here.
func ownRequestHeader(name []byte) bool {
	switch lower(name[0]) { // most headers begin with none of these
	case 'a', 'c', 'k', 'p', 'x':
	default:
		return false
	}
	for _, own := range ownHeaders {
		if is(name, own) {
			return true
		}
	}
	return len(name) > len(flintPrefix) && is(name[:len(flintPrefix)], flintPrefix)
}

const flintPrefix = "X-Flint-"

var ownHeaders = []string{"Connection", "Keep-Alive", "CF-Ray", "CF-Visitor", "X-Real-IP", "CF-IPCountry", "CF-Connecting-IP",
	"Accept-Encoding", "X-Forwarded-Proto", "Content-Length", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate"}

// respond passes the response on. After an error before anything was written
// to the client, status is 0 and the caller answers.
func (c *shortConn) respond(x *worker.Exchange, method string, keep bool, status *int) (bool, error) {
	code, err := c.readResponseHead(x)
	if errors.Is(err, bufio.ErrBufferFull) {
		return c.respondCoded(x, method, keep, status)
	}
	if err != nil {
		x.End(false)
		return false, &worker.CrashError{Err: err}
	}
	if mark := c.res.get(worker.ExceptionHeader); code == http.StatusInternalServerError && mark != nil && x.IsException(mark) {
		return keep, c.exception(x)
	}
	if method != http.MethodHead && codingFor(c.encoding, code, c.res.length, headGetter(&c.res)) != asIs {
		return c.respondCoded(x, method, keep, status)
	}
	none := method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified
	closes := !none && !c.res.chunked && c.res.length < 0
	keep = keep && !closes
	*status = code
	c.responseHead(keep)
	err = c.body(x, none)
	x.End(err == nil && !closes && !c.res.close)
	if err != nil {
		if !errors.Is(err, errClient) {
			c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
		}
		return false, nil
	}
	return keep, nil
}

// respondCoded passes on, by net/http's own types, a response whose body is
// coded on the way or whose head is larger than the buffer.
func (c *shortConn) respondCoded(x *worker.Exchange, method string, keep bool, status *int) (bool, error) {
	res, err := http.ReadResponse(x.R, &http.Request{Method: method})
	if err != nil {
		x.End(false)
		return false, &worker.CrashError{Err: err}
	}
	*status = res.StatusCode
	code := codingFor(c.encoding, res.StatusCode, res.ContentLength, res.Header.Get)
	bodiless := method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified
	if bodiless {
		code = asIs
	}
	reusable := !res.Close
	c.codedHead(res, code, keep, bodiless)
	err = c.flush()
	if err == nil && !bodiless {
		err = c.codedBody(res, code)
	}
	x.End(err == nil && reusable)
	if err != nil && !errors.Is(err, errClient) {
		c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
	}
	return keep && err == nil, nil
}

// codedHead writes the head of a response whose body follows in chunks.
func (c *shortConn) codedHead(res *http.Response, code coding, keep, bodiless bool) {
	code.adjust(res.Header)
	for _, name := range hopByHop {
		delete(res.Header, name)
	}
	c.setDate(res.Header)
	if !bodiless {
		res.Header.Del("Content-Length")
		res.Header.Set("Transfer-Encoding", "chunked")
	}
	if !keep {
		res.Header.Set("Connection", "close")
	}
	b := bytes.NewBuffer(append(c.out[:0], "HTTP/1.1 "+res.Status+"\r\n"...))
	_ = res.Header.Write(b) // a buffer takes all
	c.out = append(b.Bytes(), crlf...)
}

func (c *shortConn) codedBody(res *http.Response, code coding) error {
	out := bufio.NewWriterSize(c.Conn, shortBuffer)
	chunks := httputil.NewChunkedWriter(out)
	flush := func() error {
		if out.Flush() != nil {
			return errClient
		}
		return nil
	}
	if err := code.copy(chunks, flush, res.Body); err != nil {
		return err
	}
	if chunks.Close() != nil {
		return errClient
	}
	out.WriteString("\r\n") // the empty trailer
	return flush()
}

// readResponseHead reads the head of the final response into c.res and c.out;
// c.res points into x's buffer until the next read from it.
func (c *shortConn) readResponseHead(x *worker.Exchange) (int, error) {
	for n := 1; ; {
		if _, err := x.R.Peek(n); err != nil {
			return 0, err
		}
		b, _ := x.R.Peek(x.R.Buffered())
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			n = len(b) + 1 // over the buffer's size this is bufio.ErrBufferFull
			continue
		}
		if !c.res.parse(b[:end+4]) || len(c.res.first) < len("HTTP/1.1 200") {
			return 0, fmt.Errorf("malformed response %q", c.res.first)
		}
		code, err := strconv.Atoi(string(c.res.first[9:12]))
		if err != nil {
			return 0, err
		}
		if code >= 200 {
			return code, nil
		}
		x.R.Discard(c.res.size) // an interim response
	}
}

// responseHead writes the head for the client into c.out.
func (c *shortConn) responseHead(keep bool) {
	b := append(c.out[:0], c.res.first...)
	b = append(b, crlf...)
	dated := false
	for _, f := range c.res.fields {
		switch {
		case is(f.name, "Connection"), is(f.name, "Keep-Alive"):
			continue
		case is(f.name, "Date"):
			dated = true
		}
		b = appendField(b, f.name, f.value)
	}
	if !dated {
		b = append(b, "Date: "...)
		b = append(c.srv.date(b), crlf...)
	}
	if !keep {
		b = append(b, "Connection: close\r\n"...)
	}
	c.out = append(b, crlf...)
}

// errClient says that the client hung up, which is its right.
var errClient = errors.New("the client is gone")

// body writes c.out and the body of the response to the client.
func (c *shortConn) body(x *worker.Exchange, none bool) error {
	x.R.Discard(c.res.size)
	switch {
	case none:
		return c.flush()
	case c.res.chunked:
		return c.chunks(x.R)
	case c.res.length >= 0:
		return c.copy(x.R, c.res.length)
	}
	return c.copy(x.R, 1<<62)
}

func (c *shortConn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return errClient
	}
	return nil
}

// copy passes n bytes on as they come; a body without a length ends with the
// connection.
func (c *shortConn) copy(r *bufio.Reader, n int64) error {
	for n > 0 {
		if r.Buffered() == 0 {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if _, err := r.Peek(1); err == io.EOF && n > 1<<61 {
			return nil
		} else if err != nil {
			return err
		}
		b, _ := r.Peek(int(min(int64(r.Buffered()), n)))
		c.out = append(c.out, b...)
		r.Discard(len(b))
		n -= int64(len(b))
		if len(c.out) >= shortBuffer {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return c.flush()
}

// chunks passes a chunked body on as it was framed.
func (c *shortConn) chunks(r *bufio.Reader) error {
	for {
		line, err := c.line(r)
		if err != nil {
			return err
		}
		text, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 16, 62)
		if err != nil {
			return fmt.Errorf("malformed chunk: %w", err)
		}
		c.out = append(append(c.out, line...), crlf...)
		if n == 0 {
			return c.trailer(r)
		}
		if err := c.copyChunk(r, int64(n)); err != nil {
			return err
		}
	}
}

// copyChunk passes a chunk's data and its line end on.
func (c *shortConn) copyChunk(r *bufio.Reader, n int64) error {
	for n += 2; n > 0; {
		if r.Buffered() == 0 {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if _, err := r.Peek(1); err != nil {
			return err
		}
		b, _ := r.Peek(int(min(int64(r.Buffered()), n)))
		c.out = append(c.out, b...)
		r.Discard(len(b))
		n -= int64(len(b))
	}
	return nil
}

// line reads a line without its end, flushing before it would wait.
func (c *shortConn) line(r *bufio.Reader) ([]byte, error) {
	if b, _ := r.Peek(r.Buffered()); bytes.IndexByte(b, '\n') < 0 || len(c.out) >= shortBuffer {
		if err := c.flush(); err != nil {
			return nil, err
		}
	}
	line, err := r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// trailer passes what follows the last chunk on.
func (c *shortConn) trailer(r *bufio.Reader) error {
	for {
		line, err := c.line(r)
		if err != nil {
			return err
		}
		c.out = append(append(c.out, line...), crlf...)
		if len(line) == 0 {
			return c.flush()
		}
	}
}

// maxException bounds the description of an exception.
const maxException = 1 << 20

// exception reads the exception that a response stands for.
func (c *shortConn) exception(x *worker.Exchange) error {
	length := c.res.length
	if length < 0 || length > maxException {
		x.End(false)
		return fmt.Errorf("an exception described in %d bytes", length)
	}
	x.R.Discard(c.res.size)
	body := make([]byte, length)
	_, err := io.ReadFull(x.R, body)
	if err == nil {
		err = x.Exception(body)
		x.End(true)
		return err
	}
	x.End(false)
	return &worker.CrashError{Err: err}
}

// fail answers with an error page or text. It reports whether the connection
// can be used again.
func (c *shortConn) fail(accept string, keep bool, err error, status *int) bool {
	if errors.Is(err, errClient) {
		return false // it hung up while it waited
	}
	rec := httptest.NewRecorder()
	WriteError(rec, accept, err)
	*status = rec.Code
	res := rec.Result()
	c.setDate(res.Header)
	res.ContentLength = int64(rec.Body.Len())
	res.Close = !keep
	return res.Write(c) == nil && keep
}

func (c *shortConn) setDate(h http.Header) {
	if h.Get("Date") == "" {
		h.Set("Date", string(c.srv.date(nil)))
	}
}

const (
	shortBuffer = 16 << 10
	idleTimeout = 2 * time.Minute
)

// dates caches the Date header, which changes once a second.
type dates struct {
	mu   sync.Mutex
	unix int64
	text []byte
}

func (d *dates) append(b []byte, now time.Time) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := now.Unix(); u != d.unix {
		d.unix, d.text = u, now.UTC().AppendFormat(d.text[:0], http.TimeFormat)
	}
	return append(b, d.text...)
}
