package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"go.uber.org/goleak"

	"flint/queues"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func broker(t *testing.T) *queues.Broker {
	t.Helper()
	b, err := queues.Open(queues.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func send(t *testing.T, b *queues.Broker, queue string, n int) {
	t.Helper()
	q, err := b.Queue(queue)
	if err != nil {
		t.Fatal(err)
	}
	for n > 0 {
		batch := make([]queues.Outgoing, min(n, queues.MaxBatchMessages))
		for i := range batch {
			batch[i] = queues.Outgoing{ContentType: "json", Body: []byte(`{"n":1}`)}
		}
		if _, err := q.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		n -= len(batch)
	}
}

// held is a client that reads nothing until it is let go.
type held struct {
	*httptest.ResponseRecorder
	begun, release chan struct{}
	lines          io.Writer
}

func (h *held) Write(p []byte) (int, error) {
	select {
	case <-h.begun:
	default:
		close(h.begun)
	}
	<-h.release
	return h.lines.Write(p)
}

// Nobody waits for a slow reader: it is told how many events it missed.
func TestSlowWatcherLosesEvents(t *testing.T) {
	t.Parallel()
	b := broker(t)
	send(t, b, "jobs", 0)
	closing := make(chan struct{})
	c := &api{opt: Options{Queues: b, Closing: closing}, watchers: make(chan struct{}, maxWatchers)}
	out, in := io.Pipe()
	w := &held{httptest.NewRecorder(), make(chan struct{}), make(chan struct{}), in}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer in.Close()
		c.watchQueues(w, httptest.NewRequest("GET", "/_flint/queues/watch?queue=jobs", nil))
	}()
	<-w.begun
	send(t, b, "other", 10) // not watched
	send(t, b, "jobs", watchBuffer+904)
	close(w.release)
	lines := bufio.NewScanner(out)
	for i, want := range []string{`{"event":"watching","queues":["jobs"]}`, `{"count":904,"event":"lost"}`} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("line %d is %q, want %q", i, lines.Text(), want)
		}
	}
	for i := range watchBuffer {
		if !lines.Scan() || !strings.Contains(lines.Text(), `"event":"sent"`) || !strings.Contains(lines.Text(), `"queue":"jobs"`) {
			t.Fatalf("event %d is %q", i, lines.Text())
		}
	}
	close(closing)
	<-done
}

func TestWatchEndsAndRefuses(t *testing.T) {
	t.Parallel()
	b := broker(t)
	send(t, b, "jobs", 1)
	closing := make(chan struct{})
	r := mux.NewRouter()
	Routes(r, Options{Queues: b, Closing: closing})
	srv := httptest.NewServer(r)
	defer srv.Close()
	get := func(ctx context.Context, query string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/_flint/queues/watch"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	refused := func(query string, status int, want string) {
		t.Helper()
		res := get(t.Context(), query)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != status || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s %v", query, res.StatusCode, body, err)
		}
	}
	refused("?queue=jobs&queue=nope", 404, `queue \"nope\" does not exist`)
	refused("?queue="+strings.Repeat("jobs&queue=", 101), 400, "102 queues are named")

	// One that goes away makes room; as many as may watch do, and one more may not.
	ctx, cancel := context.WithCancel(t.Context())
	gone := bufio.NewReader(get(ctx, "").Body)
	if _, err := gone.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	var streams []*bufio.Reader
	for len(streams) < maxWatchers {
		res := get(t.Context(), "?queue=jobs")
		if res.StatusCode == http.StatusTooManyRequests && len(streams) == maxWatchers-1 {
			continue // the server has not noticed yet that the first one went
		}
		s := bufio.NewReader(res.Body)
		if line, err := s.ReadString('\n'); err != nil || res.StatusCode != 200 {
			t.Fatalf("%d %q %v", res.StatusCode, line, err)
		}
		streams = append(streams, s)
	}
	refused("", http.StatusTooManyRequests, "32 watch already")
	send(t, b, "jobs", 1)
	for _, s := range streams {
		line, err := s.ReadBytes('\n')
		var e queueEvent
		if err != nil || json.Unmarshal(line, &e) != nil || e.Event != queues.EventSent || e.ID == "" || fmt.Sprint(e.Body) != "map[n:1]" {
			t.Errorf("%s %v", line, err)
		}
	}
	close(closing)
	for _, s := range streams {
		if rest, err := io.ReadAll(s); err != nil || len(rest) > 0 {
			t.Errorf("after the end: %s %v", rest, err)
		}
	}
}
