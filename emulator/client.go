package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"flint/config"
	"flint/emulator/cfapi"
	"flint/internal/cferr"
)

// Client is Cloudflare's REST API on a project's state: that of the running
// flint or, when none runs, of a server in this process that opens the state
// itself. Commands work the same way on both.
type Client struct {
	base    string // http://…/client/v4/accounts/<id>
	control string // http://… of a running flint; empty when there is none
	http    *http.Client
	close   func() error
}

// startingTimeout is how long Connect waits for a flint that is just starting.
const startingTimeout = 10 * time.Second

// Connect finds or opens the state of a project. The caller closes the Client.
func Connect(ctx context.Context, p *config.Project, log *slog.Logger) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, startingTimeout)
	defer cancel()
	for {
		dir, err := openState(p.Settings.State, p.Settings.Ephemeral)
		if err == nil {
			return connectInProcess(p, dir, log)
		}
		var inUse *InUseError
		if !errors.As(err, &inUse) {
			return nil, err
		}
		if inUse.Run.Control != "" {
			c := newClient(inUse.Run.Control, func() error { return nil })
			c.control = inUse.Run.Control
			return c, nil
		}
		if waitErr := sleep(ctx, 50*time.Millisecond); waitErr != nil {
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	tick, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-tick.Done()
	return ctx.Err()
}

func connectInProcess(p *config.Project, dir *stateDir, log *slog.Logger) (*Client, error) {
	s, err := openServices(p, dir, log)
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	if err := s.declareConsumers(p); err != nil {
		return nil, errors.Join(err, s.close(), dir.close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, s.close(), dir.close())
	}
	r := cfapi.NewRouter()
	cfapi.Routes(r, s.rest(log)...)
	srv := newServer(r, log)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }() // ends with Close below
	return newClient("http://"+listener.Addr().String(), func() error {
		err := srv.Close()
		<-done
		return errors.Join(err, s.close(), dir.close())
	}), nil
}

func newClient(control string, closer func() error) *Client {
	transport := &http.Transport{DisableCompression: true, ExpectContinueTimeout: startingTimeout}
	return &Client{
		base: control + "/client/v4/accounts/" + cfapi.AccountID,
		http: &http.Client{Transport: transport},
		close: func() error {
			transport.CloseIdleConnections()
			return closer()
		},
	}
}

// Close ends the connection and, when this process opened the state, closes it.
func (c *Client) Close() error { return c.close() }

// Running reports whether a flint runs on the state, other than this process.
func (c *Client) Running() bool { return c.control != "" }

// Path joins path elements, escaping each.
func Path(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return b.String()
}

// Do sends a request; a body with a Size method is sent with that length, and
// one that a caller would rather not send in vain with Expect: 100-continue in
// header. An answer that is not a success becomes a *cferr.Error;
// otherwise the caller closes the body.
func (c *Client) Do(ctx context.Context, method, path string, body io.Reader, header http.Header) (*http.Response, error) {
	return c.do(ctx, method, c.base+path, body, header)
}

func (c *Client) do(ctx context.Context, method, url string, body io.Reader, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	if sized, ok := body.(interface{ Size() int64 }); ok && sized.Size() > 0 {
		req.ContentLength = sized.Size()
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("flint does not answer: %w", err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, errorOf(res)
}

func errorOf(res *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var env struct {
		Errors []struct {
			Code    int
			Message string
		}
	}
	if json.Unmarshal(data, &env) != nil || len(env.Errors) == 0 {
		return cferr.Newf(res.StatusCode, 0, "%s: %s", res.Status, bytes.TrimSpace(data))
	}
	return cferr.New(res.StatusCode, env.Errors[0].Code, env.Errors[0].Message)
}

// Call sends in as JSON (nil = no body) and decodes the envelope's result into
// out (nil = ignored). It returns the result_info.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) (cferr.Info, error) {
	var body io.Reader
	header := http.Header{}
	if in != nil {
		var data bytes.Buffer
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false) // what is kept as JSON text must arrive as it is
		if err := enc.Encode(in); err != nil {
			return nil, err
		}
		body = &data
		header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(ctx, method, path, body, header)
	if err != nil {
		return nil, err
	}
	return Result(res, out)
}

// Result decodes the envelope's result of an answer into out (nil = ignored)
// and closes the body. It returns the result_info.
func Result(res *http.Response, out any) (cferr.Info, error) {
	defer res.Body.Close()
	var env struct {
		Result json.RawMessage
		Info   cferr.Info `json:"result_info"`
	}
	if err := json.NewDecoder(res.Body).Decode(&env); err != nil {
		return nil, fmt.Errorf("the answer of %s %s is not JSON: %w", res.Request.Method, res.Request.URL.Path, err)
	}
	if out == nil || len(env.Result) == 0 {
		return env.Info, nil
	}
	return env.Info, json.Unmarshal(env.Result, out)
}

// Watch opens the stream of /_flint/queues/watch, a JSON object a line, of the
// named queues or of all. There must be a running flint. The caller closes it.
func (c *Client) Watch(ctx context.Context, names ...string) (io.ReadCloser, error) {
	res, err := c.do(ctx, http.MethodGet, c.control+"/_flint/queues/watch?"+url.Values{"queue": names}.Encode(), nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
