package front

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"

	"flint/internal/rawhttp"
	"flint/worker"
)

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
	if mark := c.res.Get(worker.ExceptionHeader); code == http.StatusInternalServerError && mark != nil && x.IsException(mark) {
		return keep, c.exception(x)
	}
	if method != http.MethodHead && codingFor(c.encoding, code, c.res.Length, headGetter(&c.res)) != asIs {
		return c.respondCoded(x, method, keep, status)
	}
	none := method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified
	closes := !none && !c.res.Chunked && c.res.Length < 0
	keep = keep && !closes
	*status = code
	c.responseHead(keep)
	err = c.body(x, none)
	x.End(err == nil && !closes && !c.res.Close)
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
		if !c.res.Parse(b[:end+4]) || len(c.res.First) < len("HTTP/1.1 200") {
			return 0, fmt.Errorf("malformed response %q", c.res.First)
		}
		code, err := strconv.Atoi(string(c.res.First[9:12]))
		if err != nil {
			return 0, err
		}
		if code >= 200 {
			return code, nil
		}
		x.R.Discard(c.res.Size) // an interim response
	}
}

// responseHead writes the head for the client into c.out.
func (c *shortConn) responseHead(keep bool) {
	c.out = c.srv.appendResponseHead(c.out[:0], &c.res, keep)
}

func (s *Server) appendResponseHead(b []byte, res *rawhttp.Head, keep bool) []byte {
	b = append(b, res.First...)
	b = append(b, crlf...)
	dated := false
	for _, f := range res.Fields {
		switch {
		case rawhttp.Is(f.Name, "Connection"), rawhttp.Is(f.Name, "Keep-Alive"):
			continue
		case rawhttp.Is(f.Name, "Date"):
			dated = true
		}
		b = appendField(b, f.Name, f.Value)
	}
	if !dated {
		b = append(b, "Date: "...)
		b = append(s.date(b), crlf...)
	}
	if !keep {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, crlf...)
}

// errClient says that the client hung up, which is its right.
var errClient = errors.New("the client is gone")

// body writes c.out and the body of the response to the client.
func (c *shortConn) body(x *worker.Exchange, none bool) error {
	x.R.Discard(c.res.Size)
	switch {
	case none:
		return c.flush()
	case c.res.Chunked:
		return c.chunks(x.R)
	case c.res.Length >= 0:
		return c.copy(x.R, c.res.Length)
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
