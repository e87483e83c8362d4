package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

const (
	stepTimeout   = 30 * time.Second // one request
	pollInterval  = 100 * time.Millisecond
	maxBodyBytes  = 64 << 20 // most bytes of a response's body that are read
	maxInlineBody = 8 << 10  // most bytes of a body that a step file holds as text
)

// closedWithoutAnswer is the body of an Answer when the connection was closed before a
// response; its status is 0.
const closedWithoutAnswer = "(the connection was closed without an answer)"

// client sends requests to one side. It follows no redirect and adds no headers except
// those of Go's HTTP client.
type client struct {
	url  string // http://127.0.0.1:port
	http http.Client
}

func newClient(url string) *client {
	return &client{
		url: strings.TrimRight(url, "/"),
		http: http.Client{
			Transport:     &http.Transport{DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// run runs one step. With "until" it repeats the request until the answer is the
// expected one, or knownAnswer if that is not nil, or the time is up.
func (c *client) run(ctx context.Context, s *Step, knownAnswer *Answer) (*Answer, error) {
	if s.Until == 0 {
		return c.request(ctx, s)
	}
	deadline, cancel := context.WithTimeout(ctx, s.Until)
	defer cancel()
	for {
		a, err := c.request(ctx, s)
		if err != nil || deadline.Err() != nil || s.isSettled(knownAnswer, a) {
			return a, err
		}
		pause(deadline, pollInterval)
	}
}

// isSettled reports whether a is the answer that "until" waits for.
func (s *Step) isSettled(knownAnswer, a *Answer) bool {
	if knownAnswer == nil {
		knownAnswer = s.Expected
	}
	return knownAnswer != nil && s.Differ(knownAnswer, a) == ""
}

// pause waits for d of real time, because the side is another process.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

func (c *client) request(ctx context.Context, s *Step) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	if s.Method == "WS" {
		return c.webSocket(ctx, s)
	}
	method := s.Method
	if method == "STREAM" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+s.Path, strings.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	setHeader(req.Header, s)
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return &Answer{Body: closedWithoutAnswer}, nil
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: namedHeaders(s, resp.Header)}
	if s.Method == "STREAM" {
		a.Body, err = readChunks(resp.Body)
		return a, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBodyBytes))
	if err != nil {
		a.Body = "(the body broke off)"
		return a, nil
	}
	a.Body = formatBody(body)
	return a, nil
}

func setHeader(h http.Header, s *Step) {
	for _, f := range s.Header {
		h.Add(f.Name, f.Value)
	}
}

// namedHeaders returns the headers that the step names; "-" for one that is absent.
func namedHeaders(s *Step, h http.Header) (out []Field) {
	if s.Expected == nil {
		return nil
	}
	for _, f := range s.Expected.Header {
		value := "-"
		if v := h.Values(f.Name); len(v) > 0 {
			value = strings.Join(v, ", ")
		}
		out = append(out, Field{f.Name, value})
	}
	return out
}

// readChunks returns one line for each part of a body that arrives separately.
func readChunks(r io.Reader) (string, error) {
	var lines []string
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			lines = append(lines, "chunk "+formatBody(buf[:n]))
		}
		if errors.Is(err, io.EOF) {
			return strings.Join(lines, "\n"), nil
		}
		if err != nil {
			return strings.Join(append(lines, "(the body broke off)"), "\n"), nil
		}
	}
}

// formatBody returns a body as a step file holds it.
func formatBody(body []byte) string {
	switch {
	case len(body) > maxInlineBody:
		sum := sha256.Sum256(body)
		return fmt.Sprintf("sha256: %s (%d bytes)", hex.EncodeToString(sum[:]), len(body))
	case !utf8.Valid(body) || strings.ContainsAny(string(body), "\x00\r"):
		return "base64: " + base64.StdEncoding.EncodeToString(body)
	}
	return strings.TrimRight(string(body), "\n")
}

// webSocket sends each line of the body as a message and records the messages that come
// back until the other side closes.
func (c *client) webSocket(ctx context.Context, s *Step) (*Answer, error) {
	opt := &websocket.DialOptions{HTTPHeader: http.Header{}, HTTPClient: &c.http}
	for _, f := range s.Header {
		if f.Name == "Sec-Websocket-Protocol" {
			opt.Subprotocols = append(opt.Subprotocols, f.Value)
			continue
		}
		opt.HTTPHeader.Add(f.Name, f.Value)
	}
	conn, resp, err := websocket.Dial(ctx, c.url+s.Path, opt)
	if err != nil && resp == nil {
		return nil, err
	}
	a := &Answer{Status: resp.StatusCode, Header: namedHeaders(s, resp.Header)}
	if err != nil {
		body, _ := io.ReadAll(resp.Body) // the text of the refusal, as far as it arrived
		a.Body = formatBody(body)
		return a, nil
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxBodyBytes)
	if s.Body != "" {
		for m := range strings.SplitSeq(s.Body, "\n") {
			if err := sendMessage(ctx, conn, m); err != nil {
				break // closed early, which receiveMessages records
			}
		}
	}
	a.Body = receiveMessages(ctx, conn)
	return a, nil
}

func sendMessage(ctx context.Context, conn *websocket.Conn, message string) error {
	if h, ok := strings.CutPrefix(message, "binary "); ok {
		b, err := hex.DecodeString(h)
		if err != nil {
			return err
		}
		return conn.Write(ctx, websocket.MessageBinary, b)
	}
	return conn.Write(ctx, websocket.MessageText, []byte(strings.TrimPrefix(message, "text ")))
}

func receiveMessages(ctx context.Context, conn *websocket.Conn) string {
	var lines []string
	for {
		kind, b, err := conn.Read(ctx)
		var closed websocket.CloseError
		switch {
		case errors.As(err, &closed):
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("close %d %s", int(closed.Code), closed.Reason)))
			return strings.Join(lines, "\n")
		case err != nil:
			return strings.Join(append(lines, "broken off"), "\n")
		case kind == websocket.MessageBinary:
			lines = append(lines, "binary "+hex.EncodeToString(b))
		default:
			lines = append(lines, "text "+formatBody(b))
		}
	}
}
