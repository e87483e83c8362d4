package queues

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/intercept"
)

// wire serves the binding over real HTTP/1.1, as its errors need a connection.
func (r *rig) wire(resource string, chain *intercept.Chain) func(method, path, body string, header ...string) string {
	r.Helper()
	b := NewBinding(r.b, chain, slog.New(slog.NewTextHandler(r.logs, nil)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b.ServeBinding(w, req, resource)
	}))
	r.Cleanup(s.Close)
	client := s.Client()
	return func(method, path, body string, header ...string) string {
		r.Helper()
		req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
		if err != nil {
			r.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			r.Fatal(err)
		}
		if res.StatusCode == http.StatusOK {
			return string(raw)
		}
		if cause := res.Header.Get("CF-Queues-Error-Cause"); !strings.HasSuffix(res.Status, cause) || string(raw) != cause {
			r.Errorf("status line %q, cause %q and body %q differ", res.Status, cause, raw)
		}
		return res.Status + " " + res.Header.Get("CF-Queues-Error-Code")
	}
}

func TestBinding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var ops []string
	chain := &intercept.Chain{}
	chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		err := next(ctx)
		ops = append(ops, fmt.Sprintf("%s %s %s %d", op.Service, op.Resource, op.Action, op.Bytes))
		return err
	})
	call := r.wire("jobs?delay=90", chain)
	const metrics = `{"backlogCount":%d,"backlogBytes":%d,"oldestMessageTimestamp":%d}`
	sent := func(n, bytes int) string {
		return `{"metadata":{"metrics":` + fmt.Sprintf(metrics, n, bytes, epoch.UnixMilli()) + `}}`
	}
	b64 := base64.StdEncoding.EncodeToString
	wantText(t, call("GET", "/metrics", ""), fmt.Sprintf(metrics, 0, 0, 0))
	wantText(t, call("POST", "/message", "hello", "X-Msg-Fmt", "text"), sent(1, 5))
	wantText(t, call("POST", "/message", "{}", "X-Msg-Fmt", "json", "X-Msg-Delay-Secs", "0"), sent(2, 7))
	wantText(t, call("POST", "/batch", `{"messages":[{"body":"`+b64([]byte{255})+`"},{"body":"`+b64([]byte("x"))+`","contentType":"text","delaySecs": 5}]}`), sent(4, 9))
	wantText(t, strings.Join(ops, ", "), "queues jobs metrics 0, queues jobs send 5, queues jobs send 2, queues jobs sendBatch 2")

	q := r.queue("jobs")
	q.mu.Lock()
	var due []string
	for i := range q.byArrival.len() {
		m := q.byArrival.at(i)
		due = append(due, fmt.Sprintf("%s+%d", m.ContentType, (m.DueMs-m.SentMs)/1000))
	}
	q.mu.Unlock()
	wantText(t, strings.Join(due, " "), "text+90 json+0 v8+90 text+5")

	for _, c := range []struct{ path, body, header, value, want string }{
		{"/message", strings.Repeat("x", 128001), "", "", "413 message length of 128001 bytes exceeds limit of 128000 10204"},
		{"/message", "x", "X-Msg-Delay-Secs", "1.5", "400 message delay 1.5 is invalid: it must be a whole number of seconds between 0 and 86400 10203"},
		{"/message", "x", "X-Msg-Fmt", "xml", "400 message content type xml is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8' 10203"},
		{"/batch", "{}", "CF-Queue-Batch-Count", "101", "413 batch message count of 101 exceeds limit of 100 10206"},
		{"/batch", "{}", "CF-Queue-Batch-Bytes", "256001", "413 batch size of 256001 bytes exceeds limit of 256000 10205"},
		{"/batch", "{}", "CF-Queue-Largest-Msg", "128001", "413 message in batch has length 128001 bytes which exceeds single message size limit of 128000 10204"},
		{"/batch", "{}", "X-Msg-Delay-Secs", "86401", "400 message delay 86401 is invalid: it must be a whole number of seconds between 0 and 86400 10202"},
		{"/batch", "{", "", "", "400 the request body is not valid: unexpected end of JSON input 10208"},
		{"/other", "", "", "", "404 no such call: POST /other 0"},
	} {
		wantText(t, call("POST", c.path, c.body, cmp.Or(c.header, "X-None"), c.value), c.want)
	}
	if n := q.Metrics().BacklogCount; n != 4 {
		t.Fatalf("refused calls changed the backlog to %d", n)
	}
}

func TestBindingHidesForeignErrors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	chain := &intercept.Chain{}
	chain.Use(func(context.Context, *intercept.Op, func(context.Context) error) error {
		return errors.New("secret path")
	})
	wantText(t, r.wire("jobs", chain)("GET", "/metrics", ""), "500 Unknown Internal Error 15000")
	if !strings.Contains(r.logs.String(), "secret path") {
		t.Error("the cause is not in the log")
	}
}

func TestLeftoversOfACompactionAreRemoved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "a")
	file := filepath.Join(r.dir, "jobs.journal.123.tmp")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.reopen()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	wantText(t, bodies(r.queue("jobs").Peek(9)), "a/0")
}
