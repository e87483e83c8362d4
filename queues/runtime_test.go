package queues

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	runtime "flint/worker/workerd"
)

// workerd is a running runtime with the Workers of testdata/runtime.
type workerd struct {
	*testing.T
	ports  map[string]int
	client *http.Client
}

// startWorkerd runs the workerd that flint finds, with its queue binding
// served by b.
func startWorkerd(t *testing.T, b *Broker) *workerd {
	t.Helper()
	found, err := runtime.Find(t.Context(), runtime.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bin := found.Path
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/runtime")); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	serveUnix(t, socket, NewBinding(b, nil, slog.New(slog.DiscardHandler)))
	config := filepath.Join(dir, "config.capnp")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, bytes.ReplaceAll(text, []byte("SOCKET"), []byte(socket)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "serve", config, "--experimental", "--control-fd=3")
	cmd.Stderr = os.Stderr
	events, eventsW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{eventsW}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventsW.Close()
	w := &workerd{T: t, ports: map[string]int{}, client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		events.Close()
		w.client.CloseIdleConnections()
	})
	for dec := json.NewDecoder(events); len(w.ports) < 3; {
		var e struct {
			Socket string
			Port   int
		}
		if err := dec.Decode(&e); err != nil {
			t.Fatal(err)
		}
		w.ports[e.Socket] = e.Port
	}
	return w
}

func serveUnix(t *testing.T, socket string, b *Binding) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, resource, _ := strings.Cut(r.Header.Get("X-Flint-Binding"), "/")
		b.ServeBinding(w, r, resource)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
}

func (w *workerd) post(ctx context.Context, service, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("http://127.0.0.1:%d/%s", w.ports[service], path), bytes.NewReader(raw))
	if err != nil {
		return err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("%s %s: %d %s %w", service, path, res.StatusCode, raw, err)
	}
	return json.Unmarshal(raw, answer)
}

func (w *workerd) get(service, path string, answer any) {
	w.Helper()
	if err := w.post(context.Background(), service, path, nil, answer); err != nil {
		w.Fatal(err)
	}
}

// DeliverQueue sends a batch through the dispatcher of testdata.
func (w *workerd) DeliverQueue(ctx context.Context, b Batch) (Outcome, error) {
	type msg struct {
		ID        string `json:"id"`
		Timestamp int64  `json:"timestamp"`
		Attempts  int    `json:"attempts"`
		Type      string `json:"type"`
		Body      []byte `json:"body"`
	}
	var batch struct {
		Queue    string          `json:"queue"`
		Messages []msg           `json:"messages"`
		Metrics  json.RawMessage `json:"metrics"`
	}
	batch.Queue, batch.Metrics = b.Queue, appendMetrics(nil, b.Metrics)
	for _, m := range b.Messages {
		batch.Messages = append(batch.Messages, msg{m.ID, m.Timestamp.UnixMilli(), m.Attempts, m.ContentType, m.Body})
	}
	var res struct {
		Outcome    string
		AckAll     bool
		RetryBatch struct {
			Retry        bool
			DelaySeconds *int
		}
		ExplicitAcks  []string
		RetryMessages []struct {
			MsgID        string
			DelaySeconds *int
		}
	}
	if err := w.post(ctx, "dispatcher", "", batch, &res); err != nil {
		return Outcome{}, err
	}
	seconds := func(n *int) *time.Duration {
		if n == nil {
			return nil
		}
		return secs(*n)
	}
	out := Outcome{
		Outcome: res.Outcome, AckAll: res.AckAll, ExplicitAcks: res.ExplicitAcks,
		RetryAll: res.RetryBatch.Retry, RetryAllDelay: seconds(res.RetryBatch.DelaySeconds),
	}
	for _, m := range res.RetryMessages {
		out.Retries = append(out.Retries, Retry{m.MsgID, seconds(m.DelaySeconds)})
	}
	return out, nil
}

func TestRuntime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := startWorkerd(t, r.b)
	var empty, sent struct {
		Metrics                     struct{ BacklogCount, BacklogBytes int }
		BacklogCount                int
		OldestMessageTimestamp, Any *string
	}
	w.get("new", "metrics", &empty)
	if empty.BacklogCount != 0 || empty.OldestMessageTimestamp != nil {
		t.Errorf("metrics of an empty queue: %+v", empty)
	}
	w.get("new", "types", &sent)
	if sent.Metrics.BacklogCount != 7 {
		t.Errorf("metadata of sendBatch: %+v", sent)
	}
	w.get("new", "metrics", &sent)
	if s := sent.OldestMessageTimestamp; sent.BacklogCount != 7 || s == nil || *s != "2026-01-02T03:04:05.000Z" {
		t.Errorf("metrics: %+v", sent)
	}
	kinds := ""
	for _, m := range peek(r.queue("analytics"), 10) {
		kinds += m.ContentType + " "
	}
	wantText(t, kinds, "text json bytes v8 json v8 text ")

	r.attach(DefaultConsumer("analytics"), w)
	seen := func(want ...string) {
		t.Helper()
		var got []string
		w.get("new", "seen", &got)
		if !reflect.DeepEqual(got, append([]string{}, want...)) {
			t.Errorf("the Worker saw\n%q, want\n%q", got, want)
		}
	}
	r.advance(5 * time.Second) // acks the first, retries the second in 20 s, throws
	seen(`"a text"/1 {"a":[1,null]}/1 bytes 0,255/1 Map k=1970-01-01T00:00:00.005Z/1 "batched"/1 Set 1/1`)
	r.advance(5 * time.Second)
	seen(`bytes 0,255/2 Map k=1970-01-01T00:00:00.005Z/2 "batched"/2 Set 1/2`)
	r.advance(20 * time.Second)
	seen(`{"a":[1,null]}/2`)
	if n := r.queue("analytics").Metrics().BacklogCount; n != 1 {
		t.Errorf("%d messages left, want the delayed one", n)
	}
}

// What a handler acknowledged before it was cut off is delivered again: the
// runtime had not told yet.
func TestRuntimeCutOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.handlerTimeout = time.Second
	w := startWorkerd(t, r.b)
	cfg := DefaultConsumer("analytics")
	cfg.MaxBatchTimeout, cfg.MaxRetries = 0, MaxRetries
	r.attach(cfg, w)
	r.send("analytics", "endless")
	r.quiesce()
	var got []string
	w.get("new", "seen", &got)
	if len(got) < 2 || got[0] != `"endless"/1` || got[1] != `"endless"/2` {
		t.Errorf("the Worker saw %q, want the message at least twice", got)
	}
	if n := r.queue("analytics").Metrics().BacklogCount; n != 0 || !strings.Contains(r.logs.String(), "exceededWallTime") {
		t.Errorf("%d messages left; the log:\n%s", n, r.logs)
	}
}

func TestRuntimeErrors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := startWorkerd(t, r.b)
	checked := []string{ // by the runtime itself
		`TypeError: Message body cannot be undefined`,
		`TypeError: Content Type "text" requires a value of type string, but received: number`,
		`TypeError: Unsupported queue message content type: nope`,
	}
	const tooLate = `it must be a whole number of seconds between 0 and 86400`
	for service, want := range map[string][]string{
		"new": append(checked,
			`Error: message length of 128001 bytes exceeds limit of 128000 (10204)`,
			`Error: message delay 86401 is invalid: `+tooLate+` (10203)`,
			`Error: message delay -1 is invalid: `+tooLate+` (10203)`,
			`TypeError: sendBatch() requires at least one message`,
			`Error: batch message count of 101 exceeds limit of 100 (10206)`,
			`Error: message in batch has length 128001 bytes which exceeds single message size limit of 128000 (10204)`,
			`Error: batch size of 300000 bytes exceeds limit of 256000 (10205)`,
			`Error: message delay 86401 is invalid: `+tooLate+` (10202)`,
			`Error: message delay 86401 is invalid: `+tooLate+` (10203)`),
		"old": append(checked[:3:3],
			`Error: Queue send failed: message length of 128001 bytes exceeds limit of 128000`,
			`Error: Queue send failed: message delay 86401 is invalid: `+tooLate,
			`Error: Queue send failed: message delay -1 is invalid: `+tooLate,
			`TypeError: sendBatch() requires at least one message`,
			`Error: Queue sendBatch failed: batch message count of 101 exceeds limit of 100`,
			`Error: Queue sendBatch failed: message in batch has length 128001 bytes which exceeds single message size limit of 128000`,
			`Error: Queue sendBatch failed: batch size of 300000 bytes exceeds limit of 256000`,
			`Error: Queue sendBatch failed: message delay 86401 is invalid: `+tooLate,
			`Error: Queue sendBatch failed: message delay 86401 is invalid: `+tooLate),
	} {
		var got []string
		w.get(service, "errors", &got)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s runtime: got\n%s\nwant\n%s", service, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if n := r.queue("analytics").Metrics().BacklogCount; n != 0 {
		t.Errorf("refused calls left %d messages", n)
	}
}
